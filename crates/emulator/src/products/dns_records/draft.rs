//! What a caller wants a record to be: reading and validating the body.
//!
//! 1004 with 9005 for a bad address is Cloudflare's; the other codes below 1004 are the ones that public reports show.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::http::{ApiError, Call, is_hostname};
use crate::products::text;

/// The types of record.
const KINDS: [&str; 21] = [
    "A",
    "AAAA",
    "CAA",
    "CERT",
    "CNAME",
    "DNSKEY",
    "DS",
    "HTTPS",
    "LOC",
    "MX",
    "NAPTR",
    "NS",
    "OPENPGPKEY",
    "PTR",
    "SMIMEA",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "TXT",
    "URI",
];

/// A record without what the server adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) kind: String,
    /// The whole name, in lower case.
    pub(super) name: String,
    pub(super) content: String,
    pub(super) ttl: u64,
    pub(super) proxied: bool,
    pub(super) priority: Option<u64>,
    pub(super) data: Option<Value>,
    pub(super) comment: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) settings: Value,
}

impl Draft {
    /// Reads a body. Where `old` is given, what the body leaves out stays as it is.
    pub(super) fn read(call: &Call, zone: &str, old: Option<&Self>) -> Result<Self, ApiError> {
        let body = call.object().ok_or_else(|| ApiError::new(400, 9207, "Request body is invalid."))?;
        let kind = text(&body, "type").map(str::to_ascii_uppercase).or_else(|| old.map(|old| old.kind.clone()));
        let kind = kind
            .filter(|kind| KINDS.contains(&kind.as_str()))
            .ok_or_else(|| invalid(9000, "DNS record type is invalid."))?;
        let name = match (text(&body, "name"), old) {
            (Some(name), _) => full_name(name, zone).ok_or_else(|| invalid(9000, "DNS name is invalid."))?,
            (None, Some(old)) => old.name.clone(),
            (None, None) => return Err(invalid(9000, "DNS name is invalid.")),
        };
        let given = present(&body, "data").cloned();
        let data = given.clone().or_else(|| old.and_then(|old| old.data.clone()));
        let content = match (text(&body, "content"), given, old) {
            (Some(content), _, _) => content.trim().to_owned(),
            (None, Some(data), _) => joined(&data),
            (None, None, Some(old)) => old.content.clone(),
            (None, None, None) => return Err(invalid(9020, "DNS record content or data is required.")),
        };
        let number = |name| present(&body, name).map(|value| value.as_u64().ok_or(name)).transpose();
        let priority =
            number("priority").map_err(|_| invalid(9100, "Priority must be a number between 0 and 65535."))?;
        let ttl = number("ttl").map_err(|_| bad_ttl())?;
        let mut draft = Self {
            kind,
            name,
            content,
            ttl: ttl.or(old.map(|old| old.ttl)).unwrap_or(1),
            proxied: flag(&body, "proxied").or(old.map(|old| old.proxied)).unwrap_or(false),
            priority: priority.or_else(|| old.and_then(|old| old.priority)),
            data,
            comment: text(&body, "comment").map(ToOwned::to_owned).or_else(|| old.and_then(|old| old.comment.clone())),
            tags: tags(&body).or_else(|| old.map(|old| old.tags.clone())).unwrap_or_default(),
            settings: present(&body, "settings").or(old.map(|old| &old.settings)).cloned().unwrap_or_else(|| json!({})),
        };
        draft.check()?;
        Ok(draft)
    }

    /// Whether Cloudflare could stand before it.
    pub(super) fn proxiable(&self) -> bool {
        matches!(self.kind.as_str(), "A" | "AAAA" | "CNAME")
    }

    /// Refuses what no such record can be, and brings the content into its usual form.
    fn check(&mut self) -> Result<(), ApiError> {
        self.content = match self.kind.as_str() {
            "A" => {
                let address = self.content.parse::<Ipv4Addr>();
                address.map_err(|_| invalid(9005, "Content for A record must be a valid IPv4 address."))?.to_string()
            }
            "AAAA" => {
                let address = self.content.parse::<Ipv6Addr>();
                address.map_err(|_| invalid(9006, "Content for AAAA record must be a valid IPv6 address."))?.to_string()
            }
            "CNAME" => target(&self.content).ok_or_else(|| invalid(9007, "Content for CNAME record is invalid."))?,
            "NS" | "PTR" => {
                target(&self.content).ok_or_else(|| invalid(9008, "Content for this record is invalid."))?
            }
            "MX" => target(&self.content).ok_or_else(|| invalid(9009, "Content for MX record must be a hostname."))?,
            "TXT" if self.content.is_empty() || self.content.len() > 4096 => {
                return Err(invalid(9017, "Content for TXT record must have 1 to 4096 characters."));
            }
            _ if self.content.is_empty() => return Err(invalid(9020, "DNS record content or data is required.")),
            _ => self.content.clone(),
        };
        if self.kind == "MX" && self.priority.is_none_or(|priority| priority > 65_535) {
            return Err(invalid(9100, "Priority must be a number between 0 and 65535."));
        }
        if self.ttl != 1 && !(30..=86_400).contains(&self.ttl) {
            return Err(bad_ttl());
        }
        if self.proxied && !self.proxiable() {
            return Err(invalid(9004, "This record type cannot be proxied."));
        }
        if self.proxied {
            self.ttl = 1;
        }
        Ok(())
    }
}

fn invalid(code: u32, message: &str) -> ApiError {
    ApiError::new(400, 1004, "DNS Validation Error").chain(code, message)
}

fn bad_ttl() -> ApiError {
    invalid(9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
}

/// The whole name of a record: `@` is the zone, and what does not end in the zone's name is below it.
fn full_name(name: &str, zone: &str) -> Option<String> {
    let name = name.trim().trim_end_matches('.').to_ascii_lowercase();
    let below = name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let whole = match name.as_str() {
        "" => return None,
        "@" => zone.to_owned(),
        _ if below => name,
        _ => format!("{name}.{zone}"),
    };
    is_hostname(whole.strip_prefix("*.").unwrap_or(&whole)).then_some(whole)
}

/// A host that a record points to, in lower case and without its final dot.
fn target(content: &str) -> Option<String> {
    let host = content.trim_end_matches('.').to_ascii_lowercase();
    let single = !host.is_empty() && is_hostname(&format!("{host}.x"));
    single.then_some(host)
}

/// The content that follows from structured data: its values, as the record's text form has them.
fn joined(data: &Value) -> String {
    const ORDER: [&str; 12] = [
        "flags",
        "priority",
        "weight",
        "port",
        "key_tag",
        "algorithm",
        "digest_type",
        "usage",
        "selector",
        "matching_type",
        "tag",
        "target",
    ];
    let known = ORDER.iter().filter_map(|name| data.get(name));
    let rest = ["value", "certificate", "digest", "fingerprint", "public_key"].iter().filter_map(|name| data.get(name));
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    known.chain(rest).map(word).collect::<Vec<_>>().join(" ")
}

fn present<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

fn flag(body: &Map<String, Value>, name: &str) -> Option<bool> {
    body.get(name).and_then(Value::as_bool)
}

fn tags(body: &Map<String, Value>) -> Option<Vec<String>> {
    let tags = body.get("tags")?.as_array()?;
    Some(tags.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_with_the_zone() {
        let full = |name| full_name(name, "example.com");
        assert_eq!(full("@").as_deref(), Some("example.com"));
        assert_eq!(full("WWW").as_deref(), Some("www.example.com"));
        assert_eq!(full("a.example.com.").as_deref(), Some("a.example.com"));
        assert_eq!(full("notexample.com").as_deref(), Some("notexample.com.example.com"));
        assert_eq!(full("*").as_deref(), Some("*.example.com"));
        assert_eq!(full("*.example.com").as_deref(), Some("*.example.com"));
        assert_eq!(full("a b"), None);
    }
}
