//! The guesses that came with the gathered data, beside the rules: which rule gives the same groups, and from what.

use crate::inference::labels::Operation;
use crate::inference::rule::{Inference, Neighbours, Rule};

/// What the rules say of one gathered guess.
pub(crate) struct Verdict {
    /// The most trusted rule that gives the same groups; none where no rule does.
    pub(crate) backed_by: Option<Rule>,
    /// Whether a trusted rule gives other groups.
    pub(crate) disputed: bool,
    /// Where the guess may come from, as a clause.
    pub(crate) basis: String,
}

/// Judges the guess about the operation at this position.
pub(crate) fn judge(operations: &[Operation], neighbours: &Neighbours<'_>, at: usize) -> Verdict {
    let operation = &operations[at];
    if operation.any_token {
        let basis = "it was gathered as open to any valid token".to_owned();
        return Verdict { backed_by: None, disputed: false, basis };
    }
    let nothing_hidden = |_: usize| false;
    let same = |answer: &Inference| answer.accepted == operation.accepted;
    let backing = Rule::ALL.into_iter().filter_map(|rule| neighbours.apply(rule, at, &nothing_hidden)).find(same);
    let other = neighbours.infer(at, &nothing_hidden).filter(|answer| !same(answer));
    let mut basis = match &backing {
        Some(answer) => answer.basis.clone(),
        None => "the guess was gathered without a stated reason, and no rule gives it".to_owned(),
    };
    if let Some(other) = &other {
        basis = format!("{basis}; but {}", other.basis);
    }
    Verdict { backed_by: backing.map(|answer| answer.rule), disputed: other.is_some(), basis }
}

/// The table `catalogue/inferred.tsv`: one row for each guess.
pub(crate) fn table(operations: &[Operation], neighbours: &Neighbours<'_>) -> String {
    let mut rows: Vec<String> = operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| operation.is_gathered_guess())
        .map(|(at, operation)| {
            let verdict = judge(operations, neighbours, at);
            let rule = verdict.backed_by.map_or("none", Rule::word);
            let confidence = match verdict.backed_by {
                _ if verdict.disputed => "disputed",
                Some(rule) => rule.confidence().word(),
                None => "unexplained",
            };
            [operation.path.as_str(), &operation.method, rule, confidence, &verdict.basis].join("\t")
        })
        .collect();
    rows.sort();
    format!("path\tmethod\trule\tconfidence\tbasis\n{}\n", rows.join("\n"))
}
