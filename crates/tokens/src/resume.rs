//! Taking up changes that a run left unfinished: finished where a sink may hold the new value, undone where none can.

use std::time::Duration;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Token, Tokens};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::course::Course;
use crate::create::undone;
use crate::desk::Desk;
use crate::error::Error;
use crate::journal::{End, Entry, Kind, Step, Subject};
use crate::sink::{ProvedSink, Sink, prove_all};

/// How often the last uses are looked at while an old token is kept.
const GLANCE: Duration = Duration::from_secs(15);

/// What became of a change that was taken up.
#[derive(Debug, Clone)]
pub struct Resumed {
    /// How it ended; `None` while the old token is still kept.
    pub end: Option<End>,
    /// Until when the old token is kept, where it is.
    pub until: Option<Timestamp>,
    /// The token that the change made, where it is done.
    pub id: Option<TokenId>,
    /// Remarks.
    pub remarks: Vec<String>,
}

/// A change that was finished before another of the same kind began.
#[derive(Debug, Clone)]
pub(crate) struct Earlier {
    pub(crate) id: TokenId,
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
    let Some(_lock) = desk.journal.try_lock(&entry.change.subject).await? else { return Ok(None) };
    // It may have been finished before the lock was had.
    let unfinished = desk.journal.unfinished().await?;
    let Some(entry) = unfinished.into_iter().find(|other| other.change.id == entry.change.id) else { return Ok(None) };
    Ok(Some(resume(desk, entry).await))
}

/// Takes up the changes of a subject whose lock the caller holds. The answer is the token of one of this kind that is
/// finished now: it is what the caller was about to do.
pub(crate) async fn settle_earlier(desk: &Desk, subject: &Subject, kind: Kind) -> Result<Option<Earlier>, Error> {
    let mut earlier = None;
    for entry in desk.journal.unfinished().await? {
        if entry.change.subject != *subject {
            continue;
        }
        let (is_alike, id) = (entry.change.kind == kind, entry.change.id);
        let resumed = resume(desk, entry).await?;
        if let Some(until) = resumed.until {
            return Err(Error::StillWaiting { change: id, until });
        }
        if let (true, Some(End::Done), Some(id)) = (is_alike, resumed.end, resumed.id) {
            earlier = Some(Earlier { id, remarks: resumed.remarks });
        }
    }
    Ok(earlier)
}

/// Takes a change up whose subject's lock the caller holds.
pub(crate) async fn resume(desk: &Desk, entry: Entry) -> Result<Resumed, Error> {
    let mut course = Course::of(desk, entry);
    let rolled = course.change.replaces.filter(|_| course.change.kind == Kind::Roll);
    let lives = match course.progress.minted.or(rolled) {
        Some(id) => is_there(&course.tokens, id).await?,
        None => false,
    };
    let forward = match course.change.kind {
        Kind::Exec => false,
        Kind::Roll => lives && (course.progress.rolling || course.progress.minted.is_some()),
        Kind::Create | Kind::Rotate => lives && course.progress.is_in_use(),
    };
    if !forward {
        if course.progress.is_in_use() && !lives {
            let remark = "the token that it made is gone: a sink may hold a value that is dead";
            course.remarks.push(remark.to_owned());
        }
        course.undo().await?;
        return Ok(Resumed { end: Some(End::Undone), until: None, id: None, remarks: course.remarks });
    }
    if let Some(until) = course.progress.until.filter(|until| *until > Timestamp::now()) {
        return Ok(Resumed { end: None, until: Some(until), id: course.progress.minted, remarks: course.remarks });
    }
    let done = course.progress.is_delivered() && course.progress.checked && !course.progress.rolling;
    if done {
        let (token, remarks) = conclude(course, None).await?;
        return Ok(Resumed { end: Some(End::Done), until: None, id: Some(token.id), remarks });
    }
    let sinks = sinks_of(&course)?;
    let proved = prove_all(&sinks)?;
    let value = recovered(desk, &mut course).await?;
    let (token, remarks) = walk(course, &value, proved, None).await?;
    Ok(Resumed { end: Some(End::Done), until: None, id: Some(token.id), remarks })
}

/// The value of the change's token: from its rescue file, else a new one.
async fn recovered(desk: &Desk, course: &mut Course<'_>) -> Result<SecretString, Error> {
    let id = course.progress.minted.or(course.change.replaces).ok_or(Error::NothingMinted)?;
    if !course.progress.rolling {
        match desk.rescue.open(course.change.id) {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => {}
            Err(error) => course.remarks.push(error.to_string()),
        }
    }
    if course.change.kind != Kind::Roll {
        course.remarks.push("the value that was on its way is lost: the new token got another".to_owned());
    }
    course.roll(id).await
}

fn sinks_of(course: &Course<'_>) -> Result<Vec<Sink>, Error> {
    let parsed = course.change.sinks.iter().map(|spelling| spelling.parse::<Sink>());
    parsed.collect::<Result<_, _>>().map_err(|error| Error::SinkSpelling(error.to_string()))
}

async fn is_there(tokens: &Tokens, id: TokenId) -> Result<bool, Error> {
    match tokens.get(id).await {
        Ok(_) => Ok(true),
        Err(error) if error.status() == Some(404) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The rest of a course whose value is at hand. What fails before any sink may hold the value is undone.
pub(crate) async fn walk(
    mut course: Course<'_>,
    value: &SecretString,
    proved: Vec<ProvedSink>,
    grace: Option<SignedDuration>,
) -> Result<(Token, Vec<String>), Error> {
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
    conclude(course, grace).await
}

/// From the trial to the end: the name, the time of grace, and the end of the old token.
async fn conclude(mut course: Course<'_>, grace: Option<SignedDuration>) -> Result<(Token, Vec<String>), Error> {
    match concluded(&mut course, grace).await {
        Ok(token) => {
            let change = course.change.id;
            let remarks = course.finish().await.map_err(|error| Error::Unfinished {
                change,
                stopped: Box::new(error),
                left: None,
            })?;
            Ok((token, remarks))
        }
        Err(error) => Err(stopped(&course, error)),
    }
}

async fn concluded(course: &mut Course<'_>, grace: Option<SignedDuration>) -> Result<Token, Error> {
    let token = course.name().await?.ok_or(Error::NothingMinted)?;
    let Some(old) = course.change.replaces.filter(|old| *old != token.id) else { return Ok(token) };
    if let (Some(grace), None) = (grace, course.progress.until) {
        let now = Timestamp::now();
        course.step(Step::Waiting { until: now.saturating_add(grace).unwrap_or(now) }).await?;
        wait(course, old, token.id, now).await?;
    }
    course.end(old).await?;
    Ok(token)
}

/// Waits until the new token is used and the old one no more, or until the time of grace is over.
async fn wait(course: &mut Course<'_>, old: TokenId, new: TokenId, since: Timestamp) -> Result<(), Error> {
    let Some(until) = course.progress.until else { return Ok(()) };
    loop {
        let (old_use, new_use) = (last_use(&course.tokens, old).await?, last_use(&course.tokens, new).await?);
        let is_after = |time: Option<Timestamp>| time.is_some_and(|time| time > since);
        if is_after(new_use) && !is_after(old_use) {
            return Ok(());
        }
        let left = until.duration_since(Timestamp::now());
        if left <= SignedDuration::ZERO {
            course.remarks.push(
                match (is_after(old_use), is_after(new_use)) {
                    (true, _) => {
                        "the old token was still in use while it was kept: somebody has not taken up the new value"
                    }
                    (_, false) => "the new token was not used while the old one was kept",
                    _ => return Ok(()),
                }
                .to_owned(),
            );
            return Ok(());
        }
        tokio::time::sleep(GLANCE.min(left.unsigned_abs())).await;
    }
}

async fn last_use(tokens: &Tokens, id: TokenId) -> Result<Option<Timestamp>, Error> {
    match tokens.get(id).await {
        Ok(token) => Ok(token.last_used_on),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn stopped(course: &Course<'_>, error: Error) -> Error {
    Error::Unfinished { change: course.change.id, stopped: Box::new(error), left: None }
}
