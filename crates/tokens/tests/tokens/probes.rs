//! Probes change nothing, and what they show is what the token's policies say.

use std::collections::BTreeMap;

use flarekeep_catalogue::recipe;
use flarekeep_cloudflare::{NewToken, Owner};
use flarekeep_planner::{Need, Plan};
use flarekeep_policy::{Effect, Resource, Token};
use flarekeep_tokens::{Check, Test, Verdict, check, token_from_wire};

use crate::support::{ACCOUNT, Dice, Local, TARGET, ZONE, group, now, random_policies, saas_platform};

const TOKENS: u64 = 50;

/// What the policy engine says to every operation of the plan.
fn decisions(plan: &Plan, token: &flarekeep_cloudflare::Token) -> BTreeMap<String, bool> {
    let engine = token_from_wire(token, Owner::User).unwrap();
    let compiled = engine.compile();
    let decide = |need: &Need| {
        let lists = need.operation.to_string() != "GET /zones" || holds_zone_read(&engine);
        lists && compiled.decide(&need.request(engine.owner, now())).allow
    };
    plan.needs.iter().map(|need| (need.operation.to_string(), decide(need))).collect()
}

/// Whether the token sees the zone in a list of zones, which proves a right on a zone only where that zone is in it.
/// Zone Read, of the zone's scope, is all that the list accepts.
fn holds_zone_read(token: &Token) -> bool {
    let read = group("Zone Read");
    let list = flarekeep_catalogue::operation("GET /zones").unwrap();
    assert_eq!(list.accepts().collect::<Vec<_>>(), [read]);
    let at = |effect| {
        let here = |resource: &Resource| matches!(resource, Resource::AllZones) || *resource == Resource::Zone(ZONE);
        let policies = token.policies.iter().filter(|policy| policy.effect == effect);
        let mut holding = policies.filter(|policy| policy.known_groups().any(|held| held == read));
        holding.any(|policy| policy.resources.iter().any(here))
    };
    at(Effect::Allow) && !at(Effect::Deny)
}

#[tokio::test]
async fn fifty_random_tokens() {
    let local = Local::start().await;
    let plan = saas_platform();
    let recipe = recipe("saas-platform").unwrap();
    let mut dice = Dice(1);
    let (mut passed, mut missing) = (0, 0);
    for number in 0..TOKENS {
        let new = NewToken { name: format!("t{number}"), policies: random_policies(&mut dice), ..NewToken::default() };
        let (token, value) = local.mint(&new).await;
        let expected = decisions(&plan, &token);
        let before = local.emulator.state_hash();
        let question = Check { plan: &plan, named: &recipe.tests, target: TARGET };
        let report = check(&local.client_of(&value), &question, |_, _| {}).await.unwrap();
        assert_eq!(local.emulator.state_hash(), before, "the check of token {number} changed something");
        let all: Vec<&Test> =
            [&report.tests, &report.writes, &report.reads].into_iter().flat_map(|section| &section.tests).collect();
        assert!(all.len() >= plan.needs.len());
        for test in all {
            let verdict = match expected[&test.operation] {
                true => Verdict::Pass,
                false => Verdict::Missing,
            };
            let policies = &token.policies;
            assert_eq!(test.result, verdict, "token {number}, {}: {:?}\n{policies:#?}", test.operation, test.detail);
            assert_eq!(test.grant.is_some(), verdict == Verdict::Missing, "{}", test.operation);
            *(if verdict == Verdict::Pass { &mut passed } else { &mut missing }) += 1;
        }
    }
    println!("{TOKENS} tokens: {passed} tests passed, {missing} missed, and all agree with the policy engine");
    assert!(passed > 300 && missing > 300, "the tokens are random enough: {passed} {missing}");
}

#[tokio::test]
async fn each_place_of_an_operation_is_tried_for_itself() {
    use crate::support::{OTHER_ZONE, policy, zone_key};
    let local = Local::start().await;
    let operation = flarekeep_catalogue::operation("POST /zones/{zone_id}/dns_records").unwrap();
    let need = |zone| flarekeep_planner::Need {
        operation,
        resource: flarekeep_planner::Target { account: Some(ACCOUNT), zone: Some(zone), ..Default::default() },
        why: String::new(),
        origin: String::new(),
    };
    let owner = flarekeep_policy::Owner::User(flarekeep_catalogue::UserId::from_u128(1));
    let plan = flarekeep_planner::plan(&[need(ZONE), need(OTHER_ZONE)], &flarekeep_planner::Options::new(owner));
    let policies = vec![policy("allow", &zone_key(OTHER_ZONE), &[group("DNS Write")])];
    let (_, value) = local.mint(&NewToken { name: "dns".to_owned(), policies, ..NewToken::default() }).await;
    let question = Check { plan: &plan, named: &[], target: TARGET };
    let report = check(&local.client_of(&value), &question, |_, _| {}).await.unwrap();
    let seen: Vec<_> = report.writes.tests.iter().map(|test| (test.resource.as_str(), test.result)).collect();
    let (here, there) = (format!("zone {ZONE}"), format!("zone {OTHER_ZONE}"));
    assert_eq!(seen, [(here.as_str(), Verdict::Missing), (there.as_str(), Verdict::Pass)]);
    assert_eq!(report.writes.tests[0].grant.as_ref().unwrap().resource, zone_key(ZONE));
}
