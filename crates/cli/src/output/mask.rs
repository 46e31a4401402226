//! Credentials that were typed in another's place: an error repeats what was typed, and must not repeat them.

use flarekeep_catalogue::credential::{BODY, PREFIXES, is_older_global_key};

/// What stands for a credential.
const HIDDEN: &str = "[hidden]";

/// The text without what looks like a credential.
pub(crate) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c| !in_credential(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(run);
        match credential_behind_escape(&text[..text.len() - rest.len()], word) {
            Some(start) => out.extend([&word[..start], HIDDEN]),
            None => out.push_str(word),
        }
        let gap = behind.find(in_credential).unwrap_or(behind.len());
        out.push_str(&behind[..gap]);
        rest = &behind[gap..];
    }
    out
}

/// Where a credential begins in a word. What an escape ends in (`\n`, `\u001b`) looks like the word's beginning.
fn credential_behind_escape(before: &str, word: &str) -> Option<usize> {
    let behind = |escape: usize| word.get(escape..).and_then(credential_at).map(|at| at + escape);
    let escaped = before.ends_with('\\').then(|| behind(1).or_else(|| behind("u001b".len()))).flatten();
    credential_at(word).or(escaped)
}

fn in_credential(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// Where a credential begins in a word: one with a prefix, even if it was cut short, or one of the older forms, a token
/// of 40 characters or a Global API key of 37 to 45 hexadecimal digits, and what has 64 and more. Ids have 32, UUIDs 36.
fn credential_at(word: &str) -> Option<usize> {
    const TELLING: usize = 8;
    let prefixed = PREFIXES
        .iter()
        .filter_map(|prefix| word.find(prefix).filter(|at| word.len() >= at + prefix.len() + TELLING))
        .min();
    let any = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
    let mixed = any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase) && any(u8::is_ascii_digit);
    let older = (word.len() == BODY && mixed) || is_older_global_key(word);
    // The secret of R2's S3 face, and the Origin CA's service keys: `v1.0-…-…`.
    let longer = word.split(['-', '_']).any(|part| part.len() >= 64 && part.bytes().all(|b| b.is_ascii_hexdigit()));
    // `name-CREDENTIAL` is one word.
    let behind = word.len().checked_sub(BODY).filter(|at| word[..*at].ends_with(['-', '_']) && mixed);
    prefixed.or((older || longer).then_some(0)).or(behind)
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn credentials_are_hidden_and_the_rest_stays() {
        let body = "Ab1".repeat(16);
        assert_eq!(
            masked(&format!("no token `cfut_{body}`, or vault:cfk_{body}?")),
            "no token `[hidden]`, or vault:[hidden]?"
        );
        assert_eq!(masked(&format!("--xcfat_{}é", &body[..9])), "--x[hidden]é");
        assert_eq!(masked(&"Ab-9".repeat(10)), "[hidden]");
        assert_eq!(masked(&"0a".repeat(19)), "[hidden]");
        assert_eq!(masked(&"0a".repeat(32)), "[hidden]");
        assert_eq!(masked(&format!("v1.0-{}-{}", "0a".repeat(12), "0a".repeat(73))), "v1.[hidden]");
        let older = "Ab-9".repeat(10);
        assert_eq!(masked(&format!(r"\\n{older}\u001b{older}")), r"\\n[hidden]\u001b[hidden]");
        assert_eq!(masked(&format!("conf-{}.toml", "Ab1x".repeat(10))), "conf-[hidden].toml");
        for kept in
            ["", "cfut_ is the prefix", &"0a".repeat(16), "01234567-89ab-cdef-0123-456789abcdef", &"a".repeat(60)]
        {
            assert_eq!(masked(kept), kept);
        }
    }
}
