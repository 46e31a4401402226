//! Making a token without losing it.

use flarekeep_cloudflare::{self as api, NewToken, Owner, Status, Token};
use flarekeep_planner::canonical;
use jiff::Timestamp;

use crate::course::{Beginning, Course, spelled};
use crate::desk::Desk;
use crate::error::Error;
use crate::grace::Manner;
use crate::journal::{Declared, End, Kind, Subject};
use crate::resume::{Done, settle_earlier, walk};
use crate::sink::{Sink, prove_all};
use crate::translate::policy_from_wire;

/// A token to be made.
#[derive(Debug, Clone)]
pub struct Creation {
    /// Who is to own it.
    pub owner: Owner,
    /// What it is to be.
    pub token: NewToken,
    /// The declaration that asks for it.
    pub declared: Option<Declared>,
}

/// A token that was made and whose value was delivered.
#[derive(Debug, Clone)]
pub struct Created {
    /// The token.
    pub token: Token,
    /// Whether it is one that an earlier run had begun to make.
    pub taken_up: bool,
    /// Remarks: an answer that was lost and mended, a value that could not be tried from here.
    pub remarks: Vec<String>,
}

/// Makes a token and delivers its value to every sink. A run that was killed while it made this token is taken up first:
/// where it can be finished, its token is the answer.
///
/// # Errors
/// [`Error::Held`] where a living token of this name has its value in one of the sinks. Where this fails, no token is left
/// behind; or the journal knows it, and the error says so ([`Error::Unfinished`]).
pub async fn create(desk: &Desk, creation: &Creation, sinks: &[Sink]) -> Result<Created, Error> {
    create_since(desk, creation, sinks, None).await
}

/// The same for a token of which there was none when it was `asked` for: of several runs at once that find none, one
/// makes it, and the others take it.
///
/// # Errors
/// As [`create`]; [`Error::Changed`] where what another run made meanwhile is another token, or went elsewhere.
pub async fn create_since(
    desk: &Desk,
    creation: &Creation,
    sinks: &[Sink],
    asked: Option<Timestamp>,
) -> Result<Created, Error> {
    let proved = prove_all(sinks)?;
    let subject = desk.subject(creation.owner, &creation.token.name);
    let _lock = desk.journal.lock(&subject).await?;
    let earlier = settle_earlier(desk, &subject, Kind::Create, sinks, Manner::default()).await?;
    if let Some(earlier) = earlier.filter(|earlier| earlier.same_sinks) {
        let token = desk.manager.tokens(creation.owner).get(earlier.id).await?;
        if is_as_asked(&token, &creation.token)? {
            return Ok(Created { token, taken_up: true, remarks: earlier.remarks });
        }
    }
    if let Some((token, sinks_then)) = made_since(desk, &subject, asked).await? {
        if sinks_then != spelled(sinks) || !is_as_asked(&token, &creation.token)? {
            return Err(Error::Changed(token.id));
        }
        return Ok(Created { token, taken_up: true, remarks: Vec::new() });
    }
    refuse_to_overwrite(desk, &subject, sinks).await?;
    let declared = creation.declared.clone();
    let beginning = Beginning { kind: Kind::Create, subject, replaces: None, sinks, declared, grace: None };
    let mut course = Course::begin(desk, beginning).await?;
    let value = match course.mint(&creation.token).await {
        Ok(value) => value,
        Err(error) => return Err(undone(course, error).await),
    };
    let Done { token, remarks, .. } = walk(course, &value, proved, Manner::default()).await?.done()?;
    Ok(Created { token, taken_up: false, remarks })
}

/// The living token that another run made under this name since `asked`, and where its value went. The caller holds the
/// subject's lock.
async fn made_since(
    desk: &Desk,
    subject: &Subject,
    asked: Option<Timestamp>,
) -> Result<Option<(Token, Vec<String>)>, Error> {
    let Some(asked) = asked else { return Ok(None) };
    let Some((entry, at)) = desk.journal.last_finished(subject).await? else { return Ok(None) };
    let progress = entry.progress();
    let makes = matches!(entry.change.kind, Kind::Create | Kind::Rotate) && progress.end == Some(End::Done);
    let Some(id) = progress.minted.filter(|_| makes && at >= asked) else { return Ok(None) };
    match desk.manager.tokens(subject.owner).get(id).await {
        Ok(token) => Ok(Some((token, entry.change.sinks))),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Refuses to put a value in the place of one that the journal knows, where that one's token lives under this name: it
/// would live on, and nobody would have its value. What the journal knows of a token that is gone is forgotten.
async fn refuse_to_overwrite(desk: &Desk, subject: &Subject, sinks: &[Sink]) -> Result<(), Error> {
    let holdings = desk.journal.holdings().await?;
    let Some(held) = holdings.into_iter().find(|holding| holding.subject == *subject) else { return Ok(()) };
    let token = match desk.manager.tokens(subject.owner).get(held.id).await {
        Ok(token) => token,
        Err(error) if error.status() == Some(404) => return Ok(desk.journal.forget(subject).await?),
        Err(error) => return Err(error.into()),
    };
    let may_be_used = matches!(token.status, Status::Active | Status::Disabled)
        && token.expires_on.is_none_or(|end| end > Timestamp::now());
    if !may_be_used || token.name != subject.name {
        return Ok(());
    }
    let parsed: Vec<Sink> = held.sinks.iter().filter_map(|spelling| spelling.parse().ok()).collect();
    // What was printed is not lost by printing something else.
    let keeps = |sink: &&Sink| **sink != Sink::Stdout && parsed.iter().any(|other| sink.is_in_the_way_of(other));
    match sinks.iter().find(keeps) {
        Some(sink) => Err(Error::Held { id: held.id, name: token.name, sink: sink.to_string() }),
        None => Ok(()),
    }
}

/// Whether a token grants what was asked for, from where it was asked for. When it ends is no matter: an age that is
/// asked for counts from each run anew.
pub(crate) fn is_as_asked(token: &Token, asked: &NewToken) -> Result<bool, Error> {
    let read = |policies: &[api::Policy]| {
        Ok::<_, Error>(canonical(&policies.iter().map(policy_from_wire).collect::<Result<Vec<_>, _>>()?))
    };
    let addresses =
        |condition: &Option<api::Condition>| condition.as_ref().and_then(|condition| condition.request_ip.clone());
    let same_place = addresses(&token.condition) == addresses(&asked.condition);
    Ok(same_place && read(&token.policies)? == read(&asked.policies)?)
}

/// Undoes a change that came to nothing, and gives the error that stopped it; or the one that says what is left.
pub(crate) async fn undone(mut course: Course<'_>, error: Error) -> Error {
    match course.undo().await {
        Ok(()) => {
            debug_assert_eq!(course.progress.end, Some(End::Undone));
            error
        }
        Err(left) => {
            Error::Unfinished { change: course.change.id, stopped: Box::new(error), left: Some(Box::new(left)) }
        }
    }
}
