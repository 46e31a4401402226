//! `flarekeep permission`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use flarekeep_catalogue::Scope;

use super::Owner;

#[derive(Debug, Subcommand)]
pub(crate) enum Permission {
    /// All permission groups, or those of a scope or a category
    List(PermissionList),
    /// Find permissions by words, mistyped or not: 'dns edit', 'worker routes', r2
    Search {
        /// What is remembered of the name, or what it is for
        #[arg(required = true, value_name = "WORDS")]
        words: Vec<String>,
    },
    /// One permission: its spellings, what it opens, what does as well, and how that is known
    Show {
        /// The name in any spelling, behind its scope or not, or the id: Zone:DNS:Edit, DNS Write
        #[arg(required = true, value_name = "NAME|ID")]
        name: Vec<String>,
    },
    /// What a call needs: an operation, a URL, a curl command, an SDK's method, a Terraform type
    For(PermissionFor),
    /// The whole catalogue as one JSON document; docs/catalogue-format.md describes it
    Export,
    /// Fetch what Cloudflare lists now, or read a newer schema, and keep what the catalogue does not know
    Update(PermissionUpdate),
    /// What the last update knows that the built-in catalogue does not
    Diff,
}

#[derive(Debug, Args)]
pub(crate) struct PermissionList {
    /// Only those that take effect at this kind of resource
    #[arg(long, value_enum)]
    pub(crate) scope: Option<PermissionScope>,
    /// Only those of this product category; a word of it will do
    #[arg(long, value_name = "WORD")]
    pub(crate) category: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PermissionFor {
    /// 'PUT /zones/{zone_id}/dns_records/{id}', dns.records.update, cloudflare_dns_record, s3:PutObject, a URL, a curl
    /// command in quotes, or - for standard input
    #[arg(required = true, value_name = "WHAT")]
    pub(crate) what: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PermissionUpdate {
    /// Whose list of permission groups to fetch [default: the user's, unless only a file is given]
    #[arg(long, value_enum)]
    pub(crate) owner: Option<Owner>,
    /// Cloudflare's OpenAPI document as JSON: what operations accept is read from its `x-api-token-group`
    #[arg(long, value_name = "FILE")]
    pub(crate) openapi: Option<PathBuf>,
    /// Show what changed, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// The kind of resource at which a permission takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PermissionScope {
    /// The user
    User,
    /// An account
    Account,
    /// A zone
    Zone,
    /// An R2 bucket
    Bucket,
    /// A Flagship application
    FlagshipApp,
    /// Nobody has published it
    Unknown,
}

impl From<PermissionScope> for Scope {
    fn from(scope: PermissionScope) -> Self {
        match scope {
            PermissionScope::User => Self::User,
            PermissionScope::Account => Self::Account,
            PermissionScope::Zone => Self::Zone,
            PermissionScope::Bucket => Self::Bucket,
            PermissionScope::FlagshipApp => Self::FlagshipApp,
            PermissionScope::Unknown => Self::Unknown,
        }
    }
}
