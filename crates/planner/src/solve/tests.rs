//! The solver against all choices of small instances, with the checker between them.

mod oracle;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::search::Search;
use super::{Instance, Solution, solve};
use crate::check::bound;
use crate::witness::{Amount, Step, Witness};

const BUDGET: u32 = 10_000;

#[derive(Debug, Clone)]
struct Small {
    weights: Vec<u64>,
    rows: Vec<Vec<usize>>,
}

impl Small {
    fn solve(&self, budget: u32) -> Solution {
        solve(&self.instance(), budget).expect("every row has a column")
    }

    fn instance(&self) -> Instance {
        Instance::new(self.weights.clone(), self.rows.iter().map(Vec::as_slice))
    }

    fn sets(&self) -> Vec<BTreeSet<usize>> {
        self.rows.iter().map(|row| row.iter().copied().collect()).collect()
    }

    fn hits_all(&self, chosen: &[usize]) -> bool {
        self.rows.iter().all(|row| row.iter().any(|column| chosen.contains(column)))
    }

    fn weight(&self, chosen: &[usize]) -> u64 {
        chosen.iter().map(|column| self.weights[*column]).sum()
    }

    /// The least weight, by trying all choices.
    fn least(&self) -> u64 {
        let masks: Vec<u32> =
            self.rows.iter().map(|row| row.iter().fold(0, |mask, column| mask | 1 << column)).collect();
        let all = (0u32..1 << self.weights.len()).filter(|choice| masks.iter().all(|mask| mask & choice != 0));
        all.map(|choice| (0..self.weights.len()).filter(|at| choice >> at & 1 == 1).map(|at| self.weights[at]).sum())
            .min()
            .expect("taking everything hits all")
    }
}

fn small() -> impl Strategy<Value = Small> {
    prop_oneof![2 => loose(12), 2 => tight(13), 1 => (tight(6), tight(7)).prop_map(|(one, other)| beside(one, &other))]
}

/// Rows and weights of all kinds; most of it can be decided without a search.
fn loose(most: usize) -> impl Strategy<Value = Small> {
    (1..=most, 1u64..=12).prop_flat_map(|(width, heaviest)| {
        let row = prop::collection::btree_set(0..width, 1..=width.min(4)).prop_map(|row| row.into_iter().collect());
        (prop::collection::vec(0..=heaviest, width), prop::collection::vec(row, 0..16))
            .prop_map(|(weights, rows)| Small { weights, rows })
    })
}

/// Many narrow rows over columns of much the same weight: these need branching.
fn tight(most: usize) -> impl Strategy<Value = Small> {
    (5..=most).prop_flat_map(|width| {
        let row = prop::collection::btree_set(0..width, 2..=3).prop_map(|row| row.into_iter().collect());
        (prop::collection::vec(4u64..=6, width), prop::collection::vec(row, width..=2 * width))
            .prop_map(|(weights, rows)| Small { weights, rows })
    })
}

/// Two instances as one.
fn beside(mut one: Small, other: &Small) -> Small {
    let width = one.weights.len();
    one.weights.extend(&other.weights);
    one.rows.extend(other.rows.iter().map(|row| row.iter().map(|column| column + width).collect()));
    one
}

/// Every way of making one number of a proof larger by one: each must be noticed.
fn inflated(witness: &Witness<usize, usize>) -> Vec<Witness<usize, usize>> {
    let mut all = Vec::new();
    match witness {
        Witness::Packing { amounts, bound } => {
            all.push(Witness::Packing { amounts: amounts.clone(), bound: bound + 1 });
        }
        Witness::Branch { need, children } => {
            for at in 0..children.len() {
                let mut fewer = children.clone();
                fewer.remove(at);
                all.push(Witness::Branch { need: *need, children: fewer });
                for then in inflated(&children[at].then) {
                    let mut other = children.clone();
                    other[at].then = then;
                    all.push(Witness::Branch { need: *need, children: other });
                }
            }
        }
        Witness::Reduced { steps, then } => {
            for (at, step) in steps.iter().enumerate() {
                if let Step::Drop { drop, .. } = *step {
                    let mut other = steps.clone();
                    other[at] = Step::Drop { drop, by: drop };
                    all.push(Witness::Reduced { steps: other, then: then.clone() });
                }
            }
            all.extend(
                inflated(then).into_iter().map(|then| Witness::Reduced { steps: steps.clone(), then: then.into() }),
            );
        }
        Witness::Split { parts } => {
            let mut twice = parts.clone();
            twice.extend(parts.first().cloned());
            all.push(Witness::Split { parts: twice });
            for at in 0..parts.len() {
                for then in inflated(&parts[at].then) {
                    let mut other = parts.clone();
                    other[at].then = then;
                    all.push(Witness::Split { parts: other });
                }
            }
        }
        Witness::Dead { .. } => {}
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_least_weight_is_found_and_proved(small in small()) {
        let found = small.solve(BUDGET);
        prop_assert!(small.hits_all(&found.chosen));
        prop_assert_eq!(small.weight(&found.chosen), found.weight);
        prop_assert_eq!(found.weight, small.least());
        prop_assert_eq!(found.bound, found.weight);
        let proved = bound(&small.sets(), &small.weights, &found.witness).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
        prop_assert_eq!(proved, found.weight);
    }

    /// [`solve`] prefers a packing over the whole; here the proof that the search wrote down as it went.
    #[test]
    fn the_search_proves_what_it_finds(small in small()) {
        let instance = small.instance();
        let found = Search::new(&instance, BUDGET).node(instance.everything(), u64::MAX);
        prop_assert_eq!(found.bound, small.least());
        prop_assert_eq!(bound(&small.sets(), &small.weights, &found.witness), Ok(found.bound));
        let text = serde_json::to_string(&found.witness).unwrap();
        prop_assert_eq!(serde_json::from_str::<Witness<usize, usize>>(&text).unwrap(), found.witness);
    }

    #[test]
    fn no_choice_can_be_left_out(small in small()) {
        let chosen = small.solve(BUDGET).chosen;
        for spare in &chosen {
            let without: Vec<usize> = chosen.iter().copied().filter(|column| column != spare).collect();
            prop_assert!(!small.hits_all(&without));
        }
    }

    #[test]
    fn a_search_that_is_cut_short_says_how_far_it_may_be_off(small in small(), budget in 0u32..2) {
        let found = small.solve(budget);
        let least = small.least();
        prop_assert!(small.hits_all(&found.chosen));
        prop_assert!(found.bound <= least && least <= found.weight);
        let proved = bound(&small.sets(), &small.weights, &found.witness).map_err(|fault| TestCaseError::fail(fault.to_string()))?;
        prop_assert!(proved >= found.bound && proved <= least);
    }

    #[test]
    fn a_proof_with_one_wrong_number_is_refused(small in small()) {
        for wrong in inflated(&small.solve(BUDGET).witness) {
            prop_assert!(bound(&small.sets(), &small.weights, &wrong).is_err(), "{:?}", wrong);
        }
    }

    /// Whatever a proof says, if the checker follows it then no choice is lighter: the checker trusts nobody.
    #[test]
    fn a_proof_for_other_weights_proves_nothing_false(small in small(), weights in prop::collection::vec(0u64..12, 13)) {
        let weights = weights[..small.weights.len()].to_vec();
        let other = Small { weights, rows: small.rows.clone() };
        if let Ok(proved) = bound(&other.sets(), &other.weights, &small.solve(BUDGET).witness) {
            prop_assert!(proved <= other.least());
        }
    }

    /// As above, with rows that were changed.
    #[test]
    fn a_proof_for_other_rows_proves_nothing_false(small in small(), other in small()) {
        if let Ok(proved) = bound(&other.sets(), &other.weights, &small.solve(BUDGET).witness) {
            prop_assert!(proved <= other.least());
        }
    }
}

/// `FLAREKEEP_CASES` sets the number of generated cases (docs/assurance.md).
fn cases() -> u32 {
    std::env::var("FLAREKEEP_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

#[test]
fn a_triangle_needs_a_branch() {
    let triangle = Small { weights: vec![1; 3], rows: vec![vec![0, 1], vec![1, 2], vec![0, 2]] };
    let found = triangle.solve(BUDGET);
    assert_eq!((found.weight, found.bound), (2, 2));
    assert!(matches!(found.witness, Witness::Branch { .. }), "{:?}", found.witness);
}

#[test]
fn a_plain_instance_has_a_packing_for_a_proof() {
    let plain = Small { weights: vec![3, 5, 9], rows: vec![vec![0], vec![0, 1], vec![1, 2], vec![2, 1, 0]] };
    let found = plain.solve(BUDGET);
    let amounts = vec![Amount { need: 0, amount: 3 }, Amount { need: 2, amount: 5 }];
    assert_eq!(found.chosen, [0, 1]);
    assert_eq!(found.witness, Witness::Packing { amounts, bound: 8 });
}

#[test]
fn a_hostile_instance_ends_with_a_plan_and_says_that_it_may_not_be_the_smallest() {
    // Many triples over 60 columns of much the same weight: every bound is weak.
    let rows: Vec<Vec<usize>> =
        (0..60).flat_map(|a| (0..8).map(move |b| vec![a, (a * 7 + b * 11 + 1) % 60, (a + b * b + 3) % 60])).collect();
    let hostile = Small { weights: (0..60).map(|at| 100 + at % 7).collect(), rows };
    let found = hostile.solve(20);
    assert!(hostile.hits_all(&found.chosen));
    assert!(found.bound < found.weight, "an easy instance: {} of {}", found.bound, found.weight);
    let proved = bound(&hostile.sets(), &hostile.weights, &found.witness).unwrap();
    assert!(proved >= found.bound);
}

#[test]
fn what_does_not_hang_together_is_proved_in_parts() {
    let triangle = Small { weights: vec![1; 3], rows: vec![vec![0, 1], vec![1, 2], vec![0, 2]] };
    let found = beside(triangle.clone(), &triangle).solve(BUDGET);
    assert_eq!((found.weight, found.bound), (4, 4));
    assert!(matches!(&found.witness, Witness::Split { parts } if parts.len() == 2), "{:?}", found.witness);
}

#[test]
fn a_row_without_columns_has_no_answer() {
    assert!(solve(&Instance::new(vec![1], [[].as_slice()]), BUDGET).is_none());
}
