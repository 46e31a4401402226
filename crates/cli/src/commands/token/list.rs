//! `flarekeep token list`: all tokens, those that need care first.

use flarekeep_cloudflare::Token;
use flarekeep_tokens::care::{self, Reason, Thresholds, reasons};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::care::{Owned, listed, remedy, remedy_for};
use crate::arguments::{TokenList, Whose};
use crate::context::Context;
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, GOOD, Output, counted, plain, styled};
use crate::{CommandResult, Verdict};

/// So many commands are named below the list.
const REMEDIES: usize = 3;

/// A token with the reasons to look at it.
struct Row<'a> {
    owned: &'a Owned,
    reasons: Vec<Reason>,
}

pub(crate) fn run(context: &Context, arguments: &TokenList) -> CommandResult {
    let all = listed(context, arguments.owner)?;
    let now = Timestamp::now();
    let thresholds = thresholds(arguments);
    let rows = all.iter().map(|owned| Row { owned, reasons: reasons(&owned.token, &thresholds, now) });
    let mut rows: Vec<Row> = rows.filter(|row| is_meant(arguments, row, now)).collect();
    rows.sort_by(|a, b| order(a).cmp(&order(b)));
    context.output.document(&rows.iter().map(Row::document).collect::<Vec<_>>());
    if rows.is_empty() {
        let none = match all.len() {
            0 => "no tokens".to_owned(),
            others => format!("none of {}", counted(others, "token")),
        };
        context.output.line(none);
        return Ok(Verdict::Yes);
    }
    show(context.output, &rows, arguments.owner == Whose::All);
    let needy = rows.iter().filter(|row| !row.reasons.is_empty()).count();
    let care = match needy {
        0 => styled(GOOD, "none needs care"),
        1 => styled(CARE, "1 needs care"),
        _ => styled(CARE, format!("{needy} need care")),
    };
    context.output.line(format!("\n{}, {care}", counted(rows.len(), "token")));
    hint(context.output, &rows, &all);
    Ok(Verdict::Yes)
}

/// What was asked for is said of a token, too, whatever is usual.
fn thresholds(arguments: &TokenList) -> Thresholds {
    let usual = Thresholds::default();
    let mut expiring = usual.expiring;
    expiring.extend(arguments.expiring.map(|days| days.0));
    Thresholds {
        expiring,
        unused: arguments.unused.map_or(usual.unused, |days| days.0),
        old: arguments.older_than.map_or(usual.old, |days| days.0),
    }
}

/// Whether the filters leave the token in.
fn is_meant(arguments: &TokenList, row: &Row, now: Timestamp) -> bool {
    let token = &row.owned.token;
    arguments.older_than.is_none_or(|days| care::is_older(token, days.0, now))
        && arguments.unused.is_none_or(|days| care::is_unused(token, days.0, now))
        && arguments.expiring.is_none_or(|days| care::ending(token, &[days.0], now).is_some_and(|(left, _)| left >= 0))
        && (!arguments.needs_care || !row.reasons.is_empty())
}

/// The most pressing first, and those that need nothing last.
fn order<'a>(row: &Row<'a>) -> (u32, &'a str, flarekeep_catalogue::TokenId) {
    let rank = row.reasons.first().map_or(u32::MAX, Reason::rank);
    (rank, &row.owned.token.name, row.owned.token.id)
}

fn show(output: Output, rows: &[Row], with_owner: bool) {
    if with_owner {
        let header = ["NAME", "OWNER", "STATUS", "MADE", "EXPIRES", "LAST USED", "CARE", "ID"];
        output.line(table(
            0,
            Some(header),
            rows.iter().map(|row| {
                let [name, status, made, expires, used, care, id] = row.cells(output);
                [name, row.owned.owner_word().to_owned(), status, made, expires, used, care, id]
            }),
        ));
    } else {
        let header = ["NAME", "STATUS", "MADE", "EXPIRES", "LAST USED", "CARE", "ID"];
        output.line(table(0, Some(header), rows.iter().map(|row| row.cells(output))));
    }
}

/// Names the commands that answer the most pressing reasons, each kind of command once.
fn hint(output: Output, rows: &[Row], all: &[Owned]) {
    let mut said: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    for row in rows {
        for reason in &row.reasons {
            let what = remedy_for(reason);
            if said.len() < REMEDIES && !said.contains(&what) {
                said.push(what);
                lines.push([remedy(reason, &row.owned.named(all)), styled(FAINT, what)]);
            }
        }
    }
    if !lines.is_empty() {
        output.note(format!("\n{}", table(2, None, lines)));
    }
}

impl Row<'_> {
    fn cells(&self, output: Output) -> [String; 7] {
        let token = &self.owned.token;
        let day = |time: Option<Timestamp>| time.map(|time| time.strftime("%Y-%m-%d").to_string());
        let never = || styled(CARE, "never");
        [
            plain(&token.name),
            plain(&token.status.to_string()),
            day(token.issued_on).unwrap_or_default(),
            day(token.expires_on).unwrap_or_else(never),
            day(token.last_used_on).unwrap_or_else(never),
            self.care(output),
            styled(FAINT, token.id),
        ]
    }

    /// The most pressing reason, and how many more there are; with `--verbose` all of them.
    fn care(&self, output: Output) -> String {
        let Some(first) = self.reasons.first() else { return String::new() };
        let style = if first.rank() < Reason::Pending.rank() { BAD } else { CARE };
        let words = |reason: &Reason| plain(&reason.to_string());
        if output.verbose {
            return styled(style, self.reasons.iter().map(words).collect::<Vec<_>>().join("; "));
        }
        let more = self.reasons.len() - 1;
        let more = if more > 0 { styled(FAINT, format!(" (+{more})")) } else { String::new() };
        format!("{}{more}", styled(style, words(first)))
    }

    fn document(&self) -> Value {
        let mut document = document(&self.owned.token);
        document["owner"] = json!(self.owned.owner_word());
        document["care"] = self.reasons.iter().map(Reason::document).collect();
        document
    }
}

/// What every list of tokens says of one.
pub(super) fn document(token: &Token) -> Value {
    json!({
        "id": token.id.to_string(),
        "name": token.name,
        "status": token.status.to_string(),
        "issued_on": token.issued_on.map(|time| time.to_string()),
        "modified_on": token.modified_on.map(|time| time.to_string()),
        "last_used_on": token.last_used_on.map(|time| time.to_string()),
        "expires_on": token.expires_on.map(|time| time.to_string()),
    })
}
