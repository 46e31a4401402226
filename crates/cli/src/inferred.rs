//! What rests on inference, and on what the inference rests: nothing inferred goes by unsaid.

use std::cmp::Reverse;

use flarekeep_catalogue::{Basis, Confidence, Operation};
use flarekeep_planner::Plan;
use serde_json::{Value, json};

use crate::output::{CARE, FAINT, Output, counted, styled};

/// How many are shown without `--verbose`.
const SHOWN: usize = 3;

/// A line for each of these operations whose groups are inferred, with the evidence; the weakest first.
pub(crate) fn show<'a>(output: Output, operations: impl Iterator<Item = &'a Operation>) {
    let inferred = inferred(operations);
    if inferred.is_empty() {
        return;
    }
    output.line("");
    let shown = if output.verbose { inferred.len() } else { SHOWN };
    for (operation, basis) in inferred.iter().take(shown) {
        let sure = match basis.confidence {
            Confidence::High | Confidence::Medium | Confidence::Low => format!("{} confidence", basis.confidence),
            Confidence::Unmeasured | Confidence::Unexplained | Confidence::Disputed => basis.confidence.to_string(),
        };
        let word = styled(CARE, "inferred");
        output.line(format!("  {word}  {operation}: no list is published; {} ({sure})", basis.text));
    }
    if let Some(more) = inferred.len().checked_sub(shown).filter(|more| *more > 0) {
        output.line(styled(FAINT, format!("  and {more} more; --verbose lists them")));
    }
}

/// Says on standard error that a plan which is acted on rests on inference.
pub(crate) fn warn(output: Output, plan: &Plan) {
    let positions = plan.inferred_needs();
    let inferred = inferred(positions.iter().filter_map(|at| plan.needs.get(*at)).map(|need| need.operation));
    let Some((weakest, _)) = inferred.first() else { return };
    let accept = match inferred.len() - 1 {
        0 => "accepts".to_owned(),
        more => format!("and {} accept", counted(more, "other operation")),
    };
    output.warn(format!("what {weakest} {accept} is inferred, not published; flarekeep plan says from what"));
}

/// What an operation's inferred groups rest on, for a document.
pub(crate) fn document(operation: &Operation) -> Value {
    let evidence = |basis: Basis| json!({ "confidence": basis.confidence.word(), "evidence": basis.text });
    operation.basis().map_or(Value::Null, evidence)
}

/// Each inferred operation once; the weakest first.
fn inferred<'a>(operations: impl Iterator<Item = &'a Operation>) -> Vec<(&'a Operation, Basis)> {
    // An inference whose basis is not in the table is one all the same.
    const NONE: Basis = Basis { confidence: Confidence::Unexplained, text: "nothing says what it was inferred from" };
    let inferred = operations.filter(|operation| operation.provenance.is_inferred());
    let mut inferred: Vec<_> = inferred.map(|operation| (operation, operation.basis().unwrap_or(NONE))).collect();
    inferred.sort_by_key(|(operation, basis)| (Reverse(basis.confidence), operation.index));
    inferred.dedup_by_key(|(operation, _)| operation.index);
    inferred
}
