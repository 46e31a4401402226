//! The dashboard link that opens the token form filled in.

use flarekeep_catalogue::{KeyStatus, Scope, TemplateKey, template_key};
use flarekeep_policy::{Owner, Resource};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::dashboard::{self, MARK, Row};
use super::steps::guide;
use super::{Form, Rendered, TokenDraft};

/// All but what a link may hold anywhere.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The link, with what it cannot carry as steps by hand. Only documented keys go into it: one that the dashboard does not
/// know empties the form without a word. Where there is none, the guide takes its place.
pub(super) fn render(draft: &TokenDraft) -> Rendered {
    let rows = dashboard::rows(draft);
    let (linked, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| documented(row).is_some());
    if linked.is_empty() {
        let why = "No permission of this token has a documented key, so that no link can fill the form in. By hand:";
        return Rendered { form: Form::Steps, text: format!("{why}\n\n{}", guide(draft)), by_hand: Vec::new() };
    }
    let keys: Vec<_> = linked.iter().filter_map(|row| documented(row)).collect();
    Rendered { form: Form::Url, text: link(draft, &keys), by_hand: by_hand(draft, &others) }
}

fn documented(row: &Row) -> Option<&'static TemplateKey> {
    template_key(row.group).filter(|key| key.status == KeyStatus::Documented)
}

fn link(draft: &TokenDraft, keys: &[&TemplateKey]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| json!({ "key": key.key, "type": key.level.word() })).collect();
    let keys = encoded(&json!(keys).to_string());
    let name = draft.name.as_ref().map(|name| format!("&name={}", encoded(name))).unwrap_or_default();
    let (page, _) = dashboard::page(draft.owner);
    match draft.owner {
        Owner::User(_) => {
            let account = only_account(draft).unwrap_or_else(|| "*".to_owned());
            format!("{page}?permissionGroupKeys={keys}&accountId={account}&zoneId=all{name}")
        }
        Owner::Account(_) => format!("{page}&permissionGroupKeys={keys}{name}"),
    }
}

/// The one account that the rows of the account's scope are about, where somebody named it.
fn only_account(draft: &TokenDraft) -> Option<String> {
    let mut accounts =
        draft.policies.iter().flat_map(|policy| &policy.resources).filter_map(|resource| match resource {
            Resource::Account(account) => Some(Some(account.to_string())),
            Resource::AllAccounts => Some(None),
            _ => None,
        });
    let first = accounts.next()??;
    let only = accounts.all(|other| other.as_ref() == Some(&first));
    (only && !draft.unnamed.contains(&first)).then_some(first)
}

/// What the link cannot carry, in the order of the form.
fn by_hand(draft: &TokenDraft, others: &[&Row]) -> Vec<String> {
    let mut steps = Vec::new();
    if matches!(draft.owner, Owner::Account(_))
        && let Some(account) = draft.account
    {
        steps.push(format!("where the dashboard asks for the account, choose {}", draft.called(&account.to_string())));
    }
    if draft.name.is_none() {
        steps.push(format!("Token name: {}", draft.name_or_pattern()));
    }
    steps.extend(others.iter().map(|row| {
        let known = match template_key(row.group) {
            None => "no key is documented for it".to_owned(),
            Some(TemplateKey { key, status, .. }) => match status {
                KeyStatus::Documented | KeyStatus::Unclear => {
                    format!("the key `{key}` is documented, but not which of the groups of this name it ticks")
                }
                KeyStatus::Seen => format!("the key `{key}` is seen in a link of Cloudflare's, not documented"),
                KeyStatus::ThirdParty => format!("the key `{key}` is seen in links of others, not documented"),
            },
        };
        format!("add the row {}: {known}", row.path())
    }));
    let linked = only_account(draft).is_some();
    steps.extend(dashboard::resources(draft).into_iter().map(|(scope, line)| match (draft.owner, scope) {
        (Owner::User(_), Scope::Account) if linked => {
            format!("{line}: see that it says so; that a link may name an account is not documented")
        }
        (Owner::User(_), Scope::Account) => format!("{line}; the link says all accounts"),
        (Owner::User(_), _) => format!("{line}; the link says all zones"),
        (Owner::Account(_), _) => line,
    }));
    steps.extend(dashboard::filter(draft));
    steps.extend(dashboard::ttl(draft));
    steps.extend(dashboard::beyond(draft, "-o curl"));
    steps.push("Continue to summary, then Create Token: the value is shown once".to_owned());
    if others.iter().any(|row| !row.spelt.on_the_page) {
        steps.push(MARK.to_owned());
    }
    steps
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use flarekeep_catalogue::template_keys;
    use flarekeep_policy::{Effect, Policy};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::form::samples::{USER, draft_of, drafts};

    /// The parameters of a link, decoded by hand.
    fn parameters(link: &str) -> Vec<(String, String)> {
        let (_, query) = link.split_once('?').unwrap();
        let decoded = |text: &str| {
            let mut bytes = text.bytes();
            let mut out = Vec::new();
            while let Some(byte) = bytes.next() {
                out.push(match byte {
                    b'%' => {
                        let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                        u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                    }
                    byte => byte,
                });
            }
            String::from_utf8(out).unwrap()
        };
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(key, value)| (decoded(key), decoded(value))).collect()
    }

    proptest! {
        /// Read back without any code of the link: the documented keys of the granted groups, no more and no fewer.
        #[test]
        fn a_link_says_the_documented_groups_and_the_name(draft in drafts()) {
            let rendered = render(&draft);
            let expected: BTreeSet<(&str, &str)> = draft
                .policies
                .iter()
                .filter(|policy| policy.effect == Effect::Allow)
                .flat_map(Policy::known_groups)
                .flat_map(|group| template_keys().iter().filter(|key| Some(key.id) == group.id))
                .filter(|key| key.status == KeyStatus::Documented)
                .map(|key| (key.key, key.level.word()))
                .collect();
            if expected.is_empty() {
                prop_assert_eq!(rendered.form, Form::Steps);
                prop_assert!(!rendered.text.contains("permissionGroupKeys"));
                return Ok(());
            }
            prop_assert!(rendered.text.is_ascii() && !rendered.text.contains(char::is_whitespace));
            let parameters = parameters(&rendered.text);
            let value = |key: &str| parameters.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
            let keys: Vec<Value> = serde_json::from_str(value("permissionGroupKeys").unwrap()).unwrap();
            let read: BTreeSet<(&str, &str)> =
                keys.iter().map(|key| (key["key"].as_str().unwrap(), key["type"].as_str().unwrap())).collect();
            prop_assert_eq!(keys.len(), read.len());
            prop_assert_eq!(read, expected);
            prop_assert_eq!(value("name"), draft.name.as_deref());
            prop_assert_eq!(value("zoneId"), matches!(draft.owner, Owner::User(_)).then_some("all"));
            // What is not in the link is a step.
            for row in dashboard::rows(&draft).iter().filter(|row| documented(row).is_none()) {
                prop_assert!(rendered.by_hand.iter().any(|step| step.contains(&row.path())));
            }
        }
    }

    #[test]
    fn a_key_that_is_not_documented_is_named_as_such_and_left_out() {
        let rendered = render(&draft_of(USER, &["DNS Write", "Load Balancers Read", "zone:Logs Read"]));
        assert!(!rendered.text.contains("load_balancers") && !rendered.text.contains("logs"), "{}", rendered.text);
        let steps = rendered.by_hand.join("\n");
        assert!(
            steps.contains("the key `load_balancers` is seen in a link of Cloudflare's, not documented"),
            "{steps}"
        );
        assert!(steps.contains("the key `logs` is documented, but not which"), "{steps}");
        assert!(steps.contains("Zone Resources: Include > Specific zone > "), "{steps}");
    }

    #[test]
    fn a_plan_without_a_documented_key_gets_the_guide() {
        let rendered = render(&draft_of(USER, &["Load Balancers Read"]));
        assert_eq!(rendered.form, Form::Steps);
        assert!(rendered.text.starts_with("No permission of this token has a documented key"), "{}", rendered.text);
        assert!(rendered.text.contains("Load Balancers"), "{}", rendered.text);
    }
}
