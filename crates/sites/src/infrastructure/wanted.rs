//! What a platform shall consist of.

use flarekeep_catalogue::{AccountId, ZoneId};
use flarekeep_cloudflare::{Jurisdiction, NewDnsRecord};

/// The comment by which records of ours are known again.
pub(super) const MARK: &str = "flarekeep platform";
/// An address that nobody has (RFC 6666): the router answers, and no origin is asked.
const NOBODY: &str = "100::";
/// The route of everything in the zone, custom hostnames included.
pub(super) const EVERYTHING: &str = "*/*";

/// What a platform shall consist of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The account of everything.
    pub account: AccountId,
    /// The zone of the platform's domain.
    pub zone: ZoneId,
    /// The name of that zone.
    pub zone_name: String,
    /// The domain whose labels are tenants: the zone's name, or one below it.
    pub domain: String,
    /// The bucket of the tenants' files.
    pub bucket: String,
    /// Where by law the bucket lies.
    pub jurisdiction: Jurisdiction,
    /// Where the bucket should lie, heard only when it is made.
    pub location: Option<String>,
    /// The title of the edge's KV namespace.
    pub namespace: String,
    /// The name of the router's script.
    pub worker: String,
    /// Hosts of the zone that the router leaves alone, beside those that have proxied records already.
    pub excluded: Vec<String>,
}

/// The platform's domain is neither the zone nor below it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{domain}` does not lie in the zone `{zone}`")]
pub struct BadDomain {
    /// The domain.
    pub domain: String,
    /// The zone's name.
    pub zone: String,
}

impl Wanted {
    /// Checks that the domain lies in the zone.
    ///
    /// # Errors
    /// When it does not.
    pub fn checked(self) -> Result<Self, BadDomain> {
        if is_within(&self.domain, &self.zone_name) {
            return Ok(self);
        }
        Err(BadDomain { domain: self.domain, zone: self.zone_name })
    }

    /// The name that answers for customers' hostnames.
    #[must_use]
    pub fn fallback(&self) -> String {
        format!("fallback.{}", self.domain)
    }

    /// The name that customers point their domains to.
    #[must_use]
    pub fn target(&self) -> String {
        format!("customers.{}", self.domain)
    }

    /// The DNS records: of all tenants, of the fallback origin, and of the customers' target.
    #[must_use]
    pub fn records(&self) -> [NewDnsRecord; 3] {
        let record = |name: String, kind: &str, content: String| NewDnsRecord {
            name,
            kind: kind.to_owned(),
            content,
            proxied: true,
            ttl: 1,
            comment: Some(MARK.to_owned()),
        };
        [
            record(format!("*.{}", self.domain), "AAAA", NOBODY.to_owned()),
            record(self.fallback(), "AAAA", NOBODY.to_owned()),
            record(self.target(), "CNAME", self.fallback()),
        ]
    }
}

/// Whether a name is the domain or lies below it.
pub(super) fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.') && rest.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_within() {
        assert!(is_within("example.com", "example.com"));
        assert!(is_within("a.b.example.com", "example.com"));
        for other in ["myexample.com", ".example.com", "example.org", "com", ""] {
            assert!(!is_within(other, "example.com"), "{other}");
        }
    }
}
