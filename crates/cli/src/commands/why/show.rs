//! A diagnosis for people.

use flarekeep_diagnosis::{Cause, Confidence, Diagnosis};

use crate::output::{BAD, CARE, FAINT, GOOD, Output, STRONG, plain, styled};
use crate::place;

/// Groups that are shown at most.
const GROUPS: usize = 4;

/// Prints the diagnosis; `asked` says that the calls that could tell causes apart were made.
pub(crate) fn show(output: Output, diagnosis: &Diagnosis, asked: bool) {
    let line = |name: &str, text: String| output.line(format!("  {name:<9} {text}"));
    output.line(styled(STRONG, plain(diagnosis.operation.as_deref().unwrap_or("a call that the text does not name"))));
    let first = diagnosis.cause();
    let style = if first == Cause::NotRefused { GOOD } else { BAD };
    let sure = match diagnosis.confidence() {
        Confidence::Proved => "",
        Confidence::Likely => ", most likely",
        Confidence::Possible => ", possibly",
    };
    line("cause", format!("{}{sure}: {}", styled(style, first.slug()), first.sentence()));
    for (name, confidence) in [("or", Confidence::Likely), ("possible", Confidence::Possible)] {
        let others = diagnosis.findings.iter().skip(1).filter(|finding| finding.confidence == confidence);
        let others: Vec<&str> = others.map(|finding| finding.cause.slug()).collect();
        if !others.is_empty() {
            line(name, others.join(", "));
        }
    }
    for evidence in &diagnosis.evidence {
        line("evidence", place::in_words(&plain(evidence)));
    }
    if !diagnosis.accepts.is_empty() {
        let shown: Vec<_> = diagnosis.accepts.iter().take(GROUPS).map(String::as_str).collect();
        let more = match diagnosis.accepts.len().saturating_sub(GROUPS) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let operation = diagnosis.operation.as_deref().and_then(|text| flarekeep_catalogue::operation(text).ok());
        let is_inferred = operation.is_some_and(|operation| operation.provenance.is_inferred());
        let inferred = if is_inferred { styled(CARE, " (inferred)") } else { String::new() };
        line("accepts", format!("any of {}{more}{inferred}", shown.join(", ")));
    }
    if let Some(mend) = &diagnosis.mend {
        line("mend", styled(GOOD, place::in_words(&mend.advice)));
        if let Some(command) = &mend.command {
            line("", place::in_words(command));
        }
        for (at, step) in mend.steps.iter().enumerate() {
            line(if at == 0 { "dashboard" } else { "" }, place::in_words(step));
        }
        for (at, text) in mend.call.iter().flat_map(|call| call.lines()).enumerate() {
            line(if at == 0 { "api" } else { "" }, styled(FAINT, place::in_words(text)));
        }
    }
    if let Some(next) = &diagnosis.next {
        let ask = if asked { "" } else { " (--ask makes the call)" };
        line("next", format!("{}{ask}", place::in_words(&plain(next))));
    }
    line("page", first.page());
}
