//! Lines of text: what each one says of a request or an answer.

use flarekeep_catalogue::Method;

use super::exchange::{Exchange, Kind, Request};
use crate::source::calls::At;

/// How many bytes of a request `curl --trace-ascii` writes in one line.
const TRACED: usize = 0x40;
/// How many words behind a URL may say how the call ended.
const WORDS: usize = 8;

/// The longest URL that is kept, in bytes; of a longer one, its path is.
const LONGEST_TARGET: usize = 1 << 14;
/// The longest name of a host (RFC 1035).
const LONGEST_HOST: usize = 255;
/// The longest id of an exchange.
const LONGEST_KEY: usize = 64;

/// What is carried from line to line.
#[derive(Default)]
pub(super) struct Text {
    /// A line of `curl --trace-ascii` that goes on in the next, with the offset at which that begins.
    traced: Option<(String, usize, usize)>,
}

impl Text {
    /// Takes a line.
    pub(super) fn line(&mut self, line: &str, number: usize, exchange: &mut Exchange<'_>) {
        let line = without_colours(line);
        if let Some((offset, part)) = traced(&line) {
            let (whole, first) = match self.traced.take() {
                Some((before, next, first)) if next == offset => (before + part, first),
                before => {
                    if let Some((before, _, first)) = before {
                        read(&before, first, exchange);
                    }
                    (part.to_owned(), number)
                }
            };
            match part.len() == TRACED {
                true => self.traced = Some((whole, offset + TRACED, first)),
                false => read(&whole, first, exchange),
            }
            return;
        }
        self.end(exchange);
        read(&line, number, exchange);
    }

    /// Takes what still waits for its next line.
    pub(super) fn end(&mut self, exchange: &mut Exchange<'_>) {
        if let Some((line, _, number)) = self.traced.take() {
            read(&line, number, exchange);
        }
    }
}

/// A line of `curl --trace-ascii`: `0040: rest of the line`.
fn traced(line: &str) -> Option<(usize, &str)> {
    let (offset, text) = line.split_once(": ").or_else(|| line.strip_suffix(':').map(|offset| (offset, "")))?;
    let digits = (4..=8).contains(&offset.len()) && offset.bytes().all(|byte| byte.is_ascii_hexdigit());
    usize::from_str_radix(offset, 16).ok().filter(|_| digits).map(|offset| (offset, text))
}

/// Takes a whole line.
pub(super) fn read(line: &str, number: usize, exchange: &mut Exchange<'_>) {
    if let Some((_, rest)) = line.split_once("-- START CF API REQUEST: ") {
        return wrangler_asks(rest.trim(), number, exchange);
    }
    if let Some((_, rest)) = line.split_once("-- START CF API RESPONSE:") {
        if let Some(status) = rest.split_ascii_whitespace().next_back().and_then(status) {
            exchange.answer(status);
        }
        return;
    }
    if let Some((_, query)) = line.split_once("QUERY STRING: ?") {
        if let Some(request) =
            exchange.latest().filter(|request| request.kind == Kind::Wrangler && !request.target.contains('?'))
        {
            request.target.push('?');
            request
                .target
                .push_str(Some(query.trim()).filter(|query| query.len() <= LONGEST_TARGET).unwrap_or_default());
        }
        return;
    }
    if line.contains('\u{26c5}') {
        // The line with which each run of wrangler begins.
        exchange.restart();
    }
    if let Some(key) = line.strip_prefix(": ").and_then(|rest| rest.split_once("tf_req_id=")).map(|(_, rest)| rest) {
        let key = key.split_ascii_whitespace().next().filter(|key| key.len() <= LONGEST_KEY);
        return key.into_iter().for_each(|key| exchange.key(key));
    }
    if let Some((_, rest)) = line.split_once("REQUEST Method:") {
        let mut words = rest.split_ascii_whitespace();
        let method = words.next().and_then(method);
        if let (Some(method), Some(url)) = (method, words.next().and_then(|word| word.strip_prefix("URI:"))) {
            return exchange.ask(request(method, url, number, Kind::Wire));
        }
    }
    if line.contains("RESPONSE URI:")
        && let Some((_, rest)) = line.split_once(" StatusCode:")
    {
        return rest
            .split_ascii_whitespace()
            .next()
            .and_then(status)
            .into_iter()
            .for_each(|status| exchange.answer(status));
    }
    if says(line, number, exchange) || asks(line, number, exchange) {
        return;
    }
    if let Some(status) = answers(line) {
        return exchange.answer(status);
    }
    if let Some(host) = host(line)
        && let Some(request) = exchange.latest().filter(|request| request.kind == Kind::Wire)
    {
        request.host.get_or_insert_with(|| host.chars().take(LONGEST_HOST).collect());
    }
}

/// `GET https://…`; of some calls wrangler leaves the method out.
fn wrangler_asks(text: &str, number: usize, exchange: &mut Exchange<'_>) {
    match text.split_once(' ') {
        Some((word, url)) if let Some(method) = method(word) => {
            exchange.ask(request(method, url.trim(), number, Kind::Wrangler));
        }
        _ => {
            let what = "wrangler does not log the method of a call to its containers' API".to_owned();
            exchange.calls.unread(what, At::Line(number));
        }
    }
}

/// A sentence with a method and a URL: `HTTP Request: GET https://… "HTTP/1.1 200 OK"`, `PUT https://… failed with status
/// 403`. Or the line of a local Cloudflare: `allow 200 GET /zones`.
fn says(line: &str, number: usize, exchange: &mut Exchange<'_>) -> bool {
    let mut words =
        line.split_ascii_whitespace().map(|word| word.trim_matches(['"', '\'', '`', '(', ')', '[', ']', ',', ';']));
    let mut before = ["", ""];
    while let Some(word) = words.next() {
        let [earlier, last] = before;
        before = [last, word];
        let Some(method) = method(word) else { continue };
        let mut rest = words.clone();
        let Some(target) = rest.next() else { return false };
        if matches!(earlier, "allow" | "deny")
            && target.starts_with('/')
            && let Some(status) = status(last)
        {
            let target =
                if target.starts_with("/client/v4/") { target.to_owned() } else { format!("/client/v4{target}") };
            exchange.both(&request(method, &target, number, Kind::Sentence), status, false);
            return true;
        }
        if target.starts_with("https://") || target.starts_with("http://") {
            let request = request(method, target, number, Kind::Sentence);
            let ended = rest.take(WORDS).find_map(|word| status(word.rsplit(['=', ':']).next().unwrap_or(word)));
            match ended {
                Some(status) => exchange.both(&request, status, line.contains("HTTP Response: ")),
                None => exchange.ask(request),
            }
            return true;
        }
    }
    false
}

/// The first line of a request, as it goes over the wire: `PUT /client/v4/zones/… HTTP/1.1`. In an access log the status
/// follows it.
fn asks(line: &str, number: usize, exchange: &mut Exchange<'_>) -> bool {
    let Some((before, behind)) = line.split_once(" HTTP/") else { return false };
    let mut words = before.split_ascii_whitespace();
    let (Some(target), Some(word)) = (words.next_back(), words.next_back()) else { return false };
    let word = word.trim_start_matches(['"', '\'', '>']);
    let Some(method) = method(word).filter(|_| target.starts_with('/') || target.contains("://")) else { return false };
    let mut rest = behind.split_ascii_whitespace();
    let version = rest.next().unwrap_or_default();
    let request = request(method, target, number, Kind::Wire);
    match rest.next().filter(|_| version.ends_with('"')).and_then(status) {
        Some(status) => exchange.both(&request, status, false),
        None => exchange.ask(request),
    }
    true
}

/// The first line of an answer: `HTTP/2 403`, perhaps behind `<` or what a logger writes before it. That of a proxy, and
/// one that only says to go on, is none.
fn answers(line: &str) -> Option<u16> {
    let (before, behind) = line.split_once("HTTP/")?;
    if !before.is_empty() && !before.ends_with([' ', '\t', '<', '"']) {
        return None;
    }
    let mut words = behind.split_ascii_whitespace();
    let version = words.next()?;
    let known = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let status = words.next().and_then(status).filter(|status| *status >= 200 && known)?;
    (!line.contains("Connection established") && !line.contains("Connection Established")).then_some(status)
}

/// The host that a header names.
fn host(line: &str) -> Option<&str> {
    let mut words = line.split_ascii_whitespace();
    let named = words.by_ref().take(WORDS).any(|word| word.eq_ignore_ascii_case("host:"));
    words.next().filter(|_| named)
}

fn request(method: &str, target: &str, line: usize, kind: Kind) -> Request {
    let cut = [target, target.split('?').next().unwrap_or_default()];
    let target = cut.into_iter().find(|target| target.len() <= LONGEST_TARGET).unwrap_or_default();
    Request { method: method.to_owned(), target: target.to_owned(), host: None, line, kind }
}

/// A word that is a method. Small words of a sentence, such as `get`, are none unless a URL follows: the caller looks.
fn method(word: &str) -> Option<&str> {
    let all = |case: fn(&u8) -> bool| word.bytes().all(|byte| case(&byte));
    let one_case = all(u8::is_ascii_uppercase) || all(u8::is_ascii_lowercase);
    (one_case && word.len() <= 6 && word.parse::<Method>().is_ok()).then_some(word)
}

fn status(word: &str) -> Option<u16> {
    let word = word.trim_matches(['"', '\'', '(', ')', '[', ']', ',', '.', ';', ':']);
    let digits = word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|status| digits && (100..600).contains(status))
}

/// The line without what colours it on a terminal.
fn without_colours(line: &str) -> std::borrow::Cow<'_, str> {
    if !line.contains('\u{1b}') {
        return line.into();
    }
    let mut plain = String::with_capacity(line.len());
    let mut parts = line.split("\u{1b}[");
    plain.extend(parts.next());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        let after = part.get(end..).unwrap_or_default();
        let mut rest = after.chars();
        rest.next();
        plain.push_str(rest.as_str());
    }
    plain.into()
}
