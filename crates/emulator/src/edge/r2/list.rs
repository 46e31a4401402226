//! Listing objects.

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flarekeep_policy::BucketKey;
use serde_json::{Value, json};

use super::message::{Message, told};
use super::{Failure, Outcome};
use crate::objects::{After, Entry, Query, list as listing};
use crate::state::State;

/// R2's limit of one page.
const MOST: u64 = 1_000;

/// workerd takes no message beyond 1 MiB, so that a page of much metadata is shorter.
const LONGEST: usize = 900 << 10;

pub(super) fn list(state: &State, bucket: &BucketKey, message: &Message) -> Outcome {
    // What Cap'n Proto writes where a Worker names no limit.
    let limit = message.number("limit").filter(|limit| *limit != u64::from(u32::MAX)).unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(Failure::new(400, 10022, "MaxKeys params must be positive integer <= 1000."));
    }
    let cursor = message.text("cursor").filter(|cursor| !cursor.is_empty());
    let cursor = cursor.map(|cursor| read(cursor).ok_or_else(bad_cursor)).transpose()?;
    let start = message.text("startAfter").filter(|start| !start.is_empty()).map(After::Key);
    let after = match &cursor {
        Some((true, prefix)) => Some(After::Prefix(prefix)),
        Some((false, key)) => Some(After::Key(key)),
        None => start,
    };
    let include = |field: u64| message.list("include").iter().any(|value| value.as_u64() == Some(field));
    let fields = (include(0), include(1));
    let query = Query {
        prefix: message.text("prefix").unwrap_or_default(),
        delimiter: message.text("delimiter").unwrap_or_default(),
        after,
        most: usize::try_from(limit).unwrap_or_default(),
    };
    let Some(contents) = state.objects.contents(bucket) else {
        return Ok((json!({"objects": [], "truncated": false, "delimitedPrefixes": []}), Bytes::new()));
    };
    let page = listing(&contents.objects, query);
    let (mut objects, mut prefixes, mut last, mut length) = (Vec::new(), Vec::new(), None, 0);
    let mut truncated = page.more;
    for entry in &page.entries {
        let shown: Value = match entry {
            Entry::Object(key, object) => told(key, object, fields),
            Entry::Prefix(prefix) => (*prefix).into(),
        };
        length += shown.to_string().len() + 1;
        if length > LONGEST && last.is_some() {
            truncated = true;
            break;
        }
        match entry {
            Entry::Object(..) => objects.push(shown),
            Entry::Prefix(_) => prefixes.push(shown),
        }
        last = Some(entry.after());
    }
    let mut page = json!({"objects": objects, "truncated": truncated, "delimitedPrefixes": prefixes});
    if let (Some(page), Some(last), true) = (page.as_object_mut(), last, truncated) {
        page.insert("cursor".to_owned(), write(last).into());
    }
    Ok((page, Bytes::new()))
}

fn write(after: After) -> String {
    URL_SAFE_NO_PAD.encode(match after {
        After::Key(key) => format!("k{key}"),
        After::Prefix(prefix) => format!("p{prefix}"),
    })
}

/// Whether a cursor stands behind a common prefix, and the name that it stands behind.
fn read(cursor: &str) -> Option<(bool, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (kind, name) = text.split_at_checked(1)?;
    matches!(kind, "k" | "p").then(|| (kind == "p", name.to_owned()))
}

fn bad_cursor() -> Failure {
    Failure::new(400, 10029, "The cursor is not one of this bucket's.")
}
