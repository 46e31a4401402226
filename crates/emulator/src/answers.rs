//! What operations without a handler answer: the smallest answer that the published schema accepts.
//!
//! The answers are rows of `catalogue/answers.tsv`, which `cargo xtask catalogue` makes and validates. The table is text
//! that is sorted by path and method, and it is searched as it stands: nothing is read of it until an answer is asked
//! for, and then a dozen of its lines.

use std::cmp::Ordering;

use axum::body::Bytes;
use flarekeep_catalogue::Operation;
use serde_json::{Value, json};

use crate::http::{Answer, Call};

static TABLE: &str = include_str!("../../../catalogue/answers.tsv");

/// The published answer of success of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) status: u16,
    /// Empty where there is no body.
    pub(crate) content_type: &'static str,
    /// Whether the schema says too little of the answer, so that its body is the envelope that answers have.
    pub(crate) presumed: bool,
    /// Members that take an id of the call, with the forms that they take: `id:hu account_id:h`.
    echo: &'static str,
    pub(crate) body: &'static str,
}

/// The answer of an operation; none where the schema has none, or where nothing was found that it accepts.
pub(crate) fn published(operation: &Operation) -> Option<Published> {
    let mut cells = line(TABLE, (operation.path(), operation.method.as_str()))?.split('\t').skip(2);
    let mut cell = || cells.next().unwrap_or_default();
    let (status, content_type, known, echo, body) = (cell(), cell(), cell(), cell(), cell());
    let presumed = match known {
        "schema" => false,
        "presumed" => true,
        _ => return None,
    };
    Some(Published { status: status.parse().ok()?, content_type, presumed, echo, body })
}

/// The answer of a call. It changes nothing; the ids of the call stand in it where the schema lets them.
pub(crate) fn of_call(call: &Call) -> Option<Answer> {
    let published = published(call.operation)?;
    let body = published.told(call).map_or(Bytes::from_static(published.body.as_bytes()), Bytes::from);
    let answer = Answer::raw(body, published.content_type).with_status(published.status);
    let answer = answer.header("x-flarekeep-simulated", "schema");
    Some(if published.presumed { answer.header("x-flarekeep-shape", "presumed") } else { answer })
}

impl Published {
    /// The body with the ids of the call; none where it takes none of them.
    fn told(&self, call: &Call) -> Option<String> {
        if self.echo.is_empty() {
            return None;
        }
        let ids = [
            ("id", last_parameter(call)),
            ("account_id", call.account.map(|id| id.to_string())),
            ("zone_id", call.zone.map(|id| id.to_string())),
        ];
        let mut body: Value = serde_json::from_str(self.body).ok()?;
        for (member, id) in ids {
            if let (Some(id), Some(place)) = (id, body.pointer_mut(&format!("/result/{member}")))
                && self.takes(member, &id)
            {
                *place = json!(id);
            }
        }
        Some(body.to_string())
    }

    /// Whether the schema accepts an id in this member.
    fn takes(&self, member: &str, id: &str) -> bool {
        let entry = |entry: &&str| entry.split_once(':').is_some_and(|(name, _)| name == member);
        let forms =
            self.echo.split(' ').find(entry).and_then(|entry| entry.split_once(':')).map_or("", |(_, forms)| forms);
        form(id).is_some_and(|form| forms.contains(form))
    }
}

/// The parameter at the end of the path, where it is of the operation and not the account or zone.
fn last_parameter(call: &Call) -> Option<String> {
    let name = call.operation.path().rsplit('/').next()?.strip_prefix('{')?.strip_suffix('}')?;
    (!matches!(name, "account_id" | "zone_id")).then(|| call.parameter(name).to_owned())
}

/// The letter of an id's form, as the table has it.
fn form(id: &str) -> Option<char> {
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    match lengths.as_slice() {
        [32] if is_hex(id) => Some('h'),
        [8, 4, 4, 4, 12] if id.split('-').all(is_hex) => Some('u'),
        _ => (1..=64).contains(&id.len()).then_some('t').filter(|_| id.bytes().all(|byte| byte.is_ascii_graphic())),
    }
}

/// The line of a table of this path and method, found by halving.
fn line<'a>(table: &'a str, key: (&str, &str)) -> Option<&'a str> {
    // The first line is the header.
    let (_, mut rest) = table.split_once('\n')?;
    while !rest.is_empty() {
        // A place between the lines near the middle: a line's start, with all lines before it whole.
        let middle =
            rest.as_bytes().iter().take(rest.len() / 2).rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (before, after) = rest.split_at_checked(middle)?;
        let (here, behind) = after.split_once('\n').unwrap_or((after, ""));
        let mut cells = here.split('\t');
        let found = (cells.next()?, cells.next()?);
        match key.cmp(&found) {
            Ordering::Equal => return Some(here),
            Ordering::Less => rest = before,
            Ordering::Greater => rest = behind,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::{operation, operations};

    use super::*;

    #[test]
    fn every_row_is_found_and_nothing_else() {
        let rows: Vec<&str> = TABLE.lines().skip(1).collect();
        assert!(rows.len() > 3_000);
        let mut seen = 0;
        for operation in operations() {
            let row = rows.iter().find(|row| row.starts_with(&format!("{}\t{}\t", operation.path(), operation.method)));
            assert_eq!(line(TABLE, (operation.path(), operation.method.as_str())), row.copied(), "{operation}");
            seen += usize::from(row.is_some());
        }
        assert_eq!(seen, rows.len(), "a row is of no operation");
        assert_eq!(line(TABLE, ("", "GET")), None);
        assert_eq!(line(TABLE, ("~", "GET")), None);
        assert_eq!(line("path\n", ("a", "GET")), None);
    }

    #[test]
    fn every_answer_is_one_that_can_be_sent() {
        for row in TABLE.lines().skip(1) {
            let cells: Vec<&str> = row.split('\t').collect();
            assert_eq!(cells.len(), 7, "{row}");
            let operation = operation(&format!("{} {}", cells[1], cells[0])).unwrap();
            let Some(answer) = published(operation) else {
                assert!(cells[4] == "none" && !cells[6].is_empty(), "{row}");
                continue;
            };
            assert!((200..300).contains(&answer.status), "{row}");
            if answer.content_type == "application/json" {
                assert!(serde_json::from_str::<Value>(answer.body).is_ok(), "{row}");
            }
        }
    }

    #[test]
    fn ids_have_forms() {
        assert_eq!(form("0123456789abcdef0123456789abcdef"), Some('h'));
        assert_eq!(form("01234567-89ab-4cde-8f01-23456789abcd"), Some('u'));
        assert_eq!(form("my-name_1"), Some('t'));
        assert_eq!(form("two words"), None);
        assert_eq!(form(""), None);
    }
}
