//! The findings of a rule, with their particulars and their mends.

use super::LONGEST_NAME;
use super::columns::lines;
use crate::finding::Finding;
use crate::mend::Mend;
use crate::report::order::{Group, Tokens};
use crate::report::words;

/// So many findings of a rule are shown; the other forms show all.
const OF_A_RULE: usize = 8;
/// So many particulars of a finding are shown.
const DETAILS: usize = 2;

/// The findings of one rule at one severity. Those that are mended alike stand together, before their mend.
pub(super) fn section(group: &Group<'_>, tokens: &Tokens<'_>) -> String {
    let parts = parts(group.findings.iter().copied().take(OF_A_RULE));
    let rows: Vec<_> = parts.iter().flatten().map(|finding| row(finding, tokens)).collect();
    let mut rows = lines(10, &rows).into_iter();
    let mut out = format!("{:<8}  {}  [{}]\n", group.severity.word(), group.rule.title, group.rule.id);
    for part in &parts {
        for finding in part {
            out.push_str(&rows.next().unwrap_or_default());
            out.push_str(&details(finding));
        }
        out.push_str(&mends(part));
    }
    let more = group.findings.len().saturating_sub(OF_A_RULE);
    if more > 0 {
        out.push_str(&format!("{:10}and {more} more: flarekeep audit -o json\n", ""));
    }
    out.push('\n');
    out
}

/// Findings by how they are mended, in words: commands name a token each.
fn parts<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<Vec<&'a Finding>> {
    let words = |finding: &Finding| finding.mends.iter().map(|mend| mend.words.clone()).collect::<Vec<_>>();
    let mut parts: Vec<(Vec<String>, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        let words = words(finding);
        match parts.iter_mut().find(|(known, _)| *known == words) {
            Some((_, part)) => part.push(finding),
            None => parts.push((words, vec![finding])),
        }
    }
    parts.into_iter().map(|(_, part)| part).collect()
}

fn row(finding: &Finding, tokens: &Tokens<'_>) -> Vec<String> {
    let name = finding.token.as_ref().map(|token| words::name(&token.name, LONGEST_NAME));
    let owner = finding.token.as_ref().map(|token| words::shown(&tokens.owner(token), LONGEST_NAME));
    let summary = words::shown(&finding.summary, 300);
    vec![finding.fingerprint.clone(), name.unwrap_or_default(), owner.unwrap_or_default(), summary]
}

/// The particulars. The token's id is one where no mend names it.
fn details(finding: &Finding) -> String {
    let mut out = String::new();
    let more = finding.details.len().saturating_sub(DETAILS);
    for (at, detail) in finding.details.iter().take(DETAILS).enumerate() {
        let more = if more > 0 && at + 1 == DETAILS { format!(" (and {more} more)") } else { String::new() };
        out.push_str(&format!("{:12}- {}{more}\n", "", words::shown(detail, 300)));
    }
    let id = finding.token.as_ref().map(|token| token.id.to_string());
    let is_named = |id: &String| {
        let texts =
            |mend: &Mend| mend.words.contains(id) || mend.command.as_ref().is_some_and(|text| text.contains(id));
        finding.mends.iter().any(texts)
    };
    if let Some(id) = id.filter(|id| !is_named(id)) {
        out.push_str(&format!("{:12}- token {id}\n", ""));
    }
    out
}

/// The mends of findings that are mended alike: the words once, the command for each.
fn mends(part: &[&Finding]) -> String {
    let Some(first) = part.first() else { return String::new() };
    let mend = |(at, mend): (usize, &Mend)| {
        let word = if at == 0 { "mend" } else { "or" };
        let mut commands: Vec<&str> = Vec::new();
        for command in part.iter().filter_map(|finding| finding.mends.get(at)?.command.as_deref()) {
            if !commands.contains(&command) {
                commands.push(command);
            }
        }
        let begin = format!("{:10}{word}: {}", "", words::shown(words::order(&mend.words), 300));
        match commands.as_slice() {
            [] => format!("{begin}\n"),
            [command] => format!("{begin}: {command}\n"),
            all => all.iter().fold(format!("{begin}:\n"), |out, command| format!("{out}{:14}{command}\n", "")),
        }
    };
    first.mends.iter().enumerate().map(mend).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Audit;
    use crate::report::fixture;
    use crate::report::order::groups;

    fn sections(audit: &Audit) -> Vec<String> {
        let tokens = Tokens::of(audit);
        groups(&audit.findings).iter().map(|group| section(group, &tokens)).collect()
    }

    #[test]
    fn each_finding_has_its_particulars_and_its_own_command() {
        let endless = &sections(&fixture::audit())[1];
        let lines: Vec<&str> = endless.lines().map(str::trim).collect();
        assert!(lines[1].starts_with("0000000000000002  shop-deploy-production"), "{endless}");
        assert_eq!(lines[2..4], ["- made for shop-deploy-production", "- last changed 400 days ago"]);
        assert!(lines[4].starts_with("0000000000000003"));
        let commands: Vec<&str> = lines.iter().copied().filter(|line| line.starts_with("flarekeep ")).collect();
        let command = |at: u32| format!("flarekeep token update {:032x} --expires 90d", 0x70 + at);
        assert_eq!(commands, [command(0), command(1)]);
        assert_eq!(
            lines.iter().rev().find(|line| !line.is_empty()).copied(),
            Some("or: ask the owner of shop-deploy-production")
        );
    }

    #[test]
    fn a_finding_that_is_mended_in_another_way_has_its_own_mend() {
        let mut audit = fixture::audit();
        audit.findings[2].mends = vec![Mend::words("grant it at zone example.com")];
        let endless = &sections(&audit)[1];
        let at = |text: &str| endless.find(text).unwrap_or_else(|| panic!("{text}: {endless}"));
        assert!(at("0000000000000002") < at("mend: give it an end: flarekeep"));
        assert!(at("or: ask the owner") < at("0000000000000003"));
        assert!(at("0000000000000003") < at(&format!("- token {:032x}", 0x71)), "no command names it");
        assert!(at("- token") < at("mend: grant it at zone example.com"));
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let mut audit = fixture::audit();
        audit.findings[0].details = (0..5).map(|at| format!("way {at}")).collect();
        let finding = audit.findings[1].clone();
        audit.findings.extend(vec![finding; 10]);
        let all = sections(&audit);
        assert!(all[0].contains("- way 1 (and 3 more)\n") && !all[0].contains("way 2"), "{}", all[0]);
        assert!(all[1].contains("and 4 more: "), "{}", all[1]);
    }
}
