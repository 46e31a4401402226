//! The answers of a survey: places, and the operations that are at stake at each.

use std::collections::{BTreeMap, HashMap};

use flarekeep_catalogue::ZoneId;
use foldhash::fast::RandomState;

use crate::operation_set::OperationSet;
use crate::place::{Owners, Place};
use crate::survey::{Part, unplaced};

/// Places, and operations that are at stake at each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// The places, named ones of a kind first.
    pub places: Vec<Place>,
    /// The operations. Those whose path names no place stand at [`Place::Unplaced`] and, if they stand there, nowhere
    /// else.
    pub operations: OperationSet,
}

/// The parts as areas, by what `of` takes from each; parts of which nothing is taken are left out. What is taken of a zone
/// under each of its possible owners is said of the zone, whoever owns it.
pub(crate) fn areas(parts: &[Part], of: impl Fn(&[OperationSet]) -> Option<OperationSet>) -> Vec<Area> {
    let everywhere = parts.iter().find(|part| part.places.contains(&Place::Unplaced)).and_then(|part| of(&part.sets));
    let everywhere = everywhere.unwrap_or_default();
    let repeated = everywhere.and(unplaced());
    let taken = |part: &Part| of(&part.sets).unwrap_or_default().minus(&repeated);
    let taken: Vec<OperationSet> = parts.iter().map(taken).collect();
    let mut areas = Areas::default();
    areas.put(&everywhere, [Place::Unplaced]);
    let mut zones: BTreeMap<Option<ZoneId>, Vec<(usize, &Owners)>> = BTreeMap::new();
    for (number, (part, taken)) in parts.iter().zip(&taken).enumerate() {
        let plain = part.places.iter().filter(|place| !matches!(place, Place::Unplaced | Place::Zone { .. }));
        areas.put(taken, plain.cloned());
        for place in &part.places {
            if let Place::Zone { zone, owners } = place {
                zones.entry(*zone).or_default().push((number, owners));
            }
        }
    }
    // Zones that differ by owner in the same way share what is said of them.
    let mut split: HashMap<Vec<usize>, Vec<OperationSet>, RandomState> = HashMap::default();
    for (zone, variants) in zones {
        let numbers: Vec<usize> = variants.iter().map(|(number, _)| *number).collect();
        let sets = split.entry(numbers).or_insert_with_key(|numbers| {
            let sets = || numbers.iter().filter_map(|number| taken.get(*number));
            let common = sets().cloned().reduce(|common, set| common.and(&set)).unwrap_or_default();
            [common.clone()].into_iter().chain(sets().map(|set| set.minus(&common))).collect()
        });
        let whoever = Owners::Any;
        let owners = [&whoever].into_iter().chain(variants.iter().map(|(_, owners)| *owners));
        for (set, owners) in sets.iter().zip(owners) {
            areas.put(set, [Place::Zone { zone, owners: owners.clone() }]);
        }
    }
    areas.sorted()
}

#[derive(Default)]
struct Areas {
    numbers: HashMap<OperationSet, usize, RandomState>,
    all: Vec<Area>,
}

impl Areas {
    fn put(&mut self, operations: &OperationSet, places: impl IntoIterator<Item = Place>) {
        if operations.is_empty() {
            return;
        }
        let at = self.numbers.get(operations).copied().unwrap_or_else(|| {
            self.numbers.insert(operations.clone(), self.all.len());
            self.all.push(Area { places: Vec::new(), operations: operations.clone() });
            self.all.len() - 1
        });
        if let Some(area) = self.all.get_mut(at) {
            area.places.extend(places);
        }
    }

    fn sorted(mut self) -> Vec<Area> {
        self.all.retain(|area| !area.places.is_empty());
        for area in &mut self.all {
            area.places.sort_by(|a, b| (b.is_named(), a).cmp(&(a.is_named(), b)));
        }
        self.all.sort_by(|a, b| a.places.cmp(&b.places));
        self.all
    }
}
