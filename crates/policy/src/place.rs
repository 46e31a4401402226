//! Places: what a call is made on, as far as tokens can tell calls apart.
//!
//! Tokens name finitely many accounts, zones and buckets, and treat all others alike. One stand-in for "any other"
//! beside the named ones therefore speaks for all of them, and what is true at every place is true of every call.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use flarekeep_catalogue::{AccountId, Operation, ZoneId};

use crate::request::Request;
use crate::resource::{BucketKey, Resource};
use crate::token::{Owner, Token, UnixSeconds};

/// What a call is made on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Nothing that the path names: a list over all accounts or zones, the user, or what belongs to nobody.
    Unplaced,
    /// An account: one that a token names, or any other.
    Account(Option<AccountId>),
    /// A zone.
    Zone {
        /// One that a token names, or any other.
        zone: Option<ZoneId>,
        /// The accounts that may own it for what is said here to be true.
        owners: Owners,
    },
    /// An R2 bucket that a token names.
    Bucket(BucketKey),
    /// Any other R2 bucket of an account: one that a token names, or any other.
    OtherBucketOf(Option<AccountId>),
}

/// The accounts that may own a zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owners {
    /// Whoever owns it, or the account that is known to.
    Any,
    /// One of these: an account that a token names, or any other.
    These(Vec<Option<AccountId>>),
}

/// Which account owns a zone, as far as that is known. A zone that is not in it is looked at under every owner that
/// tokens could tell apart; one that is in it is looked at by itself, whether a token names it or not.
pub type Ownership = BTreeMap<ZoneId, AccountId>;

/// What the tokens name, and an id for each "any other".
#[derive(Debug)]
pub(crate) struct Universe {
    pub(crate) accounts: BTreeSet<AccountId>,
    pub(crate) zones: BTreeSet<ZoneId>,
    pub(crate) buckets: BTreeSet<BucketKey>,
    other_account: AccountId,
    other_zone: ZoneId,
    other_bucket: String,
    ownership: Ownership,
}

impl Universe {
    pub(crate) fn of(tokens: &[&Token], ownership: &Ownership) -> Self {
        let (mut accounts, mut zones, mut buckets) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for token in tokens {
            if let Owner::Account(account) = token.owner {
                accounts.insert(account);
            }
            for resource in token.policies.iter().flat_map(|policy| &policy.resources) {
                match resource {
                    Resource::Account(account) | Resource::AllZonesOf(account) | Resource::AllBucketsOf(account) => {
                        accounts.insert(*account);
                    }
                    Resource::Zone(zone) => {
                        zones.insert(*zone);
                    }
                    Resource::ZoneOf(account, zone) => {
                        accounts.insert(*account);
                        zones.insert(*zone);
                    }
                    Resource::Bucket(bucket) => {
                        accounts.insert(bucket.account);
                        buckets.insert(bucket.clone());
                    }
                    Resource::User(_) | Resource::AllAccounts | Resource::AllZones | Resource::Other(_) => {}
                }
            }
        }
        zones.extend(ownership.keys());
        accounts.extend(ownership.values());
        // Few ids are named and all could be: the search from the end is short.
        let free = || (0..=u128::MAX).rev();
        let other_account = free().map(AccountId::from_u128).find(|id| !accounts.contains(id));
        let other_zone = free().map(ZoneId::from_u128).find(|id| !zones.contains(id));
        let is_free = |name: &String| !buckets.iter().any(|bucket| bucket.name == *name);
        let other_bucket = (1..).map(|n| format!("another-bucket-{n}")).find(is_free);
        Self {
            other_account: other_account.unwrap_or(AccountId::from_u128(0)),
            other_zone: other_zone.unwrap_or(ZoneId::from_u128(0)),
            other_bucket: other_bucket.unwrap_or_default(),
            ownership: ownership.clone(),
            accounts,
            zones,
            buckets,
        }
    }

    /// Every account that is named, and any other.
    pub(crate) fn all_accounts(&self) -> impl Iterator<Item = Option<AccountId>> + '_ {
        self.accounts.iter().copied().map(Some).chain([None])
    }

    /// The account as places have it: none where no token names it.
    pub(crate) fn named(&self, account: AccountId) -> Option<AccountId> {
        Some(account).filter(|account| self.accounts.contains(account))
    }

    pub(crate) fn account(&self, account: Option<AccountId>) -> AccountId {
        account.unwrap_or(self.other_account)
    }

    pub(crate) fn zone(&self, zone: Option<ZoneId>) -> ZoneId {
        zone.unwrap_or(self.other_zone)
    }

    pub(crate) fn other_bucket_of(&self, account: Option<AccountId>) -> BucketKey {
        let (jurisdiction, name) = ("default".to_owned(), self.other_bucket.clone());
        BucketKey { account: self.account(account), jurisdiction, name }
    }

    /// A call of `operation` at `place`; where several accounts may own the zone, the first of them does.
    pub(crate) fn request(&self, operation: &'static Operation, place: &Place, at: UnixSeconds) -> Request {
        let mut request = Request { operation, user: None, account: None, zone: None, bucket: None, ip: None, at };
        match place {
            Place::Unplaced => {}
            Place::Account(account) => request.account = Some(self.account(*account)),
            Place::Zone { zone, owners } => {
                request.zone = Some(self.zone(*zone));
                let known = zone.and_then(|zone| self.ownership.get(&zone).copied());
                let first = match owners {
                    Owners::Any => known.or(self.accounts.first().copied()),
                    Owners::These(owners) => owners.first().copied().flatten(),
                };
                request.account = Some(self.account(first));
            }
            Place::Bucket(bucket) => {
                request.account = Some(bucket.account);
                request.bucket = Some(bucket.clone());
            }
            Place::OtherBucketOf(account) => {
                request.account = Some(self.account(*account));
                request.bucket = Some(self.other_bucket_of(*account));
            }
        }
        request
    }
}

impl Place {
    /// Whether a token names just this place, so that it can be told by an id.
    #[must_use]
    pub fn is_named(&self) -> bool {
        match self {
            Self::Unplaced | Self::OtherBucketOf(_) => false,
            Self::Account(account) => account.is_some(),
            Self::Zone { zone, .. } => zone.is_some(),
            Self::Bucket(_) => true,
        }
    }
}

impl fmt::Display for Place {
    /// The place in words, behind "at": `zone 9a78… if account 023e… owns it`, `any other zone of account 023e…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unplaced => f.write_str("paths without an account or a zone"),
            Self::Account(Some(account)) => write!(f, "account {account}"),
            Self::Account(None) => f.write_str("any other account"),
            Self::Zone { zone: Some(zone), owners: Owners::Any } => write!(f, "zone {zone}"),
            Self::Zone { zone: Some(zone), owners: Owners::These(owners) } => {
                write!(f, "zone {zone} if {} owns it", either(owners))
            }
            Self::Zone { zone: None, owners: Owners::Any } => f.write_str("any other zone"),
            Self::Zone { zone: None, owners: Owners::These(owners) } => {
                write!(f, "any other zone of {}", either(owners))
            }
            Self::Bucket(bucket) => write!(f, "bucket {bucket}"),
            Self::OtherBucketOf(account) => write!(f, "any other bucket of {}", either(&[*account])),
        }
    }
}

fn either(accounts: &[Option<AccountId>]) -> String {
    let words = accounts.iter().map(|account| match account {
        Some(account) => format!("account {account}"),
        None => "another account".to_owned(),
    });
    words.collect::<Vec<_>>().join(" or ")
}
