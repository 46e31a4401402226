//! What options of `flarekeep audit` are given: findings, recordings, kinds of finding.

use std::path::PathBuf;
use std::str::FromStr;

/// A finding, by its digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) String);

impl FromStr for Fingerprint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_one = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_one
            .then(|| Self(text.to_owned()))
            .ok_or("a finding is named by the 16 hexadecimal digits that a report has for it")
    }
}

/// A recording and the token that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Its id or its name.
    pub(crate) token: String,
    pub(crate) file: PathBuf,
}

impl FromStr for Recorded {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.rsplit_once('=') {
            Some((token, file)) if !token.is_empty() && !file.is_empty() => {
                Ok(Self { token: token.to_owned(), file: file.into() })
            }
            _ => Err("a recording is given with the token that made it, as in shop-dns-prod=calls.jsonl"),
        }
    }
}

/// Findings that are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ignored {
    pub(crate) rule: String,
    /// A token's id, or its name with `*` for any text; none for all.
    pub(crate) token: Option<String>,
    pub(crate) because: String,
}

impl FromStr for Ignored {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str =
            "it is written RULE=WHY or RULE@TOKEN=WHY, as in 'no-ip-condition@ci-*=runners have no fixed address'";
        let (what, because) = text.split_once('=').ok_or(FORM)?;
        let (rule, token) = what.split_once('@').map_or((what, None), |(rule, token)| (rule, Some(token)));
        let is_empty = |text: &str| text.trim().is_empty();
        if is_empty(rule) || is_empty(because) || token.is_some_and(is_empty) {
            return Err(FORM);
        }
        Ok(Self { rule: rule.to_owned(), token: token.map(str::to_owned), because: because.trim().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_sixteen_digits() {
        assert_eq!("0123456789abcdef".parse(), Ok(Fingerprint("0123456789abcdef".to_owned())));
        for wrong in ["", "0123456789abcde", "0123456789ABCDEF", "0123456789abcdeg", "0123456789abcdeé"] {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_left_out_has_a_reason() {
        let ignored = "no-ip@ci-*=no fixed address = none".parse::<Ignored>().unwrap();
        assert_eq!((ignored.rule.as_str(), ignored.token.as_deref()), ("no-ip", Some("ci-*")));
        assert_eq!(ignored.because, "no fixed address = none");
        assert_eq!("no-ip=x".parse::<Ignored>().unwrap().token, None);
        for wrong in ["", "no-ip", "no-ip=", "no-ip= ", "=why", "no-ip@=why"] {
            assert!(wrong.parse::<Ignored>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_recording_is_some_tokens() {
        let recorded = "a=b=c.jsonl".parse::<Recorded>().unwrap();
        assert_eq!((recorded.token.as_str(), recorded.file.to_str()), ("a=b", Some("c.jsonl")));
        assert!("c.jsonl".parse::<Recorded>().is_err() && "=c".parse::<Recorded>().is_err());
    }
}
