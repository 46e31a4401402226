//! A set of operations, as the answers of [`crate::reach`] and [`crate::compare`] hold it.

use std::fmt;
use std::sync::LazyLock;

use flarekeep_catalogue::{Operation, Rule, operations};

use crate::bits::{Bits, needed};

/// A set of operations of the catalogue.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OperationSet(Box<[u64]>);

impl OperationSet {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self(vec![0; operations().len().div_ceil(64)].into_boxed_slice())
    }

    /// Whether the operation is in the set.
    #[must_use]
    pub fn contains(&self, operation: &Operation) -> bool {
        let at = usize::from(operation.index);
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// Adds an operation.
    pub fn insert(&mut self, operation: &Operation) {
        let at = usize::from(operation.index);
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// The operations, ordered by path and method.
    pub fn iter(&self) -> impl Iterator<Item = &'static Operation> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                operations().get(at * 64 + bit)
            })
        })
    }

    /// How many operations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Those of this set that are not in `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.zipped(other, |mine, theirs| mine & !theirs)
    }

    /// Those of both sets.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.zipped(other, |mine, theirs| mine & theirs)
    }

    /// Those of either set.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.zipped(other, |mine, theirs| mine | theirs)
    }

    /// How many operations are in both sets; nothing is made for it.
    #[must_use]
    pub fn count_in(&self, other: &Self) -> usize {
        self.0.iter().zip(&other.0).map(|(mine, theirs)| (mine & theirs).count_ones() as usize).sum()
    }

    /// Whether an operation is in both sets.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(mine, theirs)| mine & theirs != 0)
    }

    fn zipped(&self, other: &Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, theirs)| join(*mine, *theirs)).collect())
    }

    /// What a token may call where `allow` and `deny` cover: deny goes first, and an operation that needs several groups
    /// needs all of them allowed and none denied. What any token may call is in it.
    pub(crate) fn judged(allow: &Bits, deny: &Bits) -> Self {
        let masks = &*MASKS;
        let words = allow.words().iter().zip(deny.words()).zip(&masks.any_of.0);
        let mut set = Self(words.map(|((allow, deny), any_of)| allow & !deny & any_of).collect()).or(&masks.any_token);
        for operation in &masks.all_of {
            if needed(operation).all(|bit| allow.contains(bit) && !deny.contains(bit)) {
                set.insert(operation);
            }
        }
        set
    }

    /// What any valid token may call, whatever it is granted.
    pub(crate) fn any_token() -> &'static Self {
        &MASKS.any_token
    }
}

impl Default for OperationSet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for OperationSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(ToString::to_string)).finish()
    }
}

impl FromIterator<&'static Operation> for OperationSet {
    fn from_iter<I: IntoIterator<Item = &'static Operation>>(all: I) -> Self {
        let mut set = Self::new();
        for operation in all {
            set.insert(operation);
        }
        set
    }
}

/// The operations by the rule that their groups are read with.
struct Masks {
    any_of: OperationSet,
    any_token: OperationSet,
    all_of: Vec<&'static Operation>,
}

static MASKS: LazyLock<Masks> = LazyLock::new(|| {
    let ruled = |rule| operations().iter().filter(move |operation| operation.rule == rule);
    Masks {
        any_of: ruled(Rule::AnyOf).collect(),
        any_token: ruled(Rule::AnyToken).collect(),
        all_of: ruled(Rule::AllOf).collect(),
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_counts_it() {
        let some: Vec<_> = operations().iter().step_by(63).collect();
        let set: OperationSet = some.iter().copied().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), some);
        assert_eq!(set.len(), some.len());
        assert!(set.minus(&set).is_empty() && set.and(&set) == set && set.or(&OperationSet::new()) == set);
        assert!(!set.contains(&operations()[1]) && set.contains(&operations()[63]));
    }
}
