//! What `cargo xtask inference` prints, and docs/catalogue.md holds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::inference::gathered::judge;
use crate::inference::hiding::{Hiding, ROUNDS, measured};
use crate::inference::labels::{Class, Operation};
use crate::inference::measure::{Tally, hidings, measure};
use crate::inference::rule::{Confidence, Neighbours, Rule};

/// The whole report.
pub(crate) fn report(operations: &[Operation], additions: &[Operation], neighbours: &Neighbours<'_>) -> String {
    let hidings = hidings(operations);
    let mut out = String::new();
    provenance(&mut out, operations, additions);
    let known = measured(operations).count();
    writeln!(out, "\n{known} operations of the schema hidden and asked about (all but Radar's), in five ways").unwrap();
    by_confidence(&mut out, operations, neighbours, &hidings);
    by_rule(&mut out, operations, neighbours, &hidings);
    mistakes(&mut out, operations, neighbours);
    gathered(&mut out, operations, neighbours);
    open(&mut out, operations, neighbours);
    out
}

fn provenance(out: &mut String, operations: &[Operation], additions: &[Operation]) {
    const WORDS: [&str; 8] =
        ["schema", "documented", "terraform", "observed", "derived-high", "derived-medium", "unlabelled", "unknown"];
    let count = |among: &[Operation], word: &str| among.iter().filter(|entry| entry.provenance == word).count();
    writeln!(out, "{:<16}{:>12}{:>12}", "provenance", "operations", "additions").unwrap();
    for word in WORDS {
        writeln!(out, "{word:<16}{:>12}{:>12}", count(operations, word), count(additions, word)).unwrap();
    }
    writeln!(out, "{:<16}{:>12}{:>12}", "all", operations.len(), additions.len()).unwrap();
}

fn by_confidence(
    out: &mut String,
    operations: &[Operation],
    neighbours: &Neighbours<'_>,
    hidings: &[(Hiding, Vec<Vec<usize>>)],
) {
    writeln!(out, "\n{:<15}{:<12}{:<8}{:>7}{HEADINGS}", "hidden", "confidence", "of", "asked").unwrap();
    for (hiding, sets) in hidings {
        for confidence in [Confidence::High, Confidence::Medium] {
            for class in [None, Some(Class::Read), Some(Class::Write)] {
                let tally = measure(operations, neighbours, sets, class, |neighbours, at, hidden| {
                    neighbours.infer(at, hidden).filter(|answer| answer.rule.confidence() == confidence)
                });
                let of = class.map_or("all", Class::plural);
                let (first, second) = match (confidence, class) {
                    (Confidence::High, None) => (hiding.word(), confidence.word()),
                    (_, None) => ("", confidence.word()),
                    _ => ("", ""),
                };
                writeln!(out, "{first:<15}{second:<12}{of:<8}{:>7}{}", tally.asked, shares(&tally)).unwrap();
            }
        }
    }
    writeln!(out, "\nrandom blocks: {ROUNDS} rounds of a tenth each, so that an operation may be asked about often")
        .unwrap();
}

const HEADINGS: &str = "      answered   exact   sound  groups right  groups found  sets sound";

fn shares(tally: &Tally) -> String {
    format!(
        "{:>6}{:>8}{:>8}{:>8}{:>14}{:>14}{:>12}",
        tally.answered,
        percent(tally.coverage()),
        percent(tally.equality()),
        percent(tally.soundness()),
        percent(tally.group_precision()),
        percent(tally.group_recall()),
        format!("{}/{}", tally.sets_sound, tally.sets_answered)
    )
}

fn by_rule(
    out: &mut String,
    operations: &[Operation],
    neighbours: &Neighbours<'_>,
    hidings: &[(Hiding, Vec<Vec<usize>>)],
) {
    writeln!(out, "\neach rule by itself: answered, exact / sound").unwrap();
    write!(out, "{:<15}{:<12}", "rule", "confidence").unwrap();
    for (hiding, _) in hidings {
        write!(out, "{:>24}", hiding.word()).unwrap();
    }
    out.push('\n');
    for rule in Rule::ALL {
        write!(out, "{:<15}{:<12}", rule.word(), rule.confidence().word()).unwrap();
        for (_, sets) in hidings {
            let tally = measure(operations, neighbours, sets, None, |neighbours, at, hidden| {
                neighbours.apply(rule, at, hidden)
            });
            let right = match tally.answered {
                0 => "-".to_owned(),
                answered => format!("{answered}: {} / {}", percent(tally.equality()), percent(tally.soundness())),
            };
            write!(out, "{right:>24}").unwrap();
        }
        out.push('\n');
    }
}

/// What a rule of high confidence gets wrong.
fn mistakes(out: &mut String, operations: &[Operation], neighbours: &Neighbours<'_>) {
    writeln!(out, "\nwrong answers of high confidence, with a resource hidden").unwrap();
    for set in Hiding::Block.sets(operations) {
        for at in &set {
            let operation = &operations[*at];
            let answer = neighbours.infer(*at, &|other| set.contains(&other));
            let Some(answer) = answer.filter(|answer| answer.rule.confidence() == Confidence::High) else { continue };
            if answer.accepted.iter().any(|name| !operation.accepted.contains(name)) {
                let (said, truth) = (answer.accepted.join(", "), operation.accepted.join(", "));
                writeln!(out, "  {} {}\n    said {said}; it accepts {truth}", operation.method, operation.path)
                    .unwrap();
            }
        }
    }
}

fn gathered(out: &mut String, operations: &[Operation], neighbours: &Neighbours<'_>) {
    let mut counts: BTreeMap<(Option<Rule>, bool), [usize; 2]> = BTreeMap::new();
    for (at, operation) in operations.iter().enumerate().filter(|(_, operation)| operation.is_gathered_guess()) {
        let verdict = judge(operations, neighbours, at);
        let column = usize::from(operation.provenance != "derived-high");
        counts.entry((verdict.backed_by, verdict.disputed)).or_default()[column] += 1;
    }
    writeln!(out, "\nthe gathered guesses beside the rules{:>21}{:>18}", "derived-high", "derived-medium").unwrap();
    for rule in Rule::ALL.map(Some).into_iter().chain([None]) {
        for disputed in [false, true] {
            let Some([high, medium]) = counts.get(&(rule, disputed)) else { continue };
            let words = rule.map_or("no rule gives it".to_owned(), |rule| format!("the same by `{}`", rule.word()));
            let words = if disputed { format!("{words}; a surer one differs") } else { words };
            writeln!(out, "  {words:<48}{high:>8}{medium:>18}").unwrap();
        }
    }
}

fn open(out: &mut String, operations: &[Operation], neighbours: &Neighbours<'_>) {
    let mut answers: BTreeMap<Confidence, usize> = BTreeMap::new();
    let open = || operations.iter().enumerate().filter(|(_, operation)| operation.is_open());
    for (at, _) in open() {
        if let Some(answer) = neighbours.infer(at, &|_| false) {
            *answers.entry(answer.rule.confidence()).or_default() += 1;
        }
    }
    let of = |confidence| answers.get(&confidence).copied().unwrap_or_default();
    writeln!(
        out,
        "\n{} operations without a list: a rule of high confidence answers {}, one of medium {}",
        open().count(),
        of(Confidence::High),
        of(Confidence::Medium)
    )
    .unwrap();
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.1}%", share * 100.0))
}
