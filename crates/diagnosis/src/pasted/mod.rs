//! Refusals in what somebody pastes: an error's body, a curl command with its output, the words of wrangler, Terraform,
//! certbot, rclone, an SDK, whole logs of them.
//!
//! The text is somebody's clipboard: it may hold credentials, and it may be made to do harm. Whatever it is, reading takes
//! time in proportion to its length, keeps no more than [`MOST`] refusals, and nothing comes back but messages without
//! control characters, paths whose words are plain, ids, numbers, and of a credential its form.

mod body;
mod clean;
mod credential;
mod curl;
mod draft;
mod line;
mod tool;
mod value;
mod words;

use draft::Gathered;
use value::Value;

use crate::refusal::{CredentialForm, Refusal, Tool};

/// How many refusals of a text are kept.
pub const MOST: usize = 200;
/// How much of a text is read, in bytes: what follows is passed over.
pub const LONGEST: usize = 1 << 24;
/// How much of a line is read as words, in bytes.
const LONGEST_LINE: usize = 1 << 13;
/// How deep texts within values are read: a log's line that is JSON, whose message holds a body.
const DEEPEST: usize = 2;
/// How many steps may be taken at places that turn out to hold no value, beside two for each byte.
const STEPS: usize = 1 << 16;

/// The refusals of a text, in its order; the same one only once. None where the text tells of none.
#[must_use]
pub fn read(text: &str) -> Vec<Refusal> {
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let (text, _) = text.split_at(end);
    let text = without_frames(text);
    let mut reader = Reader {
        gathered: Gathered::default(),
        steps: 2 * text.len() + STEPS,
        commands: text.len() + STEPS,
        ends_with_return: mostly_ends_with_return(&text),
        method: None,
        before: String::new(),
    };
    reader.text(&text, None, 0);
    reader.gathered.finish()
}

struct Reader {
    gathered: Gathered,
    /// How many steps may still be taken to read values.
    steps: usize,
    /// How many bytes may still be read as commands.
    commands: usize,
    /// Whether most lines end with a carriage return: then one at a header's end is the text's own.
    ends_with_return: bool,
    /// A method that stood alone in the line before.
    method: Option<String>,
    /// The line before.
    before: String,
}

impl Reader {
    /// Reads a text; `within` is the line in which it stands as a value of another.
    fn text(&mut self, text: &str, within: Option<usize>, depth: usize) {
        let lines: Vec<&str> = text.split('\n').collect();
        // Where a value ended, within the line that is read next.
        let mut skip = 0;
        let mut at = 0;
        let mut start = 0;
        while let Some(line) = lines.get(at) {
            let number = within.unwrap_or(at + 1);
            let rest = line.get(skip..).unwrap_or_default();
            if skip == 0
                && line.contains("curl")
                && let Some(command) = lines.get(at..).and_then(|lines| curl::command(lines, &mut self.commands))
            {
                self.gathered.tool(Tool::Curl);
                self.gathered.ask(command.asked, number);
                self.gathered.credential(command.credential);
                let passed = lines.iter().skip(at).take(command.lines);
                start += passed.map(|line| line.len() + 1).sum::<usize>();
                at += command.lines;
                continue;
            }
            if let Some((from, to)) = self.value(text, start + skip, rest, number, depth) {
                // The value may end in a later line.
                let mut passed = start;
                while let Some(line) = lines.get(at).filter(|line| passed + line.len() < to) {
                    passed += line.len() + 1;
                    at += 1;
                }
                debug_assert!(from < to);
                start = passed;
                skip = to.saturating_sub(passed);
                continue;
            }
            self.words(rest, number);
            start += line.len() + 1;
            at += 1;
            skip = 0;
        }
    }

    /// Reads the first value in the rest of a line, with the words before it; says where in the text it is.
    fn value(&mut self, text: &str, start: usize, rest: &str, number: usize, depth: usize) -> Option<(usize, usize)> {
        for (at, c) in rest.char_indices().filter(|(_, c)| matches!(c, '{' | '<')) {
            let from = start + at;
            let found = text.get(from..)?;
            if c == '<' {
                if let Some((said, length)) =
                    found.starts_with("<Error>").then(|| body::xml(found, &mut self.steps)).flatten()
                {
                    self.words(rest.get(..at).unwrap_or_default(), number);
                    self.gathered.tool_if_none(Tool::S3);
                    self.gathered.errors(vec![said], false, number);
                    return Some((from, from + length));
                }
                continue;
            }
            let begins = found.get(1..)?.trim_start().chars().next();
            if !begins.is_some_and(|c| c.is_ascii_alphabetic() || "\"'\\_$}".contains(c)) {
                continue;
            }
            if let Some((value, length)) = value::read(found, &mut self.steps) {
                self.words(rest.get(..at).unwrap_or_default(), number);
                self.walk(&value, number, depth);
                return Some((from, from + length.max(1)));
            }
        }
        None
    }

    /// Takes what a value tells: an error's body, a request, texts in which both may stand.
    fn walk(&mut self, value: &Value, number: usize, depth: usize) {
        let members = match value {
            Value::Object(members) => members,
            Value::List(values) => return values.iter().for_each(|value| self.walk(value, number, depth)),
            _ => return,
        };
        let target = ["url", "uri", "path"].iter().find_map(|name| value.text(name));
        if let (Some(method), Some(target)) = (value.text("method").filter(|word| line::is_method(word)), target)
            && target.len() <= LONGEST_LINE
        {
            let asked = line::Asked { method: Some(method.to_owned()), target: target.to_owned() };
            self.gathered.ask(asked, number);
        }
        let status = ["status", "statusCode", "status_code"].iter().find_map(|name| value.number(name));
        // What the AWS SDK for JavaScript adds to its errors.
        let status = status.or_else(|| value.member("$metadata")?.number("httpStatusCode"));
        if let Some(status) = status.and_then(|status| u16::try_from(status).ok()).filter(|s| (200..600).contains(s)) {
            self.gathered.status(status);
        }
        if value.member("success") == Some(&Value::Bool(true)) {
            return self.gathered.status(200);
        }
        if let Some(body) = body::body(value) {
            if let Some(status) = body.status {
                self.gathered.status(status);
            }
            self.gathered.errors(body.errors, false, number);
            return self.gathered.retry_after(body.retry_after);
        }
        for (key, value) in members {
            match value {
                Value::Text(text) if key.eq_ignore_ascii_case("authorization") => {
                    self.gathered.credential(credential::authorization(text));
                }
                Value::Text(text) if key.eq_ignore_ascii_case("x-auth-key") => {
                    self.gathered.credential(credential::key(text));
                }
                Value::Text(text) if depth < DEEPEST => {
                    self.text(text, Some(number), depth + 1);
                }
                other => self.walk(other, number, depth),
            }
        }
    }

    /// Reads a line's words.
    fn words(&mut self, text: &str, number: usize) {
        let end = (0..=LONGEST_LINE.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let (text, _) = text.split_at(end);
        if text.trim().is_empty() {
            return;
        }
        if let Some(tool) = tool::tool(text) {
            self.gathered.tool(tool);
        }
        if let Some((name, value)) = line::header(text) {
            return self.header(&name, value);
        }
        let trimmed = text.trim_end_matches('\r');
        if trimmed.starts_with("Error: ") {
            self.gathered.part();
        }
        if let Some(name) = tool::terraform_name(trimmed) {
            self.gathered.terraform_name(name);
        }
        if let Some(phase) = tool::phase(trimmed) {
            self.gathered.phase(phase);
        }
        if let Some(command) = tool::wrangler_command(trimmed) {
            self.gathered.command(command);
        }
        let method = self.method.take();
        if let Some(asked) = line::asked(trimmed, method.as_deref()) {
            self.gathered.ask(asked, number);
        }
        self.method = line::lone_method(trimmed).map(str::to_owned);
        if let Some(status) = line::status(trimmed) {
            self.gathered.status(status);
        }
        self.said(trimmed, number);
        self.before.clear();
        self.before.push_str(trimmed.trim());
    }

    /// Takes the errors that a line's words tell.
    fn said(&mut self, text: &str, number: usize) {
        if let Some((said, operation)) = words::s3(text) {
            self.gathered.tool_if_none(Tool::S3);
            self.gathered.errors(vec![said], false, number);
            return self.gathered.operation(operation.and_then(tool::of_s3));
        }
        let coded = words::coded(text, &self.before);
        if !coded.is_empty() {
            let chained = text.trim_start().starts_with(['-', '<']);
            return self.gathered.errors(coded, chained, number);
        }
        if let Some(said) = words::phrase(text) {
            self.gathered.phrase(said, number);
        }
    }

    fn header(&mut self, name: &str, value: &str) {
        let value = if self.ends_with_return { value.trim_end_matches('\r') } else { value };
        let form = match name {
            "authorization" => credential::authorization(value),
            "x-auth-key" => credential::key(value),
            "x-auth-email" => credential::email(value).filter(|form| matches!(form, CredentialForm::Malformed(_))),
            "retry-after" => return self.gathered.retry_after(value.trim().parse().ok()),
            _ => return self.gathered.host(value.trim()),
        };
        self.gathered.credential(form);
    }
}

/// The text without what a terminal is told (colours), and what frames its lines: Terraform's box, a logger's beginning
/// of each line.
fn without_frames(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        let mut begun = false;
        while let Some((before, behind)) = rest.split_once('\u{1b}') {
            push(&mut out, before, &mut begun);
            rest = match behind.strip_prefix('[') {
                Some(code) => {
                    let end = code.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(code.len());
                    let behind = code.get(end..).unwrap_or_default();
                    behind.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(behind)
                }
                None => behind,
            };
        }
        push(&mut out, rest, &mut begun);
    }
    out
}

/// Adds a part of a line; at its beginning without the frame.
fn push(out: &mut String, part: &str, begun: &mut bool) {
    let part = if *begun { part } else { unframed(part) };
    *begun |= !part.is_empty();
    out.push_str(part);
}

fn unframed(line: &str) -> &str {
    let line = without_time(line);
    let line = line.strip_prefix(['│', '╷', '╵']).map_or(line, |rest| rest.strip_prefix(' ').unwrap_or(rest));
    // `2021-06-17T19:56:13.824+0100 [DEBUG] provider.terraform-provider-cloudflare_v2.21.0: …`
    let provider = line
        .split_once("terraform-provider-cloudflare_v")
        .filter(|(before, _)| before.len() < 80 && before.contains('['))
        .and_then(|(_, rest)| rest.split_once(':'));
    provider.map_or(line, |(_, rest)| rest.strip_prefix(' ').unwrap_or(rest))
}

/// The line without the time that GitHub's runners write before each: `2023-01-21T11:06:09.8455119Z `.
fn without_time(line: &str) -> &str {
    let Some((time, rest)) = line.split_once("Z ") else { return line };
    let shape = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T');
    let is_time = (20..=32).contains(&time.len()) && time.bytes().all(shape) && time.as_bytes().get(10) == Some(&b'T');
    if is_time { rest } else { line }
}

fn mostly_ends_with_return(text: &str) -> bool {
    let (mut with, mut all) = (0_usize, 0_usize);
    for line in text.split('\n').filter(|line| !line.is_empty()) {
        all += 1;
        with += usize::from(line.ends_with('\r'));
    }
    2 * with > all
}

#[cfg(test)]
mod tests;
