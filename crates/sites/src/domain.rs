//! Customers' own domains: a row of the registry, a custom hostname of the zone, and the edge's key.
//!
//! The row comes first, made only where there is none: it is what keeps a domain from belonging to two tenants, without a
//! database. What follows is read and compared, so that whoever is stopped starts again.

mod add;
mod host;
mod registry;
mod remove;
mod state;

pub use add::{Added, Ready, add, ready};
pub use host::{BadHost, Host};
pub use registry::{Row, row, rows};
pub use remove::remove;
pub use state::{Met, Publish, Stand, stand, stand_of};

use flarekeep_cloudflare as api;

use crate::s3::StoreError;
use crate::slug::Slug;

/// Why a domain is not as it was asked to be.
#[derive(Debug, thiserror::Error)]
pub enum DomainError {
    /// The bucket failed, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Cloudflare failed, or refused.
    #[error(transparent)]
    Call(#[from] api::Error),
    /// Another tenant of the platform has it.
    #[error("`{host}` belongs to the tenant `{tenant}`")]
    Taken {
        /// The domain.
        host: Host,
        /// Whose it is.
        tenant: String,
    },
    /// It is a name of the platform itself.
    #[error("`{host}` lies in the platform's own domain `{domain}`")]
    Own {
        /// The domain.
        host: Host,
        /// The platform's.
        domain: String,
    },
    /// The router looks hosts up by their whole names.
    #[error("`{host}` is a pattern, and no domain")]
    Wildcard {
        /// The pattern.
        host: Host,
    },
    /// The tenant has no site yet.
    #[error("there is no tenant `{tenant}`")]
    NoTenant {
        /// The tenant.
        tenant: Slug,
    },
    /// Nobody has it.
    #[error("no tenant has the domain `{host}`")]
    Unknown {
        /// The domain.
        host: Host,
    },
    /// Cloudflare takes no more custom hostnames in the zone.
    #[error("the zone has {used} custom hostnames, and takes no more")]
    Full {
        /// How many there are.
        used: u64,
    },
    /// The edge could not be told.
    #[error("the edge could not be told of `{host}`: {why}")]
    Edge {
        /// The domain.
        host: Host,
        /// Why, in words.
        why: String,
    },
    /// The tenant may not have more domains.
    #[error("`{tenant}` may have {most} {}, and has {has}", if *most == 1 { "domain" } else { "domains" })]
    Quota {
        /// The tenant.
        tenant: Slug,
        /// How many it has.
        has: u64,
        /// How many it may have.
        most: u64,
    },
}
