//! What a caller wants a record to be: reading and validating the body.
//!
//! Which codes are Cloudflare's, and which the emulator's own, is said in docs/emulator/zones.md.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::layout::{self, Layout, host};
use crate::http::{ApiError, is_hostname};
use crate::options::{ErrorStyle, Options};
use crate::products::text;

/// How many tags a record may have, as the documentation has it for the largest plan.
const TAGS: usize = 20;
/// The longest content of a TXT record, in bytes.
const TEXT: usize = 4096;

/// A record without what the server adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) kind: String,
    /// The whole name, in lower case.
    pub(super) name: Arc<str>,
    pub(super) content: Arc<str>,
    pub(super) ttl: u64,
    pub(super) proxied: bool,
    pub(super) priority: Option<u64>,
    pub(super) data: Option<Map<String, Value>>,
    pub(super) comment: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) settings: Value,
}

/// The zone that a record is for, and how its errors are written.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) zone: String,
    pub(super) style: ErrorStyle,
}

impl Place {
    pub(super) fn new(zone: &str, options: &Options) -> Self {
        Self { zone: zone.to_owned(), style: options.error_style }
    }

    /// A fault of a record: below 1004, or by itself. That the wrapping error would go was announced for October 2024
    /// (cloudflare/cloudflare-docs#15317), and reports of 2026 show errors of both kinds.
    pub(super) fn invalid(&self, code: u32, message: impl Into<String>) -> ApiError {
        match self.style {
            ErrorStyle::Classic => ApiError::new(400, 1004, "DNS Validation Error").chain(code, message),
            ErrorStyle::Enriched => ApiError::new(400, code, message),
        }
    }

    fn bad_ttl(&self) -> ApiError {
        self.invalid(9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
    }
}

impl Draft {
    /// Reads a body. Where `old` is given, what the body leaves out stays as it is.
    pub(super) fn read(body: &Map<String, Value>, place: &Place, old: Option<&Self>) -> Result<Self, ApiError> {
        let bad_kind = || place.invalid(9000, "DNS record type is invalid.");
        let word = text(body, "type").or(old.map(|old| old.kind.as_str())).ok_or_else(bad_kind)?;
        let (kind, layout) = layout::kind(word).ok_or_else(bad_kind)?;
        let bad_name = || place.invalid(9000, "DNS name is invalid.");
        let name = match (text(body, "name"), old) {
            (Some(name), _) => full_name(name, &place.zone).ok_or_else(bad_name)?.into(),
            (None, Some(old)) => old.name.clone(),
            (None, None) => return Err(bad_name()),
        };
        let number = |name| present(body, name).map(|value| value.as_u64().ok_or(())).transpose();
        let priority = number("priority").map_err(|()| bad_priority(place))?;
        let priority = priority.or_else(|| old.and_then(|old| old.priority));
        // Another type's content and data are of no use.
        let old_content = old.filter(|old| old.kind == kind);
        let (content, data) = content(body, (kind, layout), priority, place, old_content)?;
        let mut draft = Self {
            kind: kind.to_owned(),
            name,
            content: content.into(),
            ttl: number("ttl").map_err(|()| place.bad_ttl())?.or(old.map(|old| old.ttl)).unwrap_or(1),
            proxied: flag(body, place)?.or(old.map(|old| old.proxied)).unwrap_or(false),
            priority,
            data,
            comment: match body.get("comment") {
                None => old.and_then(|old| old.comment.clone()),
                Some(given) => given.as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned),
            },
            tags: tags(body).or_else(|| old.map(|old| old.tags.clone())).unwrap_or_default(),
            settings: present(body, "settings").or(old.map(|old| &old.settings)).cloned().unwrap_or_else(|| json!({})),
        };
        draft.check(place)?;
        Ok(draft)
    }

    /// Whether Cloudflare could stand before it: an address that anybody can reach, or a name.
    pub(super) fn proxiable(&self) -> bool {
        match self.kind.as_str() {
            "A" => self.content.parse().is_ok_and(is_public),
            "AAAA" | "CNAME" => true,
            _ => false,
        }
    }

    /// Refuses what no such record can be.
    fn check(&mut self, place: &Place) -> Result<(), ApiError> {
        match self.kind.as_str() {
            // Its priority is a part of its data.
            "SRV" | "HTTPS" | "SVCB" => {
                self.priority = self.data.as_ref().and_then(|data| data.get("priority")).and_then(Value::as_u64);
            }
            "MX" | "URI" if self.priority.is_none_or(|priority| priority > 65_535) => return Err(bad_priority(place)),
            "MX" | "URI" => {}
            _ => self.priority = None,
        }
        if self.kind == "CNAME" && self.content == self.name {
            return Err(place.invalid(9039, "CNAME content cannot reference itself."));
        }
        if self.ttl != 1 && !(60..=86_400).contains(&self.ttl) {
            return Err(place.bad_ttl());
        }
        if self.tags.len() > TAGS {
            let count = self.tags.len();
            return Err(place.invalid(9300, format!("DNS record has {count} tags, exceeding the quota of {TAGS}.")));
        }
        if self.proxied && !self.proxiable() {
            return Err(match self.kind.as_str() {
                "A" => place.invalid(9003, format!("Target {} is not allowed for a proxied record.", self.content)),
                _ => place.invalid(9004, "This record type cannot be proxied."),
            });
        }
        if self.proxied {
            self.ttl = 1;
        }
        Ok(())
    }
}

/// The whole name of a record: `@` is the zone, and what does not end in the zone's name is below it.
pub(super) fn full_name(name: &str, zone: &str) -> Option<String> {
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

type Content = (String, Option<Map<String, Value>>);

/// The content in its usual form, with its parts where the type has them.
fn content(
    body: &Map<String, Value>,
    (kind, layout): (&str, Layout),
    priority: Option<u64>,
    place: &Place,
    old: Option<&Draft>,
) -> Result<Content, ApiError> {
    let given = text(body, "content").map(str::trim);
    let missing = || place.invalid(9020, "DNS record content or data is required.");
    if layout.is_structured() {
        let bad = |part| place.invalid(9101, format!("Invalid {part} in the data of a {kind} record."));
        let data = match (present(body, "data"), given, old) {
            (Some(data), _, old) => {
                let data = data.as_object().ok_or_else(|| bad("data"))?;
                // A change may name some of the parts only.
                let mut whole = old.and_then(|old| old.data.clone()).unwrap_or_default();
                whole.extend(data.clone());
                if let Some(priority) = priority {
                    whole.entry("priority").or_insert_with(|| priority.into());
                }
                layout.data(&whole).map_err(bad)?
            }
            (None, Some(""), _) | (None, None, None) => return Err(missing()),
            (None, Some(content), _) => layout.parsed(content).map_err(bad)?,
            (None, None, Some(old)) => old.data.clone().unwrap_or_default(),
        };
        return Ok((layout.content(&data), Some(data)));
    }
    let content = given.or(old.map(|old| &*old.content)).ok_or_else(missing)?;
    let usual = match layout {
        Layout::Ipv4 => content
            .parse::<Ipv4Addr>()
            .map_err(|_| place.invalid(9005, "Content for A record must be a valid IPv4 address."))?
            .to_string(),
        Layout::Ipv6 => content
            .parse::<Ipv6Addr>()
            .map_err(|_| place.invalid(9006, "Content for AAAA record must be a valid IPv6 address."))?
            .to_string(),
        Layout::Host => host(content).ok_or_else(|| match kind {
            "CNAME" => place.invalid(9007, "Content for CNAME record is invalid."),
            "MX" => place.invalid(9009, "Content for MX record must be a hostname."),
            _ => place.invalid(9008, format!("Content for {kind} record is invalid.")),
        })?,
        _ if content.is_empty() => return Err(missing()),
        // It is written without quotes, and would be another record's line in a zone file.
        _ if kind != "TXT" && content.contains(char::is_control) => {
            return Err(place.invalid(9101, format!("Invalid content in the data of a {kind} record.")));
        }
        _ if content.len() > TEXT => {
            return Err(place.invalid(9015, "Record content exceeds the allowed length of 4096 wire format bytes."));
        }
        _ => content.to_owned(),
    };
    Ok((usual, None))
}

fn bad_priority(place: &Place) -> ApiError {
    place.invalid(9100, "Priority must be a number between 0 and 65535.")
}

/// Whether an address can be an origin. The resolver 1.1.1.1 was seen refused, private ranges not proxiable.
fn is_public(address: Ipv4Addr) -> bool {
    let inner = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified();
    !inner && !address.is_broadcast() && !address.is_multicast() && address != Ipv4Addr::new(1, 1, 1, 1)
}

fn present<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

fn flag(body: &Map<String, Value>, place: &Place) -> Result<Option<bool>, ApiError> {
    let bad = || place.invalid(9003, "Invalid 'proxied' value, must be a boolean");
    present(body, "proxied").map(|value| value.as_bool().ok_or_else(bad)).transpose()
}

fn tags(body: &Map<String, Value>) -> Option<Vec<String>> {
    let given = body.get("tags")?;
    let mut tags: Vec<String> =
        given.as_array().into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
    tags.sort_unstable();
    tags.dedup();
    Some(tags)
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
