//! What a file's first bytes say it is.

/// How many of them are looked at.
pub(crate) const HEAD: usize = 1024;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text in ASCII, UTF-8 or any code that has ASCII in it.
    Text,
    /// Text in UTF-16, as PowerShell's `>` writes it.
    Utf16 {
        /// The byte that counts less comes first.
        little: bool,
    },
    /// `NAME=value` with zeros between, as in `/proc/PID/environ`.
    Environment,
    /// What gzip packed.
    Gzip,
    /// A zip archive: also a wheel, a jar, a document.
    Zip,
    /// A tar archive.
    Tar,
    /// Anything else with a zero in it.
    Binary,
}

/// What begins so; `start` has [`HEAD`] bytes where the file has as many.
pub(crate) fn kind(start: &[u8]) -> Kind {
    let head = start.get(..HEAD).unwrap_or(start);
    match head {
        [0xff, 0xfe, ..] => return Kind::Utf16 { little: true },
        [0xfe, 0xff, ..] => return Kind::Utf16 { little: false },
        [0x1f, 0x8b, 8, ..] => return Kind::Gzip,
        [b'P', b'K', 3, 4, ..] => return Kind::Zip,
        _ => {}
    }
    if memchr::memchr(0, head).is_none() {
        return Kind::Text;
    }
    // "ustar" stands behind the name, mode, owner, sizes and checksum of the first entry (POSIX.1-1988).
    match head.get(257..262) {
        Some(b"ustar") => Kind::Tar,
        _ if is_environment(head) => Kind::Environment,
        _ => Kind::Binary,
    }
}

/// Whether every part between zeros is `NAME=value`; the last may be cut.
fn is_environment(head: &[u8]) -> bool {
    let is_name = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    };
    let mut parts = head.split(|byte| *byte == 0).filter(|part| !part.is_empty()).peekable();
    let mut complete = 0;
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let named = part.iter().position(|byte| *byte == b'=').and_then(|at| part.get(..at)).is_some_and(is_name);
        let controls = part.iter().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\t' | b'\r' | 0x1b));
        if (!named && !is_last) || controls {
            return false;
        }
        complete += usize::from(named);
    }
    complete >= 2
}

/// UTF-16 as UTF-8; what is no character is replaced.
pub(crate) fn from_utf16(bytes: &[u8], little: bool) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| if little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) });
    char::decode_utf16(units.skip_while(|unit| *unit == 0xfeff)).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_first_bytes() {
        assert_eq!(kind(b""), Kind::Text);
        assert_eq!(kind("fn main() {} // é".as_bytes()), Kind::Text);
        assert_eq!(kind(b"\x7fELF\0\0"), Kind::Binary);
        assert_eq!(kind(b"\x1f\x8b\x08\0"), Kind::Gzip);
        assert_eq!(kind(b"PK\x03\x04\0"), Kind::Zip);
        assert_eq!(kind(b"\xff\xfea\0"), Kind::Utf16 { little: true });
        assert_eq!(kind(b"PATH=/bin\0HOME=/\0LA"), Kind::Environment);
        assert_eq!(kind(b"PATH=/bin\0\x01=b\0"), Kind::Binary);
        assert_eq!(kind(b"A=b\0c d\0E=f\0"), Kind::Binary);
        let mut tar = [0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(kind(&tar), Kind::Tar);
    }

    #[test]
    fn utf16_is_read_in_both_orders() {
        let units: Vec<u16> = "\u{feff}aé😀".encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        assert_eq!(from_utf16(&little, true), "aé😀");
        assert_eq!(from_utf16(&big, false), "aé😀");
    }
}
