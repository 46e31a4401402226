//! A fix adds what is missing, no more, and changes nothing else.

use std::collections::BTreeSet;

use flarekeep_catalogue::{Operation, Rule, operations};
use flarekeep_cloudflare::{Condition, NewToken, Owner, Policy, RequestIp, ResourceValue, Status, Token, TokenUpdate};
use flarekeep_diagnosis::Change;
use flarekeep_planner::{Need, Options, Plan, Target, plan};
use flarekeep_policy::{Comparison, Effect, Ownership, Place, Resource, compare};
use flarekeep_tokens::{
    Error, Fix, Obstacle, Wish, policy_from_wire, policy_to_wire, propose, settle, token_from_wire, unsettle,
};

use crate::support::{
    ACCOUNT, Dice, Local, OTHER_ZONE, TARGET, ZONE, account_key, group, now, policy, random_policies, saas_platform,
    zone_key,
};

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
    wished(local, token, &Wish::of(plan)).await
}

async fn wished(local: &Local, token: &Token, wish: &Wish<'_>) -> Result<Fix, Error> {
    propose(&local.admin(), Owner::User, token.id, wish, now()).await
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
            Err(Error::Withheld { .. }) => {
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
    assert!(matches!(&error, Error::Withheld { .. }) && error.to_string().contains("DNS Write at zone"), "{error}");
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
    both.resources.insert(zone_key(OTHER_ZONE), ResourceValue::All);
    let (before, _) = local.mint(&NewToken { name: "x".to_owned(), policies: vec![both], ..NewToken::default() }).await;
    let fix = proposed(&local, &before, &plan).await.unwrap();
    let after = settle(&local.admin(), &fix).await.unwrap();
    let elsewhere = |token: &Token| {
        let policies = token.policies.iter().filter(|policy| policy.resources.contains_key(&zone_key(OTHER_ZONE)));
        policies.flat_map(|policy| policy_from_wire(policy).unwrap().groups).count()
    };
    assert_eq!(elsewhere(&after), elsewhere(&before), "the other zone gains nothing");
    assert_eq!(unmet(&plan, &after), 0);
}

/// Work of some of the recipe's needs and some other operations of the catalogue.
fn random_work(dice: &mut Dice, owner: flarekeep_policy::Owner) -> Plan {
    let recipe = saas_platform();
    let known = |operation: &&Operation| {
        matches!(operation.rule, Rule::AnyOf | Rule::AllOf)
            && !operation.is_s3()
            && operation.accepts().all(|group| group.id.is_some())
    };
    let all: Vec<&'static Operation> = operations().iter().filter(known).collect();
    if dice.one_in(5) {
        return plan(&[], &Options::new(owner));
    }
    let mut needs: Vec<Need> = recipe.needs.iter().filter(|_| dice.one_in(6)).cloned().collect();
    for _ in 0..=dice.below(4) {
        let operation = *dice.pick(&all);
        let resource = TARGET.of_operation(operation, &Target::default());
        needs.push(Need { operation, resource, why: String::new(), origin: String::new() });
    }
    plan(&needs, &Options::new(owner))
}

/// A token with limits of its own, now and then one that is off, ended, or begins later.
fn random_token(dice: &mut Dice, name: String) -> NewToken {
    let lists = [vec!["127.0.0.0/8".parse().unwrap()], vec!["203.0.113.0/24".parse().unwrap()]];
    let within = if dice.one_in(2) { dice.pick(&lists).clone() } else { Vec::new() };
    let not_within = if dice.one_in(3) { dice.pick(&lists).clone() } else { Vec::new() };
    let time = |text: &str| text.parse().ok();
    NewToken {
        name,
        policies: random_policies(dice),
        condition: Condition::from_lists(within, not_within),
        not_before: if dice.one_in(4) { time("2998-01-01T00:00:00Z") } else { None },
        expires_on: if dice.one_in(3) { time("2999-01-01T00:00:00Z") } else { None },
    }
}

/// Whether a group at this resource can have to do with calls at this place, read off the two alone.
fn touches(resource: &Resource, place: &Place) -> bool {
    match (resource, place) {
        (Resource::AllAccounts | Resource::AllZones | Resource::User(_), _) | (_, Place::Unplaced) => true,
        (Resource::Account(one), Place::Account(other)) => other.is_none_or(|other| *one == other),
        (Resource::Account(_) | Resource::AllZonesOf(_), Place::Zone { .. }) => true,
        (Resource::Zone(one) | Resource::ZoneOf(_, one), Place::Zone { zone, .. }) => *zone == Some(*one),
        (Resource::Account(_) | Resource::AllBucketsOf(_), Place::Bucket(_) | Place::OtherBucketOf(_)) => true,
        (Resource::Bucket(one), Place::Bucket(other)) => one == other,
        (Resource::AllZonesOf(_), Place::Account(_)) => true,
        _ => false,
    }
}

/// What a proposal gains is what it says; each part of it is needed; nothing is lost, and of the limits just those move that
/// were asked for. By the exact comparison of the tokens before and after, and by leaving each part out.
#[tokio::test]
async fn no_more_is_gained_than_the_wish_takes() {
    let local = Local::start().await;
    let mut dice = Dice(7);
    let user = flarekeep_policy::Owner::User(local.admin().user().await.unwrap().id);
    let ownership: Ownership = [(ZONE, ACCOUNT), (OTHER_ZONE, ACCOUNT)].into();
    let (mut fixed, mut grants, mut lifts, mut others) = (0, 0, 0, 0);
    for number in 0..150 {
        let work = random_work(&mut dice, user);
        let (mut before, _) = local.mint(&random_token(&mut dice, format!("token {number}"))).await;
        if dice.one_in(4) {
            let off = TokenUpdate { status: Some(Status::Disabled), ..TokenUpdate::from(&before) };
            before = local.admin().tokens(Owner::User).update(before.id, &off).await.unwrap();
        }
        let wish = Wish {
            work: Some(&work),
            undeny: true,
            allow: if dice.one_in(2) { vec!["203.0.113.7/32".parse().unwrap()] } else { Vec::new() },
            expires_on: if dice.one_in(2) { "3000-01-01T00:00:00Z".parse().ok() } else { None },
            not_before: if dice.one_in(2) { "2020-01-01T00:00:00Z".parse().ok() } else { None },
            enable: dice.one_in(2),
            ..Wish::default()
        };
        let fix = match wished(&local, &before, &wish).await {
            Ok(fix) => fix,
            Err(Error::Impossible { .. }) if !work.impossible.is_empty() => continue,
            Err(error) => panic!("{error}"),
        };
        let after = settle(&local.admin(), &fix).await.unwrap();
        assert_eq!(after.status, fix.after().status);

        let engine = |token: &Token| flarekeep_policy::Token {
            owner: user,
            status: flarekeep_policy::Status::Active,
            not_before: None,
            expires_on: None,
            ip: flarekeep_policy::IpCondition::default(),
            ..token_from_wire(token, Owner::User).unwrap()
        };
        let (old, new) = (engine(&before), engine(&after));
        let comparison = compare(&old, &new, &ownership, now());
        assert!(comparison.lost.is_nothing(), "{before:#?}\n{:?} {:?}", fix.added, fix.lifted);
        let unmet = |token: &flarekeep_policy::Token| {
            let compiled = token.compile();
            work.needs.iter().filter(|need| !compiled.decide(&need.request(user, now())).allow).count()
        };
        assert_eq!(unmet(&new), 0, "{before:#?}\n{:?} {:?}", fix.added, fix.lifted);

        nothing_more_is_gained(&fix, &comparison, &new, |token| unmet(token) > 0);
        limits_are_as_wished(&before, &after, &wish);
        assert_eq!(fix.obstacles.contains(&Obstacle::Disabled), after.status == Status::Disabled);
        // The ids of policies are the API's own.
        let written = |token: &Token| serde_json::to_value(TokenUpdate::from(token)).unwrap();
        assert_eq!(fix.is_nothing(), written(&before) == written(&after));

        // And back.
        let restored = unsettle(&local.admin(), &fix).await.unwrap();
        assert!(compare(&engine(&restored), &old, &ownership, now()).is_same());
        assert_eq!((&restored.status, &restored.condition), (&before.status, &before.condition));
        (fixed, grants, lifts) = (fixed + 1, grants + fix.added.len(), lifts + fix.lifted.len());
        others += usize::from(fix.after() != before && fix.added.is_empty());
    }
    println!("{fixed} tokens: {grants} grants added, {lifts} denials lifted, {others} with their limits alone");
    assert!(fixed > 100 && grants > 150 && lifts > 5 && others > 5, "{fixed} {grants} {lifts} {others}");
}

/// What is gained is what is said to be added or given back, and none of that can be left out.
fn nothing_more_is_gained(
    fix: &Fix,
    comparison: &Comparison,
    new: &flarekeep_policy::Token,
    lacks: impl Fn(&flarekeep_policy::Token) -> bool,
) {
    // Group and resource of all that is said to be added or given back.
    let said: Vec<_> = fix.added.iter().chain(&fix.lifted).collect();
    let parts: Vec<(&flarekeep_catalogue::Group, Resource)> = said
        .iter()
        .map(|grant| {
            let group = flarekeep_catalogue::group_by_id(grant.id.as_deref().unwrap().parse().unwrap()).unwrap();
            let resource = match grant.resource.split_once(" / ") {
                Some((outer, inner)) => Resource::parse_nested(outer, inner),
                None => Resource::parse(&grant.resource),
            };
            (group, resource.unwrap())
        })
        .collect();
    for area in &comparison.gained.areas {
        for (operation, place) in area.operations.iter().flat_map(|one| area.places.iter().map(move |at| (one, at))) {
            let opens = |(group, resource): &(&flarekeep_catalogue::Group, Resource)| {
                operation.accepts_group(group) && touches(resource, place)
            };
            assert!(parts.iter().any(opens), "{operation} at {place} is gained by nothing of {said:?}");
        }
    }
    // None of it can be left out.
    for (at, (group, resource)) in parts.iter().enumerate() {
        let mut less = new.clone();
        if at < fix.added.len() {
            for policy in less.policies.iter_mut().filter(|policy| policy.effect == Effect::Allow) {
                if policy.resources == [resource.clone()] {
                    policy.groups.retain(|held| held.group() != Some(*group));
                }
            }
        } else {
            let (resources, groups) = (vec![resource.clone()], vec![flarekeep_policy::Grant::Group(group)]);
            less.policies.push(flarekeep_policy::Policy { effect: Effect::Deny, resources, groups });
        }
        assert!(lacks(&less), "{} at {resource} is not needed", group.name);
    }
    assert_eq!(fix.added.is_empty() && fix.lifted.is_empty(), comparison.is_same(), "{said:?}");
}

/// The end is never earlier and the start never later, and of the addresses none but the wished one is more.
fn limits_are_as_wished(before: &Token, after: &Token, wish: &Wish<'_>) {
    let later = before.expires_on.map(|end| wish.expires_on.map_or(end, |wished| wished.max(end)));
    assert_eq!(after.expires_on, later);
    assert_eq!(after.not_before, before.not_before.filter(|_| wish.not_before.is_none()));
    assert_eq!(after.name, before.name);
    let on = wish.enable || before.status == Status::Active;
    assert_eq!(after.status, if on { Status::Active } else { Status::Disabled });
    if wish.allow.is_empty() {
        assert_eq!(after.condition, before.condition);
    }
    let ip = |token: &Token| token_from_wire(token, Owner::User).unwrap().ip;
    for address in ["127.0.0.1", "203.0.113.6", "203.0.113.7", "203.0.113.8", "198.51.100.1", "2001:db8::1"] {
        let address = Some(address.parse().unwrap());
        let asked = !wish.allow.is_empty() && address == Some("203.0.113.7".parse().unwrap());
        assert_eq!(ip(after).admits(address), ip(before).admits(address) || asked, "{address:?}");
    }
}

/// What else a policy denies, at other resources and of other groups, stays denied.
#[tokio::test]
async fn a_denial_is_lifted_by_no_more_than_the_call_takes() {
    let local = Local::start().await;
    let user = flarekeep_policy::Owner::User(local.admin().user().await.unwrap().id);
    let mut deny = policy("deny", &zone_key(ZONE), &[group("DNS Write"), group("Zone Write")]);
    deny.resources.insert(zone_key(OTHER_ZONE), ResourceValue::All);
    let policies = vec![policy("allow", "com.cloudflare.api.account.zone.*", &[group("DNS Write")]), deny];
    let (token, _) = local.mint(&NewToken { name: "x".to_owned(), policies, ..NewToken::default() }).await;
    let operation = flarekeep_catalogue::operation("POST /zones/{zone_id}/dns_records").unwrap();
    let need = Need { operation, resource: TARGET, why: String::new(), origin: String::new() };
    let work = plan(&[need], &Options::new(user));
    let wish = Wish { undeny: true, ..Wish::of(&work) };
    let fix = wished(&local, &token, &wish).await.unwrap();
    assert!(fix.added.is_empty() && fix.lifted.len() == 1, "{fix:?}");
    let after = settle(&local.admin(), &fix).await.unwrap();
    let denied: BTreeSet<_> = triples(&after.policies).into_iter().filter(|(effect, ..)| effect == "Deny").collect();
    let expected = [(ZONE, "Zone Write"), (OTHER_ZONE, "Zone Write"), (OTHER_ZONE, "DNS Write")];
    let expected =
        expected.map(|(zone, name)| ("Deny".to_owned(), zone_key(zone), group(name).id.unwrap().to_string()));
    assert_eq!(denied, expected.into());
}

/// What a token's update is to become.
type Becomes = fn(&mut TokenUpdate);

/// What a diagnosis proposes becomes the change that it is, or is refused with what to do otherwise.
#[tokio::test]
async fn every_change_of_a_diagnosis() {
    let local = Local::start().await;
    let at = Resource::Zone(ZONE);
    let end: jiff::Timestamp = "2999-01-01T00:00:00Z".parse().unwrap();
    let start: jiff::Timestamp = "2998-01-01T00:00:00Z".parse().unwrap();
    let policies = vec![
        policy("allow", &zone_key(ZONE), &[group("DNS Write")]),
        policy("deny", &zone_key(ZONE), &[group("Zone Write"), group("zone:Logs Read")]),
    ];
    let condition = Some(Condition {
        request_ip: Some(RequestIp { within: Some(vec!["203.0.113.0/24".parse().unwrap()]), not_within: None }),
    });
    let new = NewToken { name: "x".to_owned(), policies, condition, not_before: Some(start), expires_on: Some(end) };
    let (token, _) = local.mint(&new).await;
    let off = TokenUpdate { status: Some(Status::Disabled), ..TokenUpdate::from(&token) };
    let token = local.admin().tokens(Owner::User).update(token.id, &off).await.unwrap();
    let now = jiff::Timestamp::now();
    let address = "127.0.0.1".parse().unwrap();
    let cases: Vec<(Change, Becomes)> = vec![
        (Change::Grant { group: group("Zone Read"), resource: at.clone() }, |update| {
            update.policies.retain(|policy| policy.effect != flarekeep_cloudflare::Effect::Allow);
            update.policies.push(policy("allow", &zone_key(ZONE), &[group("DNS Write"), group("Zone Read")]));
        }),
        // Held already.
        (Change::Grant { group: group("DNS Write"), resource: at.clone() }, |_| {}),
        (Change::Undeny { group: group("Zone Write"), resource: at.clone() }, |update| {
            update.policies.retain(|policy| policy.effect != flarekeep_cloudflare::Effect::Deny);
            update.policies.push(policy("deny", &zone_key(ZONE), &[group("zone:Logs Read")]));
        }),
        (Change::AllowAddress(address), |update| {
            let within = Some(vec!["203.0.113.0/24".parse().unwrap(), "127.0.0.1/32".parse().unwrap()]);
            update.condition = Some(Condition { request_ip: Some(RequestIp { within, not_within: None }) });
        }),
        (Change::MoveEnd, |update| update.expires_on = "3000-01-01T00:00:00Z".parse().ok()),
        (Change::MoveStart, |update| update.not_before = None),
        (Change::Enable, |update| update.status = Some(Status::Active)),
    ];
    for (change, expected) in cases {
        let wish = Wish { expires_on: "3000-01-01T00:00:00Z".parse().ok(), ..Wish::default() };
        let wish = if change == Change::MoveEnd { wish } else { Wish::default() };
        let fix = wished(&local, &token, &wish.with(&change, now).unwrap()).await.unwrap();
        let mut update = TokenUpdate::from(&token);
        expected(&mut update);
        let mut shown = TokenUpdate { policies: Vec::new(), ..fix.update().clone() };
        assert_eq!(triples(&fix.update().policies), triples(&update.policies), "{change:?}");
        shown.policies = update.policies.clone();
        assert_eq!(shown, update, "{change:?}");
    }
    for change in [Change::NewToken { of_user: true }, Change::Otherwise("wait"), Change::MoveEnd] {
        assert!(Wish::default().with(&change, now).is_err(), "{change:?}");
    }
}

/// The parts of a denial that stays are written with all of its resources.
#[test]
fn resources_are_written_as_they_were_read() {
    let bare = flarekeep_policy::Policy {
        effect: Effect::Deny,
        resources: vec![Resource::AllZonesOf(ACCOUNT), Resource::Account(ACCOUNT), Resource::Zone(ZONE)],
        groups: Vec::new(),
    };
    let written = policy_to_wire(&bare, &flarekeep_tokens::GroupIds::default()).unwrap();
    let read: BTreeSet<_> = written.iter().flat_map(|policy| policy_from_wire(policy).unwrap().resources).collect();
    assert_eq!(read, bare.resources.into_iter().collect());
}
