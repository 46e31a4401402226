//! How Cloudflare's credentials are written, as far as a text tells: those of Cloudflare's page on token formats, which
//! have a prefix, 40 characters and a checksum of 8, and the older ones.

/// What the token of a user begins with.
pub const USER_TOKEN: &str = "cfut_";
/// What the token of an account begins with.
pub const ACCOUNT_TOKEN: &str = "cfat_";
/// What an access token of OAuth begins with.
pub const OAUTH_TOKEN: &str = "cfoat_";
/// What a Global API key begins with.
pub const GLOBAL_KEY: &str = "cfk_";
/// What an Origin CA key begins with.
pub const ORIGIN_CA_KEY: &str = "v1.0-";
/// Characters between prefix and checksum, and those of an older token, which has neither.
pub const BODY: usize = 40;
/// Characters of the checksum.
pub const CHECKSUM: usize = 8;

/// What goes behind `Bearer`.
const TOKENS: [&str; 3] = [USER_TOKEN, ACCOUNT_TOKEN, OAUTH_TOKEN];

/// All prefixes.
pub const PREFIXES: [&str; 4] = [USER_TOKEN, ACCOUNT_TOKEN, OAUTH_TOKEN, GLOBAL_KEY];

/// Whether a value begins as a token does.
#[must_use]
pub fn has_prefix_of_token(value: &str) -> bool {
    TOKENS.iter().any(|prefix| value.starts_with(prefix))
}

/// Whether a value is written as a Global API key: its prefix, or the older 37 to 45 hexadecimal digits in lower case.
#[must_use]
pub fn is_global_key(value: &str) -> bool {
    value.starts_with(GLOBAL_KEY) || is_older_global_key(value)
}

/// Whether a value is written as a Global API key without a prefix.
#[must_use]
pub fn is_older_global_key(value: &str) -> bool {
    let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (37..=45).contains(&value.len()) && value.bytes().all(lower_hex)
}

/// What a character is called that no credential has, in words that show it to people who cannot see it.
#[must_use]
pub fn name_of_stray(c: char) -> String {
    let name = match c {
        '"' => "a double quote",
        '\'' => "a single quote",
        '`' => "a backquote",
        ' ' => "a space",
        '\t' => "a tab",
        '\n' => "a line break",
        '\r' => "a carriage return",
        '\\' => "a backslash",
        ':' => "a colon",
        ',' => "a comma",
        ';' => "a semicolon",
        _ if c.is_ascii_control() => return format!("the control character U+{:04X}", u32::from(c)),
        _ if !c.is_ascii() => return format!("the non-ASCII character U+{:04X}", u32::from(c)),
        _ => "a character that no token has",
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_how() {
        let body = "aB3x".repeat(10);
        for prefix in TOKENS {
            let value = format!("{prefix}{body}");
            assert!(has_prefix_of_token(&value) && !is_global_key(&value));
        }
        for key in [format!("{GLOBAL_KEY}{body}"), "0a".repeat(18) + "1", "0".repeat(45)] {
            assert!(is_global_key(&key) && !has_prefix_of_token(&key));
        }
        for neither in ["", &body, &"0a".repeat(18), &"0".repeat(46), &"0A".repeat(19)] {
            assert!(!is_global_key(neither) && !has_prefix_of_token(neither), "{neither}");
        }
    }

    #[test]
    fn characters_that_nobody_sees_are_named() {
        assert_eq!(name_of_stray('\u{7}'), "the control character U+0007");
        assert_eq!(name_of_stray('\u{200b}'), "the non-ASCII character U+200B");
        assert_eq!(name_of_stray('\t'), "a tab");
    }
}
