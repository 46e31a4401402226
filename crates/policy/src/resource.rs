//! The resources of a policy, as the API spells their keys.

use std::fmt;
use std::str::FromStr;

use flarekeep_catalogue::{AccountId, Scope, UserId, ZoneId, is_hostile};

const USER: &str = "com.cloudflare.api.user.";
const ZONE: &str = "com.cloudflare.api.account.zone.";
const ACCOUNT: &str = "com.cloudflare.api.account.";
const BUCKET: &str = "com.cloudflare.edge.r2.bucket.";

/// One resource, or one wildcard over resources, of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// One user.
    User(UserId),
    /// One account.
    Account(AccountId),
    /// Every account.
    AllAccounts,
    /// One zone.
    Zone(ZoneId),
    /// One zone, if this account owns it.
    ZoneOf(AccountId, ZoneId),
    /// Every zone of one account.
    AllZonesOf(AccountId),
    /// Every zone.
    AllZones,
    /// One R2 bucket.
    Bucket(BucketKey),
    /// Every R2 bucket of one account.
    AllBucketsOf(AccountId),
    /// A key of a kind that the engine does not know: it grants nothing that could be proved.
    Other(OtherResource),
}

/// A resource of a kind that the engine does not know, kept whole: two of them are the same where all their text is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherResource {
    /// The key that it is nested below, where it is.
    pub outer: Option<String>,
    /// Its own key.
    pub key: String,
    /// What stands behind the key.
    pub value: String,
}

/// An R2 bucket's name in policies: `<account>_<jurisdiction>_<bucket>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketKey {
    /// The account that owns the bucket.
    pub account: AccountId,
    /// `default`, `eu`, `fedramp`, ….
    pub jurisdiction: String,
    /// The bucket's name.
    pub name: String,
}

/// A resource key or value that the API would not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadResource {
    /// The id in the key is none.
    #[error("resource key `{0}` does not end in an id or `*`")]
    Id(String),
    /// The flat wildcard over buckets: Cloudflare refuses it (cloudflare/terraform-provider-cloudflare#3227).
    #[error("`com.cloudflare.edge.r2.bucket.*` must be nested below its account")]
    FlatBucketWildcard,
    /// Only accounts hold nested resources.
    #[error("resource key `{0}` cannot hold nested resources")]
    Nesting(String),
}

impl Resource {
    /// Reads a key with its value. What stands for anything but `"*"` is not documented, and grants nothing.
    ///
    /// # Errors
    /// If the API would not take the key.
    pub fn read(key: &str, value: &str) -> Result<Self, BadResource> {
        if value == "*" { Self::parse(key) } else { Ok(Self::other(None, key, value)) }
    }

    /// The same for a key that is nested below another.
    ///
    /// # Errors
    /// If the API would not take the keys.
    pub fn read_nested(outer: &str, inner: &str, value: &str) -> Result<Self, BadResource> {
        if value == "*" { Self::parse_nested(outer, inner) } else { Ok(Self::other(Some(outer), inner, value)) }
    }

    /// Reads a key whose value is `"*"`.
    pub fn parse(key: &str) -> Result<Self, BadResource> {
        let bad = || BadResource::Id(clean(key));
        if let Some(id) = key.strip_prefix(USER) {
            return id.parse().map(Self::User).map_err(|_| bad());
        }
        if let Some(id) = key.strip_prefix(ZONE) {
            return if id == "*" { Ok(Self::AllZones) } else { id.parse().map(Self::Zone).map_err(|_| bad()) };
        }
        if let Some(name) = key.strip_prefix(BUCKET) {
            return if name == "*" {
                Err(BadResource::FlatBucketWildcard)
            } else {
                BucketKey::parse(name).map(Self::Bucket).ok_or_else(bad)
            };
        }
        match key.strip_prefix(ACCOUNT) {
            Some("*") => Ok(Self::AllAccounts),
            // A longer key names something below an account that this engine does not know, such as a Flagship app.
            Some(id) if id.contains('.') => Ok(Self::other(None, key, "*")),
            Some(id) => id.parse().map(Self::Account).map_err(|_| bad()),
            None => Ok(Self::other(None, key, "*")),
        }
    }

    /// Reads a key that is nested below another: `{"com.cloudflare.api.account.<id>": {"<inner>": "*"}}`.
    pub fn parse_nested(outer: &str, inner: &str) -> Result<Self, BadResource> {
        match Self::parse(outer)? {
            Self::Account(account) => Self::below(account, outer, inner),
            Self::AllAccounts if inner.starts_with(ZONE) => Self::parse(inner),
            Self::AllAccounts => Ok(Self::other(Some(outer), inner, "*")),
            _ => Err(BadResource::Nesting(clean(outer))),
        }
    }

    fn other(outer: Option<&str>, key: &str, value: &str) -> Self {
        Self::Other(OtherResource { outer: outer.map(str::to_owned), key: key.to_owned(), value: value.to_owned() })
    }

    fn below(account: AccountId, outer: &str, inner: &str) -> Result<Self, BadResource> {
        if inner.strip_prefix(BUCKET) == Some("*") {
            return Ok(Self::AllBucketsOf(account));
        }
        Ok(match Self::parse(inner)? {
            Self::AllZones => Self::AllZonesOf(account),
            Self::Zone(zone) => Self::ZoneOf(account, zone),
            // A bucket's key names its account already; one of another account grants nothing here.
            Self::Bucket(bucket) if bucket.account == account => Self::Bucket(bucket),
            _ => Self::other(Some(outer), inner, "*"),
        })
    }

    /// The key and, for a nested resource, the inner key; what stands behind the innermost is [`Self::value`].
    #[must_use]
    pub fn keys(&self) -> (String, Option<String>) {
        let nested = |account: &AccountId, inner: String| (format!("{ACCOUNT}{account}"), Some(inner));
        match self {
            Self::User(id) => (format!("{USER}{id}"), None),
            Self::Account(id) => (format!("{ACCOUNT}{id}"), None),
            Self::AllAccounts => (format!("{ACCOUNT}*"), None),
            Self::Zone(id) => (format!("{ZONE}{id}"), None),
            Self::AllZones => (format!("{ZONE}*"), None),
            Self::ZoneOf(account, zone) => nested(account, format!("{ZONE}{zone}")),
            Self::AllZonesOf(account) => nested(account, format!("{ZONE}*")),
            Self::Bucket(bucket) => (format!("{BUCKET}{bucket}"), None),
            Self::AllBucketsOf(account) => nested(account, format!("{BUCKET}*")),
            Self::Other(OtherResource { outer: Some(outer), key, .. }) => (outer.clone(), Some(key.clone())),
            Self::Other(other) => (other.key.clone(), None),
        }
    }

    /// What stands behind the innermost key: `"*"` for every resource that the engine knows.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::Other(other) => &other.value,
            _ => "*",
        }
    }

    /// Whether every call that `other` covers is covered here, too.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::AllAccounts, Self::Account(_)) => true,
            (Self::AllZones, other) => other.scope() == Scope::Zone,
            (Self::AllZonesOf(account), Self::ZoneOf(owner, _)) => account == owner,
            (Self::Zone(zone), Self::ZoneOf(_, nested)) => zone == nested,
            (Self::AllBucketsOf(account), Self::Bucket(bucket)) => *account == bucket.account,
            _ => self == other,
        }
    }

    /// The scope of the groups that take effect here.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Self::User(_) => Scope::User,
            Self::Account(_) | Self::AllAccounts => Scope::Account,
            Self::Zone(_) | Self::ZoneOf(..) | Self::AllZonesOf(_) | Self::AllZones => Scope::Zone,
            Self::Bucket(_) | Self::AllBucketsOf(_) => Scope::Bucket,
            Self::Other(_) => Scope::Unknown,
        }
    }
}

impl fmt::Display for Resource {
    /// The resource in words: `account 023e…`, `all zones of account 023e…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user {id}"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::AllAccounts => f.write_str("all accounts"),
            Self::Zone(id) => write!(f, "zone {id}"),
            Self::ZoneOf(account, zone) => write!(f, "zone {zone} of account {account}"),
            Self::AllZonesOf(account) => write!(f, "all zones of account {account}"),
            Self::AllZones => f.write_str("all zones"),
            Self::Bucket(bucket) => write!(f, "bucket {bucket}"),
            Self::AllBucketsOf(account) => write!(f, "all buckets of account {account}"),
            Self::Other(other) => write!(f, "{other}"),
        }
    }
}

impl fmt::Display for OtherResource {
    /// The keys, cut short and without what could move a terminal: `` `worker.script.*` below `com.cloudflare.api.account.*` ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", clean(&self.key))?;
        if self.value != "*" {
            write!(f, " as `{}`", clean(&self.value))?;
        }
        self.outer.as_ref().map_or(Ok(()), |outer| write!(f, " below `{}`", clean(outer)))
    }
}

impl FromStr for BucketKey {
    type Err = BadResource;

    /// Reads `<account>_<jurisdiction>_<bucket>`.
    fn from_str(text: &str) -> Result<Self, BadResource> {
        Self::parse(text).ok_or_else(|| BadResource::Id(clean(text)))
    }
}

impl BucketKey {
    fn parse(text: &str) -> Option<Self> {
        let (account, rest) = text.split_once('_')?;
        let (jurisdiction, name) = rest.split_once('_')?;
        let account = account.parse().ok()?;
        let plain = !jurisdiction.is_empty() && !name.is_empty() && !text.contains(is_hostile);
        plain.then(|| Self { account, jurisdiction: jurisdiction.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for BucketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}", self.account, self.jurisdiction, self.name)
    }
}

/// A key from outside for people: without what could move a terminal or turn its line round, and cut short.
fn clean(key: &str) -> String {
    key.chars().filter(|c| !is_hostile(*c)).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn every_form_of_the_documentation_reads_and_prints_back() {
        let flat = [
            format!("com.cloudflare.api.user.{A}"),
            format!("com.cloudflare.api.account.{A}"),
            "com.cloudflare.api.account.*".to_owned(),
            format!("com.cloudflare.api.account.zone.{A}"),
            "com.cloudflare.api.account.zone.*".to_owned(),
            format!("com.cloudflare.edge.r2.bucket.{A}_default_my-bucket"),
            format!("com.cloudflare.edge.worker.script.{A}"),
        ];
        for key in flat {
            assert_eq!(Resource::parse(&key).map(|resource| resource.keys()), Ok((key, None)));
        }
        let outer = format!("com.cloudflare.api.account.{A}");
        let nested = [
            "com.cloudflare.api.account.zone.*".to_owned(),
            format!("com.cloudflare.api.account.zone.{A}"),
            "com.cloudflare.edge.r2.bucket.*".to_owned(),
        ];
        for inner in nested {
            let keys = Resource::parse_nested(&outer, &inner).map(|resource| resource.keys());
            assert_eq!(keys, Ok((outer.clone(), Some(inner))));
        }
    }

    #[test]
    fn a_resource_of_an_unknown_kind_is_kept_whole() {
        let account = |end: char| format!("com.cloudflare.api.account.{}{end}", &A[..31]);
        let script = "com.cloudflare.api.account.worker.script.*";
        let (one, other) =
            (Resource::parse_nested(&account('1'), script), Resource::parse_nested(&account('2'), script));
        assert_ne!(one, other);
        assert_eq!(one.unwrap().keys(), (account('1'), Some(script.to_owned())));
        assert_ne!(Resource::parse_nested("com.cloudflare.api.account.*", script), other);
        let zone = format!("com.cloudflare.api.account.zone.{A}");
        assert_ne!(Resource::read(&zone, "read"), Resource::read(&zone, "write"));
        assert_eq!(Resource::read(&zone, "read").unwrap().value(), "read");
        let long = "x".repeat(300);
        assert_ne!(Resource::parse(&format!("{long}a")), Resource::parse(&format!("{long}b")));
        assert_eq!(Resource::parse("odd\u{202e}key").unwrap().to_string(), "`oddkey`");
    }

    #[test]
    fn a_bucket_is_not_named_in_letters_that_turn_a_line_round() {
        assert!(BucketKey::parse(&format!("{A}_default_media")).is_some());
        assert!(BucketKey::parse(&format!("{A}_default_\u{202e}aidem")).is_none());
        assert!(BucketKey::parse(&format!("{A}_e\u{202e}u_media")).is_none());
    }

    #[test]
    fn what_the_api_refuses_is_refused() {
        assert_eq!(Resource::parse("com.cloudflare.edge.r2.bucket.*"), Err(BadResource::FlatBucketWildcard));
        assert!(matches!(Resource::parse("com.cloudflare.api.account.zone.example.com"), Err(BadResource::Id(_))));
        let zone = format!("com.cloudflare.api.account.zone.{A}");
        assert!(matches!(Resource::parse_nested(&zone, &zone), Err(BadResource::Nesting(_))));
    }
}
