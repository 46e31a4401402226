//! Who should own a token: the advice of Cloudflare's documents (docs: fundamentals/api/get-started/account-owned-tokens).

use crate::arguments::{Owner, TokenCreate};
use crate::output::Output;

/// Says, of a token that CI will use and a user will own, what becomes of it when the user leaves.
pub(super) fn advise(output: Output, arguments: &TokenCreate, owner: Owner) {
    if owner == Owner::User && is_for_ci(arguments) {
        output.note(
            "this token ends with its user's membership: for CI and shared services an account's token lasts, \
             --owner account; a user's is for personal automation",
        );
    }
}

fn is_for_ci(arguments: &TokenCreate) -> bool {
    let to_ci = |sink: &flarekeep_tokens::Sink| sink.to_string().contains("gh secret set");
    !arguments.work.sources.workflow.is_empty() || arguments.delivery.to.iter().any(to_ci)
}
