//! `many-purposes`.

use flarekeep_catalogue::recipe;
use flarekeep_planner::{Options, Target, needs_of_recipe, plan, policy_documents};
use flarekeep_policy::Owner;
use serde_json::json;

use crate::common::{ACCOUNT, ZONE, account_policy, none, one, zone_policy};

#[test]
fn groups_of_many_kinds_are_found() {
    let policies = json!([
        account_policy(&[
            "Stream Write",
            "Access: Apps and Policies Write@account",
            "Account Settings Write",
            "D1 Write"
        ]),
        zone_policy(&["DNS Write", "Cache Purge"]),
    ]);
    let found = one("many-purposes", json!({"policies": policies}));
    assert!(found.summary.starts_with("it may change things of 6 kinds: "), "{}", found.summary);
    assert_eq!(found.details.len(), 6);
}

#[test]
fn the_work_of_a_recipe_is_one_purpose() {
    let recipe = recipe("saas-platform").unwrap();
    let target = Target { account: ACCOUNT.parse().ok(), zone: ZONE.parse().ok(), ..Target::default() };
    let owner = Owner::Account(ACCOUNT.parse().unwrap());
    let plan = plan(&needs_of_recipe(&recipe, &target, owner).unwrap(), &Options::new(owner));
    let policies = serde_json::to_value(plan.policies().iter().flat_map(policy_documents).collect::<Vec<_>>()).unwrap();
    none("many-purposes", json!({"policies": policies}));
}

#[test]
fn few_kinds_and_many_reads_are_not() {
    none("many-purposes", json!({}));
    let reads = [
        "Stream Read",
        "Access: Apps and Policies Read@account",
        "Account Settings Read",
        "D1 Read",
        "Workers Scripts Read",
    ];
    none("many-purposes", json!({"policies": [account_policy(&reads)]}));
}

#[test]
fn what_grants_nothing_and_what_is_denied_is_no_purpose() {
    let groups = ["Stream Write", "Access: Apps and Policies Write@account", "D1 Write", "Queues Write"];
    let zone = ["DNS Write", "Cache Purge"];
    none("many-purposes", json!({"policies": [zone_policy(&groups), zone_policy(&zone)]}));
    let mut deny = account_policy(&groups);
    deny["effect"] = json!("deny");
    none("many-purposes", json!({"policies": [account_policy(&groups), zone_policy(&zone), deny]}));
}
