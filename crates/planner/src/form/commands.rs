//! The commands that a form names.

use flarekeep_policy::Owner;

use super::TokenDraft;
use super::quote::{option, shell};

/// How a token for buckets is used, for readers who would give it to wrangler: that calls the REST API, which refuses it
/// (cloudflare/workers-sdk#9235), and S3 clients derive their credentials from it (Cloudflare's docs: r2/api/tokens).
pub(super) const BUCKETS: &str = "wrangler can use no permission for single buckets, S3 clients can: AWS_ACCESS_KEY_ID \
     is the token's id, AWS_SECRET_ACCESS_KEY the SHA-256 of its value, in hex";

/// The command that makes the token and delivers its value to a sink.
pub(super) fn create(draft: &TokenDraft, sink: &str) -> String {
    let mut words = vec!["flarekeep token create".to_owned()];
    words.extend(draft.work.iter().map(|word| shell(word)));
    if draft.as_documented {
        words.push("--as-documented".to_owned());
    }
    if matches!(draft.owner, Owner::Account(_)) {
        words.push("--owner account".to_owned());
    }
    if draft.name.is_none() && draft.purpose.is_none() {
        words.push(option("--name", &draft.name_or_usual()));
    }
    words.extend(draft.name.iter().map(|name| option("--name", name)));
    words.extend(draft.allow_ips.iter().map(|range| option("--allow-ip", &range.to_string())));
    words.extend(draft.expires_on.iter().map(|time| option("--expires", time)));
    words.push(option("--to", sink));
    words.join(" ")
}

/// The command that tests the token in use against the work.
pub(super) fn check(draft: &TokenDraft) -> String {
    let words = draft.work.iter().map(|word| format!(" {}", shell(word)));
    format!("flarekeep check{}", words.collect::<String>())
}

/// The call that asks Cloudflare whether the token in use is alive.
pub(super) fn verify(owner: Owner) -> String {
    call(&format!("{}/verify", tokens(owner)))
}

/// A call with the token in use, up to its further arguments. The token goes through a pipe: an argument can be read by
/// every user of the machine.
pub(super) fn call(path: &str) -> String {
    call_as("CLOUDFLARE_API_TOKEN", path)
}

/// The same with the token that is in this variable.
pub(super) fn call_as(variable: &str, path: &str) -> String {
    format!(
        "printf 'Authorization: Bearer %s' \"${variable}\" |\n  curl 'https://api.cloudflare.com/client/v4/{path}' -H @-"
    )
}

/// The path of an owner's tokens.
pub(super) fn tokens(owner: Owner) -> String {
    match owner {
        Owner::User(_) => "user/tokens".to_owned(),
        Owner::Account(account) => format!("accounts/{account}/tokens"),
    }
}

/// What `flarekeep token create` cannot be told.
pub(super) fn left_out(draft: &TokenDraft) -> Vec<String> {
    let start = draft.not_before.iter();
    start.map(|time| format!("`flarekeep token create` takes no start: -o curl gives the token {time}")).collect()
}
