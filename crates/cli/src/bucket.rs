//! The bucket that sites lie in: where it is, and whose keys open it.

mod failure;
mod fresh;

use std::time::Duration;

use flarekeep_catalogue::AccountId;
use flarekeep_cloudflare::{DEFAULT_BASE_URL, Jurisdiction};
use flarekeep_sites::s3::{BoxFuture, HttpWire, Keys, Store};
use flarekeep_sites::{Edge, KvEdge, Platform};
use flarekeep_tokens::{Endpoint, KeyPair, endpoint_of, identify};

use self::fresh::Fresh;
use crate::arguments::{self, Bucketed};
use crate::context::Context;
use crate::environment::{self, R2_BUCKET, R2_JURISDICTION};
use crate::error::{CommandError, Kind};
use crate::lend;
use crate::output::plain;
use crate::place::{self, Wanted, given_account};
use crate::secret;

/// The bucket where nobody says otherwise.
const USUAL: &str = "flarekeep-sites";
/// What moves no byte for so long is given up, where the options say nothing else.
const TIMEOUT: u64 = 30;

/// The bucket, and the edge behind it.
pub(crate) struct Bucket {
    pub(crate) store: Store,
    pub(crate) edge: Teller,
    /// Calls of the API that were made to open it.
    calls: u64,
}

/// Tells the edge, where there is a token to do it with.
pub(crate) enum Teller {
    Kv(KvEdge),
    /// R2's keys alone were given.
    Nobody,
}

impl Bucket {
    /// How many requests were made, of R2 and of the API.
    pub(crate) fn requests(&self) -> u64 {
        let told = match &self.edge {
            Teller::Kv(edge) => edge.calls(),
            Teller::Nobody => 0,
        };
        self.store.requests() + self.calls + told
    }
}

/// Opens the bucket: R2's keys as the environment has them, else those of the token in use.
pub(crate) async fn open(context: &Context, options: &Bucketed) -> Result<Bucket, CommandError> {
    let bucket = named(context)?;
    let account = given_account(context).and_then(|text| text.parse().ok());
    let (keys, edge, account, calls) = match environment::r2_keys() {
        (Some(id), Some(secret), session) => {
            let credential = match secret::given_subject(context)? {
                Some(credential) => Some(credential),
                // Whoever only reads tells the edge nothing.
                None if context.lender.as_ref().is_some_and(|lender| lender.reads) => None,
                None => lend::borrowed(context).await?.map(|lent| lent.credential),
            };
            let edge = match credential {
                Some(credential) => Teller::Kv(KvEdge::new(context.client(credential)?)),
                None => Teller::Nobody,
            };
            (Keys { id, secret, session }, edge, account, 0)
        }
        (None, None, _) if context.lender.is_some() => return lent(context, options, bucket).await,
        (None, None, _) => {
            let credential = secret::subject(context)?;
            let client = context.client(credential.clone())?;
            let target = place::find(context, &client, Wanted::default()).await?;
            let identity = identify(&client, target.account).await?;
            let pair = KeyPair::derived(identity.id, credential.value());
            let keys = Keys { id: pair.access_key_id.to_string(), secret: pair.secret_access_key, session: None };
            (keys, Teller::Kv(KvEdge::new(client)), account.or(target.account), 1)
        }
        _ => {
            return Err(CommandError::usage("one of R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY is not set")
                .hint("set both, or neither: then the keys of the token in use are taken"));
        }
    };
    let endpoint = endpoint(context, options, account, &bucket.jurisdiction)?;
    let wire = wire(context, options, &endpoint)?;
    Ok(Bucket { store: Store::new(endpoint.url(), &bucket.name, keys, wire), edge, calls })
}

/// The bucket under the token that is lent to this command: who it is need not be asked.
async fn lent(context: &Context, options: &Bucketed, bucket: arguments::Bucket) -> Result<Bucket, CommandError> {
    // What is missing is told before a token is made.
    let account = given_account(context).and_then(|text| text.parse().ok());
    if account.is_some() || context.base_url().trim_end_matches('/') != DEFAULT_BASE_URL {
        endpoint(context, options, account, &bucket.jurisdiction)?;
    }
    let Some(lent) = lend::borrowed(context).await? else { return Err(secret::missing()) };
    let pair = KeyPair::derived(lent.id, lent.credential.value());
    let keys = Keys { id: pair.access_key_id.to_string(), secret: pair.secret_access_key, session: None };
    let endpoint = endpoint(context, options, Some(lent.account), &bucket.jurisdiction)?;
    let wire = Fresh { wire: wire(context, options, &endpoint)?, since: lent.since };
    let edge = Teller::Kv(KvEdge::new(context.client(lent.credential)?));
    Ok(Bucket { store: Store::new(endpoint.url(), &bucket.name, keys, wire), edge, calls: 0 })
}

fn wire(context: &Context, options: &Bucketed, endpoint: &Endpoint) -> Result<HttpWire, CommandError> {
    let timeout = Duration::from_secs(context.connection.timeout.unwrap_or(TIMEOUT));
    HttpWire::new(endpoint.url(), usize::from(options.jobs), timeout)
        .map_err(|lost| CommandError::new(Kind::Unreachable, "TLS cannot be set up").because(plain(&lost.detail)))
}

/// The bucket as the option has it, else the environment, else as `platform deploy` calls it.
pub(crate) fn named(context: &Context) -> Result<arguments::Bucket, CommandError> {
    if let Some(bucket) = &context.place.bucket {
        return Ok(bucket.clone());
    }
    let name = context.environment.get(R2_BUCKET).unwrap_or(USUAL);
    let jurisdiction = context.environment.get(R2_JURISDICTION).filter(|_| !name.contains('/'));
    let text = jurisdiction.map_or_else(|| name.to_owned(), |jurisdiction| format!("{jurisdiction}/{name}"));
    text.parse()
        .map_err(|why: String| CommandError::usage("R2_BUCKET_NAME or R2_JURISDICTION cannot be read").because(why))
}

/// A jurisdiction, as the API's client names it.
pub(crate) fn jurisdiction(text: &str) -> Result<Jurisdiction, CommandError> {
    match text {
        "default" => Ok(Jurisdiction::Default),
        "eu" => Ok(Jurisdiction::Eu),
        "us" => Ok(Jurisdiction::Us),
        "fedramp" => Ok(Jurisdiction::Fedramp),
        "fedramp-high" => Ok(Jurisdiction::FedrampHigh),
        other => Err(CommandError::usage(format!("`{}` is no jurisdiction of R2", plain(other)))
            .hint("eu, us, fedramp, fedramp-high; without one a bucket may lie anywhere")),
    }
}

/// Where R2's S3 face is.
fn endpoint(
    context: &Context,
    options: &Bucketed,
    account: Option<AccountId>,
    jurisdiction: &str,
) -> Result<Endpoint, CommandError> {
    let given = options.endpoint.clone().or_else(environment::r2_endpoint);
    let cloudflares = context.base_url().trim_end_matches('/') == DEFAULT_BASE_URL;
    let known = account.filter(|_| cloudflares).map(|account| endpoint_of(account, jurisdiction));
    let text = given.or(known).ok_or_else(|| {
        let unknown = CommandError::usage("where R2's S3 face is, is not known");
        match cloudflares {
            true => unknown.hint("--account ID says whose endpoint it is"),
            false => unknown.hint("give --endpoint, or set R2_ENDPOINT; flarekeep emulate prints its own"),
        }
    })?;
    text.parse().map_err(|_| {
        CommandError::usage(format!("`{}` is not the address of an S3 endpoint", plain(&text)))
            .hint("as in --endpoint https://ACCOUNT_ID.r2.cloudflarestorage.com")
    })
}

impl Edge for Teller {
    fn write<'a>(&'a self, platform: &'a Platform, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), String>> {
        match self {
            Self::Kv(edge) => edge.write(platform, key, value),
            Self::Nobody => Box::pin(async { Err(NO_TOKEN.to_owned()) }),
        }
    }

    fn remove<'a>(&'a self, platform: &'a Platform, key: &'a str) -> BoxFuture<'a, Result<(), String>> {
        match self {
            Self::Kv(edge) => edge.remove(platform, key),
            Self::Nobody => Box::pin(async { Err(NO_TOKEN.to_owned()) }),
        }
    }
}

const NO_TOKEN: &str = "there is no API token: set CLOUDFLARE_API_TOKEN";
