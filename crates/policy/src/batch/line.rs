//! One line as it is written.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use flarekeep_catalogue::{AccountId, UserId};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::call::Call;
use crate::document::{Document, object, opt_text};
use crate::token::{Owner, Token, UnixSeconds};

/// A whole line.
pub(super) struct Line<'a>(pub(super) Fields<'a, Unowned>);

impl<'de: 'a, 'a> Deserialize<'de> for Line<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        object(from, "a call: {\"token\", \"method\", \"path\", …}").map(Self)
    }
}

/// The fields of a line, `T` being what the token is read as.
#[derive(serde::Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct Fields<'a, T> {
    pub(super) token: T,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(default)]
    account: Account,
    #[serde(default)]
    user: User,
    #[serde(default)]
    ip: Ip,
    #[serde(default)]
    at: At,
}

impl<T> Fields<'_, T> {
    /// The call, made at `now` if it does not say when.
    pub(super) fn call(&self, now: UnixSeconds) -> Call<'_> {
        Call {
            method: &self.method,
            path: &self.path,
            account: self.account.0,
            user: self.user.0,
            ip: self.ip.0,
            at: self.at.0.unwrap_or(now),
        }
    }
}

/// The token of a line, before it is known who owns it.
pub(super) struct Unowned(pub(super) Token);

impl<'de> Deserialize<'de> for Unowned {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Document::deserialize(from).map(|document| Self(document.0.owned_by(NOBODY)))
    }
}

/// Owns a token of which nothing says who does. Then the call is in no account, and the owner makes no difference.
pub(super) const NOBODY: Owner = Owner::User(UserId::from_u128(0));

/// The token of a line was read before its other fields. There must not be a second one, not even null.
pub(super) struct Taken;

impl<'de> Deserialize<'de> for Taken {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Nothing;

        impl Visitor<'_> for Nothing {
            type Value = Taken;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("no second token")
            }

            // Of a field that is not there serde says `none`; of null the quick reader says `unit`.
            fn visit_none<E: de::Error>(self) -> Result<Taken, E> {
                Ok(Taken)
            }
        }
        from.deserialize_option(Nothing)
    }
}

/// An optional field that is a string with a meaning.
macro_rules! optional {
    ($name:ident($inner:ty), $expected:literal, $read:expr) => {
        #[derive(Default)]
        struct $name(Option<$inner>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                opt_text(from, $expected, $read).map(Self)
            }
        }
    };
}

optional!(Account(AccountId), "an account's id", str::parse);
optional!(User(UserId), "a user's id", str::parse);
optional!(Ip(IpAddr), "an address", |text| text.parse::<IpAddr>().map_err(|_| BadIp));
optional!(At(UnixSeconds), "a time of RFC 3339", UnixSeconds::parse);

struct BadIp;

impl fmt::Display for BadIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address is written as 203.0.113.7 or 2001:db8::1")
    }
}
