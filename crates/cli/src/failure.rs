//! From what the libraries report to the program's one error: kind, reason, and the command that mends it.

use flarekeep_catalogue::{NameError, OperationError, RecipeError, RecogniseError};
use flarekeep_cloudflare as api;
use flarekeep_planner::{DocumentedError, NeedError};

use crate::error::{CommandError, Kind};
use crate::output::plain;

mod minting;
mod tokens;

impl From<api::Error> for CommandError {
    fn from(error: api::Error) -> Self {
        let failed = |kind| Self::new(kind, plain(&error.to_string()));
        match &error {
            api::Error::BadCredential(fault) => fault.clone().into(),
            api::Error::InsecureUrl { .. } | api::Error::BadUrl { .. } | api::Error::Unsendable { .. } => {
                failed(Kind::Usage).hint("`--api-url` and CLOUDFLARE_API_BASE_URL say where the API is")
            }
            api::Error::Setup { .. } => failed(Kind::Unreachable),
            _ if error.may_have_acted() => failed(Kind::Partial)
                .because("the answer was lost on the way, so that Cloudflare may have carried the call out")
                .hint("`flarekeep token list` shows what is there; the same command can be run again"),
            api::Error::Unreachable { .. } => failed(Kind::Unreachable)
                .hint("is the address right, and is the network there? for a local Cloudflare: flarekeep emulate"),
            api::Error::TimedOut { .. } | api::Error::AnswerLost { .. } => {
                failed(Kind::Unreachable).hint("run the command again; `--timeout 120` waits longer")
            }
            api::Error::NotJson { status: 500.., .. } => {
                failed(Kind::Unreachable).hint("run the command again in a minute")
            }
            api::Error::NotJson { .. } | api::Error::Redirected { .. } | api::Error::Malformed { .. } => {
                failed(Kind::Unreachable)
                    .because("what answered there is not Cloudflare's API: a proxy, a login page, another service")
                    .hint("`--api-url` says where the API is; Cloudflare's is https://api.cloudflare.com/client/v4")
            }
            api::Error::RateLimited { .. } => failed(Kind::Unreachable)
                .because("Cloudflare takes 1,200 calls in five minutes and then refuses all for as long")
                .hint("wait five minutes and run the command again"),
            api::Error::Server { .. } => failed(Kind::Unreachable).hint("run the command again in a minute"),
            _ => refused(&error),
        }
    }
}

fn refused(error: &api::Error) -> CommandError {
    let failed = CommandError::new(Kind::Refused, plain(&error.to_string()));
    if error.is_location() {
        return failed
            .because("the token has a condition on the client's address, and this address is not in it")
            .hint("call from an allowed address, or change the token's condition");
    }
    if error.has_code(9103) {
        return failed
            .because("the e-mail address and the Global API key do not belong together, or the key was changed")
            .hint("dash.cloudflare.com/profile/api-tokens shows the key, below the API tokens");
    }
    if error.is_authentication() {
        return failed
            .because("Cloudflare does not know this credential: mistyped, revoked, rolled, expired, or another owner's")
            .hint("a token that an account owns is verified there: give --account")
            .hint("a new token: flarekeep token create --recipe NAME --to env:.env");
    }
    if let Some(explained) = minting::explained(error) {
        return explained;
    }
    if error.is_permission() {
        let call = error.call().map(ToString::to_string).unwrap_or_default();
        let failed = failed.because("the credential is good, and it lacks a permission for this call");
        if error.call().is_some_and(|call| call.path().starts_with("/user/tokens")) {
            return failed
                .hint("users' tokens are managed by API Tokens Write: CLOUDFLARE_EMAIL with CLOUDFLARE_API_KEY, or FLAREKEEP_ADMIN_TOKEN")
                .hint("an account's token manages its account's tokens: --owner account");
        }
        return failed.hint(format!("flarekeep why --operation '{}'", plain(&call)));
    }
    let failed = CommandError { kind: Kind::Usage, ..failed };
    if error.status() == Some(404) && error.call().is_some_and(|call| call.path().contains("/tokens/")) {
        return failed.because("no token has this id").hint("flarekeep token list");
    }
    if error.has_code(7003) || error.has_code(7000) {
        return failed
            .because("an id in the path names nothing that this credential can see")
            .hint("compare it with the one in the dashboard: an account's and a zone's look alike");
    }
    failed
}

impl From<api::CredentialFault> for CommandError {
    fn from(fault: api::CredentialFault) -> Self {
        let error = Self::usage(fault.to_string());
        match fault {
            api::CredentialFault::GlobalKeyAsToken => {
                error.hint("set CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY, and unset CLOUDFLARE_API_TOKEN")
            }
            api::CredentialFault::TokenAsGlobalKey => {
                error.hint("set CLOUDFLARE_API_TOKEN, and unset CLOUDFLARE_API_KEY and CLOUDFLARE_GLOBAL_KEY")
            }
            api::CredentialFault::NotAnEmail => error.hint("set CLOUDFLARE_EMAIL to the address that you log in with"),
            _ => error.hint("look at CLOUDFLARE_API_TOKEN, CLOUDFLARE_API_KEY or the file that the value came from"),
        }
    }
}

impl From<RecipeError> for CommandError {
    fn from(error: RecipeError) -> Self {
        let failed = Self::usage(error.to_string());
        match &error {
            RecipeError::Unknown { nearest, .. } => with_nearest(failed, nearest).hint("flarekeep recipe list"),
            RecipeError::NoOption { options, .. } if options.is_empty() => failed.because("it has none"),
            RecipeError::NoOption { options, .. } => failed.hint(format!("its options: {}", options.join(", "))),
            RecipeError::NotRecorded(name) => {
                failed.hint(format!("flarekeep permission for {name} says what is documented"))
            }
            RecipeError::Operation(error) => Self::from(error.clone()),
            RecipeError::Group(error) => Self::from(error.clone()),
            _ => failed.hint("docs/recipes.md says how a recipe is written"),
        }
    }
}

impl From<OperationError> for CommandError {
    fn from(error: OperationError) -> Self {
        let failed = Self::usage(error.to_string());
        match &error {
            OperationError::Unknown { nearest, .. } => with_nearest(failed, nearest),
            OperationError::Malformed { .. } => failed,
        }
    }
}

impl From<RecogniseError> for CommandError {
    fn from(error: RecogniseError) -> Self {
        let failed = with_nearest(Self::usage(plain(&error.to_string())), error.nearest());
        match &error {
            RecogniseError::Elsewhere { host } if host.ends_with("r2.cloudflarestorage.com") => {
                failed.hint("R2's S3 operations go by their names: flarekeep permission for s3:PutObject")
            }
            RecogniseError::Elsewhere { .. } => failed
                .hint("the API is at https://api.cloudflare.com/client/v4; another address of it ends in /client/v4"),
            RecogniseError::Name { given, .. } => failed.hint(format!("flarekeep permission search '{given}'")),
            RecogniseError::NoUrl => failed.hint("give the whole command, in quotes or on standard input"),
            RecogniseError::Terraform(_) if error.nearest().is_empty() => {
                failed.hint("types of Cloudflare's provider are known, as cloudflare_dns_record")
            }
            _ if !error.nearest().is_empty() => failed,
            _ => failed
                .hint("a call: 'PUT /zones/{zone_id}/dns_records/{id}', a URL, a curl command in quotes")
                .hint("or its name: dns.records.update, cloudflare_dns_record, s3:PutObject"),
        }
    }
}

impl From<NameError> for CommandError {
    fn from(error: NameError) -> Self {
        let failed = Self::usage(error.to_string());
        match &error {
            NameError::Unknown { nearest, .. } => with_nearest(failed, nearest),
            NameError::Ambiguous { .. } => failed,
        }
    }
}

impl From<NeedError> for CommandError {
    fn from(error: NeedError) -> Self {
        Self::usage(error.to_string()).hint("CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_ZONE_ID do as well as the options")
    }
}

impl From<DocumentedError> for CommandError {
    fn from(error: DocumentedError) -> Self {
        Self::usage(error.to_string())
    }
}

pub(crate) fn with_nearest(error: CommandError, nearest: &[String]) -> CommandError {
    if nearest.is_empty() {
        return error;
    }
    error.hint(format!(
        "did you mean {}?",
        nearest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
    ))
}
