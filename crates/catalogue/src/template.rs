//! What a dashboard link calls the permission groups that it ticks.

use std::fmt;

use crate::group::Group;
use crate::id::GroupId;
use crate::tables;

/// A key of a dashboard link and the group that it ticks, as in `{"key": "dns", "type": "edit"}`.
#[derive(Debug, PartialEq, Eq)]
pub struct TemplateKey {
    /// The key.
    pub key: &'static str,
    /// The type beside it.
    pub level: Level,
    /// The group that is meant.
    pub id: GroupId,
    /// How much is known.
    pub status: KeyStatus,
    /// Where it is known from.
    pub source: &'static str,
}

/// The `type` of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Read.
    Read,
    /// Edit: the group's own name says Write.
    Edit,
    /// Revoke.
    Revoke,
    /// Run.
    Run,
    /// Purge.
    Purge,
}

/// How much is known about a key. The dashboard says nothing about a key that it does not know, so that only what is
/// documented belongs in a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    /// Cloudflare's page on such links lists it, and one group has the name.
    Documented,
    /// The page lists it; two groups have the name, and which one it ticks is not said.
    Unclear,
    /// A link of Cloudflare's own holds it, the page does not.
    Seen,
    /// Links of other projects hold it.
    ThirdParty,
}

impl KeyStatus {
    /// The word that is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Unclear => "unclear",
            Self::Seen => "seen",
            Self::ThirdParty => "third-party",
        }
    }
}

impl Level {
    /// The word in a link.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Edit => "edit",
            Self::Revoke => "revoke",
            Self::Run => "run",
            Self::Purge => "purge",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// All keys; a group may have several.
#[must_use]
pub fn template_keys() -> &'static [TemplateKey] {
    tables::template_keys()
}

/// The key that ticks this group: the documented one where there is one, else the one most is known about.
#[must_use]
pub fn template_key(group: &Group) -> Option<&'static TemplateKey> {
    let id = group.id?;
    let rank = |key: &&TemplateKey| match key.status {
        KeyStatus::Documented => 0,
        KeyStatus::Seen => 1,
        KeyStatus::Unclear => 2,
        KeyStatus::ThirdParty => 3,
    };
    template_keys().iter().filter(|key| key.id == id).min_by_key(rank)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::group::{Scope, group_by_id};
    use crate::name::resolve;

    #[test]
    fn every_key_names_a_group_of_its_level() {
        for key in template_keys() {
            let group = group_by_id(key.id).unwrap_or_else(|| panic!("{key:?}"));
            let last = match key.level {
                Level::Read => "Read",
                Level::Edit => "Write",
                Level::Revoke => "Revoke",
                Level::Run => "Run",
                Level::Purge => "Purge",
            };
            assert_eq!(group.name.rsplit(' ').next(), Some(last), "{key:?}");
            assert!(!key.source.is_empty() && group.scope != Scope::Unknown);
        }
    }

    #[test]
    fn a_documented_key_ticks_one_group_and_a_group_has_one_documented_key() {
        let documented: Vec<_> = template_keys().iter().filter(|key| key.status == KeyStatus::Documented).collect();
        let keys: BTreeSet<_> = documented.iter().map(|key| (key.key, key.level)).collect();
        let ids: BTreeSet<_> = documented.iter().map(|key| key.id).collect();
        assert_eq!((keys.len(), ids.len()), (documented.len(), documented.len()));
        let page =
            template_keys().iter().filter(|key| matches!(key.status, KeyStatus::Documented | KeyStatus::Unclear));
        assert_eq!(page.map(|key| key.key).collect::<BTreeSet<_>>().len(), 27, "the page lists 27 keys");
    }

    #[test]
    fn a_key_that_two_groups_share_is_unclear() {
        for key in template_keys() {
            let alike = |other: &&TemplateKey| (other.key, other.level) == (key.key, key.level);
            let shared = template_keys().iter().filter(alike).count() > 1;
            assert_eq!(shared, key.status == KeyStatus::Unclear, "{key:?}");
        }
    }

    #[test]
    fn a_group_finds_the_key_most_is_known_about() {
        let key = |name: &str| template_key(resolve(name).unwrap().0).map(|key| (key.key, key.level, key.status));
        assert_eq!(key("DNS Write"), Some(("dns", Level::Edit, KeyStatus::Documented)));
        assert_eq!(key("Cache Purge"), Some(("cache", Level::Purge, KeyStatus::Documented)));
        assert_eq!(key("account:Logs Read"), Some(("account_logs", Level::Read, KeyStatus::Seen)));
        assert_eq!(key("zone:Logs Write"), Some(("logs", Level::Edit, KeyStatus::Unclear)));
        assert_eq!(key("Turnstile Sites Write"), None);
    }
}
