//! The plan: the policies that meet all the needs with the least reach.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{Group, Operation};
use flarekeep_policy::{Effect, Owner, Policy, Resource};

use crate::candidate::{Choice, Impossibility};
use crate::need::Need;
use crate::options::Options;
use crate::policies::canonical;
use crate::problem::Problem;
use crate::solve::{Solution, solve};
use crate::witness::{Demand, Witness};

/// The policies that meet all the needs with the least reach, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The needs, as given. Everything below names a need by its position here.
    pub needs: Vec<Need>,
    /// Who will own the token.
    pub owner: Owner,
    /// What is granted, in the order of [`Choice`].
    pub grants: Vec<Grant>,
    /// The needs that any valid token meets.
    pub free: Vec<usize>,
    /// The needs of which nobody has published what meets them: the plan may or may not do.
    pub unproven: Vec<usize>,
    /// The needs that no grant meets.
    pub impossible: Vec<Impossible>,
    /// The weight of the grants together.
    pub weight: u64,
    /// Why no choice weighs less.
    pub certificate: Certificate,
}

/// One permission group at one resource, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The group.
    pub group: &'static Group,
    /// The resource, of the group's own scope.
    pub resource: Resource,
    /// The needs that it meets.
    pub needs: Vec<usize>,
    /// Those that no other grant of the plan meets: never empty. A need that needs several groups is met by each for
    /// its part.
    pub sole: Vec<usize>,
    /// Whether it rests on inference: the group's id or scope is not published, or what every need here accepts is
    /// only inferred.
    pub inferred: bool,
    /// Its weight.
    pub weight: u64,
}

/// A need that nothing meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impossible {
    /// The need.
    pub need: usize,
    /// Why.
    pub reason: Impossibility,
}

/// Why no choice of grants weighs less; [`Grant::sole`] says why none can be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// What every choice weighs at least.
    pub bound: u64,
    /// Whether the plan weighs just that. Where it does not, the search was cut short, and the plan is sound but perhaps
    /// not the smallest.
    pub optimal: bool,
    /// The proof of the bound.
    pub witness: Witness<Demand, Choice>,
}

/// Makes the plan for these needs. It depends neither on their order nor on how often one is given.
#[must_use]
pub fn plan(needs: &[Need], options: &Options) -> Plan {
    let problem = Problem::new(needs, options);
    let solution = solve(&problem.instance(), options.node_budget);
    // INVARIANT: every row comes from a need with a candidate, so that there is a solution, and its names are known.
    let nothing = || Solution { chosen: Vec::new(), weight: 0, bound: 0, witness: no_proof() };
    let Solution { chosen, weight, bound, witness } = solution.unwrap_or_else(nothing);
    let witness = named(&witness, &problem, needs).unwrap_or_else(no_proof);
    let grants = grants(needs, &problem, &chosen);
    let impossible = problem.impossible.into_iter().map(|(need, reason)| Impossible { need, reason }).collect();
    Plan {
        needs: needs.to_vec(),
        owner: options.owner,
        grants,
        free: problem.free,
        unproven: problem.unproven,
        impossible,
        weight,
        certificate: Certificate { bound, optimal: bound == weight, witness },
    }
}

impl Plan {
    /// The policies, in [canonical](canonical) form.
    #[must_use]
    pub fn policies(&self) -> Vec<Policy> {
        let one = |grant: &Grant| Policy {
            effect: Effect::Allow,
            resources: vec![grant.resource.clone()],
            groups: vec![flarekeep_policy::Grant::Group(grant.group)],
        };
        canonical(&self.grants.iter().map(one).collect::<Vec<_>>())
    }

    /// The lightest grant that meets a need of this operation: what to add to a token that lacks it.
    #[must_use]
    pub fn grant_for(&self, operation: &Operation) -> Option<&Grant> {
        let calls = |need: &usize| self.needs.get(*need).is_some_and(|need| need.operation == operation);
        self.grants.iter().filter(|grant| grant.needs.iter().any(calls)).min_by_key(|grant| grant.weight)
    }

    /// The needs that the plan claims to meet though nobody has published what meets them: the groups of their operation
    /// are inferred, and [`Operation::basis`] says from what. One of them may fail under the plan, whether or not a
    /// grant is there for it alone.
    #[must_use]
    pub fn inferred_needs(&self) -> Vec<usize> {
        let impossible = |at: usize| self.impossible.iter().any(|entry| entry.need == at);
        let inferred = |(at, need): (usize, &Need)| need.operation.provenance.is_inferred() && !impossible(at);
        self.needs.iter().enumerate().filter(|entry| inferred(*entry)).map(|(at, _)| at).collect()
    }

    /// Whether the plan meets every need, as far as the catalogue's lists are right; [`Plan::inferred_needs`] says where
    /// they are only inferred.
    #[must_use]
    pub fn meets_all(&self) -> bool {
        self.unproven.is_empty() && self.impossible.is_empty()
    }
}

impl Grant {
    /// The group at the resource.
    #[must_use]
    pub fn choice(&self) -> Choice {
        Choice { group: self.group, resource: self.resource.clone() }
    }
}

fn no_proof<N, G>() -> Witness<N, G> {
    Witness::Packing { amounts: Vec::new(), bound: 0 }
}

fn named(witness: &Witness<usize, usize>, problem: &Problem, needs: &[Need]) -> Option<Witness<Demand, Choice>> {
    witness.try_map(&|row| problem.rows.get(*row).and_then(|row| row.demand(needs)), &|column| {
        problem.choices.get(*column).cloned()
    })
}

fn grants(needs: &[Need], problem: &Problem, chosen: &[usize]) -> Vec<Grant> {
    // For each chosen column the needs that it meets, and those that no other meets.
    let mut met: BTreeMap<usize, (BTreeSet<usize>, BTreeSet<usize>)> = BTreeMap::new();
    let chosen: BTreeSet<usize> = chosen.iter().copied().collect();
    met.extend(chosen.iter().map(|column| (*column, Default::default())));
    for row in &problem.rows {
        let hits: Vec<usize> = row.columns.iter().copied().filter(|column| chosen.contains(column)).collect();
        for column in &hits {
            let Some((meets, sole)) = met.get_mut(column) else { continue };
            let needs = row.demands.iter().map(|demand| demand.need);
            meets.extend(needs.clone());
            if hits.len() == 1 {
                sole.extend(needs);
            }
        }
    }
    let inferred = |need: &usize| needs.get(*need).is_some_and(|need| need.operation.provenance.is_inferred());
    met.into_iter()
        .filter_map(|(column, (meets, sole))| {
            let choice = problem.choices.get(column)?;
            Some(Grant {
                group: choice.group,
                resource: choice.resource.clone(),
                inferred: choice.group.id.is_none() || meets.iter().all(inferred),
                needs: meets.into_iter().collect(),
                sole: sole.into_iter().collect(),
                weight: problem.weights.get(column).copied().unwrap_or_default(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::{AccountId, UserId, ZoneId, operation, recipe};
    use flarekeep_policy::BucketKey;

    use super::*;
    use crate::need::{Target, needs_of_recipe};

    const ACCOUNT: AccountId = AccountId::from_u128(0xa1);
    const ZONE: ZoneId = ZoneId::from_u128(0x21);
    const USER: Owner = Owner::User(UserId::from_u128(0x41));

    fn need(text: &str) -> Need {
        let operation = operation(text).unwrap();
        let resource = Target { account: Some(ACCOUNT), zone: Some(ZONE), ..Target::default() };
        Need { operation, resource, why: String::new(), origin: String::new() }
    }

    fn planned_at(owner: Owner, operations: &[&str], resource: &Target) -> Plan {
        let needs = operations.iter().map(|text| Need { resource: resource.clone(), ..need(text) });
        plan(&needs.collect::<Vec<_>>(), &Options::new(owner))
    }

    fn planned(owner: Owner, operations: &[&str]) -> Plan {
        let needs: Vec<Need> = operations.iter().map(|text| need(text)).collect();
        plan(&needs, &Options::new(owner))
    }

    fn names(plan: &Plan) -> Vec<String> {
        plan.grants.iter().map(|grant| format!("{}: {}", grant.resource.scope(), grant.group.name)).collect()
    }

    #[test]
    fn the_platform_needs_seven_groups() {
        let target = Target { account: Some(ACCOUNT), zone: Some(ZONE), ..Target::default() };
        let needs = needs_of_recipe(&recipe("saas-platform").unwrap(), &target, USER).unwrap();
        let plan = plan(&needs, &Options::new(USER));
        let expected = [
            "account: Workers KV Storage Write",
            "account: Workers R2 Storage Write",
            "account: Workers Scripts Write",
            "zone: DNS Write",
            "zone: SSL and Certificates Write",
            "zone: Workers Routes Write",
            "zone: Zone Read",
        ];
        assert_eq!(names(&plan), expected);
        assert!(plan.meets_all() && plan.certificate.optimal);
        assert_eq!(plan.free.len(), 2);
        let policies = plan.policies();
        assert_eq!(policies.len(), 2);
        assert_eq!(policies[0].resources, [Resource::Account(ACCOUNT)]);
        assert_eq!(policies[1].groups.len(), 4);
        let grant = plan.grant_for(operation("GET /zones/{zone_id}/dns_records").unwrap()).unwrap();
        assert_eq!(grant.group.name, "DNS Write");
    }

    #[test]
    fn a_read_is_met_by_a_read_and_no_group_that_mints_is_taken_for_it() {
        let plan = planned(USER, &["GET /accounts/{account_id}/members", "GET /zones/{zone_id}/dns_records"]);
        assert_eq!(names(&plan), ["account: Account Settings Read", "zone: DNS Read"]);
    }

    #[test]
    fn every_group_is_granted_where_all_are_needed() {
        let plan = planned(USER, &["POST /accounts/{account_id}/dls/regional_services/prefix_bindings"]);
        assert_eq!(names(&plan), ["account: DLS: Write", "account: IP Prefixes: Write"]);
        assert!(plan.grants[0].inferred && !plan.grants[1].inferred);
        assert!(plan.grants.iter().all(|grant| grant.sole == [0]));
    }

    #[test]
    fn what_nobody_knows_and_what_cannot_be_is_said() {
        let operations = ["POST /accounts", "POST /user/tokens", "GET /user/tokens/verify"];
        let plan = planned(Owner::Account(ACCOUNT), &operations);
        assert_eq!(plan.unproven, [0]);
        assert_eq!(plan.impossible, [Impossible { need: 1, reason: Impossibility::UserGroups }]);
        assert_eq!(plan.free, [2]);
        assert!(plan.grants.is_empty() && !plan.meets_all() && plan.certificate.optimal);
        let elsewhere = planned(Owner::Account(AccountId::from_u128(0xa2)), &["GET /zones/{zone_id}/dns_records"]);
        assert_eq!(elsewhere.impossible[0].reason, Impossibility::OutsideOwner);
    }

    #[test]
    fn a_zone_is_made_under_all_zones_and_that_grant_meets_what_it_can() {
        let plan = planned(USER, &["POST /zones", "PATCH /zones/{zone_id}"]);
        assert_eq!(plan.grants.len(), 1);
        assert_eq!(plan.grants[0].resource, Resource::AllZonesOf(ACCOUNT));
        assert_eq!((plan.grants[0].group.name, plan.grants[0].needs.len()), ("Zone Write", 2));
    }

    #[test]
    fn work_on_every_zone_is_granted_at_all_zones_of_the_account() {
        let resource = Target { account: Some(ACCOUNT), every_zone: true, ..Target::default() };
        let plan = planned_at(USER, &["GET /zones", "POST /zones/{zone_id}/dns_records"], &resource);
        let grants: Vec<_> = plan.grants.iter().map(|grant| (grant.group.name, &grant.resource)).collect();
        assert_eq!(
            grants,
            [("DNS Write", &Resource::AllZonesOf(ACCOUNT)), ("Zone Read", &Resource::AllZonesOf(ACCOUNT))]
        );
    }

    #[test]
    fn objects_are_granted_at_their_bucket_and_buckets_at_the_account() {
        let bucket: BucketKey = format!("{ACCOUNT}_default_site").parse().unwrap();
        let resource = Target { account: Some(ACCOUNT), bucket: Some(bucket.clone()), ..Target::default() };
        let objects = ["GET s3://{bucket_name}?list-type=2", "PUT s3://{bucket_name}/{object_key}"];
        let plan = planned_at(USER, &objects, &resource);
        assert_eq!(plan.grants.len(), 1);
        assert_eq!(plan.grants[0].group.name, "Workers R2 Storage Bucket Item Write");
        assert_eq!(plan.grants[0].resource, Resource::Bucket(bucket));
        let plan = planned_at(USER, &["PUT s3://{bucket_name}", objects[0], objects[1]], &resource);
        assert_eq!(names(&plan), ["account: Workers R2 Storage Write"]);
        let nowhere = planned(USER, &objects[..1]);
        assert_eq!(names(&nowhere), ["account: Workers R2 Storage Read"]);
    }

    #[test]
    fn the_order_of_the_needs_does_not_matter() {
        let operations = [
            "GET /zones/{zone_id}",
            "GET /zones",
            "GET /accounts/{account_id}",
            "PATCH /zones/{zone_id}/dnssec",
            "GET /zones",
        ];
        let forth = planned(USER, &operations[..4]);
        let back: Vec<&str> = operations.iter().rev().copied().collect();
        assert_eq!(names(&forth), names(&planned(USER, &back)));
    }

    #[test]
    fn an_inferred_need_is_named_even_where_another_forces_its_grant() {
        // The group is there for the bucket anyway; that it meets the object's need is a guess all the same.
        let object = "PUT /accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}";
        let plan = planned(USER, &["POST /accounts/{account_id}/r2/buckets", object]);
        assert_eq!(names(&plan), ["account: Workers R2 Storage Write"]);
        assert!(!plan.grants[0].inferred && plan.grants[0].needs == [0, 1]);
        assert_eq!(plan.inferred_needs(), [1]);
        assert!(plan.meets_all());
        assert!(plan.needs[1].operation.basis().is_some() && plan.needs[0].operation.basis().is_none());
        let published = planned(USER, &["POST /accounts/{account_id}/r2/buckets"]);
        assert!(published.inferred_needs().is_empty());
    }

    #[test]
    fn a_need_that_nothing_meets_rests_on_nothing() {
        let operation = "PUT /accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}";
        let plan = planned(Owner::Account(AccountId::from_u128(0xa2)), &[operation]);
        assert!(plan.needs[0].operation.provenance.is_inferred() && plan.impossible.len() == 1);
        assert!(plan.inferred_needs().is_empty());
    }

    #[test]
    fn a_group_without_a_published_id_is_taken_only_where_nothing_else_does() {
        let read = planned(USER, &["GET /accounts/{account_id}/flagship/apps"]);
        assert!(read.grants.iter().all(|grant| grant.inferred && grant.group.id.is_none()));
        assert_eq!(read.grants.len(), 1);
    }
}
