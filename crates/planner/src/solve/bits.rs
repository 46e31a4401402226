//! A set of small numbers as bits.

/// A set of numbers below a limit that is fixed when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// The empty set of numbers below `limit`.
    pub(crate) fn none(limit: usize) -> Self {
        Self(vec![0; limit.div_ceil(64)])
    }

    /// All numbers below `limit`.
    pub(crate) fn all(limit: usize) -> Self {
        let mut bits = Self::none(limit);
        (0..limit).for_each(|number| bits.insert(number));
        bits
    }

    pub(crate) fn insert(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    pub(crate) fn remove(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    pub(crate) fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub(crate) fn remove_all(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(word, other)| *word &= !other);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many numbers are in both.
    pub(crate) fn count_with(&self, other: &Self) -> usize {
        self.0.iter().zip(&other.0).map(|(a, b)| (a & b).count_ones() as usize).sum()
    }

    /// Whether every number of `self` that is in `within` is in `other` too.
    pub(crate) fn inside(&self, other: &Self, within: &Self) -> bool {
        self.0.iter().zip(&other.0).zip(&within.0).all(|((a, b), w)| a & w & !b == 0)
    }

    /// The least number.
    pub(crate) fn first(&self) -> Option<usize> {
        self.iter().next()
    }

    /// The numbers, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        numbers(self.0.iter().copied())
    }

    /// The numbers that are in both, ascending.
    pub(crate) fn iter_with<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        numbers(self.0.iter().zip(&other.0).map(|(a, b)| a & b))
    }
}

fn numbers(words: impl Iterator<Item = u64>) -> impl Iterator<Item = usize> {
    words.enumerate().flat_map(|(at, word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(at * 64 + bit)
        })
    })
}
