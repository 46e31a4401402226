//! Permission groups: what Cloudflare grants.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::id::GroupId;
use crate::name;
use crate::operation::Operation;
use crate::packed::Text;
use crate::tables;

/// The kind of resource at which a group takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The user itself.
    User,
    /// An account.
    Account,
    /// A zone.
    Zone,
    /// One R2 bucket.
    Bucket,
    /// A Flagship application.
    FlagshipApp,
    /// Not known: such a group grants nothing that could be proved.
    Unknown,
}

impl Scope {
    /// The resource type as the API spells it; empty where it is not known.
    pub const fn key(self) -> &'static str {
        match self {
            Self::User => "com.cloudflare.api.user",
            Self::Account => "com.cloudflare.api.account",
            Self::Zone => "com.cloudflare.api.account.zone",
            Self::Bucket => "com.cloudflare.edge.r2.bucket",
            Self::FlagshipApp => "com.cloudflare.api.account.flagship.app",
            Self::Unknown => "",
        }
    }

    /// The word that people use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Account => "account",
            Self::Zone => "zone",
            Self::Bucket => "bucket",
            Self::FlagshipApp => "flagship app",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How much is known about a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupProvenance {
    /// Id and scope were published.
    Published,
    /// The scope was deduced from the paths that use the group; no id is known.
    ScopeInferred,
    /// Only the name is known.
    NameOnly,
}

/// A permission group.
#[derive(Debug)]
pub struct Group {
    /// The position in [`groups`].
    pub index: u16,
    /// The id; 85 groups are known by name alone, and theirs must be asked of the API.
    pub id: Option<GroupId>,
    /// The name that the API gives it.
    pub name: &'static str,
    /// Where it takes effect.
    pub scope: Scope,
    /// Where the text lies; [`Group::category`] reads it.
    pub(crate) category_at: Text,
    /// The same for [`Group::former_names`]; the names are separated by `; `.
    pub(crate) former_names_at: Text,
    /// How much is known.
    pub provenance: GroupProvenance,
}

impl Group {
    /// The product category; empty where none is known.
    pub fn category(&self) -> &'static str {
        self.category_at.as_str()
    }

    /// Other spellings met in the schema or in the documentation.
    pub fn former_names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.former_names_at.as_str().split("; ").filter(|name| !name.is_empty())
    }

    /// Whether the group's name promises that it only reads.
    pub fn is_named_for_reading(&self) -> bool {
        self.name.rsplit(' ').next().is_some_and(|level| level.eq_ignore_ascii_case("read"))
    }

    /// The word of the name that says how much the group allows (`Read`, `Write`, `Purge` …), as the API spells it. A
    /// few groups have none, and may open everything of their product.
    pub fn level(&self) -> Option<&'static str> {
        let level = |word: &&str| name::is_level(word) || word.eq_ignore_ascii_case("edit");
        let mut all = self.name.split(|c: char| !c.is_alphanumeric());
        let last = all.clone().next_back().filter(level);
        last.or_else(|| all.find(|word| matches!(*word, "Read" | "Write")))
    }

    /// The operations that accept this group.
    pub fn operations(&self) -> impl Iterator<Item = &'static Operation> {
        self.operation_indexes().iter().filter_map(|index| tables::operations().get(usize::from(*index)))
    }

    /// The positions, in [`crate::operations`], of the operations that accept this group.
    pub fn operation_indexes(&self) -> &'static [u16] {
        tables::operations_by_group().get(usize::from(self.index)).map(|list| list.as_slice()).unwrap_or_default()
    }
}

impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for Group {}

impl Hash for Group {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}

/// All permission groups, ordered by name and scope.
pub fn groups() -> &'static [Group] {
    tables::groups()
}

/// The group with this id, if the catalogue knows it.
pub fn group_by_id(id: GroupId) -> Option<&'static Group> {
    groups().iter().find(|group| group.id == Some(id))
}
