//! Ends what leaked and lives: shows it, asks, acts, and writes down what was done.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Client, Owner};
use flarekeep_scan::{Finding, LeakEnd, Place};
use flarekeep_tokens::{Error, Sink, find, revoke, roll};
use serde_json::{Value, json};

use super::Answer;
use super::verify::{Life, client};
use crate::arguments::{Respond, Scan};
use crate::consent::{Go, able_to_ask, able_to_deliver, confirm, sinks, whereabouts};
use crate::context::{Context, block_on};
use crate::desk;
use crate::error::{CommandError, Kind};
use crate::output::{BAD, CARE, GOOD, Output, counted, plain, styled};
use crate::save::append;
use crate::{CommandResult, Verdict};

/// In how many places a credential is told to stand one by one. The record has them all.
const MOST_PLACES: usize = 5;

/// A token that is to be ended.
struct Target<'a> {
    finding: &'a Finding,
    places: Vec<&'a Place>,
    owner: Owner,
    id: TokenId,
}

/// Refuses what cannot be done before anything is read and anybody is asked.
pub(super) fn demand(output: Output, arguments: &Scan, how: Respond) -> Result<(), CommandError> {
    able_to_ask(arguments.delivery.consent)?;
    match how {
        Respond::Revoke => Ok(()),
        Respond::Roll => able_to_deliver(&arguments.delivery, output.json),
    }
}

/// Ends the tokens that live; `entries` is given what the record is.
pub(super) fn respond(
    context: &Context,
    arguments: &Scan,
    how: Respond,
    answer: &Answer,
    entries: &mut Vec<Value>,
) -> CommandResult {
    let credentials = answer.credentials();
    let targets: Vec<Target> = credentials.iter().filter_map(|finding| target(answer, finding)).collect();
    for finding in &credentials {
        if !matches!(answer.life(finding), Some(Life::Dead(_))) && target(answer, finding).is_none() {
            context.output.note(format!(
                "{}  {}: {}",
                styled(CARE, "by hand"),
                listed(&answer.places(finding)),
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
        Respond::Roll => sinks_beside_the_findings(context, arguments)?,
    };
    let (verb, question) = match how {
        Respond::Revoke => ("ends", format!("End {}?", counted(targets.len(), "token"))),
        Respond::Roll => ("gets a new value", "Give it a new value?".to_owned()),
    };
    for target in &targets {
        context.output.note(format!("token {} {verb}; {}", target.id, listed(&target.places)));
    }
    if confirm(arguments.delivery.consent, &question)? == Go::NoFurther {
        entries.extend(targets.iter().map(|target| entry(target, how, false, None)));
        return Ok(Verdict::No);
    }
    let mut record = record(arguments)?;
    let mut count = Count::default();
    for target in &targets {
        let done = block_on(end(context, how, target, sinks.as_deref()));
        // Whatever becomes of the record, the other tokens are ended as well, and all of it is told.
        let entry = entry(target, how, done.is_ok(), done.as_ref().err());
        let recorded = append(&mut record, format!("{entry}\n").as_bytes());
        entries.push(entry);
        match &done {
            Ok(told) => {
                context.output.note(format!("{} token {}{told}", styled(GOOD, how.past()), target.id));
                count.ended += 1;
            }
            Err(error) => {
                context.output.note(format!("{} token {}: {}", styled(BAD, "failed"), target.id, error.message));
                count.failed += 1;
            }
        }
        if let Err(error) = recorded {
            let did = if done.is_ok() { how.past() } else { "failed" };
            count.unrecorded.push(format!("{did} token {}", target.id));
            count.because.get_or_insert(error);
        }
    }
    count.verdict(context, arguments, how)
}

/// Where the value goes. With `--to -` the findings stand on standard error; what is typed now comes too late for that.
fn sinks_beside_the_findings(context: &Context, arguments: &Scan) -> Result<Option<Vec<Sink>>, CommandError> {
    let sinks = sinks(context, &arguments.delivery)?;
    if arguments.delivery.to.is_empty() && sinks.iter().flatten().any(Sink::prints) {
        return Err(CommandError::usage(
            "the findings stand on standard output already, and a value stands there alone",
        )
        .hint("--to - on the command line shows the findings on standard error"));
    }
    Ok(sinks)
}

/// What became of the tokens.
#[derive(Default)]
struct Count {
    ended: usize,
    failed: usize,
    /// What the record lacks, in words.
    unrecorded: Vec<String>,
    /// Why it does.
    because: Option<std::io::Error>,
}

impl Count {
    fn verdict(self, context: &Context, arguments: &Scan, how: Respond) -> CommandResult {
        let record = plain(&arguments.record.to_string_lossy());
        if self.unrecorded.is_empty() {
            context.output.note(format!("what was done is in {record}"));
        }
        if self.failed == 0 && self.unrecorded.is_empty() {
            return Ok(Verdict::No);
        }
        let mut parts = Vec::new();
        if self.failed > 0 {
            let all = counted(self.ended + self.failed, "token");
            parts.push(format!("{} of {all} could not be ended", self.failed));
        }
        if !self.unrecorded.is_empty() {
            parts.push(format!("`{record}` lacks what was done: {}", self.unrecorded.join(", ")));
        }
        let mut error = CommandError::new(Kind::Partial, parts.join("; "));
        if let Some(because) = self.because {
            error = error
                .because(because.to_string())
                .hint(format!("keep this message: it is all that says what was {}", how.past()));
        }
        if self.failed > 0 {
            error = error.hint(
                "give a credential that manages tokens: CLOUDFLARE_API_KEY with CLOUDFLARE_EMAIL, or FLAREKEEP_ADMIN_TOKEN",
            );
        }
        Err(error)
    }
}

/// The token behind a finding: what verifying told, or the one whose id is that of an access key of R2.
fn target<'a>(answer: &'a Answer, finding: &'a Finding) -> Option<Target<'a>> {
    match answer.life(finding)? {
        Life::Alive { token: Some((owner, id)), .. } => {
            Some(Target { finding, places: answer.places(finding), owner: *owner, id: *id })
        }
        _ => None,
    }
}

/// The first places, and how many more there are.
fn listed(places: &[&Place]) -> String {
    let mut told: Vec<String> = places.iter().take(MOST_PLACES).map(|place| plain(&place.to_string())).collect();
    if places.len() > MOST_PLACES {
        told.push(format!("{} more", places.len() - MOST_PLACES));
    }
    told.join(", ")
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

fn entry(target: &Target, how: Respond, is_done: bool, failed: Option<&CommandError>) -> Value {
    let Target { finding, places, owner, id } = target;
    json!({
        "at": jiff::Timestamp::now().to_string(),
        "did": if how == Respond::Roll { "roll" } else { "revoke" },
        "done": is_done,
        "because": failed.map(|error| error.message.clone()),
        "token_id": id.to_string(),
        "owner": if matches!(owner, Owner::User) { "user" } else { "account" },
        "rule": finding.form.rule,
        "fingerprint": finding.fingerprint,
        "places": places,
    })
}
