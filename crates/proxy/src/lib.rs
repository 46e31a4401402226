//! A proxy on loopback that sees the calls of Cloudflare's API and of R2's S3 face, and nothing else.
//!
//! A program that is pointed at it ([`Proxy::url`]) and trusts the run's authority ([`Authority::certificate`]) works as
//! it does without: its calls of `api.cloudflare.com` and `*.r2.cloudflarestorage.com` are read, told to an [`Observer`],
//! and passed on to an [`Upstream`]; whatever else it connects to is a tunnel whose bytes nobody looks at.
//!
//! - Whoever connects says the secret of the run before anything else ([`Proxy::url`] has it): other users of the machine
//!   are refused.
//! - The authority's key never leaves this process's memory. Its certificate may sign for the two hosts only, and for a day.
//! - An [`Exchange`] holds no header and no body. Bodies stream both ways, in constant memory.
//!
//! Built on hyper itself and not on hudsucker: the secret is asked for before an upgrade, limits differ for the two layers, and
//! paths go on byte for byte; what hudsucker would bring beside (a cache, WebSockets, decoders) has no use here.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod authority;
mod bundle;
mod connection;
mod dial;
mod exchange;
mod folder;
mod forward;
mod headers;
mod hosts;
mod intercept;
mod keeper;
mod plain;
mod secret;
mod server;
mod sigv4;
mod upstream;
mod watched;

pub use authority::{Authority, AuthorityError};
pub use bundle::{Trusted, certificates_in};
pub use dial::Dial;
pub use exchange::{CredentialKind, Exchange, Observer};
pub use folder::RunFolder;
pub use hosts::{Face, face, is_concerned_by};
pub use keeper::{Decision, Held, Keeper, Policy, Refusal};
pub use server::{Options, Proxy};
pub use sigv4::signed_headers;
pub use upstream::{BadUpstream, Upstream};
