//! Which questions to ask next: those whose answers split what is open best. Pure.

use crate::discover::knowledge::Knowledge;

/// A question as the choice sees it: the hypotheses any of which lets it in.
pub(crate) trait Accepts {
    /// Them.
    fn accepts(&self) -> &[usize];
}

/// How much the answers leave open that is likely enough to be asked about.
const LIKELY_ENOUGH: f64 = 1.2;
/// What a question must promise, in bits, where all that is likely is settled.
const WORTH_ASKING: f64 = 0.3;

/// Up to `most` of the questions, the best first, none of which asks about what another asks about: they can be asked at the
/// same time. `chance` holds how likely each hypothesis is before any answer. Without `thorough` it ends where what is
/// still open is unlikely.
pub(crate) fn next(
    questions: &[impl Accepts],
    asked: &[bool],
    knowledge: &Knowledge,
    chance: &[f64],
    most: usize,
    thorough: bool,
) -> Vec<usize> {
    let proved = knowledge.proved();
    let chance = updated(knowledge, &proved, chance);
    let open: f64 = expected(questions, asked, &proved, &chance);
    let worth = if thorough || open > LIKELY_ENOUGH { 0.0 } else { WORTH_ASKING };
    let mut ranked: Vec<(usize, f64)> = Vec::new();
    for (at, question) in questions.iter().enumerate() {
        if asked.get(at).copied().unwrap_or(true) {
            continue;
        }
        let bits = information(question.accepts(), &proved, &chance);
        if bits > worth.max(1e-9) {
            ranked.push((at, bits));
        }
    }
    // Stable: of two that tell as much, the one that comes first.
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let mut taken: Vec<usize> = Vec::new();
    let mut touched: Vec<usize> = Vec::new();
    for (at, _) in ranked {
        let open = || question(questions, at).iter().filter(|one| !knowledge.is_excluded(**one));
        if taken.len() < most && open().all(|one| !touched.contains(one)) {
            touched.extend(open());
            taken.push(at);
        }
    }
    taken
}

fn question(questions: &[impl Accepts], at: usize) -> &[usize] {
    questions.get(at).map_or(&[], Accepts::accepts)
}

fn is(set: &[bool], at: usize) -> bool {
    set.get(at).copied().unwrap_or_default()
}

/// How much an answer would tell, in bits: nothing where it is known already.
fn information(accepts: &[usize], proved: &[bool], chance: &[f64]) -> f64 {
    if accepts.iter().any(|at| is(proved, *at)) {
        return 0.0;
    }
    let refused: f64 = accepts.iter().map(|at| 1.0 - chance.get(*at).copied().unwrap_or_default()).product();
    let bits = |p: f64| if p <= 0.0 || p >= 1.0 { 0.0 } else { -p * p.log2() };
    bits(refused) + bits(1.0 - refused)
}

/// How many groups are likely to be held of which nothing is known, and could be asked.
fn expected(questions: &[impl Accepts], asked: &[bool], proved: &[bool], chance: &[f64]) -> f64 {
    let mut counted = vec![false; chance.len()];
    for (at, question) in questions.iter().enumerate() {
        let told = question.accepts().iter().any(|one| is(proved, *one));
        if asked.get(at).copied().unwrap_or(true) || told {
            continue;
        }
        for one in question.accepts() {
            if let Some(counted) = counted.get_mut(*one) {
                *counted = true;
            }
        }
    }
    chance.iter().zip(counted).filter(|(_, counted)| *counted).map(|(chance, _)| chance).sum()
}

/// The chances after the answers. What is excluded has none; what is left to explain a call that was let in shares it out.
fn updated(knowledge: &Knowledge, proved: &[bool], chance: &[f64]) -> Vec<f64> {
    let mut updated: Vec<f64> =
        chance.iter().enumerate().map(|(at, chance)| if knowledge.is_excluded(at) { 0.0 } else { *chance }).collect();
    for left in knowledge.alternatives().filter(|left| !left.is_empty()) {
        if left.iter().any(|at| is(proved, *at)) {
            continue;
        }
        let none: f64 = left.iter().map(|at| 1.0 - chance.get(*at).copied().unwrap_or_default()).product();
        for at in &left {
            if let (Some(updated), Some(before)) = (updated.get_mut(*at), chance.get(*at)) {
                *updated = updated.max((before / (1.0 - none).max(1e-9)).min(0.95));
            }
        }
    }
    updated
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Accepts for Vec<usize> {
        fn accepts(&self) -> &[usize] {
            self
        }
    }

    fn ask(questions: &[Vec<usize>], truth: &[usize], chance: &[f64], thorough: bool) -> (usize, Knowledge) {
        let mut knowledge = Knowledge::new(vec![None; chance.len()]);
        let mut asked = vec![false; questions.len()];
        let mut count = 0;
        loop {
            let batch = next(questions, &asked, &knowledge, chance, 1, thorough);
            let Some(at) = batch.first().copied() else { return (count, knowledge) };
            asked[at] = true;
            knowledge.learn(&questions[at], questions[at].iter().any(|one| truth.contains(one)));
            count += 1;
        }
    }

    #[test]
    fn what_splits_best_comes_first() {
        let questions = vec![vec![0], vec![0, 1, 2, 3, 4, 5, 6], vec![1, 2]];
        let knowledge = Knowledge::new(vec![None; 7]);
        assert_eq!(next(&questions, &[false; 3], &knowledge, &[0.1; 7], 1, false), [1]);
        assert_eq!(next(&questions, &[false, true, false], &knowledge, &[0.1; 7], 1, false), [2]);
        // None of one batch asks about what another asks about.
        assert_eq!(next(&questions, &[false; 3], &knowledge, &[0.1; 7], 3, false), [1]);
        assert_eq!(next(&questions, &[false, true, false], &knowledge, &[0.1; 7], 3, false), [2, 0]);
    }

    #[test]
    fn broad_questions_save_narrow_ones() {
        let broad: Vec<Vec<usize>> = (0..4).map(|part| (part * 8..part * 8 + 8).collect()).collect();
        let narrow = (0..32).map(|one| vec![one]);
        let questions: Vec<Vec<usize>> = narrow.chain(broad).collect();
        let (count, knowledge) = ask(&questions, &[11], &[0.05; 32], true);
        assert!(knowledge.proved()[11] && (0..32).all(|at| at == 11 || knowledge.is_excluded(at)));
        assert!(count <= 12, "{count}");
        let (count, _) = ask(&questions, &[], &[0.05; 32], true);
        assert_eq!(count, 4);
    }

    #[test]
    fn what_is_unlikely_is_left_open_unless_one_is_thorough() {
        let questions: Vec<Vec<usize>> = (0..40).map(|one| vec![one]).collect();
        let chance: Vec<f64> = (0..40).map(|one| if one < 4 { 0.2 } else { 0.001 }).collect();
        let (count, knowledge) = ask(&questions, &[2], &chance, false);
        assert_eq!((count, knowledge.proved()[2]), (4, true));
        assert!(!knowledge.is_excluded(30) && !knowledge.proved()[30]);
        assert_eq!(ask(&questions, &[2], &chance, true).0, 40);
    }

    #[test]
    fn it_ends_where_nothing_is_left_to_tell() {
        // Whoever writes may read: whether 0 is held beside 1 cannot be told.
        let questions = vec![vec![0, 1], vec![1]];
        let (count, knowledge) = ask(&questions, &[1], &[0.1, 0.1], true);
        assert!(count <= 2 && knowledge.proved()[1] && !knowledge.is_excluded(0));
    }
}
