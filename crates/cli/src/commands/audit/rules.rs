//! `flarekeep audit rules` and `audit explain`: what is looked for, and why.

use flarekeep_audit::{RULES, Rule, Severity};
use serde_json::{Value, json};

use super::settings::known_rule;
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, Output, STRONG, counted, styled};
use crate::{CommandResult, Verdict};

pub(super) fn list(output: Output) -> CommandResult {
    let mut rules: Vec<&Rule> = RULES.to_vec();
    rules.sort_by_key(|rule| (rule.severity, rule.id));
    output.document(&rules.iter().map(|rule| document(rule)).collect::<Vec<_>>());
    let row = |rule: &&Rule| [coloured(rule.severity), styled(STRONG, rule.id), rule.title.to_owned()];
    output.line(table(0, Some(["SEVERITY", "RULE", "FINDS"]), rules.iter().map(row)));
    output.note(format!(
        "\n{}; {}",
        counted(rules.len(), "rule"),
        styled(FAINT, "flarekeep audit explain RULE says why each matters")
    ));
    Ok(Verdict::Yes)
}

pub(super) fn explain(output: Output, id: &str) -> CommandResult {
    let rule = known_rule(id)?;
    output.document(&document(rule));
    output.line(format!("{}   {}\n", styled(STRONG, rule.id), coloured(rule.severity)));
    output.line(format!("{}.\n", rule.title));
    for line in body(rule).lines() {
        match line.strip_prefix("## ") {
            Some(heading) => output.line(styled(STRONG, heading)),
            None => output.line(line),
        }
    }
    output.note(format!("\nflarekeep audit --rule {}", rule.id));
    Ok(Verdict::Yes)
}

/// The rule's page below its heading and the line with id and severity, which stand above it already.
fn body(rule: &Rule) -> &'static str {
    let page = rule.page();
    page.splitn(3, "\n\n").nth(2).unwrap_or(page).trim_end()
}

/// The word for a severity in its colour.
pub(super) fn coloured(severity: Severity) -> String {
    match severity {
        Severity::Critical | Severity::High => styled(BAD, severity),
        Severity::Medium => styled(CARE, severity),
        Severity::Low | Severity::Info => severity.to_string(),
    }
}

fn document(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "why": rule.why,
        "docs": rule.docs(),
        "page": rule.page(),
    })
}
