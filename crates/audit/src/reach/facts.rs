//! What an audit asks of each operation, looked up once for all tokens.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use flarekeep_catalogue::{Group, Operation, Rule, Way, Widening, groups, operations, widenings};
use flarekeep_policy::OperationSet;

/// Facts of all operations, as sets. Data that Cloudflare shows to everybody (Radar) is in none of them.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Those that only read and need a group.
    pub(crate) reads: OperationSet,
    /// Those that may change something and need a group.
    pub(crate) writes: OperationSet,
    /// Those of both.
    pub(crate) granted: OperationSet,
    /// Those by which tokens are made or changed.
    pub(crate) makes_tokens: OperationSet,
    /// Those by which members are made or changed.
    pub(crate) makes_members: OperationSet,
    /// Those that open any way to widen a token.
    pub(crate) opens_a_way: OperationSet,
    /// The ways to widen a token, each with the operations that open it.
    pub(crate) ways: Vec<(&'static Widening, OperationSet)>,
    /// By a group's position in the catalogue, the family that it changes something in; see [`family_of`].
    families_by_group: Vec<Option<&'static str>>,
    /// The families of products.
    pub(crate) families: Vec<&'static str>,
    /// By an operation's position in the catalogue, the position of its family among [`Facts::families`].
    pub(crate) family_by_operation: Vec<usize>,
}

/// Facts of all operations.
pub(crate) fn facts() -> &'static Facts {
    &FACTS
}

/// The family that a group changes something in: that of most of its operations that may. None for one that only reads.
pub(crate) fn family_of(group: &Group) -> Option<&'static str> {
    FACTS.families_by_group.get(usize::from(group.index)).copied().flatten()
}

/// Whether a way leads to everything that the owner may do, and not just to what lies behind code or keys.
pub(crate) fn is_root(way: Way) -> bool {
    matches!(way, Way::Tokens | Way::Members)
}

static FACTS: LazyLock<Facts> = LazyLock::new(|| {
    // What any valid token may call says nothing of one, and what everybody may read gives nothing away.
    let counts = |operation: &&Operation| operation.rule != Rule::AnyToken && !operation.is_public();
    let granted: Vec<&'static Operation> = operations().iter().filter(counts).collect();
    let set =
        |wanted: &dyn Fn(&Operation) -> bool| granted.iter().copied().filter(|operation| wanted(operation)).collect();
    let way = |widening: &'static Widening| {
        let set: OperationSet = operations().iter().filter(|operation| widening.is_opened_by(operation)).collect();
        (widening, set)
    };
    let ways: Vec<(&'static Widening, OperationSet)> = widenings().iter().map(way).collect();
    let opened = |wanted: &dyn Fn(&Widening) -> bool| {
        let ways = ways.iter().filter(|(widening, _)| wanted(widening));
        ways.fold(OperationSet::new(), |all, (_, set)| all.or(set))
    };
    let by_operation: Vec<&'static str> = operations().iter().map(Operation::family).collect();
    let mut families = by_operation.clone();
    families.sort_unstable();
    families.dedup();
    let position = |family: &&'static str| families.binary_search(family).unwrap_or_default();
    Facts {
        reads: set(&|operation| !operation.mutates()),
        writes: set(&Operation::mutates),
        granted: set(&|_| true),
        makes_tokens: opened(&|widening| widening.way == Way::Tokens && !widening.is_inferred()),
        makes_members: opened(&|widening| widening.way == Way::Members && !widening.is_inferred()),
        opens_a_way: opened(&|_| true),
        families_by_group: groups().iter().map(|group| changed_by(group, &by_operation)).collect(),
        family_by_operation: by_operation.iter().map(position).collect(),
        families,
        ways,
    }
});

fn changed_by(group: &Group, families: &[&'static str]) -> Option<&'static str> {
    if group.is_named_for_reading() {
        return None;
    }
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for operation in group.operations().filter(|operation| operation.mutates()) {
        let family = families.get(usize::from(operation.index)).copied().unwrap_or_default();
        *counts.entry(family).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(name, count)| (*count, Reverse(*name))).map(|(name, _)| name)
}
