//! Markdown as GitHub reads it, for a pull request: short enough for a comment, the worst first.

mod escape;

use self::escape::{code, text};
use super::order::{Group, Tokens, groups};
use super::words::{self, tally};
use crate::accepted::{Accepted, Ignored};
use crate::audit::{Audit, Audited};
use crate::finding::Finding;
use crate::reach::ProductReach;
use crate::text::counted;
use crate::world::Unread;

/// A comment of GitHub's holds 65,536 characters; what stands beside this report must fit, too. So many are for findings,
const ROOM: usize = 40_000;
/// and so many for each of the lists after them.
const ROOM_OF_A_LIST: usize = 5_000;
/// So many of the findings of one rule are shown.
const OF_A_RULE: usize = 10;

/// An audit as Markdown.
#[must_use]
pub fn markdown(audit: &Audit) -> String {
    let tokens = Tokens::of(audit);
    let mut out = head(audit);
    let mut passed_over = 0;
    for group in groups(&audit.findings) {
        let section = section(&group, &tokens);
        if out.len().saturating_add(section.len()) > ROOM {
            passed_over += group.findings.len();
            continue;
        }
        out.push_str(&section);
    }
    if passed_over > 0 {
        let more = counted(passed_over, "more finding");
        out.push_str(&format!("\n{more} did not fit here; `flarekeep audit -o html` shows all.\n"));
    }
    out.push_str(&widest(audit));
    out.push_str(&left_out(audit, &tokens));
    out.push_str(&unread(audit));
    out
}

fn head(audit: &Audit) -> String {
    let tokens = counted(audit.tokens.len(), "token");
    let findings = counted(audit.findings.len(), "finding");
    let mut out = format!("## Cloudflare API tokens: {findings} in {tokens}\n\n");
    if !audit.findings.is_empty() {
        out.push_str(&format!("**{}**. ", tally(|severity| audit.counts.of(severity))));
    }
    out.push_str(&format!("As of {}.\n", words::minute(audit.now)));
    out
}

/// The findings of one rule as a table.
fn section(group: &Group<'_>, tokens: &Tokens<'_>) -> String {
    let Group { rule, severity, findings } = group;
    let count = findings.len();
    let mut out = format!("\n### {severity}: {} ({count})\n\n{}\n\n", text(rule.title), text(rule.why));
    out.push_str("| Token | What is wrong | Mend | Finding |\n|---|---|---|---|\n");
    for finding in findings.iter().take(OF_A_RULE) {
        out.push_str(&row(finding, tokens));
    }
    if count > OF_A_RULE {
        let more = format!("and {} more", count.saturating_sub(OF_A_RULE));
        out.push_str(&format!("| {more} | | | |\n"));
    }
    out
}

fn row(finding: &Finding, tokens: &Tokens<'_>) -> String {
    let token = match &finding.token {
        Some(token) => format!("{}<br>{}", code(&words::name(&token.name, 60)), text(&tokens.owner(token))),
        None => String::new(),
    };
    let mend = finding.mends.first().map(|mend| match &mend.command {
        Some(command) => format!("{}<br>{}", text(&mend.words), code(command)),
        None => text(&mend.words),
    });
    let (summary, mend) = (text(&words::shown(&finding.summary, 300)), mend.unwrap_or_default());
    format!("| {token} | {summary} | {mend} | {} |\n", code(&finding.fingerprint))
}

/// The tokens with the widest reach.
fn widest(audit: &Audit) -> String {
    if audit.tokens.is_empty() {
        return String::new();
    }
    let rows = audit.tokens.iter().take(OF_A_RULE).map(wide_row);
    let head = "| Token | Owner | Score | Reach | Ends |\n|---|---|---:|---|---|\n";
    format!("\n<details><summary>The tokens that reach most</summary>\n\n{head}{}\n</details>\n", fitting(rows))
}

fn wide_row(token: &Audited) -> String {
    let product = |one: &ProductReach| format!("{} ({})", text(one.product), one.level.word());
    let products: Vec<String> = token.reach.products.iter().take(6).map(product).collect();
    let more = token.reach.products.len().saturating_sub(products.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "| {} | {} | {} | {}{more} | {} |\n",
        code(&words::name(&token.token.name, 60)),
        text(&words::shown(&token.owner, 60)),
        words::score(&token.reach),
        products.join(", "),
        token.expires_on.map_or_else(|| "never".to_owned(), words::day),
    )
}

/// What was accepted or ignored, each with its reason.
fn left_out(audit: &Audit, tokens: &Tokens<'_>) -> String {
    let (accepted_ones, ignored_ones) = (&audit.accepted, &audit.ignored);
    if accepted_ones.is_empty() && ignored_ones.is_empty() {
        return String::new();
    }
    let rows = accepted_ones.iter().map(|one| accepted(one, tokens));
    let rows = fitting(rows.chain(ignored_ones.iter().map(|one| ignored(one, tokens))));
    let summary = format!("{} accepted, {} ignored", accepted_ones.len(), ignored_ones.len());
    let head = "| Finding | Token | Rule | Why it stands |\n|---|---|---|---|\n";
    format!("\n<details><summary>{summary}</summary>\n\n{head}{rows}\n</details>\n")
}

/// As many lines as there is room for.
fn fitting(lines: impl Iterator<Item = String>) -> String {
    let mut out = String::new();
    for line in lines {
        if out.len().saturating_add(line.len()) > ROOM_OF_A_LIST {
            break;
        }
        out.push_str(&line);
    }
    out
}

fn accepted(accepted: &Accepted, tokens: &Tokens<'_>) -> String {
    let because = words::shown(&accepted.acceptance.because, 200);
    let reason = format!("accepted until {}: {}", accepted.acceptance.until, text(&because));
    left_out_row(&accepted.finding, tokens, &reason)
}

fn ignored(ignored: &Ignored, tokens: &Tokens<'_>) -> String {
    let reason = format!("ignored: {}", text(&words::shown(&ignored.because, 200)));
    left_out_row(&ignored.finding, tokens, &reason)
}

fn left_out_row(finding: &Finding, tokens: &Tokens<'_>, reason: &str) -> String {
    let token = finding.token.as_ref();
    let token = token.map(|token| format!("{} {}", code(&words::name(&token.name, 60)), text(&tokens.owner(token))));
    let token = token.unwrap_or_default();
    format!("| {} | {token} | {} | {reason} |\n", code(&finding.fingerprint), finding.rule.id)
}

fn unread(audit: &Audit) -> String {
    if audit.unread.is_empty() {
        return String::new();
    }
    let line = |one: &Unread| {
        let (what, why) = (words::shown(&one.what, 200), words::shown(&one.why, 200));
        format!("- {}: {}\n", text(&what), text(&why))
    };
    let count = audit.unread.len();
    format!("\n**Not everything could be read ({count}):**\n\n{}", fitting(audit.unread.iter().map(line)))
}

#[cfg(test)]
mod tests;
