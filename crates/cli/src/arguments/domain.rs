//! The options of `flarekeep domain`.

use clap::{Args, Subcommand};
use flarekeep_sites::Slug;
use flarekeep_sites::domain::Host;

use super::{Bucketed, Consent};

/// The verbs of a customer's domain.
#[derive(Debug, Subcommand)]
pub(crate) enum Domain {
    /// Make a domain a tenant's, and show what its owner has to publish
    Add(DomainAdd),
    /// How a domain stands at Cloudflare now, and what is still to be published
    Status(DomainOf),
    /// The domains, and whose they are
    List(DomainList),
    /// Take a domain from its tenant: at the edge, at Cloudflare, and in the registry
    Remove(DomainRemove),
}

#[derive(Debug, Args)]
pub(crate) struct DomainAdd {
    /// The domain, as in www.acme.com
    pub(crate) host: Host,
    /// The tenant
    pub(crate) tenant: Slug,
    /// Wait until the domain is live; stopped meanwhile, `domain status` goes on
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

#[derive(Debug, Args)]
pub(crate) struct DomainOf {
    /// The domain
    pub(crate) host: Host,
    /// Wait until the domain is live
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

#[derive(Debug, Args)]
pub(crate) struct DomainList {
    /// The tenant [default: all]
    pub(crate) tenant: Option<Slug>,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

#[derive(Debug, Args)]
pub(crate) struct DomainRemove {
    /// The domain
    pub(crate) host: Host,
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}
