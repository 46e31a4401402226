//! What a user of wrangler types to have the token where wrangler looks for it.

use flarekeep_catalogue::RecipeCommand;
use flarekeep_policy::Owner;

use super::commands::{BUCKETS, check, create, left_out};
use super::quote::one_line;
use super::{Form, Rendered, TokenDraft};

pub(super) fn render(draft: &TokenDraft) -> Rendered {
    let mut parts = vec![format!(
        "# The token, made for this work; its value goes into .env and nowhere else. Git must not track that file.\n{}",
        create(draft, "env:.env")
    )];
    if let Some(account) = draft.account {
        parts.push(format!(
            "# The account, so that wrangler need not ask for it, which takes permissions of its own.\n\
             printf 'CLOUDFLARE_ACCOUNT_ID=%s\\n' '{account}' >>.env"
        ));
    }
    parts.push(format!(
        "# Both are read from .env; in CI give CLOUDFLARE_API_TOKEN as a secret instead.\n{}",
        check(draft)
    ));
    let mut by_hand = left_out(draft);
    if !draft.command.as_ref().is_some_and(RecipeCommand::is_wranglers) {
        let work =
            draft.purpose.as_deref().map_or("this work".to_owned(), |purpose| format!("`{}`", one_line(purpose)));
        by_hand.push(format!(
            "{work} is not known as wrangler's: the token is planned for other calls, and wrangler may be refused; \
             flarekeep recipe list shows what there is for wrangler"
        ));
    }
    if draft.grants_at_buckets() {
        by_hand.push(BUCKETS.to_owned());
    }
    if matches!(draft.owner, Owner::Account(_)) {
        by_hand.push("`wrangler whoami` reports an error with an account's token: it asks for the user".to_owned());
    }
    Rendered { form: Form::Wrangler, text: parts.join("\n\n"), by_hand }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::form::samples::drafts;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// A shell runs the text with another `flarekeep`, which prints its arguments.
        #[test]
        fn a_shell_hands_over_the_arguments_that_were_meant(draft in drafts()) {
            let folder = std::env::temp_dir();
            let text = render(&draft).text.replace(">>.env", ">/dev/null");
            let script = format!("flarekeep() {{ printf '%s\\0' \"$@\"; printf '\\1'; }}\n{text}");
            let output = Command::new("sh").arg("-c").arg(script).current_dir(folder).output().unwrap();
            prop_assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            let printed = String::from_utf8(output.stdout).unwrap();
            let printed: Vec<&str> = printed.split('\u{1}').next().unwrap().split('\0').collect();
            let given = |option: &str, value: &str| {
                printed.windows(2).any(|pair| pair == [option, value]) || printed.contains(&format!("{option}={value}").as_str())
            };
            if let Some(name) = draft.name.as_ref() {
                prop_assert!(given("--name", name), "{printed:?}");
            }
            for range in &draft.allow_ips {
                prop_assert!(given("--allow-ip", &range.to_string()));
            }
            prop_assert!(given("--to", "env:.env"));
        }
    }
}
