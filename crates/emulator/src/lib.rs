//! A local Cloudflare that enforces token policies on every operation.
//!
//! Each of the operations of the catalogue is routed, authenticated and authorised as Cloudflare does it, by
//! [`flarekeep_policy`]; the common ones are simulated on a state of their own, and all others answer, once authorised,
//! as little as the published schema accepts, or that they are not simulated ([`coverage`]). Nothing here shares a type with Flarekeep's API client: both speak the documented JSON.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use flarekeep_emulator::{Emulator, Options, Server, World};
//!
//! let emulator = Emulator::new(World::generated(), Options::default());
//! let server = Server::start(emulator.clone(), "127.0.0.1:0".parse()?).await?;
//! let facts = emulator.facts();
//! // … the client under test: server.api_url(), facts.email, facts.global_key
//! emulator.advance(std::time::Duration::from_secs(90 * 86_400)); // ninety days later
//! // … what has ended by then is refused
//! emulator.reset().await?;
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! A world can be said, with what is in it:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use flarekeep_emulator::World;
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
//!
//!     [[dns_record]]
//!     type = "A"
//!     name = "www.example.com"
//!     content = "192.0.2.1"
//!
//!     [[token]]
//!     name = "ci"                               # its value is made, and told by Emulator::facts
//!
//!     [[token.policy]]
//!     groups = ["DNS Write"]
//!     resources = ["zone:example.com"]
//!     "#,
//! )?;
//! # let emulator = flarekeep_emulator::Emulator::new(world, flarekeep_emulator::Options::default());
//! # assert!(emulator.facts().tokens[0].value.is_some());
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
//! An operation without a handler answers as `catalogue/answers.tsv` says, with the header `x-flarekeep-simulated: schema`
//! (and `x-flarekeep-shape: presumed` where the schema lacks the answer), and changes nothing.
//!
//! # Codes of the emulator's own
//!
//! | code | HTTP | meaning |
//! |---|---|---|
//! | 199001 | 501 | authorised, neither simulated nor in the schema; header `x-flarekeep-simulated: no` |
//! | 199002 | 403 | nobody has published which groups the operation accepts ([`Unlabelled`]) |
//! | 199003 | 400 | the owner's quota of tokens is used up ([`QuotaError`]) |
//! | 199004 | 500 | the state could not be written; nothing was changed |
//! | 199005 | 413 | the body is too large, or ended early, or there is no room for the object |
//! | 199006 | 400 | a call below `/__flarekeep/` asks for what cannot be |
//! | 199007 | 403 | a call below `/__flarekeep/` may come from a page in a browser |
//! | 199008 | 404 | nothing is there below `/__flarekeep/`, or no snapshot or rule of this name |
//! | 199009 | any | a fault that a rule asked for ([`FaultRules`]) |
//! | 199021 | 400 | what `/__flarekeep/dns` is asked for cannot be |
//! | 199022 | 403 | the plan does not allow wildcard certificates, or the choice of their authority ([`Plan`]) |
//!
//! # What it does not do
//!
//! Analytics (GraphQL answers empty lists), certificates that a browser would take, billing, mail; [`coverage`] lists each
//! operation, and docs/emulator the rest.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod answers;
mod authentication;
mod authorisation;
mod control;
mod coverage;
mod credential;
mod dns;
mod duration;
mod edge;
mod edge_limit;
mod emulator;
mod faults;
mod http;
mod line;
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
mod upload_ticket;
mod why;
mod world;

pub use coverage::{Coverage, Covered, coverage};
pub use edge::{EdgeLine, EdgeOptions, OnLine, Outbound, find_workerd};
pub use emulator::{Emulator, Facts, TokenFact, TokenMark, ZoneFact};
pub use faults::{FaultError, FaultRules};
pub use log::{Asked, CredentialKind, LogEntry};
pub use options::{
    BadZoneId, BarredAnswer, Ceiling, Clock, D1Read, Disputed, ErrorStyle, ExpiredLink, FlatZones, Fractions,
    HostnameChecks, HostnameDns, Hostnames, IpKey, LockOut, MalformedBearer, NoCredential, OnDecision, Options, Plan,
    PolicyOrder, QuotaError, RateLimit, Regrant, ReservedNames, ScopeMismatch, SessionClaims, Unlabelled, Unrouted,
    VerifyDenied, WrongMethod, ZoneList,
};
pub use server::{Running, Server};
pub use state::key::StateKey;
pub use state::store::OpenError;
pub use world::{Account, Member, Role, User, World, WorldError, Zone, Zones};
