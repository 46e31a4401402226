//! Tokens that were read more than once: the copy that was changed last is looked at, and that copies differ is said.

#![allow(clippy::needless_pass_by_value, reason = "tokens are written as `json!({…})` where they are used")]

#[path = "rules/common.rs"]
#[allow(dead_code)]
mod common;

use flarekeep_audit::{Audit, World, audit, read};
use serde_json::{Value, json};

use self::common::{ACCOUNT, OTHER_ACCOUNT, account_policy, settings, token, zone_policy};

/// An audit of files of one token each.
fn looked(files: &[&Value]) -> Audit {
    let mut world = World::default();
    for (at, file) in files.iter().enumerate() {
        world.merge(read::tokens_json(&format!("{at}.json"), &json!([file]).to_string()).unwrap());
    }
    audit(&world, &settings())
}

fn without_policies(fields: Value) -> Value {
    let mut token = token(fields);
    token.as_object_mut().unwrap().remove("policies");
    token
}

#[test]
fn an_older_copy_does_not_hide_what_the_token_grants_now() {
    let minter = json!([account_policy(&["Account API Tokens Write"])]);
    let now = token(json!({"policies": minter, "modified_on": "2026-11-01T00:00:00Z"}));
    let before = token(json!({}));
    for files in [[&now, &before], [&before, &now]] {
        let audit = looked(&files);
        assert_eq!((audit.tokens.len(), audit.tokens[0].reach.score), (1, 1_000));
        let [unread] = audit.unread.as_slice() else { panic!("{:?}", audit.unread) };
        assert!(unread.why.contains("differ in what it grants"), "{}", unread.why);
    }
}

/// A copy that lies about its time may be looked at, and is not believed.
#[test]
fn copies_that_differ_are_never_passed_over() {
    let sound = token(json!({}));
    for (fields, what) in [
        (json!({"policies": [zone_policy(&["Zone Read"])]}), "what it grants"),
        (json!({"condition": {"request_ip": {"in": ["203.0.113.0/24"]}}}), "from where it may be used"),
        (json!({"status": "disabled"}), "its status"),
        (json!({"expires_on": null}), "its time"),
        (json!({"not_before": "2026-12-01T00:00:00Z"}), "its time"),
        (json!({"account_id": OTHER_ACCOUNT}), "its owner"),
    ] {
        let other = token(fields);
        for files in [[&sound, &other], [&other, &sound]] {
            let audit = looked(&files);
            assert_eq!(audit.tokens.len(), 1);
            assert!(audit.unread.iter().any(|one| one.why.contains(what)), "{what}: {:?}", audit.unread);
        }
    }
    // The same in another order, seen at another time, is the same.
    let groups = |names: &[&str]| token(json!({"policies": [zone_policy(names)], "last_used_on": null}));
    let (one, other) = (groups(&["DNS Write", "Zone Read"]), groups(&["Zone Read", "DNS Write"]));
    assert_eq!(looked(&[&one, &other, &one]).unread, []);
}

#[test]
fn what_is_known_of_grants_goes_before_what_is_not() {
    let listed = |changed: &str| without_policies(json!({"expires_on": null, "modified_on": changed}));
    let whole = token(json!({"expires_on": null}));
    for listed in [listed("2026-10-01T00:00:00Z"), listed("2026-11-01T00:00:00Z")] {
        for files in [[&listed, &whole], [&whole, &listed]] {
            let audit = looked(&files);
            assert_eq!((audit.tokens.len(), audit.findings.len()), (1, 1));
            assert!(audit.tokens[0].reach.is_known);
        }
    }
    let beginning = token(json!({"not_before": "2026-11-01T00:00:00Z"}));
    let silent = without_policies(json!({}));
    assert_eq!(looked(&[&beginning, &silent]).unread, [], "what a list leaves out is no difference");
    let said = |changed: &str| {
        let audit = looked(&[&whole, &listed(changed)]);
        audit.unread.iter().filter(|one| one.why.contains("when it was changed")).count()
    };
    assert_eq!((said("2026-10-01T00:00:00Z"), said("2026-11-01T00:00:00Z")), (0, 1));
}

#[test]
fn who_owns_it_may_be_said_by_one_file_alone() {
    let mut silent = token(json!({}));
    silent.as_object_mut().unwrap().remove("account_id");
    let said = token(json!({"account_id": ACCOUNT}));
    assert_eq!(looked(&[&silent, &said]).unread, []);
}
