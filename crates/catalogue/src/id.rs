//! Cloudflare's ids: 32 hexadecimal digits, one type for each kind of thing they name.

use std::fmt;
use std::str::FromStr;

/// An id that is not 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {kind}: an id has 32 hexadecimal digits")]
pub struct BadId {
    kind: &'static str,
    given: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The id whose 32 digits are those of `value` in hexadecimal.
            pub const fn from_u128(value: u128) -> Self {
                Self(value)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                parse(text).map(Self).ok_or_else(|| BadId { kind: $kind, given: shortened(text) })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(str::from_utf8(&digits(self.0)).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({self})"), self = self)
            }
        }
    };
}

id!(
    /// The id of an account.
    AccountId,
    "an account id"
);
id!(
    /// The id of a zone.
    ZoneId,
    "a zone id"
);
id!(
    /// The id (Cloudflare also says tag) of a user.
    UserId,
    "a user id"
);
id!(
    /// The id of a permission group: stable, while its name may change.
    GroupId,
    "a permission group id"
);
id!(
    /// The id of an API token: it names the token and is not its secret value.
    TokenId,
    "a token id"
);

/// The number in hexadecimal. Documents hold thousands of ids: all digits at once take a tenth of the formatter's time.
fn digits(value: u128) -> [u8; 32] {
    let mut digits = [0; 32];
    for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(value.to_be_bytes()) {
        *pair = [digit(byte >> 4), digit(byte & 0xf)];
    }
    digits
}

const fn digit(half: u8) -> u8 {
    half + if half < 10 { b'0' } else { b'a' - 10 }
}

fn parse(text: &str) -> Option<u128> {
    let (high, low) = text.as_bytes().split_first_chunk()?;
    let low = low.try_into().ok()?;
    Some(u128::from(half(high)?) << 64 | u128::from(half(low)?))
}

/// Sixteen digits as one number. Every request brings an id: the digits go through a table, and what is no digit is
/// found at the end, so that the loop has no branch.
fn half(digits: &[u8; 16]) -> Option<u64> {
    let mut value = 0u64;
    let mut seen = 0u8;
    for byte in digits {
        let digit = DIGITS.get(usize::from(*byte)).copied().unwrap_or(NOT_A_DIGIT);
        seen |= digit;
        value = value << 4 | u64::from(digit & 0xf);
    }
    (seen & NOT_A_DIGIT == 0).then_some(value)
}

const NOT_A_DIGIT: u8 = 0x80;

// Evaluated at build time, where an index out of bounds is a compile error.
#[allow(clippy::indexing_slicing)]
static DIGITS: [u8; 256] = {
    let mut table = [NOT_A_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value] as usize] = value as u8;
        table[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    table
};

/// What was given, cut short and without control characters: it may be hostile, or a secret put in the wrong place.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 12;
    let mut short: String = text.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if text.chars().count() > SHOWN {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_as_it_was_read() {
        let text = "023e105f4ecef8ad9ca31a8372d0c353";
        assert_eq!(text.parse::<ZoneId>().map(|id| id.to_string()), Ok(text.to_owned()));
    }

    #[test]
    fn what_is_no_id_is_refused_and_cut_short() {
        let error = "not-an-id\nand a very long tail".parse::<AccountId>().unwrap_err().to_string();
        assert_eq!(error, r"`not-an-id\nan…` is not an account id: an id has 32 hexadecimal digits");
    }
}
