//! What Cloudflare refuses when a token is made or changed: what its maker does not hold, one token too many.

use flarekeep_cloudflare as api;

use crate::error::{CommandError, Kind};
use crate::output::plain;

/// The refusal in words, where it is one of the token endpoints' own.
pub(super) fn explained(error: &api::Error) -> Option<CommandError> {
    let path = error.call()?.path();
    let of_user = path.starts_with("/user/tokens");
    let of_account = path.starts_with("/accounts/") && path.contains("/tokens");
    if !of_user && !of_account {
        return None;
    }
    let failed = |kind| CommandError::new(kind, plain(&error.to_string()));
    if let Some(group) = above_the_ceiling(error) {
        return Some(
            failed(Kind::Refused)
                .because(format!(
                    "a token cannot grant what its maker does not hold there, and the whole token is refused for {}",
                    plain(&group)
                ))
                .hint(format!(
                    "make it with CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY, or with a token that holds {} at the same place",
                    plain(&group)
                ))
                .hint(
                    "Cloudflare's check is reported to be uneven: refused at one zone, the same group passes at all zones \
                     of the account (terraform-provider-cloudflare#7241); that grants more than is needed",
                )
                .hint("or by hand, where your login decides: flarekeep token create --by-hand with the same options"),
        );
    }
    if is_about_number(error) {
        let (most, list) = if of_user {
            ("50 tokens for a user", "flarekeep token list")
        } else {
            ("500 tokens for an account", "flarekeep token list --owner account")
        };
        return Some(
            failed(Kind::Usage)
                .because(format!(
                    "it reads like the quota, which is {most}; nobody has published what Cloudflare says there"
                ))
                .hint(format!("{list} --unused 30d shows those that nobody uses; flarekeep token revoke ends one")),
        );
    }
    if !of_user && error.is_permission() {
        return Some(
            failed(Kind::Refused)
                .because("the credential is good, and it may not manage this account's tokens")
                .hint("an account's tokens are managed by Account API Tokens Write: a token that holds it, as FLAREKEEP_ADMIN_TOKEN")
                .hint("or CLOUDFLARE_EMAIL with CLOUDFLARE_API_KEY of a super administrator of the account")
                .hint("a token of the user instead: leave --owner account out"),
        );
    }
    None
}

/// The permission group that the maker lacks, as the message names it: `… (Permission group: "X")` (tokens.md 3.3).
fn above_the_ceiling(error: &api::Error) -> Option<String> {
    let refusal = error.errors().iter().find(|one| one.code == 1001 && one.message.contains("permission check"))?;
    let named = refusal.message.split_once("Permission group: \"").and_then(|(_, rest)| rest.split_once('"'));
    Some(named.map_or("one of its permission groups".to_owned(), |(group, _)| format!("`{group}`")))
}

/// Whether the message speaks of too many tokens. The real text is not known.
fn is_about_number(error: &api::Error) -> bool {
    error.status() != Some(429)
        && error.errors().iter().any(|one| {
            let message = one.message.to_ascii_lowercase();
            message.contains("token")
                && ["quota", "limit", "maximum", "too many", "as many"].iter().any(|word| message.contains(word))
        })
}
