//! A fix adds what is missing, no more, and changes nothing else.

use std::collections::BTreeSet;

use flarekeep_cloudflare::{Condition, NewToken, Owner, Policy, ResourceValue, Status, Token, TokenUpdate};
use flarekeep_planner::Plan;
use flarekeep_tokens::{Error, Fix, policy_from_wire, propose, settle, token_from_wire};

use crate::support::{Dice, Local, ZONE, account_key, group, now, policy, random_policies, saas_platform, zone_key};

/// Effect, resource and group: a token's policies without their order and grouping.
fn triples(policies: &[Policy]) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    for policy in policies {
        for (key, value) in &policy.resources {
            assert_eq!(*value, ResourceValue::All);
            for group in &policy.permission_groups {
                all.insert((format!("{:?}", policy.effect), key.clone(), group.id.to_string()));
            }
        }
    }
    all
}

/// How many needs the token does not meet, by its own policies.
fn unmet(plan: &Plan, token: &Token) -> usize {
    let engine = token_from_wire(token, Owner::User).unwrap();
    let compiled = engine.compile();
    plan.needs.iter().filter(|need| !compiled.decide(&need.request(engine.owner, now())).allow).count()
}

async fn proposed(local: &Local, token: &Token, plan: &Plan) -> Result<Fix, Error> {
    propose(&local.admin(), Owner::User, token.id, plan, now()).await
}

#[tokio::test]
async fn what_is_missing_is_added_and_nothing_else_is_touched() {
    let local = Local::start().await;
    let plan = saas_platform();
    let mut dice = Dice(2);
    let (mut fixed, mut added, mut withheld, mut whole) = (0, 0, 0, 0);
    for number in 0..60 {
        let new = NewToken {
            name: format!("token {number}"),
            policies: random_policies(&mut dice),
            condition: Condition::from_lists(
                vec!["127.0.0.0/8".parse().unwrap()],
                vec!["127.9.0.0/16".parse().unwrap()],
            ),
            not_before: Some("2020-01-01T00:00:00Z".parse().unwrap()),
            expires_on: Some("2999-01-01T00:00:00Z".parse().unwrap()),
        };
        let (before, value) = local.mint(&new).await;
        let hash = local.emulator.state_hash();
        let fix = match proposed(&local, &before, &plan).await {
            Ok(fix) => fix,
            Err(Error::Impossible { .. }) => {
                // Only what a policy withholds cannot be added.
                assert!(before.policies.iter().any(|policy| policy.effect == flarekeep_cloudflare::Effect::Deny));
                withheld += 1;
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        assert_eq!(local.emulator.state_hash(), hash, "a proposal changes nothing");
        assert_eq!(fix.added.is_empty(), unmet_in_any_address(&plan, &before) == 0);
        whole += usize::from(fix.added.is_empty());
        let after = settle(&local.admin(), &fix).await.unwrap();

        assert_eq!(unmet_in_any_address(&plan, &after), 0, "{before:#?}\n{:?}", fix.added);
        assert_eq!((&after.name, &after.condition), (&before.name, &before.condition));
        assert_eq!(
            (after.not_before, after.expires_on, &after.status),
            (before.not_before, before.expires_on, &before.status)
        );
        let new: BTreeSet<_> = triples(&after.policies).difference(&triples(&before.policies)).cloned().collect();
        assert!(triples(&before.policies).is_subset(&triples(&after.policies)), "a grant was lost");
        let said: BTreeSet<_> = fix
            .added
            .iter()
            .map(|grant| ("Allow".to_owned(), grant.resource.clone(), grant.id.clone().unwrap()))
            .collect();
        assert_eq!(new, said, "what is added is what is said");
        for grant in &fix.added {
            assert!(
                unmet_in_any_address(&plan, &without(&after, &grant.resource, grant.id.as_deref().unwrap())) > 0,
                "{} at {} is not needed",
                grant.group,
                grant.resource
            );
        }
        // The value stays, and a second fix has nothing to do.
        assert!(local.is_alive(secrecy::ExposeSecret::expose_secret(&value)).await);
        assert!(proposed(&local, &after, &plan).await.unwrap().added.is_empty());
        fixed += 1;
        added += fix.added.len();
    }
    println!(
        "{fixed} tokens fixed by {added} grants, {whole} of them whole before; {withheld} cannot be, as a policy withholds"
    );
    assert!(fixed > 30 && added > 100 && withheld > 3, "{fixed} {added} {withheld}");
}

/// As [`unmet`]; the address from which the token is used does not matter here.
fn unmet_in_any_address(plan: &Plan, token: &Token) -> usize {
    unmet(plan, &Token { condition: None, ..token.clone() })
}

fn without(token: &Token, resource: &str, group: &str) -> Token {
    let mut token = token.clone();
    for policy in &mut token.policies {
        if policy.resources.contains_key(resource) && policy.effect == flarekeep_cloudflare::Effect::Allow {
            policy.permission_groups.retain(|held| held.id.to_string() != group);
        }
    }
    token
}

#[tokio::test]
async fn what_a_policy_withholds_is_said_and_not_worked_around() {
    let local = Local::start().await;
    let plan = saas_platform();
    let policies = vec![
        policy("allow", &zone_key(ZONE), &[group("DNS Write")]),
        policy("deny", &zone_key(ZONE), &[group("DNS Write"), group("DNS Read")]),
    ];
    let (token, _) = local.mint(&NewToken { name: "x".to_owned(), policies, ..NewToken::default() }).await;
    let before = local.emulator.state_hash();
    let error = proposed(&local, &token, &plan).await.unwrap_err();
    assert!(matches!(&error, Error::Impossible { .. }) && error.to_string().contains("denies"), "{error}");
    assert_eq!(local.emulator.state_hash(), before);
}

#[tokio::test]
async fn a_token_that_is_off_lacks_no_more_than_one_that_is_on() {
    let local = Local::start().await;
    let plan = saas_platform();
    let policies = vec![policy("allow", &account_key(), &[group("Workers R2 Storage Write")])];
    let (token, _) = local.mint(&NewToken { name: "x".to_owned(), policies, ..NewToken::default() }).await;
    let on = proposed(&local, &token, &plan).await.unwrap().added;
    let off = TokenUpdate { status: Some(Status::Disabled), ..TokenUpdate::from(&token) };
    let token = local.admin().tokens(Owner::User).update(token.id, &off).await.unwrap();
    let fix = proposed(&local, &token, &plan).await.unwrap();
    assert_eq!(fix.added, on);
    assert_eq!(settle(&local.admin(), &fix).await.unwrap().status, Status::Disabled, "a fix does not switch it on");
}

#[tokio::test]
async fn a_policy_of_many_resources_is_not_widened() {
    let local = Local::start().await;
    let plan = saas_platform();
    let mut both = policy("allow", &zone_key(ZONE), &[group("DNS Write")]);
    both.resources.insert(zone_key(crate::support::OTHER_ZONE), ResourceValue::All);
    let (before, _) = local.mint(&NewToken { name: "x".to_owned(), policies: vec![both], ..NewToken::default() }).await;
    let fix = proposed(&local, &before, &plan).await.unwrap();
    let after = settle(&local.admin(), &fix).await.unwrap();
    let elsewhere = |token: &Token| {
        let policies =
            token.policies.iter().filter(|policy| policy.resources.contains_key(&zone_key(crate::support::OTHER_ZONE)));
        policies.flat_map(|policy| policy_from_wire(policy).unwrap().groups).count()
    };
    assert_eq!(elsewhere(&after), elsewhere(&before), "the other zone gains nothing");
    assert_eq!(unmet(&plan, &after), 0);
}
