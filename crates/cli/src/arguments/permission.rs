//! `flarekeep permission`.

use clap::{Args, Subcommand, ValueEnum};
use flarekeep_catalogue::Scope;

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
