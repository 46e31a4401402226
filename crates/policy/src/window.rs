//! When and from where a token can be used at all, as exact sets: what is left of two conditions when one is taken from
//! the other.

mod addresses;

use std::net::IpAddr;

pub use self::addresses::AddressSet;
use crate::token::{Status, Token, UnixSeconds};

/// The instants and the addresses at which a token may be used. It is a product: every address at every instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// From this second on; the horizon, where the token has no start or an earlier one.
    pub from: UnixSeconds,
    /// Up to this second, which is no longer in; none where there is no end.
    pub until: Option<UnixSeconds>,
    /// The addresses.
    pub addresses: AddressSet,
    /// Whether the status lets it be used.
    pub active: bool,
}

impl Window {
    /// When and from where `token` may be used at `since` or later.
    #[must_use]
    pub fn of(token: &Token, since: UnixSeconds) -> Self {
        Self {
            from: token.not_before.map_or(since, |start| start.max(since)),
            until: token.expires_on,
            addresses: AddressSet::admitted(&token.ip),
            active: token.status == Status::Active,
        }
    }

    /// Whether the token can never be used.
    #[must_use]
    pub fn is_never(&self) -> bool {
        !self.active || self.until.is_some_and(|end| end <= self.from) || self.addresses.is_empty()
    }

    /// The first instant at which this one holds and `other` does not.
    #[must_use]
    pub fn instant_beyond(&self, other: &Self) -> Option<UnixSeconds> {
        let inside = |at: &UnixSeconds| *at >= self.from && self.until.is_none_or(|end| *at < end);
        let outside = |at: &UnixSeconds| *at < other.from || other.until.is_some_and(|end| *at >= end);
        // A difference of two windows begins where the first begins or where the second ends.
        [Some(self.from), other.until].into_iter().flatten().find(|at| inside(at) && outside(at))
    }

    /// An address from which this one holds and `other` does not.
    #[must_use]
    pub fn address_beyond(&self, other: &Self) -> Option<IpAddr> {
        self.addresses.minus(&other.addresses).example()
    }

    /// An instant at which this one holds, and `other` as well if there is one.
    pub(crate) fn instant_beside(&self, other: &Self) -> UnixSeconds {
        let both = self.from.max(other.from);
        let ends = |window: &Self| window.until.is_some_and(|end| both >= end);
        if ends(self) || ends(other) { self.from } else { both }
    }

    /// An address from which this one holds, and `other` as well if there is one.
    pub(crate) fn address_beside(&self, other: &Self) -> Option<IpAddr> {
        let both = self.addresses.minus(&self.addresses.minus(&other.addresses));
        both.example().or_else(|| self.addresses.example())
    }
}
