//! A part of a GitHub workflow that has the token as a secret.

use flarekeep_policy::Owner;

use super::commands::{check, create, left_out};
use super::quote::comment;
use super::{Form, Rendered, TokenDraft};

/// The one part that is not a comment. It holds nothing from outside.
const JOB: &str = "\
jobs:
  work:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@v4
      - name: The work that the token is made for
        run: npx wrangler deploy
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
    let head: Vec<String> = head.iter().map(|part| comment(part)).collect();
    Rendered { form: Form::Github, text: format!("{}\n{JOB}", head.join("\n")), by_hand: left_out(draft) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::form::samples::drafts;

    proptest! {
        /// What comes from outside stands in comments: whatever a name holds, the workflow is the same.
        #[test]
        fn a_name_changes_nothing_but_comments(draft in drafts()) {
            let text = render(&draft).text;
            let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
            let rest: Vec<&str> = lines.filter(|line| !line.starts_with('#')).collect();
            prop_assert_eq!(rest.join("\n"), JOB);
        }
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
