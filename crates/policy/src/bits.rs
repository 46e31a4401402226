//! A set of operations as bits.
//!
//! Beside one bit for each operation there is one for each group of an operation that needs all of its groups: such an
//! operation is allowed when all of those bits are set.

use std::sync::LazyLock;

use flarekeep_catalogue::{Group, Operation, Rule, operations};

/// A set of operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits(Box<[u64]>);

impl Bits {
    /// The empty set.
    pub(crate) fn new() -> Self {
        Self(vec![0; LAYOUT.bits.div_ceil(64)].into_boxed_slice())
    }

    /// Adds what `group` grants.
    pub(crate) fn grant(&mut self, group: &Group) {
        for index in group.operation_indexes() {
            self.set(LAYOUT.bit_of(*index, group));
        }
    }

    /// Adds all of `other`.
    pub(crate) fn add(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.0
    }

    pub(crate) fn contains(&self, bit: usize) -> bool {
        self.0.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    fn set(&mut self, bit: usize) {
        if let Some(word) = self.0.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }
}

/// The bits that an operation needs: its own, or one for each of its groups where all are needed.
pub(crate) fn needed(operation: &Operation) -> impl Iterator<Item = usize> {
    let (one, several) = match operation.rule {
        Rule::AllOf => (None, Some(LAYOUT.all_of(operation.index))),
        _ => (Some(usize::from(operation.index)), None),
    };
    one.into_iter().chain(several.into_iter().flatten())
}

/// Where the extra bits lie.
struct Layout {
    /// (operation, group, bit), for the few operations that need all of their groups.
    extra: Vec<(u16, u16, usize)>,
    bits: usize,
}

impl Layout {
    fn bit_of(&self, operation: u16, group: &Group) -> usize {
        let extra = self.extra.iter().find(|(of, by, _)| *of == operation && *by == group.index);
        extra.map_or(usize::from(operation), |(_, _, bit)| *bit)
    }

    fn all_of(&self, operation: u16) -> impl Iterator<Item = usize> + '_ {
        self.extra.iter().filter(move |(of, _, _)| *of == operation).map(|(_, _, bit)| *bit)
    }
}

static LAYOUT: LazyLock<Layout> = LazyLock::new(|| {
    let all_of = operations().iter().filter(|operation| operation.rule == Rule::AllOf);
    let pairs = all_of.flat_map(|operation| operation.accepts().map(move |group| (operation.index, group.index)));
    let extra: Vec<_> =
        pairs.enumerate().map(|(n, (operation, group))| (operation, group, operations().len() + n)).collect();
    Layout { bits: operations().len() + extra.len(), extra }
});
