//! A part of a GitHub workflow that has the token as a secret.

use flarekeep_policy::Owner;

use super::commands::{BUCKETS, check, create, left_out};
use super::quote::comment;
use super::{Form, Rendered, TokenDraft};

/// Stands where no command is known; it fails, so that nobody takes an idle step for the work.
const PLACEHOLDER: &str = "echo 'replace this by what needs the token'; exit 1";

/// The one part that is not a comment. It holds nothing from outside but the command, which is plain words.
const JOB: &str = "\
jobs:
  work:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@v4
      - name: The work that the token is made for
        run: {command}
        env:
          CLOUDFLARE_API_TOKEN: ${{ secrets.CLOUDFLARE_API_TOKEN }}
          CLOUDFLARE_ACCOUNT_ID: ${{ vars.CLOUDFLARE_ACCOUNT_ID }}";

pub(super) fn render(draft: &TokenDraft) -> Rendered {
    let mut head = vec![format!(
        "The token goes from Cloudflare to the repository's secrets, and nobody sees it:\n  {}",
        create(draft, "command:gh secret set CLOUDFLARE_API_TOKEN")
    )];
    if let Some(account) = draft.account {
        head.push(format!(
            "The account's id is no secret:\n  gh variable set CLOUDFLARE_ACCOUNT_ID --body '{account}'"
        ));
    }
    if matches!(draft.owner, Owner::User(_)) {
        head.push(
            "This token is a user's and ends with that person's membership: for CI, --owner account makes one that does\n\
             not, where the work allows it."
                .to_owned(),
        );
    }
    if !draft.allow_ips.is_empty() {
        head.push(
            "GitHub's own runners call from changing addresses, and the address filter shuts them out: it needs runners\n\
             of your own."
                .to_owned(),
        );
    }
    head.push(format!("With the token in the environment, this tests it:\n  {}", check(draft)));
    if draft.grants_at_buckets() {
        head.push(BUCKETS.to_owned());
    }
    if draft.command.is_none() {
        let work = draft.purpose.as_ref().map(|purpose| format!(" ({purpose})")).unwrap_or_default();
        head.push(format!("What runs below stands in for the work{work}: put there what needs the token."));
    }
    let head: Vec<String> = head.iter().map(|part| comment(part)).collect();
    Rendered { form: Form::Github, text: format!("{}\n{}", head.join("\n"), job(draft)), by_hand: left_out(draft) }
}

fn job(draft: &TokenDraft) -> String {
    JOB.replace("{command}", &draft.command.as_ref().map_or(PLACEHOLDER.to_owned(), ToString::to_string))
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::RecipeCommand;
    use proptest::prelude::*;

    use super::*;
    use crate::form::samples::{USER, draft_of, drafts};

    proptest! {
        /// What comes from outside stands in comments: whatever a name holds, the workflow is the same.
        #[test]
        fn a_name_changes_nothing_but_comments(draft in drafts()) {
            let text = render(&draft).text;
            let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
            let rest: Vec<&str> = lines.filter(|line| !line.starts_with('#')).collect();
            prop_assert_eq!(rest.join("\n"), JOB.replace("{command}", PLACEHOLDER));
        }
    }

    #[test]
    fn the_step_is_the_works_own() {
        let other = draft_of(USER, &["DNS Write"]);
        assert!(job(&other).contains(&format!("        run: {PLACEHOLDER}\n")), "{}", job(&other));
        let wrangler = TokenDraft { command: RecipeCommand::new("npx wrangler d1 list"), ..other };
        assert!(job(&wrangler).contains("        run: npx wrangler d1 list\n"), "{}", job(&wrangler));
        let text = render(&draft_of(USER, &["Workers R2 Storage Bucket Item Read"])).text;
        assert!(text.contains("AWS_ACCESS_KEY_ID"), "{text}");
    }

    #[test]
    fn the_job_is_indented_as_yaml_wants_it() {
        for line in JOB.lines() {
            let margin = line.len() - line.trim_start().len();
            assert!(margin % 2 == 0 && !line.contains('\t') && line.trim_end() == line, "{line}");
            assert!(line.contains(": ") || line.ends_with(':') || line.trim_start().starts_with("- "), "{line}");
        }
    }
}
