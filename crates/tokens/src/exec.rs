//! A token that is lent to one command: minted for it, in its environment alone, and ended with it.
//!
//! The loan is a change in the journal, so that the token of a run that was killed is ended by whoever comes next; and
//! the token ends by itself soon after, should nobody come.

mod child;
mod closed;
mod signals;
mod variables;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{NewToken, Owner, Status, Token};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::course::{Beginning, Course, end};
use crate::create::undone;
use crate::desk::Desk;
use crate::error::Error;
use crate::journal::{Kind, Lock};

pub use child::{Ended, Program, ProgramError};
pub use closed::close_to_others;
pub use signals::Signals;
pub use variables::{Content, Surroundings, Variables, grants_s3};

/// What the names of tokens begin with that are lent. On another machine, with a journal of its own, nothing else tells
/// that a command runs under one.
pub(crate) const PREFIX: &str = "exec-";
/// How long a token is lent at most: a day, and what it takes to mint it and to end it.
pub(crate) const LONGEST: SignedDuration = SignedDuration::from_mins(24 * 60 + 5);

/// What a token is called that is lent for this purpose: by that, and by this machine. Its mark comes beside it.
#[must_use]
pub fn lent_name(purpose: &str) -> String {
    format!("{PREFIX}{purpose}-{}", host())
}

/// A token that is lent.
#[derive(Debug)]
pub struct Loan<'a> {
    course: Course<'a>,
    id: TokenId,
    value: SecretString,
    /// As long as it is held, no other run takes the change up.
    _lock: Lock,
}

/// Mints a token for one command, and waits until Cloudflare takes its value. The token keeps its marked name: nobody is
/// to find it under another.
///
/// # Errors
/// Where this fails, no token is left behind; or the journal knows it, and the error says so
/// ([`Error::Unfinished`]).
pub async fn lend<'a>(desk: &'a Desk, owner: Owner, new: &NewToken) -> Result<Loan<'a>, Error> {
    // A subject of its own: two commands at once do not wait for each other, though their tokens have one name.
    let tag = getrandom::u32().unwrap_or_else(|_| std::process::id());
    let subject = desk.subject(owner, &format!("{} {tag:08x}", new.name));
    let lock = desk.journal.lock(&subject).await?;
    let beginning = Beginning { kind: Kind::Exec, subject, replaces: None, sinks: &[], declared: None, grace: None };
    let mut course = Course::begin(desk, beginning).await?;
    let value = match course.mint(new).await {
        Ok(value) => value,
        Err(error) => return Err(undone(course, error).await),
    };
    if let Err(error) = course.try_out(&value).await {
        return Err(undone(course, error).await);
    }
    let Some(id) = course.progress.minted else { return Err(Error::NothingMinted) };
    Ok(Loan { course, id, value, _lock: lock })
}

impl Loan<'_> {
    /// The token's id.
    #[must_use]
    pub fn id(&self) -> TokenId {
        self.id
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> &SecretString {
        &self.value
    }

    /// What the user should know before the command starts.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.course.remarks
    }

    /// Ends the token, and shows that Cloudflare knows it no more.
    ///
    /// # Errors
    /// [`Error::Unfinished`] where the token may live, or the journal cannot be written; the token is ended even then,
    /// if Cloudflare can be reached.
    pub async fn end(mut self) -> Result<(), Error> {
        let change = self.course.change.id;
        let unfinished = |stopped| Error::Unfinished { change, stopped: Box::new(stopped), left: None };
        if let Err(error) = self.course.end(self.id).await {
            if let Error::Journal(_) = error {
                // A full disk is no reason to let it live.
                end(&self.course.tokens, self.id).await.map_err(|error| unfinished(error.into()))?;
            }
            return Err(unfinished(error));
        }
        self.course.finish().await.map(drop).map_err(unfinished)
    }
}

/// A token with the policies and conditions of another, which ends no later than that one.
///
/// # Errors
/// Where the other may not be used now: then the copy could do what it cannot.
pub fn copied(token: &Token, name: String, until: Timestamp, now: Timestamp) -> Result<NewToken, Error> {
    let begins_later = token.not_before.is_some_and(|begin| begin > now);
    let ended = token.expires_on.is_some_and(|end| end <= now);
    match token.status {
        Status::Disabled => return Err(Error::Disabled(token.id)),
        Status::Active if !begins_later && !ended => {}
        _ => return Err(Error::NotUsable(token.id)),
    }
    Ok(NewToken {
        name,
        policies: token.policies.clone(),
        condition: token.condition.clone(),
        not_before: None,
        expires_on: Some(token.expires_on.map_or(until, |end| end.min(until))),
    })
}

/// The first part of this machine's name, as a part of a token's name: lower-case letters, digits and hyphens.
#[must_use]
pub fn host() -> String {
    const LONGEST: usize = 24;
    let name = rustix::system::uname().nodename().to_string_lossy().to_ascii_lowercase();
    let first = name.split('.').next().unwrap_or_default();
    let plain: String = first.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(LONGEST).collect();
    if plain.is_empty() { "somewhere".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(change: impl FnOnce(&mut Token)) -> Token {
        let document = r#"{"id":"ed17574386854bf78a67040be0a770b0","name":"ci","status":"active","policies":[]}"#;
        let mut token = serde_json::from_str(document).unwrap();
        change(&mut token);
        token
    }

    #[test]
    fn a_copy_can_do_nothing_that_the_token_cannot() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let copy = |token: &Token| copied(token, "exec".to_owned(), at(200), at(100));
        assert_eq!(copy(&token(|_| {})).unwrap().expires_on, Some(at(200)));
        assert_eq!(copy(&token(|token| token.expires_on = Some(at(150)))).unwrap().expires_on, Some(at(150)));
        assert_eq!(copy(&token(|token| token.expires_on = Some(at(250)))).unwrap().expires_on, Some(at(200)));
        assert!(matches!(copy(&token(|token| token.status = Status::Disabled)), Err(Error::Disabled(_))));
        let unusable: [fn(&mut Token); 4] = [
            |token| token.status = Status::Expired,
            |token| token.status = Status::Other("revoked (exposed)".to_owned()),
            |token| token.expires_on = Timestamp::from_second(100).ok(),
            |token| token.not_before = Timestamp::from_second(101).ok(),
        ];
        for change in unusable {
            assert!(matches!(copy(&token(change)), Err(Error::NotUsable(_))));
        }
    }

    #[test]
    fn a_machine_has_a_name_that_a_token_can_have() {
        let host = host();
        assert!((1..=24).contains(&host.len()) && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    }
}
