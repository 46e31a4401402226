//! The solver against another one, on instances that are too large to try all choices.
//!
//! microlp solves the same problem as a 0/1 linear programme by simplex and branch and bound; nothing of ours is in it.

use microlp::{ComparisonOp, LinearExpr, OptimizationDirection, Problem};
use proptest::prelude::*;

use crate::check::bound;
use crate::solve::{Instance, solve};

#[derive(Debug, Clone)]
struct Large {
    weights: Vec<u64>,
    rows: Vec<Vec<usize>>,
}

/// 12 to 40 rows over 12 to 40 columns: from two columns a row to a third of them, weights from all alike to those of
/// real grants.
fn large() -> impl Strategy<Value = Large> {
    let shape = (12usize..=40, 12usize..=40, 2usize..=13);
    let weights = prop_oneof![Just((4u64, 6u64)), Just((1, 1)), Just((0, 12)), Just((1, 100)), Just((10, 400_000))];
    (shape, weights).prop_flat_map(|((width, height, densest), (least, most))| {
        let row = prop::collection::btree_set(0..width, 2..=densest.min(width / 3).max(2));
        let rows = prop::collection::vec(row.prop_map(|row| row.into_iter().collect::<Vec<_>>()), height);
        (prop::collection::vec(least..=most, width), rows).prop_map(|(weights, rows)| Large { weights, rows })
    })
}

/// What the other solver finds to be the least weight.
fn least(large: &Large) -> u64 {
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let columns: Vec<_> = large.weights.iter().map(|weight| problem.add_binary_var(*weight as f64)).collect();
    for row in &large.rows {
        let mut sum = LinearExpr::empty();
        row.iter().for_each(|column| sum.add(columns[*column], 1.0));
        problem.add_constraint(sum, ComparisonOp::Ge, 1.0);
    }
    let solution = problem.solve().expect("taking everything hits all").into_solution().expect("there is no limit");
    // Its numbers are floating: what it chose is read off, and weighed in whole numbers.
    let chosen = |column: &usize| solution.var_value(columns[*column]).round() == 1.0;
    let chosen: Vec<usize> = (0..large.weights.len()).filter(chosen).collect();
    assert!(large.rows.iter().all(|row| row.iter().any(|column| chosen.contains(column))), "a choice that hits all");
    chosen.iter().map(|column| large.weights[*column]).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn another_solver_finds_the_same_weight(large in large()) {
        let instance = Instance::new(large.weights.clone(), large.rows.iter().map(Vec::as_slice));
        let found = solve(&instance, 100_000).expect("every row has a column");
        prop_assert_eq!(found.weight, least(&large));
        prop_assert_eq!(found.bound, found.weight);
        let rows: Vec<_> = large.rows.iter().map(|row| row.iter().copied().collect()).collect();
        prop_assert_eq!(bound(&rows, &large.weights, &found.witness), Ok(found.weight));
    }
}

/// `FLAREKEEP_CASES` sets the number of generated cases (docs/assurance.md).
fn cases() -> u32 {
    std::env::var("FLAREKEEP_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(200)
}
