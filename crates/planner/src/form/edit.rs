//! Changing a token that is there, for somebody who has the right to: the steps in the dashboard, and the call.

use flarekeep_catalogue::TokenId;
use serde_json::Value;

use super::commands::{call_as, tokens};
use super::dashboard::{self, MARK};
use super::quote::one_line;
use super::{TokenDraft, curl};

/// A change of a token that is there.
#[derive(Debug, Clone)]
pub struct TokenEdit {
    /// The token, where its id is known.
    pub id: Option<TokenId>,
    /// What is to be added: its name, its owner, the policies that it gains, and the addresses, the end and the beginning
    /// that it is to have besides.
    pub draft: TokenDraft,
    /// Whether its policies are to deny something no more.
    pub lifts: bool,
    /// Whether it is to be switched on.
    pub enable: bool,
    /// All of the token as it is to be, where somebody could read it: an update replaces the whole of it.
    pub whole: Option<Value>,
}

/// The change in the forms in which somebody makes it by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditForms {
    /// The page of the dashboard that lists the tokens.
    pub link: String,
    /// What to do there, a line each.
    pub steps: Vec<String>,
    /// The commands of a shell that make the call; they find a token that may in `FLAREKEEP_ADMIN_TOKEN`.
    pub call: Option<String>,
}

/// The variable in which the call finds the token that manages tokens.
const MANAGER: &str = "FLAREKEEP_ADMIN_TOKEN";

/// Writes the change down.
#[must_use]
pub fn edit(edit: &TokenEdit) -> EditForms {
    let (link, _) = dashboard::page(edit.draft.owner);
    EditForms { link: link.to_owned(), steps: steps(edit), call: edit.id.and_then(|id| call(edit, id)) }
}

fn steps(edit: &TokenEdit) -> Vec<String> {
    let draft = &edit.draft;
    let (page, path) = dashboard::page(draft.owner);
    let name = draft.name.as_deref().map(|name| format!(" {}", one_line(name))).unwrap_or_default();
    let mut steps = vec![
        format!("Open {page} ({path})"),
        format!("Beside the token{name}: the menu of three dots, Edit. Its value stays the same"),
    ];
    let rows = dashboard::rows(draft);
    steps.extend(rows.iter().map(|row| format!("Add the row {}", row.path())));
    if rows.iter().any(|row| !row.spelt.on_the_page) {
        steps.push(MARK.to_owned());
    }
    for (_, resources) in dashboard::resources(draft) {
        steps
            .push(format!("{resources}; what is chosen there already stays: the form has one choice for all its rows"));
    }
    let beside = |step| format!("{step}, beside what is there; where the token is not limited so, leave it");
    steps.extend(dashboard::filter(draft).map(beside));
    steps.extend(dashboard::ttl(draft).map(|step| format!("{step}; where the token is not limited so, leave it")));
    steps.extend(dashboard::beyond(draft));
    if edit.lifts {
        steps.push("The form shows no policy that denies: the call below takes the groups out of it".to_owned());
    }
    if edit.enable {
        steps.push("That the form switches a token on is not documented: the call below does".to_owned());
    }
    steps.push("Continue to summary, compare, and Update token".to_owned());
    steps
}

/// The call with all of the token, or the three that read it, add to it and write it. What they add to is not known here:
/// denials are taken out only of a token that could be read.
fn call(edit: &TokenEdit, id: TokenId) -> Option<String> {
    let path = format!("{}/{id}", tokens(edit.draft.owner));
    if let Some(whole) = &edit.whole {
        let body = serde_json::to_string_pretty(whole).unwrap_or_default();
        return Some(format!("{} -X PUT --json {}", call_as(MANAGER, &path), quoted(&body)));
    }
    if edit.lifts || !edit.draft.without_id().is_empty() {
        return None;
    }
    let read = call_as(MANAGER, &path);
    let write = call_as(MANAGER, &path);
    Some(format!("{read} -sS |\n  jq {} > token.json\n{write} -X PUT --json @token.json", quoted(&filter(edit))))
}

/// The filter of jq that makes an update of the answer: what can be written, and what is added.
fn filter(edit: &TokenEdit) -> String {
    let added = curl::body(&edit.draft);
    let policies = added.get("policies").cloned().unwrap_or_default();
    let mut filter = ".result | {name, status, condition, not_before, expires_on, policies: [.policies[] |\n    \
         {effect, resources, permission_groups: [.permission_groups[] | {id}]}]}"
        .to_owned();
    if policies.as_array().is_some_and(|policies| !policies.is_empty()) {
        filter.push_str(&format!(" |\n    .policies += {policies}"));
    }
    // What limits nothing stays so: a list that was not there would shut others out.
    if let Some(ranges) = added.pointer("/condition/request_ip/in") {
        let list = ".condition.request_ip.in";
        filter.push_str(&format!(" |\n    if {list}? then {list} += {ranges} else . end"));
    }
    for key in ["expires_on", "not_before"] {
        if let Some(time) = added.get(key) {
            filter.push_str(&format!(" |\n    if .{key} then .{key} = {time} else . end"));
        }
    }
    if edit.enable {
        filter.push_str(" |\n    .status = \"active\"");
    }
    // A token that ended says so; that cannot be written.
    filter.push_str(" |\n    if .status == \"expired\" then del(.status) else . end");
    filter + " |\n    with_entries(select(.value != null))"
}

/// A word of a shell; a quote of its own is left and entered again.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::form::samples::drafts;

    fn edit_of(draft: TokenDraft, whole: Option<Value>, enable: bool) -> TokenEdit {
        TokenEdit { id: Some(TokenId::from_u128(7)), draft, lifts: false, enable, whole }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Every row and every limit is a step, and each step is one line.
        #[test]
        fn the_steps_say_all_that_is_added(draft in drafts()) {
            let forms = edit(&edit_of(draft.clone(), None, false));
            let text = forms.steps.join("\n");
            for row in dashboard::rows(&draft) {
                prop_assert!(text.contains(&row.path()), "{}", text);
            }
            for range in &draft.allow_ips {
                prop_assert!(text.contains(&range.to_string()), "{}", text);
            }
            prop_assert!(forms.steps.iter().all(|step| !step.contains('\n')), "{:?}", forms.steps);
        }

        /// A shell hands over the whole token as it was meant, whatever its name is.
        #[test]
        fn a_shell_hands_over_the_token_that_was_meant(draft in drafts()) {
            let whole = curl::body(&draft);
            let call = edit(&edit_of(draft, Some(whole.clone()), false)).call.unwrap();
            let script = format!("curl() {{ cat >/dev/null; for last; do :; done; printf %s \"$last\"; }}\n{call}");
            let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
            prop_assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            let read: Value = serde_json::from_slice(&output.stdout).unwrap();
            prop_assert_eq!(read, whole);
        }
    }

    /// The filter adds to what is there, limits nothing that was not limited, and writes nothing that cannot be written.
    #[test]
    fn the_filter_makes_an_update_of_an_answer() {
        if Command::new("jq").arg("--version").output().is_err() {
            eprintln!("skipped: there is no jq");
            return;
        }
        let mut draft = crate::form::samples::draft_of(crate::form::samples::USER, &["DNS Write"]);
        draft.allow_ips = vec!["203.0.113.7/32".parse().unwrap()];
        draft.expires_on = Some("2999-01-01T00:00:00Z".to_owned());
        let updated = |answer: Value, enable: bool| -> Value {
            let filter = filter(&edit_of(draft.clone(), None, enable));
            let answer = serde_json::json!({ "success": true, "result": answer }).to_string();
            let output =
                Command::new("jq").args(["-n", "--argjson", "it", &answer, &format!("$it | {filter}")]).output();
            let output = output.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice(&output.stdout).unwrap()
        };
        let held = serde_json::json!({"id": "p", "effect": "allow", "resources": {"x": "*"},
            "permission_groups": [{"id": "g", "name": "G", "meta": {}}]});
        let ended = serde_json::json!({"id": "7", "name": "x", "status": "expired", "issued_on": "2020-01-01T00:00:00Z",
            "expires_on": "2021-01-01T00:00:00Z", "condition": {"request_ip": {"in": ["192.0.2.0/24"]}}, "policies": [held]});
        let update = updated(ended, false);
        assert_eq!(update["policies"].as_array().unwrap().len(), 2);
        assert_eq!(update["policies"][0]["permission_groups"], serde_json::json!([{"id": "g"}]));
        assert_eq!(update["condition"]["request_ip"]["in"], serde_json::json!(["192.0.2.0/24", "203.0.113.7/32"]));
        assert_eq!((&update["expires_on"], &update["status"]), (&"2999-01-01T00:00:00Z".into(), &Value::Null));
        assert_eq!(update.get("id").or(update.get("issued_on")), None);
        let open = serde_json::json!({"name": "x", "status": "disabled", "policies": []});
        let update = updated(open, true);
        assert_eq!(
            (update.get("condition"), update.get("expires_on"), &update["status"]),
            (None, None, &"active".into())
        );
    }
}
