//! How much a plan reaches, in numbers for people.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{Operation, Rule};
use flarekeep_policy::Resource;

use crate::plan::Plan;

/// What a plan's token may call: an operation counts once for each resource at which it is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reached {
    /// Operations that may change something.
    pub writes: usize,
    /// Operations that only read.
    pub reads: usize,
}

/// Counts what the grants of a plan open, as far as it is known which groups an operation accepts.
#[must_use]
pub fn reached(plan: &Plan) -> Reached {
    let mut held: BTreeMap<&Resource, BTreeSet<u16>> = BTreeMap::new();
    for grant in &plan.grants {
        held.entry(&grant.resource).or_default().insert(grant.group.index);
    }
    let mut open: BTreeSet<(u16, &Resource)> = BTreeSet::new();
    let mut found = Reached::default();
    for grant in &plan.grants {
        let groups = held.get(&grant.resource);
        let has_all = |operation: &Operation| {
            operation.accepts().all(|group| groups.is_some_and(|groups| groups.contains(&group.index)))
        };
        for operation in grant.group.operations() {
            let in_zone = matches!(grant.resource, Resource::Zone(_) | Resource::ZoneOf(..));
            let effective = !(in_zone && (operation.names_account() || operation.makes_zone()))
                && (operation.rule != Rule::AllOf || has_all(operation));
            if effective && open.insert((operation.index, &grant.resource)) {
                match operation.mutates() {
                    true => found.writes += 1,
                    false => found.reads += 1,
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::{AccountId, UserId, ZoneId, operation, resolve};
    use flarekeep_policy::Owner;

    use super::*;
    use crate::need::{Need, Target};
    use crate::options::Options;
    use crate::plan::plan;

    fn of(operations: &[&str], zones: &[u128]) -> Reached {
        let needs: Vec<Need> = operations
            .iter()
            .flat_map(|text| {
                zones.iter().map(|zone| Need {
                    operation: operation(text).unwrap(),
                    resource: Target {
                        account: Some(AccountId::from_u128(0xa1)),
                        zone: Some(ZoneId::from_u128(*zone)),
                        ..Target::default()
                    },
                    why: String::new(),
                    origin: String::new(),
                })
            })
            .collect();
        reached(&plan(&needs, &Options::new(Owner::User(UserId::from_u128(0x41)))))
    }

    #[test]
    fn an_operation_counts_at_each_resource_and_once_for_all_of_its_groups() {
        let one = of(&["POST /zones/{zone_id}/dns_records"], &[1]);
        let known = resolve("DNS Write").unwrap().0.operations().filter(|operation| operation.mutates()).count();
        assert!(one.writes > 0 && one.writes <= known, "{one:?}");
        let two = of(&["POST /zones/{zone_id}/dns_records"], &[1, 2]);
        assert_eq!((two.writes, two.reads), (2 * one.writes, 2 * one.reads));
        assert_eq!(of(&["GET /user/tokens/verify"], &[1]), Reached::default());
        let both = of(&["POST /accounts/{account_id}/dls/regional_services/prefix_bindings"], &[1]);
        assert!(both.writes >= 1);
    }
}
