//! A file of Terraform's, told from what people give instead, and read without keeping what says nothing.

use std::io::{BufReader, Cursor, Read};

use serde::Deserialize;
use serde_json::error::Category;

use super::document::Document;
use crate::source::SourceError;

/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;

/// Reads the document, whichever it is.
pub(super) fn document(name: &str, mut input: impl Read) -> Result<Document, SourceError> {
    let error = |reason: &str| whole(name, reason);
    let mut start = Vec::with_capacity(4);
    input.by_ref().take(4).read_to_end(&mut start).map_err(|_| error("it cannot be read to its end"))?;
    match start.as_slice() {
        [b'P', b'K', 3, 4] => {
            return Err(error("it is a plan as Terraform stores it: give what `terraform show -json` makes of it"));
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Err(error("it is in UTF-16, as some shells write what they redirect: write it in UTF-8"));
        }
        [0xef, 0xbb, 0xbf, ..] => drop(start.drain(..3)),
        _ => {}
    }
    let input = BufReader::with_capacity(BUFFER, Cursor::new(start).chain(input));
    let mut reader = serde_json::Deserializer::from_reader(input);
    let read = Document::deserialize(&mut reader).map_err(|fault| located(name, &fault))?;
    if read.level.0.is_some() {
        return Err(error(
            "it is the log of `terraform plan -json`: give what `terraform show -json` makes of a plan that was saved with `-out`",
        ));
    }
    reader.end().map_err(|fault| located(name, &fault))?;
    Ok(read)
}

/// An error in no one line.
pub(super) fn whole(name: &str, reason: &str) -> SourceError {
    SourceError { source: name.to_owned(), line: None, column: None, reason: reason.to_owned() }
}

/// The place of a fault. Of the parser's words only those of its grammar are kept: the others quote values.
fn located(name: &str, fault: &serde_json::Error) -> SourceError {
    let words = fault.to_string();
    let reason = match fault.classify() {
        Category::Syntax => words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words),
        Category::Eof => "it ends in the middle of a value",
        Category::Data => "it has not the shape of what `terraform show -json` writes",
        Category::Io => "it cannot be read to its end",
    };
    // At the beginning of a line the parser counts no column yet; without a line the fault is in no one place.
    let line = Some(fault.line()).filter(|line| *line > 0);
    SourceError {
        source: name.to_owned(),
        line,
        column: line.map(|_| fault.column().max(1)),
        reason: reason.to_owned(),
    }
}
