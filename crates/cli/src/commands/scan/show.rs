//! The findings in words.

use flarekeep_scan::{Confidence, Finding, History, Holder};
use flarekeep_tokens::Sink;

use super::Answer;
use crate::arguments::Scan;
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, GOOD, Output, STRONG, counted, plain, styled};

/// How many of the texts that could not be read are told one by one.
const MOST_UNREAD: usize = 20;

pub(super) fn show(output: Output, arguments: &Scan, answer: &Answer) {
    let value_on_stdout = arguments.delivery.to.iter().any(Sink::prints);
    let line = |text: String| output.beside(value_on_stdout, text);
    for (at, finding) in answer.findings().iter().enumerate() {
        if at > 0 {
            line(String::new());
        }
        let style = match finding.confidence {
            Confidence::High => BAD,
            Confidence::Medium => CARE,
            Confidence::Low => FAINT,
        };
        let place = styled(STRONG, plain(&finding.place.to_string()));
        line(format!("{} {place}  {}", styled(style, format!("{:<6}", finding.confidence)), finding.form.what));
        line(table(7, None, rows(answer, finding)));
    }
    if !answer.findings().is_empty() {
        line(String::new());
    }
    line(summary(answer));
    unread(output, answer);
    if !answer.findings().is_empty() && !arguments.verify && arguments.respond.is_none() {
        output.note(styled(FAINT, "which of them live: the same with --verify; end those: --respond revoke"));
    }
}

fn unread(output: Output, answer: &Answer) {
    let unread = &answer.tally.unread;
    for one in unread.iter().take(MOST_UNREAD) {
        let path = if one.path.is_empty() { String::new() } else { format!("{}: ", plain(&one.path)) };
        output.warn(format!("not read to its end: {path}{}", plain(&one.because)));
    }
    if unread.len() > MOST_UNREAD {
        output.warn(format!("so were {} more, which --json lists", unread.len() - MOST_UNREAD));
    }
}

fn rows(answer: &Answer, finding: &Finding) -> Vec<[String; 2]> {
    let mut rows = vec![
        ["value".to_owned(), format!("{}, fingerprint {}", finding.masked(), finding.fingerprint)],
        ["why".to_owned(), plain(&finding.why)],
    ];
    if let Some(history) = finding.history {
        rows.push(["history".to_owned(), told(history)]);
    }
    if let Some(life) = answer.life(finding) {
        let style = match life.is_alive() {
            Some(true) => BAD,
            Some(false) => GOOD,
            None => CARE,
        };
        rows.push([styled(style, life.word()), plain(&life.told())]);
    }
    rows
}

fn told(history: History) -> String {
    let times = |thing: &str| match history.versions {
        1 => format!("in a commit {thing}"),
        more => format!("in {more} commit {thing}s"),
    };
    let of_head = if history.is_in_head { "in the history of HEAD" } else { "not in the history of HEAD" };
    match history.holder {
        Holder::File => {
            let still = if history.is_in_head { "still in HEAD" } else { "not in HEAD any more" };
            format!("in {} of the file, {still}", counted(history.versions as usize, "version"))
        }
        Holder::Message => format!("{}, {of_head}", times("message")),
        Holder::CommitHeader => format!("{}, {of_head}", times("header")),
        Holder::Tag => "in a tag".to_owned(),
        Holder::LostObject => "in an object that no branch, tag or reflog leads to".to_owned(),
    }
}

fn summary(answer: &Answer) -> String {
    let findings = answer.findings().len();
    let found = match findings {
        0 => styled(GOOD, "nothing found"),
        _ => styled(
            BAD,
            format!("{} of {}", counted(findings, "finding"), counted(answer.credentials().len(), "credential")),
        ),
    };
    let (tally, filtered) = (&answer.tally, &answer.filtered);
    let mut parts = vec![format!(
        "{found} in {}, {}",
        counted(usize::try_from(tally.texts).unwrap_or(usize::MAX), "text"),
        size(tally.bytes)
    )];
    for (number, word) in [
        (tally.binaries, "binary skipped"),
        (tally.allowed, "allowed by a comment"),
        (filtered.accepted as u64, "accepted by a rule"),
        (filtered.known as u64, "in the baseline"),
        (filtered.unsure as u64, "of less confidence"),
    ] {
        if number > 0 {
            let word = if number > 1 { word.replace("binary", "binaries") } else { word.to_owned() };
            parts.push(format!("{number} {word}"));
        }
    }
    parts.join("; ")
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
