//! The options of `flarekeep tenant`.

use clap::{Args, Subcommand};
use flarekeep_catalogue::TokenId;
use flarekeep_sites::Slug;

use super::{Bucketed, Consent, Delivery, Lifetime, Signer, SiteOf};

/// The verbs of tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum Tenant {
    /// All tenants
    List(Bucketed),
    /// What a tenant has: the live release, the domains, and how much is stored
    Show(SiteOf),
    /// Take a tenant away: domains, site, releases, and the entry in the registry
    Remove(TenantRemove),
    /// What a tenant may have; with options, say so
    Quota(TenantQuota),
    /// Answer for the tenant's site that it is suspended; nothing is taken away
    Suspend(SiteOf),
    /// Serve a suspended site again
    Resume(SiteOf),
    /// Temporary R2 keys for a tenant's own folder and nothing else, to deploy with
    Credentials(Box<TenantCredentials>),
}

#[derive(Debug, Args)]
pub(crate) struct TenantRemove {
    /// The tenant
    pub(crate) tenant: Slug,
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

#[derive(Debug, Args)]
pub(crate) struct TenantQuota {
    /// The tenant; one that is not there yet is entered in the registry, with options
    pub(crate) tenant: Slug,
    /// The most bytes of a release's files, as in 100MB; `none` for no limit
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) bytes: Option<Most>,
    /// The most files of a release
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    pub(crate) files: Option<Most>,
    /// The most domains
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    pub(crate) hosts: Option<Most>,
    #[command(flatten)]
    pub(crate) bucketed: Bucketed,
}

#[derive(Debug, Args)]
pub(crate) struct TenantCredentials {
    /// The tenant
    pub(crate) tenant: Slug,
    /// How long they live, 7d at most: 15m, 12h
    #[arg(long, value_name = "AGE", default_value = "1h")]
    pub(crate) ttl: Lifetime,
    /// Let them read, write and remove: what a deploy does [default]
    #[arg(long, conflicts_with = "read")]
    pub(crate) write: bool,
    /// Let them read only
    #[arg(long)]
    pub(crate) read: bool,
    /// Who signs them [default: this program where it has the token, else the API]
    #[arg(long, value_enum)]
    pub(crate) by: Option<Signer>,
    /// The id of the token that they are derived from, if known: then nobody is asked for it
    #[arg(long, help_heading = "R2", value_name = "ID")]
    pub(crate) key_id: Option<TokenId>,
    /// Where R2's S3 face is [env: R2_ENDPOINT] [default: Cloudflare's, for the account and the bucket's jurisdiction]
    #[arg(long, help_heading = "R2", value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    #[command(flatten)]
    pub(crate) delivery: Delivery,
}

/// The most of something; none is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Most(pub(crate) Option<u64>);

fn number(text: &str) -> Result<Most, String> {
    match text {
        "none" => Ok(Most(None)),
        number => number.parse().map(|number| Most(Some(number))).map_err(|_| "a number, or none".to_owned()),
    }
}

fn size(text: &str) -> Result<Most, String> {
    let wrong = || "bytes, as in 500kB, 100MB, 2GB or 100MiB; or none".to_owned();
    if text == "none" {
        return Ok(Most(None));
    }
    let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let factor: u64 = match unit {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return Err(wrong()),
    };
    let number = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    number.map(|number| Most(Some(number))).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let of = |text: &str| size(text).ok().map(|most| most.0);
        assert_eq!([of("none"), of("0"), of("12B")], [Some(None), Some(Some(0)), Some(Some(12))]);
        assert_eq!([of("5kB"), of("2GB")], [Some(Some(5_000)), Some(Some(2_000_000_000))]);
        assert_eq!(of("3MiB"), Some(Some(3 << 20)));
        for wrong in ["", "MB", "1.5MB", "-1", "1 MB", "1mb", "99999999TB", "1é"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        assert_eq!(number("none"), Ok(Most(None)));
        assert!(number("-1").is_err() && number("").is_err() && number("5k").is_err());
    }
}
