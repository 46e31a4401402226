//! Making the changes that were shown.

use std::io::IsTerminal;
use std::path::Path;

use flarekeep_catalogue::TokenId;
use flarekeep_tokens::Desk;
use flarekeep_tokens::declared::{self, Applied, Change, Comparison, Origin, apply};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::{mention_due, show};
use crate::arguments::Apply;
use crate::context::Context;
use crate::error::{CommandError, Kind as ErrorKind};
use crate::output::{BAD, GOOD, Output, counted, plain, styled};
use crate::sources::file;
use crate::{CommandResult, Verdict};

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
    arguments: &Apply,
    origin: &Origin,
    comparison: &Comparison,
    now: Timestamp,
) -> CommandResult {
    let path = arguments.file.as_path();
    let (output, changes) = (context.output, comparison.changes.as_slice());
    let drift = changes.iter().filter(|change| change.difference.is_drift()).count();
    let bar = progress_bar(output, drift);
    let mut outcomes = Vec::new();
    let ended = |ended: declared::Outcome| {
        let is_drift = ended.change.difference.is_drift();
        if is_drift || ended.result.is_err() {
            bar.inc(1);
            outcomes.push(outcome(&ended.change, ended.result));
        }
    };
    let kept = apply(desk, origin, comparison, arguments.prune, now, ended).await.map_err(|error| {
        CommandError::new(ErrorKind::Partial, format!("a change stopped half way: {error}"))
            .hint("flarekeep token resume")
    })?;
    bar.finish_and_clear();
    outcomes.sort_by(|a, b| a.name.cmp(&b.name));
    report(output, &outcomes);
    mention_due(context, changes, now);
    let failed = outcomes.iter().filter(|outcome| outcome.error.is_some()).count();
    if failed == 0 {
        output.document(&show::document(path, changes, "applied", &outcomes));
        if !outcomes.is_empty() {
            output.line(format!("{} {}", styled(GOOD, "applied"), counted(outcomes.len(), "change")));
        }
        if !kept.is_empty() {
            output.warn(format!(
                "left alone: {} that this file declared once. So many at once may be a mistake; --prune revokes them",
                counted(kept.len(), "token")
            ));
        }
        return Ok(Verdict::Yes);
    }
    Err(partly(path, outcomes, failed, &kept))
}

/// The error where something failed: the one failure itself where nothing else was to be done.
fn partly(path: &Path, outcomes: Vec<Outcome>, failed: usize, kept: &[Change]) -> CommandError {
    let done = outcomes.len() - failed;
    let mut errors = outcomes.into_iter().filter_map(|outcome| Some((outcome.name, outcome.error?)));
    let Some((name, first)) = errors.next() else {
        return CommandError::new(ErrorKind::Partial, "nothing is known of what failed");
    };
    if done == 0 && failed == 1 && kept.is_empty() {
        return CommandError { message: format!("token `{}`: {}", plain(&name), first.message), ..first };
    }
    let names: Vec<String> = kept.iter().map(|change| format!("`{}`", plain(change.name()))).collect();
    let not_revoked = match names.as_slice() {
        [] => String::new(),
        names => format!("; so what is not declared any more is not revoked: {}", names.join(", ")),
    };
    let mut error = CommandError::new(
        ErrorKind::Partial,
        format!("{} failed, {done} of {} are done", counted(failed, "change"), done + failed),
    )
    .because(format!("token `{}`: {}{not_revoked}", plain(&name), first.message));
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

fn outcome(change: &Change, result: Result<Applied, flarekeep_tokens::Error>) -> Outcome {
    let (key, name) = (change.wanted.as_ref().map(|wanted| wanted.key.clone()), change.name().to_owned());
    match result {
        Ok(Applied { id, remarks }) => Outcome { key, name, id, remarks, error: None },
        Err(error) => Outcome { key, name, id: None, remarks: Vec::new(), error: Some(error.into()) },
    }
}

fn progress_bar(output: Output, length: usize) -> ProgressBar {
    if output.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("  applying {bar:30} {pos}/{len}");
    ProgressBar::new(length as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
