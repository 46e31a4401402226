//! JUnit's XML, which most CI systems show as tests.
//!
//! Nobody has standardised it; this keeps to what Jenkins' and GitLab's readers document. A rule is a suite. A finding is a
//! failed test, one that is only worth knowing (info) passes with its words as output, one that is accepted or ignored is
//! skipped with its reason, and what could not be read is an error.

use super::order::{Tokens, rules};
use super::words;
use crate::audit::Audit;
use crate::finding::Finding;
use crate::level::Severity;
use crate::rule::Rule;

/// More of a message than this is no use on a CI system's page.
const LONGEST: usize = 1000;

/// An audit as JUnit's XML.
#[must_use]
pub fn junit(audit: &Audit) -> String {
    let tokens = Tokens::of(audit);
    let mut suites: Vec<Suite> = rules(audit).into_iter().map(|rule| of_rule(audit, rule, &tokens)).collect();
    if !audit.unread.is_empty() {
        suites.push(unread(audit));
    }
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"flarekeep audit\" tests=\"{}\" failures=\"{}\" \
         errors=\"{}\" skipped=\"{}\">\n",
        sum(Suite::tests),
        sum(Suite::failures),
        sum(Suite::errors),
        sum(Suite::skipped),
    );
    suites.iter().for_each(|suite| suite.write(&audit.now.to_string(), &mut out));
    out.push_str("</testsuites>\n");
    out
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

struct Case {
    name: String,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    /// It passed, and there is something to say.
    Noted(String),
    Failed {
        severity: Severity,
        summary: String,
        text: String,
    },
    Skipped(String),
    Error(String),
}

fn of_rule(audit: &Audit, rule: &'static Rule, tokens: &Tokens<'_>) -> Suite {
    let mut cases = Vec::new();
    for finding in audit.findings.iter().filter(|finding| finding.rule == rule) {
        let outcome = match finding.severity {
            Severity::Info => Outcome::Noted(text(finding)),
            severity => Outcome::Failed { severity, summary: finding.summary.clone(), text: text(finding) },
        };
        cases.push(Case { name: name(finding, tokens), outcome });
    }
    for accepted in audit.accepted.iter().filter(|accepted| accepted.finding.rule == rule) {
        let reason = format!("accepted until {}: {}", accepted.acceptance.until, accepted.acceptance.because);
        cases.push(Case { name: name(&accepted.finding, tokens), outcome: Outcome::Skipped(reason) });
    }
    for ignored in audit.ignored.iter().filter(|ignored| ignored.finding.rule == rule) {
        let reason = format!("ignored: {}", ignored.because);
        cases.push(Case { name: name(&ignored.finding, tokens), outcome: Outcome::Skipped(reason) });
    }
    if cases.is_empty() {
        cases.push(Case { name: rule.title.to_owned(), outcome: Outcome::Passed });
    }
    Suite { name: rule.id.to_owned(), cases }
}

fn unread(audit: &Audit) -> Suite {
    let case = |one: &crate::world::Unread| Case { name: one.what.clone(), outcome: Outcome::Error(one.why.clone()) };
    Suite { name: "unread".to_owned(), cases: audit.unread.iter().map(case).collect() }
}

/// A case is told from the next by its name: it ends with the fingerprint.
fn name(finding: &Finding, tokens: &Tokens<'_>) -> String {
    let about = match &finding.token {
        Some(token) => format!("{} ({}, {})", token.name, token.id, tokens.owner(token)),
        None => finding.summary.clone(),
    };
    format!("{about} [{}]", finding.fingerprint)
}

fn text(finding: &Finding) -> String {
    let mut lines = vec![finding.summary.clone()];
    lines.extend(finding.details.iter().map(|detail| format!("- {detail}")));
    for mend in &finding.mends {
        let command = mend.command.as_ref().map(|command| format!(": {command}"));
        lines.push(format!("mend: {}{}", mend.words, command.unwrap_or_default()));
    }
    lines.push(format!("why: {}", finding.rule.why));
    lines.join("\n")
}

impl Suite {
    fn count(&self, is: fn(&Outcome) -> bool) -> usize {
        self.cases.iter().filter(|case| is(&case.outcome)).count()
    }

    fn tests(&self) -> usize {
        self.cases.len()
    }

    fn failures(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed { .. }))
    }

    fn errors(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Error(_)))
    }

    fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Skipped(_)))
    }

    fn write(&self, now: &str, out: &mut String) {
        out.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" timestamp=\"{now}\">\n",
            xml(&self.name),
            self.tests(),
            self.failures(),
            self.errors(),
            self.skipped(),
        ));
        self.cases.iter().for_each(|case| case.write(&self.name, out));
        out.push_str("  </testsuite>\n");
    }
}

impl Case {
    fn write(&self, suite: &str, out: &mut String) {
        let (suite, name) = (xml(suite), xml(&self.name));
        out.push_str(&format!("    <testcase classname=\"flarekeep.audit.{suite}\" name=\"{name}\""));
        let inside = match &self.outcome {
            Outcome::Passed => return out.push_str("/>\n"),
            Outcome::Noted(text) => format!("<system-out>{}</system-out>", xml(text)),
            Outcome::Failed { severity, summary, text } => {
                format!("<failure type=\"{severity}\" message=\"{}\">{}</failure>", xml(summary), xml(text))
            }
            Outcome::Skipped(reason) => format!("<skipped message=\"{}\"/>", xml(reason)),
            Outcome::Error(why) => format!("<error type=\"unread\" message=\"{}\"/>", xml(why)),
        };
        out.push_str(&format!(">\n      {inside}\n    </testcase>\n"));
    }
}

/// A text for XML 1.0, which has no way to say most control characters: they are shown as escapes. Line breaks are ours.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push_str("&#10;");
        }
        for c in words::shown(line, LONGEST).chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&apos;"),
                // No characters of XML.
                '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
                c => out.push(c),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
