//! Resources and places in words, with the names that are known.

use flarekeep_catalogue::{AccountId, ZoneId};
use flarekeep_policy::{Owners, Place, Resource};

use crate::text::shown;
use crate::world::World;

impl World {
    /// An account in words: `account Example Ltd`, or with its id where no name is known.
    #[must_use]
    pub fn account_words(&self, account: AccountId) -> String {
        let name = self.accounts.get(&account).and_then(|facts| facts.name.as_deref());
        name.map_or_else(|| format!("account {account}"), |name| format!("account {}", shown(name)))
    }

    /// A zone in words: `zone example.com`, or with its id where no name is known.
    #[must_use]
    pub fn zone_words(&self, zone: ZoneId) -> String {
        let name = self.zones.get(&zone).and_then(|facts| facts.name.as_deref());
        name.map_or_else(|| format!("zone {zone}"), |name| format!("zone {}", shown(name)))
    }

    /// A resource of a policy in words.
    #[must_use]
    pub fn resource_words(&self, resource: &Resource) -> String {
        match resource {
            Resource::User(_) => "the user".to_owned(),
            Resource::Account(account) => self.account_words(*account),
            Resource::Zone(zone) | Resource::ZoneOf(_, zone) => self.zone_words(*zone),
            Resource::AllZonesOf(account) => format!("all zones of {}", self.account_words(*account)),
            Resource::AllBucketsOf(account) => format!("all buckets of {}", self.account_words(*account)),
            Resource::Bucket(bucket) => format!("bucket {}", shown(&bucket.name)),
            Resource::AllAccounts | Resource::AllZones | Resource::Other(_) => shown(&resource.to_string()),
        }
    }

    /// A place of a reach in words, as they stand behind "at".
    #[must_use]
    pub fn place_words(&self, place: &Place) -> String {
        let either = |owners: &[Option<AccountId>]| {
            let one = |owner: &Option<AccountId>| {
                owner.map_or_else(|| "any other account".to_owned(), |account| self.account_words(account))
            };
            owners.iter().map(one).collect::<Vec<_>>().join(" or ")
        };
        match place {
            Place::Account(Some(account)) => self.account_words(*account),
            Place::Zone { zone: Some(zone), .. } => self.zone_words(*zone),
            Place::Zone { zone: None, owners: Owners::These(owners) } => format!("any zone of {}", either(owners)),
            Place::Zone { zone: None, owners: Owners::Any } => "any zone".to_owned(),
            Place::Bucket(bucket) => format!("bucket {}", shown(&bucket.name)),
            Place::OtherBucketOf(account) => format!("any bucket of {}", either(&[*account])),
            Place::Unplaced => "the user, or lists of all there is".to_owned(),
            Place::Account(None) => place.to_string(),
        }
    }
}
