//! Where R2's S3 face is, and the variables that tell an S3 client.

use flarekeep_catalogue::AccountId;
use flarekeep_cloudflare::DEFAULT_BASE_URL;
use flarekeep_tokens::{Endpoint, KeyPair, R2_REGION, Shape, endpoint_of};

use super::pairs::Pairs;
use crate::arguments::R2Keys;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::plain;

/// The endpoint as given, else Cloudflare's for the account; none where neither is known.
pub(super) fn find(
    context: &Context,
    arguments: &R2Keys,
    account: Option<AccountId>,
) -> Result<Option<Endpoint>, CommandError> {
    let jurisdiction = context.place.bucket.as_ref().map_or("default", |bucket| bucket.jurisdiction.as_str());
    find_for(context, arguments.endpoint.as_deref(), jurisdiction, account)
}

/// The same for a bucket that lies there by law.
pub(super) fn find_for(
    context: &Context,
    given: Option<&str>,
    jurisdiction: &str,
    account: Option<AccountId>,
) -> Result<Option<Endpoint>, CommandError> {
    if let Some(given) = given {
        return read(given).map(Some);
    }
    let known = account.filter(|_| context.base_url().trim_end_matches('/') == DEFAULT_BASE_URL);
    known.map(|account| read(&endpoint_of(account, jurisdiction))).transpose()
}

/// The variables of a pair, with those of the endpoint unless they are not wanted. A remark says what is missing.
pub(super) fn variables(context: &Context, arguments: &R2Keys, pair: &KeyPair, endpoint: Option<&Endpoint>) -> Pairs {
    let mut pairs: Pairs = vec![
        ("AWS_ACCESS_KEY_ID", pair.access_key_id.to_string().into()),
        ("AWS_SECRET_ACCESS_KEY", pair.secret_access_key.clone()),
    ];
    add(context, arguments, &mut pairs, endpoint);
    pairs
}

/// The names of all variables that may be delivered.
pub(super) fn shape(arguments: &R2Keys) -> Shape {
    let session = arguments.temporary.is_some().then_some("AWS_SESSION_TOKEN");
    let along = if arguments.keys_only { &[][..] } else { &["AWS_ENDPOINT_URL_S3", "AWS_REGION"][..] };
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].iter().chain(&session).chain(along);
    Shape::Pairs(names.map(|name| (*name).to_owned()).collect())
}

/// Adds the variables of the endpoint.
pub(super) fn add(context: &Context, arguments: &R2Keys, pairs: &mut Pairs, endpoint: Option<&Endpoint>) {
    match endpoint {
        _ if arguments.keys_only => {}
        Some(endpoint) => {
            pairs.push(("AWS_ENDPOINT_URL_S3", endpoint.url().into()));
            pairs.push(("AWS_REGION", R2_REGION.into()));
        }
        None => tell_left_out(context),
    }
}

/// Says that the endpoint is not delivered, and what would name it.
pub(super) fn tell_left_out(context: &Context) {
    context.output.note(format!("AWS_ENDPOINT_URL_S3 is left out: {}", unknown(context)));
}

/// Fails where the endpoint is not known.
pub(super) fn required(context: &Context, endpoint: Option<Endpoint>) -> Result<Endpoint, CommandError> {
    endpoint.ok_or_else(|| {
        CommandError::usage("where R2's S3 face is, is not known")
            .because("temporary keys are signed for one endpoint")
            .hint(unknown(context))
    })
}

fn unknown(context: &Context) -> &'static str {
    match context.base_url().trim_end_matches('/') == DEFAULT_BASE_URL {
        true => "--account ID says whose endpoint it is",
        false => "--endpoint URL says where it is; flarekeep emulate prints its own",
    }
}

fn read(text: &str) -> Result<Endpoint, CommandError> {
    text.parse().map_err(|_| {
        CommandError::usage(format!("`{}` is not the address of an S3 endpoint", plain(text)))
            .hint("as in --endpoint https://ACCOUNT_ID.r2.cloudflarestorage.com")
    })
}
