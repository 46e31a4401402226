//! Why a site is not as it was asked to be.

use crate::files::Refusal;
use crate::release::Release;
use crate::s3::StoreError;
use crate::slug::Slug;

/// Why a change of a site was not made, or a site not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// The bucket failed, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file changed, or can no longer be read.
    #[error(transparent)]
    File(#[from] Refusal),
    /// Somebody else made another release live meanwhile.
    #[error("release {other} of `{tenant}` went live meanwhile")]
    Overtaken {
        /// The tenant.
        tenant: Slug,
        /// The release that is live now.
        other: Release,
    },
    /// Somebody takes things out of the tenant's folder.
    #[error("a sweep or a removal of `{tenant}` is under way")]
    Sweeping {
        /// The tenant.
        tenant: Slug,
    },
    /// Deploys are under way.
    #[error("a deploy of `{tenant}` is under way: {release}, begun {since}")]
    Deploying {
        /// The tenant.
        tenant: Slug,
        /// The deploy's release.
        release: String,
        /// When its mark was set, as RFC 3339 has it.
        since: String,
    },
    /// The tenant has no live site.
    #[error("`{tenant}` has no site")]
    NoSite {
        /// The tenant.
        tenant: Slug,
    },
    /// The tenant has no such release.
    #[error("`{tenant}` has no release {release}")]
    NoRelease {
        /// The tenant.
        tenant: Slug,
        /// The release.
        release: Release,
    },
    /// The release's deploy has not ended.
    #[error("release {release} of `{tenant}` has not been uploaded to its end")]
    Unfinished {
        /// The tenant.
        tenant: Slug,
        /// The release.
        release: Release,
    },
    /// The edge could not be told.
    #[error("the edge could not be told of `{tenant}`: {why}")]
    Edge {
        /// The tenant.
        tenant: Slug,
        /// Why, in words.
        why: String,
    },
    /// There is none before the live one.
    #[error("`{tenant}` has had one release alone")]
    NoPrevious {
        /// The tenant.
        tenant: Slug,
    },
    /// The tenant may not have so much.
    #[error("`{tenant}` may have {most} {}, and this release has {has}", if *most == 1 { what.trim_end_matches('s') } else { what })]
    Quota {
        /// The tenant.
        tenant: Slug,
        /// `files` or `bytes`.
        what: &'static str,
        /// How many there would be.
        has: u64,
        /// How many there may be.
        most: u64,
    },
    /// Others write the tenant's row all the time.
    #[error("the registry's row of `{tenant}` is being changed by others")]
    Contended {
        /// The tenant.
        tenant: Slug,
    },
}
