//! Every recipe of the catalogue, walked on a running emulator with all its options, with none and with each: a token with
//! exactly what is planned passes each need, and without any one of its grants it fails those that only this grant meets.
//! So are the recipes `terraform:TYPE`.

mod common;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use common::s3::{Ask, Key, S3};
use common::{Local, Minted, Reply, unlimited};
use flarekeep_catalogue::{
    GroupId, Operation, Recipe, Scope, groups, operation, recipe, recipe_names, terraform_types,
};
use flarekeep_emulator::{LogEntry, Options};
use flarekeep_planner::{Grant, Need, Plan, Target, needs_of_recipe, plan};
use flarekeep_policy::{BucketKey, Owner, Resource};
use serde_json::{Map, Value, json};

/// Stands for the ids of things that do not exist: nothing that a walk calls may change what it walks on.
const NOTHING: &str = "0123456789abcdef0123456789abcdef";
const BUCKET: &str = "walk";

#[tokio::test]
async fn every_recipe_passes_with_a_users_plan_and_fails_without_any_one_grant() {
    walked(Way::User).await;
}

#[tokio::test]
async fn every_recipe_passes_with_a_plan_for_every_zone_and_fails_without_any_one_grant() {
    walked(Way::UserEveryZone).await;
}

#[tokio::test]
async fn every_recipe_passes_with_an_accounts_plan_and_fails_without_any_one_grant() {
    walked(Way::Account).await;
}

async fn walked(way: Way) {
    let walk = Walk::start().await;
    let mut tally = Tally::default();
    let mut recipes = 0;
    for name in recipe_names() {
        let recipe = recipe(name).unwrap();
        for options in choices(&recipe) {
            recipes += 1;
            walk.recipe(&recipe.clone().with(&options).unwrap(), &options, way, &mut tally).await;
        }
    }
    tally.told(&format!("{way:?}"));
    // The walk went somewhere.
    assert!(recipes > recipe_names().count() && tally.impossible.len() * 10 < recipes, "{tally:?}");
    assert_eq!(tally.plans + tally.impossible.len(), recipes);
    assert!(
        tally.removals > recipe_names().count() && tally.s3 > 0 && tally.graphql > 0 && tally.free > 0,
        "{tally:?}"
    );
}

/// The options to walk a recipe with: none, each alone, all.
fn choices(recipe: &Recipe) -> Vec<Vec<String>> {
    let all: Vec<String> = recipe.options.iter().map(|(option, _)| option.clone()).collect();
    let alone = all.iter().filter(|_| all.len() > 1).map(|option| vec![option.clone()]);
    let mut choices: Vec<_> = [Vec::new()].into_iter().chain(alone).collect();
    if !all.is_empty() {
        choices.push(all);
    }
    choices
}

/// What the Terraform provider is recorded to call for each of its types.
#[tokio::test]
async fn every_terraform_type_passes_with_its_plan_and_fails_without_any_one_grant() {
    let walk = Walk::start().await;
    let mut tally = Tally::default();
    let (mut recipes, mut not_recorded) = (0, 0);
    for of in terraform_types() {
        not_recorded += usize::from(of.recipe_names().next().is_none());
        for name in of.recipe_names() {
            recipes += 1;
            walk.recipe(&recipe(&name).unwrap(), &[], Way::User, &mut tally).await;
        }
    }
    println!("Terraform: {recipes} recipes, and {not_recorded} types of which no call is recorded");
    tally.told("Terraform");
    assert_eq!(tally.plans + tally.impossible.len(), recipes);
    assert!(recipes > 500 && tally.removals > recipes / 10 && tally.impossible.len() * 10 < recipes, "{tally:?}");
}

/// The test can fail: a token that lacks everything is refused wherever a plan grants something.
#[tokio::test]
async fn a_token_with_nothing_fails_every_need_but_the_free_ones() {
    let walk = Walk::start().await;
    let whole = recipe("saas-platform").unwrap();
    let needs = needs_of_recipe(&whole, &walk.target(Way::User), walk.owner(Way::User)).unwrap();
    let plan = plan(&needs, &flarekeep_planner::Options::new(walk.owner(Way::User)));
    walk.grant(Way::User, &plan, &[]).await;
    for (at, need) in plan.needs.iter().enumerate() {
        assert_eq!(
            walk.call(Way::User, need).await,
            if plan.free.contains(&at) { Answer::Passed } else { Answer::Refused }
        );
    }
}

/// Whose token it is, and for how much of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    User,
    UserEveryZone,
    Account,
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Passed,
    Refused,
    /// Refused by the emulator because nobody has published what the operation accepts.
    Unlabelled,
    /// Refused because the product takes no account's token, whatever it holds.
    Closed,
}

#[derive(Default)]
struct Tally {
    plans: usize,
    calls: usize,
    removals: usize,
    free: usize,
    s3: usize,
    graphql: usize,
    /// The recipes whose plans no such token can hold.
    impossible: Vec<String>,
    /// The plans whose grants have been taken away one by one: the same needs and grants are not taken apart twice.
    apart: HashSet<String>,
    unproven: BTreeMap<String, Vec<String>>,
    faults: Vec<String>,
}

impl std::fmt::Debug for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { plans, calls, removals, free, s3, graphql, impossible, .. } = self;
        let (unproven, impossible) = (self.unproven.len(), impossible.len());
        write!(
            f,
            "{plans} plans walked with {calls} calls ({s3} of S3, {graphql} of GraphQL) and {removals} grants taken away; \
             {free} needs that any token meets, {unproven} recipes with unproven needs, {impossible} plans that no such token can hold"
        )
    }
}

impl Tally {
    /// Prints what was walked, and fails if anything came out otherwise than planned.
    #[track_caller]
    fn told(&self, what: &str) {
        println!("{what}: {self:?}");
        for (name, needs) in &self.unproven {
            println!("{what}: unproven in {name}: {needs:?}");
        }
        println!("{what}: no such token can hold the plans of {:?}", self.impossible);
        assert!(self.faults.is_empty(), "{} faults:\n{}", self.faults.len(), self.faults.join("\n"));
    }
}

struct Walk {
    local: Local,
    s3: S3,
    log: Arc<Mutex<Option<LogEntry>>>,
    user: Minted,
    account: Minted,
    /// By scope and name, as the emulator lists them.
    ids: HashMap<(String, String), String>,
}

impl Walk {
    async fn start() -> Self {
        let log: Arc<Mutex<Option<LogEntry>>> = Arc::default();
        let into = log.clone();
        let on_decision = Some(Arc::new(move |entry: &LogEntry| *into.lock().unwrap() = Some(entry.clone())) as _);
        let local = Local::with(Options { on_decision, ..unlimited() }).await;
        let s3 = S3::start(&local.emulator).await;
        let bucket = json!({"name": BUCKET});
        local.admin("POST", "/accounts/{A}/r2/buckets").json(&bucket).send().await.result();
        let poor = local.at_account(&["Stream Read"]);
        let poor = std::slice::from_ref(&poor);
        let (user, account) = (local.user_token(poor).await, local.account_token(poor).await);
        let listed = local.admin("GET", "/user/tokens/permission_groups").send().await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let ids = listed.result().as_array().unwrap().iter();
        let ids = ids.map(|group| ((text(&group["scopes"][0]), text(&group["name"])), text(&group["id"]))).collect();
        Self { local, s3, log, user, account, ids }
    }

    async fn recipe(&self, recipe: &Recipe, options: &[String], way: Way, tally: &mut Tally) {
        let owner = self.owner(way);
        let needs = needs_of_recipe(recipe, &self.target(way), owner).unwrap();
        let plan = plan(&needs, &flarekeep_planner::Options::new(owner));
        let name = format!("{} with {options:?} ({way:?})", recipe.name);
        if !plan.impossible.is_empty() {
            if way == Way::Account {
                tally.impossible.push(format!("{} {options:?}", recipe.name));
            } else {
                let needs =
                    plan.impossible.iter().map(|one| format!("{}: {}", plan.needs[one.need].operation, one.reason));
                tally.faults.push(format!("{name}: impossible: {:?}", needs.collect::<Vec<_>>()));
            }
            return;
        }
        tally.plans += 1;
        tally.free += plan.free.len();
        let all: Vec<&Grant> = plan.grants.iter().collect();
        self.grant(way, &plan, &all).await;
        for (at, need) in plan.needs.iter().enumerate() {
            tally.calls += 1;
            tally.s3 += usize::from(need.operation.is_s3());
            tally.graphql += usize::from(need.operation.path().starts_with("/graphql"));
            let unproven = plan.unproven.contains(&at);
            match self.call(way, need).await {
                Answer::Passed if !unproven => {}
                Answer::Unlabelled if unproven => {
                    tally.unproven.entry(recipe.name.clone()).or_default().push(need.operation.to_string());
                }
                answer => tally.faults.push(format!("{name}: {} with the whole plan: {answer:?}", need.operation)),
            }
        }
        if !tally.apart.insert(shape(&plan)) {
            return;
        }
        for without in &plan.grants {
            let rest: Vec<&Grant> = all.iter().copied().filter(|grant| *grant != without).collect();
            self.grant(way, &plan, &rest).await;
            tally.removals += 1;
            let free = plan.free.iter().map(|at| (at, Answer::Passed));
            for (at, expected) in without.sole.iter().map(|at| (at, Answer::Refused)).chain(free) {
                tally.calls += 1;
                let need = &plan.needs[*at];
                let answer = self.call(way, need).await;
                if answer != expected {
                    let group = without.group.name;
                    tally.faults.push(format!("{name}: {} without {group}: {answer:?}", need.operation));
                }
            }
            if without.sole.is_empty() {
                tally.faults.push(format!("{name}: {} meets no need by itself", without.group.name));
            }
        }
    }

    /// Gives the token these grants and no others.
    async fn grant(&self, way: Way, plan: &Plan, grants: &[&Grant]) {
        let mut by_resource: BTreeMap<&Resource, Vec<Value>> = BTreeMap::new();
        for grant in grants {
            let key = (grant.group.scope.key().to_owned(), grant.group.name.to_owned());
            by_resource.entry(&grant.resource).or_default().push(json!({"id": self.ids[&key]}));
        }
        let mut policies: Vec<Value> = by_resource
            .into_iter()
            .map(|(resource, groups)| {
                let value = |inner: Option<String>| inner.map_or(json!("*"), |inner| json!({ inner: "*" }));
                let (outer, inner) = resource.keys();
                let resources: Map<String, Value> = [(outer, value(inner))].into_iter().collect();
                json!({"effect": "allow", "resources": resources, "permission_groups": groups})
            })
            .collect();
        if policies.is_empty() {
            // A token holds something, here what no need of the plan accepts.
            let resource = self.local.path("com.cloudflare.api.account.{A}");
            let group = json!({"id": unrelated(plan).to_string()});
            policies.push(json!({"effect": "allow", "resources": {resource: "*"}, "permission_groups": [group]}));
        }
        let path = match way {
            Way::Account => format!("/accounts/{{A}}/tokens/{}", self.account.id),
            _ => format!("/user/tokens/{}", self.user.id),
        };
        let body = json!({"name": "walk", "policies": policies});
        self.local.admin("PUT", &path).json(&body).send().await.result();
    }

    /// Calls a need's operation, and says what came of it; the log must tell the same.
    async fn call(&self, way: Way, need: &Need) -> Answer {
        // A token is verified where its owner's are, as `check` does it.
        let operation = match (need.operation.path().ends_with("/tokens/verify"), way) {
            (false, _) => need.operation,
            (true, Way::Account) => operation("GET /accounts/{account_id}/tokens/verify").unwrap(),
            (true, _) => operation("GET /user/tokens/verify").unwrap(),
        };
        let token = if way == Way::Account { &self.account } else { &self.user };
        // The walk goes on in the zone that one of the calls removes.
        let removes = operation.to_string() == "DELETE /zones/{zone_id}";
        if removes {
            self.local.control("POST", "/snapshot").json(&json!({"name": "walk"})).send().await.result();
        }
        let answer = if operation.is_s3() {
            self.call_s3(&token.key(), operation).await
        } else if operation.path().starts_with("/graphql") {
            self.call_graphql(token, operation).await
        } else {
            let reply = self.local.by(token, operation.method.as_str(), &concrete(operation)).send().await;
            if reply.code() == 199_002 {
                Answer::Unlabelled
            } else if reply.is_refusal() || is_closed(&reply) {
                Answer::Refused
            } else {
                Answer::Passed
            }
        };
        let entry = self.log.lock().unwrap().take().expect("every call is told");
        if removes {
            self.local.control("POST", "/restore").json(&json!({"name": "walk"})).send().await.result();
        }
        assert_eq!(entry.operation, Some(operation), "{} {} led elsewhere", entry.method, entry.path);
        assert_eq!(entry.allowed, answer == Answer::Passed, "{operation}: {} and {answer:?}", entry.sentence);
        if entry.cause == "closed-to-account-tokens" { Answer::Closed } else { answer }
    }

    async fn call_s3(&self, key: &Key, operation: &Operation) -> Answer {
        let path = operation.path().trim_start_matches("s3:/").replace("{bucket_name}", BUCKET);
        let path = path.replace("{object_key}", "an%20object").replace("partNumber&", "partNumber=1&");
        let path = path.replace("uploadId", &format!("uploadId={NOTHING}"));
        let method = if operation.operation_id() == "HeadBucket" { "HEAD" } else { operation.method.as_str() };
        let reply = self.s3.send(key, Ask::new(method, &path)).await;
        match (reply.status, reply.element("Code").as_str()) {
            (403, "AccessDenied") => Answer::Refused,
            // An answer to HEAD has no body to tell more.
            (403, "") if method == "HEAD" => Answer::Refused,
            (401 | 403, _) => panic!("{operation}: {} {}", reply.status, reply.text()),
            _ => Answer::Passed,
        }
    }

    async fn call_graphql(&self, token: &Minted, operation: &Operation) -> Answer {
        let query = match operation.path().split('#').nth(1) {
            Some("account") => "{viewer {accounts(filter: {accountTag: \"{A}\"}) {x}}}",
            Some("zone") => "{viewer {zones(filter: {zoneTag: \"{Z}\"}) {x}}}",
            _ => "{viewer {budget}}",
        };
        let body = json!({"query": self.local.path(query)});
        let reply = self.local.by(token, "POST", "/graphql").json(&body).send().await;
        match &reply.json["errors"] {
            Value::Null if reply.status == 200 => Answer::Passed,
            errors if errors[0]["extensions"]["code"] == "authz" => Answer::Refused,
            _ => panic!("{operation}: {} {}", reply.status, reply.text),
        }
    }

    fn owner(&self, way: Way) -> Owner {
        match way {
            Way::Account => Owner::Account(self.local.facts.account_id),
            Way::User | Way::UserEveryZone => Owner::User(self.local.facts.user_id),
        }
    }

    fn target(&self, way: Way) -> Target {
        let account = self.local.facts.account_id;
        let bucket = BucketKey { account, jurisdiction: "default".to_owned(), name: BUCKET.to_owned() };
        let every_zone = way == Way::UserEveryZone;
        let zone = self.local.facts.zones[0].id;
        Target { account: Some(account), zone: (!every_zone).then_some(zone), every_zone, bucket: Some(bucket) }
    }
}

/// What a plan needs and grants, without the order and the reasons.
fn shape(plan: &Plan) -> String {
    let mut needs: Vec<_> = plan.needs.iter().map(|need| format!("{} {:?}", need.operation, need.resource)).collect();
    let mut grants: Vec<_> =
        plan.grants.iter().map(|grant| format!("{} {:?}", grant.group.index, grant.resource)).collect();
    needs.sort();
    grants.sort();
    format!("{needs:?} {grants:?}")
}

/// A path that leads to the operation: the account and the zone are the world's, all else is nothing's id.
fn concrete(operation: &Operation) -> String {
    let mut before = "";
    let filled = operation.path().split('/').map(|segment| {
        let filled = match (segment.starts_with('{'), before) {
            (true, "accounts") if operation.names_account() => "{A}",
            (true, "zones") if operation.names_zone() => "{Z}",
            (true, _) => NOTHING,
            (false, _) => segment,
        };
        before = segment;
        filled
    });
    filled.collect::<Vec<_>>().join("/")
}

/// The ways in which products that take no account's token say so, the user's own verify among them.
fn is_closed(reply: &Reply) -> bool {
    let said = reply.text.contains("does not support account owned tokens");
    said || matches!((reply.status, reply.code()), (403, 10405) | (401, 1000))
}

/// An account group that no need of the plan accepts.
fn unrelated(plan: &Plan) -> GroupId {
    let unrelated = groups().iter().filter(|group| {
        group.scope == Scope::Account && !plan.needs.iter().any(|need| need.operation.accepts_group(group))
    });
    unrelated.filter_map(|group| group.id).next().unwrap()
}

#[test]
fn paths_are_filled_in() {
    let path = |text| concrete(operation(text).unwrap());
    assert_eq!(path("GET /zones/{zone_id}/dns_records/{dns_record_id}"), format!("/zones/{{Z}}/dns_records/{NOTHING}"));
    assert_eq!(path("GET /accounts/{account_id}"), "/accounts/{A}");
    assert_eq!(path("GET /user/tokens/verify"), "/user/tokens/verify");
}
