//! A token turned into bit sets: one set of operations for each resource that its policies name.

use std::collections::HashMap;

use flarekeep_catalogue::{AccountId, Group, Operation, Scope, UserId, ZoneId};
use foldhash::fast::RandomState;

use crate::bits::{Bits, needed};
use crate::condition::IpCondition;
use crate::decision::{Cause, Decision};
use crate::request::Request;
use crate::resource::{BucketKey, Resource};
use crate::token::{Effect, Owner, Status, Token, UnixSeconds};
use crate::validity::Validity;
use crate::walk::before_policies;

/// A token whose policies were merged into bit sets.
#[derive(Debug, Clone)]
pub struct CompiledToken {
    owner: Owner,
    status: Status,
    not_before: Option<UnixSeconds>,
    expires_on: Option<UnixSeconds>,
    ip: IpCondition,
    allow: Side,
    deny: Option<Side>,
    /// Operations for which an accepted group is held where it takes no effect.
    ineffective: Bits,
}

impl Token {
    /// Turns the policies into bit sets, so that a decision costs a few look-ups however many policies there are.
    #[must_use]
    pub fn compile(&self) -> CompiledToken {
        CompiledToken::new(self)
    }
}

impl CompiledToken {
    fn new(token: &Token) -> Self {
        let (mut allow, mut deny, mut ineffective) = (Side::new(), None, Bits::new());
        for policy in &token.policies {
            let side = match policy.effect {
                Effect::Allow => &mut allow,
                Effect::Deny => deny.get_or_insert_with(Side::new),
            };
            for group in policy.known_groups() {
                for resource in &policy.resources {
                    if resource.scope() == group.scope && group.scope != Scope::Unknown {
                        side.add(group, resource);
                    } else if policy.effect == Effect::Allow {
                        ineffective.grant(group);
                    }
                }
            }
        }
        Self {
            owner: token.owner,
            status: token.status,
            not_before: token.not_before,
            expires_on: token.expires_on,
            ip: token.ip.clone(),
            allow,
            deny,
            ineffective,
        }
    }

    /// Decides one call.
    #[must_use]
    pub fn decide(&self, request: &Request) -> Decision {
        self.decide_for(self.owner, request)
    }

    /// The same, if `owner` owned the token.
    pub(crate) fn decide_for(&self, owner: Owner, request: &Request) -> Decision {
        Decision::of(self.barred(request).unwrap_or_else(|| self.judged(owner, request)))
    }

    /// What keeps the token from being used at all, whatever is called: status, time, address.
    #[must_use]
    pub fn barred(&self, request: &Request) -> Option<Cause> {
        let Self { status, not_before, expires_on, .. } = *self;
        Validity { status, not_before, expires_on, ip: &self.ip }.bars(request)
    }

    fn judged(&self, owner: Owner, request: &Request) -> Cause {
        if let Some(cause) = before_policies(owner, request) {
            return cause;
        }
        if self.deny.as_ref().is_some_and(|side| side.withholds(request)) {
            return Cause::Denied;
        }
        if self.allow.grants(request) {
            return Cause::Granted;
        }
        if all_needed(request.operation, |bit| self.allow.anywhere.contains(bit)) {
            Cause::OtherResource
        } else if all_needed(request.operation, |bit| {
            self.allow.anywhere.contains(bit) || self.ineffective.contains(bit)
        }) {
            Cause::WrongScope
        } else {
            Cause::MissingGroup
        }
    }
}

/// What the policies of one effect cover, by resource.
#[derive(Debug, Clone)]
struct Side {
    users: HashMap<UserId, Bits, RandomState>,
    accounts: HashMap<AccountId, Bits, RandomState>,
    all_accounts: Option<Bits>,
    zones: HashMap<ZoneId, Bits, RandomState>,
    zones_of: HashMap<(AccountId, ZoneId), Bits, RandomState>,
    all_zones_of: HashMap<AccountId, Bits, RandomState>,
    all_zones: Option<Bits>,
    buckets: HashMap<BucketKey, Bits, RandomState>,
    all_buckets_of: HashMap<AccountId, Bits, RandomState>,
    /// What is covered at some account or at some zone: these decide a read whose path names none.
    some_place: Bits,
    /// The same without single zones: these decide a call that makes a zone.
    some_wide_place: Bits,
    /// What is covered at any resource of the right kind: it tells a wrong resource from a missing group.
    anywhere: Bits,
}

impl Side {
    fn new() -> Self {
        Self {
            users: HashMap::default(),
            accounts: HashMap::default(),
            all_accounts: None,
            zones: HashMap::default(),
            zones_of: HashMap::default(),
            all_zones_of: HashMap::default(),
            all_zones: None,
            buckets: HashMap::default(),
            all_buckets_of: HashMap::default(),
            some_place: Bits::new(),
            some_wide_place: Bits::new(),
            anywhere: Bits::new(),
        }
    }

    fn add(&mut self, group: &Group, resource: &Resource) {
        self.anywhere.grant(group);
        if matches!(resource.scope(), Scope::Account | Scope::Zone) {
            self.some_place.grant(group);
            if !matches!(resource, Resource::Zone(_) | Resource::ZoneOf(..)) {
                self.some_wide_place.grant(group);
            }
        }
        if let Some(bits) = self.bits_at(resource) {
            bits.grant(group);
        }
    }

    /// The set for a resource; none for those that no known operation names.
    fn bits_at(&mut self, resource: &Resource) -> Option<&mut Bits> {
        Some(match resource {
            Resource::User(user) => self.users.entry(*user).or_insert_with(Bits::new),
            Resource::Account(account) => self.accounts.entry(*account).or_insert_with(Bits::new),
            Resource::AllAccounts => self.all_accounts.get_or_insert_with(Bits::new),
            Resource::Zone(zone) => self.zones.entry(*zone).or_insert_with(Bits::new),
            Resource::ZoneOf(account, zone) => self.zones_of.entry((*account, *zone)).or_insert_with(Bits::new),
            Resource::AllZonesOf(account) => self.all_zones_of.entry(*account).or_insert_with(Bits::new),
            Resource::AllZones => self.all_zones.get_or_insert_with(Bits::new),
            Resource::Bucket(bucket) => self.buckets.entry(bucket.clone()).or_insert_with(Bits::new),
            Resource::AllBucketsOf(account) => self.all_buckets_of.entry(*account).or_insert_with(Bits::new),
            Resource::Other(_) => return None,
        })
    }

    /// Whether allowing policies cover every group that the call needs. A list over all accounts or zones is granted
    /// by one of them: the answer is filtered. What makes a zone is not granted by a zone that is there already.
    fn grants(&self, request: &Request) -> bool {
        let operation = request.operation;
        let elsewhere = if operation.makes_zone() { &self.some_wide_place } else { &self.some_place };
        let anywhere = request.names_no_place();
        all_needed(operation, |bit| self.covers(bit, request) || anywhere && elsewhere.contains(bit))
    }

    /// Whether denying policies cover any group that the call needs. One denied zone does not close the list of zones.
    fn withholds(&self, request: &Request) -> bool {
        needed(request.operation).any(|bit| self.covers(bit, request))
    }

    fn covers(&self, bit: usize, request: &Request) -> bool {
        let holds = |bits: Option<&Bits>| bits.is_some_and(|bits| bits.contains(bit));
        if let Some(zone) = request.zone {
            if holds(self.zones.get(&zone)) {
                return true;
            }
            if let Some(account) = request.account
                && holds(self.zones_of.get(&(account, zone)))
            {
                return true;
            }
        }
        if let Some(account) = request.account
            && (holds(self.accounts.get(&account)) || holds(self.all_zones_of.get(&account)))
        {
            return true;
        }
        if let Some(bucket) = &request.bucket
            && (holds(self.buckets.get(bucket)) || holds(self.all_buckets_of.get(&bucket.account)))
        {
            return true;
        }
        holds(self.all_zones.as_ref())
            || holds(self.all_accounts.as_ref())
            || request.user.is_some_and(|user| holds(self.users.get(&user)))
    }
}

/// Whether `holds` is true of every bit that the operation needs.
fn all_needed(operation: &Operation, holds: impl Fn(usize) -> bool) -> bool {
    needed(operation).all(holds)
}
