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
        let question = Check { plan: &plan, named: &recipe.tests, target: TARGET, refused: &[], token: None };
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

/// Tokens of the random checks, and how many each of them has; `FLAREKEEP_CHECKS` says how many there are together (in
/// earnest 10000).
const CHECKS: usize = 300;
const EACH: usize = 10;

#[tokio::test]
async fn random_checks_change_nothing_and_claim_nothing_wrong() {
    let checks = std::env::var("FLAREKEEP_CHECKS").map_or(CHECKS, |number| number.parse().unwrap());
    let local = Local::start().await;
    let known = flarekeep_catalogue::probes().unwrap();
    let probed = known.iter().map(|probe| flarekeep_catalogue::operation(&probe.operation).unwrap());
    let labelled = |operation: &&flarekeep_catalogue::Operation| operation.rule == flarekeep_catalogue::Rule::AnyOf;
    let operations: Vec<_> = probed.filter(labelled).collect();
    let mut dice = Dice(99);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for number in 0..checks / EACH {
        let chosen: Vec<_> = (0..EACH).map(|_| *dice.pick(&operations)).collect();
        // Some of what they accept is held, so that not all is refused; and some of anything.
        let mut policies = random_policies(&mut dice);
        for operation in &chosen {
            if dice.one_in(2) {
                continue;
            }
            let accepted: Vec<_> = operation.accepts().filter(|group| group.id.is_some()).collect();
            let Some(one) = accepted.get(usize::try_from(dice.below(4)).unwrap()).or(accepted.first()) else {
                continue;
            };
            let key = match one.scope {
                flarekeep_catalogue::Scope::Account => crate::support::account_key(),
                flarekeep_catalogue::Scope::Zone => crate::support::zone_key(ZONE),
                _ => continue,
            };
            policies.push(crate::support::policy("allow", &key, &[one]));
        }
        let new = NewToken { name: format!("r{number}"), policies, ..NewToken::default() };
        let (token, value) = local.mint(&new).await;
        let engine = token_from_wire(&token, Owner::User).unwrap();
        let compiled = engine.compile();
        let need = |operation| Need { operation, resource: TARGET, why: String::new(), origin: String::new() };
        let needs: Vec<Need> = chosen.iter().map(|operation| need(*operation)).collect();
        let owner = flarekeep_policy::Owner::User(flarekeep_catalogue::UserId::from_u128(1));
        let plan = flarekeep_planner::plan(&needs, &flarekeep_planner::Options::new(owner));
        // The second half must be refused.
        let (wanted, refused) = needs.split_at(EACH / 2);
        let before = local.emulator.state_hash();
        let question =
            Check { plan: &Plan { needs: wanted.to_vec(), ..plan }, named: &[], target: TARGET, refused, token: None };
        let report = check(&local.client_of(&value), &question, |_, _| {}).await.unwrap();
        assert_eq!(local.emulator.state_hash(), before, "the check of token {number} changed something");
        let all = [&report.tests, &report.writes, &report.reads, &report.refused];
        for (section, test) in all.into_iter().flat_map(|section| section.tests.iter().map(move |test| (section, test)))
        {
            let operation = flarekeep_catalogue::operation(&test.operation).unwrap();
            let allowed = compiled.decide(&need(operation).request(engine.owner, now())).allow;
            let must_be_refused = std::ptr::eq(section, &report.refused);
            let claim = match (test.result, must_be_refused) {
                (Verdict::Pass, false) | (Verdict::Allowed, true) => Some(true),
                (Verdict::Missing, false) | (Verdict::Pass, true) => Some(false),
                (Verdict::Unproven, _) => None,
                other => panic!("{other:?}"),
            };
            assert!(
                claim.is_none_or(|claim| claim == allowed),
                "{test:?}: allowed is {allowed}\n{:#?}",
                token.policies
            );
            let word = claim.map_or("unproven", |claim| if claim { "allowed" } else { "refused" });
            *counts.entry(word).or_default() += 1;
        }
        local.admin().tokens(Owner::User).delete(token.id).await.unwrap();
    }
    println!("{checks} random checks: {counts:?}, and all claims agree with the policy engine");
    let count = |word: &str| counts.get(word).copied().unwrap_or_default();
    assert!(count("allowed") * 10 > checks && count("refused") * 10 > checks, "{counts:?}");
    assert!(count("unproven") * 5 < checks, "{counts:?}");
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
    let question = Check { plan: &plan, named: &[], target: TARGET, refused: &[], token: None };
    let report = check(&local.client_of(&value), &question, |_, _| {}).await.unwrap();
    let seen: Vec<_> = report.writes.tests.iter().map(|test| (test.resource.as_str(), test.result)).collect();
    let (here, there) = (format!("zone {ZONE}"), format!("zone {OTHER_ZONE}"));
    assert_eq!(seen, [(here.as_str(), Verdict::Missing), (there.as_str(), Verdict::Pass)]);
    assert_eq!(report.writes.tests[0].grant.as_ref().unwrap().resource, zone_key(ZONE));
}
