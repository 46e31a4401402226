//! The guide to the dashboard's form, for this token.

use flarekeep_catalogue::DashboardRow;

use super::commands::{check, create, verify};
use super::dashboard::{self, MARK, Row};
use super::quote::one_line;
use super::{Form, Rendered, TokenDraft};

pub(super) fn render(draft: &TokenDraft) -> Rendered {
    Rendered { form: Form::Steps, text: guide(draft), by_hand: Vec::new() }
}

/// The guide as text.
pub(super) fn guide(draft: &TokenDraft) -> String {
    let rows = dashboard::rows(draft);
    let steps = if rows.is_empty() { Vec::new() } else { steps(draft, &rows) };
    let steps = steps.iter().enumerate().map(|(at, step)| format!("{:>2}. {}", at + 1, indented(step, 4)));
    let mut parts = vec![steps.collect::<Vec<_>>().join("\n")];
    let beyond = dashboard::beyond(draft, "-o curl");
    if !beyond.is_empty() {
        let what = match rows.is_empty() {
            true => "The dashboard's form for tokens has no row for what this one grants:",
            false => "The form cannot say all of this token:",
        };
        let beyond = beyond.iter().map(|line| format!("  - {}", one_line(line)));
        parts.push(format!("{what}\n{}", beyond.collect::<Vec<_>>().join("\n")));
    }
    parts.push(format!("Without the dashboard, and with nothing to copy:\n\n  {}", create(draft, "env:.env")));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn steps(draft: &TokenDraft, rows: &[Row]) -> Vec<String> {
    let (address, path) = dashboard::page(draft.owner);
    let mut steps = vec![
        format!("Open {address}\n({path}) and choose Create Token."),
        "Beside Create Custom Token choose Get started.".to_owned(),
        name(draft),
        permissions(rows),
    ];
    steps.extend(dashboard::resources(draft).into_iter().map(|(_, line)| line));
    let filter = "Client IP Address Filtering: none is planned; where the callers' addresses are known, name them";
    steps.push(dashboard::filter(draft).unwrap_or_else(|| filter.to_owned()));
    let ttl = "TTL: none is planned, and the token never ends; an end date makes a leak end, too";
    steps.push(dashboard::ttl(draft).unwrap_or_else(|| ttl.to_owned()));
    steps.push("Continue to summary. Compare it with this page, then Create Token.".to_owned());
    steps.push(
        "The value is shown once. Put it into a password vault or the secrets of your CI before you leave the\npage; \
         whoever loses it makes a new token."
            .to_owned(),
    );
    steps.push(format!(
        "See that it is alive, and that it does what it is for:\n\n  {}\n\n  {}",
        indented(&verify(draft.owner), 2),
        check(draft)
    ));
    steps
}

fn name(draft: &TokenDraft) -> String {
    let name = one_line(&draft.name_or_pattern());
    match draft.name {
        Some(_) => format!("Token name: {name}"),
        None => format!("Token name: {name}, so that the list of tokens says what each is for."),
    }
}

/// The rows as a table.
fn permissions(rows: &[Row]) -> String {
    let cells = |row: &Row| {
        let DashboardRow { scope, resource, level, on_the_page } = row.spelt;
        let level = if level.is_empty() { "(no level)" } else { level };
        let mark = if on_the_page { "" } else { " *" };
        [scope.to_owned(), resource.to_owned(), format!("{level}{mark}")]
    };
    let header = ["Scope", "Resource", "Level"].map(str::to_owned);
    let table: Vec<[String; 3]> = std::iter::once(header).chain(rows.iter().map(cells)).collect();
    let widest = |pick: fn(&[String; 3]) -> &String| table.iter().map(|row| pick(row).chars().count()).max();
    let (first, second) = (widest(|[scope, ..]| scope), widest(|[_, resource, _]| resource));
    let (first, second) = (first.unwrap_or_default(), second.unwrap_or_default());
    let lines = table.iter().map(|[scope, resource, level]| format!("  {scope:<first$}  {resource:<second$}  {level}"));
    let mut text = format!("Permissions, one row each:\n\n{}", lines.collect::<Vec<_>>().join("\n"));
    if rows.iter().any(|row| !row.spelt.on_the_page) {
        text.push_str(&format!("\n\n  {MARK}"));
    }
    format!("{text}\n")
}

/// The text with all but its first line behind `margin` spaces.
fn indented(text: &str, margin: usize) -> String {
    let margin = " ".repeat(margin);
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| match line {
        "" => text + "\n",
        line => format!("{text}\n{margin}{line}"),
    })
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::Scope;
    use flarekeep_policy::{Effect, Resource};
    use proptest::prelude::*;

    use super::*;
    use crate::form::samples::drafts;

    proptest! {
        #[test]
        fn every_row_and_every_place_is_in_the_guide(draft in drafts()) {
            let text = guide(&draft);
            for row in dashboard::rows(&draft) {
                let found = text.lines().any(|line| {
                    let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
                    matches!(cells.as_slice(), [scope, resource, _] if *scope == row.spelt.scope && *resource == row.spelt.resource)
                });
                prop_assert!(found, "{row:?}\n{text}");
            }
            let allowed = draft.policies.iter().filter(|policy| policy.effect == Effect::Allow);
            let zoned = allowed.filter(|policy| policy.known_groups().any(|group| group.scope == Scope::Zone));
            for resource in zoned.flat_map(|policy| &policy.resources) {
                if let Resource::Zone(zone) = resource {
                    prop_assert!(text.contains(&zone.to_string()));
                }
            }
            for range in &draft.allow_ips {
                prop_assert!(text.contains(&range.to_string()));
            }
            for line in dashboard::beyond(&draft, "-o curl") {
                prop_assert!(text.contains(&line));
            }
        }
    }
}
