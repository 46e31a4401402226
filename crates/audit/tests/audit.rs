//! The audit as a whole: order, stability, and that no world makes it panic; a few rules against a second, naive way.

#![allow(clippy::needless_pass_by_value, reason = "tokens are written as `json!({…})` where they are used")]

#[path = "rules/common.rs"]
#[allow(dead_code)]
mod common;

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_audit::{Acceptance, Audit, Ignore, Settings, World, audit, read};
use flarekeep_catalogue::groups;
use flarekeep_policy::{Effect, Grant};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use self::common::{settings, token, world, zone_policy};

/// Tokens of all kinds, with ids that differ.
fn tokens() -> impl Strategy<Value = Vec<Value>> {
    let one = (policies(), time(), time(), time(), status(), name(), condition(), owner()).prop_map(
        |(policies, issued, modified, expires, status, name, condition, owner)| {
            let mut token = token(json!({
                "policies": policies, "issued_on": issued, "modified_on": modified, "expires_on": expires,
                "status": status, "name": name, "last_used_on": modified, "condition": condition,
            }));
            if owner {
                token["account_id"] = Value::Null;
                token["owner"] = json!("user");
            }
            token
        },
    );
    prop::collection::vec(one, 0..6).prop_map(|mut tokens| {
        for (number, token) in tokens.iter_mut().enumerate() {
            token["id"] = json!(format!("{:032x}", number + 1));
        }
        tokens
    })
}

fn policies() -> impl Strategy<Value = Value> {
    let keys = vec![
        json!({common::zone_key(common::ZONE): "*"}),
        json!({common::account_key(common::ACCOUNT): "*", common::zone_key(common::OTHER_ZONE): "*"}),
        json!({common::account_key(common::ACCOUNT): {"com.cloudflare.api.account.zone.*": "*"}}),
        json!({"com.cloudflare.api.account.*": "*"}),
        json!({"com.cloudflare.api.account.zone.*": "*"}),
        json!({format!("com.cloudflare.api.user.{}", common::USER): "*"}),
        json!({format!("com.cloudflare.edge.r2.bucket.{}_default_media", common::ACCOUNT): "*"}),
        json!({"com.example.thing": "*"}),
        json!({}),
    ];
    let known: Vec<_> = groups().iter().filter_map(|group| group.id).collect();
    let group = prop_oneof![
        6 => select(known).prop_map(|id| json!({"id": id.to_string()})),
        1 => Just(json!({"id": "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"})),
    ];
    let common =
        ["4755a26eedb94da69e1066d98aa820be", "82e64a83756745bbbb1c9c2701bf816b", "c8fed203ed3043cba015a93ad1616f1f"];
    let few = select(common.to_vec()).prop_map(|id| json!({"id": id}));
    let effect = prop_oneof![5 => Just("allow"), 1 => Just("deny")];
    let policy = (effect, select(keys), prop::collection::vec(prop_oneof![few, group], 0..4)).prop_map(
        |(effect, resources, groups)| json!({"effect": effect, "resources": resources, "permission_groups": groups}),
    );
    prop::collection::vec(policy, 1..4).prop_map(Value::from)
}

fn time() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        3 => (1_600_000_000i64..1_900_000_000).prop_map(|at| json!(jiff::Timestamp::from_second(at).unwrap().to_string())),
    ]
}

fn status() -> impl Strategy<Value = &'static str> {
    select(vec!["active", "active", "active", "disabled", "expired", "revoked (exposed)", "odd"])
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,5}(-[a-z]{1,4}){0,3}", "\\PC{0,20}"]
}

fn condition() -> impl Strategy<Value = Value> {
    let range = select(vec!["203.0.113.0/24", "0.0.0.0/0", "10.0.0.0/8", "::/0"]);
    let list = || prop::collection::vec(range.clone(), 0..3);
    prop_oneof![
        3 => Just(Value::Null),
        1 => list().prop_map(|list| json!({"request_ip": {"in": list}})),
        1 => list().prop_map(|list| json!({"request_ip": {"not_in": list}})),
    ]
}

fn owner() -> impl Strategy<Value = bool> {
    any::<bool>()
}

/// What an audit says, without what depends on the order in which it was read.
fn said(audit: &Audit) -> Vec<(String, String, String)> {
    let mut all: Vec<_> = audit
        .findings
        .iter()
        .map(|finding| (finding.fingerprint.clone(), finding.rule.id.to_owned(), finding.summary.clone()))
        .collect();
    all.sort();
    all
}

fn reversed(tokens: &[Value]) -> Vec<Value> {
    let turned = |list: &Value| -> Value { list.as_array().unwrap().iter().rev().cloned().collect() };
    tokens
        .iter()
        .rev()
        .map(|token| {
            let mut token = token.clone();
            let mut policies = turned(&token["policies"]);
            for policy in policies.as_array_mut().unwrap() {
                policy["permission_groups"] = turned(&policy["permission_groups"]);
            }
            token["policies"] = policies;
            token
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_order_of_tokens_policies_and_groups_changes_nothing(tokens in tokens()) {
        let one = audit(&world(&tokens), &settings());
        let other = audit(&world(&reversed(&tokens)), &settings());
        prop_assert_eq!(said(&one), said(&other));
        let scores = |audit: &Audit| audit.tokens.iter().map(|token| (token.token.id, token.reach.score)).collect::<BTreeMap<_, _>>();
        prop_assert_eq!(scores(&one), scores(&other));
    }

    #[test]
    fn what_is_measured_once_for_many_is_true_of_each(tokens in tokens(), others in tokens()) {
        // The others have the policies of the first, and all else of their own.
        let alike = others.into_iter().zip(&tokens).enumerate().map(|(number, (mut other, one))| {
            other["policies"] = one["policies"].clone();
            other["id"] = json!(format!("{:032x}", number + 101));
            other
        });
        let all: Vec<Value> = tokens.iter().cloned().chain(alike).collect();
        let together = audit(&world(&all), &settings());
        for token in &all {
            let alone = audit(&world(std::slice::from_ref(token)), &settings());
            let one = &alone.tokens[0];
            let same = together.tokens.iter().find(|other| other.token.id == one.token.id).unwrap();
            prop_assert_eq!(&same.reach, &one.reach);
        }
    }

    #[test]
    fn findings_are_sorted_told_apart_and_safe_to_print(tokens in tokens()) {
        let audit = audit(&world(&tokens), &settings());
        prop_assert!(audit.findings.is_sorted_by_key(|finding| (finding.severity, finding.confidence)));
        prop_assert!(audit.tokens.is_sorted_by_key(|token| std::cmp::Reverse(token.reach.score)));
        let prints: BTreeSet<_> = audit.findings.iter().map(|finding| &finding.fingerprint).collect();
        prop_assert_eq!(prints.len(), audit.findings.len());
        for finding in &audit.findings {
            let mends = finding.mends.iter().flat_map(|mend| mend.command.iter().chain([&mend.words]));
            for text in finding.details.iter().chain([&finding.summary]).chain(mends) {
                prop_assert!(!text.contains(flarekeep_catalogue::is_hostile), "{text:?}");
                prop_assert!(!text.is_empty() && text.chars().count() < 1_500, "{text}");
            }
        }
        prop_assert!(audit.tokens.iter().all(|token| token.reach.score <= 1_000));
    }

    /// Whatever is accepted is out of the findings, and nothing else is.
    #[test]
    fn what_is_accepted_is_apart(tokens in tokens(), number in any::<prop::sample::Index>()) {
        let before = audit(&world(&tokens), &settings());
        prop_assume!(!before.findings.is_empty());
        let chosen = number.get(&before.findings).fingerprint.clone();
        let row = Acceptance { finding: chosen.clone(), until: "2026-11-20".parse().unwrap(), because: "x".to_owned() };
        let accepting = Settings { baseline: vec![row.clone()], ..settings() };
        let after = audit(&world(&tokens), &accepting);
        prop_assert_eq!(after.findings.len() + 1, before.findings.len());
        prop_assert_eq!(&after.accepted[0].finding.fingerprint, &chosen);
        // The day after, it is a finding again, and the row is named.
        let later = Settings { now: "2026-11-21T00:00:00Z".parse().unwrap(), ..accepting };
        let later = audit(&world(&tokens), &later);
        prop_assert!(later.accepted.is_empty());
        prop_assert_eq!(later.expired_acceptances.len() + later.stale_baseline.len(), 1);
    }

    #[test]
    fn no_json_makes_it_panic(mangled in "\\PC{0,12}", at in 0usize..2_000, tokens in tokens()) {
        let mut text = Value::from(tokens).to_string();
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        text.insert_str(at, &mangled);
        if let Ok(world) = read::tokens_json("t", &text) {
            let _ = audit(&world, &settings());
        }
    }

    /// The second way: from the JSON itself, without the engine.
    #[test]
    fn a_few_rules_as_a_naive_reading_says(tokens in tokens()) {
        let audit = audit(&world(&tokens), &settings());
        let found = |rule: &str| -> BTreeSet<String> {
            let of_rule = audit.findings.iter().filter(|finding| finding.rule.id == rule);
            of_rule.map(|finding| finding.token.as_ref().unwrap().id.to_string()).collect()
        };
        let naive = |is_at_fault: &dyn Fn(&Value) -> bool| -> BTreeSet<String> {
            tokens.iter().filter(|token| is_at_fault(token)).map(|token| token["id"].as_str().unwrap().to_owned()).collect()
        };
        let ended = |token: &Value| token["expires_on"].as_str().is_some_and(|end| end <= common::NOW);
        let may_act = |token: &Value| matches!(token["status"].as_str().unwrap(), "active" | "disabled" | "odd") && !ended(token);
        let far = |token: &Value| token["expires_on"].as_str().is_none_or(|end| end >= "2031-11-20T00:00:00Z");
        prop_assert_eq!(found("no-expiry"), naive(&|token| may_act(token) && far(token)));
        prop_assert_eq!(found("expired"), naive(&|token| {
            token["status"] == "expired" || ended(token) && token["status"] != "revoked (exposed)"
        }));
        prop_assert_eq!(found("exposed"), naive(&|token| token["status"] == "revoked (exposed)"));
        let old = |token: &Value| {
            let last = [&token["issued_on"], &token["modified_on"]].into_iter().filter_map(Value::as_str).max();
            last.is_some_and(|last| last <= "2026-05-24T00:00:00Z")
        };
        prop_assert_eq!(found("not-rotated"), naive(&|token| may_act(token) && old(token)));
        let empty = |token: &Value| token["condition"]["request_ip"]["in"].as_array().is_some_and(Vec::is_empty);
        prop_assert!(naive(&|token| may_act(token) && empty(token)).is_subset(&found("locked-out")));
    }
}

/// A mend that `--fix` may write allows just what the token allows: asked of the engine call by call, at each group's
/// operations.
#[test]
fn what_is_tidied_allows_the_same() {
    use flarekeep_audit::SafeMend;
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/audit/tokens.json")).unwrap();
    let world = read::tokens_json("tokens.json", &text).unwrap();
    let audit = audit(&world, &Settings::new(world.as_of.unwrap()));
    let mut seen = 0;
    for mend in audit.findings.iter().flat_map(|finding| &finding.mends) {
        let Some(SafeMend::Tidy { token, policies, .. }) = &mend.safe else { continue };
        let record = world.tokens.iter().find(|record| record.id == *token).unwrap();
        let (old, mut new) = (record.token(), record.token());
        new.policies.clone_from(policies);
        let now = flarekeep_policy::UnixSeconds(settings().now.as_second());
        let comparison = flarekeep_policy::compare(&old, &new, &flarekeep_policy::Ownership::new(), now);
        assert!(comparison.is_same());
        let count =
            |policies: &[flarekeep_policy::Policy]| policies.iter().map(|policy| policy.groups.len()).sum::<usize>();
        assert!(count(policies) < count(record.policies()), "something is taken out");
        assert!(
            policies
                .iter()
                .all(|policy| policy.effect == Effect::Allow
                    && policy.groups.iter().all(|g| matches!(g, Grant::Group(_))))
        );
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn a_rule_that_is_off_and_one_that_is_ignored_are_not_findings() {
    let tokens = [token(json!({"expires_on": null}))];
    let off = Settings { off: ["no-expiry".to_owned()].into(), ..settings() };
    assert!(audit(&world(&tokens), &off).findings.is_empty());
    let ignore = |token: Option<&str>| {
        let row =
            Ignore { rule: "no-expiry".to_owned(), token: token.map(str::to_owned), because: "short work".to_owned() };
        audit(&world(&tokens), &Settings { ignore: vec![row], ..settings() })
    };
    for pattern in [None, Some("shop-*"), Some(common::ID)] {
        let audit = ignore(pattern);
        assert_eq!((audit.findings.len(), audit.ignored.len()), (0, 1));
        assert_eq!(audit.ignored[0].because, "short work");
    }
    assert_eq!(ignore(Some("blog-*")).findings.len(), 1);
}

#[test]
fn a_row_of_the_baseline_whose_finding_is_gone_is_stale_unless_something_was_not_read() {
    let row = Acceptance { finding: "0".repeat(16), until: "2030-01-01".parse().unwrap(), because: "x".to_owned() };
    let settings = Settings { baseline: vec![row.clone()], ..settings() };
    let mut world = world(&[]);
    assert_eq!(audit(&world, &settings).stale_baseline, [row]);
    world.unread.push(flarekeep_audit::Unread { what: "x".to_owned(), why: "y".to_owned() });
    assert!(audit(&world, &settings).stale_baseline.is_empty());
}

#[test]
fn a_world_of_another_time_does_not_turn_the_clock_back_for_what_was_accepted() {
    let world = world(&[token(json!({"expires_on": null}))]);
    let finding = audit(&world, &settings()).findings[0].fingerprint.clone();
    let row = Acceptance { finding, until: "2026-11-30".parse().unwrap(), because: "x".to_owned() };
    let by_the_clock = |clock: &str| {
        let settings = Settings { clock: clock.parse().unwrap(), baseline: vec![row.clone()], ..settings() };
        audit(&world, &settings)
    };
    for clock in ["2025-01-01T00:00:00Z", "2026-11-30T23:59:59Z"] {
        assert_eq!(by_the_clock(clock).accepted.len(), 1, "{clock}");
    }
    let over = by_the_clock("2026-12-01T00:00:00Z");
    assert_eq!(over.expired_acceptances, std::slice::from_ref(&row));
    assert!(over.findings[0].details.iter().any(|detail| detail.contains("accepted until 2026-11-30")));
}

/// `--rule no-expiry` and `off = [...]` look away: what they do not see is there still.
#[test]
fn a_row_of_the_baseline_is_not_stale_where_nobody_looked() {
    let row = |finding: &str| Acceptance {
        finding: finding.to_owned(),
        until: "2030-01-01".parse().unwrap(),
        because: "x".to_owned(),
    };
    let mut world = world(&[token(json!({"expires_on": null}))]);
    let there = row(&audit(&world, &settings()).findings[0].fingerprint);
    let gone = row(&"0".repeat(16));
    let accepting = Settings { baseline: vec![there, gone.clone()], ..settings() };
    let looking_away = Settings { off: ["no-expiry".to_owned()].into(), ..accepting.clone() };
    for settings in [&accepting, &looking_away] {
        assert_eq!(audit(&world, settings).stale_baseline.as_slice(), std::slice::from_ref(&gone));
    }
    // Where tokens were left out, nobody knows.
    world.is_part = true;
    assert!(audit(&world, &accepting).stale_baseline.is_empty());
}

#[test]
fn what_is_granted_more_scores_more() {
    let score =
        |policies: Value| audit(&world(&[token(json!({"policies": policies}))]), &settings()).tokens[0].reach.score;
    let ladder = [
        json!([common::account_policy(&["DNS Read"])]),
        json!([zone_policy(&["DNS Read"])]),
        json!([zone_policy(&["DNS Write"])]),
        json!([common::all_zones_policy(&["DNS Write"])]),
        json!([common::all_zones_policy(&["DNS Write"]), common::account_policy(&["Workers Scripts Write"])]),
        json!([common::account_policy(&["Account Settings Write"])]),
        json!([common::account_policy(&["Account API Tokens Write"])]),
    ];
    let scores: Vec<u32> = ladder.into_iter().map(score).collect();
    assert!(scores.windows(2).all(|pair| pair[0] < pair[1]), "{scores:?}");
    assert_eq!((scores[0], scores[5], scores[6]), (0, 950, 1_000));
}

/// Radar shows what everybody may see: who may read it has reached nothing.
#[test]
fn public_data_is_in_no_score_and_no_column() {
    let user =
        |groups: &[&str]| json!({"policies": [common::user_policy(groups)], "account_id": null, "owner": "user"});
    let of = |fields: Value| audit(&world(&[token(fields)]), &settings()).tokens.remove(0).reach;
    let (details, dns) = (of(user(&["User Details Read"])), of(json!({})));
    assert!(details.score < dns.score / 2, "{} against {}", details.score, dns.score);
    assert_eq!((details.writes, details.products.iter().any(|product| product.product == "Radar")), (0, false));
}

/// What is held where it grants nothing, or is denied, is no fault of reach.
#[test]
fn a_denial_of_everything_leaves_no_fault_of_reach() {
    let groups = ["Stream Write", "Access: Apps and Policies Write@account", "D1 Write", "Queues Write"];
    let zones = ["DNS Write", "Cache Purge"];
    let allow = [common::account_policy(&groups), common::all_zones_policy(&zones)];
    let deny = allow.clone().map(|mut policy| {
        policy["effect"] = json!("deny");
        policy
    });
    let policies = [allow, deny].concat();
    let tokens = [token(json!({"policies": policies}))];
    let audit = audit(&world(&tokens), &settings());
    assert_eq!(audit.tokens[0].reach.score, 0);
    assert!(audit.findings.is_empty(), "{:#?}", audit.findings);
}

/// Every finding of the example names what mends it, but those that are only worth knowing.
#[test]
fn every_finding_has_a_command() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/audit/tokens.json")).unwrap();
    let world = read::tokens_json("tokens.json", &text).unwrap();
    let audit = audit(&world, &Settings::new(world.as_of.unwrap()));
    for finding in audit.findings.iter().filter(|finding| finding.rule.id != "reaches-by-code") {
        let commands: Vec<&String> = finding.mends.iter().filter_map(|mend| mend.command.as_ref()).collect();
        assert!(!commands.is_empty(), "{}: {:?}", finding.rule.id, finding.mends);
        for text in finding.mends.iter().map(|mend| &mend.words).chain(commands) {
            assert!(!text.contains('…'), "{}: {text}", finding.rule.id);
        }
    }
}

/// How long 2,000 tokens take, for who asks: `cargo test --release … -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn two_thousand_tokens() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/audit/tokens.json")).unwrap();
    let example = read::tokens_json("tokens.json", &text).unwrap();
    let mut many = World { tokens: Vec::new(), ..example.clone() };
    for number in 0..2_000u128 {
        let mut record = example.tokens[number as usize % example.tokens.len()].clone();
        record.id = flarekeep_catalogue::TokenId::from_u128(number + 1);
        many.tokens.push(record);
    }
    let start = std::time::Instant::now();
    let audit = audit(&many, &Settings::new(many.as_of.unwrap()));
    println!("{} tokens, {} findings, {:?}", audit.tokens.len(), audit.findings.len(), start.elapsed());
}
