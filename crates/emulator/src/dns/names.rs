//! What a name holds: the records of the zone that it lies in, wildcards included, or else those of a foreign name.

use crate::dns::foreign::{EMAIL, HTTP};
use crate::products::dns_records::lookup::{self, Entry};
use crate::state::State;
use crate::world::Zone;

/// Chains of CNAMEs are followed this far.
const LONGEST_CHAIN: usize = 8;

/// The address of the edge: this machine. All that is proxied is answered with it.
pub(crate) const EDGE: &str = "127.0.0.1";

/// What a name holds, its own CNAME not followed.
#[derive(Debug)]
pub(crate) struct At<'a> {
    /// The zone that the name lies in.
    pub(crate) zone: Option<&'a Zone>,
    pub(crate) entries: Vec<Entry<'a>>,
    /// Whether the name exists, if only because others lie below it. Of a foreign name
    /// it says only whether it holds anything: to see what lies below it, all foreign names are looked through.
    pub(crate) exists: bool,
}

/// What a name, in lower case and without its last dot, holds.
pub(crate) fn at<'a>(state: &'a State, name: &str) -> At<'a> {
    let Some(zone) = zone_of(state, name) else {
        let entries = state.foreign_dns.at(name);
        return At { zone: None, exists: !entries.is_empty(), entries };
    };
    let own = lookup::at(state, zone.id, name);
    let exists = |name: &str| name == zone.name || lookup::is_above_any(state, zone.id, name);
    if !own.is_empty() || exists(name) {
        return At { zone: Some(zone), entries: own, exists: true };
    }
    // A wildcard answers for what lies below the next name that exists, and for nothing else.
    let mut below = name;
    while let Some((_, parent)) = below.split_once('.') {
        let wild = lookup::at(state, zone.id, &format!("*.{parent}"));
        if !wild.is_empty() {
            return At { zone: Some(zone), entries: wild, exists: true };
        }
        if exists(parent) || !lookup::at(state, zone.id, parent).is_empty() {
            break;
        }
        below = parent;
    }
    At { zone: Some(zone), entries: Vec::new(), exists: false }
}

/// The zone that a name lies in: the one with the longest name, where several hold it.
pub(crate) fn zone_of<'a>(state: &'a State, name: &str) -> Option<&'a Zone> {
    let zones = state.world.zones.iter().filter(|zone| is_within(name, &zone.name));
    zones.max_by_key(|zone| zone.name.len())
}

/// Whether a name is another or lies below it.
pub(crate) fn is_within(name: &str, above: &str) -> bool {
    name.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The names that a name leads to by CNAMEs, itself first. What is proxied does not hide them.
pub(crate) fn chain(state: &State, name: &str) -> Vec<String> {
    let mut chain = vec![name.to_owned()];
    while chain.len() <= LONGEST_CHAIN
        && let Some(next) = chain.last().and_then(|last| cname(state, last))
        && !chain.contains(&next)
    {
        chain.push(next);
    }
    chain
}

/// The values of the TXT records at a name, its CNAME followed.
pub(crate) fn txt(state: &State, name: &str) -> Vec<String> {
    let Some(last) = chain(state, name).pop() else { return Vec::new() };
    let texts = at(state, &last).entries.into_iter().filter(|entry| entry.kind == "TXT");
    texts.map(|entry| strings(entry.content).concat()).collect()
}

/// Whether a foreign web server answers this body at an URL.
pub(crate) fn serves(state: &State, url: &str, body: &str) -> bool {
    state.foreign_dns.holds(url, HTTP, body)
}

/// Whether the mail for a name was answered.
pub(crate) fn approves(state: &State, name: &str) -> bool {
    state.foreign_dns.holds(name, EMAIL, "approved")
}

/// The strings of a TXT record: those in quotes, or else the whole content, in pieces that fit.
pub(crate) fn strings(content: &str) -> Vec<String> {
    const LONGEST: usize = 255;
    let whole = if content.trim_start().starts_with('"') { unquoted(content) } else { vec![content.to_owned()] };
    let mut pieces = Vec::new();
    for text in whole {
        let mut rest = text.as_str();
        loop {
            let cut = (0..=rest.len().min(LONGEST)).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(0);
            let (piece, after) = rest.split_at(cut);
            pieces.push(piece.to_owned());
            if after.is_empty() {
                break;
            }
            rest = after;
        }
    }
    pieces
}

fn unquoted(content: &str) -> Vec<String> {
    let (mut all, mut current, mut inside, mut escaped) = (Vec::new(), String::new(), false, false);
    for letter in content.chars() {
        match (letter, inside) {
            (_, true) if escaped => {
                current.push(letter);
                escaped = false;
            }
            ('\\', true) => escaped = true,
            ('"', true) => {
                all.push(std::mem::take(&mut current));
                inside = false;
            }
            ('"', false) => inside = true,
            (_, true) => current.push(letter),
            (_, false) => {}
        }
    }
    if inside {
        all.push(current);
    }
    all
}

fn cname(state: &State, name: &str) -> Option<String> {
    let found = at(state, name).entries.into_iter().find(|entry| entry.kind == "CNAME")?;
    Some(found.content.trim_end_matches('.').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_where_they_fit() {
        assert_eq!(strings("token"), ["token"]);
        assert_eq!(strings(r#""a b" "c\"d""#), ["a b", "c\"d"]);
        assert_eq!(strings(r#""open"#), ["open"]);
        let long = "é".repeat(200);
        let pieces = strings(&long);
        assert!(pieces.len() == 2 && pieces.iter().all(|piece| piece.len() <= 255) && pieces.concat() == long);
        assert_eq!(strings(""), [""]);
    }

    #[test]
    fn names_lie_within() {
        assert!(is_within("a.example.com", "example.com") && is_within("example.com", "example.com"));
        assert!(!is_within("notexample.com", "example.com") && !is_within("com", "example.com"));
    }
}
