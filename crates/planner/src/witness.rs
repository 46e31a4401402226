//! Why no choice of grants weighs less: a proof that can be followed without searching.

use flarekeep_catalogue::Group;
use serde::{Deserialize, Serialize};

/// One thing that a chosen grant must meet: a need, or one group of a need that needs several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// The need's position.
    pub need: usize,
    /// The group, where the operation needs all of its groups.
    pub group: Option<&'static Group>,
}

/// A proof that meeting all demands costs at least so much; [`crate::verify`] works the amount out again.
///
/// `N` names a demand and `G` a grant. A proof is read from the top, with some grants taken and some ruled out; at the
/// top, none. A demand is open while no taken grant meets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Witness<N, G> {
    /// Amounts on open demands such that, for every grant not ruled out, the amounts of the demands that it meets sum
    /// to at most its weight. Whoever meets all demands pays each amount at least once.
    Packing {
        /// The amounts.
        amounts: Vec<Amount<N>>,
        /// Their sum.
        bound: u64,
    },
    /// One of these grants must be taken: the cheapest branch is the bound.
    Branch {
        /// An open demand.
        need: N,
        /// One for each grant that meets it and is not ruled out. In each, the grants of those before are ruled out.
        children: Vec<Child<N, G>>,
    },
    /// What is plain is done first.
    Reduced {
        /// In this order.
        steps: Vec<Step<N, G>>,
        /// What is left.
        then: Box<Witness<N, G>>,
    },
    /// Parts that no grant has in common: their bounds add up.
    Split {
        /// The parts.
        parts: Vec<Part<N, G>>,
    },
    /// Nothing that is not ruled out meets this open demand.
    Dead {
        /// The demand.
        need: N,
    },
}

/// An amount on a demand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount<N> {
    /// The demand.
    pub need: N,
    /// The amount, in weight.
    pub amount: u64,
}

/// One branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child<N, G> {
    /// The grant that is taken.
    pub take: G,
    /// What the rest costs.
    pub then: Witness<N, G>,
}

/// One plain step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step<N, G> {
    /// Only this grant, of those not ruled out, meets an open demand: it is taken.
    Take {
        /// The demand.
        need: N,
        /// The grant.
        take: G,
    },
    /// Another grant, neither taken nor ruled out, meets the same open demands and weighs no more: this one is ruled
    /// out. Demands that are met whenever another one is need not be looked at.
    Drop {
        /// The grant that is ruled out.
        drop: G,
        /// The other.
        by: G,
    },
}

/// One part of a split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part<N, G> {
    /// The demands that the part looks at.
    pub needs: Vec<N>,
    /// What they cost.
    pub then: Witness<N, G>,
}

impl<N, G> Witness<N, G> {
    /// The same proof with other names for demands and grants; none where a name has no counterpart.
    pub fn try_map<M, H>(
        &self,
        need: &impl Fn(&N) -> Option<M>,
        grant: &impl Fn(&G) -> Option<H>,
    ) -> Option<Witness<M, H>> {
        Some(match self {
            Self::Packing { amounts, bound } => Witness::Packing {
                amounts: amounts
                    .iter()
                    .map(|entry| Some(Amount { need: need(&entry.need)?, amount: entry.amount }))
                    .collect::<Option<_>>()?,
                bound: *bound,
            },
            Self::Branch { need: demand, children } => Witness::Branch {
                need: need(demand)?,
                children: children
                    .iter()
                    .map(|child| Some(Child { take: grant(&child.take)?, then: child.then.try_map(need, grant)? }))
                    .collect::<Option<_>>()?,
            },
            Self::Reduced { steps, then } => Witness::Reduced {
                steps: steps.iter().map(|step| step.try_map(need, grant)).collect::<Option<_>>()?,
                then: Box::new(then.try_map(need, grant)?),
            },
            Self::Split { parts } => Witness::Split {
                parts: parts
                    .iter()
                    .map(|part| {
                        let needs = part.needs.iter().map(need).collect::<Option<_>>()?;
                        Some(Part { needs, then: part.then.try_map(need, grant)? })
                    })
                    .collect::<Option<_>>()?,
            },
            Self::Dead { need: demand } => Witness::Dead { need: need(demand)? },
        })
    }
}

impl<N, G> Step<N, G> {
    fn try_map<M, H>(&self, need: &impl Fn(&N) -> Option<M>, grant: &impl Fn(&G) -> Option<H>) -> Option<Step<M, H>> {
        Some(match self {
            Self::Take { need: demand, take } => Step::Take { need: need(demand)?, take: grant(take)? },
            Self::Drop { drop, by } => Step::Drop { drop: grant(drop)?, by: grant(by)? },
        })
    }
}
