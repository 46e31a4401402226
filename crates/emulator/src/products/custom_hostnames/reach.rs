//! Which custom hostnames a change of DNS can concern, so that a write does not look at ten thousand others.
//!
//! More may be found than are concerned, never fewer.

use std::collections::BTreeSet;

use crate::dns::{foreign, names};
use crate::products::dns_records::lookup;
use crate::state::State;

/// Whoever changes more names than this is in no hurry.
const MOST: usize = 256;

/// Names, for each of which all that lies below it is concerned too: as an authority's leave holds below it.
#[derive(Debug)]
pub(super) struct Reach(BTreeSet<String>);

impl Reach {
    /// The names that a write changed, and all that lead to them. None where anything may be concerned.
    pub(super) fn of(before: &State, after: &State) -> Option<Self> {
        if before.world.zones != after.world.zones {
            return None;
        }
        let mut new = lookup::changed(&before.dns_records, &after.dns_records, MOST)?;
        new.extend(foreign::Table::changed(&before.foreign_dns, &after.foreign_dns).take(MOST + 1).map(host));
        let mut all = BTreeSet::new();
        while let Some(name) = new.pop() {
            if all.contains(&name) {
                continue;
            }
            // A wildcard answers for names that no record has, until a record stands in its way.
            let zone = names::zone_of(before, &name).map(|zone| zone.id);
            let wild = |state| zone.is_some_and(|zone| lookup::has_wildcards(state, zone));
            if all.len() == MOST || wild(before) || wild(after) {
                return None;
            }
            for state in [before, after] {
                new.extend(lookup::aliases_of(state, &name));
                new.extend(state.foreign_dns.aliases_of(&name).map(ToOwned::to_owned));
            }
            all.insert(name);
        }
        // Records of their own names say who owns a hostname: `_acme-challenge.`, `_cf-custom-hostname.`.
        let above = |name: &String| name.strip_prefix('_')?.split_once('.').map(|(_, rest)| rest.to_owned());
        let bases: Vec<String> = all.iter().filter_map(above).collect();
        all.extend(bases);
        Some(Self(all))
    }

    /// Whether a hostname, without its wildcard, may be concerned.
    pub(super) fn concerns(&self, base: &str) -> bool {
        let mut above = std::iter::successors(Some(base), |name| Some(name.split_once('.')?.1));
        above.any(|name| self.0.contains(name))
    }
}

/// The name in a URL, or the name itself.
fn host(name: &str) -> String {
    let rest = name.strip_prefix("http://").unwrap_or(name);
    rest.split('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dns::foreign::{Foreign, HTTP};
    use crate::products::dns_records::lookup::tests::put;
    use crate::world::World;

    const BASES: [&str; 5] = ["shop.test", "a.shop.test", "b.example.com", "a.b.example.com", "other.test"];
    const NAMES: [&str; 12] = [
        "shop.test",
        "a.shop.test",
        "_acme-challenge.a.shop.test",
        "_cf-custom-hostname.shop.test",
        "other.test",
        "b.example.com",
        "a.b.example.com",
        "_acme-challenge.b.example.com",
        "c.example.com",
        "d.example.com",
        "*.example.com",
        "*.b.example.com",
    ];

    /// A kind, a name and what a CNAME leads to, with a number that tells records of a kind apart.
    type Step = (usize, usize, usize, u64);

    fn step() -> impl Strategy<Value = Step> {
        (0..4_usize, 0..NAMES.len(), 0..NAMES.len() - 2, 0..8_u64)
    }

    fn change(state: &mut State, (kind, name, target, number): Step) {
        let zone = state.world.zones.iter().next().map(|zone| (zone.id, zone.name.clone())).unwrap();
        let content = match ["CNAME", "TXT", "CAA", HTTP][kind] {
            "CNAME" => NAMES[target].to_owned(),
            "CAA" => format!("0 issue \"{number}.test\""),
            _ => number.to_string(),
        };
        let (kind, name) = (["CNAME", "TXT", "CAA", HTTP][kind], NAMES[name]);
        if kind == HTTP {
            let url = format!("http://{name}/.well-known/cf-custom-hostname-challenge/x");
            state.foreign_dns.insert(&url, Foreign { kind: kind.to_owned(), content });
        } else if name.ends_with("example.com") {
            put(state, (zone.0, &zone.1), number, (kind, name, &content));
        } else if number == 0 {
            state.foreign_dns.remove(name, None, None);
        } else {
            state.foreign_dns.insert(name, Foreign { kind: kind.to_owned(), content });
        }
    }

    /// All that can be looked up for a hostname.
    fn facts(state: &State, base: &str) -> String {
        let own = [base.to_owned(), format!("_acme-challenge.{base}"), format!("_cf-custom-hostname.{base}")];
        let above = std::iter::successors(Some(base), |name| Some(name.split_once('.')?.1)).map(ToOwned::to_owned);
        let mut facts = String::new();
        for name in own.into_iter().chain(above) {
            for link in names::chain(state, &name) {
                let entries = names::at(state, &link).entries;
                let held: Vec<String> =
                    entries.iter().map(|entry| format!("{} {}", entry.kind, entry.content)).collect();
                facts += &format!("{link}: {held:?}\n");
            }
        }
        let url = format!("http://{base}/.well-known/cf-custom-hostname-challenge/x");
        let served = state.foreign_dns.all().filter(|(name, _)| *name == url).map(|(_, record)| record.content.clone());
        facts + &served.collect::<Vec<_>>().join(" ")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn whose_facts_changed_is_concerned(
            first in proptest::collection::vec(step(), 0..8),
            then in proptest::collection::vec(step(), 1..3),
        ) {
            let mut before = State::new(World::generated());
            for one in first {
                change(&mut before, one);
            }
            let mut after = before.clone();
            for one in then {
                change(&mut after, one);
            }
            let reach = Reach::of(&before, &after);
            for base in BASES {
                let concerned = reach.as_ref().is_none_or(|reach| reach.concerns(base));
                prop_assert!(concerned || facts(&before, base) == facts(&after, base), "{base} {reach:?}");
            }
        }
    }

    #[test]
    fn others_are_not_concerned() {
        let before = State::new(World::generated());
        let mut after = before.clone();
        change(&mut after, (1, 5, 0, 1));
        let reach = Reach::of(&before, &after).unwrap();
        assert!(reach.concerns("b.example.com") && reach.concerns("a.b.example.com"));
        assert!(!reach.concerns("c.example.com") && !reach.concerns("shop.test"));
    }
}
