//! `flarekeep policy simulate`: one decision with its cause, or a file of them.

mod batch;
mod show;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flarekeep_catalogue::{AccountId, UserId};
use flarekeep_policy::document::{self, TokenDocument};
use flarekeep_policy::{Call, CallError, Owner, UnixSeconds, explain};

use crate::arguments::PolicySimulate;
use crate::context::{Context, now};
use crate::environment::ACCOUNT;
use crate::error::CommandError;
use crate::output::plain;
use crate::place::SOME_USER;
use crate::{CommandResult, Verdict};

/// The largest file that is read as one token. Ten thousand resources take less than a megabyte.
const LARGEST: u64 = 64 << 20;

pub(crate) fn run(context: &Context, arguments: &PolicySimulate) -> CommandResult {
    let at = match &arguments.at {
        Some(text) => UnixSeconds::parse(text).map_err(|error| CommandError::usage(error.to_string()))?,
        None => now(),
    };
    match (&arguments.batch, &arguments.token, &arguments.method, &arguments.path) {
        (Some(file), ..) => batch::run(context, file, at),
        (None, Some(file), Some(method), Some(path)) => {
            let token = read(file)?;
            let user = match &arguments.user {
                Some(text) => Some(text.parse::<UserId>().map_err(|error| CommandError::usage(error.to_string()))?),
                None => token.user(),
            };
            let call = Call { method, path, account: account(context)?, user, ip: arguments.ip, at };
            one(context, token, &call)
        }
        _ => {
            Err(CommandError::usage("a call has a method and a path").hint("give --method and --path, or --batch FILE"))
        }
    }
}

/// Decides one call.
fn one(context: &Context, token: TokenDocument, call: &Call<'_>) -> CommandResult {
    let request = match call.request() {
        Ok(request) => request,
        Err(CallError::NoOperation) => {
            show::no_operation(context.output, call);
            return Ok(Verdict::No);
        }
        Err(error) => {
            return Err(CommandError::usage(error.to_string())
                .because(format!("`{}` names no resource", plain(call.path)))
                .hint("a call is simulated without asking Cloudflare: give ids, not names"));
        }
    };
    let token = token.owned_by(call.owner(&request).unwrap_or(Owner::User(SOME_USER)));
    let explanation = explain(&token, &request);
    show::decision(context.output, &token, &request, &explanation);
    Ok(Verdict::yes_if(explanation.decision.allow))
}

/// The account, which is not looked up: nobody is asked.
fn account(context: &Context) -> Result<Option<AccountId>, CommandError> {
    let given = context.place.account.as_deref().or(context.environment.get(ACCOUNT));
    let parsed = given.map(|text| {
        text.parse().map_err(|_| {
            CommandError::usage(format!("`{}` is not an account id", plain(text)))
                .because("a call is simulated without asking Cloudflare")
                .hint("give the account's id: --account 023e105f4ecef8ad9ca31a8372d0c353")
        })
    });
    parsed.transpose()
}

/// A token from a file, or from standard input.
fn read(path: &Path) -> Result<TokenDocument, CommandError> {
    let shown = plain(&path.display().to_string());
    let unreadable = |reason: String| {
        CommandError::usage(format!("cannot read the token `{shown}`"))
            .because(reason)
            .hint("flarekeep token show NAME --json > token.json writes one")
    };
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(LARGEST).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text))
    };
    read.map_err(|error| unreadable(error.to_string()))?;
    document::read(&text).map_err(|error| unreadable(plain(&error.to_string())))
}
