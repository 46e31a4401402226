//! The program of jq that makes an update of a token's answer: all of it that can be written, with the change.

use flarekeep_catalogue::Group;
use serde_json::{Value, json};

use super::{SOME_GROUP, TokenEdit};
use crate::candidate::Choice;
use crate::form::curl;

/// What can be written of a token, with its policies as they are written.
const WRITTEN: &str = "\
.result | {name, status, condition, not_before, expires_on, policies: [.policies[] |
    {effect, resources, permission_groups: [.permission_groups[] | {id}]}]}";

/// The program. It changes what is there, limits nothing that was not limited, and fails where it cannot tell what to write.
pub(super) fn filter(edit: &TokenEdit) -> String {
    let added = curl::body(&edit.draft);
    let mut steps = vec![WRITTEN.to_owned()];
    steps.extend(edit.lifts.iter().map(lifted));
    let mut policies = added.get("policies").cloned().unwrap_or_default();
    name_the_nameless(&mut policies);
    if policies.as_array().is_some_and(|policies| !policies.is_empty()) {
        steps.push(format!(".policies += {policies}"));
    }
    steps.extend(added.pointer("/condition/request_ip/in").map(let_in));
    // Never to an earlier end, and never to a later start.
    for (key, order) in [("expires_on", "<"), ("not_before", ">")] {
        let time = added.get(key);
        steps.extend(time.map(|time| format!("if .{key} and .{key} {order} {time} then .{key} = {time} else . end")));
    }
    if edit.begun {
        steps.push("del(.not_before)".to_owned());
    }
    if edit.enable {
        steps.push(".status = \"active\"".to_owned());
    }
    // A token that ended says so; that cannot be written.
    steps.push("if .status == \"expired\" then del(.status) else . end".to_owned());
    steps.push("with_entries(select(.value != null))".to_owned());
    steps.join(" |\n    ")
}

/// Lets ranges in: a list grows by what it lacks. An exception is taken out where it is the range itself; where another
/// holds it, no program of jq's can part it.
fn let_in(ranges: &Value) -> String {
    let ip = ".condition.request_ip";
    format!(
        "{ip}? as $was |
    if {ip}?.in then {ip}.in |= . + ({ranges} - .) else . end |
    if {ip}?.not_in then {ip}.not_in -= {ranges} else . end |
    if {ip}? == $was and $was.not_in then error(\"an exception of the token may hold it: part that by hand\") else . end |
    if {ip}?.not_in == [] then del({ip}.not_in) else . end |
    if {ip}? == {{}} then del(.condition) else . end"
    )
}

/// Takes a group out of the policies that deny it at a resource. What else they deny stays denied: a policy is parted where
/// it denies at other resources, too.
fn lifted(lift: &Choice) -> String {
    let (key, inner) = lift.resource.keys();
    let value = lift.resource.value();
    let (path, alone) = match inner {
        Some(inner) => (json!([key, inner]), json!({ key: { inner: value } })),
        None => (json!([key]), json!({ key: value })),
    };
    let group = json!(id(lift.group));
    format!(
        ".policies |= [.[] |
      if .effect == \"deny\" and any(.permission_groups[]; .id == {group}) and ([.resources | getpath({path})?] | any) then
        (.resources |= (delpaths([{path}]) | with_entries(select(.value != {{}})))),
        (.resources = {alone} | .permission_groups |= map(select(.id != {group})))
      else . end | select(.resources != {{}} and .permission_groups != [])]"
    )
}

fn id(group: &Group) -> String {
    group.id.map_or_else(|| SOME_GROUP.to_owned(), |id| id.to_string())
}

/// Puts a word where an id belongs that nobody has published.
fn name_the_nameless(policies: &mut Value) {
    let groups = policies.as_array_mut().into_iter().flatten();
    let groups = groups.filter_map(|policy| policy.get_mut("permission_groups")?.as_array_mut()).flatten();
    for group in groups.filter_map(Value::as_object_mut) {
        if group.get("id").is_none_or(Value::is_null) {
            group.insert("id".to_owned(), json!(SOME_GROUP));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use flarekeep_catalogue::TokenId;

    use super::*;
    use crate::form::samples::{USER, draft_of};

    /// What the program makes of a token; the error where it fails.
    fn updated(edit: &TokenEdit, token: &Value) -> Result<Value, String> {
        let answer = json!({ "success": true, "result": token }).to_string();
        let program = format!("$it | {}", filter(edit));
        let output = Command::new("jq").args(["-n", "--argjson", "it", &answer, &program]).output().unwrap();
        match output.status.success() {
            true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Whether jq is there. Where it must be, as in CI, its absence fails the test.
    fn has_jq() -> bool {
        let has = Command::new("jq").arg("--version").output().is_ok();
        assert!(has || std::env::var_os("FLAREKEEP_TEST_JQ").is_none(), "jq is not installed, and is required");
        if !has {
            use std::io::Write;
            let _ = std::io::stderr().write_all(b"SKIPPED: jq is not installed: its programs were not run\n");
        }
        has
    }

    fn edit_of(names: &[&str]) -> TokenEdit {
        TokenEdit { draft: draft_of(USER, names), ..TokenEdit::of(USER, Some(TokenId::from_u128(7))) }
    }

    #[test]
    fn it_adds_to_what_is_there_and_writes_nothing_that_cannot_be_written() {
        if !has_jq() {
            return;
        }
        let mut edit = edit_of(&["DNS Write"]);
        edit.draft.allow_ips = vec!["203.0.113.7/32".parse().unwrap()];
        edit.draft.expires_on = Some("2999-01-01T00:00:00Z".to_owned());
        let held = json!({"id": "p", "effect": "allow", "resources": {"x": "*"},
            "permission_groups": [{"id": "g", "name": "G", "meta": {}}]});
        let ended = json!({"id": "7", "name": "x", "status": "expired", "issued_on": "2020-01-01T00:00:00Z",
            "expires_on": "2021-01-01T00:00:00Z", "condition": {"request_ip": {"in": ["192.0.2.0/24"]}}, "policies": [held]});
        let update = updated(&edit, &ended).unwrap();
        assert_eq!(update["policies"].as_array().unwrap().len(), 2);
        assert_eq!(update["policies"][0]["permission_groups"], json!([{"id": "g"}]));
        assert_eq!(update["condition"]["request_ip"]["in"], json!(["192.0.2.0/24", "203.0.113.7/32"]));
        assert_eq!((&update["expires_on"], &update["status"]), (&"2999-01-01T00:00:00Z".into(), &Value::Null));
        assert_eq!(update.get("id").or(update.get("issued_on")), None);
        let open = json!({"name": "x", "status": "disabled", "policies": []});
        edit.enable = true;
        let update = updated(&edit, &open).unwrap();
        assert_eq!(
            (update.get("condition"), update.get("expires_on"), &update["status"]),
            (None, None, &"active".into())
        );
    }

    #[test]
    fn an_end_is_moved_back_and_a_start_forth_alone() {
        if !has_jq() {
            return;
        }
        let mut edit = edit_of(&[]);
        edit.draft.expires_on = Some("2030-01-01T00:00:00Z".to_owned());
        edit.draft.not_before = Some("2030-01-01T00:00:00Z".to_owned());
        let times = |at: &str| json!({"name": "x", "policies": [], "expires_on": at, "not_before": at});
        let early = updated(&edit, &times("2029-01-01T00:00:00Z")).unwrap();
        assert_eq!([&early["expires_on"], &early["not_before"]], ["2030-01-01T00:00:00Z", "2029-01-01T00:00:00Z"]);
        let late = updated(&edit, &times("2031-01-01T00:00:00Z")).unwrap();
        assert_eq!([&late["expires_on"], &late["not_before"]], ["2031-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]);
        edit.begun = true;
        assert_eq!(updated(&edit, &times("2031-01-01T00:00:00Z")).unwrap().get("not_before"), None);
    }

    #[test]
    fn an_address_is_let_in_or_the_program_says_that_it_cannot() {
        if !has_jq() {
            return;
        }
        let mut edit = edit_of(&[]);
        edit.draft.allow_ips = vec!["203.0.113.7/32".parse().unwrap()];
        let with = |ip: Value| {
            let token = json!({"name": "x", "policies": [], "condition": {"request_ip": ip}});
            updated(&edit, &token).map(|update| update.get("condition").cloned().unwrap_or_default())
        };
        let within = |ip: Value| Ok(json!({ "request_ip": ip }));
        assert_eq!(with(json!({"in": []})), within(json!({"in": ["203.0.113.7/32"]})));
        assert_eq!(with(json!({"in": ["203.0.113.7/32"]})), within(json!({"in": ["203.0.113.7/32"]})));
        let both = json!({"in": ["192.0.2.0/24"], "not_in": ["198.51.100.0/24"]});
        let grown = json!({"in": ["192.0.2.0/24", "203.0.113.7/32"], "not_in": ["198.51.100.0/24"]});
        assert_eq!(with(both), within(grown));
        // The exception is the address itself: nothing limits the token without it.
        assert_eq!(with(json!({"not_in": ["203.0.113.7/32"]})), Ok(Value::Null));
        let error = with(json!({"not_in": ["203.0.113.0/24"]})).unwrap_err();
        assert!(error.contains("part that by hand"), "{error}");
        assert_eq!(with(Value::Null), within(Value::Null), "what limits nothing stays so");
    }

    #[test]
    fn what_else_is_denied_stays_denied() {
        if !has_jq() {
            return;
        }
        let group = flarekeep_catalogue::resolve("DNS Write").unwrap().0;
        let (dns, zone) = (id(group), "com.cloudflare.api.account.zone.00000000000000000000000000000021");
        let resource = flarekeep_policy::Resource::parse(zone).unwrap();
        let edit = TokenEdit { lifts: vec![Choice { group, resource }], ..edit_of(&[]) };
        let deny = |resources: Value, groups: &[&str]| {
            let groups: Vec<Value> = groups.iter().map(|id| json!({ "id": id })).collect();
            json!({"effect": "deny", "resources": resources, "permission_groups": groups})
        };
        let nested = json!({"com.cloudflare.api.account.00000000000000000000000000000021": {"x": "*"}});
        let allowed = json!({"effect": "allow", "resources": { zone: "*" }, "permission_groups": [{ "id": dns }]});
        let policies = [
            allowed.clone(),
            deny(json!({ zone: "*", "y": "*" }), &[&dns, "other"]),
            deny(json!({ zone: "*" }), &[&dns]),
            deny(nested.clone(), &[&dns]),
        ];
        let update = updated(&edit, &json!({"name": "x", "policies": policies})).unwrap();
        let left = [
            allowed,
            deny(json!({"y": "*"}), &[&dns, "other"]),
            deny(json!({ zone: "*" }), &["other"]),
            deny(nested, &[&dns]),
        ];
        assert_eq!(update["policies"], json!(left));
    }
}
