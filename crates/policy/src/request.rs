//! One call, as far as authorisation looks at it.

use std::net::IpAddr;

use flarekeep_catalogue::{AccountId, Operation, UserId, ZoneId};

use crate::resource::BucketKey;
use crate::token::UnixSeconds;

/// One call.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is called.
    pub operation: &'static Operation,
    /// The user that owns the token; none for an account's token.
    pub user: Option<UserId>,
    /// The account in the path, or the one that owns the zone in the path. Where the path names neither: the account in
    /// which the call is meant, if it is meant in one.
    pub account: Option<AccountId>,
    /// The zone in the path. For a list of zones: the zone that must be in it, if one must.
    pub zone: Option<ZoneId>,
    /// The R2 bucket that a call of the S3 face names; [`Self::account`] is then the one that owns it.
    pub bucket: Option<BucketKey>,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The time of the call.
    pub at: UnixSeconds,
}

impl Request {
    /// Whether neither the path nor the caller says which account or zone is meant.
    pub(crate) fn names_no_place(&self) -> bool {
        let path = self.operation.names_account() || self.operation.names_zone() || self.operation.names_bucket();
        !path && self.account.is_none() && self.zone.is_none()
    }
}
