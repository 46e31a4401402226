//! Rules as SARIF describes them.

use serde_json::{Value, json};

use super::text;
use crate::level::Severity;
use crate::rule::Rule;

/// A rule, with the help that GitHub shows beside its results.
pub(super) fn descriptor(rule: &Rule) -> Value {
    let page = format!("{}/blob/main/{}", env!("CARGO_PKG_REPOSITORY"), rule.docs());
    json!({
        "id": rule.id,
        "name": pascal(rule.id),
        "shortDescription": { "text": text::literal(rule.title) },
        "fullDescription": { "text": text::literal(rule.why) },
        "help": {
            "text": text::literal(&format!("{} How to mend it: {page}", rule.why)),
            "markdown": format!("{}\n\n[How it is found and mended]({page})", rule.why),
        },
        "helpUri": page,
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "tags": ["security", "cloudflare", "api-token"],
            "problem.severity": problem(rule.severity),
            "security-severity": score(rule.severity),
        },
    })
}

/// How bad something is, in SARIF's words.
pub(super) const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The same in GitHub's older words.
const fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "recommendation",
    }
}

/// A number in the middle of what GitHub calls critical (above 9.0), high (from 7.0), medium (from 4.0) and low.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.5",
    }
}

/// `no-expiry` as `NoExpiry`: SARIF wants names of rules as one word.
fn pascal(id: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
    };
    id.split('-').map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_s_name_is_one_word() {
        assert_eq!(pascal("no-expiry"), "NoExpiry");
        assert_eq!(pascal(""), "");
    }

    #[test]
    fn scores_fall_with_severity() {
        let scores: Vec<f64> = Severity::ALL.into_iter().map(|severity| score(severity).parse().unwrap()).collect();
        assert!(scores.is_sorted_by(|a, b| a > b), "{scores:?}");
    }
}
