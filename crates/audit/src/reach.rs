//! What a token reaches, in words and numbers for people.

mod cache;
mod facts;
mod measure;
mod narrow;
mod score;

use flarekeep_catalogue::{Operation, Way};
use flarekeep_planner::{Plan, Target};
use flarekeep_policy::Policy;
use serde::Serialize;

pub use self::cache::ReachCache;
pub(crate) use self::facts::family_of;
pub(crate) use self::measure::{Measured, measure};
pub(crate) use self::narrow::is_exercised;

/// What a token reaches. Everything here is counted over operations that may be called somewhere; what nobody has
/// published is in [`TokenReach::unproved`] alone.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenReach {
    /// By family of products, the widest first.
    pub products: Vec<ProductReach>,
    /// The resources, in words, with names where they are known: `zone example.com`.
    pub resources: Vec<String>,
    /// Operations that only read.
    pub reads: usize,
    /// Operations that may change something.
    pub writes: usize,
    /// The ways in which it could give itself more.
    pub widening: Vec<WideningWay>,
    /// What it holds of which nobody has published what it opens, in words.
    pub unproved: Vec<String>,
    /// A number to sort by, 0 to 1,000: docs/audit.md has its computation.
    pub score: u32,
    /// Whether it can be used now. A token that is switched off is measured as if it were on; one that expired or was
    /// revoked reaches nothing.
    pub is_usable: bool,
    /// Whether it is known at all what it grants.
    pub is_known: bool,
    /// What it would be if it were narrowed to what it was seen to do; none where nobody looked or it did nothing.
    pub narrower: Option<Narrower>,
}

/// What a token reaches of one family of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductReach {
    /// The family: `DNS`, `Workers`.
    pub product: &'static str,
    /// The most that it may do there.
    pub level: Level,
    /// Operations that only read.
    pub reads: usize,
    /// Operations that may change something.
    pub writes: usize,
}

/// How much a token may do with a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Change.
    Write,
    /// Give itself more than its policies say.
    Widen,
}

/// A way in which a token could give itself more than its policies say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WideningWay {
    /// The kind of way.
    pub way: Way,
    /// What is gained, as a noun phrase.
    pub gains: &'static str,
    /// An operation that opens it.
    pub operation: &'static Operation,
    /// Where it may be called, in words.
    pub place: String,
    /// Whether nobody has published that it gains this.
    pub is_inferred: bool,
}

/// A token narrowed to what it was seen to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Narrower {
    /// What it was seen to do.
    pub used: Vec<UsedOperation>,
    /// What it would grant. It allows nothing that the token does not allow now, as the policy engine has proved.
    pub policies: Vec<Policy>,
    /// The smallest policies for what it was seen to do, with their certificate. Where not all calls were recorded,
    /// [`Narrower::policies`] has all that the token may read beside them. None where no plan can be proved to be
    /// within the token: then they are those of its own grants that were used.
    pub plan: Option<Plan>,
    /// What it would lose somewhere, by family of products, the most first.
    pub lost: Vec<ProductReach>,
    /// How many operations that only read it would lose somewhere; none where not all calls were recorded.
    pub lost_reads: usize,
    /// How many operations that may change something it would lose somewhere.
    pub lost_writes: usize,
    /// Its score then.
    pub score: u32,
    /// Whether all its calls were recorded. Where only audit logs were read, it may read more than was seen, and keeps all
    /// that it may read: of a group that was not seen in use, the one for reading.
    pub is_complete: bool,
}

/// An operation that a token was seen to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedOperation {
    /// The operation.
    pub operation: &'static Operation,
    /// What it was called on.
    pub target: Target,
    /// How many times.
    pub times: u64,
}

impl TokenReach {
    /// Whether it can make tokens or members, and so become all that its owner is; ways that are inferred do not count.
    #[must_use]
    pub fn can_become_owner(&self) -> bool {
        self.widening.iter().any(|way| facts::is_root(way.way) && !way.is_inferred)
    }
}

impl Level {
    /// The word in documents.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
            Self::Widen => "widen",
        }
    }
}
