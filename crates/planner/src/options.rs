//! For whom, and how, a plan is made.

use flarekeep_policy::Owner;

/// For whom, and how, a plan is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Who will own the token.
    pub owner: Owner,
    /// Whether a group without a published id is passed over where one with an id would do.
    pub prefer_published: bool,
    /// After how many branchings the search gives the best plan that it has, [`crate::Certificate::optimal`] or not. Needs of
    /// real work hardly ever branch; the usual budget ends a hostile instance within seconds.
    pub node_budget: u32,
}

impl Options {
    /// The usual ones, for a token of `owner`.
    #[must_use]
    pub fn new(owner: Owner) -> Self {
        Self { owner, prefer_published: true, node_budget: 5_000 }
    }
}
