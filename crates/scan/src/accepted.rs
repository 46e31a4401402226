//! What somebody looked at and accepted: rules with reasons, and a baseline of what was there before.

use std::collections::HashSet;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::finding::Finding;

/// Rules that accept findings.
#[derive(Debug)]
pub struct Accepted {
    rules: Vec<(Rule, Option<Gitignore>)>,
}

/// A rule: a fingerprint, a path, or both; always a reason.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    fingerprint: Option<String>,
    path: Option<String>,
    because: String,
    /// The last day on which it holds: 2027-01-31 as TOML has it, or as a text.
    until: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    allow: Vec<Rule>,
}

/// Why a file of rules or a baseline cannot be read.
#[derive(Debug, Error)]
pub enum BadAccepted {
    /// It is no TOML of this form.
    #[error("{0}")]
    Form(String),
    /// A rule accepts everything, or says not why.
    #[error("rule {number} {fault}")]
    Rule {
        /// Which, from 1.
        number: usize,
        /// What is wrong.
        fault: &'static str,
    },
}

impl Accepted {
    /// Reads `[[allow]]` rules; `today` is a date as 2026-11-22, after whose end a rule holds no more.
    ///
    /// # Errors
    /// [`BadAccepted`].
    pub fn read(text: &str, today: &str) -> Result<Self, BadAccepted> {
        let file: File = toml::from_str(text).map_err(|error| {
            let before = text.as_bytes().iter().take(error.span().map_or(0, |span| span.start));
            let line = 1 + before.filter(|byte| **byte == b'\n').count();
            BadAccepted::Form(format!("line {line}: {}", error.message()))
        })?;
        let mut rules = Vec::new();
        for (at, mut rule) in file.allow.into_iter().enumerate() {
            let wrong = |fault| BadAccepted::Rule { number: at + 1, fault };
            if rule.fingerprint.is_none() && rule.path.is_none() {
                return Err(wrong("names neither a fingerprint nor a path"));
            }
            if rule.because.trim().is_empty() {
                return Err(wrong("gives no reason"));
            }
            if let Some(fingerprint) = &mut rule.fingerprint {
                if fingerprint.len() != 16 || !fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Err(wrong("has a fingerprint that is not 16 hexadecimal digits, as a scan prints them"));
                }
                fingerprint.make_ascii_lowercase();
            }
            if let Some(until) = &rule.until {
                let last = day(until).ok_or_else(|| wrong("has an end that is no date as 2027-01-31"))?;
                if last.as_str() < today {
                    continue;
                }
            }
            let path =
                rule.path.as_deref().map(pattern).transpose().map_err(|()| wrong("has a path that is no pattern"))?;
            rules.push((rule, path));
        }
        Ok(Self { rules })
    }

    /// The reason for which a finding is accepted.
    #[must_use]
    pub fn reason(&self, finding: &Finding) -> Option<&str> {
        let fits = |(rule, path): &&(Rule, Option<Gitignore>)| {
            let is_it = rule.fingerprint.as_deref().is_none_or(|wanted| wanted == finding.fingerprint);
            // What is in an archive lies under the archive's path.
            let file = finding.place.path.split('!').next().unwrap_or_default();
            let relative = file.trim_start_matches('/');
            is_it && path.as_ref().is_none_or(|path| path.matched_path_or_any_parents(relative, false).is_ignore())
        };
        self.rules.iter().find(fits).map(|(rule, _)| rule.because.as_str())
    }
}

fn pattern(path: &str) -> Result<Gitignore, ()> {
    let mut builder = GitignoreBuilder::new("");
    builder.add_line(None, path).map_err(drop)?;
    builder.build().map_err(drop)
}

/// A day, as TOML has it or as a text, in the form 2027-01-31.
fn day(value: &toml::Value) -> Option<String> {
    let given: toml::value::Datetime = match value {
        toml::Value::Datetime(given) => *given,
        toml::Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let is_day_alone = given.time.is_none() && given.offset.is_none();
    given.date.filter(|_| is_day_alone).map(|date| date.to_string())
}

/// What was there when the baseline was written: it holds fingerprints and places, and no value.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Baseline {
    findings: Vec<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Known {
    fingerprint: String,
    path: String,
}

impl Baseline {
    /// Of these findings.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let mut seen = HashSet::new();
        let known = findings.iter().map(Known::of).filter(|known| seen.insert(known.clone()));
        Self { findings: known.collect() }
    }

    /// Reads what [`Baseline::of`] was written as.
    ///
    /// # Errors
    /// [`BadAccepted::Form`].
    pub fn read(text: &str) -> Result<Self, BadAccepted> {
        serde_json::from_str(text).map_err(|error| BadAccepted::Form(error.to_string()))
    }

    /// Whether the finding was there: the same value in the same file, at whatever line.
    #[must_use]
    pub fn has(&self, finding: &Finding) -> bool {
        self.findings.contains(&Known::of(finding))
    }
}

impl Known {
    fn of(finding: &Finding) -> Self {
        Self { fingerprint: finding.fingerprint.clone(), path: finding.place.path.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Place};

    fn finding(path: &str, value: &str) -> Finding {
        let place = Place { commit: None, path: path.to_owned(), line: 1, column: 1 };
        Finding::new(crate::detect::tests_form("user-token"), value, place, Confidence::High, String::new())
    }

    #[test]
    fn a_rule_accepts_what_it_names() {
        let fingerprint = crate::fingerprint("a");
        let text = format!(
            "[[allow]]\npath = 'examples/leaks/**'\nbecause = 'planted'\n\
             [[allow]]\nfingerprint = '{fingerprint}'\nbecause = 'dead'\nuntil = '2027-01-01'\n"
        );
        let accepted = Accepted::read(&text, "2026-11-22").unwrap();
        assert_eq!(accepted.reason(&finding("examples/leaks/a/b", "x")), Some("planted"));
        assert_eq!(accepted.reason(&finding("examples/leaks/a.tgz!b", "x")), Some("planted"));
        assert_eq!(accepted.reason(&finding("src/a", "a")), Some("dead"));
        assert_eq!(accepted.reason(&finding("src/a", "x")), None);
        let later = Accepted::read(&text, "2027-01-02").unwrap();
        assert_eq!(later.reason(&finding("src/a", "a")), None);
    }

    #[test]
    fn a_rule_ends_on_a_day_as_toml_has_it() {
        let fingerprint = crate::fingerprint("a").to_ascii_uppercase();
        let text = format!("[[allow]]\nfingerprint = '{fingerprint}'\nbecause = 'dead'\nuntil = 2027-06-30\n");
        let reads = |today| Accepted::read(&text, today).unwrap().reason(&finding("b", "a")).is_some();
        assert!(reads("2027-06-30") && !reads("2027-07-01"));
    }

    #[test]
    fn what_is_no_toml_of_this_form_is_told_with_its_line() {
        let told = |text| Accepted::read(text, "2026-11-22").unwrap_err().to_string();
        assert!(told("[[allow]]\npath = 'a'\nbecause = 1\n").starts_with("line 3: "));
        assert!(told("\n[[alow]]").starts_with("line 2: "));
    }

    #[test]
    fn a_rule_without_a_reason_is_refused() {
        for bad in [
            "[[allow]]\npath = 'a'\nbecause = ' '",
            "[[allow]]\nbecause = 'a'",
            "[[allow]]\npath = 'a'",
            "[[allow]]\npath = 'a'\nbecause = 'b'\nuntil = 'soon'",
            "[[allow]]\npath = 'a'\nbecause = 'b'\nuntil = 2027-01-31T12:00:00Z",
            "[[allow]]\npath = 'a'\nbecause = 'b'\nuntil = '2027-02-30'",
            "[[allow]]\nfingerprint = 'zz'\nbecause = 'b'",
            "[[allow]]\nfingerprint = '0123456789abcdeg'\nbecause = 'b'",
            "allow = 1",
            "[[alow]]",
        ] {
            assert!(Accepted::read(bad, "2026-11-22").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_baseline_knows_a_value_in_its_file() {
        let text = serde_json::to_string(&Baseline::of(&[finding("a", "x"), finding("a", "x")])).unwrap();
        let baseline = Baseline::read(&text).unwrap();
        assert_eq!(baseline.findings.len(), 1);
        assert!(baseline.has(&finding("a", "x")));
        assert!(!baseline.has(&finding("b", "x")) && !baseline.has(&finding("a", "y")));
    }
}
