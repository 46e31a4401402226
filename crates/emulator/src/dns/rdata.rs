//! Records as the wire has them.

use std::net::Ipv4Addr;

use hickory_proto::rr::rdata::{CNAME, MX, NS, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{Name, RData, RecordType};

use super::names::strings;
use crate::products::dns_records::lookup::Entry;

/// Where everything that is proxied is answered: this machine.
pub(super) const EDGE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// The zones' name servers, as the zones themselves show them.
const NAME_SERVERS: [&str; 2] = ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"];
/// What `ttl: 1` stands for.
const AUTOMATIC: u32 = 300;

/// The type of a record; none where it has none in DNS.
pub(super) fn kind(entry: &Entry) -> Option<RecordType> {
    entry.kind.parse().ok()
}

/// How long a record may be kept, in seconds.
pub(super) fn ttl(entry: &Entry) -> u32 {
    if entry.ttl <= 1 { AUTOMATIC } else { u32::try_from(entry.ttl).unwrap_or(AUTOMATIC) }
}

/// What a record says; none where its content has no form on the wire, or the type is one that is not written here.
pub(super) fn data(entry: &Entry) -> Option<RData> {
    let content = entry.content.trim();
    Some(match entry.kind {
        "CNAME" => RData::CNAME(CNAME(name(content)?)),
        "NS" => RData::NS(NS(name(content)?)),
        "PTR" => RData::PTR(PTR(name(content)?)),
        "TXT" => RData::TXT(TXT::new(strings(content))),
        "MX" => match entry.priority {
            Some(priority) => RData::MX(MX::new(u16::try_from(priority).ok()?, name(content)?)),
            None => {
                let (priority, host) = content.split_once(char::is_whitespace)?;
                RData::MX(MX::new(priority.parse().ok()?, name(host.trim())?))
            }
        },
        "SRV" => srv(entry, content)?,
        _ => RData::try_from_str(kind(entry)?, &text(entry, content)).ok()?,
    })
}

/// Every zone's start of authority. Nothing transfers zones from here, so that the serial need not count.
pub(super) fn soa() -> Option<RData> {
    let [first, _] = NAME_SERVERS;
    Some(RData::SOA(SOA::new(name(first)?, name("dns.cloudflare.com")?, 1, 10_000, 2_400, 604_800, 60)))
}

/// A zone's name servers.
pub(super) fn name_servers() -> impl Iterator<Item = RData> {
    NAME_SERVERS.into_iter().filter_map(name).map(|host| RData::NS(NS(host)))
}

/// A name as the wire has it: whole, whether it ends in a dot or not.
pub(super) fn name(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// `priority weight port target`, or without the priority where the record has it beside its content.
fn srv(entry: &Entry, content: &str) -> Option<RData> {
    let words: Vec<&str> = content.split_whitespace().collect();
    let own = entry.priority.or_else(|| entry.data?.get("priority")?.as_u64()).map(|priority| priority.to_string());
    let (priority, rest) = match (own, words.as_slice()) {
        (_, [priority, rest @ ..]) if rest.len() == 3 => ((*priority).to_owned(), rest),
        (Some(priority), rest) => (priority, rest),
        (None, _) => return None,
    };
    let [weight, port, target] = rest else { return None };
    let number = |text: &str| text.parse::<u16>().ok();
    Some(RData::SRV(SRV::new(number(&priority)?, number(weight)?, number(port)?, name(target)?)))
}

/// The text form of the other types; that of HTTPS and SVCB begins with the priority.
fn text(entry: &Entry, content: &str) -> String {
    match (entry.kind, entry.priority) {
        ("HTTPS" | "SVCB", Some(priority)) if !content.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("{priority} {content}")
        }
        _ => content.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(kind: &'a str, content: &'a str) -> Entry<'a> {
        Entry { kind, content, ttl: 1, proxied: false, priority: None, data: None }
    }

    #[test]
    fn contents_become_records() {
        let shown = |kind, content| data(&entry(kind, content)).map(|data| data.to_string());
        assert_eq!(shown("A", "192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(shown("AAAA", "100::").as_deref(), Some("100::"));
        assert_eq!(shown("CNAME", "a.example.com").as_deref(), Some("a.example.com."));
        assert_eq!(shown("TXT", "a b").as_deref(), Some("a b"));
        assert_eq!(shown("MX", "10 mail.example.com").as_deref(), Some("10 mail.example.com."));
        assert_eq!(shown("SRV", "1 2 3 a.b").as_deref(), Some("1 2 3 a.b."));
        assert_eq!(shown("CAA", "0 issue letsencrypt.org").as_deref(), Some("0 issue \"letsencrypt.org\""));
        assert!(shown("HTTPS", "1 . alpn=h2").is_some());
        assert_eq!(shown("A", "nonsense"), None);
        assert_eq!(shown("SRV", "1 2"), None);
        assert_eq!(shown("URI", "1 2 \"https://example.com\""), None);
        let with = Entry { priority: Some(5), ..entry("SRV", "2 3 a.b") };
        assert_eq!(data(&with).map(|data| data.to_string()).as_deref(), Some("5 2 3 a.b."));
    }
}
