//! One call, as far as authorisation looks at it.

use std::net::IpAddr;

use flarekeep_catalogue::{AccountId, Operation, UserId, ZoneId};

use crate::token::UnixSeconds;

/// One call.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// What is called.
    pub operation: &'static Operation,
    /// The user that owns the token; none for an account's token.
    pub user: Option<UserId>,
    /// The account in the path, or the one that owns the zone in the path.
    pub account: Option<AccountId>,
    /// The zone in the path.
    pub zone: Option<ZoneId>,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The time of the call.
    pub at: UnixSeconds,
}
