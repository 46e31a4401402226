//! Reach and comparison against the naive way: `decide`, asked of every operation at every place, address and instant.

use std::collections::BTreeSet;
use std::net::IpAddr;

use flarekeep_catalogue::{
    AccountId, Group, GroupId, Operation, Rule, UserId, ZoneId, groups, operation, operations, resolve,
};
use flarekeep_policy::{
    Area, BucketKey, CompiledToken, Effect, Grant, IpCondition, IpSet, Owner, Owners, Ownership, Place, Policy,
    Request, Resource, Status, Token, UnixSeconds, compare, parse_range, reach,
};
use proptest::prelude::*;
use proptest::sample::select;

const ACCOUNTS: [AccountId; 2] = [AccountId::from_u128(0xa1), AccountId::from_u128(0xa2)];
const ZONES: [ZoneId; 2] = [ZoneId::from_u128(0x21), ZoneId::from_u128(0x22)];
const USERS: [UserId; 2] = [UserId::from_u128(0x41), UserId::from_u128(0x42)];
/// No token names these.
const OTHER_ACCOUNT: AccountId = AccountId::from_u128(0xaf);
const OTHER_ZONE: ZoneId = ZoneId::from_u128(0x2f);
const START: UnixSeconds = UnixSeconds(0);

fn bucket(account: AccountId, name: &str) -> BucketKey {
    BucketKey { account, jurisdiction: "default".to_owned(), name: name.to_owned() }
}

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
        account.clone().prop_map(|account| Resource::Bucket(bucket(account, "site"))),
        account.prop_map(Resource::AllBucketsOf),
        select(others()).prop_map(|(other, _)| other),
    ]
}

/// Resources of kinds that the engine does not know, that differ in one part only; what each could turn out to be.
fn others() -> Vec<(Resource, Resource)> {
    let [one, two] = ACCOUNTS.map(|account| Resource::Account(account).keys().0);
    let below = |outer: &str| Resource::read_nested(outer, "com.example.thing", "*").unwrap();
    let zone = Resource::Zone(ZONES[0]).keys().0;
    let meanings = [
        Resource::Account(ACCOUNTS[0]),
        Resource::Account(ACCOUNTS[1]),
        Resource::AllAccounts,
        Resource::Zone(ZONES[0]),
        Resource::AllZones,
    ];
    let value = |value: &str| Resource::read(&zone, value).unwrap();
    let all = [below(&one), below(&two), below("com.cloudflare.api.account.*"), value("read"), value("write")];
    all.into_iter().zip(meanings).collect()
}

/// Two groups that nobody knows, as ids.
const UNKNOWN: [GroupId; 2] = [GroupId::from_u128(0xe1), GroupId::from_u128(0xe2)];

/// The token with a group for each that nobody knows, and a resource for each of an unknown kind.
fn interpreted(mut token: Token, meant: [&'static Group; 2]) -> Token {
    let others = others();
    for policy in &mut token.policies {
        for resource in &mut policy.resources {
            if let Some((_, meaning)) = others.iter().find(|(other, _)| other == resource) {
                *resource = meaning.clone();
            }
        }
        for grant in &mut policy.groups {
            if let Grant::Unknown(id) = *grant {
                *grant = Grant::Group(meant[usize::from(id == UNKNOWN[1])]);
            }
        }
    }
    token
}

/// Few groups, so that two tokens often hold the same: of each scope, of operations that need all of theirs, and of those
/// that name no place.
fn group() -> impl Strategy<Value = &'static Group> {
    let all_of = operations().iter().filter(|operation| operation.rule == Rule::AllOf).flat_map(Operation::accepts);
    let lists = ["GET /zones", "POST /zones", "GET /user", "GET /memberships", "s3://"];
    let listed = operations().iter().filter(|operation| lists.iter().any(|text| operation.to_string().contains(text)));
    let named = ["DNS Write", "DNS Read", "Zone Read", "Workers Scripts Write", "Workers R2 Storage Bucket Item Write"];
    let mut some: Vec<&'static Group> = all_of.chain(listed.flat_map(Operation::accepts)).collect();
    some.extend(named.iter().map(|name| resolve(name).unwrap().0));
    some.sort_by_key(|group| group.index);
    some.dedup();
    prop_oneof![4 => select(some), 1 => (0..groups().len()).prop_map(|at| &groups()[at])]
}

fn grant() -> impl Strategy<Value = Grant> {
    prop_oneof![6 => group().prop_map(Grant::Group), 1 => select(UNKNOWN.to_vec()).prop_map(Grant::Unknown)]
}

fn policy() -> impl Strategy<Value = Policy> {
    let effect = prop_oneof![4 => Just(Effect::Allow), 1 => Just(Effect::Deny)];
    (effect, prop::collection::vec(resource(), 0..4), prop::collection::vec(grant(), 0..4))
        .prop_map(|(effect, resources, groups)| Policy { effect, resources, groups })
}

fn ip() -> impl Strategy<Value = IpCondition> {
    let range = select(vec!["203.0.113.0/24", "203.0.113.7/32", "2001:db8::/32", "0.0.0.0/0", "::/0"]);
    let list = prop::collection::vec(range.prop_map(|text| parse_range(text).unwrap()), 0..3);
    let set = prop_oneof![3 => Just(None), 1 => list.prop_map(|ranges| Some(IpSet(ranges)))];
    (set.clone(), set).prop_map(|(within, not_within)| IpCondition { within, not_within })
}

fn token() -> impl Strategy<Value = Token> {
    let owner = prop_oneof![
        2 => select(USERS.to_vec()).prop_map(Owner::User),
        1 => select(ACCOUNTS.to_vec()).prop_map(Owner::Account),
    ];
    let status = prop_oneof![12 => Just(Status::Active), 1 => Just(Status::Disabled)];
    let time = || prop::option::weighted(0.2, (-1..4i64).prop_map(UnixSeconds));
    (owner, status, time(), time(), ip(), prop::collection::vec(policy(), 0..4)).prop_map(
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

/// Two tokens of which one is often the other with a change.
fn pair() -> impl Strategy<Value = (Token, Token)> {
    let near = (token(), policy(), 0..6u8).prop_map(|(old, policy, change)| {
        let mut new = old.clone();
        match change {
            0 => new.policies.push(policy),
            1 => drop(new.policies.pop()),
            2 => new.expires_on = None,
            3 => new.ip = IpCondition::default(),
            4 => new.status = Status::Active,
            _ => {}
        }
        (old, new)
    });
    prop_oneof![1 => (token(), token()), 2 => near]
}

/// Two tokens that hold the same of what nobody knows; they differ in a policy, or in who owns them.
fn pair_with_unknown() -> impl Strategy<Value = (Token, Token)> {
    let unknown = (prop::collection::vec(resource(), 1..3), select(UNKNOWN.to_vec()));
    (token(), unknown, prop::collection::vec(policy(), 0..2), policy(), any::<bool>(), token()).prop_map(
        |(mut old, (resources, id), more, apart, is_new, other)| {
            old.policies.push(Policy { effect: Effect::Allow, resources, groups: vec![Grant::Unknown(id)] });
            old.policies.extend(more);
            let mut new = old.clone();
            let one = if is_new { &mut new } else { &mut old };
            one.policies.push(apart);
            if other.policies.len() == 1 {
                new.owner = other.owner;
            }
            (old, new)
        },
    )
}

fn ownership() -> impl Strategy<Value = Ownership> {
    prop::collection::btree_map(select(ZONES.to_vec()), select(ACCOUNTS.to_vec()), 0..2)
}

/// The operations that the groups of these tokens can matter to, what any token may call, and some others.
fn relevant(tokens: &[&Token]) -> Vec<&'static Operation> {
    let policies = tokens.iter().flat_map(|token| &token.policies);
    let held: BTreeSet<u16> = policies.flat_map(Policy::known_groups).map(|group| group.index).collect();
    let matters = |operation: &&Operation| {
        let free = operation.rule == Rule::AnyToken || operation.index.is_multiple_of(97);
        free || operation.accepts().any(|group| held.contains(&group.index))
    };
    operations().iter().filter(matters).collect()
}

/// Every place at which the operation could be called, as a call.
fn calls(operation: &'static Operation, ownership: &Ownership) -> Vec<Request> {
    let at = |account, zone, bucket| Request { operation, user: None, account, zone, bucket, ip: None, at: START };
    let accounts = [ACCOUNTS[0], ACCOUNTS[1], OTHER_ACCOUNT];
    let zones = [ZONES[0], ZONES[1], OTHER_ZONE];
    let owned = zones.into_iter().flat_map(|zone| {
        let may_own = move |account: &AccountId| ownership.get(&zone).is_none_or(|owner| owner == account);
        accounts.into_iter().filter(may_own).map(move |account| (account, zone))
    });
    if operation.names_bucket() {
        let buckets = accounts.into_iter().flat_map(|account| ["site", "other"].map(|name| bucket(account, name)));
        return buckets.map(|bucket| at(Some(bucket.account), None, Some(bucket))).collect();
    }
    let in_accounts = accounts.map(|account| at(Some(account), None, None));
    let in_zones = owned.map(|(account, zone)| at(Some(account), Some(zone), None));
    match (operation.names_account() || operation.is_s3(), operation.names_zone()) {
        (true, _) => in_accounts.into(),
        (_, true) => in_zones.collect(),
        _ => in_accounts.into_iter().chain(in_zones).chain([at(None, None, None)]).collect(),
    }
}

/// Whether an area says something of a call.
fn covers(area: &Area, request: &Request) -> bool {
    let named = |account: AccountId| (account != OTHER_ACCOUNT).then_some(account);
    // An account that no token names is among the others.
    let account_is = |place: Option<AccountId>, known: &BTreeSet<AccountId>| {
        place == request.account.and_then(named).filter(|account| known.contains(account))
    };
    let known = known_accounts();
    let has = |place: &Place| match place {
        Place::Unplaced => request.account.is_none() || !names_place(request.operation),
        Place::Account(account) => request.zone.is_none() && request.bucket.is_none() && account_is(*account, &known),
        Place::Zone { zone, owners } => {
            let here = match zone {
                Some(zone) => request.zone == Some(*zone),
                None => request.zone.is_some(),
            };
            let owned = match owners {
                Owners::Any => true,
                Owners::These(owners) => owners.iter().any(|owner| account_is(*owner, &known)),
            };
            here && owned
        }
        Place::Bucket(bucket) => request.bucket.as_ref() == Some(bucket),
        Place::OtherBucketOf(account) => request.bucket.is_some() && account_is(*account, &known),
    };
    area.operations.contains(request.operation) && area.places.iter().any(has)
}

/// Both accounts: every generated pair is made to name them.
fn known_accounts() -> BTreeSet<AccountId> {
    ACCOUNTS.into()
}

fn names_place(operation: &Operation) -> bool {
    operation.names_account() || operation.names_zone() || operation.is_s3()
}

/// A policy without groups that names every account, zone and bucket, so that "any other" is the same in every case.
fn naming_all(mut token: Token) -> Token {
    let mut resources: Vec<Resource> = ACCOUNTS.map(Resource::Account).into();
    resources.extend(ZONES.map(Resource::Zone));
    resources.extend(ACCOUNTS.map(|account| Resource::Bucket(bucket(account, "site"))));
    token.policies.push(Policy { effect: Effect::Allow, resources, groups: Vec::new() });
    token
}

fn user_of(token: &Token) -> Option<UserId> {
    match token.owner {
        Owner::User(user) => Some(user),
        Owner::Account(_) => None,
    }
}

fn allows(token: &CompiledToken, request: &Request, user: Option<UserId>) -> bool {
    token.decide(&Request { user, ..request.clone() }).allow
}

fn addresses() -> [IpAddr; 5] {
    ["203.0.113.7", "203.0.113.8", "198.51.100.1", "2001:db8::1", "fd00::1"].map(|text| text.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn reach_is_what_decide_allows(token in token(), ownership in ownership()) {
        let token = naming_all(token);
        let reach = reach(&token, &ownership, START);
        let (compiled, user) = (token.compile(), user_of(&token));
        let usable = addresses().into_iter().flat_map(|ip| (0..4).map(move |at| (Some(ip), UnixSeconds(at))));
        let verify = operation("GET /user/tokens/verify").unwrap();
        let free = |(ip, at): &(Option<IpAddr>, UnixSeconds)| {
            let request = Request { operation: verify, user, account: None, zone: None, bucket: None, ip: *ip, at: *at };
            compiled.decide(&request).allow
        };
        let when = usable.clone().find(free);
        prop_assert_eq!(reach.window.is_never(), when.is_none() && !later(&token));
        let Some((ip, at)) = when else { return Ok(()) };
        for operation in relevant(&[&token]) {
            for call in calls(operation, &ownership) {
                let call = Request { ip, at, ..call };
                let said = reach.areas.iter().any(|area| says(area, &call));
                let decided = allows(&compiled, &call, user);
                // What is said of a list that names no place is said once.
                let once = !names_place(operation) && call.account.is_some();
                prop_assert!(said == decided || once && said, "{} {:?}: said {}", operation, call, said);
            }
        }
        for area in &reach.areas {
            for operation in area.operations.iter() {
                let request = reach.request(operation, &area.places[0]);
                prop_assert!(compiled.decide(&request).allow, "{} at {}", operation, area.places[0]);
            }
        }
    }

    #[test]
    fn a_comparison_finds_just_what_decide_tells_apart((old, new) in pair(), ownership in ownership()) {
        let (old, new) = (naming_all(old), naming_all(new));
        let comparison = compare(&old, &new, &ownership, START);
        let (a, b) = (old.compile(), new.compile());
        let granted_to = |user| move |resource: &Resource| *resource == Resource::User(user);
        let user = user_of(&new);
        let is_granted = |user| new.policies.iter().flat_map(|policy| &policy.resources).any(granted_to(user));
        let other = match old.owner {
            Owner::User(_) => user.filter(|user| is_granted(*user)).or(user_of(&old)),
            Owner::Account(_) => None,
        };
        for operation in relevant(&[&old, &new]) {
            for call in calls(operation, &ownership) {
                for (ip, at) in addresses().into_iter().zip([0, 1, 2, 3, 9]) {
                    let call = Request { ip: Some(ip), at: UnixSeconds(at), ..call.clone() };
                    let gained = allows(&b, &call, user) && !allows(&a, &call, other);
                    prop_assert!(!gained || !comparison.is_no_new_access(), "{} {:?}", operation, call);
                    let said = comparison.gained.areas.iter().any(|area| says(area, &call));
                    let conditions = comparison.gained.longer.is_some() || comparison.gained.wider.is_some();
                    prop_assert!(!gained || said || conditions, "{} {:?}", operation, call);
                    // What is said to be gained is allowed by the new token whenever it may be used, and never by the old.
                    let once = !names_place(operation) && call.account.is_some();
                    let false_alarm = said && !once && allows(&a, &call, other);
                    prop_assert!(!false_alarm, "{} {:?}", operation, call);
                }
            }
        }
        if let Some(example) = &comparison.gained.example {
            let request = &example.request;
            prop_assert!(b.decide(request).allow, "{:?}", example);
            prop_assert!(!allows(&a, request, example.other_user), "{:?}", example);
        }
        if let Some(example) = &comparison.lost.example {
            prop_assert!(a.decide(&example.request).allow && !allows(&b, &example.request, example.other_user));
        }
    }

    #[test]
    fn what_nobody_knows_may_turn_out_to_be_anything(
        (old, new) in prop_oneof![pair_with_unknown(), pair()],
        meant in prop::collection::vec(group(), 2),
        ownership in ownership(),
    ) {
        if compare(&old, &new, &ownership, START).is_no_new_access() {
            let meant = [meant[0], meant[1]];
            let (old, new) = (interpreted(old, meant), interpreted(new, meant));
            let gained = compare(&old, &new, &ownership, START).gained;
            prop_assert!(gained.example.is_none(), "{:?}", gained.example);
        }
    }

    #[test]
    fn a_token_gains_nothing_over_itself_and_two_exchange_their_gains((old, new) in pair(), ownership in ownership()) {
        let itself = compare(&old, &old, &ownership, START);
        prop_assert!(itself.is_same());
        let (there, back) = (compare(&old, &new, &ownership, START), compare(&new, &old, &ownership, START));
        prop_assert_eq!(&there.gained.areas, &back.lost.areas);
        prop_assert_eq!(&there.lost.areas, &back.gained.areas);
    }
}

/// Whether an area says something of a call: an area of a named zone goes before that of any other zone.
fn says(area: &Area, call: &Request) -> bool {
    let is_other_zone = call.zone.is_some_and(|zone| ZONES.contains(&zone));
    let is_other_bucket =
        call.bucket.as_ref().is_some_and(|bucket| bucket.name == "site" && ACCOUNTS.contains(&bucket.account));
    let fits = |place: &Place| match place {
        Place::Zone { zone: None, .. } => !is_other_zone,
        Place::OtherBucketOf(_) => !is_other_bucket,
        _ => true,
    };
    let places = area.places.iter().filter(|place| fits(place)).cloned().collect();
    covers(&Area { places, operations: area.operations.clone() }, call)
}

/// Whether the token may be used only after the instants that the test looks at, or from addresses that it does not.
fn later(token: &Token) -> bool {
    let reach = reach(token, &Ownership::new(), START);
    let never_here = addresses().iter().all(|address| !token.ip.admits(Some(*address)));
    !reach.window.is_never() && (never_here || token.not_before.is_some_and(|start| start.0 > 3))
}

/// `FLAREKEEP_CASES` sets the number of generated cases (docs/assurance.md); each asks hundreds of thousands of questions.
fn cases() -> u32 {
    std::env::var("FLAREKEEP_CASES")
        .ok()
        .and_then(|text| text.parse::<u32>().ok())
        .map_or(64, |cases| cases.div_ceil(100))
}
