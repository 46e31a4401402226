//! Tokens that make tokens of more than they hold.

use flarekeep_catalogue::{Group, Operation, Scope, groups, operation};
use flarekeep_cloudflare::{self as api, NewToken};
use flarekeep_planner::Target;
use flarekeep_policy::{Grant, Policy, Resource};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::fault::Fault;
use crate::local::{ACCOUNT, Local, ZONE};
use crate::tally::{Tally, Told};
use crate::walk::{Walk, bearer, on_the_wire};

/// By a token that may make tokens and nothing else: an account's makes one of each group of zones at a single zone, and
/// changes one into it; a user's makes one that makes tokens of the account.
pub(crate) async fn walk(local: &Local, every: usize, tally: &mut Tally) {
    let of_zones = |group: &&Group| group.scope == Scope::Zone && group.id.is_some();
    let zoned: Vec<&'static Group> = groups().iter().filter(of_zones).collect();
    for (at, group) in zoned.into_iter().enumerate().filter(|(at, _)| at % every.min(20) == 0) {
        let path = if at % 2 == 0 {
            "POST /accounts/{account_id}/tokens"
        } else {
            "PUT /accounts/{account_id}/tokens/{token_id}"
        };
        beyond(local, path, "Account API Tokens Write", &allow(Resource::Zone(ZONE), group), tally).await;
    }
    let root = allow(Resource::Account(ACCOUNT), named("Account API Tokens Write"));
    for path in ["POST /user/tokens", "PUT /user/tokens/{token_id}"] {
        beyond(local, path, "API Tokens Write", &root, tally).await;
    }
}

/// One call that asks for too much.
async fn beyond(local: &Local, call: &str, minting: &str, wanted: &Policy, tally: &mut Tally) {
    let operation: &'static Operation = operation(call).unwrap();
    let of_account = operation.names_account();
    let target = Target { account: Some(ACCOUNT), ..Target::default() };
    let walk = Walk::at(local, operation, target, of_account).unwrap();
    assert!(walk.policies.iter().flat_map(Policy::known_groups).any(|group| group.name == minting), "{call}");
    let made = walk.made(Fault::BeyondCreator, &walk.policies).await.unwrap();
    let value = made.value.expose_secret();
    let policies = on_the_wire(std::slice::from_ref(wanted)).unwrap();
    let body = json!({"name": "child", "policies": policies}).to_string();
    let path = match walk.wire {
        api::Owner::User => "/user/tokens".to_owned(),
        api::Owner::Account(account) => format!("/accounts/{account}/tokens"),
    };
    // A change is one of the token's own.
    let path = if call.starts_with("PUT") { format!("{path}/{}", made.token.id) } else { path };
    let url = format!("{}{path}", local.running.api_url());
    let headers = [bearer(value), vec![("content-type", "application/json".to_owned())]].concat();
    let answer = local.send(operation.method.as_str(), &url, &headers, &body).await;
    let refusal = walk.refusal(&walk.target, &answer).unwrap_or_else(|| panic!("{call}: {answer:?}"));
    let (alone, live) = (local.alone(&refusal), local.live(&refusal, value).await);
    let truth = Fault::BeyondCreator.truth().unwrap();
    tally.add(Fault::BeyondCreator, call, &Told { truth, alone, live });
    // What mends it: whoever holds all of it makes the token.
    let tokens = local.admin.tokens(walk.wire);
    let child = tokens.create(&NewToken { name: "child".to_owned(), policies, ..NewToken::default() }).await.unwrap();
    tokens.delete(child.token.id).await.unwrap();
    tokens.delete(made.token.id).await.unwrap();
}

fn allow(resource: Resource, group: &'static Group) -> Policy {
    Policy::allowing(Grant::Group(group), resource)
}

fn named(name: &str) -> &'static Group {
    groups().iter().find(|group| group.name == name).unwrap()
}
