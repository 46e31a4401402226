//! What admitted a caller, to be looked at again: a body may take its time, and what let the caller in may be gone when
//! it is whole.

use std::net::IpAddr;

use flarekeep_catalogue::{AccountId, Operation, ZoneId};
use flarekeep_policy::{Request, UnixSeconds};

use super::call::Caller;
use super::error::ApiError;
use crate::authentication::{self, Denial};
use crate::authorisation;
use crate::emulator::Unwritten;
use crate::options::Options;
use crate::products::graphql;
use crate::refusal;
use crate::state::State;
use crate::upload_ticket::Kind;

/// What admitted a caller.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    pub(super) caller: Caller,
    /// The operation that must be granted: the one that is called, or the one that gave a ticket.
    pub(super) operation: &'static Operation,
    /// The account in the path, or the ticket's.
    pub(super) account: Option<AccountId>,
    /// The zone in the path.
    pub(super) zone: Option<ZoneId>,
    pub(super) ip: Option<IpAddr>,
    /// The kind of ticket that was shown.
    pub(super) ticket: Option<Kind>,
}

/// A pass that still holds.
pub(super) struct Held {
    /// With the credential as it is now.
    pub(super) caller: Caller,
    /// The account, or the one that owns the zone.
    pub(super) account: Option<AccountId>,
    /// Whether the world holds the account and the zone.
    pub(super) exists: bool,
}

/// Why a write was not done, or failed.
pub(super) enum Stopped {
    Denied(Denial),
    Failed(ApiError),
}

impl Pass {
    /// Decides again, in the order of the first time; calls are not counted twice. What a GraphQL query needs is decided
    /// elsewhere.
    pub(super) fn hold(&self, state: &State, at: UnixSeconds, options: &Options) -> Result<Held, Denial> {
        let caller = self.present(state, options)?;
        let zone = self.zone.and_then(|id| state.world.zone(id));
        let account = self.account.or(zone.map(|zone| zone.account));
        let request = self.request(&caller, account, at);
        authentication::usable(&caller, &request, options)?;
        if !graphql::is_graphql(self.operation) {
            authorisation::authorise(&caller, &request, &state.world, options)?;
        }
        let exists =
            (self.zone.is_none() || zone.is_some()) && self.account.is_none_or(|id| state.world.account(id).is_some());
        Ok(Held { caller, account, exists })
    }

    /// The call as the policy engine sees it.
    pub(super) fn request(&self, caller: &Caller, account: Option<AccountId>, at: UnixSeconds) -> Request {
        authorisation::request(self.operation, caller, (account, self.zone), self.ip, at)
    }

    /// The caller as the state has it now, if the secret that was shown is still its own.
    fn present(&self, state: &State, options: &Options) -> Result<Caller, Denial> {
        let found = match &self.caller {
            Caller::Key(user) => state.world.user(*user).map(|user| Caller::Key(user.id)),
            Caller::Token(shown) => {
                let record = state.tokens.with_id(shown.stored.id);
                record.filter(|now| now.stored.value_hash == shown.stored.value_hash).cloned().map(Caller::Token)
            }
        };
        found.ok_or_else(|| {
            let error = self.ticket.map_or_else(|| refusal::unknown_token(self.operation, options), Kind::refusal);
            Denial { cause: "unknown-credential", error }
        })
    }
}

impl From<Unwritten> for Stopped {
    fn from(unwritten: Unwritten) -> Self {
        Self::Failed(unwritten.into())
    }
}

impl From<ApiError> for Stopped {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}
