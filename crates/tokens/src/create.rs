//! Making a token without losing it.
//!
//! The order is: prove the sink, mint under a marked name, deliver, take the mark off. The mark is random, so that a
//! token whose answer was lost can be told from every other and revoked; whoever kills the program in between finds
//! the token by its mark in the list.

use flarekeep_cloudflare::{Client, CreatedToken, NewToken, Owner, Token, TokenUpdate, Tokens};

use crate::error::Error;
use crate::roll::end;
use crate::sink::Sink;

/// The longest name that Cloudflare takes, and what the mark adds to it.
const LONGEST_NAME: usize = 120;
const MARK: usize = " (pending 01234567)".len();

/// A token to be made.
#[derive(Debug, Clone)]
pub struct Creation {
    /// Who is to own it.
    pub owner: Owner,
    /// What it is to be.
    pub token: NewToken,
}

/// A token that was made and whose value was delivered.
#[derive(Debug, Clone)]
pub struct Created {
    /// The token.
    pub token: Token,
    /// Remarks: an answer that was lost and mended, a mark that could not be taken off.
    pub remarks: Vec<String>,
}

/// Makes a token and delivers its value. Where this fails, no token is left behind whose value nobody has, or the error
/// names it.
pub async fn create(manager: &Client, creation: &Creation, sink: &Sink) -> Result<Created, Error> {
    let proved = sink.prove()?;
    let tokens = manager.tokens(creation.owner);
    let mut remarks = Vec::new();
    let (CreatedToken { token, value }, lost) = mint(&tokens, &creation.token, &mut remarks).await?;
    if let Err(undelivered) = proved.deliver(&value) {
        return Err(match end(&tokens, token.id).await {
            Ok(()) => Error::Undelivered(undelivered),
            Err(call) => Error::Orphaned { id: token.id, sink: Box::new(undelivered), call: Box::new(call) },
        });
    }
    let named = TokenUpdate { name: creation.token.name.clone(), ..TokenUpdate::from(&token) };
    let token = match tokens.update(token.id, &named).await {
        Ok(token) => token,
        Err(error) => {
            remarks.push(format!("the token works, but keeps the name that it was minted under: {error}"));
            token
        }
    };
    // A call whose answer was lost may have been carried out after the first look for its token.
    if let Some(lost) = lost
        && let Err(error) = sweep(&tokens, &lost).await
    {
        remarks.push(error.to_string());
    }
    Ok(Created { token, remarks })
}

/// Mints. When the answer is lost, what was minted is found by its mark and revoked, and one more is minted, under a mark
/// of its own; the name of the lost one is returned beside it.
async fn mint(
    tokens: &Tokens,
    new: &NewToken,
    remarks: &mut Vec<String>,
) -> Result<(CreatedToken, Option<String>), Error> {
    let under_mark = || NewToken { name: marked(&new.name), ..new.clone() };
    let first = under_mark();
    let lost = match tokens.create(&first).await {
        Ok(created) => return Ok((created, None)),
        Err(error) if error.may_have_acted() => error,
        Err(error) => return Err(error.into()),
    };
    let swept = match sweep(tokens, &first.name).await? {
        0 => "no token was made by it",
        _ => "the token that it made, whose value nobody has, was revoked",
    };
    remarks.push(format!("an answer was lost ({lost}); {swept}"));
    let second = under_mark();
    match tokens.create(&second).await {
        Ok(created) => Ok((created, Some(first.name))),
        Err(error) if error.may_have_acted() => {
            sweep(tokens, &second.name).await?;
            sweep(tokens, &first.name).await?;
            Err(Error::Unanswered(Box::new(error)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Revokes the tokens of this marked name.
async fn sweep(tokens: &Tokens, name: &str) -> Result<usize, Error> {
    let doubtful = |call| Error::Doubtful { name: name.to_owned(), call: Box::new(call) };
    let orphans: Vec<Token> =
        tokens.list().await.map_err(doubtful)?.into_iter().filter(|token| token.name == name).collect();
    for orphan in &orphans {
        end(tokens, orphan.id).await.map_err(doubtful)?;
    }
    Ok(orphans.len())
}

/// Whether `name` is what a token is called while the value of a token `wanted` is on its way. Where no run is under way
/// any more, nobody has that value.
#[must_use]
pub fn is_pending_for(wanted: &str, name: &str) -> bool {
    let Some((start, mark)) = name.rsplit_once(" (pending ") else { return false };
    let mark = mark.strip_suffix(')').unwrap_or_default();
    start == shortened(wanted) && mark.len() == 8 && mark.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name with a mark that no other token has.
fn marked(name: &str) -> String {
    let mark = getrandom::u32().unwrap_or_else(|_| std::process::id());
    format!("{} (pending {mark:08x})", shortened(name))
}

/// As much of the name as leaves room for the mark.
fn shortened(name: &str) -> String {
    name.chars().take(LONGEST_NAME - MARK).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_name_is_never_too_long_and_never_the_same() {
        let long = "x".repeat(LONGEST_NAME);
        assert_eq!(marked(&long).len(), LONGEST_NAME);
        assert!(marked("ci").starts_with("ci (pending "));
        assert_ne!(marked("ci"), marked("ci"));
    }

    #[test]
    fn a_marked_name_is_known_by_the_name_that_was_wanted() {
        let long = "x".repeat(LONGEST_NAME);
        assert!(is_pending_for("ci", &marked("ci")) && is_pending_for(&long, &marked(&long)));
        for other in ["ci", "ci (pending)", "ci (pending 0123)", &marked("ci-prod"), &marked("c")] {
            assert!(!is_pending_for("ci", other), "{other}");
        }
    }
}
