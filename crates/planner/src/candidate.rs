//! Candidates: the grants that would meet a need, each at the narrowest resource.

use std::cmp::Ordering;
use std::fmt;

use flarekeep_catalogue::{AccountId, Group, Rule, Scope};
use flarekeep_policy::{BucketKey, Owner, Resource};

use crate::need::Need;
use crate::options::Options;

/// A permission group at a resource. They are ordered by resource (users, accounts, zones), then by the group's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The group.
    pub group: &'static Group,
    /// The resource, of the group's own scope.
    pub resource: Resource,
}

impl Ord for Choice {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |choice: &Self| (choice.group.name, choice.group.index);
        self.resource.cmp(&other.resource).then_with(|| key(self).cmp(&key(other)))
    }
}

impl PartialOrd for Choice {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.group.name, self.resource)
    }
}

/// Why no grant meets a need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Impossibility {
    /// The need lies in another account than the one that owns the token.
    #[error("it lies outside the account that owns the token")]
    OutsideOwner,
    /// The need is called on a zone, and none is named.
    #[error("it names no zone: give --zone")]
    NoZone,
    /// The need, or every group that meets it, is of an account, and none is named.
    #[error("the account is not known: give --account")]
    NoAccount,
    /// The need, or every group that meets it, is of a bucket, and none is named.
    #[error("it names no bucket: give --bucket")]
    NoBucket,
    /// The product takes no token that an account owns.
    #[error("it takes no token that an account owns, as far as is known: make a user's token")]
    NoAccountTokens,
    /// Groups of the user alone meet the need.
    #[error("only groups of a user meet it, which an account's token cannot hold: make a user's token")]
    UserGroups,
    /// Where the groups that meet the need take effect is not known.
    #[error("it is not known where the groups that it accepts take effect")]
    NoPlace,
}

impl Impossibility {
    /// Every reason.
    pub(crate) const ALL: [Self; 7] = [
        Self::OutsideOwner,
        Self::NoZone,
        Self::NoAccount,
        Self::NoBucket,
        Self::NoAccountTokens,
        Self::UserGroups,
        Self::NoPlace,
    ];
}

/// The grants of which one meets the need; of which all are needed, where the operation says so ([`Rule::AllOf`]).
/// Empty where the operation needs none or accepts none that is known.
///
/// Each accepted group stands at the narrowest resource of its own scope that covers the call: a zone group at the
/// zone; a bucket group at the bucket; an account group at the account, or at the one that owns the zone or the bucket;
/// a user group at the user. A list such as
/// `GET /zones` is covered at the zone that must be in it; what makes a zone, at all zones of the account.
pub fn candidates(need: &Need, options: &Options) -> Result<Vec<Choice>, Impossibility> {
    let operation = need.operation;
    if matches!(operation.rule, Rule::AnyToken | Rule::Unlabelled) {
        return Ok(Vec::new());
    }
    let place = Place::of(need, options.owner)?;
    let of_users = operation.accepts().all(|group| group.scope == Scope::User);
    if need.is_closed_to(options.owner) && !of_users {
        return Err(Impossibility::NoAccountTokens);
    }
    let mut choices = Vec::new();
    let mut obstacle = None;
    for group in operation.accepts() {
        match place.narrowest(group.scope) {
            Ok(resource) => choices.push(Choice { group, resource }),
            Err(reason) => {
                obstacle.get_or_insert(reason);
            }
        }
    }
    match obstacle {
        Some(reason) if operation.rule == Rule::AllOf || choices.is_empty() => return Err(reason),
        _ => {}
    }
    let published = |choice: &Choice| choice.group.id.is_some();
    if operation.rule == Rule::AnyOf && options.prefer_published && choices.iter().any(published) {
        choices.retain(published);
    }
    choices.sort();
    Ok(choices)
}

/// The resources at which a group that the need accepts covers it; a group takes effect at those of its own scope.
pub(crate) fn covering(need: &Need, owner: Owner) -> Vec<Resource> {
    let Ok(place) = Place::of(need, owner) else { return Vec::new() };
    let user = match owner {
        Owner::User(user) => Some(Resource::User(user)),
        Owner::Account(_) => None,
    };
    let zone = match place.zone {
        Zone::One(zone) => Some(zone),
        Zone::Every | Zone::Missing => None,
    };
    let accounts = place.account.map(|account| [Resource::Account(account), Resource::AllZonesOf(account)]);
    user.into_iter()
        .chain(accounts.into_iter().flatten())
        .chain(zone)
        .chain(place.bucket.map(Resource::Bucket))
        .collect()
}

/// Whether a group that the need accepts covers it at this resource.
pub(crate) fn covers(resource: &Resource, need: &Need, owner: Owner) -> bool {
    covering(need, owner).contains(resource)
}

/// Where the groups that meet a need can stand.
struct Place {
    owner: Owner,
    account: Option<AccountId>,
    zone: Zone,
    bucket: Option<BucketKey>,
}

/// Where zone groups can stand.
#[derive(PartialEq)]
enum Zone {
    One(Resource),
    /// Every zone of the account.
    Every,
    Missing,
}

impl Place {
    fn of(need: &Need, owner: Owner) -> Result<Self, Impossibility> {
        let (operation, target) = (need.operation, &need.resource);
        let listed = !operation.names_account() && !operation.names_zone() && !operation.names_bucket();
        let account = match owner {
            Owner::Account(owner) if target.account.is_some_and(|account| account != owner) => {
                return Err(Impossibility::OutsideOwner);
            }
            Owner::Account(owner) if listed => Some(owner),
            _ => target.account,
        };
        let zone = match target.zone {
            Some(zone) if !operation.names_account() && !operation.makes_zone() => Zone::One(Resource::Zone(zone)),
            None if target.every_zone => Zone::Every,
            None if operation.names_zone() || listed && account.is_none() && !operation.makes_zone() => Zone::Missing,
            _ => Zone::Every,
        };
        Ok(Self { owner, account, zone, bucket: target.bucket.clone() })
    }

    fn narrowest(&self, scope: Scope) -> Result<Resource, Impossibility> {
        match (scope, &self.zone) {
            (Scope::User, _) => match self.owner {
                Owner::User(user) => Ok(Resource::User(user)),
                Owner::Account(_) => Err(Impossibility::UserGroups),
            },
            (Scope::Account, _) => self.account.map(Resource::Account).ok_or(Impossibility::NoAccount),
            (Scope::Zone, Zone::One(zone)) => Ok(zone.clone()),
            (Scope::Zone, Zone::Every) => self.account.map(Resource::AllZonesOf).ok_or(Impossibility::NoAccount),
            (Scope::Zone, Zone::Missing) => Err(Impossibility::NoZone),
            (Scope::Bucket, _) => self.bucket.clone().map(Resource::Bucket).ok_or(Impossibility::NoBucket),
            (Scope::FlagshipApp | Scope::Unknown, _) => Err(Impossibility::NoPlace),
        }
    }
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::{UserId, ZoneId, operation};

    use super::*;
    use crate::need::Target;

    const ACCOUNT: AccountId = AccountId::from_u128(0xa1);
    const ZONE: ZoneId = ZoneId::from_u128(0x21);
    const USER: Owner = Owner::User(UserId::from_u128(0x41));

    fn found(owner: Owner, text: &str, account: Option<AccountId>, zone: Option<ZoneId>) -> Vec<String> {
        let resource = Target { account, zone, ..Target::default() };
        let need = Need { operation: operation(text).unwrap(), resource, why: String::new(), origin: String::new() };
        match candidates(&need, &Options::new(owner)) {
            Ok(choices) => {
                choices.iter().map(|choice| format!("{}@{}", choice.group.name, choice.resource.keys().0)).collect()
            }
            Err(reason) => vec![reason.to_string()],
        }
    }

    #[test]
    fn groups_stand_at_the_narrowest_resource_of_their_own_scope() {
        let (account, zone) = (Resource::Account(ACCOUNT).keys().0, Resource::Zone(ZONE).keys().0);
        let both = [format!("Account API Gateway@{account}"), format!("Domain API Gateway@{zone}")];
        let settings = "POST /zones/{zone_id}/token_validation/rules";
        assert_eq!(found(USER, settings, Some(ACCOUNT), Some(ZONE)), both);
        // Where the zone's owner is not known, the account's group cannot be placed.
        assert_eq!(found(USER, settings, None, Some(ZONE)), both[1..]);
        assert_eq!(found(USER, "GET /zones", Some(ACCOUNT), Some(ZONE)), [format!("Zone Read@{zone}")]);
        // A nested resource is below its account.
        assert_eq!(found(USER, "GET /zones", Some(ACCOUNT), None), [format!("Zone Read@{account}")]);
        assert_eq!(found(Owner::Account(ACCOUNT), "GET /zones", None, None), [format!("Zone Read@{account}")]);
    }

    #[test]
    fn what_is_missing_is_said() {
        let one = |owner, text| found(owner, text, None, None).pop().unwrap();
        assert_eq!(one(USER, "GET /zones"), "it names no zone: give --zone");
        assert_eq!(one(USER, "GET /zones/{zone_id}/dns_records"), "it names no zone: give --zone");
        assert_eq!(one(USER, "POST /zones"), "the account is not known: give --account");
        assert_eq!(one(USER, "GET /accounts/{account_id}/members"), "the account is not known: give --account");
        let rules = one(Owner::Account(ACCOUNT), "GET /zones/{zone_id}/pagerules");
        assert!(rules.starts_with("it takes no token that an account owns"), "{rules}");
        let tokens = one(Owner::Account(ACCOUNT), "GET /user/tokens");
        assert!(tokens.starts_with("only groups of a user meet it"), "{tokens}");
        let artifacts = "POST /accounts/{account_id}/artifacts/namespaces/{namespace}/repos";
        let unknown = found(USER, artifacts, Some(ACCOUNT), None).pop().unwrap();
        assert!(unknown.starts_with("it is not known where"), "{unknown}");
    }
}
