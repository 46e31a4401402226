//! `broad-template`.

use serde_json::json;

use crate::common::{account_policy, all_zones_policy, none, one, user_policy};

const WORKERS: [&str; 5] = [
    "Workers Scripts Write",
    "Workers KV Storage Write",
    "Workers Tail Read",
    "Workers R2 Storage Write",
    "Account Settings Read",
];

#[test]
fn the_template_for_workers_is_found() {
    let policies = json!([
        account_policy(&WORKERS),
        all_zones_policy(&["Workers Routes Write"]),
        user_policy(&["User Details Read", "Memberships Read"]),
    ]);
    let found = one("broad-template", json!({"policies": policies, "account_id": null, "owner": "user"}));
    assert!(found.summary.starts_with("it holds the template `Edit Cloudflare Workers`, "), "{}", found.summary);
    assert_eq!(found.mends[0].command.as_deref(), Some("flarekeep plan --recipe template-edit-cloudflare-workers"));
    assert!(found.details[0].contains("Workers KV Storage Write"), "{found:?}");
}

#[test]
fn a_part_of_it_is_not() {
    none("broad-template", json!({"policies": [account_policy(&WORKERS)]}));
}

#[test]
fn a_template_that_is_no_broader_than_its_work_is_not() {
    none("broad-template", json!({}));
    none("broad-template", json!({"policies": [all_zones_policy(&["DNS Write"])]}));
}
