//! A local Cloudflare that enforces token policies on every operation.
//!
//! Each of the operations of the catalogue is routed, authenticated and authorised as Cloudflare does it, by
//! [`flarekeep_policy`]; the common ones are simulated on a state of their own, and all others answer, once authorised,
//! that they are not simulated. Nothing here shares a type with Flarekeep's API client: both speak the documented JSON.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use flarekeep_emulator::{Emulator, Options, Server, World};
//!
//! let world = World::from_toml(
//!     r#"
//!     [[account]]
//!     name = "Acme"
//!     id = "0123456789abcdef0123456789abcdef"  # every id and key may be left out: it is made then
//!
//!     [[user]]
//!     email = "ada@example.com"
//!     accounts = ["Acme"]                       # names or ids; all accounts where absent
//!
//!     [[zone]]
//!     name = "example.com"
//!     account = "Acme"                          # may be left out where there is one account
//!     status = "active"                         # active (default), pending, initializing, moved
//!
//!     [[member]]                                # a user without a role is super administrator
//!     user = "ada@example.com"
//!     account = "Acme"                          # may be left out where there is one account
//!     role = "administrator"                    # super-administrator, api-token-provisioning, read-only
//!     "#,
//! )?;
//! let server = Server::start(Emulator::new(world, Options::default()), "127.0.0.1:0".parse()?).await?;
//! println!("CLOUDFLARE_API_BASE_URL={}", server.api_url());
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The order of an answer
//!
//! 1. Route: 400 with 7000 for an unknown path, 405 with 7001 for another method, 404 with 7003 for an account or zone
//!    id that is none.
//! 2. Authentication: headers, credential, the token's status, time and address; then the rate limit.
//! 3. Authorisation, with the error code of the product's family. An id that the world does not hold is authorised as
//!    the policies say: a zone that does not exist belongs to no account.
//! 4. 404 with 7003 for an account or zone that does not exist.
//! 5. Validation and effect.
//!
//! A GraphQL query is authorised by what its body asks for. R2's S3 face, at an address of its own
//! ([`Running::serve_s3`]), checks the signature first and then decides in the same way.
//!
//! # Codes of the emulator's own
//!
//! | code | HTTP | meaning |
//! |---|---|---|
//! | 199001 | 501 | authorised, not simulated; header `x-flarekeep-simulated: no` |
//! | 199002 | 403 | nobody has published which groups the operation accepts ([`Unlabelled`]) |
//! | 199003 | 400 | the owner's quota of tokens is used up ([`QuotaError`]) |
//! | 199004 | 500 | the state could not be written; nothing was changed |
//! | 199005 | 413 | the body is too large, or ended early, or there is no room for the object |
//!
//! # What it does not do
//!
//! R2's CORS, lifecycle and encryption settings, lists of objects through the REST API,
//! analytics (GraphQL answers empty lists), resolving DNS, issuing
//! certificates (custom hostnames stay pending), audit logs, billing, changes of the world by calls.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod authentication;
mod authorisation;
mod credential;
mod edge;
mod edge_limit;
mod emulator;
mod http;
mod lock_out;
mod log;
mod objects;
mod options;
mod products;
mod rate_limit;
mod refusal;
mod s3;
mod server;
mod session;
mod state;
mod text;
mod why;
mod world;

pub use edge::{EdgeLine, EdgeOptions, OnLine, Outbound, find_workerd};
pub use emulator::{Emulator, Facts, TokenMark, ZoneFact};
pub use log::{Asked, CredentialKind, LogEntry};
pub use options::{
    BadZoneId, BarredAnswer, Ceiling, Clock, Disputed, ErrorStyle, FlatZones, Fractions, IpKey, LockOut,
    MalformedBearer, NoCredential, OnDecision, Options, PolicyOrder, QuotaError, RateLimit, Regrant, ScopeMismatch,
    SessionClaims, Unlabelled, Unrouted, VerifyDenied, WrongMethod, ZoneList,
};
pub use server::{Running, Server};
pub use state::key::StateKey;
pub use state::store::OpenError;
pub use world::{Account, Member, Role, User, World, WorldError, Zone};
