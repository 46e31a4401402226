//! The call that makes the token.

use serde_json::{Value, json};

use super::commands::{call, tokens};
use super::{Form, Rendered, TokenDraft};
use crate::document::policy_documents;

pub(super) fn render(draft: &TokenDraft) -> Rendered {
    let body = serde_json::to_string_pretty(&body(draft)).unwrap_or_default();
    // Cloudflare's ids and the quotes of JSON pass; a quote of the shell's own is left and entered again.
    let text = format!("{} --json '{}'", call(&tokens(draft.owner)), body.replace('\'', r"'\''"));
    let by_hand = draft.without_id().into_iter().map(|group| {
        let name = group.name;
        format!("put in the id of `{name}`, which nobody has published: GET /{}/permission_groups", tokens(draft.owner))
    });
    Rendered { form: Form::Curl, text, by_hand: by_hand.collect() }
}

/// The token as the API takes it.
pub(super) fn body(draft: &TokenDraft) -> Value {
    let policies: Vec<_> = draft.policies.iter().flat_map(policy_documents).collect();
    let mut body = json!({ "name": draft.name_or_usual(), "policies": policies });
    let times = [("expires_on", &draft.expires_on), ("not_before", &draft.not_before)];
    let times = times.into_iter().filter_map(|(key, time)| Some((key, json!(time.as_ref()?))));
    if let Some(fields) = body.as_object_mut() {
        fields.extend(times.chain(draft.condition().map(|it| ("condition", it))).map(|(key, it)| (key.to_owned(), it)));
    }
    body
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::form::samples::drafts;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// A shell runs the text with another `curl`, which prints its last argument: the body, as it was meant.
        #[test]
        fn a_shell_hands_over_the_body_that_was_meant(draft in drafts()) {
            let rendered = render(&draft);
            let script = format!("curl() {{ cat >/dev/null; for last; do :; done; printf %s \"$last\"; }}\n{}", rendered.text);
            let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
            prop_assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            let read: Value = serde_json::from_slice(&output.stdout).unwrap();
            prop_assert_eq!(&read, &body(&draft));
            prop_assert_eq!(&read["name"], &json!(draft.name_or_usual()));
        }
    }
}
