//! Changing a token that is there, for somebody who has the right to: the steps in the dashboard, and the call.

mod filter;

use flarekeep_catalogue::TokenId;
use flarekeep_policy::Owner;
use serde_json::Value;

use self::filter::filter;
use super::TokenDraft;
use super::commands::{call_as, tokens};
use super::dashboard::{self, MARK};
use super::quote::one_line;
use crate::candidate::Choice;

/// A change of a token that is there.
#[derive(Debug, Clone)]
pub struct TokenEdit {
    /// The token, where its id is known.
    pub id: Option<TokenId>,
    /// What is to be added: its name, its owner, the policies that it gains, the addresses that may use it besides, the time
    /// at which it ends at the soonest, and that at which it begins at the latest.
    pub draft: TokenDraft,
    /// Groups that its policies are to deny no more, each at the resource where they do.
    pub lifts: Vec<Choice>,
    /// Whether it is to be switched on.
    pub enable: bool,
    /// Whether it is to have begun.
    pub begun: bool,
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
    /// The commands of a shell that make the call; they find a token that may in `FLAREKEEP_ADMIN_TOKEN`. A line that
    /// begins with `#` says what is to be put in first.
    pub call: String,
}

impl TokenEdit {
    /// No change yet of an owner's token.
    #[must_use]
    pub fn of(owner: Owner, id: Option<TokenId>) -> Self {
        let draft = TokenDraft::of(owner);
        Self { id, draft, lifts: Vec::new(), enable: false, begun: false, whole: None }
    }
}

/// The variable in which the call finds the token that manages tokens.
const MANAGER: &str = "FLAREKEEP_ADMIN_TOKEN";
/// Stand where nobody knows the id.
const SOME_TOKEN: &str = "TOKEN_ID";
const SOME_GROUP: &str = "GROUP_ID";

/// Writes the change down.
#[must_use]
pub fn edit(edit: &TokenEdit) -> EditForms {
    let (link, _) = dashboard::page(edit.draft.owner);
    EditForms { link: link.to_owned(), steps: steps(edit), call: call(edit) }
}

/// The call that gives a token another value; the answer holds it.
#[must_use]
pub fn roll_call(owner: Owner, id: TokenId) -> String {
    format!("{} -sS -X PUT --json '{{}}'", call_as(MANAGER, &format!("{}/{id}/value", tokens(owner))))
}

fn steps(edit: &TokenEdit) -> Vec<String> {
    let draft = &edit.draft;
    let (page, path) = dashboard::page(draft.owner);
    let mut steps = vec![format!("Open {page} ({path})")];
    let in_the_form = in_the_form(edit);
    if !in_the_form.is_empty() {
        let name = draft.name.as_deref().map(|name| format!(" {}", one_line(name)));
        let id = || edit.id.map(|id| format!(" {id}"));
        let token = name.or_else(id).unwrap_or_default();
        steps.push(format!("Beside the token{token}: the menu of three dots, Edit. Its value stays the same"));
        steps.extend(in_the_form);
        steps.push("Continue to summary, compare, and Update token".to_owned());
    }
    steps.extend(dashboard::beyond(draft, "the call below"));
    if !edit.lifts.is_empty() {
        let groups: Vec<&str> = edit.lifts.iter().map(|lift| lift.group.name).collect();
        steps.push(format!(
            "The form shows no policy that denies: the call below takes {} out of it",
            groups.join(", ")
        ));
    }
    if edit.enable {
        steps.push("That the form switches a token on is not documented: the call below does".to_owned());
    }
    steps
}

fn in_the_form(edit: &TokenEdit) -> Vec<String> {
    let draft = &edit.draft;
    let mut steps = Vec::new();
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
    if edit.begun {
        steps.push("TTL: no start date".to_owned());
    }
    steps
}

/// The call with all of the token, or the two that read it, change it and write it. Where the change cannot be made of what
/// was read, nothing is written.
fn call(edit: &TokenEdit) -> String {
    let path = tokens(edit.draft.owner);
    let one = format!("{path}/{}", edit.id.map_or_else(|| SOME_TOKEN.to_owned(), |id| id.to_string()));
    let mut call = String::new();
    if edit.id.is_none() {
        call.push_str(&format!("# put in the token's id for {SOME_TOKEN}: GET /{path} lists it\n"));
    }
    if let Some(whole) = &edit.whole {
        let body = serde_json::to_string_pretty(whole).unwrap_or_default();
        call.push_str(&format!("{} -X PUT --json {}", call_as(MANAGER, &one), quoted(&body)));
        return call;
    }
    let unpublished = edit.lifts.iter().map(|lift| lift.group).filter(|group| group.id.is_none());
    for group in edit.draft.without_id().into_iter().chain(unpublished) {
        let name = group.name;
        call.push_str(&format!(
            "# put in the id of {name} for {SOME_GROUP}, which nobody has published: GET /{path}/permission_groups\n"
        ));
    }
    let manager = call_as(MANAGER, &one);
    let program = quoted(&filter(edit));
    call + &format!("{manager} -sS |\n  jq {program} > token.json &&\n{manager} -X PUT --json @token.json")
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
    use crate::form::curl;
    use crate::form::samples::{USER, drafts};

    fn edit_of(draft: TokenDraft, whole: Option<Value>) -> TokenEdit {
        TokenEdit { draft, whole, ..TokenEdit::of(USER, Some(TokenId::from_u128(7))) }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Every row and every limit is a step, and each step is one line.
        #[test]
        fn the_steps_say_all_that_is_added(draft in drafts()) {
            let forms = edit(&edit_of(draft.clone(), None));
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
            let call = edit(&edit_of(draft, Some(whole.clone()))).call;
            let script = format!("curl() {{ cat >/dev/null; for last; do :; done; printf %s \"$last\"; }}\n{call}");
            let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
            prop_assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            let read: Value = serde_json::from_slice(&output.stdout).unwrap();
            prop_assert_eq!(read, whole);
        }
    }
}
