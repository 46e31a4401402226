//! A token without a fault, to which each test gives one; and a world around it.

use flarekeep_audit::{Audit, Finding, Settings, TokenUsage, Usage, World, audit, read};
use flarekeep_catalogue::{TokenId, operation};
use flarekeep_planner::Target;
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
pub(crate) const OTHER_ACCOUNT: &str = "a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2";
pub(crate) const ZONE: &str = "21212121212121212121212121212121";
pub(crate) const OTHER_ZONE: &str = "22222222222222222222222222222222";
pub(crate) const USER: &str = "41414141414141414141414141414141";
pub(crate) const ID: &str = "00000000000000000000000000000001";
pub(crate) const NOW: &str = "2026-11-20T00:00:00Z";

pub(crate) fn settings() -> Settings {
    Settings::new(NOW.parse().unwrap())
}

/// The token without a fault, with these fields in the place of its own.
pub(crate) fn token(fields: Value) -> Value {
    let mut token = json!({
        "id": ID, "name": "shop-dns-updater-eu", "status": "active", "account_id": ACCOUNT,
        "issued_on": "2026-10-01T00:00:00Z", "modified_on": "2026-10-01T00:00:00Z",
        "last_used_on": "2026-11-19T00:00:00Z", "expires_on": "2027-02-01T00:00:00Z",
        "policies": [zone_policy(&["DNS Write"])],
    });
    for (name, value) in fields.as_object().unwrap() {
        token[name] = value.clone();
    }
    token
}

pub(crate) fn policy(resource: &str, groups: &[&str]) -> Value {
    let groups: Value = groups.iter().map(|name| group(name)).collect();
    json!({"effect": "allow", "resources": {resource: "*"}, "permission_groups": groups})
}

/// A group by its name; `Name@scope` where several are called so.
fn group(name: &str) -> Value {
    let (name, scope) = name.split_once('@').unwrap_or((name, ""));
    let is_meant =
        |group: &&flarekeep_catalogue::Group| group.name == name && (scope.is_empty() || group.scope.word() == scope);
    let found = flarekeep_catalogue::groups().iter().find(is_meant).unwrap_or_else(|| panic!("no group {name}"));
    found.id.map_or_else(|| json!({"name": name}), |id| json!({"id": id.to_string(), "name": name}))
}

pub(crate) fn zone_policy(groups: &[&str]) -> Value {
    policy(&zone_key(ZONE), groups)
}

pub(crate) fn account_policy(groups: &[&str]) -> Value {
    policy(&account_key(ACCOUNT), groups)
}

pub(crate) fn user_policy(groups: &[&str]) -> Value {
    policy(&format!("com.cloudflare.api.user.{USER}"), groups)
}

pub(crate) fn all_zones_policy(groups: &[&str]) -> Value {
    let mut policy = policy("", groups);
    policy["resources"] = json!({account_key(ACCOUNT): {"com.cloudflare.api.account.zone.*": "*"}});
    policy
}

pub(crate) fn zone_key(zone: &str) -> String {
    format!("com.cloudflare.api.account.zone.{zone}")
}

pub(crate) fn account_key(account: &str) -> String {
    format!("com.cloudflare.api.account.{account}")
}

pub(crate) fn world(tokens: &[Value]) -> World {
    let text = json!({
        "accounts": [{"id": ACCOUNT, "name": "Example", "zones": 2}, {"id": OTHER_ACCOUNT, "name": "Other"}],
        "zones": [
            {"id": ZONE, "name": "example.com", "account": ACCOUNT},
            {"id": OTHER_ZONE, "name": "example.net", "account": ACCOUNT},
        ],
        "tokens": tokens,
    });
    let world = read::tokens_json("tokens.json", &text.to_string()).unwrap();
    assert_eq!(world.unread, []);
    world
}

/// What a rule finds in a world.
pub(crate) fn of_rule(rule: &str, audit: Audit) -> Vec<Finding> {
    assert!(flarekeep_audit::rule(rule).is_some(), "no rule {rule}");
    audit.findings.into_iter().filter(|finding| finding.rule.id == rule).collect()
}

/// What a rule finds at the token with these fields.
pub(crate) fn found(rule: &str, fields: Value) -> Vec<Finding> {
    of_rule(rule, audit(&world(&[token(fields)]), &settings()))
}

/// The only finding.
pub(crate) fn one(rule: &str, fields: Value) -> Finding {
    only(found(rule, fields))
}

pub(crate) fn only(found: Vec<Finding>) -> Finding {
    let [one] = <[Finding; 1]>::try_from(found).unwrap_or_else(|all| panic!("{all:#?}"));
    one
}

pub(crate) fn none(rule: &str, fields: Value) {
    let found = found(rule, fields);
    assert!(found.is_empty(), "{found:#?}");
}

/// What the token was seen to call: operations at the zone, or at the account.
pub(crate) fn usage(operations: &[&str], recorded: bool) -> Usage {
    let mut usage = TokenUsage { is_recorded: recorded, ..TokenUsage::default() };
    for text in operations {
        let operation = operation(text).unwrap();
        let zone = operation.names_zone().then(|| ZONE.parse().unwrap());
        let account = Some(ACCOUNT.parse().unwrap());
        usage.note(operation, Target { account, zone, ..Target::default() }, NOW.parse().ok());
    }
    of_token(usage)
}

pub(crate) fn of_token(usage: TokenUsage) -> Usage {
    let id: TokenId = ID.parse().unwrap();
    let mut usage = Usage { tokens: [(id, usage)].into(), from_audit_logs: true, ..Usage::default() };
    usage.cover(ACCOUNT.parse().ok(), "2026-09-01T00:00:00Z".parse().unwrap(), NOW.parse().unwrap());
    usage
}

/// What a rule finds at the token with these fields that was used so.
pub(crate) fn found_used(rule: &str, fields: Value, usage: Usage) -> Vec<Finding> {
    let world = World { usage: Some(usage), ..world(&[token(fields)]) };
    of_rule(rule, audit(&world, &settings()))
}
