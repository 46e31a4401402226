//! Calls that are asked about, as they are typed: with ids, with the words that plans have for these, and with `--bucket`.

use flarekeep_catalogue::AccountId;
use flarekeep_policy::{BucketKey, Call, CallError, Request};

use crate::context::Context;
use crate::error::CommandError;
use crate::output::plain;
use crate::place::{given_account, without_words};

/// The account, which is not looked up: nobody is asked.
pub(super) fn account(context: &Context) -> Result<Option<AccountId>, CommandError> {
    let parsed = given_account(context).map(|text| {
        without_words(text).parse().map_err(|_| {
            CommandError::usage(format!("`{}` is not an account id", plain(text)))
                .because("what a call is answered is found without asking Cloudflare")
                .hint("give the account's id: --account 023e105f4ecef8ad9ca31a8372d0c353")
        })
    });
    parsed.transpose()
}

/// The request that a call makes; none where there is no such operation. `--bucket eu/media` says in which jurisdiction
/// the bucket of `s3://media/…` is.
pub(super) fn request(context: &Context, call: &Call<'_>) -> Result<Option<Request>, CommandError> {
    let mut request = match call.request() {
        Ok(request) => request,
        Err(CallError::NoOperation) => return Ok(None),
        Err(error) => {
            return Err(CommandError::usage(error.to_string())
                .because(format!("`{}` names no resource", plain(call.path)))
                .hint("what a call is answered is found without asking Cloudflare: give ids, not names"));
        }
    };
    if let (Some(bucket), Some(given)) = (&mut request.bucket, &context.place.bucket) {
        let BucketKey { jurisdiction, name, .. } = bucket;
        let is_open = jurisdiction == "default" && call.path.starts_with("s3://");
        if *name != given.name || !(is_open || *jurisdiction == given.jurisdiction) {
            return Err(CommandError::usage("--bucket names another bucket than the path")
                .because(format!("`{}` is a call of `{}`", plain(call.path), plain(&bucket.to_string())))
                .hint("leave --bucket out, or give it the path's bucket behind its jurisdiction: --bucket eu/media"));
        }
        jurisdiction.clone_from(&given.jurisdiction);
    }
    Ok(Some(request))
}
