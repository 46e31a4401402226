//! What a leaked credential of Cloudflare looks like in a text, and the names under which it stands there.

use crate::tables;

/// A form in which a credential is written, as in `catalogue/leaks.tsv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeakForm {
    /// What findings call it: `user-token`.
    pub rule: &'static str,
    /// What it is, in words: `API token of a user`.
    pub what: &'static str,
    /// What it begins with; empty for the older forms.
    pub prefix: &'static str,
    /// What follows the prefix: parts between spaces, each `ALPHABET*LENGTH`, `ALPHABET*LEAST-MOST` or a literal.
    pub shape: &'static str,
    /// What makes a text of this shape a credential.
    pub proof: LeakProof,
    /// How its life is ended.
    pub end: LeakEnd,
    /// Where that is known from.
    pub source: &'static str,
}

/// What makes a text of a credential's shape a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeakProof {
    /// Its last eight characters are the CRC-32 of the forty before.
    Checksum,
    /// Nothing beyond the prefix.
    Prefix,
    /// The shape is nobody else's.
    Shape,
    /// It is base64 of a JSON object with account, tunnel and secret.
    Tunnel,
    /// What stands before it names it.
    Name,
}

/// How a leaked credential's life is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeakEnd {
    /// The API revokes the token, or gives it another value.
    Revoke,
    /// A person changes the key in the dashboard.
    Change,
    /// `wrangler logout`.
    LogOut,
    /// A person rotates the service token.
    Rotate,
    /// A person refreshes the tunnel's token.
    Refresh,
}

/// A word in the name of a value, as in `catalogue/leak_names.tsv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeakName {
    /// The word, in lower case.
    pub word: &'static str,
    /// What it says of the value.
    pub role: LeakRole,
    /// Where that is known from.
    pub source: &'static str,
}

/// What a word says of the value that stands under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeakRole {
    /// It is of Cloudflare.
    Vendor,
    /// It is of R2.
    R2,
    /// It may be a token.
    Token,
    /// It may be a key.
    Key,
    /// It has its name on a line before.
    Holder,
    /// In the text around a value: that is about Cloudflare.
    Near,
    /// It is another service's.
    Other,
    /// It is a hash, an id or public.
    Never,
}

/// The forms that are known.
pub fn leak_forms() -> impl Iterator<Item = LeakForm> {
    tables::leaks().lines().skip(1).filter_map(form)
}

/// The words that are known.
pub fn leak_names() -> impl Iterator<Item = LeakName> {
    tables::leak_names().lines().skip(1).filter_map(name)
}

fn form(line: &'static str) -> Option<LeakForm> {
    let mut cells = line.split('\t');
    let mut next = || cells.next();
    let (rule, what, prefix, shape) = (next()?, next()?, next()?, next()?);
    let proof = match next()? {
        "checksum" => LeakProof::Checksum,
        "prefix" => LeakProof::Prefix,
        "shape" => LeakProof::Shape,
        "tunnel" => LeakProof::Tunnel,
        "name" => LeakProof::Name,
        _ => return None,
    };
    let end = match next()? {
        "revoke" => LeakEnd::Revoke,
        "change" => LeakEnd::Change,
        "log-out" => LeakEnd::LogOut,
        "rotate" => LeakEnd::Rotate,
        "refresh" => LeakEnd::Refresh,
        _ => return None,
    };
    Some(LeakForm { rule, what, prefix, shape, proof, end, source: next()? })
}

fn name(line: &'static str) -> Option<LeakName> {
    let mut cells = line.split('\t');
    let word = cells.next()?;
    let role = match cells.next()? {
        "vendor" => LeakRole::Vendor,
        "r2" => LeakRole::R2,
        "token" => LeakRole::Token,
        "key" => LeakRole::Key,
        "holder" => LeakRole::Holder,
        "near" => LeakRole::Near,
        "other" => LeakRole::Other,
        "never" => LeakRole::Never,
        _ => return None,
    };
    Some(LeakName { word, role, source: cells.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{ORIGIN_CA_KEY, PREFIXES};

    #[test]
    fn every_row_is_read() {
        assert_eq!(leak_forms().count(), tables::leaks().lines().count() - 1);
        assert_eq!(leak_names().count(), tables::leak_names().lines().count() - 1);
        assert!(leak_forms().all(|form| !form.source.is_empty() && !form.shape.is_empty()));
        assert!(leak_names().all(|name| !name.source.is_empty() && name.word.to_ascii_lowercase() == name.word));
    }

    #[test]
    fn every_prefix_of_a_credential_is_looked_for() {
        for prefix in PREFIXES.into_iter().chain([ORIGIN_CA_KEY]) {
            assert_eq!(leak_forms().filter(|form| form.prefix == prefix).count(), 1, "{prefix}");
        }
    }
}
