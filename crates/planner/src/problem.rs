//! From needs to rows and columns.
//!
//! The columns are the candidates of all needs, in their order; a row is what must be met, with every column that meets
//! it: a grant that one need calls for may meet another as well. Rows with the same columns are one. Rows are ordered
//! by their columns, so that the plan does not depend on the order of the needs.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{Group, Rule};
use flarekeep_policy::Resource;

use crate::candidate::{Choice, Impossibility, candidates, covering};
use crate::need::Need;
use crate::options::Options;
use crate::solve::Instance;
use crate::weight::weight;
use crate::witness::Demand;

/// The needs as a hitting set.
pub(crate) struct Problem {
    /// The columns.
    pub(crate) choices: Vec<Choice>,
    /// Their weights.
    pub(crate) weights: Vec<u64>,
    /// The rows.
    pub(crate) rows: Vec<Row>,
    /// The needs that any valid token meets.
    pub(crate) free: Vec<usize>,
    /// The needs of which nobody has published what meets them.
    pub(crate) unproven: Vec<usize>,
    /// The needs that nothing meets.
    pub(crate) impossible: Vec<(usize, Impossibility)>,
}

/// What must be met, and what meets it.
pub(crate) struct Row {
    /// The columns, ascending.
    pub(crate) columns: Vec<usize>,
    /// All demands that exactly these columns meet.
    pub(crate) demands: Vec<Demand>,
}

impl Problem {
    pub(crate) fn new(needs: &[Need], options: &Options) -> Self {
        let (mut free, mut unproven, mut impossible) = (Vec::new(), Vec::new(), Vec::new());
        let (mut demands, mut universe) = (Vec::new(), BTreeSet::new());
        for (at, need) in needs.iter().enumerate() {
            match need.operation.rule {
                Rule::AnyToken if need.is_closed_to(options.owner) => {
                    impossible.push((at, Impossibility::NoAccountTokens));
                }
                Rule::AnyToken => free.push(at),
                Rule::Unlabelled => unproven.push(at),
                Rule::AnyOf | Rule::AllOf => match candidates(need, options) {
                    Ok(choices) => {
                        demands.extend(demands_of(at, need));
                        universe.extend(choices);
                    }
                    Err(reason) => impossible.push((at, reason)),
                },
            }
        }
        let choices: Vec<Choice> = universe.into_iter().collect();
        let rows = rows(needs, options, &demands, &choices);
        let weights = choices.iter().map(|choice| weight(choice.group, &choice.resource)).collect();
        Self { choices, weights, rows, free, unproven, impossible }
    }

    pub(crate) fn instance(&self) -> Instance {
        Instance::new(self.weights.clone(), self.rows.iter().map(|row| row.columns.as_slice()))
    }
}

impl Row {
    /// The demand that stands for the row: the first by operation and resource, wherever the need is in the list.
    pub(crate) fn demand(&self, needs: &[Need]) -> Option<Demand> {
        let key = |demand: &&Demand| {
            let need = needs.get(demand.need).map(|need| (need.operation.index, &need.resource));
            (need, demand.group.map(|group| group.index), demand.need)
        };
        self.demands.iter().min_by_key(key).copied()
    }
}

fn demands_of(at: usize, need: &Need) -> Vec<Demand> {
    match need.operation.rule {
        Rule::AllOf => need.operation.accepts().map(|group| Demand { need: at, group: Some(group) }).collect(),
        _ => vec![Demand { need: at, group: None }],
    }
}

fn rows(needs: &[Need], options: &Options, demands: &[Demand], choices: &[Choice]) -> Vec<Row> {
    // By resource first: a need looks at the few resources that cover it, however many zones the others name.
    let mut by_resource: BTreeMap<&Resource, BTreeMap<u16, usize>> = BTreeMap::new();
    for (at, choice) in choices.iter().enumerate() {
        by_resource.entry(&choice.resource).or_default().insert(choice.group.index, at);
    }
    let mut rows: BTreeMap<Vec<usize>, Vec<Demand>> = BTreeMap::new();
    for demand in demands {
        let Some(need) = needs.get(demand.need) else { continue };
        let resources = covering(need, options.owner);
        let of_group = |group: &Group| {
            let at = |resource| by_resource.get(resource)?.get(&group.index).copied();
            resources.iter().filter_map(at).collect::<Vec<_>>()
        };
        let mut columns: Vec<usize> = match demand.group {
            Some(group) => of_group(group),
            None => need.operation.accepts().flat_map(of_group).collect(),
        };
        columns.sort_unstable();
        rows.entry(columns).or_default().push(*demand);
    }
    rows.into_iter().map(|(columns, demands)| Row { columns, demands }).collect()
}
