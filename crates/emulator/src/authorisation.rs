//! Whether the caller may make the call: the policy engine's decision, within what the token's owner reaches.

use std::net::IpAddr;

use flarekeep_catalogue::{AccountId, Method, Operation, ZoneId};
use flarekeep_policy::{Cause, Effect, Owner, Policy, Request, Resource, UnixSeconds};

use crate::authentication::Denial;
use crate::http::{Call, Caller};
use crate::options::{Options, Unlabelled, ZoneList};
use crate::refusal;
use crate::state::State;
use crate::state::tokens::Record;
use crate::world::{World, Zone};

/// The call as the policy engine sees it.
pub(crate) fn request(
    operation: &'static Operation,
    caller: &Caller,
    place: (Option<AccountId>, Option<ZoneId>),
    ip: Option<IpAddr>,
    at: UnixSeconds,
) -> Request {
    Request { operation, user: caller.user(), account: place.0, zone: place.1, bucket: None, ip, at }
}

/// Allows a call, with its cause in one word, or refuses it.
pub(crate) fn authorise(
    caller: &Caller,
    request: &Request,
    world: &World,
    options: &Options,
) -> Result<&'static str, Denial> {
    let operation = request.operation;
    match caller {
        Caller::Key(_) => match outside(caller, request, world) {
            Some(cause) => Err(Denial { cause, error: refusal::unauthorised(operation, options) }),
            None => Ok("global-key"),
        },
        Caller::Token(record) if refusal::is_verify(operation) => verifies(record, request, options),
        Caller::Token(record) => {
            let cause = token(record, request, options)?;
            match outside(caller, request, world) {
                Some(cause) => Err(Denial { cause, error: refusal::unauthorised(operation, options) }),
                None => Ok(cause),
            }
        }
    }
}

/// Whether a decision hangs on what the token grants alone: it was allowed, or more groups would allow it.
pub(crate) fn is_mended_by_groups(caller: &Caller, request: &Request, state: &State, denial: Option<&Denial>) -> bool {
    let lacking = [Cause::MissingGroup, Cause::OtherResource, Cause::WrongScope].map(Cause::word);
    denial.is_none_or(|denial| lacking.contains(&denial.cause) && outside(caller, request, &state.world).is_none())
}

/// Whether the caller sees a zone in a list: where a policy grants it an operation that lists, at that zone.
pub(crate) fn lists_zone(call: &Call, world: &World, zone: &Zone) -> bool {
    let reaches = |user| world.is_member(user, zone.account) && world.permits(user, zone.account, call.operation);
    let record = match &call.caller {
        Caller::Key(user) => return reaches(*user),
        Caller::Token(record) => record,
    };
    let reached = match record.stored.owner {
        Owner::User(user) => reaches(user),
        Owner::Account(account) => account == zone.account,
    };
    let covering = |effect| {
        record.effective(call.at).token.policies.iter().any(|policy| {
            policy.effect == effect
                && policy.known_groups().any(|group| {
                    let at = |resource: &Resource| resource.scope() == group.scope && is_at(resource, zone);
                    call.operation.accepts_group(group) && policy.resources.iter().any(at)
                })
        })
    };
    reached && covering(Effect::Allow) && !covering(Effect::Deny)
}

/// Whether the caller sees an account in a list: where it may read the account's details.
pub(crate) fn lists_account(call: &Call, world: &World, account: AccountId, details: &'static Operation) -> bool {
    let request = request(details, &call.caller, (Some(account), None), call.ip, call.at);
    let granted = match &call.caller {
        Caller::Key(_) => true,
        Caller::Token(record) => record.effective(call.at).compiled.decide(&request).allow,
    };
    granted && outside(&call.caller, &request, world).is_none()
}

/// Whether a policy holds the group with this index at a resource that covers `wanted`.
pub(crate) fn holds(policy: &Policy, group: u16, wanted: &Resource, world: &World) -> bool {
    policy.known_groups().any(|held| held.index == group)
        && policy.resources.iter().any(|resource| includes(resource, wanted, world))
}

fn token(record: &Record, request: &Request, options: &Options) -> Result<&'static str, Denial> {
    let operation = request.operation;
    if let Owner::Account(owner) = record.stored.owner {
        if let Some(error) = refusal::closed_to_account_tokens(operation, options) {
            return Err(Denial { cause: "closed-to-account-tokens", error });
        }
        if request.account.is_some_and(|account| account != owner) {
            let error = refusal::unauthorised(operation, options);
            return Err(Denial { cause: Cause::OutsideOwner.word(), error });
        }
    }
    let decision = record.effective(request.at).compiled.decide(request);
    let cause = decision.cause.word();
    let lists_zones = operation.method == Method::Get && operation.path() == "/zones";
    let empty_list = lists_zones && options.zones_without_zone_read == ZoneList::Empty;
    match decision.cause {
        _ if decision.allow || empty_list => Ok(cause),
        Cause::Unlabelled if options.unlabelled == Unlabelled::AllowAuthorised => Ok(cause),
        Cause::Unlabelled => Err(Denial { cause, error: refusal::unlabelled(operation, options) }),
        _ => Err(Denial { cause, error: refusal::unauthorised(operation, options) }),
    }
}

/// Verify answers the tokens of its own user or account alone.
fn verifies(record: &Record, request: &Request, options: &Options) -> Result<&'static str, Denial> {
    let own = match (record.stored.owner, request.account) {
        (Owner::User(_), None) => true,
        (Owner::Account(owner), Some(account)) => owner == account,
        _ => false,
    };
    let denial = || Denial { cause: "wrong-verify", error: refusal::invalid_api_token(options) };
    own.then_some(Cause::AnyToken.word()).ok_or_else(denial)
}

/// Whether the path names an account of the world that the calling user is no member of. A token reaches no further
/// than its user, whatever its wildcards say.
fn is_stranger(caller: &Caller, request: &Request, world: &World) -> bool {
    let (Some(user), Some(account)) = (caller.user(), request.account) else { return false };
    world.account(account).is_some() && !world.is_member(user, account)
}

/// What keeps the calling user from the place: it is no member of the account, or its roles there do not reach so far.
fn outside(caller: &Caller, request: &Request, world: &World) -> Option<&'static str> {
    if is_stranger(caller, request, world) {
        return Some("not-a-member");
    }
    let (user, account) = (caller.user()?, request.account.filter(|id| world.account(*id).is_some())?);
    (!world.permits(user, account, request.operation)).then_some("role")
}

/// Whether a resource is the zone, or its account, or a wildcard over either.
fn is_at(resource: &Resource, zone: &Zone) -> bool {
    match resource {
        Resource::Zone(id) => *id == zone.id,
        Resource::ZoneOf(account, id) => *id == zone.id && *account == zone.account,
        Resource::Account(account) | Resource::AllZonesOf(account) => *account == zone.account,
        Resource::AllAccounts | Resource::AllZones => true,
        _ => false,
    }
}

/// Whether all that `wanted` names is named by `resource`.
fn includes(resource: &Resource, wanted: &Resource, world: &World) -> bool {
    if resource == wanted {
        return true;
    }
    match (resource, wanted) {
        (Resource::AllAccounts, Resource::Account(_)) => true,
        (Resource::AllZones, Resource::Zone(_) | Resource::ZoneOf(..) | Resource::AllZonesOf(_)) => true,
        (Resource::AllZonesOf(account), Resource::ZoneOf(of, _)) => account == of,
        (Resource::AllZonesOf(_) | Resource::ZoneOf(..), Resource::Zone(id)) => {
            world.zone(*id).is_some_and(|zone| is_at(resource, zone))
        }
        (Resource::Zone(id), Resource::ZoneOf(_, of)) => id == of,
        (Resource::AllBucketsOf(account), Resource::Bucket(bucket)) => *account == bucket.account,
        _ => false,
    }
}
