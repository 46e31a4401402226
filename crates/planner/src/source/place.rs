//! What a source says of where an operation is called.

use flarekeep_catalogue::{AccountId, Operation, ZoneId};
use flarekeep_policy::BucketKey;

use super::zones::Zones;
use crate::need::Target;

/// What a source says of where an operation is called; nothing where it leaves that to the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The account.
    pub account: Option<AccountId>,
    /// The zone; for a list of zones the one that must be in it.
    pub zone: Option<ZoneName>,
    /// The R2 bucket of a call of the S3 face.
    pub bucket: Option<BucketName>,
}

/// A zone, as sources name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ZoneName {
    /// By its id.
    Id(ZoneId),
    /// By its name, in lower case: `example.com`.
    Name(String),
    /// By a host in it, in lower case: the zone of `shop.example.com` may be `example.com`.
    Host(String),
    /// Every zone of the account, as where one is only being made.
    Every,
}

/// An R2 bucket, before its account is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName {
    /// `default`, `eu`, `fedramp`, ….
    pub jurisdiction: String,
    /// The bucket's name.
    pub name: String,
}

impl Place {
    /// The place of a zone.
    #[must_use]
    pub fn zone(zone: ZoneName) -> Self {
        Self { zone: Some(zone), ..Self::default() }
    }

    /// What the operation is called on: what the source says, then `given`. Only what the operation has a use for is kept.
    #[must_use]
    pub fn resource(&self, operation: &Operation, given: &Target, zones: &Zones) -> Target {
        if operation.names_bucket() {
            return self.at_bucket(given);
        }
        let every = self.zone == Some(ZoneName::Every);
        let zone = match &self.zone {
            Some(ZoneName::Every) => None,
            Some(named) => zones.find(named),
            None => given.zone,
        };
        let (in_zone, in_account) = (operation.concerns_zone(), operation.concerns_account());
        let owner = zone.and_then(|zone| zones.owner(zone));
        let account = self.account.or(owner).or(given.account.filter(|_| self.is_at(given, zone)));
        Target {
            account: account.filter(|_| in_zone || in_account),
            zone: zone.filter(|_| in_zone),
            every_zone: in_zone && (every || self.zone.is_none() && given.every_zone),
            bucket: None,
        }
    }

    /// Whether the account that is given is the one of this place: a zone that the source names may be another's.
    fn is_at(&self, given: &Target, zone: Option<ZoneId>) -> bool {
        match &self.zone {
            None | Some(ZoneName::Every) => true,
            Some(_) => given.zone.is_some() && zone == given.zone,
        }
    }

    fn at_bucket(&self, given: &Target) -> Target {
        let account = self.account.or(given.bucket.as_ref().map(|bucket| bucket.account)).or(given.account);
        let named = self.bucket.as_ref().and_then(|bucket| {
            let BucketName { jurisdiction, name } = bucket.clone();
            Some(BucketKey { account: account?, jurisdiction, name })
        });
        let bucket = if self.bucket.is_some() { named } else { given.bucket.clone() };
        Target { account: bucket.as_ref().map_or(account, |bucket| Some(bucket.account)), bucket, ..Target::default() }
    }
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::operation;

    use super::*;

    const ACCOUNT: AccountId = AccountId::from_u128(0xa1);
    const OTHER_ACCOUNT: AccountId = AccountId::from_u128(0xa2);
    const ZONE: ZoneId = ZoneId::from_u128(0x21);
    const OTHER_ZONE: ZoneId = ZoneId::from_u128(0x22);

    fn given() -> Target {
        Target { account: Some(ACCOUNT), zone: Some(ZONE), ..Target::default() }
    }

    fn at(place: &Place, text: &str, zones: &Zones) -> Target {
        place.resource(operation(text).unwrap(), &given(), zones)
    }

    #[test]
    fn what_the_source_leaves_open_is_as_given() {
        let nowhere = Place::default();
        assert_eq!(at(&nowhere, "GET /zones/{zone_id}/dns_records", &Zones::default()), given());
        let at_account = Target { account: Some(ACCOUNT), ..Target::default() };
        assert_eq!(at(&nowhere, "GET /accounts/{account_id}/members", &Zones::default()), at_account);
    }

    #[test]
    fn a_zone_that_the_source_names_brings_its_own_account() {
        let mut zones = Zones::default();
        zones.add("example.com", OTHER_ZONE, Some(OTHER_ACCOUNT));
        let found = at(&Place::zone(ZoneName::Name("example.com".into())), "GET /zones/{zone_id}/dns_records", &zones);
        assert_eq!((found.account, found.zone), (Some(OTHER_ACCOUNT), Some(OTHER_ZONE)));
        // Of a zone whose owner nobody knows the given account is not claimed to be it.
        let found = at(&Place::zone(ZoneName::Id(OTHER_ZONE)), "GET /zones/{zone_id}/dns_records", &Zones::default());
        assert_eq!((found.account, found.zone), (None, Some(OTHER_ZONE)));
        let found = at(&Place::zone(ZoneName::Id(ZONE)), "GET /zones/{zone_id}/dns_records", &Zones::default());
        assert_eq!(found.account, Some(ACCOUNT));
    }

    #[test]
    fn a_zone_that_is_only_being_made_is_every_zone() {
        let found = at(&Place::zone(ZoneName::Every), "POST /zones/{zone_id}/dns_records", &Zones::default());
        assert!(found.every_zone && found.zone.is_none() && found.account == Some(ACCOUNT));
    }

    #[test]
    fn a_bucket_is_one_of_its_account() {
        let bucket = BucketName { jurisdiction: "eu".into(), name: "media".into() };
        let place = Place { bucket: Some(bucket), ..Place::default() };
        let found = at(&place, "PUT s3://{bucket_name}/{object_key}", &Zones::default());
        assert_eq!(found.bucket.unwrap().to_string(), format!("{ACCOUNT}_eu_media"));
    }
}
