//! The checker on plans that were tampered with.

use flarekeep_catalogue::{AccountId, UserId, ZoneId, recipe};
use flarekeep_policy::Owner;

use super::*;
use crate::need::{Target, needs_of_recipe};
use crate::plan::plan;
use crate::witness::Witness;

const TARGET: Target = Target {
    account: Some(AccountId::from_u128(0xa1)),
    zone: Some(ZoneId::from_u128(0x21)),
    every_zone: false,
    bucket: None,
};

fn question() -> (Vec<Need>, Options) {
    let owner = Owner::User(UserId::from_u128(0x41));
    let needs = needs_of_recipe(&recipe("saas-platform").unwrap(), &TARGET, owner).unwrap();
    (needs, Options::new(owner))
}

/// The faults of the platform's plan after `tamper`.
fn faults(tamper: impl FnOnce(&mut Plan)) -> Vec<Fault> {
    let (needs, options) = question();
    let mut plan = plan(&needs, &options);
    tamper(&mut plan);
    verify(&needs, &options, &plan).err().unwrap_or_default()
}

fn amounts(plan: &mut Plan) -> &mut Vec<crate::witness::Amount<Demand>> {
    let Witness::Packing { amounts, .. } = &mut plan.certificate.witness else { panic!("a packing") };
    amounts
}

#[test]
fn a_plan_as_it_was_made_is_accepted() {
    assert_eq!(faults(|_| {}), []);
}

#[test]
fn a_lower_weight_is_refused() {
    let found = faults(|plan| plan.weight -= 1);
    assert!(matches!(found[0], Fault::Weight { .. }), "{found:?}");
    let found = faults(|plan| {
        plan.grants[0].weight -= 1;
        plan.weight -= 1;
        plan.certificate.bound -= 1;
    });
    assert!(matches!(found[0], Fault::GrantWeight { .. }), "{found:?}");
}

#[test]
fn a_missing_grant_and_a_missing_need_are_refused() {
    let found = faults(|plan| {
        plan.grants.remove(0);
    });
    assert!(found.iter().any(|fault| matches!(fault, Fault::NotGranted { .. })), "{found:?}");
    assert!(found.iter().any(|fault| matches!(fault, Fault::Unmet { .. })), "{found:?}");
    assert_eq!(faults(|plan| plan.needs.truncate(3)), [Fault::OtherQuestion]);
    let found = faults(|plan| plan.free.clear());
    assert!(matches!(found[..], [Fault::Listed { list: "free", .. }, ..]), "{found:?}");
}

#[test]
fn a_spare_grant_is_refused() {
    let found = faults(|plan| {
        let other = crate::candidates(&plan.needs[4], &Options::new(plan.owner)).unwrap();
        let spare = other.into_iter().find(|choice| choice.group.name == "DNS Read").unwrap();
        let mut grant = plan.grants[0].clone();
        (grant.group, grant.resource) = (spare.group, spare.resource);
        plan.grants.push(grant);
    });
    assert!(found.iter().any(|fault| matches!(fault, Fault::Spare { .. })), "{found:?}");
}

#[test]
fn a_wrong_packing_is_refused() {
    let found = faults(|plan| amounts(plan)[0].amount += 1);
    assert!(matches!(found[..], [Fault::Witness(WitnessFault::Overpacked { .. })]), "{found:?}");
    let found = faults(|plan| {
        amounts(plan).remove(0);
    });
    assert!(matches!(found[..], [Fault::Witness(WitnessFault::Sum { .. })]), "{found:?}");
    let found = faults(|plan| amounts(plan)[0].need.need = 999);
    assert_eq!(found, [Fault::Witness(WitnessFault::Unknown)]);
    let found = faults(|plan| plan.certificate.bound += 1);
    assert!(found.contains(&Fault::Bound { stated: found_bound() + 1, proved: found_bound() }), "{found:?}");
}

fn found_bound() -> u64 {
    let (needs, options) = question();
    plan(&needs, &options).certificate.bound
}
