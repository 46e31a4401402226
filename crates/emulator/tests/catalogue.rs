//! Every operation of the catalogue is authorised, and every probe proves what it says.

mod common;

use common::{Local, Minted, Reply, path, unlimited};
use flarekeep_catalogue::{Group, Operation, Rule, Scope, operations, probes};
use flarekeep_emulator::{Options, Unlabelled};
use serde_json::{Value, json};

/// Nobody has published what it accepts, but what it answers without: wrangler goes by it.
fn is_known_to_refuse(operation: &Operation) -> bool {
    operation.to_string() == "PUT /accounts/{account_id}/workers/scripts/{script_name}/routes"
}

/// It takes the JWT of an upload, of a Worker's assets or of a project's, and no other credential.
fn takes_a_ticket(operation: &Operation) -> bool {
    operation.path().ends_with("/workers/assets/upload") || operation.path().starts_with("/pages/assets/")
}

async fn call(local: &Local, token: &Minted, operation: &Operation) -> Reply {
    local.by(token, operation.method.as_str(), &path(operation)).send().await
}

#[tokio::test]
async fn a_token_that_holds_nothing_is_refused_everywhere() {
    let local = Local::start().await;
    // A deny policy: the token grants nothing at all.
    let mut denying = local.at_account(&["Stream Read"]);
    denying["effect"] = "deny".into();
    let token = local.user_token(&[denying]).await;
    let before = local.emulator.state_hash();
    for operation in operations().iter().filter(|operation| operation.is_routed()) {
        let reply = call(&local, &token, operation).await;
        match operation.rule {
            Rule::AnyToken => assert!(!reply.is_refusal(), "{operation}: {}", reply.text),
            Rule::Unlabelled if is_known_to_refuse(operation) => reply.refused(403, 10000),
            Rule::Unlabelled => reply.refused(403, 199_002),
            Rule::AnyOf | Rule::AllOf => {
                assert!(reply.is_refusal(), "{operation}: {} {}", reply.status, reply.text);
            }
        }
    }
    assert_eq!(local.emulator.state_hash(), before);
}

#[tokio::test]
async fn one_accepted_group_at_the_right_resource_opens_each_operation() {
    let local = Local::start().await;
    let token = local.poor_token().await;
    let update = format!("/user/tokens/{}", token.id);
    let ids = all_ids(&local).await;
    let (mut opened, mut untestable) = (0, 0);
    // Without its zone the other operations would have no place.
    let removes = |operation: &Operation| operation.to_string() == "DELETE /zones/{zone_id}";
    for operation in operations().iter().filter(|operation| operation.is_routed() && !removes(operation)) {
        let accepted = operation.accepts().filter(|group| resource(&local, group).is_some());
        let groups: Vec<&Group> = match operation.rule {
            Rule::AnyOf => accepted.take(1).collect(),
            Rule::AllOf => accepted.collect(),
            Rule::AnyToken | Rule::Unlabelled => continue,
        };
        // Some operations accept none but groups whose scope nobody knows.
        if groups.is_empty() {
            untestable += 1;
            continue;
        }
        let policies: Vec<Value> = groups
            .iter()
            .map(|group| {
                let id = ids.get(&(group.scope.key().to_owned(), group.name.to_owned())).unwrap();
                let resource = resource(&local, group).unwrap();
                json!({"effect": "allow", "resources": resource, "permission_groups": [{"id": id}]})
            })
            .collect();
        let body = json!({"name": "one group", "policies": policies});
        local.admin("PUT", &update).json(&body).send().await.result();
        // Deleting or rolling itself would end the test.
        let reply = call(&local, &token, operation).await;
        assert!(!reply.is_refusal(), "{operation}: {} {}", reply.status, reply.text);
        opened += 1;
    }
    assert!(opened > 3_000, "{opened} operations were opened, {untestable} could not be");
}

#[tokio::test]
async fn unlabelled_operations_can_be_switched_open() {
    let local = Local::with(Options { unlabelled: Unlabelled::AllowAuthorised, ..unlimited() }).await;
    let token = local.poor_token().await;
    for operation in operations().iter().filter(|operation| operation.is_routed() && operation.rule == Rule::Unlabelled)
    {
        let reply = call(&local, &token, operation).await;
        if is_known_to_refuse(operation) {
            // It is simulated; the Worker is not there.
            reply.refused(404, 10007);
            continue;
        }
        if takes_a_ticket(operation) {
            let code = if operation.names_account() { 10000 } else { 8_000_013 };
            reply.refused(401, code);
            continue;
        }
        let simulated = &reply.headers["x-flarekeep-simulated"];
        if simulated == "schema" {
            assert!((200..300).contains(&reply.status), "{operation}: {}", reply.status);
            continue;
        }
        reply.refused(501, 199_001);
        assert_eq!(reply.message(), format!("authorised, not simulated: {operation}"));
        assert_eq!(simulated, "no");
    }
}

#[tokio::test]
async fn the_global_key_opens_everything_but_verify_and_an_upload_by_ticket() {
    let local = Local::start().await;
    let is_closed = |operation: &Operation| operation.path().ends_with("/tokens/verify") || takes_a_ticket(operation);
    for operation in operations().iter().filter(|operation| operation.is_routed() && !is_closed(operation)) {
        let reply = local.admin(operation.method.as_str(), &path(operation)).send().await;
        assert!(!reply.is_refusal() && reply.code() != 199_002, "{operation}: {} {}", reply.status, reply.text);
    }
}

#[tokio::test]
async fn every_probe_tells_the_authorised_from_the_refused_and_changes_nothing() {
    let local = Local::start().await;
    // No probe is of a call that this group opens: Stream Read opens all of Page Rules that reads.
    let poor = local.user_token(&[local.at_account(&["Intel Read"])]).await;
    let before = local.emulator.state_hash();
    let (mut wrong, mut unsimulated) = (Vec::new(), 0);
    for probe in probes().unwrap() {
        let operation = flarekeep_catalogue::operation(&probe.operation).unwrap();
        let (method, template) = probe.operation.split_once(' ').unwrap();
        let absent = || 0x9f9f_9f9f_9f9f_9f9f_9f9f_9f9f_9f9f_9f9f;
        let mut path = template.replace("{account_id}", "{A}").replace("{zone_id}", "{Z}");
        for name in probe.parameters.keys() {
            path = path.replace(&format!("{{{name}}}"), &probe.parameter(name, absent).unwrap());
        }
        if !probe.query.is_empty() {
            path = format!("{path}?{}", probe.query);
        }
        let body = probe.body_with(&local.path("{A}"), absent);
        let ask = |ask: common::Ask| ask.body(&probe.content_type, body.clone());

        let full = full_token(&local, operation).await;
        let hash = local.emulator.state_hash();
        let mut replies = vec![ask(local.admin(method, &path)).send().await];
        if let Some(full) = &full {
            replies.push(ask(local.by(full, method, &path)).send().await);
        }
        for reply in replies {
            let proves = reply.codes().iter().any(|code| probe.authorised.contains(code));
            let reads = !operation.mutates() && reply.status == 200;
            // What is not simulated answers from the schema, which validates nothing: no probe is proved by that.
            let simulated = !reply.headers.contains_key("x-flarekeep-simulated");
            unsimulated += usize::from(!simulated);
            if simulated && !proves && !reads {
                wrong.push(format!("authorised: {}: {} {}", probe.operation, reply.status, reply.text));
            }
        }
        let reply = ask(local.by(&poor, method, &path)).send().await;
        let told = reply.codes().iter().any(|code| probe.authorised.contains(code));
        if !reply.is_refusal() || told {
            wrong.push(format!("refused: {}: {} {}", probe.operation, reply.status, reply.text));
        }
        if local.emulator.state_hash() != hash {
            wrong.push(format!("changed: {}", probe.operation));
        }
        if let Some(full) = full {
            local.admin("DELETE", &format!("/user/tokens/{}", full.id)).send().await.result();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Each is asked twice, by the Global API key and by a token.
    let simulated = probes().unwrap().len() - unsimulated / 2;
    println!("{simulated} probes are proved here; of {} operations that are not simulated none is", unsimulated / 2);
    assert!(simulated >= 150, "{simulated}");
    assert_eq!(local.emulator.state_hash(), before, "together");
}

/// A token with one group that the operation accepts, where it takes effect.
/// None where nobody knows what it accepts.
async fn full_token(local: &Local, operation: &Operation) -> Option<Minted> {
    let group = operation.accepts().find(|group| group.id.is_some() && resource(local, group).is_some())?;
    let resource = resource(local, group)?;
    let id = group.id?.to_string();
    let policy = json!({"effect": "allow", "resources": resource, "permission_groups": [{"id": id}]});
    Some(local.user_token(&[policy]).await)
}

/// Where a group takes effect in the emulator's world.
fn resource(local: &Local, group: &Group) -> Option<Value> {
    Some(match group.scope {
        Scope::User => json!({ local.path("com.cloudflare.api.user.{U}"): "*" }),
        Scope::Account => json!({ local.path("com.cloudflare.api.account.{A}"): "*" }),
        Scope::Zone => {
            json!({ local.path("com.cloudflare.api.account.{A}"): { "com.cloudflare.api.account.zone.*": "*" } })
        }
        Scope::Bucket | Scope::FlagshipApp | Scope::Unknown => return None,
    })
}

/// The ids of all groups, as the emulator lists them, by scope and name.
async fn all_ids(local: &Local) -> std::collections::HashMap<(String, String), String> {
    let reply = local.admin("GET", "/user/tokens/permission_groups").send().await;
    let groups = reply.result().as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    groups.iter().map(|group| ((text(&group["scopes"][0]), text(&group["name"])), text(&group["id"]))).collect()
}
