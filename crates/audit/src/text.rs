//! Texts from outside, for people.

use flarekeep_catalogue::{harmless, like_a_credential};

/// As much of a name as is shown: Cloudflare takes 120 characters.
const LONGEST: usize = 120;
/// What stands for a word that may be a credential.
const HIDDEN: &str = "[hidden]";

/// A text from outside as it may be shown: cut short, without what a terminal would obey or nobody would see, and without
/// what may be a credential: people paste values into names.
pub(crate) fn shown(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { fitted(text) }
}

/// Whether nothing of it has to be changed, as of nearly every name.
fn is_plain(text: &str) -> bool {
    let is_seen = text.len() <= LONGEST && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    is_seen && !text.split(|c| !in_credential(c)).any(like_a_value)
}

fn fitted(text: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for part in text.split_inclusive(|c| !in_credential(c)) {
        let run = part.trim_end_matches(|c| !in_credential(c));
        let kept = if like_a_value(run) { HIDDEN } else { run };
        for c in kept.chars().chain(part.get(run.len()..).unwrap_or_default().chars()) {
            if length == LONGEST {
                return out;
            }
            out.extend(visible(c));
            length += 1;
        }
    }
    out
}

/// The character as it may be shown: what a terminal would obey, and what nobody sees, as Rust escapes it. Two names that
/// differ look different.
pub(crate) fn visible(c: char) -> impl Iterator<Item = char> {
    let (seen, unseen) = if is_unseen(c) { (None, Some(c.escape_unicode())) } else { (Some(c), None) };
    seen.into_iter().flat_map(harmless).chain(unseen.into_iter().flatten())
}

/// Whether the character takes no place, or one that is blank: those of Unicode's `Default_Ignorable_Code_Point` that
/// fonts leave out, and the Hangul fillers.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

fn in_credential(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// Whether a run of letters may be a credential, and is not several words as long names are: `shop-deploy-eu-west-1-…`.
fn like_a_value(run: &str) -> bool {
    // Too short for anything but a prefix to tell it.
    let window = |(at, _)| run.as_bytes().iter().skip(at).take(8).map(|byte| char::from(*byte)).collect::<String>();
    like_a_credential(run)
        && (run.match_indices("cf").any(|found| like_a_credential(&window(found)))
            || !run.split(['-', '_']).all(is_word))
}

/// Whether a part of a name is a word, a number, an id or a part of one: what a random value of 37 characters is not made of.
fn is_word(part: &str) -> bool {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let letters = part.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = letters.trim_end_matches(|c: char| c.is_ascii_digit());
    match part.len() {
        0..=12 => part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) || is_letters(letters),
        13..=20 => is_letters(letters),
        32 => part.bytes().all(is_hex),
        _ => false,
    }
}

fn is_letters(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// A count with its word: `1 token`, `2 tokens`.
pub(crate) fn counted(count: impl TryInto<u64>, word: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_may_be_a_credential_is_hidden_and_long_names_are_not() {
        let values = [
            format!("cf{}_{}", "ut", "aB3".repeat(16)),
            format!("cf{}_{}", "at", "a".repeat(20)),
            "0a".repeat(19),
            format!("{}_{}-{}", "Q7vXz9", "kP2mNb4Lw8Yc", "Hd5RtZs1Jq6FgT3UeV"),
        ];
        for value in values {
            assert_eq!(shown(&format!("ci ({value})!")), "ci ([hidden])!");
            let behind = format!("{}{value}", "a ".repeat(55));
            assert!(!shown(&behind).contains(value.get(..4).unwrap()), "cut in the middle: {}", shown(&behind));
        }
        for name in [
            "shop-deploy-production-eu-west-1-terraform-2024-v2",
            "Shop-Deploy-Production-EU1-of-9a7806061c88ada191ed06f989cc3dac",
            "backup-7d444840-9dc0-11d1-b245-5ffdce74fad2-nightly",
        ] {
            assert_eq!(shown(name), name);
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_is_what_the_long_way_makes_of_it(text in "(\\PC{0,40}|[ -~]{0,140}|cf(ut|at)_[a-z0-9]{0,60})") {
            prop_assert_eq!(shown(&text), fitted(&text));
        }
    }

    #[test]
    fn what_nobody_sees_is_shown() {
        assert_eq!(shown("a\u{200b}b\u{feff}\u{e0041}"), "a\\u{200b}b\\u{feff}\\u{e0041}");
        assert_eq!(shown("a\u{1b}\u{202e}"), "a\\u{1b}\\u{202e}");
        assert_eq!(shown("grün 日本 🙂"), "grün 日本 🙂");
        assert_eq!(shown(&"é".repeat(500)).chars().count(), LONGEST);
    }

    #[test]
    fn counts_have_their_word() {
        assert_eq!((counted(1_usize, "token"), counted(2_u64, "token")), ("1 token".to_owned(), "2 tokens".to_owned()));
    }
}
