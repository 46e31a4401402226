//! What is learned of a token by asking is what its policies say, and nothing changes.

use flarekeep_catalogue::{Group, Scope, groups};
use flarekeep_cloudflare::{NewToken, Owner};
use flarekeep_policy::{Effect, Resource, Token};
use flarekeep_tokens::{Discovered, Discovery, GroupAt, discover, token_from_wire};

use crate::support::{ACCOUNT, Dice, Local, ZONE, account_key, group, policy, zone_key};

/// Tokens that are asked; `FLAREKEEP_DISCOVERIES` says otherwise.
const TOKENS: usize = 25;
const GOAL: usize = 60;

fn discovery(thorough: bool) -> Discovery {
    Discovery { account: Some(ACCOUNT), zone: Some(ZONE), budget: if thorough { 400 } else { 100 }, thorough }
}

/// Whether the token holds the group there, as the place's words say.
fn holds(token: &Token, one: &GroupAt) -> bool {
    // Of a call in a zone its account is meant where the group is an account's.
    let of_the_zone = one.place == format!("the account of zone {ZONE}");
    let at = |resource: &Resource| match resource {
        Resource::User(_) => one.place == "the user",
        Resource::Account(account) => one.place == format!("account {account}") || *account == ACCOUNT && of_the_zone,
        Resource::AllAccounts => one.place == format!("account {ACCOUNT}") || of_the_zone,
        Resource::Zone(zone) => one.place == format!("zone {zone}"),
        Resource::AllZones => {
            one.place == format!("zone {ZONE}") || one.place == format!("all zones of account {ACCOUNT}")
        }
        other => panic!("{other:?}"),
    };
    token.policies.iter().filter(|policy| policy.effect == Effect::Allow).any(|policy| {
        let group = |group: &&Group| group.name == one.group && group.scope.word() == one.scope;
        policy
            .known_groups()
            .any(|held| group(&held) && policy.resources.iter().any(|r| r.scope() == held.scope && at(r)))
    })
}

/// One to eight groups, half of them those that people use, at the account and at zones.
fn random(dice: &mut Dice) -> Vec<flarekeep_cloudflare::Policy> {
    const USUAL: [&str; 14] = [
        "DNS Write",
        "DNS Read",
        "Zone Read",
        "Zone Settings Write",
        "Cache Purge",
        "SSL and Certificates Write",
        "Workers Routes Write",
        "Workers Scripts Write",
        "Workers KV Storage Write",
        "Workers R2 Storage Write",
        "Account Settings Read",
        "D1 Write",
        "Pages Write",
        "Queues Write",
    ];
    let known = |scope| groups().iter().filter(move |one| one.scope == scope && one.id.is_some());
    let any: Vec<&'static Group> = known(Scope::Account).chain(known(Scope::Zone)).collect();
    let mut policies = Vec::new();
    for _ in 0..=dice.below(7) {
        let one = if dice.one_in(2) { group(dice.pick::<&str>(&USUAL)) } else { *dice.pick(&any) };
        // These read themselves.
        if one.name.contains("API Tokens") {
            continue;
        }
        let key = match (one.scope, dice.one_in(6)) {
            (Scope::Account, false) => account_key(),
            (Scope::Account, true) => "com.cloudflare.api.account.*".to_owned(),
            (_, false) => zone_key(ZONE),
            (_, true) => "com.cloudflare.api.account.zone.*".to_owned(),
        };
        policies.push(policy("allow", &key, &[one]));
    }
    if policies.is_empty() {
        policies.push(policy("allow", &account_key(), &[group("Account Settings Read")]));
    }
    policies
}

#[tokio::test]
async fn what_is_learned_is_true_and_takes_few_requests() {
    let tokens = std::env::var("FLAREKEEP_DISCOVERIES").map_or(TOKENS, |number| number.parse().unwrap());
    let local = Local::start().await;
    let mut dice = Dice(7);
    let (mut counts, mut held, mut found, mut between) = (Vec::new(), 0, 0, 0);
    for number in 0..tokens {
        let new = NewToken { name: format!("d{number}"), policies: random(&mut dice), ..NewToken::default() };
        let (token, value) = local.mint(&new).await;
        let truth = token_from_wire(&token, Owner::User).unwrap();
        let before = local.emulator.state_hash();
        let report = discover(&local.client_of(&value), &discovery(false), |_| {}).await.unwrap();
        assert_eq!(local.emulator.state_hash(), before, "token {number} changed something");
        is_true(&report, &truth);
        counts.push(report.requests);
        let all: Vec<_> = truth.policies.iter().flat_map(flarekeep_policy::Policy::known_groups).collect();
        held += all.len();
        found += all.iter().filter(|one| report.held.iter().any(|found| found.group == one.name)).count();
        let within =
            |one: &&&Group| report.one_of.iter().any(|of| of.groups.iter().any(|found| found.group == one.name));
        between += all.iter().filter(within).count();
    }
    counts.sort_unstable();
    let median = counts[counts.len() / 2];
    println!(
        "{tokens} random tokens: {median} requests at the median, {} at most; of {held} groups {found} are proved and \
         {between} are one of a few",
        counts[counts.len() - 1]
    );
    assert!(median <= GOAL, "{counts:?}");
    assert!((found + between) * 2 > held, "{found} and {between} of {held}");
}

fn is_true(report: &Discovered, truth: &Token) {
    assert!(!report.read_itself && !report.contradictory && report.requests <= report.budget);
    for one in &report.held {
        assert!(holds(truth, one), "{one:?} is not held\n{truth:#?}");
    }
    for one in &report.excluded {
        assert!(!holds(truth, one), "{one:?} is held\n{truth:#?}");
    }
    for one_of in &report.one_of {
        assert!(one_of.groups.iter().any(|one| holds(truth, one)), "{one_of:?}\n{truth:#?}");
    }
}

#[tokio::test]
async fn whoever_asks_longer_learns_more() {
    let local = Local::start().await;
    let policies = vec![policy("allow", &zone_key(ZONE), &[group("DNS Write")])];
    let (token, value) = local.mint(&NewToken { name: "dns".to_owned(), policies, ..NewToken::default() }).await;
    let truth = token_from_wire(&token, Owner::User).unwrap();
    let brief = discover(&local.client_of(&value), &discovery(false), |_| {}).await.unwrap();
    let long = discover(&local.client_of(&value), &discovery(true), |_| {}).await.unwrap();
    is_true(&brief, &truth);
    is_true(&long, &truth);
    for report in [&brief, &long] {
        let names: Vec<&str> = report.held.iter().map(|one| one.group.as_str()).collect();
        assert_eq!(names, ["DNS Write"]);
    }
    assert!(long.excluded.len() > brief.excluded.len() && long.requests > brief.requests);
    println!("{} requests, and {} where one is thorough", brief.requests, long.requests);
}

#[tokio::test]
async fn a_token_that_may_read_itself_is_read() {
    let local = Local::start().await;
    let user = local.admin().user().await.unwrap().id;
    let policies = vec![
        policy("allow", &format!("com.cloudflare.api.user.{user}"), &[group("API Tokens Read")]),
        policy("allow", &zone_key(ZONE), &[group("DNS Write")]),
        policy("deny", &account_key(), &[group("Workers Scripts Write")]),
    ];
    let (_, value) = local.mint(&NewToken { name: "self".to_owned(), policies, ..NewToken::default() }).await;
    let report = discover(&local.client_of(&value), &discovery(false), |_| {}).await.unwrap();
    assert!(report.read_itself && report.requests == 2);
    let names = |all: &[GroupAt]| all.iter().map(|one| one.group.clone()).collect::<Vec<_>>();
    assert_eq!(names(&report.held), ["API Tokens Read", "DNS Write"]);
    assert_eq!(names(&report.denied), ["Workers Scripts Write"]);
}
