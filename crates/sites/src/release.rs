//! The name of a release: it sorts by the time at which the release was begun.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Crockford's base 32: no `i`, `l`, `o`, `u`. Its order is that of ASCII.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Ten digits of time, six of chance.
const LENGTH: usize = 16;

/// The id of a release: 48 bits of milliseconds since 1970, then 30 random ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Release(String);

/// A text is no release's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a release's id has {LENGTH} digits of 0-9 and a-z without i, l, o, u")]
pub struct BadRelease;

impl Release {
    /// The id of a release that is begun now: `millis` since 1970, and `chance`, of which 30 bits are used.
    #[must_use]
    pub fn new(millis: u64, chance: u32) -> Self {
        let bits = (u128::from(millis & 0xffff_ffff_ffff) << 30) | u128::from(chance & 0x3fff_ffff);
        let digit = |place: usize| char::from(DIGITS[(bits >> (5 * place)) as usize & 31]);
        Self((0..LENGTH).rev().map(digit).collect())
    }

    /// When it was begun, in milliseconds since 1970.
    #[must_use]
    pub fn millis(&self) -> u64 {
        let value = |byte: u8| DIGITS.iter().position(|digit| *digit == byte).unwrap_or(0) as u128;
        let bits = self.0.bytes().fold(0_u128, |bits, byte| (bits << 5) | value(byte));
        (bits >> 30) as u64
    }

    /// The id as it stands in keys and in a preview's host.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Release {
    type Err = BadRelease;

    fn from_str(text: &str) -> Result<Self, BadRelease> {
        let is_one = text.len() == LENGTH && text.bytes().all(|byte| DIGITS.contains(&byte));
        is_one.then(|| Self(text.to_owned())).ok_or(BadRelease)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for Release {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Release {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_sort_by_time(early in 0_u64..1 << 48, late in 0_u64..1 << 48, a: u32, b: u32) {
            let (first, second) = (Release::new(early, a), Release::new(late, b));
            prop_assert_eq!(first.millis(), early);
            prop_assert_eq!(first.to_string().parse(), Ok(first.clone()));
            if early != late {
                prop_assert_eq!(early < late, first < second);
            }
        }
    }

    #[test]
    fn others_are_refused() {
        for bad in
            ["", "0123456789abcde", "0123456789abcdefg", "0123456789abcdeu", "0123456789ABCDEF", "0123456789abcd/."]
        {
            assert_eq!(bad.parse::<Release>(), Err(BadRelease), "{bad}");
        }
    }
}
