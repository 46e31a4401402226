//! A new value for a token, and the end of one.

use flarekeep_cloudflare::{Owner, Status, Token};

use crate::course::{Beginning, Course, end};
use crate::desk::Desk;
use crate::error::Error;
use crate::grace::Manner;
use crate::journal::Kind;
use crate::resume::{Done, settle_earlier, walk};
use crate::sink::{Sink, prove_all};

/// A token with a new value that was delivered.
#[derive(Debug, Clone)]
pub struct Rolled {
    /// Remarks: an answer that was lost and mended.
    pub remarks: Vec<String>,
}

/// Gives the token a new value and delivers it. The old value dies at once, whatever becomes of the new one: where that
/// cannot be delivered, it is kept in a rescue file until the change is taken up.
///
/// # Errors
/// [`Error::Unfinished`] once the old value is dead, or may be.
pub async fn roll(desk: &Desk, owner: Owner, token: &Token, sinks: &[Sink]) -> Result<Rolled, Error> {
    let proved = prove_all(sinks)?;
    let subject = desk.subject(owner, &token.name);
    let _lock = desk.journal.lock(&subject).await?;
    if let Some(earlier) = settle_earlier(desk, &subject, Kind::Roll, sinks, Manner::default()).await? {
        return Ok(Rolled { remarks: earlier.remarks });
    }
    if desk.manager.tokens(owner).get(token.id).await?.status == Status::Disabled {
        return Err(Error::DisabledRoll(token.id));
    }
    let beginning =
        Beginning { kind: Kind::Roll, subject, replaces: Some(token.id), sinks, declared: None, grace: None };
    let mut course = Course::begin(desk, beginning).await?;
    let change = course.change.id;
    let value = match course.roll(token.id).await {
        Ok(value) => value,
        Err(Error::Call(error)) if !error.may_have_acted() => {
            // The old value lives.
            course.undo().await?;
            return Err(error.into());
        }
        Err(error) => return Err(Error::Unfinished { change, stopped: Box::new(error), left: None }),
    };
    let Done { remarks, .. } = walk(course, &value, proved, Manner::default()).await?.done()?;
    Ok(Rolled { remarks })
}

/// Ends a token. One that is gone already is a success: a lost answer ends here too. What the journal knew of it is
/// forgotten.
///
/// # Errors
/// Any of a call, or of the journal.
pub async fn revoke(desk: &Desk, owner: Owner, token: &Token) -> Result<(), Error> {
    let holdings = desk.journal.holdings().await?;
    end(&desk.manager.tokens(owner), token.id).await?;
    if let Some(holding) = holdings.iter().find(|holding| holding.id == token.id) {
        desk.journal.forget(&holding.subject).await?;
    }
    Ok(())
}
