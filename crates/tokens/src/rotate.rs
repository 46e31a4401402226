//! Rotation: a successor takes a token's place, and at no moment is there none that works.

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{NewToken, Owner, Status, Token, TokenUpdate};
use jiff::{SignedDuration, Timestamp};

use crate::course::{Beginning, Course};
use crate::create::{is_as_asked, undone};
use crate::desk::Desk;
use crate::error::Error;
use crate::grace::{Manner, Watch};
use crate::journal::{Declared, End, Grace, Kind, Subject};
use crate::resume::{Done, Earlier, settle_earlier, walk};
use crate::sink::{Sink, prove_all};

/// So much the lives of two tokens may differ that are asked for alike: one is asked for, and made a little later.
const SLACK: SignedDuration = SignedDuration::from_mins(10);

/// A rotation to be done.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Who owns the token.
    pub owner: Owner,
    /// The token whose place is taken.
    pub old: Token,
    /// What the successor is to be; [`successor`] makes it as the old one is.
    pub new: NewToken,
    /// How long the old token is kept once the new value is delivered.
    pub grace: Option<Grace>,
    /// The declaration that asks for it.
    pub declared: Option<Declared>,
    /// When it was asked for. A rotation that ended later has done it.
    pub asked: Timestamp,
}

/// A rotation that was done.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// The token that took the place.
    pub token: Token,
    /// Whether another run had done it, or this one took up what another had begun.
    pub by_another: bool,
    /// Whether the old value, which a sink still held, was tried at the end and refused. Where no sink could be read, or
    /// none held the value (R2 keys alone), the id alone was looked at: Cloudflare knows it no more.
    pub old_is_refused: bool,
    /// Remarks.
    pub remarks: Vec<String>,
}

/// A token like `old` for just as long a life, which begins now; or when that of `old` does, where that is still to come.
#[must_use]
pub fn successor(old: &Token, now: Timestamp) -> NewToken {
    let not_before = old.not_before.filter(|begin| *begin > now);
    let life = |end: Timestamp| {
        // One that was made after its `not_before` lived from then on.
        let begin = old.not_before.max(old.issued_on).unwrap_or(now);
        not_before.unwrap_or(now).saturating_add(end.duration_since(begin)).unwrap_or(end)
    };
    let TokenUpdate { name, policies, condition, .. } = TokenUpdate::from(old);
    NewToken { name, policies, condition, not_before, expires_on: old.expires_on.map(life) }
}

/// Mints the successor, delivers its value to every sink, tries it, and ends the old token. Of several runs at once one
/// does it, and the others learn that it was done.
///
/// # Errors
/// Where this fails before a sink may hold the new value, all is as before; later, both tokens live and
/// [`Error::Unfinished`] names the change.
pub async fn rotate(desk: &Desk, rotation: &Rotation, sinks: &[Sink]) -> Result<Rotated, Error> {
    rotate_waiting(desk, rotation, sinks, Waiting::Out(None)).await
}

/// Who waits while the old token is kept.
#[derive(Clone, Copy)]
pub enum Waiting<'a> {
    /// This run, telling what it sees of both tokens. It may be dropped: the next run goes on.
    Out(Option<&'a Watch<'a>>),
    /// A later one: until then the answer is [`Error::StillWaiting`].
    Later,
}

/// The same, saying who waits.
///
/// # Errors
/// As [`rotate`].
pub async fn rotate_waiting(
    desk: &Desk,
    rotation: &Rotation,
    sinks: &[Sink],
    waiting: Waiting<'_>,
) -> Result<Rotated, Error> {
    let manner = match waiting {
        Waiting::Out(watch) => Manner { now: false, waits: true, watch },
        Waiting::Later => Manner::default(),
    };
    let proved = prove_all(sinks)?;
    let subject = desk.subject(rotation.owner, &rotation.new.name);
    let tokens = desk.manager.tokens(rotation.owner);
    let _lock = desk.journal.lock(&subject).await?;
    let earlier = settle_earlier(desk, &subject, Kind::Rotate, sinks, manner).await?;
    let (there, remarks) = match earlier {
        Some(Earlier { id, same_sinks: true, remarks }) => (Some((id, true)), remarks),
        // An earlier run's rotation to other sinks is finished now: what it made is the old token.
        Some(Earlier { id, remarks, .. }) => (Some((id, false)), remarks),
        None => (meanwhile(desk, &subject, rotation.asked).await?.map(|id| (id, true)), Vec::new()),
    };
    let old = tokens.get(there.map_or(rotation.old.id, |(id, _)| id)).await?;
    // Where it is other than what is asked for now, it is the old token, too.
    if there.is_some_and(|(_, same_sinks)| same_sinks) && is_done_by(&old, rotation) {
        return Ok(Rotated { token: old, by_another: true, old_is_refused: false, remarks });
    }
    // What it is now: it may have changed since it was shown.
    let is_as_shown = TokenUpdate::from(&old) == TokenUpdate::from(&rotation.old) && old.status == rotation.old.status;
    if there.is_none() && !is_as_shown {
        return Err(Error::Changed(old.id));
    }
    if old.status == Status::Disabled {
        return Err(Error::Disabled(old.id));
    }
    let beginning = Beginning {
        kind: Kind::Rotate,
        subject,
        replaces: Some(old.id),
        sinks,
        declared: rotation.declared.clone(),
        grace: rotation.grace,
    };
    let mut course = Course::begin(desk, beginning).await?;
    course.remarks = remarks;
    let value = match course.mint(&rotation.new).await {
        Ok(value) => value,
        Err(error) => return Err(undone(course, error).await),
    };
    course.remember_old(sinks).await;
    let Done { token, remarks, old_is_refused } = walk(course, &value, proved, manner).await?.done()?;
    Ok(Rotated { token, by_another: false, old_is_refused, remarks })
}

/// The token that another run's rotation made, which ended after this one was asked for.
async fn meanwhile(desk: &Desk, subject: &Subject, asked: Timestamp) -> Result<Option<TokenId>, Error> {
    let Some((entry, at)) = desk.journal.last_finished(subject).await? else { return Ok(None) };
    let progress = entry.progress();
    let is_it = entry.change.kind == Kind::Rotate && progress.end == Some(End::Done) && at >= asked;
    Ok(progress.minted.filter(|_| is_it))
}

/// Whether a token that another run made is the one that this rotation asks for. One that cannot be read is not.
fn is_done_by(token: &Token, rotation: &Rotation) -> bool {
    let NewToken { not_before, expires_on, .. } = rotation.new;
    let now = rotation.asked;
    let to_come = |begin: Option<Timestamp>| begin.filter(|begin| *begin > now);
    let life = |end: Timestamp, begin: Option<Timestamp>| end.duration_since(begin.unwrap_or(now));
    let ends_alike = match (token.expires_on, expires_on) {
        (None, None) => true,
        (Some(has), Some(asked)) => {
            let has_life = life(has, to_come(token.not_before).or(token.issued_on));
            has == asked || (has_life - life(asked, to_come(not_before))).abs() <= SLACK
        }
        _ => false,
    };
    ends_alike && to_come(token.not_before) == to_come(not_before) && is_as_asked(token, &rotation.new).unwrap_or(false)
}
