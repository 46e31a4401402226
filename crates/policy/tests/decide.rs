//! The engine against the naive evaluator on generated tokens and calls, and against cases of the documentation.

mod naive;

use std::net::IpAddr;

use flarekeep_catalogue::{AccountId, Group, Operation, Rule, UserId, ZoneId, groups, operation, operations, resolve};
use flarekeep_policy::{
    Answer, Batch, BucketKey, Call, Cause, Effect, Grant, IpCondition, IpSet, Owner, Policy, Request, Resource, Status,
    Token, UnixSeconds, explain, parse_range,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

const ACCOUNTS: [AccountId; 2] = [AccountId::from_u128(0xa1), AccountId::from_u128(0xa2)];
const ZONES: [ZoneId; 3] = [ZoneId::from_u128(0x21), ZoneId::from_u128(0x22), ZoneId::from_u128(0x23)];
const USERS: [UserId; 2] = [UserId::from_u128(0x41), UserId::from_u128(0x42)];

fn resource() -> impl Strategy<Value = Resource> {
    let (account, zone) = (select(ACCOUNTS.to_vec()), select(ZONES.to_vec()));
    prop_oneof![
        select(USERS.to_vec()).prop_map(Resource::User),
        account.clone().prop_map(Resource::Account),
        Just(Resource::AllAccounts),
        zone.clone().prop_map(Resource::Zone),
        (account.clone(), zone).prop_map(|(account, zone)| Resource::ZoneOf(account, zone)),
        account.clone().prop_map(Resource::AllZonesOf),
        Just(Resource::AllZones),
        bucket().prop_map(Resource::Bucket),
        account.prop_map(Resource::AllBucketsOf),
        Just(Resource::parse("com.cloudflare.edge.worker.script.x").unwrap()),
    ]
}

fn bucket() -> impl Strategy<Value = BucketKey> {
    let parts = (select(ACCOUNTS.to_vec()), select(vec!["default", "eu"]), select(vec!["site", "media"]));
    parts.prop_map(|(account, jurisdiction, name)| BucketKey {
        account,
        jurisdiction: jurisdiction.to_owned(),
        name: name.to_owned(),
    })
}

/// Groups that the operation accepts, mostly, so that grants and near misses are common.
fn grant(operation: &'static Operation) -> BoxedStrategy<Grant> {
    let any = (0..groups().len()).prop_map(|index| Grant::Group(&groups()[index]));
    let accepted: Vec<&'static Group> = operation.accepts().collect();
    if accepted.is_empty() {
        return any.boxed();
    }
    prop_oneof![3 => select(accepted).prop_map(Grant::Group), 1 => any].boxed()
}

fn policy(operation: &'static Operation) -> impl Strategy<Value = Policy> {
    let effect = prop_oneof![4 => Just(Effect::Allow), 1 => Just(Effect::Deny)];
    (effect, prop::collection::vec(resource(), 0..3), prop::collection::vec(grant(operation), 0..4))
        .prop_map(|(effect, resources, groups)| Policy { effect, resources, groups })
}

fn ip_set() -> impl Strategy<Value = Option<IpSet>> {
    let range = select(vec!["203.0.113.0/24", "203.0.113.7/32", "2001:db8::/32", "0.0.0.0/0"]);
    let list = prop::collection::vec(range.prop_map(|text| parse_range(text).unwrap()), 0..3);
    prop_oneof![4 => Just(None), 1 => list.prop_map(|ranges| Some(IpSet(ranges)))]
}

fn token(operation: &'static Operation) -> impl Strategy<Value = Token> {
    let owner = prop_oneof![
        2 => select(USERS.to_vec()).prop_map(Owner::User),
        1 => select(ACCOUNTS.to_vec()).prop_map(Owner::Account),
    ];
    let status = prop_oneof![
        12 => Just(Status::Active),
        1 => select(vec![Status::Disabled, Status::Expired, Status::RevokedExposed, Status::Unknown]),
    ];
    let time = || prop::option::weighted(0.2, (0..4i64).prop_map(UnixSeconds));
    let ip = (ip_set(), ip_set()).prop_map(|(within, not_within)| IpCondition { within, not_within });
    (owner, status, time(), time(), ip, prop::collection::vec(policy(operation), 0..5)).prop_map(
        |(owner, status, not_before, expires_on, ip, policies)| Token {
            owner,
            status,
            not_before,
            expires_on,
            ip,
            policies,
        },
    )
}

fn request(operation: &'static Operation) -> impl Strategy<Value = Request> {
    let account = select(ACCOUNTS.to_vec());
    let zone = select(ZONES.to_vec());
    let user = prop::option::of(select(USERS.to_vec()));
    let ip = prop::option::of(select(vec!["203.0.113.7", "198.51.100.1", "2001:db8::1", "::ffff:203.0.113.9"]));
    let unscoped = !operation.names_account() && !operation.names_zone() && !operation.is_s3();
    let listed = unscoped || operation.path() == "s3://";
    (account, zone, user, ip, prop::bool::weighted(0.9), any::<(bool, bool)>(), 0..4i64, bucket()).prop_map(
        move |(account, zone, user, ip, owner_known, (in_account, of_zone), at, bucket)| Request {
            operation,
            user,
            account: (operation.names_account() || operation.names_zone() && owner_known || listed && in_account)
                .then_some(account)
                .or(operation.names_bucket().then_some(bucket.account)),
            zone: (operation.names_zone() || unscoped && of_zone).then_some(zone),
            bucket: operation.names_bucket().then_some(bucket),
            ip: ip.map(|ip| ip.parse::<IpAddr>().unwrap()),
            at: UnixSeconds(at),
        },
    )
}

fn any_operation() -> impl Strategy<Value = &'static Operation> {
    let all_of: Vec<&'static Operation> =
        operations().iter().filter(|operation| operation.rule == Rule::AllOf).collect();
    let named = ["GET /zones", "POST /zones", "GET /user/audit_logs", "GET /accounts/{account_id}/access/apps"]
        .map(|text| operation(text).unwrap());
    prop_oneof![
        6 => (0..operations().len()).prop_map(|index| &operations()[index]),
        1 => select(all_of),
        1 => select(operations().iter().filter(|operation| operation.is_s3()).collect::<Vec<_>>()),
        1 => select(named.to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_engine_agrees_with_the_naive_evaluator(
        (token, request) in any_operation().prop_flat_map(|operation| (token(operation), request(operation)))
    ) {
        let decision = token.compile().decide(&request);
        let cause = naive::decide(&token, &request);
        prop_assert_eq!(decision.cause, cause);
        prop_assert_eq!(token.decide(&request), decision);
        prop_assert_eq!(decision.allow, matches!(cause, Cause::Granted | Cause::AnyToken));
        let explained = explain(&token, &request);
        let covering = |effect| explained.held.iter().any(|hold| hold.effect == effect && hold.covers);
        match cause {
            Cause::Granted => prop_assert!(covering(Effect::Allow) && !covering(Effect::Deny)),
            Cause::Denied => prop_assert!(covering(Effect::Deny)),
            _ => {}
        }
    }
}

/// What a batch is asked: the token as JSON, and a call of the operation.
fn written(token: &Token, request: &Request, path: &str) -> String {
    let time = |time: Option<UnixSeconds>| time.map(|time| format!("1970-01-01T00:00:0{}Z", time.0));
    let list =
        |list: &Option<IpSet>| list.as_ref().map(|list| list.0.iter().map(ToString::to_string).collect::<Vec<_>>());
    // A policy for each resource: an object cannot hold an account beside what is below it.
    let policies = token.policies.iter().flat_map(|policy| {
        policy.resources.iter().map(move |resource| {
            let resources = match resource.keys() {
                (key, None) => json!({ key: "*" }),
                (key, Some(inner)) => json!({ key: { inner: "*" } }),
            };
            let groups = policy.known_groups().map(|group| match group.id {
                Some(id) => json!({ "id": id.to_string(), "name": "whatever it is called" }),
                None => json!({ "name": group.name }),
            });
            let effect = if policy.effect == Effect::Allow { "allow" } else { "deny" };
            json!({ "effect": effect, "resources": resources, "permission_groups": groups.collect::<Vec<_>>() })
        })
    });
    let status = match token.status {
        Status::Active => "active",
        Status::Disabled => "disabled",
        Status::Expired => "expired",
        Status::RevokedExposed => "revoked (exposed)",
        Status::Unknown => "asleep",
    };
    let token = json!({
        "status": status, "not_before": time(token.not_before), "expires_on": time(token.expires_on),
        "condition": { "request_ip": { "in": list(&token.ip.within), "not_in": list(&token.ip.not_within) } },
        "policies": policies.collect::<Vec<_>>(),
    });
    json!({
        "token": token, "method": request.operation.method.as_str(), "path": path,
        "account": request.account.map(|id| id.to_string()), "user": request.user.map(|id| id.to_string()),
        "ip": request.ip, "at": time(Some(request.at)),
    })
    .to_string()
}

/// The operation's path with the request's ids in it.
fn path(request: &Request) -> String {
    let id = match (request.zone, request.account) {
        (Some(zone), _) if request.operation.names_zone() => zone.to_string(),
        (_, account) => account.map(|account| account.to_string()).unwrap_or_default(),
    };
    let template = request.operation.path();
    let bucket = request.bucket.as_ref().map_or("media", |bucket| &bucket.name);
    let template = template.replace("{bucket_name}", bucket);
    let segments = template.split('/').enumerate().map(|(at, segment)| match segment.starts_with('{') {
        true if at == 2 && !request.operation.is_s3() => id.as_str(),
        true => "x1",
        false => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

proptest! {
    // About one call in eighty is passed over: its path leads to another operation.
    #![proptest_config(ProptestConfig { cases: cases() / 10, max_global_rejects: cases(), ..ProptestConfig::default() })]

    #[test]
    fn a_batch_agrees_with_the_naive_evaluator(
        (mut token, request) in any_operation().prop_flat_map(|operation| (token(operation), request(operation)))
    ) {
        // Of groups without an id only one name each is to be had, and at times that of another group.
        let nameable = |grant: &Grant| match grant {
            Grant::Group(group) => {
                group.id.is_some() || groups().iter().filter(|other| other.name == group.name).count() == 1
            }
            Grant::Named(..) | Grant::Unknown(_) => false,
        };
        for policy in &mut token.policies {
            policy.groups.retain(nameable);
        }
        let (method, path) = (request.operation.method.as_str(), path(&request));
        let Request { account, user, ip, at, .. } = request;
        let call = Call { method, path: &path, account, user, ip, at };
        let Ok(read) = call.request() else { return Err(TestCaseError::reject("a literal wins over a parameter")) };
        token.owner = call.owner(&read).unwrap_or(Owner::User(USERS[0]));
        let expected = naive::decide(&token, &read);
        let line = written(&token, &request, &path);
        let mut batch = Batch::new(UnixSeconds(9));
        // Walked over, compiled, and taken from those that were met.
        for _ in 0..3 {
            prop_assert_eq!(batch.answer(line.as_bytes()).map(Answer::word), Ok(expected.word()), "{}", line);
        }
    }
}

/// `FLAREKEEP_CASES` sets the number of generated cases (docs/assurance.md).
fn cases() -> u32 {
    std::env::var("FLAREKEEP_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

fn user_token(policies: Vec<Policy>) -> Token {
    Token::unconditional(Owner::User(USERS[0]), policies)
}

fn allow(names: &[&str], resources: &[Resource]) -> Policy {
    let groups = names.iter().map(|name| Grant::Group(resolve(name).unwrap().0)).collect();
    Policy { effect: Effect::Allow, resources: resources.to_vec(), groups }
}

fn call(text: &str, account: Option<AccountId>, zone: Option<ZoneId>) -> Request {
    let user = Some(USERS[0]);
    Request { operation: operation(text).unwrap(), user, account, zone, bucket: None, ip: None, at: UnixSeconds(0) }
}

fn cause(token: &Token, request: &Request) -> Cause {
    token.compile().decide(request).cause
}

#[test]
fn a_group_takes_effect_at_resources_of_its_own_scope_only() {
    let routes = call("GET /zones/{zone_id}/workers/routes", Some(ACCOUNTS[0]), Some(ZONES[0]));
    let misplaced = user_token(vec![allow(&["Workers Routes Write"], &[Resource::Account(ACCOUNTS[0])])]);
    assert_eq!(cause(&misplaced, &routes), Cause::WrongScope);
    let placed = user_token(vec![allow(&["Workers Routes Write"], &[Resource::Zone(ZONES[0])])]);
    assert_eq!(cause(&placed, &routes), Cause::Granted);
    let elsewhere = user_token(vec![allow(&["Workers Routes Write"], &[Resource::Zone(ZONES[1])])]);
    assert_eq!(cause(&elsewhere, &routes), Cause::OtherResource);
    let without = user_token(vec![allow(&["Workers R2 Storage Write"], &[Resource::Account(ACCOUNTS[0])])]);
    assert_eq!(cause(&without, &routes), Cause::MissingGroup);
}

#[test]
fn an_account_group_reaches_the_zones_that_the_account_owns() {
    let zone = call("GET /zones/{zone_id}", Some(ACCOUNTS[0]), Some(ZONES[0]));
    let scripts = user_token(vec![allow(&["Workers Scripts Write"], &[Resource::Account(ACCOUNTS[0])])]);
    assert_eq!(cause(&scripts, &zone), Cause::Granted);
    let foreign = Request { account: Some(ACCOUNTS[1]), ..zone };
    assert_eq!(cause(&scripts, &foreign), Cause::OtherResource);
}

#[test]
fn one_zone_opens_the_filtered_list_and_one_denied_zone_does_not_close_it() {
    let list = call("GET /zones", None, None);
    let mut token = user_token(vec![allow(&["Zone Read"], &[Resource::Zone(ZONES[0])])]);
    assert_eq!(cause(&token, &list), Cause::Granted);
    let denied = Policy { effect: Effect::Deny, ..allow(&["Zone Read"], &[Resource::Zone(ZONES[1])]) };
    token.policies.push(denied);
    assert_eq!(cause(&token, &list), Cause::Granted);
    token.policies.push(Policy { effect: Effect::Deny, ..allow(&["Zone Read"], &[Resource::AllZones]) });
    assert_eq!(cause(&token, &list), Cause::Denied);
}

#[test]
fn a_list_that_must_hold_a_zone_is_granted_at_that_zone_only() {
    let token = user_token(vec![allow(&["Zone Read"], &[Resource::Zone(ZONES[0])])]);
    let list = |zone| call("GET /zones", Some(ACCOUNTS[0]), Some(zone));
    assert_eq!(cause(&token, &list(ZONES[0])), Cause::Granted);
    assert_eq!(cause(&token, &list(ZONES[1])), Cause::OtherResource);
}

#[test]
fn a_zone_is_not_made_under_the_right_to_another() {
    let make = call("POST /zones", None, None);
    let at = |resource| user_token(vec![allow(&["Zone Write"], &[resource])]);
    assert_eq!(cause(&at(Resource::Zone(ZONES[0])), &make), Cause::OtherResource);
    assert_eq!(cause(&at(Resource::AllZonesOf(ACCOUNTS[0])), &make), Cause::Granted);
    assert_eq!(cause(&at(Resource::AllZones), &make), Cause::Granted);
}

#[test]
fn both_groups_are_needed_where_the_documentation_says_both() {
    let path = "POST /accounts/{account_id}/dls/regional_services/prefix_bindings";
    let bind = call(path, Some(ACCOUNTS[0]), None);
    let account = [Resource::Account(ACCOUNTS[0])];
    let one = user_token(vec![allow(&["DLS: Write"], &account)]);
    assert_eq!(cause(&one, &bind), Cause::MissingGroup);
    let both = user_token(vec![allow(&["DLS: Write"], &account), allow(&["IP Prefixes: Write"], &account)]);
    assert_eq!(cause(&both, &bind), Cause::Granted);
}

#[test]
fn an_account_token_reaches_nothing_outside_its_account() {
    let owner = Owner::Account(ACCOUNTS[0]);
    let token = Token { owner, ..user_token(vec![allow(&["DNS Write"], &[Resource::AllZones])]) };
    let records = |account| Request { user: None, ..call("GET /zones/{zone_id}/dns_records", account, Some(ZONES[0])) };
    assert_eq!(cause(&token, &records(Some(ACCOUNTS[0]))), Cause::Granted);
    assert_eq!(cause(&token, &records(Some(ACCOUNTS[1]))), Cause::OutsideOwner);
}
