//! A permission group among its neighbours: what it opens, what would be accepted in its place, and which groups of the
//! same family reach farther or less far.

use std::cmp::Reverse;

use crate::group::{Group, groups};
use crate::name::stem;
use crate::operation::{Operation, Rule};

/// The operations that a group opens.
#[derive(Debug, Clone, Default)]
pub struct Opened {
    /// Those that change nothing.
    pub reads: Vec<&'static Operation>,
    /// Those that may change something.
    pub writes: Vec<&'static Operation>,
}

/// What is accepted in a group's place.
#[derive(Debug, Clone, Default)]
pub struct Substitutes {
    /// The groups that each of its operations accepts as well; the one that opens least comes first.
    pub for_all: Vec<&'static Group>,
    /// The groups that some of them accept, with how many; the most come first.
    pub for_some: Vec<(&'static Group, usize)>,
}

/// How far one group reaches compared with another, by the operations that they open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// It opens the same.
    Same,
    /// It opens all that the other opens, and more.
    Contains,
    /// It opens a part of what the other opens.
    Within,
    /// Each opens something that the other does not.
    Overlaps,
    /// They open nothing in common.
    Apart,
    /// Of one of them, no operation is known.
    Unknown,
}

/// A group of the same family.
#[derive(Debug, Clone, Copy)]
pub struct Neighbour {
    /// The group.
    pub group: &'static Group,
    /// How many reads it opens.
    pub reads: usize,
    /// How many writes it opens.
    pub writes: usize,
    /// How many operations it opens that the other does, too.
    pub shared: usize,
    /// How far it reaches, compared with the other.
    pub relation: Relation,
}

impl Group {
    /// The operations that the group opens, reads and writes apart.
    pub fn opened(&self) -> Opened {
        let (writes, reads) = self.operations().partition(|operation| operation.mutates());
        Opened { reads, writes }
    }

    /// What would be accepted in the group's place. An operation that needs several groups at once takes no other.
    pub fn substitutes(&self) -> Substitutes {
        let mut counts = vec![0; groups().len()];
        for operation in self.operations().filter(|operation| operation.rule != Rule::AllOf) {
            for index in operation.accepts.as_slice() {
                if let Some(count) = counts.get_mut(usize::from(*index)) {
                    *count += 1;
                }
            }
        }
        let all = self.operation_indexes().len();
        let others = groups().iter().zip(counts).filter(|(group, count)| *group != self && *count > 0);
        let (for_all, mut for_some): (Vec<_>, Vec<_>) = others.partition(|(_, count)| *count == all);
        let mut for_all: Vec<_> = for_all.into_iter().map(|(group, _)| group).collect();
        // The groups come by name, and a stable sort keeps that among equals.
        for_all.sort_by_key(|group| group.operation_indexes().len());
        for_some.sort_by_key(|(_, count)| Reverse(*count));
        Substitutes { for_all, for_some }
    }

    /// The groups of the same family: those that bear the name with another level or at another scope come first, then
    /// those whose names begin with it, or it with theirs.
    pub fn neighbours(&self) -> Vec<Neighbour> {
        let own = family(self.name);
        let kin = |group: &'static Group| {
            let other = family(group.name);
            let shorter = own.len().min(other.len());
            let begins = shorter > 0 && own.iter().zip(&other).all(|(a, b)| a.eq_ignore_ascii_case(b));
            (begins && group != self).then(|| (own.len().abs_diff(other.len()), group))
        };
        let mut found: Vec<_> = groups().iter().filter_map(kin).collect();
        found.sort_by_key(|(distance, _)| *distance);
        found.into_iter().map(|(_, group)| self.beside(group)).collect()
    }

    /// Another group compared with this one.
    pub fn beside(&self, group: &'static Group) -> Neighbour {
        let shared = shared(self.operation_indexes(), group.operation_indexes());
        let (own, others) = (self.operation_indexes().len(), group.operation_indexes().len());
        let writes = group.operations().filter(|operation| operation.mutates()).count();
        let relation = match shared {
            _ if own == 0 || others == 0 => Relation::Unknown,
            0 => Relation::Apart,
            shared if shared == own && shared == others => Relation::Same,
            shared if shared == own => Relation::Contains,
            shared if shared == others => Relation::Within,
            _ => Relation::Overlaps,
        };
        Neighbour { group, reads: others - writes, writes, shared, relation }
    }
}

/// The words that the names of a family begin with: without the level, and without the scope in front, so that `Domain
/// API Gateway` and `Account API Gateway Read` are one family.
fn family(name: &str) -> Vec<&str> {
    let mut words = stem(name);
    let is_scope = |word: &&str| ["account", "zone", "domain"].iter().any(|scope| word.eq_ignore_ascii_case(scope));
    if words.len() > 1 && words.first().is_some_and(is_scope) {
        words.remove(0);
    }
    words
}

/// How many numbers two sorted lists have in common.
fn shared(one: &[u16], other: &[u16]) -> usize {
    one.iter().filter(|index| other.binary_search(index).is_ok()).count()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::name::resolve;

    fn group(name: &str) -> &'static Group {
        resolve(name).unwrap().0
    }

    #[test]
    fn reads_and_writes_are_apart_and_complete() {
        for group in groups() {
            let opened = group.opened();
            assert_eq!(opened.reads.len() + opened.writes.len(), group.operation_indexes().len());
            assert!(opened.reads.iter().all(|operation| !operation.mutates()));
            assert!(group.operation_indexes().is_sorted());
        }
    }

    /// Against sets, which are slower and hard to get wrong.
    #[test]
    fn substitutes_and_relations_are_those_of_naive_sets() {
        let sets: Vec<BTreeSet<u16>> =
            groups().iter().map(|group| group.operations().map(|operation| operation.index).collect()).collect();
        for (group, own) in groups().iter().zip(&sets) {
            let substitutes = group.substitutes();
            let all_of = group.operations().any(|operation| operation.rule == Rule::AllOf);
            for (other, theirs) in groups().iter().zip(&sets).filter(|(other, _)| *other != group) {
                let instead = !own.is_empty() && own.is_subset(theirs) && !all_of;
                assert_eq!(substitutes.for_all.contains(&other), instead, "{} for {}", other.name, group.name);
                let beside = group.beside(other);
                assert_eq!(beside.shared, own.intersection(theirs).count());
                assert_eq!(beside.reads + beside.writes, theirs.len());
                let expected = match (own.is_empty() || theirs.is_empty(), own.is_subset(theirs), theirs.is_subset(own))
                {
                    (true, ..) => Relation::Unknown,
                    (_, true, true) => Relation::Same,
                    (_, true, _) => Relation::Contains,
                    (_, _, true) => Relation::Within,
                    _ if own.is_disjoint(theirs) => Relation::Apart,
                    _ => Relation::Overlaps,
                };
                assert_eq!(beside.relation, expected, "{} beside {}", other.name, group.name);
            }
        }
    }

    #[test]
    fn families_are_what_people_take_for_one() {
        let names = |name| group(name).neighbours().iter().map(|beside| beside.group.name).collect::<Vec<_>>();
        let dns = names("DNS Write");
        assert_eq!(dns[0], "DNS Read");
        assert!(dns.contains(&"DNS Firewall Read") && dns.contains(&"Zone DNS Settings Read"));
        assert!(names("Domain API Gateway").contains(&"Account API Gateway Read"));
        assert!(names("account:Logs Read").contains(&"Logs Read"));
        assert!(names("Workers R2 Storage Read").contains(&"Workers R2 Storage Bucket Item Read"));
        assert!(!names("Zone Read").contains(&"DNS Read"));
        let read = group("DNS Write").beside(group("DNS Read"));
        assert_eq!(read.relation, Relation::Within);
        assert_eq!(group("DNS Read").beside(group("DNS Write")).relation, Relation::Contains);
        assert!(group("DNS Read").substitutes().for_all.contains(&group("DNS Write")));
        assert!(!group("DNS Write").substitutes().for_all.contains(&group("DNS Read")));
    }
}
