//! Orphans: living tokens under a marked name that no journal knows as unfinished. Nobody has their values.

use flarekeep_cloudflare::{Owner, Token};
use jiff::{SignedDuration, Timestamp};

use crate::course::end;
use crate::desk::Desk;
use crate::error::Error;
use crate::exec;
use crate::mark::pending;

/// The tokens of this owner that carry a mark and belong to no unfinished change of this journal. Those made less than
/// `age` ago are left out: a run on another machine, with a journal of its own, may be at work on them. So are those that
/// look lent to a command, whatever their age, until they have ended: a command may run under one somewhere, and they
/// end by themselves.
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
    let is_left = |token: &Token| pending(&token.name).is_some() && is_old(token) && !is_lent(token, now);
    Ok(all.into_iter().filter(|token| is_left(token) && !known(token)).collect())
}

/// Whether a token may be lent to a command that runs at `now`: by its name, and by its life, which is as short as a
/// loan's and not over.
fn is_lent(token: &Token, now: Timestamp) -> bool {
    let name = pending(&token.name).unwrap_or_default();
    let Some(end) = token.expires_on.filter(|end| *end > now) else { return false };
    // A token that was made a moment later than its end was reckoned lives for no longer.
    let is_short = token.issued_on.is_none_or(|made| end.duration_since(made) <= exec::LONGEST);
    name.starts_with(exec::PREFIX) && is_short
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_be_lent_until_its_end_and_no_other_looks_like_it() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let token = |name: &str, end: Option<i64>| {
            let document = serde_json::json!({
                "id": "ed17574386854bf78a67040be0a770b0", "name": name, "status": "active", "policies": [],
                "issued_on": at(1000).to_string(), "expires_on": end.map(|end| at(end).to_string()),
            });
            serde_json::from_value::<Token>(document).unwrap()
        };
        let lent = "exec-deploy-laptop (pending 0123abcd)";
        assert!(is_lent(&token(lent, Some(4600)), at(4599)));
        assert!(!is_lent(&token(lent, Some(4600)), at(4600)), "its time is over");
        assert!(!is_lent(&token("deploy (pending 0123abcd)", Some(4600)), at(2000)), "it was to be delivered");
        assert!(!is_lent(&token(lent, None), at(2000)), "no loan is without an end");
        let long = 1000 + exec::LONGEST.as_secs();
        assert!(is_lent(&token(lent, Some(long)), at(2000)));
        assert!(!is_lent(&token(lent, Some(long + 1)), at(2000)), "no loan is for so long");
    }
}
