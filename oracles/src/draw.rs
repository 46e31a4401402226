//! Generated tokens and calls: few ids, so that they meet, and every shape of resource, effect, condition and state.

use std::sync::LazyLock;

use flarekeep_catalogue::{Group, Method, Operation, Rule, groups, operations, route};
use serde_json::{Map, Value, json};

use crate::cedar::scope;
use crate::random::Random;

const ACCOUNTS: [&str; 2] = ["a1000000000000000000000000000001", "a2000000000000000000000000000002"];
const ZONES: [&str; 3] =
    ["21000000000000000000000000000001", "22000000000000000000000000000002", "23000000000000000000000000000003"];
const USERS: [&str; 2] = ["41000000000000000000000000000001", "42000000000000000000000000000002"];
const BUCKETS: [&str; 2] = ["site", "media"];
const RANGES: [&str; 4] = ["203.0.113.0/24", "203.0.113.7/32", "2001:db8::/32", "0.0.0.0/0"];
const ADDRESSES: [&str; 3] = ["203.0.113.7", "198.51.100.1", "2001:db8::1"];

/// A token, as it is drawn.
pub struct Token {
    /// The status, as the API spells it.
    pub status: &'static str,
    /// Seconds since 1970.
    pub not_before: Option<i64>,
    /// Seconds since 1970.
    pub expires_on: Option<i64>,
    /// `in` of the condition.
    pub within: Option<Vec<&'static str>>,
    /// `not_in` of the condition.
    pub not_within: Option<Vec<&'static str>>,
    /// The policies.
    pub policies: Vec<Policy>,
}

/// A policy, as it is drawn.
pub struct Policy {
    /// Whether it denies.
    pub denies: bool,
    /// Where.
    pub places: Vec<Place>,
    /// What.
    pub groups: Vec<&'static Group>,
}

/// A resource, as it is drawn.
#[derive(Clone, Copy)]
pub enum Place {
    /// One user.
    User(&'static str),
    /// One account.
    Account(&'static str),
    /// Every account.
    Accounts,
    /// One zone.
    Zone(&'static str),
    /// One zone below its account.
    ZoneOf(&'static str, &'static str),
    /// Every zone of an account.
    ZonesOf(&'static str),
    /// Every zone.
    Zones,
    /// A bucket: account, jurisdiction, name.
    Bucket(&'static str, &'static str, &'static str),
    /// Every bucket of an account.
    BucketsOf(&'static str),
    /// Something else.
    Other,
}

/// A call, as it is drawn.
pub struct Call {
    /// What is called.
    pub operation: &'static Operation,
    /// The concrete path.
    pub path: String,
    /// The account in the path.
    pub path_account: Option<&'static str>,
    /// The zone in the path.
    pub zone: Option<&'static str>,
    /// The bucket in the path.
    pub bucket: Option<&'static str>,
    /// The line's `account`.
    pub account: Option<&'static str>,
    /// The line's `user`.
    pub user: Option<&'static str>,
    /// The client's address.
    pub ip: Option<&'static str>,
    /// Seconds since 1970.
    pub at: i64,
}

/// An operation; those with rules of their own come more often than their number.
pub fn operation(random: &mut Random) -> &'static Operation {
    static PLAIN: LazyLock<Vec<&Operation>> = LazyLock::new(|| operations().iter().filter(|o| is_drawn(o)).collect());
    static ALL_OF: LazyLock<Vec<&Operation>> =
        LazyLock::new(|| PLAIN.iter().copied().filter(|o| o.rule == Rule::AllOf).collect());
    static S3: LazyLock<Vec<&Operation>> =
        LazyLock::new(|| operations().iter().filter(|operation| operation.is_s3()).collect());
    static LISTS: LazyLock<Vec<&Operation>> = LazyLock::new(|| {
        let placeless = |o: &&Operation| !o.path().starts_with("/accounts/{") && !o.path().starts_with("/zones/{");
        PLAIN.iter().copied().filter(placeless).collect()
    });
    match random.below(12) {
        0 => *random.pick(&ALL_OF),
        1 => *random.pick(&S3),
        2 => *random.pick(&LISTS),
        3 => PLAIN.iter().find(|o| o.method == Method::Post && o.path() == "/zones").unwrap(),
        _ => *random.pick(&PLAIN),
    }
}

/// Those whose template, filled in, leads back to them: a literal may win over a parameter.
fn is_drawn(operation: &Operation) -> bool {
    operation.is_routed() && {
        let path = fill(operation.path(), ACCOUNTS[0], ZONES[0]);
        route(operation.method, &path).is_some_and(|route| route.operation == operation)
    }
}

fn fill(template: &str, account: &str, zone: &str) -> String {
    let mut segments: Vec<&str> = template.split('/').collect();
    let top = segments.get(1).copied().unwrap_or_default();
    for (at, segment) in segments.iter_mut().enumerate() {
        if segment.starts_with('{') {
            *segment = match (top, at) {
                ("accounts", 2) => account,
                ("zones", 2) => zone,
                _ => "x1",
            };
        }
    }
    segments.join("/")
}

/// A call of this operation.
pub fn call(random: &mut Random, operation: &'static Operation) -> Call {
    let (account, zone, bucket) = (*random.pick(&ACCOUNTS), *random.pick(&ZONES), *random.pick(&BUCKETS));
    let template = operation.path();
    let in_account = template.starts_with("/accounts/{");
    let in_zone = template.starts_with("/zones/{");
    let in_bucket = template.starts_with("s3://{");
    let path = if operation.is_s3() {
        template.replace("{bucket_name}", bucket).replace("{object_key}", "css/a.css")
    } else {
        fill(template, account, zone)
    };
    let path = match random.below(6) {
        0 if !operation.is_s3() => format!("/client/v4{path}"),
        1 if !operation.is_s3() => format!("{path}?per_page=50"),
        _ => path,
    };
    let given = match random.below(8) {
        0 => None,
        1 => Some(*random.pick(&ACCOUNTS)),
        _ => Some(account),
    };
    Call {
        operation,
        path,
        path_account: in_account.then_some(account),
        zone: in_zone.then_some(zone),
        bucket: in_bucket.then_some(bucket),
        account: given,
        user: (!random.one_in(3)).then(|| *random.pick(&USERS)),
        ip: (!random.one_in(4)).then(|| *random.pick(&ADDRESSES)),
        at: random.below(4) as i64,
    }
}

/// The statuses of a token that may not be used.
const SELDOM: [&str; 3] = ["disabled", "expired", "revoked (exposed)"];

/// A token with groups that the operation accepts, mostly.
pub fn token(random: &mut Random, operation: &'static Operation) -> Token {
    let time = |random: &mut Random| random.one_in(6).then(|| random.below(4) as i64);
    let list =
        |random: &mut Random| random.one_in(6).then(|| (0..random.below(3)).map(|_| *random.pick(&RANGES)).collect());
    Token {
        status: SELDOM.get(random.below(16)).copied().unwrap_or("active"),
        not_before: time(random),
        expires_on: time(random),
        within: list(random),
        not_within: list(random),
        policies: (0..random.below(5)).map(|_| policy(random, operation)).collect(),
    }
}

fn policy(random: &mut Random, operation: &'static Operation) -> Policy {
    let accepted: Vec<&'static Group> = operation.accepts().collect();
    let group = |random: &mut Random| {
        if accepted.is_empty() || random.one_in(4) { random.pick(groups()) } else { *random.pick(&accepted) }
    };
    Policy {
        denies: random.one_in(6),
        places: (0..=random.below(3)).map(|_| place_for(random, &accepted)).collect(),
        groups: (0..=random.below(3)).map(|_| group(random)).filter(|group| group.id.is_some()).collect(),
    }
}

/// A place, mostly one at which a group that the operation accepts takes effect: else few calls would be allowed.
fn place_for(random: &mut Random, accepted: &[&Group]) -> Place {
    for _ in 0..random.below(12) {
        let place = place(random);
        if accepted.iter().any(|group| group.scope == scope(place)) {
            return place;
        }
    }
    place(random)
}

fn place(random: &mut Random) -> Place {
    let (account, zone) = (*random.pick(&ACCOUNTS), *random.pick(&ZONES));
    match random.below(10) {
        0 => Place::User(*random.pick(&USERS)),
        1 => Place::Account(account),
        2 => Place::Accounts,
        3 => Place::Zone(zone),
        4 => Place::ZoneOf(account, zone),
        5 => Place::ZonesOf(account),
        6 => Place::Zones,
        7 => Place::Bucket(account, *random.pick(&["default", "eu"]), *random.pick(&BUCKETS)),
        8 => Place::BucketsOf(account),
        _ => Place::Other,
    }
}

/// The line that the engine reads: the token as the API returns it, and the call.
pub fn line(token: &Token, call: &Call) -> String {
    let time = |seconds: i64| format!("1970-01-01T00:00:0{seconds}Z");
    let mut document = json!({
        "id": "ed17574386854bf78a67040be0a770b0", "name": "generated", "status": token.status,
        "policies": token.policies.iter().map(written).collect::<Vec<_>>(),
    });
    for (key, value) in [("not_before", token.not_before), ("expires_on", token.expires_on)] {
        if let Some(value) = value {
            document[key] = json!(time(value));
        }
    }
    for (key, list) in [("in", &token.within), ("not_in", &token.not_within)] {
        if let Some(list) = list {
            document["condition"]["request_ip"][key] = json!(list);
        }
    }
    json!({
        "token": document, "method": call.operation.method.as_str(), "path": call.path, "account": call.account,
        "user": call.user, "ip": call.ip, "at": time(call.at),
    })
    .to_string()
}

fn written(policy: &Policy) -> Value {
    let mut resources = Map::new();
    for place in &policy.places {
        let (key, inner) = keys(*place);
        match inner {
            None => _ = resources.insert(key, json!("*")),
            Some(inner) => match resources.entry(key).or_insert_with(|| json!({})) {
                Value::Object(nested) => _ = nested.insert(inner, json!("*")),
                // The account itself stands there: one key holds one of the two.
                other => *other = json!({ inner: "*" }),
            },
        }
    }
    let groups = policy.groups.iter().map(|group| json!({"id": group.id.unwrap().to_string(), "name": group.name}));
    json!({
        "id": "f267e341f3dd4697bd3b9f71dd96247f", "effect": if policy.denies { "deny" } else { "allow" },
        "resources": resources, "permission_groups": groups.collect::<Vec<_>>(),
    })
}

/// The key of a place, and the key nested below it.
pub fn keys(place: Place) -> (String, Option<String>) {
    const ACCOUNT: &str = "com.cloudflare.api.account.";
    let below = |account: &str, inner: String| (format!("{ACCOUNT}{account}"), Some(inner));
    match place {
        Place::User(user) => (format!("com.cloudflare.api.user.{user}"), None),
        Place::Account(account) => (format!("{ACCOUNT}{account}"), None),
        Place::Accounts => (format!("{ACCOUNT}*"), None),
        Place::Zone(zone) => (format!("{ACCOUNT}zone.{zone}"), None),
        Place::Zones => (format!("{ACCOUNT}zone.*"), None),
        Place::ZoneOf(account, zone) => below(account, format!("{ACCOUNT}zone.{zone}")),
        Place::ZonesOf(account) => below(account, format!("{ACCOUNT}zone.*")),
        Place::Bucket(account, jurisdiction, name) => {
            (format!("com.cloudflare.edge.r2.bucket.{account}_{jurisdiction}_{name}"), None)
        }
        Place::BucketsOf(account) => below(account, "com.cloudflare.edge.r2.bucket.*".to_owned()),
        Place::Other => ("com.cloudflare.edge.worker.script.x".to_owned(), None),
    }
}
