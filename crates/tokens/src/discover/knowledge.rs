//! What answers prove about hypotheses of the form "the token holds this group here". Pure.
//!
//! A call that is let in proves that one of the groups it accepts is held; one that is refused, that none is. Nothing else
//! is assumed but that what is held at all zones of an account is held at each, and that no policy denies.

/// What is known so far. Hypotheses are numbers from 0 on.
#[derive(Debug, Clone)]
pub(crate) struct Knowledge {
    /// For each hypothesis, the one that holds wherever it does: a zone's beside that of all zones of its account.
    implied: Vec<Option<usize>>,
    excluded: Vec<bool>,
    /// Of each of these at least one hypothesis holds.
    one_of: Vec<Vec<usize>>,
}

impl Knowledge {
    /// Nothing is known but what implies what: `implied[a] == Some(b)` says that `b` holds if `a` does.
    pub(crate) fn new(implied: Vec<Option<usize>>) -> Self {
        Self { excluded: vec![false; implied.len()], implied, one_of: Vec::new() }
    }

    /// Learns that a call which any of `accepts` opens was let in, or was refused.
    pub(crate) fn learn(&mut self, accepts: &[usize], let_in: bool) {
        if let_in {
            self.one_of.push(accepts.to_vec());
            return;
        }
        for at in 0..self.excluded.len() {
            let implies_one = self.implies(at).is_some_and(|other| accepts.contains(&other));
            if let Some(excluded) = self.excluded.get_mut(at)
                && (implies_one || accepts.contains(&at))
            {
                *excluded = true;
            }
        }
    }

    /// Whether the hypothesis is refuted.
    pub(crate) fn is_excluded(&self, at: usize) -> bool {
        self.excluded.get(at).copied().unwrap_or_default()
    }

    /// Which hypotheses are proved: every way to explain some answer has them.
    pub(crate) fn proved(&self) -> Vec<bool> {
        let mut proved = vec![false; self.implied.len()];
        for left in self.alternatives() {
            let Some(first) = left.first() else { continue };
            // Nothing but the first explanation and what it implies can be common to all.
            for at in [Some(*first), self.implies(*first)].into_iter().flatten() {
                if left.iter().all(|other| *other == at || self.implies(*other) == Some(at))
                    && let Some(proved) = proved.get_mut(at)
                {
                    *proved = true;
                }
            }
        }
        proved
    }

    fn implies(&self, at: usize) -> Option<usize> {
        self.implied.get(at).copied().flatten()
    }

    /// For each call that was let in, the hypotheses that are left to explain it.
    pub(crate) fn alternatives(&self) -> impl Iterator<Item = Vec<usize>> + '_ {
        self.one_of.iter().map(|one_of| one_of.iter().copied().filter(|at| !self.is_excluded(*at)).collect())
    }

    /// Whether the answers contradict each other: then some policy denies, or the token was changed meanwhile.
    pub(crate) fn contradicts_itself(&self) -> bool {
        self.alternatives().any(|left| left.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COUNT: usize = 8;

    /// Every world is a set of hypotheses that hold; those that no answer contradicts remain.
    fn worlds(implied: &[Option<usize>], answers: &[(Vec<usize>, bool)]) -> Vec<u32> {
        let holds = |world: u32, at: usize| world & 1 << at != 0;
        let closed =
            |world: u32| (0..COUNT).all(|at| !holds(world, at) || implied[at].is_none_or(|other| holds(world, other)));
        let fits =
            |world: u32, (accepts, let_in): &(Vec<usize>, bool)| accepts.iter().any(|at| holds(world, *at)) == *let_in;
        (0..1 << COUNT).filter(|world| closed(*world) && answers.iter().all(|answer| fits(*world, answer))).collect()
    }

    fn implications() -> impl Strategy<Value = Vec<Option<usize>>> {
        // The first half may imply one of the second half, which implies nothing: zones of an account, and a zone.
        let first = prop::collection::vec(prop::option::of(COUNT / 2..COUNT), COUNT / 2);
        first.prop_map(|first| first.into_iter().chain(vec![None; COUNT / 2]).collect())
    }

    fn accepts() -> impl Strategy<Value = Vec<usize>> {
        prop::collection::btree_set(0..COUNT, 1..5).prop_map(|set| set.into_iter().collect())
    }

    proptest! {
        /// Answers of a world, and answers of none.
        #[test]
        fn what_is_concluded_is_what_all_worlds_have_in_common(
            implied in implications(),
            questions in prop::collection::vec((accepts(), any::<bool>()), 0..10),
            truth in prop::option::of(0u32..1 << COUNT),
        ) {
            let mut knowledge = Knowledge::new(implied.clone());
            let mut answers = Vec::new();
            for (accepts, any) in questions {
                let held = |truth: u32, at: &usize| {
                    (0..COUNT).any(|from| truth & 1 << from != 0 && (from == *at || implied[from] == Some(*at)))
                };
                let let_in = truth.map_or(any, |truth| accepts.iter().any(|at| held(truth, at)));
                knowledge.learn(&accepts, let_in);
                answers.push((accepts, let_in));
            }
            let proved = knowledge.proved();
            let worlds = worlds(&implied, &answers);
            prop_assert_eq!(knowledge.contradicts_itself(), worlds.is_empty());
            if !worlds.is_empty() {
                for (at, proved) in proved.into_iter().enumerate() {
                    let (all, none) = (worlds.iter().all(|w| w & 1 << at != 0), worlds.iter().all(|w| w & 1 << at == 0));
                    prop_assert_eq!(proved, all, "{} of {:?}", at, knowledge);
                    prop_assert_eq!(knowledge.is_excluded(at), none, "{} of {:?}", at, knowledge);
                }
            }
        }
    }
}
