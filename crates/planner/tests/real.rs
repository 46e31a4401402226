//! Plans for real operations, held against the policy engine and the checker.

use std::time::{Duration, Instant};

use flarekeep_catalogue::{AccountId, Operation, Rule, UserId, ZoneId, operation, operations};
use flarekeep_planner::{Choice, Impossibility, Need, Options, Plan, Target, candidates, plan, plan_document, verify};
use flarekeep_policy::{Cause, Grant, Owner, Policy, Token, UnixSeconds};
use proptest::prelude::*;
use proptest::sample::select;

const ACCOUNT: AccountId = AccountId::from_u128(0xa1);
const ZONES: [ZoneId; 3] = [ZoneId::from_u128(0x21), ZoneId::from_u128(0x22), ZoneId::from_u128(0x23)];
const USER: Owner = Owner::User(UserId::from_u128(0x41));
const OWNERS: [Owner; 2] = [USER, Owner::Account(ACCOUNT)];

/// The last of the zones stands for every zone of the account.
fn need_at(operation: &'static Operation, zone: ZoneId) -> Need {
    let every_zone = zone == ZONES[2];
    let bucket = operation.is_s3().then(|| format!("{ACCOUNT}_eu_site").parse().unwrap());
    let resource = Target { account: Some(ACCOUNT), zone: Some(zone).filter(|_| !every_zone), every_zone, bucket };
    Need { operation, resource, why: "test".to_owned(), origin: "test".to_owned() }
}

fn need(operation: &'static Operation) -> Need {
    need_at(operation, ZONES[0])
}

fn cause(owner: Owner, policies: Vec<Policy>, need: &Need) -> Cause {
    Token::unconditional(owner, policies).compile().decide(&need.request(owner, UnixSeconds(0))).cause
}

fn policy(choice: &Choice) -> Policy {
    Policy::allowing(Grant::Group(choice.group), choice.resource.clone())
}

fn labelled() -> Vec<&'static Operation> {
    operations().iter().filter(|operation| matches!(operation.rule, Rule::AnyOf | Rule::AllOf)).collect()
}

fn some_operations(most: usize) -> impl Strategy<Value = Vec<&'static Operation>> {
    // Half of the sets are about one product, where the same groups meet again and again.
    let products: Vec<&'static str> = labelled().iter().map(|operation| operation.product()).collect();
    let mixed = prop::collection::vec(select(labelled()), 1..most);
    let of_product =
        (select(products), prop::collection::vec(select(labelled()), 0..4)).prop_map(|(product, mut more)| {
            more.extend(labelled().into_iter().filter(|operation| operation.product() == product).take(20));
            more
        });
    prop_oneof![mixed, of_product]
}

fn check(needs: &[Need], options: &Options) -> Result<Plan, TestCaseError> {
    let plan = plan(needs, options);
    verify(needs, options, &plan).map_err(|faults| TestCaseError::fail(format!("{faults:?}\n{plan:#?}")))?;
    prop_assert!(plan.certificate.optimal);
    Ok(plan)
}

#[test]
fn each_candidate_alone_is_granted_by_the_engine() {
    for owner in OWNERS {
        for operation in labelled() {
            let need = need(operation);
            let Ok(choices) = candidates(&need, &Options::new(owner)) else { continue };
            match operation.rule {
                Rule::AllOf => {
                    let all = choices.iter().map(policy).collect();
                    assert_eq!(cause(owner, all, &need), Cause::Granted, "{operation}");
                }
                _ => {
                    for choice in &choices {
                        let granted = cause(owner, vec![policy(choice)], &need);
                        assert_eq!(granted, Cause::Granted, "{operation} by {choice}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_operation_is_met_or_said_not_to_be() {
    let needs: Vec<Need> = operations().iter().map(need).collect();
    for owner in OWNERS {
        let options = Options::new(owner);
        let plan = plan(&needs, &options);
        assert_eq!(verify(&needs, &options, &plan), Ok(()));
        assert!(plan.certificate.optimal);
        let reasons: Vec<Impossibility> = plan.impossible.iter().map(|entry| entry.reason).collect();
        assert!(owner != USER || reasons.iter().all(|reason| *reason == Impossibility::NoPlace), "{reasons:?}");
        assert!(owner == USER || reasons.contains(&Impossibility::UserGroups), "{reasons:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn all_needs_are_granted_and_no_grant_is_spare(operations in some_operations(40), owner in select(OWNERS.to_vec())) {
        let needs: Vec<Need> = operations.iter().map(|operation| need(operation)).collect();
        let plan = check(&needs, &Options::new(owner))?;
        let possible = |at: &usize| plan.impossible.iter().all(|entry| entry.need != *at);
        for at in (0..needs.len()).filter(possible) {
            prop_assert_eq!(cause(owner, plan.policies(), &needs[at]), Cause::Granted);
        }
        for spare in 0..plan.grants.len() {
            let mut less = plan.clone();
            less.grants.remove(spare);
            let refused = (0..needs.len()).filter(possible).any(|at| cause(owner, less.policies(), &needs[at]) != Cause::Granted);
            prop_assert!(refused, "{} is spare", plan.grants[spare].choice());
        }
    }

    #[test]
    fn several_zones_are_planned_together(
        calls in prop::collection::vec((select(labelled()), select(ZONES.to_vec())), 1..60),
        owner in select(OWNERS.to_vec()),
        prefer_published in any::<bool>(),
    ) {
        let needs: Vec<Need> = calls.into_iter().map(|(operation, zone)| need_at(operation, zone)).collect();
        check(&needs, &Options { prefer_published, ..Options::new(owner) })?;
    }

    #[test]
    fn neither_order_nor_repetition_matters(
        (operations, shuffled) in some_operations(30).prop_flat_map(|operations| (Just(operations.clone()), Just(operations).prop_shuffle())),
        twice in any::<bool>(),
    ) {
        let needs: Vec<Need> = operations.iter().map(|operation| need(operation)).collect();
        let mut others: Vec<Need> = shuffled.iter().map(|operation| need(operation)).collect();
        if twice {
            others.extend(needs.iter().cloned());
        }
        let options = Options::new(USER);
        let (one, other) = (plan(&needs, &options), plan(&others, &options));
        prop_assert_eq!(one.policies(), other.policies());
        prop_assert_eq!(one.weight, other.weight);
    }
}

/// `FLAREKEEP_CASES` sets the number of generated cases (docs/assurance.md).
fn cases() -> u32 {
    std::env::var("FLAREKEEP_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

#[test]
fn five_hundred_needs_are_planned_at_once() {
    let all = labelled();
    let step = all.len() / 500;
    let needs: Vec<Need> = all.iter().step_by(step).take(500).map(|operation| need(operation)).collect();
    assert_eq!(needs.len(), 500);
    let options = Options::new(USER);
    let start = Instant::now();
    let plan = plan(&needs, &options);
    let took = start.elapsed();
    assert_eq!(verify(&needs, &options, &plan), Ok(()));
    // The aim is 50 ms in release; a loaded machine and a debug build get their share.
    let limit = if cfg!(debug_assertions) { Duration::from_secs(5) } else { Duration::from_millis(250) };
    println!("500 needs: {took:?}, {} grants", plan.grants.len());
    assert!(took < limit, "{took:?}");
}

#[test]
fn many_zones_are_planned_at_once() {
    let calls = [
        "POST /zones/{zone_id}/dns_records",
        "GET /zones/{zone_id}",
        "GET /zones",
        "POST /zones/{zone_id}/purge_cache",
    ];
    let zones = (0..200).map(|zone| ZoneId::from_u128(0x1000 + zone));
    let needs: Vec<Need> = zones.flat_map(|zone| calls.map(|text| need_at(operation(text).unwrap(), zone))).collect();
    let start = Instant::now();
    let plan = plan(&needs, &Options::new(USER));
    println!("800 needs at 200 zones: {:?}, {} grants", start.elapsed(), plan.grants.len());
    assert!(plan.certificate.optimal);
    assert_eq!(plan.grants.len(), 600);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn the_largest_plan_reads_back_from_json() {
    let needs: Vec<Need> = operations().iter().map(need).collect();
    let document = plan_document(&plan(&needs, &Options::new(USER)));
    let text = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<flarekeep_planner::PlanDocument>(&text).unwrap(), document);
}
