//! Orphans: living tokens under a marked name that no journal knows as unfinished. Nobody has their values.

use flarekeep_cloudflare::{Owner, Token};
use jiff::{SignedDuration, Timestamp};

use crate::course::end;
use crate::desk::Desk;
use crate::error::Error;
use crate::mark::pending;

/// The tokens of this owner that carry a mark and belong to no unfinished change of this journal. Those made less than
/// `age` ago are left out: a run on another machine, with a journal of its own, may be at work on them.
///
/// # Errors
/// Any of a call, or of the journal.
pub async fn orphans(desk: &Desk, owner: Owner, age: SignedDuration, now: Timestamp) -> Result<Vec<Token>, Error> {
    let unfinished = desk.journal.unfinished().await?;
    let known = |token: &Token| {
        unfinished.iter().any(|entry| {
            let progress = entry.progress();
            progress.minted == Some(token.id) || progress.marks.contains(&token.name)
        })
    };
    let is_old = |token: &Token| token.issued_on.is_none_or(|made| now.duration_since(made) >= age);
    let all = desk.manager.tokens(owner).list_with_expired().await?;
    Ok(all.into_iter().filter(|token| pending(&token.name).is_some() && is_old(token) && !known(token)).collect())
}

/// Ends an orphan, if it still carries its mark: somebody's run may have delivered it meanwhile.
///
/// # Errors
/// Any of a call; [`Error::Changed`] where it has another name now.
pub async fn sweep(desk: &Desk, owner: Owner, orphan: &Token) -> Result<(), Error> {
    let tokens = desk.manager.tokens(owner);
    match tokens.get(orphan.id).await {
        Ok(now) if now.name == orphan.name => Ok(end(&tokens, orphan.id).await?),
        Ok(_) => Err(Error::Changed(orphan.id)),
        Err(error) if error.status() == Some(404) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
