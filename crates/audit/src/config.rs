//! The file of an audit's settings and of what was accepted (docs/audit.md): TOML, kept beside the code.

use std::collections::BTreeSet;

use flarekeep_catalogue::{harmless, nearest};
use jiff::civil::Date;
use serde::Deserialize;

use crate::accepted::{Acceptance, Ignore};
use crate::rules::{RULES, rule};
use crate::settings::{Settings, Thresholds};

/// What a file of settings says. What it does not say stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    thresholds: RawThresholds,
    name_pattern: Option<String>,
    off: BTreeSet<String>,
    ignore: Vec<Ignore>,
    accepted: Vec<Acceptance>,
}

/// Why a file of settings cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot be read, line {line}: {reason}")]
pub struct ConfigError {
    /// The file.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    thresholds: RawThresholds,
    #[serde(default)]
    name_pattern: Option<String>,
    #[serde(default)]
    off: Vec<toml::Spanned<String>>,
    #[serde(default)]
    ignore: Vec<RawIgnore>,
    #[serde(default)]
    accepted: Vec<RawAcceptance>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawThresholds {
    expires_soon_days: Option<u32>,
    unused_days: Option<u32>,
    never_used_days: Option<u32>,
    rotated_days: Option<u32>,
    quota_percent: Option<u32>,
    purposes: Option<u32>,
    far_end_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIgnore {
    rule: toml::Spanned<String>,
    #[serde(default)]
    token: Option<String>,
    because: toml::Spanned<String>,
}

/// `rule`, `token` and `summary` are for people: the finding is known by its fingerprint.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAcceptance {
    finding: toml::Spanned<String>,
    until: toml::Spanned<toml::Value>,
    because: toml::Spanned<String>,
    #[serde(default, rename = "rule")]
    _rule: Option<String>,
    #[serde(default, rename = "token")]
    _token: Option<String>,
    #[serde(default, rename = "summary")]
    _summary: Option<String>,
}

impl Config {
    /// Reads a file of settings.
    ///
    /// # Errors
    /// If it is no TOML, holds a key that is none of the settings, a rule that is none, a day that is none, or no reason.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let shown = || name.chars().flat_map(harmless).collect();
        let fault = |at: usize, reason: String| {
            let line = 1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
            ConfigError { name: shown(), line, reason }
        };
        let file: File = toml::from_str(text).map_err(|error| {
            let reason = error.message().chars().take(300).flat_map(harmless).collect();
            fault(error.span().map_or(0, |span| span.start), reason)
        })?;
        let known = |id: &toml::Spanned<String>| match rule(id.get_ref()) {
            Some(rule) => Ok(rule.id.to_owned()),
            None => Err(fault(id.span().start, no_rule(id.get_ref()))),
        };
        let reason = |text: &toml::Spanned<String>| match text.get_ref().trim() {
            "" => Err(fault(text.span().start, "say why, in `because`".to_owned())),
            because => Ok(because.to_owned()),
        };
        let off = file.off.iter().map(known).collect::<Result<_, _>>()?;
        let ignore =
            |raw: RawIgnore| Ok(Ignore { rule: known(&raw.rule)?, token: raw.token, because: reason(&raw.because)? });
        let accepted = |raw: RawAcceptance| {
            let finding = raw.finding.get_ref();
            if finding.len() != 16 || !finding.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                let why = "a finding is named by its 16 hexadecimal digits, as `flarekeep audit` prints them";
                return Err(fault(raw.finding.span().start, why.to_owned()));
            }
            let until = day(raw.until.get_ref())
                .ok_or_else(|| fault(raw.until.span().start, "`until` is a day, as in 2027-01-31".to_owned()))?;
            Ok(Acceptance { finding: finding.to_ascii_lowercase(), until, because: reason(&raw.because)? })
        };
        Ok(Self {
            thresholds: file.thresholds,
            name_pattern: file.name_pattern,
            off,
            ignore: file.ignore.into_iter().map(ignore).collect::<Result<_, _>>()?,
            accepted: file.accepted.into_iter().map(accepted).collect::<Result<_, _>>()?,
        })
    }

    /// Puts what the file says over what the settings have; lists are added to.
    pub fn apply(self, settings: &mut Settings) {
        let usual = settings.thresholds.clone();
        let said = self.thresholds;
        settings.thresholds = Thresholds {
            expires_soon_days: said.expires_soon_days.unwrap_or(usual.expires_soon_days),
            unused_days: said.unused_days.unwrap_or(usual.unused_days),
            never_used_days: said.never_used_days.unwrap_or(usual.never_used_days),
            rotated_days: said.rotated_days.unwrap_or(usual.rotated_days),
            quota_percent: said.quota_percent.unwrap_or(usual.quota_percent),
            purposes: said.purposes.unwrap_or(usual.purposes),
            far_end_days: said.far_end_days.unwrap_or(usual.far_end_days),
        };
        settings.name_pattern = self.name_pattern.or(settings.name_pattern.take());
        settings.off.extend(self.off);
        settings.ignore.extend(self.ignore);
        settings.baseline.extend(self.accepted);
    }
}

/// That no rule is called so, and which one may be meant.
fn no_rule(id: &str) -> String {
    let near = nearest(id, RULES.iter().map(|rule| rule.id.to_owned()));
    let given: String = id.chars().take(60).flat_map(harmless).collect();
    match near.first() {
        Some(near) => format!("no rule is called `{given}`: is `{near}` meant?"),
        None => format!("no rule is called `{given}`: `flarekeep audit rules` lists them"),
    }
}

/// A day, as TOML has it or as a text.
fn day(value: &toml::Value) -> Option<Date> {
    match value {
        toml::Value::Datetime(day) if day.time.is_none() => day.to_string().parse().ok(),
        toml::Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: &str = r#"
name_pattern = "team-*"
off = ["name-pattern"]

[thresholds]
unused_days = 30 # a month

[[ignore]]
rule = "no-ip-condition"
token = "*-github-*"
because = "hosted runners have no address of their own"

[[accepted]]
finding = "0123456789abcdef"
until = 2027-01-31
because = "moved in January"
"#;

    fn settings() -> Settings {
        Settings::new("2026-11-20T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn what_is_said_goes_over_what_is_usual() {
        let mut settings = settings();
        Config::parse("audit.toml", FILE).unwrap().apply(&mut settings);
        assert_eq!((settings.thresholds.unused_days, settings.thresholds.rotated_days), (30, 180));
        assert!(settings.off.contains("name-pattern") && settings.name_pattern.as_deref() == Some("team-*"));
        assert_eq!((settings.ignore.len(), settings.baseline[0].until.to_string().as_str()), (1, "2027-01-31"));
    }

    #[test]
    fn faults_are_told_with_their_line() {
        let error = |text: &str| Config::parse("audit.toml", text).unwrap_err().to_string();
        assert_eq!(
            error("\noff = [\"no-expirey\"]"),
            "`audit.toml` cannot be read, line 2: no rule is called `no-expirey`: is `no-expiry` meant?"
        );
        assert!(error("[[ignore]]\nrule = \"unused\"\nbecause = \" \"").contains("line 3: say why"));
        assert!(error("[[accepted]]\nfinding = \"xyz\"\nuntil = 2027-01-01\nbecause = \"x\"").contains("line 2"));
        assert!(
            error("[[accepted]]\nfinding = \"0123456789abcdef\"\nuntil = \"soon\"\nbecause = \"x\"").contains("line 3")
        );
        for until in ["2027-02-31", "2027-01-31T00:00:00Z", "12:00:00"] {
            let row = format!("[[accepted]]\nfinding = \"0123456789abcdef\"\nuntil = {until}\nbecause = \"x\"");
            assert!(error(&row).contains("line 3"), "{until}");
        }
        assert!(error("unknown = 1").contains("line 1") && error("[").contains("line 1"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]a-z=\"\n ,0-9#-]{0,60}") {
            let _ = Config::parse("a", &text);
        }
    }
}
