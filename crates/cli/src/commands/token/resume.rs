//! `flarekeep token resume`: finishes or undoes what earlier runs left unfinished.

use flarekeep_tokens::{ChangeId, Delivery, Desk, End, Entry, Kind, Progress, Resumed, Sink, forget, take_up};
use serde_json::{Value, json};

use crate::arguments::TokenResume;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on};
use crate::desk::{self, lent};
use crate::error::CommandError;
use crate::output::{CARE, FAINT, GOOD, Output, STRONG, counted, plain, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &TokenResume) -> CommandResult {
    block_on(async {
        let manager = context.manager()?;
        let desk = desk::at_rest(context, manager).await?;
        let unfinished = desk.journal.unfinished().await?;
        if let Some(change) = &arguments.forget {
            return forgotten(context.output, arguments, &desk, &unfinished, change).await;
        }
        if unfinished.is_empty() {
            context.output.line("nothing is unfinished");
            context.output.document(&json!({ "dry_run": arguments.consent.dry_run, "changes": [], "left": 0 }));
            return Ok(Verdict::Yes);
        }
        let (mut documents, mut left) = (Vec::new(), 0);
        for entry in &unfinished {
            show(context.output, &desk, entry);
            let became =
                if arguments.consent.dry_run { Became::OnlyShown } else { took_up(&desk, entry, arguments).await? };
            left += usize::from(became.is_left());
            became.tell(context.output, entry);
            documents.push(document(&desk, entry, &became));
        }
        context.output.document(&json!({
            "dry_run": arguments.consent.dry_run, "changes": documents, "left": left,
        }));
        if left == 0 {
            return Ok(Verdict::Yes);
        }
        context.output.line(format!("\n{} left", counted(left, "change")));
        Ok(Verdict::Partly)
    })
}

/// What became of a change.
enum Became {
    OnlyShown,
    Resumed(Resumed),
    /// A living process is at work on it, or it ended meanwhile.
    Busy,
    /// It is not for this credential.
    NotOurs(&'static str, String),
    Failed(CommandError),
}

async fn took_up(desk: &Desk, entry: &Entry, arguments: &TokenResume) -> Result<Became, CommandError> {
    let change = &entry.change;
    if change.subject.api != desk.manager.base_url() {
        let hint = format!("--api-url {}", plain(&change.subject.api));
        return Ok(Became::NotOurs("it belongs to another API", hint));
    }
    if change.manager != desk.fingerprint() && !arguments.any_credential {
        let hint = "run this with that credential, or with --any-credential".to_owned();
        return Ok(Became::NotOurs("another credential began it", hint));
    }
    Ok(match take_up(desk, entry, arguments.now).await? {
        Some(Ok(resumed)) => Became::Resumed(resumed),
        Some(Err(error)) => Became::Failed(error.into()),
        None if desk.journal.unfinished().await?.iter().any(|other| other.change.id == change.id) => Became::Busy,
        None => Became::Resumed(Resumed {
            end: Some(End::Done),
            until: None,
            holds_dead: false,
            id: None,
            remarks: Vec::new(),
        }),
    })
}

async fn forgotten(
    output: Output,
    arguments: &TokenResume,
    desk: &Desk,
    unfinished: &[Entry],
    given: &str,
) -> CommandResult {
    let change: ChangeId =
        given.parse().map_err(|error| none_such(format!("`{}` names no change: {error}", plain(given)), unfinished))?;
    let Some(entry) = unfinished.iter().find(|entry| entry.change.id == change) else {
        return Err(none_such(format!("no unfinished change is called {change}"), unfinished));
    };
    show(output, desk, entry);
    let remains = remains(entry);
    remains.iter().for_each(|text| output.warn(text));
    if confirm(arguments.consent, "Forget it?")? == Go::Ahead && !forget(desk, entry).await? {
        return Err(CommandError::new(crate::error::Kind::Partial, "a living run is at work on this change")
            .hint("wait for it, or stop it"));
    }
    let dry = arguments.consent.dry_run;
    output.document(&json!({ "dry_run": dry, "forgotten": change.to_string(), "remains": remains }));
    if !dry {
        output.line(format!("{}: nobody goes on with it", styled(CARE, "forgotten")));
    }
    Ok(Verdict::Yes)
}

/// No change was meant that is open; those that are.
fn none_such(message: String, unfinished: &[Entry]) -> CommandError {
    let error = CommandError::usage(message);
    if unfinished.is_empty() {
        return error.because("nothing is unfinished").hint("flarekeep token list shows what is there");
    }
    unfinished.iter().fold(error, |error, Entry { change, .. }| {
        error.hint(format!("--forget {} for {} {}", change.id, change.kind, plain(&change.subject.name)))
    })
}

/// What may be left of a change that is forgotten.
fn remains(entry: &Entry) -> Vec<String> {
    let progress = entry.progress();
    let marks = progress.marks.iter().map(|mark| format!("a token called `{}` may be there", plain(mark)));
    let minted = progress.minted.map(|id| format!("token {id}, which it made, stays"));
    let old = entry.change.replaces.filter(|id| entry.change.kind == Kind::Rotate && !progress.revoked.contains(id));
    marks.chain(minted).chain(old.map(|id| format!("token {id}, which was to be replaced, stays"))).collect()
}

fn show(output: Output, desk: &Desk, entry: &Entry) {
    let change = &entry.change;
    let whose = if change.manager == desk.fingerprint() { "this credential" } else { "another credential" };
    output.line(format!("{} {}", styled(STRONG, change.kind), styled(STRONG, plain(&change.subject.name))));
    output.line(format!(
        "  begun  {} by {whose}  {}",
        change.begun.strftime("%Y-%m-%d %H:%M UTC"),
        styled(FAINT, change.id)
    ));
    if !change.sinks.is_empty() {
        output.line(format!("  sinks  {}", sinks(entry).join(", ")));
    }
    output.line(format!("  so far {}", so_far(entry)));
}

/// How far a change is, in words.
fn so_far(entry: &Entry) -> String {
    let progress = entry.progress();
    let kept = |until| format!("{}; the old token is kept until {until}", delivered(&progress));
    match (entry.change.kind, progress.minted, progress.until) {
        (Kind::Roll, ..) if progress.rolling => {
            "the old value is dead, or may be, and nobody has the new one".to_owned()
        }
        (Kind::Roll, None, _) => "the old value lives".to_owned(),
        (_, None, _) if progress.marks.is_empty() => "nothing was made".to_owned(),
        (_, None, _) => "a token may have been made; nobody has its value".to_owned(),
        (Kind::Exec, Some(id), _) => format!("token {id} was made for a command"),
        (_, Some(_), _) if !progress.revoking.is_empty() => {
            format!("{}; the old token was about to end", delivered(&progress))
        }
        (_, Some(_), Some(until)) => kept(until),
        (_, Some(_), None) => delivered(&progress),
    }
}

fn delivered(progress: &Progress) -> String {
    let count = |wanted| progress.deliveries.iter().filter(|delivery| **delivery == wanted).count();
    let (all, done, begun) = (progress.deliveries.len(), count(Delivery::Done), count(Delivery::Begun));
    let tried = if progress.checked { ", which works" } else { "" };
    match (done, begun) {
        (0, 0) => "there is a new value, and no sink has it".to_owned(),
        (1, 0) if all == 1 => format!("its sink has the new value{tried}"),
        (_, 0) => format!("{done} of {all} sinks have the new value{tried}"),
        (0, _) if all == 1 => "its sink may have the new value".to_owned(),
        _ => format!("{done} of {all} sinks have the new value, and one may have it"),
    }
}

impl Became {
    fn is_left(&self) -> bool {
        !matches!(self, Self::Resumed(Resumed { end: Some(_), holds_dead: false, .. }))
    }

    fn words(&self, entry: &Entry) -> Option<(String, String)> {
        Some(match self {
            Self::OnlyShown => return None,
            Self::Resumed(resumed) => match (resumed.end, resumed.until) {
                (Some(End::Done), _) => (styled(GOOD, "finished"), String::new()),
                (Some(End::Undone), _) if resumed.holds_dead => {
                    let next = "what it made was deleted by somebody; flarekeep token rotate, or create where there is none, \
                                gives the sinks a value that works";
                    (styled(CARE, "undone in part"), next.to_owned())
                }
                (Some(End::Undone), _) if lent(entry) => {
                    (styled(GOOD, "undone"), "the token of its command was ended".to_owned())
                }
                (Some(End::Undone), _) => (styled(GOOD, "undone"), "all is as it was before".to_owned()),
                (Some(End::Forgotten), _) => (styled(CARE, "given up"), String::new()),
                (None, until) => {
                    let until = until.map_or_else(|| "it is used".to_owned(), |until| until.to_string());
                    (styled(CARE, "kept"), format!("the old token lives until {until}; --now ends it"))
                }
            },
            Self::Busy => (styled(CARE, "left"), "a living run is at work on it".to_owned()),
            Self::NotOurs(why, hint) => (styled(CARE, "left"), format!("{why}: {hint}")),
            Self::Failed(error) => (styled(CARE, "left"), error.masked().message),
        })
    }

    fn tell(&self, output: Output, entry: &Entry) {
        if let Some((word, detail)) = self.words(entry) {
            let colon = if detail.is_empty() { "" } else { ": " };
            output.line(format!("  {word}{colon}{detail}"));
        }
        match self {
            Self::Resumed(resumed) => resumed.remarks.iter().for_each(|remark| output.warn(plain(remark))),
            Self::Failed(error) => {
                let error = error.masked();
                error.hints.iter().for_each(|hint| output.note(format!("  hint: {hint}")));
            }
            _ => {}
        }
    }
}

fn sinks(entry: &Entry) -> Vec<String> {
    let shown =
        |spelling: &String| spelling.parse::<Sink>().map_or_else(|_| plain(spelling), |sink| plain(&sink.to_string()));
    entry.change.sinks.iter().map(shown).collect()
}

fn document(desk: &Desk, entry: &Entry, became: &Became) -> Value {
    let change = &entry.change;
    let (outcome, detail) = match became {
        Became::OnlyShown => ("unfinished", Value::Null),
        Became::Resumed(Resumed { end: Some(End::Done), id, .. }) => {
            ("finished", json!({ "id": id.map(|id| id.to_string()) }))
        }
        Became::Resumed(Resumed { end: Some(End::Undone), holds_dead: true, .. }) => ("undone-in-part", Value::Null),
        Became::Resumed(Resumed { end: Some(End::Undone), .. }) => ("undone", Value::Null),
        Became::Resumed(Resumed { end: Some(End::Forgotten), .. }) => ("given-up", Value::Null),
        Became::Resumed(Resumed { end: None, until, .. }) => {
            ("kept", json!({ "until": until.map(|until| until.to_string()) }))
        }
        Became::Busy => ("busy", Value::Null),
        Became::NotOurs(why, _) => ("left", json!({ "why": why })),
        Became::Failed(error) => ("failed", error.masked().document()["error"].clone()),
    };
    let remarks = match became {
        Became::Resumed(resumed) => resumed.remarks.clone(),
        _ => Vec::new(),
    };
    json!({
        "change": change.id.to_string(), "kind": change.kind, "name": change.subject.name, "begun": change.begun.to_string(),
        "by_this_credential": change.manager == desk.fingerprint(), "delivered_to": sinks(entry), "so_far": so_far(entry),
        "outcome": outcome, "detail": detail, "remarks": remarks,
    })
}
