//! Policies in their one canonical form.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_policy::{Effect, Grant, Policy, Resource};

/// The same policies in canonical form: each group stands in one policy of an effect, with all of its resources, and
/// groups that stand at the same resources share one.
///
/// Under the first half of the rule no fewer policies would do, since a policy grants each of its groups at each of its
/// resources. Nothing is granted that was not granted before. Policies that allow come first, then by resource (users,
/// accounts, zones, buckets), groups by name.
#[must_use]
pub fn canonical(policies: &[Policy]) -> Vec<Policy> {
    let mut by_group: BTreeMap<(bool, GroupKey), (Grant, BTreeSet<Resource>)> = BTreeMap::new();
    for policy in policies {
        for grant in &policy.groups {
            let key = (policy.effect == Effect::Deny, group_key(grant));
            let (_, resources) = by_group.entry(key).or_insert_with(|| (*grant, BTreeSet::new()));
            resources.extend(policy.resources.iter().cloned());
        }
    }
    let mut by_resources: BTreeMap<(bool, BTreeSet<Resource>), Vec<Grant>> = BTreeMap::new();
    for ((denies, _), (grant, resources)) in by_group {
        if !resources.is_empty() {
            by_resources.entry((denies, resources)).or_default().push(grant);
        }
    }
    by_resources
        .into_iter()
        .map(|((denies, resources), groups)| Policy {
            effect: if denies { Effect::Deny } else { Effect::Allow },
            resources: resources.into_iter().collect(),
            groups,
        })
        .collect()
}

/// By name; what is known by its id alone comes last, by that.
type GroupKey = (bool, String);

fn group_key(grant: &Grant) -> GroupKey {
    match grant {
        Grant::Group(group) => (false, format!("{}\0{:05}", group.name, group.index)),
        Grant::Named(group, id) => (false, format!("{}\0{:05}\0{id}", group.name, group.index)),
        Grant::Unknown(id) => (true, id.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::{ZoneId, resolve};
    use proptest::prelude::*;

    use super::*;

    fn zone(number: u128) -> Resource {
        Resource::Zone(ZoneId::from_u128(number))
    }

    fn group(name: &str) -> Grant {
        Grant::Group(resolve(name).unwrap().0)
    }

    fn policy(groups: &[&str], zones: &[u128]) -> Policy {
        Policy {
            effect: Effect::Allow,
            resources: zones.iter().map(|number| zone(*number)).collect(),
            groups: groups.iter().map(|name| group(name)).collect(),
        }
    }

    #[test]
    fn groups_at_the_same_resources_share_a_policy() {
        let each = [3, 1, 2].map(|number| policy(&["Zone Read", "DNS Write"], &[number]));
        assert_eq!(canonical(&each), [policy(&["DNS Write", "Zone Read"], &[1, 2, 3])]);
        let one_more = [&each[..], &[policy(&["Cache Purge"], &[1])]].concat();
        assert_eq!(
            canonical(&one_more),
            [policy(&["Cache Purge"], &[1]), policy(&["DNS Write", "Zone Read"], &[1, 2, 3])]
        );
        assert_eq!(canonical(&[policy(&[], &[1]), policy(&["DNS Write"], &[])]), []);
        let denied = Policy { effect: Effect::Deny, ..policy(&["DNS Write"], &[1]) };
        let both = canonical(&[denied.clone(), policy(&["DNS Write"], &[1])]);
        assert_eq!(both, [policy(&["DNS Write"], &[1]), denied]);
    }

    const NAMES: [&str; 4] = ["Zone Read", "DNS Write", "Cache Purge", "Zone Settings Read"];

    fn policies() -> impl Strategy<Value = Vec<Policy>> {
        let groups = prop::sample::subsequence(NAMES.to_vec(), 0..=4);
        let zones = prop::sample::subsequence(vec![1u128, 2, 3, 4], 0..=4);
        let one = (groups, zones, any::<bool>()).prop_map(|(groups, zones, denies)| Policy {
            effect: if denies { Effect::Deny } else { Effect::Allow },
            ..policy(&groups, &zones)
        });
        prop::collection::vec(one, 0..6)
    }

    /// What policies say, one group at one resource at a time.
    fn pairs(policies: &[Policy]) -> BTreeSet<(bool, GroupKey, Resource)> {
        let mut pairs = BTreeSet::new();
        for policy in policies {
            for grant in &policy.groups {
                for resource in &policy.resources {
                    pairs.insert((policy.effect == Effect::Deny, group_key(grant), resource.clone()));
                }
            }
        }
        pairs
    }

    proptest! {
        #[test]
        fn nothing_is_granted_more_or_less_and_the_order_does_not_count(given in policies()) {
            let form = canonical(&given);
            prop_assert_eq!(pairs(&form), pairs(&given));
            let reversed: Vec<Policy> = given.iter().rev().cloned().collect();
            prop_assert_eq!(canonical(&reversed), form.clone());
            prop_assert_eq!(canonical(&form), form.clone());
            // Each group once for an effect, and no two policies of an effect at the same resources.
            let groups: Vec<_> = form.iter().flat_map(|p| p.groups.iter().map(move |g| (p.effect == Effect::Deny, group_key(g)))).collect();
            prop_assert_eq!(groups.iter().collect::<BTreeSet<_>>().len(), groups.len());
            let places: BTreeSet<_> = form.iter().map(|p| (p.effect == Effect::Deny, p.resources.clone())).collect();
            prop_assert_eq!(places.len(), form.len());
        }
    }
}
