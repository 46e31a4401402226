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
