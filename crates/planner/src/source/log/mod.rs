//! Logs: what tools write of the calls that they make, and what Cloudflare writes of those that it got.
//!
//! Which log it is, is told by what stands in it, and one file may hold several:
//!
//! | log | read in |
//! |---|---|
//! | wrangler at `WRANGLER_LOG=debug`, and its own files | wrangler 4.164.0, its npm package |
//! | Terraform at `TF_LOG=debug`, as text or JSON, provider versions 2 to 5 | terraform-provider-cloudflare, `internal/logging`; its pull requests 212, 2123 and 3440 |
//! | cloudflare-go's own debug lines | cf-terraforming, pull request 389 |
//! | `curl -v` and `curl --trace-ascii` | curl 7.88 |
//! | the Python SDK at `CLOUDFLARE_LOG=debug` or `info`, and whatever else uses httpx | cloudflare 5.9, httpx 0.28 |
//! | a local Cloudflare, `flarekeep emulate`; access logs of the usual form; `METHOD URL` in any sentence | |
//! | Cloudflare's audit log, version 2, as the API answers it or line by line | OpenAPI of 2026-07-27, `aaa_audit-logs-v2` |

mod exchange;
mod json;
mod text;

use std::io::{BufRead, Cursor, Read};

use flarekeep_catalogue::TokenId;

use super::calls::{Calls, Failed};
use super::json::Json;
use super::lines::Lines;
use super::{Reading, SourceError};
use exchange::Exchange;
use text::Text;

/// How much is looked at to tell a document from lines.
const BEGINNING: u64 = 1 << 16;

/// Reads a log. Of an audit log, only what the token `token` did counts, if one is given.
pub fn read(
    source: &str,
    mut log: impl BufRead,
    failed: Failed,
    token: Option<TokenId>,
) -> Result<Reading, SourceError> {
    let mut beginning = Vec::new();
    log.by_ref().take(BEGINNING).read_to_end(&mut beginning).map_err(|error| SourceError {
        source: source.to_owned(),
        line: Some(1),
        column: None,
        reason: format!("reading stopped: {}", error.kind()),
    })?;
    let is_document = is_document(&beginning);
    let log = Cursor::new(beginning).chain(log);
    let mut exchange = Exchange::new(Calls::new(source, failed), token);
    match is_document {
        true => documents(source, log, &mut exchange)?,
        false => lines(source, log, &mut exchange)?,
    }
    let calls = exchange.finish();
    if calls.is_empty() {
        let reason = "nothing in it is a call that is known: neither of wrangler or Terraform at debug, of curl -v or \
                      --trace-ascii, of an SDK, of a local Cloudflare, nor of Cloudflare's audit log";
        return Err(SourceError { source: source.to_owned(), line: None, column: None, reason: reason.to_owned() });
    }
    Ok(calls.finish())
}

/// Whether the text is JSON that runs over several lines, or is too long for one.
fn is_document(beginning: &[u8]) -> bool {
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    if !text.starts_with(b"{") && !text.starts_with(b"[") {
        return false;
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut json = match Json::new("", line) {
        Ok(json) => json,
        Err(_) => return false,
    };
    let whole = json.skip().is_ok() && matches!(json.next(), Ok(None));
    // A line such as `[INFO] …` begins like a list and is none: what follows a list's bracket is known.
    !whole && looks_like_json(line)
}

fn looks_like_json(line: &[u8]) -> bool {
    let behind = line.get(1..).unwrap_or_default().trim_ascii_start().first();
    match line.first() {
        Some(b'{') => matches!(behind, None | Some(b'"' | b'}')),
        _ => matches!(behind, None | Some(b'{' | b']')),
    }
}

fn documents(source: &str, log: impl Read, exchange: &mut Exchange<'_>) -> Result<(), SourceError> {
    let mut json = Json::new(source, log)?;
    while json.next()?.is_some() {
        json::value(&mut json, exchange, None)?;
    }
    Ok(())
}

fn lines(source: &str, log: impl BufRead, exchange: &mut Exchange<'_>) -> Result<(), SourceError> {
    let mut lines = Lines::new(source, log);
    let mut text = Text::default();
    while let Some(line) = lines.next()? {
        let begins = line.text.trim_ascii_start().first();
        if begins == Some(&b'{') && !line.is_cut && json::line(line.text, line.number, exchange) {
            continue;
        }
        text.line(&String::from_utf8_lossy(line.text), line.number, exchange);
    }
    text.end(exchange);
    Ok(())
}

#[cfg(test)]
mod tests;
