//! Making a token without losing it.
//!
//! The order is: prove the sink, mint under a marked name, deliver, take the mark off. The mark is random, so that a
//! token whose answer was lost can be told from every other and revoked; whoever kills the program in between finds
//! the token by its mark in the list.

use flarekeep_cloudflare::{Client, CreatedToken, NewToken, Owner, Token, TokenUpdate, Tokens};

use crate::error::Error;
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
    let marked = NewToken { name: marked(&creation.token.name), ..creation.token.clone() };
    let mut remarks = Vec::new();
    let CreatedToken { token, value } = mint(&tokens, &marked, &mut remarks).await?;
    if let Err(undelivered) = proved.deliver(&value) {
        return Err(match tokens.delete(token.id).await {
            Ok(_) => Error::Undelivered(undelivered),
            Err(call) => Error::Orphaned { id: token.id, sink: Box::new(undelivered), call: Box::new(call) },
        });
    }
    let named = TokenUpdate { name: creation.token.name.clone(), ..TokenUpdate::from(&token) };
    let token = match tokens.update(token.id, &named).await {
        Ok(token) => token,
        Err(error) => {
            remarks.push(format!("the token works, but keeps the name `{}`: {error}", marked.name));
            token
        }
    };
    Ok(Created { token, remarks })
}

/// Mints. When the answer is lost, what was minted is found by its mark and revoked, and one more is minted.
async fn mint(tokens: &Tokens, new: &NewToken, remarks: &mut Vec<String>) -> Result<CreatedToken, Error> {
    let lost = match tokens.create(new).await {
        Ok(created) => return Ok(created),
        Err(error) if error.may_have_acted() => error,
        Err(error) => return Err(error.into()),
    };
    let swept = sweep(tokens, new).await?;
    remarks.push(format!("an answer was lost ({lost}); {swept} token whose value nobody has was revoked"));
    match tokens.create(new).await {
        Ok(created) => Ok(created),
        Err(error) if error.may_have_acted() => {
            sweep(tokens, new).await?;
            Err(Error::Unanswered(Box::new(error)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Revokes the tokens that carry the mark.
async fn sweep(tokens: &Tokens, new: &NewToken) -> Result<usize, Error> {
    let doubtful = |call| Error::Doubtful { name: new.name.clone(), call: Box::new(call) };
    let orphans: Vec<Token> =
        tokens.list().await.map_err(doubtful)?.into_iter().filter(|token| token.name == new.name).collect();
    for orphan in &orphans {
        tokens.delete(orphan.id).await.map_err(doubtful)?;
    }
    Ok(orphans.len())
}

/// Whether a name carries the mark of a token whose value was still on its way: where no run is under way any more,
/// nobody has that value.
#[must_use]
pub fn is_pending(name: &str) -> bool {
    let mark = name.rsplit_once(" (pending ").and_then(|(_, mark)| mark.strip_suffix(')'));
    mark.is_some_and(|mark| mark.len() == 8 && mark.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The name with a mark that no other token has.
fn marked(name: &str) -> String {
    let mark = getrandom::u32().unwrap_or_else(|_| std::process::id());
    let name: String = name.chars().take(LONGEST_NAME - MARK).collect();
    format!("{name} (pending {mark:08x})")
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
        assert!(is_pending(&marked("ci")) && !is_pending("ci") && !is_pending("ci (pending)"));
    }
}
