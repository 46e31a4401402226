//! What a name holds: the records of the zone that it lies in, wildcards included, or else those of a foreign name.

use crate::dns::foreign::{EMAIL, HTTP};
use crate::products::dns_records::lookup::{self, Entry};
use crate::products::dns_records::quoted_texts;
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
    let mut names = std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, above)| above));
    names.find_map(|name| state.world.zones.named(name))
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

/// The strings of a TXT record: those in quotes, where there is nothing else, or else the whole content, in pieces that fit.
pub(crate) fn strings(content: &str) -> Vec<String> {
    const LONGEST: usize = 255;
    let whole = quoted_texts(content).unwrap_or_else(|| vec![content.to_owned()]);
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
        assert_eq!(strings(r#""open"#), ["\"open"], "no text in quotes: it is what it says");
        assert_eq!(strings(r#""a" b"#), [r#""a" b"#]);
        assert_eq!(strings(r#""a\010\195\169""#), ["a\né"]);
        let long = "é".repeat(200);
        let pieces = strings(&long);
        assert!(pieces.len() == 2 && pieces.iter().all(|piece| piece.len() <= 255) && pieces.concat() == long);
        assert_eq!(strings(""), [""]);
    }

    #[test]
    fn the_zone_with_the_longest_name_has_a_name() {
        let mut state = State::new(crate::world::World::generated());
        let above = state.world.zones.iter().next().unwrap().clone();
        let id = flarekeep_catalogue::ZoneId::from_u128(7);
        state.world_mut().zones.insert(Zone { id, name: "shop.example.com".to_owned(), ..above });
        let zone = |name| zone_of(&state, name).map(|zone| zone.name.as_str());
        assert_eq!(zone("a.b.shop.example.com"), Some("shop.example.com"));
        assert_eq!(zone("shop.example.com"), Some("shop.example.com"));
        assert_eq!(zone("myshop.example.com"), Some("example.com"));
        assert_eq!((zone("notexample.com"), zone("com"), zone("")), (None, None, None));
    }

    #[test]
    fn names_lie_within() {
        assert!(is_within("a.example.com", "example.com") && is_within("example.com", "example.com"));
        assert!(!is_within("notexample.com", "example.com") && !is_within("com", "example.com"));
    }
}
