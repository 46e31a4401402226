//! Words that several forms share.

use flarekeep_catalogue::is_hostile;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::level::Severity;
use crate::reach::TokenReach;
use crate::text::visible;
use crate::token::OwnedBy;

/// A text from outside as it may be shown, cut after `longest` characters.
pub(super) fn shown(text: &str, longest: usize) -> String {
    let mut out: String = text.chars().take(longest).flat_map(visible).collect();
    if text.chars().nth(longest).is_some() {
        out.push('…');
    }
    out
}

/// The name of a token as it may be shown. One that nobody could see has words in its place.
pub(super) fn name(text: &str, longest: usize) -> String {
    let is_unseen = |c: char| {
        let is_format = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
        c.is_whitespace() || is_format || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if text.chars().all(is_unseen) { "(no name)".to_owned() } else { shown(text, longest) }
}

/// What to do, where a form says itself that it is another way: `remove it` for `or remove it`.
pub(super) fn order(words: &str) -> &str {
    words.strip_prefix("or ").unwrap_or(words)
}

/// The day of an instant, in UTC: `2026-11-23`.
pub(super) fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).date().to_string()
}

/// An instant to the minute, in UTC: `2026-11-23 09:30 UTC`.
pub(super) fn minute(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Who owns a token, where its name is not known: `user`, `account 023e105f…`.
pub(super) fn owner(owner: OwnedBy) -> String {
    match owner {
        OwnedBy::User(None) => "user".to_owned(),
        OwnedBy::User(Some(user)) => format!("user {user}"),
        OwnedBy::Account(account) => format!("account {account}"),
        OwnedBy::Unknown => "an owner nobody named".to_owned(),
    }
}

/// `2 critical, 1 low`: the severities that there are, worst first; `nothing` where there are none.
pub(super) fn tally(count: impl Fn(Severity) -> usize) -> String {
    let there = Severity::ALL.into_iter().filter(|severity| count(*severity) > 0);
    let parts: Vec<String> = there.map(|severity| format!("{} {severity}", count(severity))).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

/// A number with commas: `12,345`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len().saturating_add(digits.len() / 3));
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The score of a token; that of one of which nobody knows what it grants would say that it reaches nothing.
pub(super) fn score(reach: &TokenReach) -> String {
    if reach.is_known { reach.score.to_string() } else { "unknown".to_owned() }
}

/// A JSON document in which what a terminal would obey is written as JSON escapes. Outside of strings there is no such
/// character but the newline, which strings cannot hold.
pub(super) fn escaped_document(document: String) -> String {
    // Nearly every document is plain ASCII, in which serde has escaped all but one of these.
    if document.is_ascii() && !document.as_bytes().contains(&0x7f) {
        return document;
    }
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        match is_hostile(c) && c != '\n' {
            true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_harmless() {
        assert_eq!(shown("a\u{1b}b\u{202e}", 10), r"a\u{1b}b\u{202e}");
        assert_eq!(shown(&"é".repeat(9), 3), "ééé…");
        assert_eq!(shown("ééé", 3), "ééé");
    }

    #[test]
    fn a_name_can_be_seen() {
        assert_eq!(name("", 5), "(no name)");
        assert_eq!(name(" \u{2028}\u{feff}\u{ffff}", 5), "(no name)");
        assert_eq!(name(" a", 5), " a");
    }

    #[test]
    fn numbers_and_tallies() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(tally(|severity| usize::from(severity == Severity::Low)), "1 low");
        assert_eq!(tally(|_| 0), "nothing");
    }

    #[test]
    fn instants_are_in_utc() {
        let at: Timestamp = "2026-11-23T09:30:59+02:00".parse().unwrap();
        assert_eq!((day(at).as_str(), minute(at).as_str()), ("2026-11-23", "2026-11-23 07:30 UTC"));
    }
}
