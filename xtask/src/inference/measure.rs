//! How right a rule is about what is known.

use crate::inference::hiding::Hiding;
use crate::inference::labels::{Accepted, Class, Operation};
use crate::inference::rule::{Inference, Neighbours};

/// How a rule did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// How many operations were asked about.
    pub(crate) asked: usize,
    /// How many it answered.
    pub(crate) answered: usize,
    /// How many answers are the very list.
    pub(crate) equal: usize,
    /// How many answers name only groups that are accepted: a token of any of them works.
    pub(crate) sound: usize,
    /// The groups of all answers.
    pub(crate) groups_named: usize,
    /// Those that are accepted.
    pub(crate) groups_right: usize,
    /// The groups that all operations asked about accept.
    pub(crate) groups_true: usize,
    /// The hidden sets of which it answered something.
    pub(crate) sets_answered: usize,
    /// Those of which every answer is sound. Wrong answers come together, so that this tells more than their share.
    pub(crate) sets_sound: usize,
}

impl Tally {
    pub(crate) fn count(&mut self, truth: &Accepted, answer: Option<&Accepted>) {
        self.asked += 1;
        self.groups_true += truth.len();
        let Some(answer) = answer else { return };
        let right = answer.iter().filter(|name| truth.contains(name)).count();
        self.answered += 1;
        self.equal += usize::from(answer == truth);
        self.sound += usize::from(right == answer.len());
        self.groups_named += answer.len();
        self.groups_right += right;
    }

    pub(crate) fn coverage(&self) -> Option<f64> {
        share(self.answered, self.asked)
    }

    pub(crate) fn equality(&self) -> Option<f64> {
        share(self.equal, self.answered)
    }

    pub(crate) fn soundness(&self) -> Option<f64> {
        share(self.sound, self.answered)
    }

    pub(crate) fn group_precision(&self) -> Option<f64> {
        share(self.groups_right, self.groups_named)
    }

    pub(crate) fn group_recall(&self) -> Option<f64> {
        share(self.groups_right, self.groups_true)
    }
}

/// Hides, asks and counts; `class` limits what is asked about, not what is hidden.
pub(crate) fn measure(
    operations: &[Operation],
    neighbours: &Neighbours<'_>,
    sets: &[Vec<usize>],
    class: Option<Class>,
    ask: impl Fn(&Neighbours<'_>, usize, &dyn Fn(usize) -> bool) -> Option<Inference>,
) -> Tally {
    let mut tally = Tally::default();
    let mut hidden = vec![false; operations.len()];
    for set in sets {
        set.iter().for_each(|at| hidden[*at] = true);
        let before = tally;
        for at in set.iter().filter(|at| class.is_none_or(|class| operations[**at].class() == class)) {
            let answer = ask(neighbours, *at, &|other| hidden[other]);
            tally.count(&operations[*at].accepted, answer.as_ref().map(|answer| &answer.accepted));
        }
        set.iter().for_each(|at| hidden[*at] = false);
        let (answered, sound) = (tally.answered - before.answered, tally.sound - before.sound);
        tally.sets_answered += usize::from(answered > 0);
        tally.sets_sound += usize::from(answered > 0 && answered == sound);
    }
    tally
}

/// The sets of every way of hiding.
pub(crate) fn hidings(operations: &[Operation]) -> Vec<(Hiding, Vec<Vec<usize>>)> {
    Hiding::ALL.into_iter().map(|hiding| (hiding, hiding.sets(operations))).collect()
}

fn share(part: usize, whole: usize) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts of a few thousand")]
    (whole > 0).then(|| part as f64 / whole as f64)
}
