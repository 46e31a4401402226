//! What may be repeated of a text that can hold a credential.

use crate::credential::PREFIXES;

/// What stands for a word that may be one.
const HIDDEN: &str = "[hidden]";
/// What stands for a part that is not repeated.
const LEFT_OUT: &str = "…";
/// How much of a name is repeated.
const LONGEST: usize = 120;

/// A single word as far as it may be repeated: runs that look like a credential are hidden, the rest is cut short.
pub(super) fn word(text: &str) -> String {
    let mut out = String::new();
    for part in text.split_inclusive(|c| !in_credential(c)) {
        let run = part.trim_end_matches(|c| !in_credential(c));
        let behind = part.get(run.len()..).unwrap_or_default();
        out.push_str(if like_a_credential(run) { HIDDEN } else { run });
        out.extend(behind.escape_debug());
        if out.len() > LONGEST {
            return out.chars().take(LONGEST).chain(LEFT_OUT.chars()).collect();
        }
    }
    out
}

/// A path as far as it may be repeated: segments of letters, digits and the marks of a template.
#[must_use]
pub fn path(path: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "_-.{}<>$*".contains(c);
    let segments = path.split('/').map(|segment| {
        let told = like_a_credential(segment) || !like_a_password(segment);
        let shown = segment.chars().all(harmless) && segment.len() <= LONGEST && told;
        if shown { word(segment) } else { LEFT_OUT.to_owned() }
    });
    let path = segments.collect::<Vec<_>>().join("/");
    match path.char_indices().nth(2 * LONGEST) {
        Some((end, _)) => path.get(..end).unwrap_or_default().to_owned() + LEFT_OUT,
        None => path,
    }
}

/// Whether a value of a path is an id or a short name in lower case, which no credential is: tokens are longer and hold
/// capitals, Global API keys have 37 digits or more.
#[must_use]
pub fn is_plain(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    (1..=36).contains(&value.len()) && value.bytes().all(plain) && !like_a_credential(value)
}

fn in_credential(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// Credentials have a prefix of their own, or are 37 characters and more with digits or capitals. Ids have 32 digits,
/// UUIDs 36; long names are in lower case without digits, as a rule, and hidden where they are not.
#[must_use]
pub fn like_a_credential(run: &str) -> bool {
    // The last is the secret of an Access service token, which is no credential of the API.
    let prefixed = PREFIXES.iter().chain(&["cfast_"]).any(|prefix| run.contains(prefix));
    let telling = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    prefixed || run.len() >= 37 && run.bytes().any(telling)
}

/// A mistyped path is letters; one that somebody's password stands in, by mistake, has digits among them as an id has not.
fn like_a_password(segment: &str) -> bool {
    const SHORTEST: usize = 10;
    let is_id = segment.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    segment.len() >= SHORTEST && !is_id && !segment.contains('{') && segment.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_credential_is_hidden() {
        let token = "aB3_".repeat(10);
        assert_eq!(word(&format!("dns.{token}.list")), "dns.[hidden].list");
        assert_eq!(word(&format!("cf{}_x", "ut")), "[hidden]");
        assert_eq!(path(&format!("/zones/{token}/a b/{{id}}")), "/zones/[hidden]/…/{id}");
        assert_eq!(path("/accounts/x/foo/hunter2secretvalue"), "/accounts/x/foo/…");
        assert_eq!(path("/accounts/x/d1/dns_recrods"), "/accounts/x/d1/dns_recrods");
        assert_eq!(word("dns.recrods.list\u{1b}"), "dns.recrods.list\\u{1b}");
        assert!(word(&"a".repeat(500)).chars().count() <= LONGEST + 1);
        assert!(is_plain(&"0a".repeat(16)) && is_plain("my-bucket"));
        assert!(!is_plain(&"0a".repeat(19)) && !is_plain(&token) && !is_plain("") && !is_plain("{id}"));
    }
}
