//! A finding: what was found, where, how sure it is and why. Its value is there, and hidden.

use std::fmt;

use flarekeep_catalogue::LeakForm;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::detect::{Setting, detect};

/// How sure it is that a text is a living kind of credential. Whether it lives only Cloudflare knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It looks like one, and something speaks against it.
    Low,
    /// It looks like one, and the text around it speaks of Cloudflare.
    Medium,
    /// Its checksum or its shape proves its kind, or it stands under a name of Cloudflare's.
    High,
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The commit that brought it, in a repository's history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The file; behind `!` what is in an archive.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// The character of the line, from 1.
    pub column: u64,
}

/// What stands beside a credential and belongs to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// An account's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The id of the access key whose secret it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// An e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// What of a repository holds a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// A file.
    File,
    /// A commit's message.
    Message,
    /// What stands before a commit's message: its author, its signature.
    CommitHeader,
    /// A tag.
    Tag,
    /// An object that no branch, tag or reflog leads to.
    LostObject,
}

/// How a credential stands in a repository's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct History {
    /// What holds it.
    pub holder: Holder,
    /// How many versions of the file hold it, or how many messages.
    pub versions: u32,
    /// The commit that is checked out holds it still: as a file, or as a message in its history.
    pub is_in_head: bool,
}

/// A credential that was found.
#[derive(Clone)]
pub struct Finding {
    /// What it is.
    pub form: &'static LeakForm,
    /// Where it is.
    pub place: Place,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it is taken for one.
    pub why: String,
    /// What tells it from others without telling what it is.
    pub fingerprint: String,
    /// How many characters it has.
    pub length: usize,
    /// What stands beside it.
    pub beside: Beside,
    /// In a repository's history: how it stands there.
    pub history: Option<History>,
    pub(crate) rests_on_path: bool,
    value: SecretString,
}

impl Finding {
    /// A finding of this value. `place`, `confidence` and the rest are as the detector has them.
    #[must_use]
    pub fn new(form: &'static LeakForm, value: &str, place: Place, confidence: Confidence, why: String) -> Self {
        let (fingerprint, length) = (fingerprint(value), value.len());
        Self {
            form,
            place,
            confidence,
            why,
            fingerprint,
            length,
            beside: Beside::default(),
            history: None,
            rests_on_path: false,
            value: value.into(),
        }
    }

    /// The value. It is for whoever asks Cloudflare about it, and nobody prints it.
    #[must_use]
    pub fn value(&self) -> &SecretString {
        &self.value
    }

    /// What is shown in place of the value: its prefix and its length.
    #[must_use]
    pub fn masked(&self) -> String {
        // What a tunnel's token begins with says nothing to people.
        format!("{}… ({} characters)", self.form.prefix, self.length)
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { form, place, fingerprint, .. } = self;
        write!(f, "Finding({} at {place}, {fingerprint}, value hidden)", form.rule)
    }
}

impl PartialEq for Finding {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form
            && self.place == other.place
            && self.confidence == other.confidence
            && self.value.expose_secret() == other.value.expose_secret()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(commit) = &self.commit {
            write!(f, "{}:", commit.get(..12).unwrap_or(commit))?;
        }
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// A path in which no value stands: files are named by tokens, too.
pub(crate) fn without_values(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut from = 0;
    for leak in detect(path.as_bytes(), Setting::default()) {
        // A detector's places are between characters, since a value has ASCII alone.
        out.push_str(path.get(from..leak.start).unwrap_or_default());
        out.push_str(leak.form.prefix);
        out.push('…');
        from = leak.end;
    }
    out.push_str(path.get(from..).unwrap_or_default());
    out
}

/// What tells a value from others without telling what it is: 16 hexadecimal digits of a hash.
///
/// The hash is not that of the value alone: the SHA-256 of a token's value is its secret for R2.
#[must_use]
pub fn fingerprint(value: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"flarekeep leak\0");
    hash.update(value.as_bytes());
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_shows_no_value() {
        let form = crate::detect::tests_form("legacy-token");
        let value = "aB3x".repeat(10);
        let place = Place { commit: None, path: "a".to_owned(), line: 1, column: 2 };
        let finding = Finding::new(form, &value, place, Confidence::High, String::new());
        for shown in [format!("{finding:?}"), finding.masked()] {
            assert!(!shown.contains("aB3x"), "{shown}");
        }
        assert_eq!(finding.fingerprint.len(), 16);
        let plain: String = Sha256::digest(value.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!plain.starts_with(&finding.fingerprint));
    }

    #[test]
    fn a_path_shows_no_value_either() {
        let body = "aB3x9Zq7Lm".repeat(4);
        let value = format!("cfut_{body}{:08x}", crc32fast::hash(body.as_bytes()));
        assert_eq!(without_values(&format!("keys/é {value}.txt")), "keys/é cfut_….txt");
        assert_eq!(without_values("src/main.rs"), "src/main.rs");
    }
}
