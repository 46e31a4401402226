//! What a caller may put into a token: nothing that the token's owner does not reach, and nothing above the ceiling.

use flarekeep_catalogue::Group;
use flarekeep_policy::{Effect, Owner, Resource};

use crate::authorisation::holds;
use crate::http::{ApiError, Call, Caller};
use crate::options::{Ceiling, Regrant};
use crate::state::tokens::{Record, StoredPolicy};
use crate::world::World;

/// Refuses policies that reach further than they may. One group is enough to refuse the whole token.
pub(super) fn check(call: &Call, owner: Owner, policies: &[StoredPolicy], world: &World) -> Result<(), ApiError> {
    for stored in policies {
        let policy = stored.policy();
        for group in policy.known_groups() {
            for resource in &policy.resources {
                let granted = policy.effect == Effect::Allow;
                let member = || {
                    let user = call.caller.user().filter(|_| call.options.ceiling != Ceiling::Off);
                    user.is_none_or(|user| world.may_grant(user, group, resource))
                };
                if !reaches(owner, resource, world)
                    || granted && !member()
                    || granted && !may_grant(call, group, resource, world)
                {
                    return Err(failed(group));
                }
            }
        }
    }
    Ok(())
}

/// Whether the caller may grant a group at some resource. The check that counts is made when a token is created.
pub(crate) fn may_grant_somewhere(call: &Call, group: &Group, world: &World) -> bool {
    if let Some(user) = call.caller.user().and_then(|id| world.user(id)) {
        let mut accounts = user.accounts.iter().filter(|account| call.account.is_none_or(|only| only == **account));
        if call.options.ceiling != Ceiling::Off && !accounts.any(|account| world.holds(user.id, *account, group)) {
            return false;
        }
    }
    let Caller::Token(record) = &call.caller else { return true };
    if call.options.regrant == Regrant::Refuse && mints(group) {
        return false;
    }
    match call.options.ceiling {
        Ceiling::Off => true,
        Ceiling::Observed => !is_account_tokens_write(group) || holds_anywhere(record, group),
        Ceiling::Strict => holds_anywhere(record, group),
    }
}

/// Whether a resource is the owner's own, or one that the owner reaches.
fn reaches(owner: Owner, resource: &Resource, world: &World) -> bool {
    let owned = |account| match owner {
        Owner::User(user) => world.is_member(user, account),
        Owner::Account(own) => own == account,
    };
    match resource {
        Resource::User(user) => owner == Owner::User(*user),
        Resource::AllAccounts => matches!(owner, Owner::User(_)),
        Resource::Account(account) | Resource::AllZonesOf(account) | Resource::AllBucketsOf(account) => owned(*account),
        Resource::Zone(zone) => world.zone(*zone).is_some_and(|zone| owned(zone.account)),
        Resource::ZoneOf(account, zone) => {
            owned(*account) && world.zone(*zone).is_some_and(|zone| zone.account == *account)
        }
        Resource::Bucket(bucket) => owned(bucket.account),
        // All zones are those that the owner reaches; keys of an unknown kind grant nothing.
        Resource::AllZones | Resource::Other(_) => true,
    }
}

fn may_grant(call: &Call, group: &Group, resource: &Resource, world: &World) -> bool {
    let Caller::Token(record) = &call.caller else { return true };
    if call.options.regrant == Regrant::Refuse && mints(group) {
        return false;
    }
    let held = || {
        let mut allowing = record.token.policies.iter().filter(|policy| policy.effect == Effect::Allow);
        allowing.any(|policy| holds(policy, group.index, resource, world))
    };
    match call.options.ceiling {
        Ceiling::Off => true,
        Ceiling::Strict => held(),
        Ceiling::Observed if is_account_tokens_write(group) => held(),
        Ceiling::Observed => {
            let single_zone = matches!(resource, Resource::Zone(_) | Resource::ZoneOf(..));
            !(single_zone && matches!(record.stored.owner, Owner::Account(_))) || held()
        }
    }
}

fn holds_anywhere(record: &Record, group: &Group) -> bool {
    let allowing = record.token.policies.iter().filter(|policy| policy.effect == Effect::Allow);
    allowing.flat_map(flarekeep_policy::Policy::known_groups).any(|held| held == group)
}

/// A skipped test of Cloudflare's Terraform provider shows that it must be held in order to be granted.
fn is_account_tokens_write(group: &Group) -> bool {
    group.name == "Account API Tokens Write"
}

/// Whether a token with the group may mint tokens.
fn mints(group: &Group) -> bool {
    is_account_tokens_write(group) || group.name == "API Tokens Write"
}

fn failed(group: &Group) -> ApiError {
    let name = group.name;
    let message = format!("Failed common permission check against resources. (Permission group: \"{name}\")");
    ApiError::new(400, 1001, message)
}
