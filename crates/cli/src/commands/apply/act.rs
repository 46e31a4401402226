//! Making the changes that were shown.

use std::io::IsTerminal;
use std::path::Path;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Status, Token, TokenUpdate};
use flarekeep_tokens::declared::{End, Kind, Reason, Wanted, adopt, update};
use flarekeep_tokens::{Creation, Declared, Desk, Rotation, create, revoke, rotate};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::{Change, mention_due, show};
use crate::context::Context;
use crate::error::{CommandError, Kind as ErrorKind};
use crate::output::{BAD, GOOD, Output, counted, plain, styled};
use crate::sources::file;
use crate::{CommandResult, Verdict};

/// How many tokens are changed at once.
pub(super) const AT_ONCE: usize = 8;

/// What became of one change.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) key: Option<String>,
    pub(super) name: String,
    pub(super) id: Option<TokenId>,
    pub(super) remarks: Vec<String>,
    pub(super) error: Option<CommandError>,
}

/// Makes the changes, some at once, and says what became of each. What fails does not stop the others.
pub(super) async fn act(
    context: &Context,
    desk: &Desk,
    path: &Path,
    absolute: &Path,
    changes: &[Change],
    now: Timestamp,
) -> CommandResult {
    let output = context.output;
    let drift = changes.iter().filter(|change| change.difference.is_drift()).count();
    let bar = progress_bar(output, drift);
    let mut waiting = changes.iter().cloned();
    let mut running = JoinSet::new();
    let mut outcomes = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(change) = waiting.next()
        {
            let (desk, absolute) = (desk.clone(), absolute.to_owned());
            running.spawn(async move {
                let is_drift = change.difference.is_drift();
                (is_drift, outcome(&desk, &absolute, change, now).await)
            });
        }
        let Some(ended) = running.join_next().await else { break };
        let (is_drift, outcome) = ended.map_err(|error| {
            CommandError::new(ErrorKind::Partial, format!("a change stopped half way: {error}"))
                .hint("flarekeep token resume")
        })?;
        if is_drift || outcome.error.is_some() {
            bar.inc(1);
            outcomes.push(outcome);
        }
    }
    bar.finish_and_clear();
    outcomes.sort_by(|a, b| a.name.cmp(&b.name));
    report(output, &outcomes);
    mention_due(context, changes, now);
    let failed = outcomes.iter().filter(|outcome| outcome.error.is_some()).count();
    if failed == 0 {
        output.document(&show::document(path, changes, "applied", &outcomes));
        if drift > 0 {
            output.line(format!("{} {}", styled(GOOD, "applied"), counted(drift, "change")));
        }
        return Ok(Verdict::Yes);
    }
    Err(partly(path, outcomes, failed))
}

/// The error where something failed: the one failure itself where nothing else was done.
fn partly(path: &Path, outcomes: Vec<Outcome>, failed: usize) -> CommandError {
    let done = outcomes.len() - failed;
    let mut errors = outcomes.into_iter().filter_map(|outcome| Some((outcome.name, outcome.error?)));
    let Some((name, first)) = errors.next() else {
        return CommandError::new(ErrorKind::Partial, "nothing is known of what failed");
    };
    if done == 0 && failed == 1 {
        return CommandError { message: format!("token `{}`: {}", plain(&name), first.message), ..first };
    }
    let mut error = CommandError::new(
        ErrorKind::Partial,
        format!("{} failed, {done} of {} are done", counted(failed, "change"), done + failed),
    )
    .because(format!("token `{}`: {}", plain(&name), first.message));
    error.hints.extend(first.hints);
    error.hint(format!("flarekeep apply {} does the rest", file::name(path)))
}

fn report(output: Output, outcomes: &[Outcome]) {
    for outcome in outcomes {
        let name = plain(&outcome.name);
        for remark in &outcome.remarks {
            output.warn(format!("{name}: {}", plain(remark)));
        }
        if let Some(error) = &outcome.error {
            output.note(format!("{} {name}: {}", styled(BAD, "failed"), error.masked().message));
        }
    }
}

async fn outcome(desk: &Desk, file: &Path, change: Change, now: Timestamp) -> Outcome {
    let (key, name) = (change.wanted.as_ref().map(|wanted| wanted.key.clone()), change.name().to_owned());
    match done(desk, file, change, now).await {
        Ok((id, remarks)) => Outcome { key, name, id, remarks, error: None },
        Err(error) => Outcome { key, name, id: None, remarks: Vec::new(), error: Some(error.into()) },
    }
}

/// Makes one change; the id of the token that is there now, and remarks.
async fn done(
    desk: &Desk,
    file: &Path,
    change: Change,
    now: Timestamp,
) -> Result<(Option<TokenId>, Vec<String>), flarekeep_tokens::Error> {
    let Change { wanted, sinks, living, holding, difference } = change;
    let Some(wanted) = wanted else {
        if let Some((token, owner)) = living {
            revoke(desk, owner, &token).await?;
        }
        return Ok((None, Vec::new()));
    };
    let rotate_every = wanted.rotate_every.and_then(|age| u64::try_from(age.duration().as_secs()).ok());
    let until = match wanted.end {
        End::At(time) => Some(time),
        End::After(_) | End::Never => None,
    };
    let declared = Declared { file: file.to_owned(), rotate_every, until };
    match (difference.kind, living) {
        (Kind::Unchanged, Some((token, _))) => {
            let subject = desk.subject(wanted.owner, &wanted.name);
            // Most tokens are as the journal knows them: it is not read again for each.
            if !holding.is_some_and(|known| known.subject == subject && known.declared.as_ref() == Some(&declared)) {
                adopt(desk, &wanted, &token, &declared, now).await?;
            }
            Ok((Some(token.id), Vec::new()))
        }
        (Kind::Replace, Some((old, owner))) if !difference.reasons.contains(&Reason::Owner) => {
            let (new, declared) = (wanted.new_token(now), Some(declared));
            let rotation = Rotation { owner, old, new, grace: None, declared, asked: now };
            let rotated = rotate(desk, &rotation, &sinks).await?;
            Ok((Some(settled(desk, &wanted, rotated.token).await?), rotated.remarks))
        }
        (Kind::Replace | Kind::Create, living) => {
            let creation = Creation { owner: wanted.owner, token: wanted.new_token(now), declared: Some(declared) };
            let created = create(desk, &creation, &sinks).await?;
            let id = settled(desk, &wanted, created.token).await?;
            // The sinks hold the value of the new owner's token now.
            if let Some((old, owner)) = living {
                revoke(desk, owner, &old).await?;
            }
            Ok((Some(id), created.remarks))
        }
        (_, Some((token, _))) => Ok((Some(update(desk, &wanted, &token, &declared, now).await?.id), Vec::new())),
        (_, None) => Ok((None, Vec::new())),
    }
}

/// Switches a new token off where that is declared: it had to be on for its value to be tried.
async fn settled(desk: &Desk, wanted: &Wanted, token: Token) -> Result<TokenId, flarekeep_tokens::Error> {
    if !wanted.enabled {
        let off = TokenUpdate { status: Some(Status::Disabled), ..TokenUpdate::from(&token) };
        desk.manager.tokens(wanted.owner).update(token.id, &off).await?;
    }
    Ok(token.id)
}

fn progress_bar(output: Output, length: usize) -> ProgressBar {
    if output.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("  applying {bar:30} {pos}/{len}");
    ProgressBar::new(length as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
