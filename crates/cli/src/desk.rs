//! The desk that changes of tokens are made at: the manager's client, the journal, the rescue files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flarekeep_cloudflare::Client;
use flarekeep_tokens::{
    Desk, End, Entry, JournalError, Kind as Work, OnWait, Patient, Postgres, Rescue, Resumed, Sqlite, Store, Subject,
    resume_own,
};
use secrecy::{ExposeSecret, SecretString};

use crate::context::{Context, block_on};
use crate::environment::{database_url, state_folder};
use crate::error::{CommandError, Kind};
use crate::output::{Output, counted, plain};

/// How long a command waits without a word for another that is at work on its token, and how long at most.
const QUIET: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Opens the desk, and takes up what runs of the same credential left unfinished; but not changes of `about`, which the
/// command itself takes up.
pub(crate) async fn open(context: &Context, manager: Client, about: Option<&Subject>) -> Result<Desk, CommandError> {
    let desk = at_rest(context, manager).await?;
    for (entry, outcome) in resume_own(&desk, about).await? {
        match outcome {
            Ok(resumed) => tell(context.output, &entry, &resumed),
            // It does not stop another change.
            Err(error) => context.output.warn(plain(&format!(
                "an earlier run of `{}` is unfinished, and cannot be taken up: {error}: flarekeep token resume",
                entry.change.subject.name
            ))),
        }
    }
    Ok(desk)
}

/// Opens the desk and changes nothing.
pub(crate) async fn at_rest(context: &Context, manager: Client) -> Result<Desk, CommandError> {
    let state = folder()?;
    let journal = journal(&state, database_url()?).await?;
    let output = context.output;
    let told: OnWait = Box::new(move |subject| {
        output.note(plain(&format!("another run is at work on `{}`: waiting", subject.name)));
    });
    let journal = Arc::new(Patient::new(journal, QUIET, LONGEST_WAIT, told));
    let rescue = Rescue::new(&state, manager.credential());
    let verbose = context.output;
    let listener: flarekeep_tokens::Listener = Arc::new(move |change, step| {
        if verbose.verbose {
            verbose.note(plain(&format!("{} {}: {step}", change.kind, change.subject.name)));
        }
    });
    Ok(Desk { manager, journal, rescue, listener: Some(listener) })
}

/// The journal of the team, where there is one, else the user's own.
async fn journal(state: &Path, team: Option<SecretString>) -> Result<Arc<dyn Store>, JournalError> {
    Ok(match team {
        Some(url) => Arc::new(Postgres::open(url.expose_secret()).await?),
        None => Arc::new(Sqlite::open(state).await?),
    })
}

/// Mentions that changes are unfinished, where there is a journal. None is made in the state folder.
pub(crate) fn mention_unfinished(context: &Context) -> Result<(), CommandError> {
    let (Some(state), team) = (state_folder(), database_url()?) else { return Ok(()) };
    if team.is_none() && !state.join("journal.sqlite").is_file() {
        return Ok(());
    }
    let number = block_on(async {
        let look = async { journal(&state, team).await?.unfinished().await };
        // What only looks at tokens is not stopped, nor held up for long, by a journal that cannot be read.
        let unfinished = tokio::time::timeout(Duration::from_secs(2), look).await;
        Ok(unfinished.map_or(0, |unfinished| unfinished.map_or(0, |unfinished| unfinished.len())))
    })?;
    if number > 0 {
        let are = if number == 1 { "is" } else { "are" };
        context.output.note(format!("{} {are} unfinished: flarekeep token resume", counted(number, "change")));
    }
    Ok(())
}

/// Says what became of a change that was taken up.
pub(crate) fn tell(output: Output, entry: &Entry, resumed: &Resumed) {
    let (kind, name) = (entry.change.kind, plain(&entry.change.subject.name));
    output.note(match (resumed.end, resumed.until) {
        (Some(End::Done), _) => format!("finished what an earlier run had begun: {kind} {name}"),
        (Some(End::Forgotten), _) => format!("gave up what an earlier run had begun: {kind} {name}"),
        (Some(End::Undone), _) if lent(entry) => {
            format!("ended the token of a command whose run was stopped: {name}")
        }
        (_, Some(until)) => format!("{kind} {name} keeps the old token until {until}"),
        _ => format!("undid what an earlier run had begun: {kind} {name}"),
    });
    resumed.remarks.iter().for_each(|remark| output.warn(plain(remark)));
}

/// Whether a command may have had the token of this change.
pub(crate) fn lent(entry: &Entry) -> bool {
    entry.change.kind == Work::Exec && entry.progress().minted.is_some()
}

fn folder() -> Result<PathBuf, CommandError> {
    state_folder().ok_or_else(|| {
        CommandError::new(Kind::Usage, "there is no folder for the journal")
            .because("neither XDG_STATE_HOME nor HOME names an absolute path")
            .hint("set HOME, or XDG_STATE_HOME")
    })
}
