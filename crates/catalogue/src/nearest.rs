//! The spellings nearest to a mistyped one.

/// How alike two spellings must be for one to be offered, from 0 to 1.
const ALIKE: f64 = 0.7;

/// No name or path is longer. The comparison takes time in proportion to the length, and what is given may be hostile.
const LONGEST: usize = 200;

/// Up to three of the `candidates` that are spelt most like `given`, the likest first.
pub fn nearest(given: &str, candidates: impl IntoIterator<Item = String>) -> Vec<String> {
    let given = given.chars().take(LONGEST).collect::<String>().to_lowercase();
    let mut scored: Vec<(f64, String)> = candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&given, &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
    scored.dedup_by(|(_, x), (_, y)| x == y);
    scored.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}
