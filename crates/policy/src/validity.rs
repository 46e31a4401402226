//! When, from where and in which state a token may be used, whatever its policies say.

use crate::condition::IpCondition;
use crate::decision::Cause;
use crate::request::Request;
use crate::token::{Status, Token, UnixSeconds};

/// The bounds of a token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validity<'a> {
    pub(crate) status: Status,
    pub(crate) not_before: Option<UnixSeconds>,
    pub(crate) expires_on: Option<UnixSeconds>,
    pub(crate) ip: &'a IpCondition,
}

impl Validity<'_> {
    /// What keeps the token from being used at all, if anything does.
    pub(crate) fn bars(self, request: &Request) -> Option<Cause> {
        match self.status {
            Status::RevokedExposed => return Some(Cause::RevokedExposed),
            Status::Disabled | Status::Unknown => return Some(Cause::Disabled),
            Status::Expired => return Some(Cause::Expired),
            Status::Active => {}
        }
        if self.expires_on.is_some_and(|end| request.at >= end) {
            return Some(Cause::Expired);
        }
        if self.not_before.is_some_and(|start| request.at < start) {
            return Some(Cause::NotYetValid);
        }
        (!self.ip.admits(request.ip)).then_some(Cause::AddressNotAllowed)
    }
}

impl Token {
    /// What keeps the token from being used at all, whatever is called: status, time, address.
    pub(crate) fn barred(&self, request: &Request) -> Option<Cause> {
        let Self { status, not_before, expires_on, .. } = *self;
        Validity { status, not_before, expires_on, ip: &self.ip }.bars(request)
    }
}
