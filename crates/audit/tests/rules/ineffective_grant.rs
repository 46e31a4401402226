//! `ineffective-grant`.

use flarekeep_audit::SafeMend;
use serde_json::json;

use crate::common::{ZONE, account_policy, all_zones_policy, none, one, user_policy, zone_key, zone_policy};

#[test]
fn a_group_of_an_account_at_a_zone_is_found_and_may_be_taken_out() {
    let found = one("ineffective-grant", json!({"policies": [zone_policy(&["DNS Write", "Workers Scripts Write"])]}));
    assert_eq!(found.summary, "Workers Scripts Write grants nothing where it is");
    let Some(SafeMend::Tidy { policies, .. }) = &found.mends[0].safe else { panic!("{found:?}") };
    assert_eq!((policies.len(), policies[0].groups.len()), (1, 1));
}

#[test]
fn a_group_of_a_zone_at_an_account_is_found() {
    let policies = json!([account_policy(&["DNS Write"]), zone_policy(&["DNS Read"])]);
    let found = one("ineffective-grant", json!({"policies": policies}));
    assert_eq!(found.details, ["DNS Write at account Example: it takes effect at zones alone"]);
}

#[test]
fn a_token_that_grants_nothing_at_all_is_not_emptied() {
    let found = one("ineffective-grant", json!({"policies": [account_policy(&["DNS Write"])]}));
    assert!(found.mends.iter().all(|mend| mend.safe.is_none()));
}

#[test]
fn a_users_group_in_an_accounts_token_is_found() {
    let policies = json!([user_policy(&["Memberships Read"]), zone_policy(&["DNS Read"])]);
    let found = one("ineffective-grant", json!({"policies": policies}));
    assert_eq!(found.details, ["Memberships Read at the user: an account's token holds nothing at a user"]);
    none("ineffective-grant", json!({"policies": policies, "account_id": null, "owner": "user"}));
}

#[test]
fn groups_at_resources_of_their_own_are_not() {
    none("ineffective-grant", json!({}));
    none("ineffective-grant", json!({"policies": [all_zones_policy(&["DNS Write"])]}));
    let mut both = account_policy(&["DNS Write", "Workers Scripts Write"]);
    both["resources"][zone_key(ZONE)] = json!("*");
    none("ineffective-grant", json!({"policies": [both]}));
}
