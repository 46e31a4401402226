//! Making the changes that a comparison shows.

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Status, Token, TokenUpdate};
use jiff::Timestamp;
use tokio::task::{JoinError, JoinSet};

use super::compare::{Change, Comparison, Origin};
use super::difference::{Kind, Reason};
use super::document::End;
use super::update::{adopt, update};
use super::wanted::Wanted;
use crate::create::{Creation, create_since};
use crate::desk::Desk;
use crate::error::Error;
use crate::journal::{Declared, Holding};
use crate::roll::revoke;
use crate::rotate::{Rotation, rotate};

/// How many tokens are changed at once.
pub const AT_ONCE: usize = 8;

/// What became of one change.
#[derive(Debug)]
pub struct Outcome {
    /// The change.
    pub change: Change,
    /// The token that is there now, or why there is none that is as declared.
    pub result: Result<Applied, Error>,
}

/// A change that was made.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// The token that is there now; none where it was to end.
    pub id: Option<TokenId>,
    /// What the user should know.
    pub remarks: Vec<String>,
}

/// Makes the changes of a comparison with a file, some at once, and says what became of each as it ends. What fails does
/// not stop the others, but nothing is revoked then: what is not declared any more may be what a declaration that failed
/// was called before. Where so much would be revoked that it may be a mistake, nothing is without `prune`. A run that is
/// killed leaves what [`crate::resume_own`] takes up, and a comparison made after that shows the rest.
///
/// The answer is the tokens that were to be revoked and were not.
///
/// # Errors
/// Where a change itself broke off: a defect.
pub async fn apply(
    desk: &Desk,
    origin: &Origin,
    comparison: &Comparison,
    prune: bool,
    now: Timestamp,
    mut ended: impl FnMut(Outcome),
) -> Result<Vec<Change>, JoinError> {
    let (last, first): (Vec<Change>, Vec<Change>) =
        comparison.changes.iter().cloned().partition(|change| change.wanted.is_none());
    let mut all_well = true;
    let tell = |outcome: Outcome| {
        all_well &= outcome.result.is_ok();
        ended(outcome);
    };
    each(desk, origin, first, now, tell).await?;
    let kept = if all_well && (prune || !comparison.needs_prune) {
        each(desk, origin, last, now, &mut ended).await?;
        Vec::new()
    } else {
        last
    };
    for holding in &comparison.gone {
        // Where the journal cannot be written now, the next run forgets it.
        let _ = desk.journal.forget(&holding.subject).await;
    }
    Ok(kept)
}

/// Makes these changes, some at once.
async fn each(
    desk: &Desk,
    origin: &Origin,
    changes: Vec<Change>,
    now: Timestamp,
    mut ended: impl FnMut(Outcome),
) -> Result<(), JoinError> {
    let mut waiting = changes.into_iter();
    let mut running = JoinSet::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(change) = waiting.next()
        {
            let (desk, origin) = (desk.clone(), origin.clone());
            running.spawn(async move {
                let result = done(&desk, &origin, &change, now).await;
                Outcome { change, result }
            });
        }
        let Some(outcome) = running.join_next().await else { return Ok(()) };
        ended(outcome?);
    }
}

/// Makes one change. Whatever moment it is stopped at, the old token lives until the sinks have the new one's value.
async fn done(desk: &Desk, origin: &Origin, change: &Change, now: Timestamp) -> Result<Applied, Error> {
    let Change { wanted, sinks, living, holding, difference } = change;
    let Some(wanted) = wanted else {
        if let Some((token, owner)) = living {
            revoke(desk, *owner, token).await?;
        }
        return Ok(Applied::default());
    };
    let rotate_every = wanted.rotate_every.and_then(|age| u64::try_from(age.duration().as_secs()).ok());
    let until = match wanted.end {
        End::At(time) => Some(time),
        End::After(_) | End::Never => None,
    };
    let declared = Declared { file: origin.file.clone(), project: origin.project.clone(), rotate_every, until };
    let unremarkable = |id| Applied { id: Some(id), remarks: Vec::new() };
    match (difference.kind, living) {
        (Kind::Unchanged, Some((token, _))) => {
            // Most tokens are as the journal knows them: it is not read again for each.
            let subject = desk.subject(wanted.owner, &wanted.name);
            let is_known = |known: &Holding| known.subject == subject && known.declared.as_ref() == Some(&declared);
            if !holding.as_ref().is_none_or(is_known) {
                adopt(desk, wanted, token, &declared).await?;
            }
            Ok(unremarkable(token.id))
        }
        (Kind::Replace, Some((old, owner))) if !difference.reasons.contains(&Reason::Owner) => {
            let (new, declared) = (wanted.new_token(now), Some(declared));
            let rotation = Rotation { owner: *owner, old: old.clone(), new, grace: None, declared, asked: now };
            let rotated = rotate(desk, &rotation, sinks).await?;
            Ok(Applied { id: Some(settled(desk, wanted, rotated.token).await?), remarks: rotated.remarks })
        }
        (Kind::Replace | Kind::Create, living) => {
            let creation = Creation { owner: wanted.owner, token: wanted.new_token(now), declared: Some(declared) };
            let created = create_since(desk, &creation, sinks, Some(now)).await?;
            let id = settled(desk, wanted, created.token).await?;
            // The sinks hold the value of the new owner's token now.
            if let Some((old, owner)) = living {
                revoke(desk, *owner, old).await?;
            }
            Ok(Applied { id: Some(id), remarks: created.remarks })
        }
        (_, Some((token, _))) => Ok(unremarkable(update(desk, wanted, token, &declared, now).await?.id)),
        (_, None) => Ok(Applied::default()),
    }
}

/// Switches a new token off where that is declared: it had to be on for its value to be tried.
async fn settled(desk: &Desk, wanted: &Wanted, token: Token) -> Result<TokenId, Error> {
    if !wanted.enabled {
        let off = TokenUpdate { status: Some(Status::Disabled), ..TokenUpdate::from(&token) };
        desk.manager.tokens(wanted.owner).update(token.id, &off).await?;
    }
    Ok(token.id)
}
