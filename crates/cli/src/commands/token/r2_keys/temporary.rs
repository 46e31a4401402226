//! Temporary keys for one bucket, signed here or by the API.

use flarekeep_catalogue::{AccountId, TokenId};
use flarekeep_cloudflare::{Client, Credential, R2Permission};
use flarekeep_planner::Target;
use flarekeep_tokens::{Endpoint, KeyPair, R2_REGION, Reach, Sink, TemporaryKeys, request_temporary, sign_temporary};
use jiff::Timestamp;
use serde_json::json;

use super::endpoint;
use super::pairs::{Pairs, deliver, named, names, place};
use super::{key_id, sinks};
use crate::arguments::{Lifetime, R2Keys, Signer};
use crate::context::{Context, block_on};
use crate::environment::API_TOKEN;
use crate::error::{CommandError, Kind};
use crate::output::{GOOD, plain, styled};
use crate::place::{Wanted, find, given_account};
use crate::{CommandResult, Verdict, secret};

pub(super) fn run(context: &Context, arguments: &R2Keys, lifetime: Lifetime) -> CommandResult {
    let reach = reach(context, arguments)?;
    let by_api = by_api(context, arguments.by);
    let sinks = sinks(context, arguments)?;
    tell(context, &reach, lifetime, by_api);
    let Some(sinks) = sinks else {
        context.output.document(&json!({ "dry_run": true, "keys": shown(&reach, by_api) }));
        return Ok(Verdict::Yes);
    };
    let jurisdiction = context.place.bucket.as_ref().map_or("default", |bucket| bucket.jurisdiction.as_str());
    let endpoint = arguments.endpoint.as_deref();
    let made =
        Making { reach: &reach, lifetime, key_id: arguments.key_id, endpoint, jurisdiction, by_api }.make(context)?;
    let (keys, endpoint) = made;
    let mut pairs: Pairs = vec![
        ("AWS_ACCESS_KEY_ID", keys.access_key_id.clone().into()),
        ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key),
        ("AWS_SESSION_TOKEN", keys.session_token),
    ];
    endpoint::add(context, arguments, &mut pairs, endpoint.as_ref());
    deliver(&sinks, &pairs)?;
    let mut document = shown(&reach, by_api);
    document["access_key_id"] = plain(&keys.access_key_id).into();
    document["expires_on"] = keys.expires_on.to_string().into();
    document["endpoint"] = endpoint.map(|endpoint| endpoint.url().to_owned()).into();
    document["region"] = R2_REGION.into();
    document["variables"] = names(&pairs).into();
    document["delivered_to"] = place(&sinks).into();
    context.output.document(&document);
    let line = format!(
        "{} temporary R2 keys until {}; {} are in {}",
        styled(GOOD, "made"),
        keys.expires_on,
        named(&names(&pairs)),
        plain(&place(&sinks))
    );
    context.output.beside(sinks.iter().any(Sink::prints), line);
    context
        .output
        .note(format!("they end with token {}, too, if it is rolled or revoked before", plain(&keys.access_key_id)));
    Ok(Verdict::Yes)
}

/// What the keys are to reach.
fn reach(context: &Context, arguments: &R2Keys) -> Result<Reach, CommandError> {
    let bucket = context.place.bucket.as_ref().ok_or_else(|| {
        CommandError::usage("temporary keys are of one bucket, and none is named")
            .hint("give --bucket NAME, or --bucket eu/NAME")
    })?;
    for (option, given) in [("--prefix", &arguments.prefixes), ("--object", &arguments.objects)] {
        if given.iter().any(String::is_empty) {
            return Err(CommandError::usage(format!("{option} is empty"))
                .hint(format!("leave {option} out for all keys of the bucket")));
        }
    }
    for prefix in arguments.prefixes.iter().filter(|prefix| !prefix.ends_with('/')) {
        let prefix = plain(prefix);
        context.output.warn(format!("the prefix `{prefix}` reaches `{prefix}x`, too; `{prefix}/` would not"));
    }
    Ok(Reach {
        bucket: bucket.name.clone(),
        permission: arguments.permission,
        prefixes: arguments.prefixes.clone(),
        objects: arguments.objects.clone(),
    })
}

/// Says what the keys will be, and who signs them.
fn tell(context: &Context, reach: &Reach, lifetime: Lifetime, by_api: bool) {
    let output = context.output;
    output.note(format!("temporary keys for bucket {}, {}, for {lifetime}", reach.bucket, reach.permission.as_str()));
    for (what, keys) in [("keys that begin with", &reach.prefixes), ("the key", &reach.objects)] {
        for key in keys {
            output.note(format!("  {what} {}", plain(key)));
        }
    }
    if reach.prefixes.is_empty() && reach.objects.is_empty() {
        output.note("  all keys of the bucket; --prefix and --object name fewer");
    }
    if matches!(reach.permission, R2Permission::AdminReadWrite | R2Permission::AdminReadOnly) {
        output.warn("an admin permission reaches the bucket's settings and data catalog, too");
    }
    output.note(match by_api {
        true => "  signed by the API; --by signing signs them here",
        false => "  signed here with the token's secret; that the token may do as much shows in use",
    });
}

fn shown(reach: &Reach, by_api: bool) -> serde_json::Value {
    json!({
        "bucket": reach.bucket,
        "permission": reach.permission,
        "prefixes": reach.prefixes,
        "objects": reach.objects,
        "signed_by": if by_api { "api" } else { "signing" },
    })
}

/// Whether the API signs, unless somebody said who does: not where the token is at hand.
pub(crate) fn by_api(context: &Context, by: Option<Signer>) -> bool {
    by.map_or(!holds_token(context) && secret::is_given(context), |by| by == Signer::Api)
}

fn holds_token(context: &Context) -> bool {
    context.connection.token_file.is_some() || context.environment.get(API_TOKEN).is_some()
}

/// Temporary keys that are to be made.
pub(crate) struct Making<'a> {
    pub(crate) reach: &'a Reach,
    pub(crate) lifetime: Lifetime,
    /// The token that they are derived from, where that is known.
    pub(crate) key_id: Option<TokenId>,
    /// Where R2's S3 face is, where somebody said so.
    pub(crate) endpoint: Option<&'a str>,
    /// Where by law the bucket lies.
    pub(crate) jurisdiction: &'a str,
    pub(crate) by_api: bool,
}

impl Making<'_> {
    /// Makes them. Where this program signs and account and key are given as ids, nobody is called.
    pub(crate) fn make(&self, context: &Context) -> Result<(TemporaryKeys, Option<Endpoint>), CommandError> {
        match self.by_api {
            true => block_on(self.by_the_api(context)),
            false => self.signed(context),
        }
    }

    fn signed(&self, context: &Context) -> Result<(TemporaryKeys, Option<Endpoint>), CommandError> {
        let credential = secret::subject(context)?;
        let account = given_account(context).and_then(|text| text.parse::<AccountId>().ok());
        let (id, account) = match (self.key_id, account) {
            (Some(id), Some(account)) => (id, account),
            _ => block_on(async {
                let client = context.client(credential.clone())?;
                let (target, account) = account_of(context, &client).await?;
                Ok::<_, CommandError>((key_id(&client, &target, self.key_id).await?, account))
            })?,
        };
        let endpoint = endpoint::required(context, self.find(context, account)?)?;
        let pair = KeyPair::derived(id, credential.value());
        let seconds = self.lifetime.seconds;
        let keys = sign_temporary(&pair, account, endpoint.host(), self.reach, Timestamp::now(), seconds);
        Ok((keys, Some(endpoint)))
    }

    async fn by_the_api(&self, context: &Context) -> Result<(TemporaryKeys, Option<Endpoint>), CommandError> {
        let holds_token = holds_token(context);
        let credential = if holds_token { secret::subject(context)? } else { secret::manager(context)? };
        if matches!(credential, Credential::GlobalKey { .. }) && self.key_id.is_none() {
            return Err(CommandError::usage("which token the keys are derived from is not said")
                .because("a Global API key is no token, and has no R2 keys")
                .hint("--key-id ID names the token; flarekeep token list shows them"));
        }
        let client = context.client(credential)?;
        let (target, account) = account_of(context, &client).await?;
        let parent = key_id(&client, &target, self.key_id).await?;
        let made = request_temporary(&client, account, parent, self.reach, self.lifetime.seconds).await;
        let keys = made.map_err(|error| {
            let error = CommandError::from(error);
            match error.kind {
                Kind::Refused if holds_token => {
                    error.hint("--by signing needs no permission for it: the token signs for itself")
                }
                _ => error,
            }
        })?;
        Ok((keys, self.find(context, account)?))
    }

    fn find(&self, context: &Context, account: AccountId) -> Result<Option<Endpoint>, CommandError> {
        endpoint::find_for(context, self.endpoint, self.jurisdiction, Some(account))
    }
}

async fn account_of(context: &Context, client: &Client) -> Result<(Target, AccountId), CommandError> {
    let target = find(context, client, Wanted { account: true, ..Wanted::default() }).await?;
    let missing = || CommandError::usage("no account is named").hint("give --account ID, or set CLOUDFLARE_ACCOUNT_ID");
    let account = target.account.ok_or_else(missing)?;
    Ok((target, account))
}
