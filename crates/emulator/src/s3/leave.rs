//! What let a call in, to be looked at again when it writes: a body may take its time, and the token may be gone when it
//! is whole. What a temporary credential says of itself cannot change; its parent can.

use std::sync::Arc;

use flarekeep_catalogue::TokenId;
use flarekeep_policy::{Cause, Request, UnixSeconds};
use s3s::{S3Error, S3Result};

use super::access::decide;
use super::fault::{access_denied, unauthorized};
use super::visit::{Outcome, Visit};
use crate::emulator::{Inner, Unwritten};
use crate::log::Behind;
use crate::objects::Fault;
use crate::state::State;
use crate::state::tokens::Record;
use crate::why::Grounds;

/// What let a call in.
#[derive(Debug)]
pub(super) struct Leave {
    token: TokenId,
    /// The secret that the call is signed with.
    secret: String,
    /// All that was granted.
    pub(super) requests: Vec<Request>,
}

/// A request that a token no longer grants.
struct Refused {
    /// None where the token is gone, or has another secret.
    by: Option<Arc<Record>>,
    request: Request,
    cause: Option<Cause>,
}

enum Stopped {
    Refused(Box<Refused>),
    Failed(Fault),
}

impl Visit {
    /// Runs a change for the call, if all that let it in still holds.
    ///
    /// # Errors
    /// If it does not, if the change fails, or if the state cannot be written; then nothing was changed.
    pub(super) async fn write<T, C>(&self, emulator: &Arc<Inner>, change: C) -> S3Result<T>
    where
        T: Send + 'static,
        C: FnOnce(&mut State) -> Result<T, Fault> + Send + 'static,
    {
        let (visit, at) = (self.clone(), emulator.now());
        let written = emulator.alter(move |state: &mut State| {
            // Whatever writes has been admitted, so none is for the compiler alone.
            visit.leave().ok_or(Fault::Storage)?.hold(state, at).map_err(Stopped::Refused)?;
            Ok(change(state)?)
        });
        written.await.map_err(|stopped| match stopped {
            Stopped::Failed(fault) => fault.into(),
            Stopped::Refused(refused) => refused.noted(emulator, &mut self.outcome()),
        })
    }
}

impl Leave {
    pub(super) fn of(record: &Record, requests: Vec<Request>) -> Self {
        Self { token: record.stored.id, secret: record.stored.value_hash.clone(), requests }
    }

    fn hold(&self, state: &State, at: UnixSeconds) -> Result<(), Box<Refused>> {
        let record = state.tokens.with_id(self.token).filter(|now| now.stored.value_hash == self.secret);
        for request in &self.requests {
            let request = Request { at, ..request.clone() };
            let cause = record.and_then(|record| decide(record, &request, state));
            if !cause.is_some_and(is_leave) {
                return Err(Box::new(Refused { by: record.cloned(), request, cause }));
            }
        }
        Ok(())
    }
}

impl Refused {
    /// The answer, once the outcome says why.
    fn noted(self, emulator: &Inner, outcome: &mut Outcome) -> S3Error {
        outcome.verdict.allowed = false;
        outcome.verdict.operation = Some(self.request.operation);
        let Some(record) = self.by else {
            outcome.verdict.cause = "unknown-credential";
            (outcome.verdict.grounds, outcome.verdict.why) = (None, None);
            return unauthorized();
        };
        note(emulator, outcome, &record, &self.request, self.cause).err().unwrap_or_else(access_denied)
    }
}

/// Notes a decision, and gives the answer to what it refuses.
pub(super) fn note(
    emulator: &Inner,
    outcome: &mut Outcome,
    record: &Arc<Record>,
    request: &Request,
    cause: Option<Cause>,
) -> S3Result<()> {
    outcome.verdict.operation = Some(request.operation);
    outcome.verdict.cause = cause.map_or("not-a-member", Cause::word);
    if emulator.is_listened_to() {
        outcome.verdict.grounds = Some(Behind::token(record, request));
    }
    if emulator.options.explain {
        let why = Grounds::of(record, request);
        outcome.verdict.why = Some(if cause.is_none() { why.without_remedy() } else { why });
    }
    match cause {
        Some(cause) if is_leave(cause) => Ok(()),
        Some(Cause::RevokedExposed | Cause::Disabled | Cause::Expired | Cause::NotYetValid) => Err(unauthorized()),
        _ => Err(access_denied()),
    }
}

fn is_leave(cause: Cause) -> bool {
    matches!(cause, Cause::Granted | Cause::AnyToken)
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<Unwritten> for Stopped {
    fn from(unwritten: Unwritten) -> Self {
        Self::Failed(unwritten.into())
    }
}
