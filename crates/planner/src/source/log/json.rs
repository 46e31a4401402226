//! JSON in logs: entries of Cloudflare's audit log, Terraform's log at `TF_LOG=json`, and lines that hold a method, a URL
//! and a status.

use std::io::Read;

use flarekeep_catalogue::{AccountId, TokenId, ZoneId, is_plain};

use super::exchange::Exchange;
use super::text;
use crate::source::calls::{At, Call, LeftOut};
use crate::source::json::{Json, Scanned};

/// The longest text that is looked at, in bytes as written.
const LONGEST: usize = 1 << 20;

/// Reads a line that should be an object; otherwise nothing is taken from it.
pub(super) fn line(text: &[u8], number: usize, exchange: &mut Exchange<'_>) -> bool {
    let whole = |json: &mut Json<'_, &[u8]>| json.skip().is_ok() && matches!(json.next(), Ok(None));
    Json::new("", text).is_ok_and(|mut json| whole(&mut json))
        && Json::new("", text).is_ok_and(|mut json| value(&mut json, exchange, Some(number)).is_ok())
}

/// Reads a document: an entry, a list of them, or an answer of the API that holds one. `number` is the line, where all is
/// in one.
pub(super) fn value<R: Read>(
    json: &mut Json<'_, R>,
    exchange: &mut Exchange<'_>,
    number: Option<usize>,
) -> Scanned<()> {
    match json.next()? {
        Some(b'[') => json.elements(|json| entry(json, exchange, number)),
        Some(b'{') => entry(json, exchange, number),
        _ => json.skip(),
    }
}

/// What is kept of an entry.
#[derive(Default)]
struct Entry {
    line: usize,
    method: Option<String>,
    target: Option<String>,
    status: Option<u16>,
    /// What a log line says, and Terraform's id of the exchange.
    message: Option<String>,
    exchange: Option<String>,
    /// Of an audit log: whose token it was, what was done to what.
    token: Option<String>,
    action: Option<String>,
    product: Option<String>,
    account: Option<AccountId>,
    zone: Option<ZoneId>,
    zone_name: Option<String>,
    failed: bool,
    is_audit: bool,
}

fn entry<R: Read>(json: &mut Json<'_, R>, exchange: &mut Exchange<'_>, number: Option<usize>) -> Scanned<()> {
    if json.next()? != Some(b'{') {
        return json.skip();
    }
    let mut entry = Entry { line: number.unwrap_or_else(|| json.line()), ..Entry::default() };
    json.members(|json, key| match key {
        "result" if json.next()? == Some(b'[') => json.elements(|json| inner(json, exchange, number)),
        _ => member(json, "", key, &mut entry),
    })?;
    entry.take(exchange);
    Ok(())
}

/// An entry within an answer, which holds no answer again.
fn inner<R: Read>(json: &mut Json<'_, R>, exchange: &mut Exchange<'_>, number: Option<usize>) -> Scanned<()> {
    if json.next()? != Some(b'{') {
        return json.skip();
    }
    let mut entry = Entry { line: number.unwrap_or_else(|| json.line()), ..Entry::default() };
    json.members(|json, key| member(json, "", key, &mut entry))?;
    entry.take(exchange);
    Ok(())
}

/// Reads a member. The names of Logpush's fields are those of its documentation (audit_logs_v2), which does not say what
/// `Raw` and `ActorTokenDetails` hold: the names of the API are looked for in them.
fn member<R: Read>(json: &mut Json<'_, R>, within: &str, key: &str, entry: &mut Entry) -> Scanned<()> {
    let parts = ["action", "actor", "raw", "resource", "zone", "account"];
    let part = match key {
        "Raw" => Some("raw"),
        "ActorTokenDetails" => Some("actor"),
        _ => parts.into_iter().find(|part| within.is_empty() && *part == key),
    };
    if let Some(part) = part.filter(|_| within.is_empty()) {
        entry.is_audit |= matches!(key, "action" | "raw" | "Raw" | "ActorTokenDetails");
        if json.next()? == Some(b'{') {
            return json.members(|json, key| member(json, part, key, entry));
        }
        return json.skip();
    }
    let mut text = || json.text(LONGEST);
    match (within, key) {
        ("" | "raw", "method") => entry.method = text()?,
        ("raw", "uri") | ("", "url" | "uri") => entry.target = text()?,
        ("raw", "status_code") | ("", "status") => {
            entry.status = json.number()?.and_then(|status| status.try_into().ok());
        }
        ("", "@message") => entry.message = text()?,
        ("", "tf_req_id") => entry.exchange = text()?,
        ("actor", "token_id") => entry.token = text()?,
        ("action", "type") | ("", "ActionType") => entry.action = text()?,
        ("action", "result") | ("", "ActionResult") => entry.failed = text()?.is_some_and(|result| result == "failure"),
        ("resource", "product") | ("", "ResourceProduct") => entry.product = text()?,
        ("account", "id") | ("", "AccountID") => entry.account = text()?.and_then(|id| id.parse().ok()),
        ("zone", "id") | ("", "ZoneID") => entry.zone = text()?.and_then(|id| id.parse().ok()),
        ("zone", "name") | ("", "ZoneName") => entry.zone_name = text()?,
        _ => json.skip()?,
    }
    Ok(())
}

impl Entry {
    fn take(self, exchange: &mut Exchange<'_>) {
        if let Some(message) = &self.message {
            message.lines().for_each(|line| text::read(line, self.line, exchange));
            return self.exchange.iter().for_each(|key| exchange.key(key));
        }
        if self.is_audit && exchange.token.is_some() {
            let token = self.token.as_deref().and_then(|id| id.parse::<TokenId>().ok());
            if token != exchange.token {
                return exchange.calls.leave_out(LeftOut::OtherToken);
            }
        }
        if let (Some(zone), Some(name)) = (self.zone, &self.zone_name) {
            exchange.calls.zones.add(name, zone, self.account);
        }
        match (&self.method, &self.target) {
            (Some(method), Some(target)) => exchange.calls.add(&Call {
                method,
                target,
                status: self.status.filter(|status| *status > 0),
                errors: self.failed,
                at: At::Line(self.line),
                ..Call::default()
            }),
            _ if self.is_audit => {
                let word = |word: &Option<String>| {
                    word.as_deref()
                        .map(str::to_ascii_lowercase)
                        .filter(|word| is_plain(word))
                        .unwrap_or_else(|| "…".to_owned())
                };
                let (action, product) = (word(&self.action), word(&self.product));
                let what = format!("the audit log does not say the request of an entry: `{action}` in `{product}`");
                exchange.calls.unread(what, At::Line(self.line));
            }
            _ => {}
        }
    }
}
