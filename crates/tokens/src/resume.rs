//! Taking up changes that a run left unfinished: finished where a sink may hold the new value, undone where none can.

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Owner, Token, Tokens};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::course::{Course, spelled};
use crate::create::undone;
use crate::desk::Desk;
use crate::error::Error;
use crate::grace::{self, Manner};
use crate::journal::{ChangeId, Delivery, End, Entry, Kind, Step, Subject};
use crate::sink::{ProvedSink, Sink, prove_all};

/// What became of a change that was taken up.
#[derive(Debug, Clone)]
pub struct Resumed {
    /// How it ended; `None` while the old token is still kept.
    pub end: Option<End>,
    /// Until when the old token is kept, where it is.
    pub until: Option<Timestamp>,
    /// Whether a sink may hold a value that is dead: the token that the change made was deleted by somebody.
    pub holds_dead: bool,
    /// The token that the change made, where it is done.
    pub id: Option<TokenId>,
    /// Remarks.
    pub remarks: Vec<String>,
}

/// A change that was finished before another of the same kind began.
#[derive(Debug, Clone)]
pub(crate) struct Earlier {
    pub(crate) id: TokenId,
    /// Whether its value went where the caller wants it.
    pub(crate) same_sinks: bool,
    pub(crate) remarks: Vec<String>,
}

/// The changes of this desk's credential that no process is at work on, but those of `about`, each taken up. An error
/// does not stop the others.
///
/// # Errors
/// When the journal cannot be read.
pub async fn resume_own(desk: &Desk, about: Option<&Subject>) -> Result<Vec<(Entry, Result<Resumed, Error>)>, Error> {
    let mut outcomes = Vec::new();
    for entry in desk.journal.unfinished().await? {
        let own = entry.change.manager == desk.fingerprint() && entry.change.subject.api == desk.manager.base_url();
        let is_about = about == Some(&entry.change.subject);
        if own
            && !is_about
            && let Some(outcome) = resume_unless_busy(desk, &entry).await?
        {
            outcomes.push((entry, outcome));
        }
    }
    Ok(outcomes)
}

/// Takes a change up, unless a living process is at work on its subject.
///
/// # Errors
/// When the journal cannot be read.
pub async fn resume_unless_busy(desk: &Desk, entry: &Entry) -> Result<Option<Result<Resumed, Error>>, Error> {
    take_up(desk, entry, false).await
}

/// The same; `now` ends an old token that is kept for a while.
///
/// # Errors
/// When the journal cannot be read.
pub async fn take_up(desk: &Desk, entry: &Entry, now: bool) -> Result<Option<Result<Resumed, Error>>, Error> {
    let Some(_lock) = desk.journal.try_lock(&entry.change.subject).await? else { return Ok(None) };
    // It may have been finished before the lock was had.
    let Some(entry) = unfinished(desk, entry.change.id).await? else { return Ok(None) };
    Ok(Some(resume(desk, entry, Manner { now, ..Manner::default() }).await))
}

/// Writes down that a change is to be forgotten: nothing is called, and what it made stays. `false` while a living process
/// is at work on its subject, or when it is finished.
///
/// # Errors
/// When the journal cannot be read or written.
pub async fn forget(desk: &Desk, entry: &Entry) -> Result<bool, Error> {
    let Some(_lock) = desk.journal.try_lock(&entry.change.subject).await? else { return Ok(false) };
    let Some(entry) = unfinished(desk, entry.change.id).await? else { return Ok(false) };
    Course::of(desk, entry).give_up().await?;
    Ok(true)
}

async fn unfinished(desk: &Desk, change: ChangeId) -> Result<Option<Entry>, Error> {
    Ok(desk.journal.unfinished().await?.into_iter().find(|entry| entry.change.id == change))
}

/// Takes up the changes of a subject whose lock the caller holds. The answer is the token of one that did what the caller
/// is about to do: of the same kind, to the same sinks.
pub(crate) async fn settle_earlier(
    desk: &Desk,
    subject: &Subject,
    kind: Kind,
    sinks: &[Sink],
    manner: Manner<'_>,
) -> Result<Option<Earlier>, Error> {
    let wanted = spelled(sinks);
    let mut earlier = None;
    for entry in desk.journal.unfinished().await? {
        if entry.change.subject != *subject {
            continue;
        }
        let (is_alike, id) = (entry.change.kind == kind, entry.change.id);
        let same_sinks = entry.change.sinks == wanted;
        if is_alike && !same_sinks && kind == Kind::Roll {
            // The value that it is to deliver dies with the roll that comes; once that has succeeded, and not before.
            continue;
        }
        let resumed = match resume(desk, entry.clone(), manner).await {
            // Its sinks fail, and others are asked for now. Nobody was told that this token was made.
            Err(_) if is_alike && !same_sinks && kind == Kind::Create => {
                let Some(entry) = unfinished(desk, id).await? else { continue };
                Course::of(desk, entry).undo().await?;
                continue;
            }
            Err(error) if is_alike && !same_sinks && kind == Kind::Rotate && error.is_of_a_sink() => {
                let Some(entry) = unfinished(desk, id).await? else { continue };
                let Some(entry) = without(desk, entry, &wanted).await? else { continue };
                resume(desk, entry, manner).await?
            }
            // Its value cannot be had, or is dead: the roll that comes makes another.
            Err(error) if is_alike && kind == Kind::Roll && error.is_of_no_use() => continue,
            resumed => resumed?,
        };
        if let Some(until) = resumed.until {
            Concluded::Kept { change: id, until }.done()?;
        }
        if let (true, Some(End::Done), Some(id)) = (is_alike, resumed.end, resumed.id) {
            earlier = Some(Earlier { id, same_sinks, remarks: resumed.remarks });
        }
    }
    Ok(earlier)
}

/// A change that fails at a sink, for sinks that are asked for in the place of its own: without those that did not take the
/// value. Where none took it, the change is undone.
async fn without(desk: &Desk, entry: Entry, wanted: &[String]) -> Result<Option<Entry>, Error> {
    let id = entry.change.id;
    let mut course = Course::of(desk, entry);
    if !course.progress.deliveries.contains(&Delivery::Done) {
        course.undo().await?;
        return Ok(None);
    }
    let places = course.change.sinks.iter().zip(&course.progress.deliveries).enumerate();
    let failed = places.filter(|(_, (sink, delivery))| **delivery != Delivery::Done && !wanted.contains(sink));
    let failed: Vec<usize> = failed.map(|(place, _)| place).collect();
    for sink in failed {
        course.step(Step::Dropped { sink }).await?;
    }
    unfinished(desk, id).await
}

/// Takes a change up whose subject's lock the caller holds.
pub(crate) async fn resume(desk: &Desk, entry: Entry, manner: Manner<'_>) -> Result<Resumed, Error> {
    let mut course = Course::of(desk, entry);
    course.go_on_as_itself().await?;
    refuse_blindness(desk, &course).await?;
    let rolled = course.change.replaces.filter(|_| course.change.kind == Kind::Roll);
    let lives = match course.progress.minted.or(rolled) {
        Some(id) => is_there(&course.tokens, id).await?,
        None => false,
    };
    let printing = Printing::of(&course);
    let forward = match course.change.kind {
        Kind::Exec => false,
        Kind::Roll => lives && (course.progress.rolling || course.progress.minted.is_some()),
        Kind::Create | Kind::Rotate => lives && course.progress.is_in_use() && printing != Printing::Alone,
    };
    if !forward {
        let holds_dead = course.progress.is_in_use() && !lives;
        if course.progress.is_in_use() {
            course.remarks.push(
                match lives {
                    false => "the token that it made is gone: a sink may hold a value that is dead",
                    true => "its value was to be printed, and no later run prints it",
                }
                .to_owned(),
            );
        }
        course.undo().await?;
        return Ok(Resumed { end: Some(End::Undone), until: None, holds_dead, id: None, remarks: course.remarks });
    }
    match printing {
        Printing::Nothing => {}
        // Only a roll comes here.
        Printing::Alone => {
            let remark = "its new value was to be printed, and nobody has it: another roll gives it one";
            course.remarks.push(remark.to_owned());
            course.give_up().await?;
            return Ok(Resumed {
                end: Some(End::Forgotten),
                until: None,
                holds_dead: false,
                id: None,
                remarks: course.remarks,
            });
        }
        Printing::Beside(sink) => {
            let remark = "the value that was to be printed, too, is in the other sinks alone";
            course.remarks.push(remark.to_owned());
            course.step(Step::Delivered { sink }).await?;
        }
    }
    let (id, until) = (course.progress.minted, course.progress.until);
    let done = course.progress.is_delivered() && course.progress.checked && !course.progress.rolling;
    let concluded = if done {
        conclude(course, manner).await?
    } else {
        let sinks = sinks_of(&course)?;
        let proved = prove_all(&sinks)?;
        let value = recovered(desk, &mut course).await?;
        course.remember_old(&sinks).await;
        walk(course, &value, proved, manner).await?
    };
    Ok(match concluded {
        Concluded::Done(done) => Resumed {
            end: Some(End::Done),
            until: None,
            holds_dead: false,
            id: Some(done.token.id),
            remarks: done.remarks,
        },
        Concluded::Kept { until: now_until, .. } => {
            Resumed { end: None, until: Some(until.unwrap_or(now_until)), holds_dead: false, id, remarks: Vec::new() }
        }
    })
}

/// Which of a change's sinks is standard output, as far as the value is not there yet. A later run must not print it: its
/// standard output is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Printing {
    Nothing,
    /// No other sink may hold the value.
    Alone,
    /// Others may.
    Beside(usize),
}

impl Printing {
    fn of(course: &Course<'_>) -> Self {
        let prints = |spelling: &String| spelling.parse::<Sink>().is_ok_and(|sink| sink.prints());
        let open =
            |sink: usize| matches!(course.progress.deliveries.get(sink), None | Some(Delivery::Open | Delivery::Begun));
        let Some(place) = course.change.sinks.iter().position(prints).filter(|place| open(*place)) else {
            return Self::Nothing;
        };
        let others = || course.progress.deliveries.iter().enumerate().filter(|(sink, _)| *sink != place);
        let reached = match course.change.kind {
            // Its old value is dead: the others wait for the new one.
            Kind::Roll => others().next().is_some(),
            _ => others().any(|(_, delivery)| matches!(delivery, Delivery::Begun | Delivery::Done)),
        };
        if reached { Self::Beside(place) } else { Self::Alone }
    }
}

/// Another credential may belong to another user, who sees none of this user's tokens. What it does not see may be there
/// all the same: nothing follows from that.
async fn refuse_blindness(desk: &Desk, course: &Course<'_>) -> Result<(), Error> {
    let (change, progress) = (&course.change, &course.progress);
    if change.manager == desk.fingerprint() || change.subject.owner != Owner::User {
        return Ok(());
    }
    let seen = course.tokens.list_with_expired().await?;
    let is_of_change = |token: &Token| {
        change.replaces == Some(token.id) || progress.minted == Some(token.id) || progress.marks.contains(&token.name)
    };
    if seen.iter().any(is_of_change) { Ok(()) } else { Err(Error::Unseen(change.id)) }
}

/// The value of the change's token: from its rescue file, else a new one.
async fn recovered(desk: &Desk, course: &mut Course<'_>) -> Result<SecretString, Error> {
    let id = course.progress.minted.or(course.change.replaces).ok_or(Error::NothingMinted)?;
    if !course.progress.rolling {
        match desk.rescue.open(course.change.id) {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => {}
            // The value is there, for another credential: one more would make it worthless.
            Err(error) => return Err(error.into()),
        }
    }
    if course.change.kind != Kind::Roll {
        course.remarks.push("the value that was on its way is lost: the new token got another".to_owned());
    }
    course.roll(id).await
}

fn sinks_of(course: &Course<'_>) -> Result<Vec<Sink>, Error> {
    let spellings = course.progress.places().filter_map(|place| course.change.sinks.get(place));
    let parsed = spellings.map(|spelling| spelling.parse::<Sink>());
    parsed.collect::<Result<_, _>>().map_err(|error| Error::SinkSpelling(error.to_string()))
}

async fn is_there(tokens: &Tokens, id: TokenId) -> Result<bool, Error> {
    match tokens.get(id).await {
        Ok(_) => Ok(true),
        Err(error) if error.status() == Some(404) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Where a change has come to.
pub(crate) enum Concluded {
    /// To its end.
    Done(Box<Done>),
    /// The old token is kept.
    Kept {
        /// The change.
        change: ChangeId,
        /// Until when.
        until: Timestamp,
    },
}

/// A change that is done.
pub(crate) struct Done {
    pub(crate) token: Token,
    pub(crate) remarks: Vec<String>,
    /// Whether the old value was seen to be refused.
    pub(crate) old_is_refused: bool,
}

impl Concluded {
    /// The end; a token that is kept for longer is an error of whoever waited.
    pub(crate) fn done(self) -> Result<Done, Error> {
        match self {
            Self::Done(done) => Ok(*done),
            Self::Kept { change, until } if until > Timestamp::now() => Err(Error::StillWaiting { change, until }),
            Self::Kept { change, .. } => Err(Error::NotTakenUp(change)),
        }
    }
}

/// The rest of a course whose value is at hand. What fails before any sink may hold the value is undone.
pub(crate) async fn walk(
    mut course: Course<'_>,
    value: &SecretString,
    proved: Vec<ProvedSink>,
    manner: Manner<'_>,
) -> Result<Concluded, Error> {
    if let Err(error) = course.deliver(value, proved).await {
        let undeliverable = matches!(error, Error::Undelivered(_));
        if undeliverable && course.change.kind != Kind::Roll && !course.progress.is_in_use() {
            return Err(undone(course, error).await);
        }
        return Err(stopped(&course, error));
    }
    if let Err(error) = course.try_out(value).await {
        return Err(stopped(&course, error));
    }
    conclude(course, manner).await
}

/// From the trial to the end: the name, the time of grace, and the end of the old token.
async fn conclude(mut course: Course<'_>, manner: Manner<'_>) -> Result<Concluded, Error> {
    let change = course.change.id;
    match concluded(&mut course, manner).await {
        Ok(Some(token)) => {
            let old_is_refused = course.old_is_refused;
            let remarks = course.finish().await.map_err(|error| Error::Unfinished {
                change,
                stopped: Box::new(error),
                left: None,
            })?;
            Ok(Concluded::Done(Box::new(Done { token, remarks, old_is_refused })))
        }
        Ok(None) => Ok(Concluded::Kept { change, until: course.progress.until.unwrap_or_else(Timestamp::now) }),
        Err(error) => Err(stopped(&course, error)),
    }
}

/// The new token, unless the old one is still kept.
async fn concluded(course: &mut Course<'_>, manner: Manner<'_>) -> Result<Option<Token>, Error> {
    let token = course.name().await?.ok_or(Error::NothingMinted)?;
    let Some(old) = course.change.replaces.filter(|old| *old != token.id) else { return Ok(Some(token)) };
    if let Some(grace) = course.change.grace
        && course.progress.revoking.is_empty()
        && !grace::is_over(course, grace, old, token.id, manner).await?
    {
        return Ok(None);
    }
    if !course.progress.revoked.contains(&old) {
        // Somebody may have deleted the new one while the old one was kept.
        course.successor(token.id).await?;
    }
    course.end(old).await?;
    course.try_old().await;
    Ok(Some(token))
}

fn stopped(course: &Course<'_>, error: Error) -> Error {
    Error::Unfinished { change: course.change.id, stopped: Box::new(error), left: None }
}
