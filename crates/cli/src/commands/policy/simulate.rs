//! `flarekeep policy simulate`: one decision with its cause, or a file of them.

mod batch;
mod show;

use flarekeep_catalogue::UserId;
use flarekeep_policy::{Call, Owner, Resource, Token, UnixSeconds, explain};

use super::call::{account, request};
use super::source::{ownership, read};
use crate::arguments::{self, PolicySimulate};
use crate::context::{Context, now};
use crate::error::CommandError;
use crate::place::{SOME_USER, without_words};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &PolicySimulate) -> CommandResult {
    let at = match &arguments.at {
        Some(text) => UnixSeconds::parse(text).map_err(|error| CommandError::usage(error.to_string()))?,
        None => now(),
    };
    match (&arguments.batch, &arguments.token, &arguments.method, &arguments.path) {
        (Some(file), ..) => {
            let reading = &arguments.reading;
            if reading.owner != arguments::Owner::User || !reading.zone_accounts.is_empty() {
                return Err(CommandError::usage("--owner and --zone-account say nothing of a batch")
                    .hint("each line has its own \"account\" and \"user\""));
            }
            batch::run(context, file, at)
        }
        (None, Some(token), Some(method), Some(path)) => one(context, arguments, token, method, path, at),
        _ => {
            Err(CommandError::usage("a call has a method and a path").hint("give --method and --path, or --batch FILE"))
        }
    }
}

/// Decides one call.
fn one(
    context: &Context,
    arguments: &PolicySimulate,
    token: &str,
    method: &str,
    path: &str,
    at: UnixSeconds,
) -> CommandResult {
    let ownership = ownership(&arguments.reading)?;
    let path = without_words(path);
    let given = account(context)?;
    let mut sources = read(context, &arguments.reading, &[token])?;
    let Some(mut token) = sources.pop().map(|source| source.token) else { return Ok(Verdict::No) };
    if let Some(user) = &arguments.user {
        own(
            &mut token,
            user.parse().map_err(|error: flarekeep_catalogue::BadId| CommandError::usage(error.to_string()))?,
        )?;
    }
    let (user, owner) = match token.owner {
        Owner::User(user) => (Some(user), None),
        Owner::Account(account) => (None, Some(account)),
    };
    let call = Call { method, path: &path, account: given.or(owner), user, ip: arguments.ip, at };
    let Some(mut request) = request(context, &call)? else {
        show::no_operation(context.output, &call);
        return Ok(Verdict::No);
    };
    if let Some(account) = request.zone.and_then(|zone| ownership.get(&zone)) {
        request.account = Some(*account);
    }
    let explanation = explain(&token, &request);
    show::decision(context.output, &token, &request, &explanation);
    Ok(Verdict::yes_if(explanation.decision.allow))
}

/// Makes a user's token one of this user.
fn own(token: &mut Token, user: UserId) -> Result<(), CommandError> {
    if let Owner::Account(account) = token.owner {
        return Err(CommandError::usage(format!("--user is given, and account {account} owns the token"))
            .hint("leave --user out"));
    }
    token.owner = Owner::User(user);
    for resource in token.policies.iter_mut().flat_map(|policy| &mut policy.resources) {
        if *resource == Resource::User(SOME_USER) {
            *resource = Resource::User(user);
        }
    }
    Ok(())
}
