//! The arguments of `flarekeep platform`.

use clap::{Args, Subcommand};
use flarekeep_tokens::Sink;

use super::Consent;

#[derive(Debug, Subcommand)]
pub(crate) enum Platform {
    /// Make bucket, namespace, router, DNS records, routes and fallback origin; what is there already is left as it is
    Deploy(PlatformDeploy),
    /// What of the platform is there, and what is missing or differs
    Status(Parts),
    /// Take the platform away
    Destroy(PlatformDestroy),
    /// Test the token, the parts, and an answer of the router
    Doctor(PlatformDoctor),
}

/// What the platform is made of.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Platform")]
pub(crate) struct Parts {
    /// The domain whose labels are tenants [env: PLATFORM_DOMAIN] [default: the zone's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) domain: Option<String>,
    /// Where by law the bucket lies: eu, us, fedramp, fedramp-high [env: R2_JURISDICTION]
    #[arg(long, value_name = "NAME")]
    pub(crate) jurisdiction: Option<String>,
    /// Where the bucket should lie, heard only when it is made: weur, eeur, enam, wnam, apac, oc
    #[arg(long, value_name = "REGION", value_parser = ["weur", "eeur", "enam", "wnam", "apac", "oc"])]
    pub(crate) location: Option<String>,
    /// The title of the edge's KV namespace
    #[arg(long, value_name = "TITLE", default_value = "flarekeep-sites")]
    pub(crate) namespace: String,
    /// A host of the zone that the router leaves alone, beside those that have proxied records; can be given again
    #[arg(long = "exclude", value_name = "HOST")]
    pub(crate) excluded: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PlatformDeploy {
    #[command(flatten)]
    pub(crate) parts: Parts,
    #[command(flatten)]
    pub(crate) lent: WithToken,
    /// Make the token NAME-deployer for day to day, which deploys sites and has no right to any zone, unless it is there;
    /// its value goes here; again for more places. The sinks are those of `token create`
    #[arg(long, value_name = "SINK", help_heading = "Token", requires = "with_token")]
    pub(crate) to: Vec<Sink>,
    #[command(flatten)]
    pub(crate) asked: Asked,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, Args)]
pub(crate) struct PlatformDestroy {
    #[command(flatten)]
    pub(crate) parts: Parts,
    /// Even where there are tenants, with all of their sites
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) lent: WithToken,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, Args)]
pub(crate) struct PlatformDoctor {
    #[command(flatten)]
    pub(crate) parts: Parts,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

/// Under which token it is done.
#[derive(Debug, Args)]
#[command(next_help_heading = "Token")]
pub(crate) struct WithToken {
    /// Do it under a token of its own that is called by this, may do this work alone, and ends with the command
    #[arg(long, value_name = "NAME")]
    pub(crate) with_token: Option<String>,
}

/// Where visitors are answered.
#[derive(Debug, Args)]
#[command(next_help_heading = "Smoke test")]
pub(crate) struct Asked {
    /// Where the router is asked, as a visitor asks it [env: FLAREKEEP_EDGE_URL] [default: a host of the platform]
    #[arg(long, value_name = "URL")]
    pub(crate) edge: Option<String>,
}
