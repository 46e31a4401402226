//! Making credentials: their values, their checksum, the hash under which they are kept, and ids.

use std::cell::Cell;

use sha2::{Digest, Sha256};

/// The SHA-256 of a value: all that the emulator keeps of a token's value.
pub(crate) type Hash = [u8; 32];

/// The kinds of value that the emulator makes, by their prefix.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    UserToken,
    AccountToken,
    GlobalKey,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::UserToken => "cfut_",
            Self::AccountToken => "cfat_",
            Self::GlobalKey => "cfk_",
        }
    }
}

/// A new value: the prefix, 40 random letters and digits, and their CRC-32 in 8 hexadecimal digits.
/// The format is Cloudflare's since April 2026; that the checksum covers the 40 characters alone was computed from a
/// published fixture.
pub(crate) fn fresh_value(kind: Kind) -> String {
    let body = fresh_body();
    format!("{}{body}{:08x}", kind.prefix(), crc32fast::hash(body.as_bytes()))
}

/// A new id: 32 hexadecimal digits.
pub(crate) fn fresh_id() -> u128 {
    NEXT_ID.take().unwrap_or_else(|| u128::from_be_bytes(random()))
}

/// Runs what makes an id, which is then this one, where one is given: a world may say which ids its things have.
pub(crate) fn with_id<T>(id: Option<u128>, make: impl FnOnce() -> T) -> T {
    NEXT_ID.set(id);
    let made = make();
    NEXT_ID.set(None);
    made
}

thread_local! {
    static NEXT_ID: Cell<Option<u128>> = const { Cell::new(None) };
}

/// A new id in the form of a UUID (version 4).
pub(crate) fn fresh_uuid() -> String {
    let id = fresh_id() & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{id:032x}");
    let mut uuid = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    uuid
}

/// An id that follows from a text, the same in every run.
pub(crate) fn derived_id(text: &str) -> u128 {
    let mut first = [0; 16];
    for (to, from) in first.iter_mut().zip(hash(text.as_bytes())) {
        *to = from;
    }
    u128::from_be_bytes(first)
}

/// The SHA-256 of some bytes.
pub(crate) fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' - 10 + half });
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// Reads 64 hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Random bytes of the operating system.
// A system without randomness can hold no secret at all; no request can bring this about.
#[allow(clippy::expect_used)]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// 40 letters and digits, each as likely as the others.
fn fresh_body() -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut body = String::with_capacity(40);
    while body.len() < 40 {
        // 62 * 4 = 248: larger bytes would favour the first letters, so they are passed over.
        let usable = random::<64>().into_iter().filter(|byte| *byte < 248);
        let letters = usable.filter_map(|byte| ALPHABET.get(usize::from(byte % 62)));
        body.extend(letters.take(40 - body.len()).map(|letter| char::from(*letter)));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_published_form_and_their_own_checksum() {
        for (kind, prefix, length) in
            [(Kind::UserToken, "cfut_", 53), (Kind::AccountToken, "cfat_", 53), (Kind::GlobalKey, "cfk_", 52)]
        {
            let value = fresh_value(kind);
            assert_eq!(value.len(), length);
            let body = value.strip_prefix(prefix).unwrap();
            let (letters, checksum) = body.split_at(40);
            assert!(letters.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert_eq!(checksum, format!("{:08x}", crc32fast::hash(letters.as_bytes())));
        }
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn hashes_print_and_read_back() {
        let of = hash(b"a value");
        assert_eq!(unhex(&hex(&of)), Some(of));
        assert_eq!(unhex("é"), None);
    }

    #[test]
    fn uuids_have_their_version_and_variant() {
        let uuid = fresh_uuid();
        assert_eq!((uuid.len(), uuid.as_bytes()[14]), (36, b'4'));
        assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
