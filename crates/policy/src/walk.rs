//! One decision by a walk over the policies: for a token that is asked once. [`Token::compile`] costs more than a walk,
//! and pays from the second question on.

use flarekeep_catalogue::{Group, Rule, Scope};

use crate::decision::{Cause, Decision};
use crate::request::Request;
use crate::resource::Resource;
use crate::token::{Effect, Owner, Token};

impl Token {
    /// Decides one call, as [`crate::CompiledToken::decide`] does.
    #[must_use]
    pub fn decide(&self, request: &Request) -> Decision {
        self.decide_for(self.owner, request)
    }

    /// The same, if `owner` owned the token.
    pub(crate) fn decide_for(&self, owner: Owner, request: &Request) -> Decision {
        Decision::of(self.barred(request).unwrap_or_else(|| self.judged(owner, request)))
    }

    fn judged(&self, owner: Owner, request: &Request) -> Cause {
        let operation = request.operation;
        if let Some(cause) = before_policies(owner, request) {
            return cause;
        }
        let any = |group: &Group| operation.accepts_group(group);
        let standing = match operation.rule {
            Rule::AllOf => {
                if self.standing(request, any).is_none() {
                    return Cause::Denied;
                }
                let each = operation.accepts().filter_map(|needed| self.standing(request, |group| group == needed));
                each.min()
            }
            _ => self.standing(request, any),
        };
        match standing {
            None => Cause::Denied,
            Some(Standing::Covering) => Cause::Granted,
            Some(Standing::Elsewhere) => Cause::OtherResource,
            Some(Standing::Ineffective) => Cause::WrongScope,
            Some(Standing::NotHeld) => Cause::MissingGroup,
        }
    }

    /// How well any of the groups that count is held; `None` where a policy withholds one of them here.
    fn standing(&self, request: &Request, counts: impl Fn(&Group) -> bool) -> Option<Standing> {
        let mut best = Standing::NotHeld;
        for policy in &self.policies {
            for group in policy.known_groups().filter(|group| counts(group)) {
                for resource in &policy.resources {
                    let effective = resource.scope() == group.scope && group.scope != Scope::Unknown;
                    let covers = effective && covers(resource, request, policy.effect);
                    match policy.effect {
                        Effect::Deny if covers => return None,
                        Effect::Deny => {}
                        Effect::Allow if covers => best = Standing::Covering,
                        Effect::Allow if effective => best = best.max(Standing::Elsewhere),
                        Effect::Allow => best = best.max(Standing::Ineffective),
                    }
                }
            }
        }
        Some(best)
    }
}

/// How well a group is held, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    NotHeld,
    /// At a resource where it takes no effect.
    Ineffective,
    /// At another resource of the right kind.
    Elsewhere,
    Covering,
}

/// What decides a call before any policy is looked at.
pub(crate) fn before_policies(owner: Owner, request: &Request) -> Option<Cause> {
    match request.operation.rule {
        Rule::AnyToken => return Some(Cause::AnyToken),
        Rule::Unlabelled => return Some(Cause::Unlabelled),
        Rule::AnyOf | Rule::AllOf => {}
    }
    match (owner, request.account) {
        (Owner::Account(owner), Some(account)) if account != owner => Some(Cause::OutsideOwner),
        _ => None,
    }
}

/// Whether a resource of the right scope is the one that the call names.
pub(crate) fn covers(resource: &Resource, request: &Request, effect: Effect) -> bool {
    let named = match resource {
        Resource::User(user) => request.user == Some(*user),
        Resource::Account(account) | Resource::AllZonesOf(account) => request.account == Some(*account),
        Resource::Zone(zone) => request.zone == Some(*zone),
        Resource::ZoneOf(account, zone) => request.account == Some(*account) && request.zone == Some(*zone),
        Resource::AllAccounts | Resource::AllZones => true,
        Resource::Bucket(bucket) => request.bucket.as_ref() == Some(bucket),
        Resource::AllBucketsOf(account) => request.bucket.as_ref().is_some_and(|bucket| bucket.account == *account),
        Resource::Other(_) => false,
    };
    if named || effect == Effect::Deny {
        return named;
    }
    // A list over all accounts or zones is granted by one of them: the answer is filtered.
    let single_zone = matches!(resource, Resource::Zone(_) | Resource::ZoneOf(..));
    let counts =
        matches!(resource.scope(), Scope::Account | Scope::Zone) && !(single_zone && request.operation.makes_zone());
    counts && request.names_no_place()
}
