//! One decision: beside a bare bit-set look-up (the limit), and beside cedar-policy and regorus (the peers), on an equal
//! set of 20 policies. Then the same with 1,000 policies in the token.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet,
    Request as CedarRequest,
};
use flarekeep_benches::{Contender, compare};
use flarekeep_catalogue::{AccountId, Method, UserId, ZoneId, resolve, route};
use flarekeep_policy::{CompiledToken, Effect, Grant, Owner, Policy, Request, Resource, Token, UnixSeconds};

const USER: UserId = UserId::from_u128(7);
const ACCOUNT: AccountId = AccountId::from_u128(8);
const GROUPS: [&str; 3] = ["DNS Write", "Zone Read", "Workers Routes Read"];

fn main() {
    let calls = calls();
    let twenty = token(20).compile();
    let thousand = token(1000).compile();
    let bare = Bare::new(20);
    let indexed: Vec<Request> = calls.iter().map(|call| request(call).unwrap()).collect();
    let cedar = Cedar::new(20, &calls);
    let mut rego = Rego::new(20, &calls);
    let mut rego_ready = Rego::new(20, &calls);
    check_agreement(&calls, &twenty, &bare, &cedar, &mut rego);

    let call = |step: usize| &calls[step % CALLS];
    let strings = compare(
        "one decision from the request's strings, 20 policies",
        &mut [
            Contender { name: "bare bit-set look-up (the limit)", step: Box::new(|step| bare.allows(call(step))) },
            Contender { name: "flarekeep decide, cause included", step: Box::new(|step| decide(&twenty, call(step))) },
            Contender {
                name: "flarekeep decide, 1,000 policies",
                step: Box::new(|step| decide(&thousand, call(step))),
            },
            Contender {
                name: "cedar-policy, its request made from them",
                step: Box::new(|step| cedar.allows(call(step))),
            },
            Contender { name: "regorus, its input made from them", step: Box::new(|step| rego.allows(call(step))) },
        ],
    );
    let by_index = compare(
        "one decision, operation and resource already known",
        &mut [
            Contender {
                name: "bare bit-set look-up (the limit)",
                step: Box::new(|step| bare.allows_indexed(&indexed[step % CALLS])),
            },
            Contender {
                name: "flarekeep decide, cause included",
                step: Box::new(|step| twenty.decide(&indexed[step % CALLS]).allow),
            },
            Contender {
                name: "cedar-policy, its request ready",
                step: Box::new(|step| cedar.allows_ready(step % CALLS)),
            },
            Contender {
                name: "regorus, its input ready",
                step: Box::new(|step| rego_ready.allows_ready(step % CALLS)),
            },
        ],
    );
    // The peers have no router: like is held against like where the request is ready. Their other figure is beside it.
    let bounds = [
        ("decide / bare look-up, from strings", strings[1] / strings[0], "at most", 3.0),
        ("decide / bare look-up, indexed", by_index[1] / by_index[0], "at most", 3.0),
        ("1,000 policies / 20 policies", strings[2] / strings[1], "at most", 1.5),
        ("cedar-policy / decide, ready requests", by_index[2] / by_index[1], "at least", 300.0),
        ("regorus / decide, ready requests", by_index[3] / by_index[1], "at least", 40.0),
    ];
    let mut held = true;
    for (name, ratio, direction, bound) in bounds {
        let holds = if direction == "at most" { ratio <= bound } else { ratio >= bound };
        held &= holds;
        println!("{} {name}: {ratio:.2} ({direction} {bound})", if holds { "ok  " } else { "MISS" });
    }
    std::process::exit(i32::from(!held));
}

struct Call {
    method: &'static str,
    path: String,
}

/// 64 calls on the first 20 zones: half are allowed, half are not.
fn calls() -> Vec<Call> {
    let tails = [("GET", "dns_records"), ("POST", "dns_records"), ("POST", "workers/routes"), ("POST", "purge_cache")];
    (0..64)
        .map(|n| {
            let (method, tail) = tails[n % tails.len()];
            Call { method, path: format!("/zones/{}/{tail}", zone(n % 20)) }
        })
        .collect()
}

const CALLS: usize = 64;

fn zone(n: usize) -> ZoneId {
    // Spread over all digits, as real ids are.
    ZoneId::from_u128((n as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

fn token(policies: usize) -> Token {
    let groups: Vec<Grant> = GROUPS.iter().map(|name| Grant::Group(resolve(name).unwrap().0)).collect();
    let policies = (0..policies)
        .map(|n| Policy { effect: Effect::Allow, resources: vec![Resource::Zone(zone(n))], groups: groups.clone() })
        .collect();
    Token::unconditional(Owner::User(USER), policies)
}

/// From the strings of a request to a decision, as a server does it.
fn decide(token: &CompiledToken, call: &Call) -> bool {
    request(call).is_some_and(|request| token.decide(&request).allow)
}

fn request(call: &Call) -> Option<Request> {
    let route = route(call.method.parse::<Method>().ok()?, &call.path)?;
    Some(Request {
        operation: route.operation,
        user: Some(USER),
        account: Some(ACCOUNT),
        zone: Some(route.zone()?.parse().ok()?),
        bucket: None,
        ip: None,
        at: UnixSeconds(0),
    })
}

/// The least that a decision from strings can be: the operation by its strings, the zone by its string, one bit.
struct Bare {
    operations: HashMap<(&'static str, &'static str), usize>,
    zones: HashMap<String, Vec<u64>>,
    zones_by_id: HashMap<ZoneId, Vec<u64>>,
}

impl Bare {
    fn new(policies: usize) -> Self {
        let on_zones = flarekeep_catalogue::operations().iter().filter_map(|operation| {
            let tail = operation.path().strip_prefix("/zones/{zone_id}/")?;
            Some(((operation.method.as_str(), tail), usize::from(operation.index)))
        });
        let mut bits = vec![0u64; flarekeep_catalogue::operations().len().div_ceil(64)];
        for index in GROUPS.iter().flat_map(|name| resolve(name).unwrap().0.operation_indexes()) {
            bits[usize::from(*index) / 64] |= 1 << (index % 64);
        }
        Self {
            operations: on_zones.collect(),
            zones: (0..policies).map(|n| (zone(n).to_string(), bits.clone())).collect(),
            zones_by_id: (0..policies).map(|n| (zone(n), bits.clone())).collect(),
        }
    }

    fn allows(&self, call: &Call) -> bool {
        let Some((zone, tail)) = call.path.strip_prefix("/zones/").and_then(|rest| rest.split_once('/')) else {
            return false;
        };
        let Some(operation) = self.operations.get(&(call.method, tail)) else { return false };
        self.zones.get(zone).is_some_and(|bits| bits[operation / 64] >> (operation % 64) & 1 == 1)
    }

    /// The same with the operation a number and the zone an id.
    fn allows_indexed(&self, request: &Request) -> bool {
        let operation = usize::from(request.operation.index);
        let bits = request.zone.and_then(|zone| self.zones_by_id.get(&zone));
        bits.is_some_and(|bits| bits[operation / 64] >> (operation % 64) & 1 == 1)
    }
}

struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    requests: Vec<CedarRequest>,
}

impl Cedar {
    fn new(policies: usize, calls: &[Call]) -> Self {
        // The groups are Cedar's action groups: the shortest policies, and the fastest for it.
        let actions: Vec<String> = GROUPS.iter().map(|name| format!("Action::{name:?}")).collect();
        let text: String = (0..policies)
            .map(|n| {
                let zone = zone(n);
                format!("permit(principal, action in [{}], resource == Zone::\"{zone}\");\n", actions.join(","))
            })
            .collect();
        let requests = calls.iter().map(cedar_request).collect();
        let entities = Entities::from_entities(action_entities(), None).unwrap();
        Self { authorizer: Authorizer::new(), policies: text.parse().unwrap(), entities, requests }
    }

    fn allows(&self, call: &Call) -> bool {
        self.decide(&cedar_request(call))
    }

    fn allows_ready(&self, call: usize) -> bool {
        self.decide(&self.requests[call])
    }

    fn decide(&self, request: &CedarRequest) -> bool {
        self.authorizer.is_authorized(request, &self.policies, &self.entities).decision() == Decision::Allow
    }
}

/// Cedar's request from the strings of a call. No type name is parsed for it: that is done once.
fn cedar_request(call: &Call) -> CedarRequest {
    static TYPES: LazyLock<[EntityTypeName; 3]> =
        LazyLock::new(|| ["User", "Action", "Zone"].map(|name| name.parse().unwrap()));
    let uid = |kind: usize, name: &str| EntityUid::from_type_name_and_id(TYPES[kind].clone(), EntityId::new(name));
    let (zone, operation) = zone_and_operation(call);
    CedarRequest::new(uid(0, "7"), uid(1, &operation), uid(2, zone), Context::empty(), None).unwrap()
}

/// The zone's id in the path, and the operation's name; only paths below a zone are looked at.
fn zone_and_operation(call: &Call) -> (&str, String) {
    let (zone, tail) = call.path["/zones/".len()..].split_once('/').unwrap();
    (zone, format!("{} /zones/{{zone_id}}/{tail}", call.method))
}

/// Every operation of the groups as an action whose parents are the groups that it accepts.
fn action_entities() -> Vec<Entity> {
    let uid = |name: &str| -> EntityUid { format!("Action::{name:?}").parse().unwrap() };
    let mut parents: HashMap<String, HashSet<EntityUid>> = HashMap::new();
    for group in GROUPS.iter().map(|name| resolve(name).unwrap().0) {
        for operation in group.operations() {
            parents.entry(operation.to_string()).or_default().insert(uid(group.name));
        }
    }
    parents.into_iter().map(|(name, groups)| Entity::new_no_attrs(uid(&name), groups)).collect()
}

/// The operations that the groups grant, on zones.
fn granted_templates() -> Vec<String> {
    let groups = GROUPS.iter().map(|name| resolve(name).unwrap().0);
    let mut names: Vec<String> = groups.flat_map(|group| group.operations()).map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    names
}

struct Rego {
    engine: regorus::Engine,
    inputs: Vec<regorus::Value>,
}

impl Rego {
    fn new(policies: usize, calls: &[Call]) -> Self {
        let mut engine = regorus::Engine::new();
        let policy = "package cf\nimport rego.v1\ndefault allow := false\nallow if {\n some policy in data.policies\n policy.zone == input.zone\n policy.operations[input.operation]\n}\n";
        engine.add_policy("cf.rego".into(), policy.into()).unwrap();
        let operations: serde_json::Map<String, serde_json::Value> =
            granted_templates().into_iter().map(|name| (name, true.into())).collect();
        let rows: Vec<_> =
            (0..policies).map(|n| serde_json::json!({"zone": zone(n).to_string(), "operations": operations})).collect();
        let data = serde_json::json!({ "policies": rows });
        engine.add_data(regorus::Value::from_json_str(&data.to_string()).unwrap()).unwrap();
        Self { engine, inputs: calls.iter().map(rego_input).collect() }
    }

    fn allows(&mut self, call: &Call) -> bool {
        self.decide(rego_input(call))
    }

    fn allows_ready(&mut self, call: usize) -> bool {
        self.decide(self.inputs[call].clone())
    }

    fn decide(&mut self, input: regorus::Value) -> bool {
        self.engine.set_input(input);
        self.engine.eval_rule("data.cf.allow".into()).unwrap() == regorus::Value::from(true)
    }
}

/// Rego's input from the strings of a call.
fn rego_input(call: &Call) -> regorus::Value {
    let (zone, operation) = zone_and_operation(call);
    let mut input = regorus::Value::new_object();
    let object = input.as_object_mut().unwrap();
    object.insert("zone".into(), zone.into());
    object.insert("operation".into(), operation.into());
    input
}

/// All four must give the same answers, or their times mean nothing.
fn check_agreement(calls: &[Call], token: &CompiledToken, bare: &Bare, cedar: &Cedar, rego: &mut Rego) {
    let mut allowed = 0;
    for (at, call) in calls.iter().enumerate() {
        let ours = decide(token, call);
        assert_eq!(ours, bare.allows(call), "{} {}", call.method, call.path);
        assert_eq!(ours, bare.allows_indexed(&request(call).unwrap()), "{} {}", call.method, call.path);
        assert_eq!(ours, cedar.allows(call) && cedar.allows_ready(at), "{} {}", call.method, call.path);
        assert_eq!(ours, rego.allows(call) && rego.allows_ready(at), "{} {}", call.method, call.path);
        allowed += usize::from(ours);
    }
    assert!(allowed > 0 && allowed < calls.len(), "the calls must be of both kinds");
}
