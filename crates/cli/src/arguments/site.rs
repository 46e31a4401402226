//! The options of `flarekeep site` and `flarekeep tenant`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use flarekeep_sites::domain::Host;
use flarekeep_sites::manifest::{Html, NotFound};
use flarekeep_sites::{Release, Slug};

use super::Consent;

/// The verbs of a site.
#[derive(Debug, Subcommand)]
pub(crate) enum Site {
    /// Upload what is new in a folder and make it the tenant's live site, all of it at one moment
    Deploy(Box<SiteDeploy>),
    /// The releases of a tenant, the newest first
    List(SiteOf),
    /// What is live, since when, and what was before
    Status(SiteOf),
    /// Make an earlier release live again; nothing is uploaded
    Rollback(SiteRollback),
    /// Make a preview live; nothing is uploaded
    Promote(SitePromote),
    /// Sweep away old releases and what they alone needed
    Gc(SiteGc),
    /// Write the files of a release into a folder
    Export(SiteExport),
    /// Take over the tenants of the earlier system, whose files lie below TENANT/ in the bucket
    Import(SiteImport),
    /// Tell the edge again what the bucket says
    Sync(SiteOf),
    /// Take a tenant's site away, with all its releases
    Remove(SiteRemove),
}

/// Where sites lie.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "R2")]
pub(crate) struct Bucketed {
    /// Where R2's S3 face is [env: R2_ENDPOINT] [default: Cloudflare's, for the account and the bucket's jurisdiction]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// How many requests are under way at once, at most
    #[arg(long, value_name = "NUMBER", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) jobs: u16,
}

#[derive(Debug, Args)]
pub(crate) struct SiteDeploy {
    /// The folder that the site is built into
    pub(crate) folder: PathBuf,
    /// The tenant: a label of the platform's domain
    pub(crate) tenant: Slug,
    /// A domain of the tenant's own, added when the site is live, as `domain add` does
    #[arg(conflicts_with = "preview")]
    pub(crate) domain: Option<Host>,
    /// What to say of the release
    #[arg(long, short)]
    pub(crate) message: Option<String>,
    /// Make it reachable at a host of its own, and leave the live site alone
    #[arg(long)]
    pub(crate) preview: bool,
    /// Show what would be uploaded, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How pages are addressed
    #[arg(long, help_heading = "Serving", value_enum, default_value_t)]
    pub(crate) html_handling: HtmlHandling,
    /// What is served where nothing is found [default: 404-page; the first page where `_redirects` asks for that]
    #[arg(long, help_heading = "Serving", value_enum)]
    pub(crate) not_found_handling: Option<NotFoundHandling>,
    /// Keep compressed forms beside what they make smaller; both unless one is named
    #[arg(
        long,
        value_name = "FORMS",
        help_heading = "Serving",
        value_enum,
        value_delimiter = ',',
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "br,gzip"
    )]
    pub(crate) compress: Vec<Compression>,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

/// A compressed form; the words are those of `Accept-Encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compression {
    /// Brotli
    Br,
    /// gzip, for what takes nothing else
    Gzip,
}

#[derive(Debug, Args)]
pub(crate) struct SiteOf {
    /// The tenant
    pub(crate) tenant: Slug,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

#[derive(Debug, Args)]
pub(crate) struct SiteRollback {
    /// The tenant
    pub(crate) tenant: Slug,
    /// The release [default: the one that was live before]
    pub(crate) release: Option<Release>,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

#[derive(Debug, Args)]
pub(crate) struct SitePromote {
    /// The tenant
    pub(crate) tenant: Slug,
    /// The release
    pub(crate) release: Release,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

#[derive(Debug, Args)]
pub(crate) struct SiteGc {
    /// The tenant
    pub(crate) tenant: Slug,
    /// Keep so many of the releases that were live last
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) keep: u16,
    /// Keep what was written within so many days: open tabs still ask for it
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    pub(crate) days: u16,
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

#[derive(Debug, Args)]
pub(crate) struct SiteExport {
    /// The tenant
    pub(crate) tenant: Slug,
    /// The folder: an empty one, or one that is not there yet
    pub(crate) folder: PathBuf,
    /// The release [default: the live one]
    #[arg(long)]
    pub(crate) release: Option<Release>,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

#[derive(Debug, Args)]
pub(crate) struct SiteImport {
    /// The tenants [default: all that are found]
    pub(crate) tenants: Vec<Slug>,
    /// Show what would be imported, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What to say of the releases
    #[arg(long, short, default_value = "imported")]
    pub(crate) message: String,
    /// How pages are addressed
    #[arg(long, help_heading = "Serving", value_enum, default_value_t)]
    pub(crate) html_handling: HtmlHandling,
    /// What is served where nothing is found [default: 404-page; the earlier system did as single-page-application does]
    #[arg(long, help_heading = "Serving", value_enum)]
    pub(crate) not_found_handling: Option<NotFoundHandling>,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

#[derive(Debug, Args)]
pub(crate) struct SiteRemove {
    /// The tenant
    pub(crate) tenant: Slug,
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

/// How pages are addressed; the words are Cloudflare's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum HtmlHandling {
    /// `/foo` for foo.html, `/foo/` for foo/index.html
    #[default]
    AutoTrailingSlash,
    /// `/foo/` for both
    ForceTrailingSlash,
    /// `/foo` for both
    DropTrailingSlash,
    /// Files under their own names alone
    None,
}

/// What is served where nothing is found; the words are Cloudflare's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NotFoundHandling {
    /// The nearest 404.html
    #[value(name = "404-page")]
    Page,
    /// /index.html, with 200
    SinglePageApplication,
    /// Nothing
    None,
}

impl From<HtmlHandling> for Html {
    fn from(handling: HtmlHandling) -> Self {
        match handling {
            HtmlHandling::AutoTrailingSlash => Self::AutoTrailingSlash,
            HtmlHandling::ForceTrailingSlash => Self::ForceTrailingSlash,
            HtmlHandling::DropTrailingSlash => Self::DropTrailingSlash,
            HtmlHandling::None => Self::None,
        }
    }
}

impl From<NotFoundHandling> for NotFound {
    fn from(handling: NotFoundHandling) -> Self {
        match handling {
            NotFoundHandling::Page => Self::Page,
            NotFoundHandling::SinglePageApplication => Self::SinglePageApplication,
            NotFoundHandling::None => Self::None,
        }
    }
}
