//! Rotation: a successor takes a token's place, and at no moment is there none that works.

use flarekeep_cloudflare::{NewToken, Owner, Status, Token, TokenUpdate};
use jiff::{SignedDuration, Timestamp};

use crate::course::{Beginning, Course};
use crate::create::undone;
use crate::desk::Desk;
use crate::error::Error;
use crate::journal::{Declared, End, Kind};
use crate::resume::{settle_earlier, walk};
use crate::sink::{Sink, prove_all};

/// A rotation to be done.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Who owns the token.
    pub owner: Owner,
    /// The token whose place is taken.
    pub old: Token,
    /// What the successor is to be; [`successor`] makes it as the old one is.
    pub new: NewToken,
    /// How long the old token is kept at most, once the new value is delivered: less when the uses of both show that it
    /// was taken up.
    pub grace: Option<SignedDuration>,
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
    /// Remarks.
    pub remarks: Vec<String>,
}

/// A token like `old` for just as long a life, which begins now.
#[must_use]
pub fn successor(old: &Token, now: Timestamp) -> NewToken {
    let life = |end: Timestamp| {
        let begin = old.not_before.or(old.issued_on).unwrap_or(now);
        now.saturating_add(end.duration_since(begin)).unwrap_or(end)
    };
    let TokenUpdate { name, policies, condition, .. } = TokenUpdate::from(old);
    NewToken { name, policies, condition, not_before: None, expires_on: old.expires_on.map(life) }
}

/// Mints the successor, delivers its value to every sink, tries it, and ends the old token. Of several runs at once one
/// does it, and the others learn that it was done.
///
/// # Errors
/// Where this fails before a sink may hold the new value, all is as before; later, both tokens live and
/// [`Error::Unfinished`] names the change.
pub async fn rotate(desk: &Desk, rotation: &Rotation, sinks: &[Sink]) -> Result<Rotated, Error> {
    let proved = prove_all(sinks)?;
    let subject = desk.subject(rotation.owner, &rotation.new.name);
    let tokens = desk.manager.tokens(rotation.owner);
    let _lock = desk.journal.lock(&subject).await?;
    if let Some(earlier) = settle_earlier(desk, &subject, Kind::Rotate).await? {
        let token = tokens.get(earlier.id).await?;
        return Ok(Rotated { token, by_another: true, remarks: earlier.remarks });
    }
    if let Some((entry, at)) = desk.journal.last_finished(&subject).await? {
        let progress = entry.progress();
        let is_it = entry.change.kind == Kind::Rotate && progress.end == Some(End::Done) && at >= rotation.asked;
        if let (true, Some(id)) = (is_it, progress.minted) {
            return Ok(Rotated { token: tokens.get(id).await?, by_another: true, remarks: Vec::new() });
        }
    }
    // What it is now: it may have changed since it was shown.
    let old = tokens.get(rotation.old.id).await?;
    if TokenUpdate::from(&old) != TokenUpdate::from(&rotation.old) || old.status != rotation.old.status {
        return Err(Error::Changed(old.id));
    }
    if old.status == Status::Disabled {
        return Err(Error::Disabled(old.id));
    }
    let beginning =
        Beginning { kind: Kind::Rotate, subject, replaces: Some(old.id), sinks, declared: rotation.declared.clone() };
    let mut course = Course::begin(desk, beginning).await?;
    let value = match course.mint(&rotation.new).await {
        Ok(value) => value,
        Err(error) => return Err(undone(course, error).await),
    };
    let (token, remarks) = walk(course, &value, proved, rotation.grace).await?;
    Ok(Rotated { token, by_another: false, remarks })
}
