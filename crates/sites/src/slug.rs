//! The name of a tenant: a label of the platform's domain and a folder of its bucket.

use std::fmt;
use std::str::FromStr;

/// The longest slug: `<release>--<slug>` must be one label of 63 characters, and has room for longer releases.
const LONGEST: usize = 40;
/// Labels that people and programs take for the platform's own.
const RESERVED: &str = include_str!("slug/reserved.txt");

/// A tenant's slug: lower-case letters, digits and single hyphens inside, one label, at most 40 characters, not reserved.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

/// Why a text is no slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSlug {
    /// It has no character.
    #[error("a tenant's slug is empty")]
    Empty,
    /// It has more than 40 characters.
    #[error("a tenant's slug has at most {LONGEST} characters")]
    Long,
    /// It has other characters than `a` to `z`, `0` to `9` and `-`.
    #[error("a tenant's slug has lower-case letters, digits and hyphens alone")]
    Character,
    /// It begins or ends with a hyphen, or has two in a row, which parts a release from a slug in a preview's name.
    #[error("a tenant's slug begins and ends with a letter or digit, and has no two hyphens in a row")]
    Hyphen,
    /// Browsers, mail programs or the platform itself take the name for another thing than a tenant.
    #[error("this slug is reserved for the platform")]
    Reserved,
}

impl Slug {
    /// The slug as it stands in hosts and keys.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = BadSlug;

    fn from_str(text: &str) -> Result<Self, BadSlug> {
        if text.is_empty() {
            return Err(BadSlug::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            return Err(BadSlug::Character);
        }
        if text.len() > LONGEST {
            return Err(BadSlug::Long);
        }
        if text.starts_with('-') || text.ends_with('-') || text.contains("--") {
            return Err(BadSlug::Hyphen);
        }
        if RESERVED.lines().any(|reserved| reserved == text) {
            return Err(BadSlug::Reserved);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for good in ["a", "7", "acme", "acme-shop", "a1-b2-c3", &"a".repeat(40)] {
            assert_eq!(good.parse::<Slug>().map(|slug| slug.to_string()), Ok(good.to_owned()));
        }
        for (bad, why) in [
            ("", BadSlug::Empty),
            (&"a".repeat(41), BadSlug::Long),
            ("Acme", BadSlug::Character),
            ("a.b", BadSlug::Character),
            ("a/b", BadSlug::Character),
            ("a_b", BadSlug::Character),
            ("bücher", BadSlug::Character),
            ("-a", BadSlug::Hyphen),
            ("a-", BadSlug::Hyphen),
            ("xn--bcher-kva", BadSlug::Hyphen),
            ("www", BadSlug::Reserved),
            ("fallback", BadSlug::Reserved),
        ] {
            assert_eq!(bad.parse::<Slug>(), Err(why), "{bad}");
        }
    }

    #[test]
    fn the_reserved_are_sorted_slugs() {
        let reserved: Vec<&str> = RESERVED.lines().collect();
        assert!(reserved.is_sorted());
        for name in reserved {
            assert_eq!(name.parse::<Slug>(), Err(BadSlug::Reserved), "{name} could never be a tenant");
        }
    }
}
