//! The answer to one request.

use std::fmt;

/// Allow or deny, with the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the call may be made.
    pub allow: bool,
    /// Why.
    pub cause: Cause,
}

impl Decision {
    pub(crate) const fn of(cause: Cause) -> Self {
        Self { allow: matches!(cause, Cause::Granted | Cause::AnyToken), cause }
    }
}

/// Why a call may or may not be made. They are looked at in this order, and the first that holds is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// The token's value was found in public, and Cloudflare revoked it.
    RevokedExposed,
    /// The token is switched off.
    Disabled,
    /// The token's time is over.
    Expired,
    /// The token's time has not come.
    NotYetValid,
    /// The client's address is not among those allowed.
    AddressNotAllowed,
    /// The operation needs no group.
    AnyToken,
    /// Which groups the operation accepts is not known.
    Unlabelled,
    /// The path lies outside the account that owns the token.
    OutsideOwner,
    /// A policy withholds it.
    Denied,
    /// A policy grants it.
    Granted,
    /// A group that the operation accepts is held, but at another resource.
    OtherResource,
    /// A group that the operation accepts is held, but at a resource where it takes no effect.
    WrongScope,
    /// No group that the operation accepts is held.
    MissingGroup,
}

impl Cause {
    /// The word in documents: `missing-group`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::RevokedExposed => "revoked-exposed",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::AddressNotAllowed => "address-not-allowed",
            Self::AnyToken => "any-token",
            Self::Unlabelled => "unlabelled",
            Self::OutsideOwner => "outside-owner",
            Self::Denied => "denied",
            Self::Granted => "granted",
            Self::OtherResource => "other-resource",
            Self::WrongScope => "wrong-scope",
            Self::MissingGroup => "missing-group",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
