//! A client of the Cloudflare API: credentials, typed calls, errors, retries, limits.
//!
//! One [`Client`] speaks for one [`Credential`]. It paces itself, repeats what may be repeated, and says of every failure
//! whether the call can have acted. No value of a credential is ever in a `Debug` or `Display` text, and nothing logs.
//!
//! ```no_run
//! # async fn example(token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use flarekeep_cloudflare::{Client, Credential, DEFAULT_BASE_URL, Owner};
//!
//! let client = Client::new(DEFAULT_BASE_URL, Credential::token(token)?)?;
//! for token in client.tokens(Owner::User).list().await? {
//!     println!("{} is {}", token.name, token.status);
//! }
//! # Ok(()) }
//! ```

mod account;
mod answer;
mod base;
mod call;
mod client;
mod condition;
mod credential;
mod dns;
mod envelope;
mod error;
mod fallback_origin;
mod hostname;
mod http;
mod kv_namespaces;
mod listed;
mod notice;
mod pace;
mod pages;
mod r2;
mod r2_objects;
mod r2_temporary;
mod raw;
mod refusal;
mod request;
mod retry;
mod script;
mod shape;
mod text;
mod token;
mod tokens;
mod transport;
mod user;
mod wire;
mod workers;
mod zone;

pub use account::{Account, Accounts};
pub use base::DEFAULT_BASE_URL;
pub use bytes::Bytes;
pub use call::Call;
pub use client::{Client, ClientBuilder};
pub use condition::{Condition, RequestIp};
pub use credential::{Credential, CredentialKind};
pub use dns::{DnsRecord, DnsRecords, NewDnsRecord};
pub use envelope::{ApiError, ResultInfo};
pub use error::Error;
pub use fallback_origin::{FallbackOrigin, HostnameQuota};
pub use hostname::{
    CustomHostname, CustomHostnames, HostnameSsl, NewCustomHostname, NewHostnameSsl, OwnershipVerification,
    ValidationRecord,
};
pub use http::{HttpTransport, install_tls_provider};
pub use kv_namespaces::{KvNamespace, KvNamespaces};
pub use listed::{Gate, Listed, Passage};
pub use notice::Notice;
pub use r2::{Bucket, Buckets, Jurisdiction, NewBucket};
pub use r2_objects::Objects;
pub use r2_temporary::{LONGEST_R2_CREDENTIALS, NewTemporaryCredentials, R2Permission, TemporaryCredentials};
pub use raw::RawAnswer;
pub use request::Request;
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, Url};
pub use retry::RetrySettings;
pub use script::{Module, NewScript, ScriptSettings, Subdomain};
pub use shape::CredentialFault;
pub use token::{Effect, GroupReference, NewToken, Policy, ResourceValue, Status, Token, TokenUpdate};
pub use tokens::{CreatedToken, GroupFilter, Owner, PermissionGroup, Tokens, Verified};
pub use transport::{BoxFuture, HttpRequest, HttpResponse, Stage, Transport, TransportError};
pub use user::{Membership, User};
pub use workers::{Route, Routes, Script, Scripts};
pub use zone::{Zone, ZoneAccount, Zones};
