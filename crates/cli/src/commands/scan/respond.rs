//! Ends what leaked and lives: shows it, asks, acts, and writes down what was done.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Client, Owner};
use flarekeep_scan::{Finding, LeakEnd};
use flarekeep_tokens::{Error, Sink, find, revoke, roll};
use serde_json::{Value, json};

use super::Answer;
use super::verify::{Life, client};
use crate::arguments::{Respond, Scan};
use crate::consent::{Go, confirm, sinks, whereabouts};
use crate::context::{Context, block_on};
use crate::desk;
use crate::error::{CommandError, Kind};
use crate::output::{BAD, CARE, GOOD, counted, plain, styled};
use crate::{CommandResult, Verdict};

/// A token that is to be ended.
struct Target<'a> {
    finding: &'a Finding,
    owner: Owner,
    id: TokenId,
}

pub(super) fn respond(context: &Context, arguments: &Scan, how: Respond, answer: &Answer) -> CommandResult {
    let credentials = answer.credentials();
    let targets: Vec<Target> = credentials.iter().filter_map(|finding| target(answer, finding)).collect();
    for finding in &credentials {
        if !matches!(answer.life(finding), Some(Life::Dead(_))) && target(answer, finding).is_none() {
            context.output.note(format!(
                "{}  {}: {}",
                styled(CARE, "by hand"),
                plain(&finding.place.to_string()),
                by_hand(finding)
            ));
        }
    }
    if targets.is_empty() {
        context.output.note("no token that lives and can be ended by a call");
        return Ok(Verdict::yes_if(answer.findings().is_empty()));
    }
    let sinks = match how {
        Respond::Revoke => None,
        Respond::Roll if targets.len() > 1 => {
            return Err(CommandError::usage(format!(
                "{} live, and a new value goes to one place",
                counted(targets.len(), "token")
            ))
            .hint("--respond revoke ends them all; or scan the files of one token alone"));
        }
        Respond::Roll => sinks(context, &arguments.delivery)?,
    };
    let (verb, question) = match how {
        Respond::Revoke => ("ends", format!("End {}?", counted(targets.len(), "token"))),
        Respond::Roll => ("gets a new value", "Give it a new value?".to_owned()),
    };
    for target in &targets {
        context.output.note(format!("token {} {verb}; {}", target.id, plain(&target.finding.place.to_string())));
    }
    if confirm(arguments.delivery.consent, &question)? == Go::NoFurther {
        return Ok(Verdict::No);
    }
    let mut record = record(arguments)?;
    let mut failed = 0;
    for target in &targets {
        let done = block_on(end(context, how, target, sinks.as_deref()));
        let entry = entry(target, how, done.as_ref().err());
        writeln!(record, "{entry}").and_then(|()| record.flush()).map_err(|error| unwritable(arguments, &error))?;
        match done {
            Ok(told) => context.output.note(format!(
                "{} token {}{told}",
                styled(GOOD, if how == Respond::Roll { "rolled" } else { "revoked" }),
                target.id
            )),
            Err(error) => {
                failed += 1;
                context.output.note(format!("{} token {}: {}", styled(BAD, "failed"), target.id, error.message));
            }
        }
    }
    context.output.note(format!("what was done is in {}", plain(&arguments.record.to_string_lossy())));
    match failed {
        0 => Ok(Verdict::No),
        _ => Err(CommandError::new(
            Kind::Partial,
            format!("{} of {} could not be ended", failed, counted(targets.len(), "token")),
        )
        .hint(
            "give a credential that manages tokens: CLOUDFLARE_API_KEY with CLOUDFLARE_EMAIL, or FLAREKEEP_ADMIN_TOKEN",
        )),
    }
}

/// The token behind a finding: what verifying told, or the one whose id is that of an access key of R2.
fn target<'a>(answer: &Answer, finding: &'a Finding) -> Option<Target<'a>> {
    match answer.life(finding)? {
        Life::Alive { token: Some((owner, id)), .. } => Some(Target { finding, owner: *owner, id: *id }),
        _ => None,
    }
}

/// Ends the token: with the credential that manages tokens, or with its own rights.
async fn end(
    context: &Context,
    how: Respond,
    target: &Target<'_>,
    sinks: Option<&[Sink]>,
) -> Result<String, CommandError> {
    let manager: Client = match context.optional_manager()? {
        Some(manager) => manager,
        None => client(context, target.finding)?,
    };
    let token = find(&manager.tokens(target.owner), &target.id.to_string()).await?;
    let desk = desk::open(context, manager, None).await?;
    match (how, sinks) {
        (Respond::Roll, Some(sinks)) => {
            let rolled = roll(&desk, target.owner, &token, sinks).await?;
            rolled.remarks.iter().for_each(|remark| context.output.warn(plain(remark)));
            Ok(format!("; {}", plain(&whereabouts(sinks, "its new value"))))
        }
        _ => {
            revoke(&desk, target.owner, &token).await.or_else(|error| match error {
                // A token that ends itself answers no more.
                Error::Call(error) if error.is_authentication() => Ok(()),
                error => Err(error),
            })?;
            Ok(format!(" ({})", plain(&token.name)))
        }
    }
}

/// What a person does about a credential that no call ends.
fn by_hand(finding: &Finding) -> &'static str {
    match finding.form.end {
        LeakEnd::Revoke => {
            "not known to live; with --account ID, or a credential that manages tokens, look at it again"
        }
        LeakEnd::Change => "My Profile > API Tokens > Global API Key or Origin CA Key > Change",
        LeakEnd::LogOut => "wrangler logout, and wrangler login where it is needed",
        LeakEnd::Rotate => "Zero Trust > Access > Service auth: rotate or refresh the service token",
        LeakEnd::Refresh => "Zero Trust > Networks > Tunnels: refresh the tunnel's token",
    }
}

/// Opens the record before anything is done; what it holds already stays.
fn record(arguments: &Scan) -> Result<File, CommandError> {
    // A folder that is looked at may be somebody else's, and a link in it leads anywhere.
    if arguments.record.is_symlink() {
        return Err(unwritable(arguments, &std::io::Error::other("it is a link")));
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600);
    options.open(&arguments.record).map_err(|error| unwritable(arguments, &error))
}

fn unwritable(arguments: &Scan, error: &std::io::Error) -> CommandError {
    CommandError::usage(format!("cannot write `{}`", plain(&arguments.record.to_string_lossy())))
        .because(error.to_string())
        .hint("--record FILE, in a folder that can be written")
}

fn entry(target: &Target, how: Respond, failed: Option<&CommandError>) -> Value {
    let Target { finding, owner, id } = target;
    json!({
        "at": jiff::Timestamp::now().to_string(),
        "did": if how == Respond::Roll { "roll" } else { "revoke" },
        "done": failed.is_none(),
        "because": failed.map(|error| error.message.clone()),
        "token_id": id.to_string(),
        "owner": if matches!(owner, Owner::User) { "user" } else { "account" },
        "rule": finding.form.rule,
        "fingerprint": finding.fingerprint,
        "place": finding.place,
    })
}
