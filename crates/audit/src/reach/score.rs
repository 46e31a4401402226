//! One number to sort tokens by: how much a leak would give away. docs/audit.md has the computation in words.

use std::collections::HashMap;

use flarekeep_catalogue::{AccountId, ZoneId};
use flarekeep_policy::{BucketKey, Owners, Place, Reach};

use super::facts::facts;

/// What an operation counts that only reads.
const READ: u64 = 1;
/// What an operation counts that may change something.
const WRITE: u64 = 10;
/// For how many an unknown number of zones, buckets or accounts counts.
const SOME: u64 = 10;
/// What a grant counts of which nobody has published what it opens.
const UNPROVED: u64 = 10;
/// What doubling the points adds to the score.
const DOUBLING: u64 = 40;
/// The most that operations alone come to.
const MOST: u64 = 899;
/// Whoever manages members can be everything in the account.
const MEMBERS: u32 = 950;
/// Whoever makes tokens can be everything that the owner is.
const TOKENS: u32 = 1_000;

/// What a reach scores: 0 for nothing, up to 1,000.
pub(super) fn score(reach: &Reach) -> u32 {
    let opens = |set| reach.areas.iter().any(|area| area.operations.meets(set));
    if opens(&facts().makes_tokens) {
        return TOKENS;
    }
    let points = points(reach).saturating_add(UNPROVED.saturating_mul(reach.unproved.len() as u64));
    let score = u32::try_from(doublings(points).min(MOST)).unwrap_or_default();
    if opens(&facts().makes_members) { MEMBERS } else { score }
}

/// A place without what does not matter here: under which owner a zone is looked at.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Unplaced,
    Account(Option<AccountId>),
    Zone(ZoneId),
    OtherZone,
    Bucket(&'a BucketKey),
    OtherBucket(Option<AccountId>),
}

/// Reads and writes, each counted at every place where they may be called.
fn points(reach: &Reach) -> u64 {
    let mut breadths: Vec<u64> = Vec::new();
    let mut at: HashMap<Key<'_>, (Vec<usize>, u64)> = HashMap::new();
    for (number, area) in reach.areas.iter().enumerate() {
        breadths.push(count(&area.operations));
        for place in &area.places {
            let (key, breadth) = key(place);
            let (areas, widest) = at.entry(key).or_default();
            areas.push(number);
            *widest = breadth.max(*widest);
        }
    }
    let worth = |areas: &[usize]| match areas {
        [one] => breadths.get(*one).copied().unwrap_or_default(),
        // A zone that is looked at under several owners: what may be called under any of them, once.
        several => {
            let sets = several.iter().filter_map(|number| reach.areas.get(*number));
            count(&sets.fold(flarekeep_policy::OperationSet::new(), |all, area| all.or(&area.operations)))
        }
    };
    at.values().fold(0, |sum, (areas, breadth)| sum.saturating_add(worth(areas).saturating_mul(*breadth)))
}

fn count(operations: &flarekeep_policy::OperationSet) -> u64 {
    let facts = facts();
    READ * operations.count_in(&facts.reads) as u64 + WRITE * operations.count_in(&facts.writes) as u64
}

/// What a place is, and for how many it counts.
fn key(place: &Place) -> (Key<'_>, u64) {
    match place {
        Place::Unplaced => (Key::Unplaced, 1),
        Place::Account(account) => (Key::Account(*account), if account.is_some() { 1 } else { SOME }),
        Place::Zone { zone: Some(zone), .. } => (Key::Zone(*zone), 1),
        Place::Zone { zone: None, owners: Owners::Any } => (Key::OtherZone, SOME * SOME),
        Place::Zone { zone: None, owners: Owners::These(owners) } => {
            let everybody = owners.contains(&None);
            (Key::OtherZone, if everybody { SOME * SOME } else { SOME * owners.len() as u64 })
        }
        Place::Bucket(bucket) => (Key::Bucket(bucket), 1),
        Place::OtherBucketOf(account) => {
            (Key::OtherBucket(*account), if account.is_some() { SOME } else { SOME * SOME })
        }
    }
}

/// How often one has to be doubled to come to one more than the points, times [`DOUBLING`]; between two doublings it
/// grows evenly, so that whole numbers do.
fn doublings(points: u64) -> u64 {
    let x = points.saturating_add(1);
    let whole = u64::from(x.ilog2());
    let rest = u128::from(x) - (1u128 << whole);
    let part = (u128::from(DOUBLING) * rest) >> whole;
    DOUBLING * whole + u64::try_from(part).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubling_adds_the_same_everywhere_and_nothing_is_nothing() {
        assert_eq!(doublings(0), 0);
        for points in [1u64, 3, 7, 1_023, (1 << 40) - 1] {
            assert_eq!(doublings(2 * points + 1), doublings(points) + DOUBLING);
        }
        assert!((0..5_000).map(doublings).is_sorted());
        assert!(doublings(u64::MAX) <= 64 * DOUBLING);
    }
}
