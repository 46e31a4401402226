//! What is known of a custom hostname: its DNS, and what follows from it.

use flarekeep_catalogue::ZoneId;

use super::lifecycle::Facts;
use super::{CustomHostname, fallback_origin};
use crate::dns::names;
use crate::dns::names::{at, chain, is_within, serves, txt, zone_of};
use crate::options::{HostnameDns, Hostnames, Plan};
use crate::state::State;

/// What is known, and what is to be said of it.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) facts: Facts,
    /// Why the hostname is not verified.
    pub(super) verification_errors: Vec<String>,
    /// Why the certificate is not.
    pub(super) validation_errors: Vec<String>,
}

/// Gathers what the state says of a hostname at this time.
pub(super) fn gather(
    state: &State,
    zone: ZoneId,
    hostname: &CustomHostname,
    options: &Hostnames,
    now: i64,
) -> Evidence {
    let name = hostname.draft.hostname.trim_start_matches("*.");
    let pointing = pointing(state, zone, name, options);
    let token = hostname.ownership_is_published(state);
    let owned = pointing == Pointing::Here || (token && pointing != Pointing::OtherZone);
    let fallback = state.custom_hostnames.fallback_origin(zone);
    let allowed = allowed(state, name, &hostname.draft.authority);
    let proven = hostname.is_validated(state, pointing == Pointing::Here) && allowed;
    let facts = Facts {
        owned,
        fallback_since: fallback.and_then(|origin| origin.active_since(options)),
        validates: hostname.draft.custom_certificate || proven,
    };
    let mut verification_errors = Vec::new();
    match fallback.map(|origin| origin.status(now, options)) {
        None => verification_errors.push("Zone does not have a fallback origin set.".to_owned()),
        Some(fallback_origin::Status::Active) => {}
        Some(status) => verification_errors.push(format!("Fallback origin is in a status of {}.", status.word())),
    }
    if !owned {
        verification_errors.push(why_not_owned(pointing, options.plan).to_owned());
    }
    let error = format!("caa_error: the CAA records of {name} do not allow {}", hostname.draft.authority);
    let validation_errors = if allowed { Vec::new() } else { vec![error] };
    Evidence { facts, verification_errors, validation_errors }
}

/// Where a name leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pointing {
    Here,
    /// To Cloudflare, but by way of another zone.
    OtherZone,
    Elsewhere,
}

fn pointing(state: &State, zone: ZoneId, name: &str, options: &Hostnames) -> Pointing {
    let Some(own) = state.world.zone(zone) else { return Pointing::Elsewhere };
    if options.dns == HostnameDns::Always {
        return Pointing::Here;
    }
    let chain = chain(state, name);
    let here = chain.iter().skip(1).any(|target| is_within(target, &own.name));
    let found = at(state, name);
    let inside = is_within(name, &own.name) && !found.entries.is_empty();
    // The addresses of the edge are the account's own where apex proxying was bought.
    let last = chain.last().map(|last| at(state, last)).unwrap_or(found);
    let apex = options.plan == Plan::Enterprise
        && last.zone.is_none()
        && last.entries.iter().any(|entry| entry.kind == "A" && entry.content == names::EDGE);
    if here || inside || apex {
        return Pointing::Here;
    }
    let proxied = zone_of(state, name).is_some() && at(state, name).entries.iter().any(|entry| entry.proxied);
    if proxied { Pointing::OtherZone } else { Pointing::Elsewhere }
}

/// The messages of cloudflare-for-saas' page hostname-validation/error-codes, and of cloudflare-docs#29675.
fn why_not_owned(pointing: Pointing, plan: Plan) -> &'static str {
    match (pointing, plan) {
        (Pointing::OtherZone, _) => {
            "The hostname is using Cloudflare and cannot be activated with an TXT or HTTP validation token. To activate the \
             custom hostname, the DNS target needs to point to the SaaS zone"
        }
        (_, Plan::Free) => "custom hostname does not CNAME to this zone.",
        (_, Plan::Enterprise) => {
            "None of the A or AAAA records are owned by this account and the pre-generated ownership verification token was \
             not found."
        }
    }
}

impl CustomHostname {
    /// The name of the ownership record.
    pub(super) fn ownership_name(&self) -> String {
        format!("_cf-custom-hostname.{}", self.base())
    }

    pub(super) fn ownership_url(&self) -> String {
        format!("http://{}/.well-known/cf-custom-hostname-challenge/{}", self.base(), self.id)
    }

    /// The name of the certificate's records.
    pub(super) fn validation_name(&self) -> String {
        format!("_acme-challenge.{}", self.base())
    }

    pub(super) fn validation_url(&self) -> String {
        format!("http://{}/.well-known/acme-challenge/{}", self.base(), self.validation)
    }

    /// What the certificate's TXT records must say: a wildcard one needs two.
    pub(super) fn validation_values(&self) -> Vec<&str> {
        let second = self.draft.wildcard.then_some(self.wildcard_validation.as_str());
        std::iter::once(self.validation.as_str()).chain(second).collect()
    }

    /// Where the owner may delegate the certificate's records to, once and for all.
    pub(super) fn delegation(&self, zone: ZoneId) -> String {
        let zone = zone.to_string();
        format!("{}.{}.dcv.cloudflare.com", self.base(), zone.get(..16).unwrap_or(&zone))
    }

    pub(super) fn base(&self) -> &str {
        self.draft.hostname.trim_start_matches("*.")
    }

    fn ownership_is_published(&self, state: &State) -> bool {
        txt(state, &self.ownership_name()).contains(&self.ownership)
            || serves(state, &self.ownership_url(), &self.ownership)
    }

    /// Whether what the authority asks for is there. It asks over HTTP by itself where the name leads here, whatever the
    /// method, but for wildcards (validate-certificates/http).
    fn is_validated(&self, state: &State, points_here: bool) -> bool {
        if points_here && !self.draft.wildcard {
            return true;
        }
        let name = self.validation_name();
        let delegated = || chain(state, &name).iter().any(|target| *target == self.delegation(self.zone));
        match self.draft.method.as_str() {
            "txt" => {
                let published = txt(state, &name);
                delegated() || self.validation_values().iter().all(|value| published.iter().any(|text| text == value))
            }
            "http" => serves(state, &self.validation_url(), &self.validation),
            _ => names::approves(state, self.base()),
        }
    }
}

/// Whether the CAA records that hold for a name let this authority issue: those of the name itself or of the next above it
/// that has any. The values are each authority's own.
fn allowed(state: &State, name: &str, authority: &str) -> bool {
    let issuer = match authority {
        "lets_encrypt" => "letsencrypt.org",
        "ssl_com" => "ssl.com",
        "digicert" => "digicert.com",
        _ => "pki.goog",
    };
    let mut current = name;
    loop {
        let last = chain(state, current).pop().unwrap_or_default();
        let found = at(state, &last);
        let issue: Vec<&str> = found
            .entries
            .iter()
            .filter(|entry| entry.kind == "CAA")
            .filter_map(|entry| {
                let mut words = entry.content.splitn(3, char::is_whitespace).skip(1);
                (words.next()? == "issue").then(|| words.next().unwrap_or_default().trim().trim_matches('"'))
            })
            .collect();
        if !issue.is_empty() {
            return issue.iter().any(|value| value.split(';').next().is_some_and(|value| value.trim() == issuer));
        }
        match current.split_once('.') {
            Some((_, above)) if above.contains('.') => current = above,
            _ => return true,
        }
    }
}
