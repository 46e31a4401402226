//! Changing a living token in its place, and writing down that a declaration speaks of it.

use flarekeep_cloudflare::{Token, TokenUpdate};
use jiff::Timestamp;

use super::wanted::Wanted;
use crate::desk::Desk;
use crate::error::Error;
use crate::journal::{Declared, Holding};

/// Makes the living token what is wanted, if it is still as it was when the difference was shown: an update replaces the
/// whole token, and must not bring back what somebody took away meanwhile. Its value stays, so that one call does it all
/// and nothing has to be taken up where it is lost.
///
/// # Errors
/// [`Error::Changed`]; any of a call, or of the journal.
pub async fn update(
    desk: &Desk,
    wanted: &Wanted,
    living: &Token,
    declared: &Declared,
    now: Timestamp,
) -> Result<Token, Error> {
    let _lock = desk.journal.lock(&desk.subject(wanted.owner, &living.name)).await?;
    let tokens = desk.manager.tokens(wanted.owner);
    let found = tokens.get(living.id).await?;
    if TokenUpdate::from(&found) != TokenUpdate::from(living) || found.status != living.status {
        return Err(Error::Changed(living.id));
    }
    let token = tokens.update(living.id, &wanted.update(&found, now)).await?;
    adopt(desk, wanted, living, declared).await?;
    Ok(token)
}

/// Writes down that the declaration speaks of this token: when it does not any more, the token is to end. A token that
/// the journal did not see made stays nobody's: who holds its value is not known, so that it is neither replaced for the
/// sake of a sink nor revoked because its declaration is gone.
///
/// # Errors
/// Any of the journal.
pub async fn adopt(desk: &Desk, wanted: &Wanted, living: &Token, declared: &Declared) -> Result<(), Error> {
    let subject = desk.subject(wanted.owner, &wanted.name);
    let known: Vec<Holding> =
        desk.journal.holdings().await?.into_iter().filter(|holding| holding.id == living.id).collect();
    let known_so = known.iter().find(|holding| holding.subject == subject);
    let holding = match known_so.or(known.first()).cloned() {
        Some(known) => Holding { subject: subject.clone(), declared: Some(declared.clone()), ..known },
        None => return Ok(()),
    };
    // Kept before the other is forgotten: a run that is killed between leaves it known twice, and never unknown.
    if known_so != Some(&holding) {
        desk.journal.keep(&holding).await?;
    }
    for other in known.iter().filter(|other| other.subject != subject) {
        desk.journal.forget(&other.subject).await?;
    }
    Ok(())
}
