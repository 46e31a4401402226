//! From what the libraries report to the program's one error: kind, reason, and the command that mends it.

use flarekeep_catalogue::{NameError, OperationError, RecipeError, RecogniseError};
use flarekeep_cloudflare as api;
use flarekeep_planner::{DocumentedError, NeedError};
use flarekeep_tokens as tokens;

use crate::error::{CommandError, Kind};
use crate::output::plain;

mod minting;

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

impl From<tokens::Error> for CommandError {
    fn from(error: tokens::Error) -> Self {
        let message = plain(&error.to_string());
        match error {
            tokens::Error::Call(error) => error.into(),
            tokens::Error::Sink(error) => error.into(),
            tokens::Error::Undelivered(_) => Self::new(Kind::Partial, message)
                .because("the token that was minted for it was revoked: none is left behind")
                .hint("mend the sink, and run the command again"),
            tokens::Error::Unfinished { stopped, left, .. } => unfinished(*stopped, left.as_deref()),
            tokens::Error::Journal(error) => error.into(),
            tokens::Error::Rescue(tokens::RescueError::Closed(_)) => Self::new(Kind::Partial, message)
                .because("the new value is in that file, sealed for the credential that began the change")
                .hint("flarekeep token resume with that credential")
                .hint("if that is gone: flarekeep token resume --forget CHANGE, then flarekeep token roll NAME --to SINK"),
            tokens::Error::Rescue(error) => Self::new(Kind::Partial, plain(&error.to_string()))
                .hint("is the state folder writable, and the disk not full?"),
            tokens::Error::OtherToken { .. } | tokens::Error::StillAlive(_) | tokens::Error::NothingMinted => {
                Self::new(Kind::Partial, message).hint("flarekeep token list, and flarekeep token resume")
            }
            tokens::Error::Disabled(id) | tokens::Error::DisabledRoll(id) => Self::usage(message).hint(format!("flarekeep token enable {id}")),
            tokens::Error::NoSuccessor { id, state } => Self::new(Kind::Partial, message)
                .because("the sinks hold the new one's value, which does not work; the old token lives")
                .hint(match state {
                    "disabled" => format!("flarekeep token enable {id}, and then flarekeep token resume"),
                    _ => "flarekeep token resume closes this change; flarekeep token rotate then gives the sinks a value that works".to_owned(),
                }),
            tokens::Error::NotUsable(_) => Self::usage(message).hint("flarekeep token list shows which may be"),
            tokens::Error::Held { name, .. } => Self::usage(message)
                .because(
                    "a new value would take its place there, and the token would live on with nobody holding its value",
                )
                .hint(format!("a new value in its place: flarekeep token rotate '{}'", plain(&name)))
                .hint("a token beside it: another --name, and another sink"),
            tokens::Error::StillWaiting { .. } => Self::new(Kind::Partial, message)
                .hint("flarekeep token resume finishes it then; --now finishes it at once"),
            tokens::Error::NotTakenUp(_) => Self::new(Kind::Partial, message)
                .because("both tokens live; --until-used asked for that")
                .hint("when the new value is in use: flarekeep token resume; --now ends the old token in any case"),
            tokens::Error::Unseen(_) => Self::new(Kind::Partial, message)
                .because("another credential began it, and that may be another user's")
                .hint("flarekeep token resume with that credential")
                .hint("if nothing can be left of it: flarekeep token resume --forget CHANGE"),
            tokens::Error::SinkSpelling(_) => Self::usage(message)
                .because("another version of flarekeep wrote it")
                .hint("flarekeep token resume with that version"),
            tokens::Error::Doubtful { name, .. } => Self::new(Kind::Partial, message)
                .hint(format!("flarekeep token list, and if it is there: flarekeep token revoke '{}'", plain(&name))),
            tokens::Error::Unanswered(_) => Self::new(Kind::Unreachable, message)
                .because("what was minted on the way was revoked: no token is left behind")
                .hint("run the command again; `--timeout 120` waits longer"),
            tokens::Error::RollDoubtful { id, .. } => Self::new(Kind::Partial, message)
                .because("the old value may be dead, and nobody has a new one")
                .hint(format!("flarekeep token roll {id} --to SINK gives it a value anew")),
            tokens::Error::Changed(_) => Self::usage(message)
                .because("an update replaces the whole token, and would undo that change")
                .hint("nothing was changed by this command: run it again"),
            tokens::Error::Untaken { id, .. } => Self::new(Kind::Partial, message)
                .because("a change can take a minute or two to be seen, and somebody else may have changed it, too")
                .hint(format!("flarekeep token show {id}")),
            tokens::Error::NoAccount => Self::usage(message).hint("give --account, or set CLOUDFLARE_ACCOUNT_ID"),
            tokens::Error::NoToken { nearest, .. } => {
                with_nearest(Self::usage(message), &nearest).hint("flarekeep token list")
            }
            tokens::Error::ManyTokens { ids, .. } => {
                let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
                Self::usage(message).hint(format!("give the id: {}", ids.join(", ")))
            }
            tokens::Error::Withheld { .. } => Self::usage(message)
                .because("somebody wrote that policy on purpose: what it denies is not given back unless that is asked for")
                .hint("the same command with --undeny takes the group out of the policy that denies it"),
            tokens::Error::NotAlive { .. } => Self::new(Kind::Refused, message)
                .because("it ended or was switched off, perhaps while it was tried")
                .hint("a token that lives: flarekeep token list")
                .hint("its end or status: flarekeep fix --expires or --enable"),
            tokens::Error::Beyond { id, .. } => Self::usage(message)
                .because("Cloudflare found its value in public, or says of it what nobody has documented")
                .hint("a new token in its place: flarekeep token create --recipe NAME --to env:.env")
                .hint(format!("and the end of this one: flarekeep token revoke {id}")),
            tokens::Error::Impossible { operation, reason } => Self::usage(message).hint(match reason.contains("user's token") {
                true => format!("flarekeep token create --operation '{operation}' --to env:.env"),
                false => format!("flarekeep plan --operation '{operation}' says what it takes"),
            }),
            tokens::Error::NoGroupId(_) | tokens::Error::Policy(_) => Self::usage(message),
            tokens::Error::Probes(_) => Self::usage(message).because("this is a defect of flarekeep: please report it"),
        }
    }
}

/// What stopped a change half way, and what finishes it.
fn unfinished(stopped: tokens::Error, left: Option<&tokens::Error>) -> CommandError {
    let is_roll = matches!(stopped, tokens::Error::RollDoubtful { .. });
    let says_all = matches!(stopped, tokens::Error::NoSuccessor { .. });
    let of_journal = match (&stopped, left) {
        (tokens::Error::Journal(error), _) | (_, Some(tokens::Error::Journal(error))) => Some(error.clone()),
        _ => None,
    };
    let mut error = CommandError::from(stopped);
    error.kind = Kind::Partial;
    if says_all {
        return error;
    }
    error.reason = Some(match left {
        Some(left) => format!("undoing it failed, too: {}", plain(&left.to_string())),
        None if is_roll => "the old value may be dead, and nobody has a new one yet".to_owned(),
        None if of_journal.is_some() => {
            "the change stopped half way: the journal has what was written down before".to_owned()
        }
        None => "the change stopped half way: it is in the journal, and no value is lost".to_owned(),
    });
    error.hints = of_journal.map(|error| CommandError::from(error).hints).unwrap_or_default();
    error.hint("flarekeep token resume finishes or undoes it; so does the same command, run again")
}

impl From<tokens::JournalError> for CommandError {
    fn from(error: tokens::JournalError) -> Self {
        use tokens::JournalCause as Cause;
        let (kind, hint) = match error.cause {
            Cause::Address => (
                Kind::Usage,
                "FLAREKEEP_DATABASE_URL is written postgres://NAME:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full",
            ),
            Cause::Unreachable => (
                Kind::Unreachable,
                "does the server of FLAREKEEP_DATABASE_URL run, and does it speak TLS where sslmode asks for it?",
            ),
            Cause::Refused => (
                Kind::Refused,
                "are name and password of FLAREKEEP_DATABASE_URL right, and may this name make or write its tables?",
            ),
            Cause::Newer => (Kind::Usage, "take the version of flarekeep that the others have"),
            Cause::Folder => (
                Kind::Unreachable,
                "is the state folder writable ($XDG_STATE_HOME/flarekeep, ~/.local/state/flarekeep), and the disk not full?",
            ),
            Cause::Damaged => (
                Kind::Usage,
                "if another version of flarekeep wrote it, take that one; else put a copy in its place, or move it away:                  docs/journal.md says what is lost with it",
            ),
            Cause::Busy => {
                return Self::new(Kind::Partial, plain(&error.reason))
                    .because("one run at a time changes a token, and this one has waited for a minute")
                    .hint("run the command again when the other run is done; flarekeep token resume --dry-run shows how far it is");
            }
            Cause::Other => (Kind::Unreachable, "docs/journal.md says what a journal needs"),
        };
        // Also where it fails later than at the start: it does not say that nothing was done yet.
        Self::new(kind, plain(&error.to_string()))
            .because("every step of a change is written down before it is made, so that it can be taken up")
            .hint(hint)
    }
}

impl From<tokens::SinkError> for CommandError {
    fn from(error: tokens::SinkError) -> Self {
        let failed = Self::usage(plain(&error.to_string())).because("the sink was tried before any token was made");
        match error {
            tokens::SinkError::Tracked(path) => {
                failed.hint(format!("git rm --cached '{0}', and add '{0}' to .gitignore", path.display()))
            }
            tokens::SinkError::NoProgram { install, .. } => failed.hint(install),
            tokens::SinkError::NotBuilt { form } => {
                failed.hint(format!("cargo install --path crates/cli --features {form} makes one that has them"))
            }
            tokens::SinkError::NameForPairs { .. } => {
                failed.hint("leave the sink's name out: it then takes those names")
            }
            _ => failed.hint(format!("sinks: {}", tokens::FORMS)),
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

fn with_nearest(error: CommandError, nearest: &[String]) -> CommandError {
    if nearest.is_empty() {
        return error;
    }
    error.hint(format!(
        "did you mean {}?",
        nearest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
    ))
}
