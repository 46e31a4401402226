//! Reads a text from its first line to its last: which part of it says what.

use super::draft::Gathered;
use super::value::Value;
use super::{body, credential, curl, hint, line, s3, tool, value, words};
use crate::refusal::{CredentialForm, Refusal, Tool};

/// How much of a line is read as words, in bytes.
const LONGEST_LINE: usize = 1 << 13;
/// How much of a sentence that goes over several lines is kept, in bytes.
const LONGEST_SENTENCE: usize = 600;
/// The longest key of an exchange.
const LONGEST_KEY: usize = 64;
/// How deep texts within values are read: a log's line that is JSON, whose message holds a body.
const DEEPEST: usize = 2;
/// How many steps may be taken at places that turn out to hold no value, beside two for each byte.
const STEPS: usize = 1 << 16;

/// Reads a text line by line, with the values that stand in it.
pub(super) struct Reader {
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
    /// A reader of this text.
    pub(super) fn of(text: &str) -> Self {
        Self {
            gathered: Gathered::default(),
            steps: 2 * text.len() + STEPS,
            commands: text.len() + STEPS,
            ends_with_return: mostly_ends_with_return(text),
            method: None,
            before: String::new(),
        }
    }

    /// The refusals of what was read.
    pub(super) fn finish(self) -> Vec<Refusal> {
        self.gathered.finish()
    }

    /// Reads a text; `within` is the line in which it stands as a value of another.
    pub(super) fn text(&mut self, text: &str, within: Option<usize>, depth: usize) {
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
            if let Some(to) = self.value(text, start + skip, rest, number, depth) {
                // The value may end in a later line.
                let mut passed = start;
                while let Some(line) = lines.get(at).filter(|line| passed + line.len() < to) {
                    passed += line.len() + 1;
                    at += 1;
                }
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

    /// Reads the first value in the rest of a line, with the words before it; says where in the text it ends.
    fn value(&mut self, text: &str, start: usize, rest: &str, number: usize, depth: usize) -> Option<usize> {
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
                    return Some(from + length);
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
                return Some(from + length.max(1));
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
            self.gathered.status(status, number);
        }
        if value.member("success") == Some(&Value::Bool(true)) {
            return self.gathered.status(200, number);
        }
        if let Some(body) = body::body(value) {
            if let Some(status) = body.status {
                self.gathered.status(status, number);
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
                Value::Text(text) if key.eq_ignore_ascii_case("retry-after") => {
                    self.gathered.retry_after(text.trim().parse().ok());
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
        if let Some(name) = hint::terraform_name(trimmed) {
            self.gathered.terraform_name(name);
        }
        if let Some(phase) = hint::phase(trimmed) {
            self.gathered.phase(phase);
        }
        if let Some(command) = tool::wrangler_command(trimmed) {
            self.gathered.command(command);
        }
        if let Some((_, key)) = trimmed.strip_prefix(": ").and_then(|rest| rest.split_once("tf_req_id=")) {
            let end = key.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(key.len());
            return self.gathered.key(key.get(..end).filter(|key| key.len() <= LONGEST_KEY).unwrap_or_default());
        }
        let method = self.method.take();
        if let Some(asked) = line::asked(trimmed, method.as_deref()) {
            self.gathered.ask(asked, number);
            if trimmed.starts_with("> ") {
                self.gathered.whole_request();
            }
        }
        self.method = line::lone_method(trimmed).map(str::to_owned);
        if let Some(status) = line::status(trimmed) {
            if trimmed.trim_start_matches(['<', ' ']).starts_with("HTTP/") {
                // Another answer begins.
                self.gathered.part();
                self.gathered.answered();
            }
            self.gathered.status(status, number);
        }
        self.gathered.operation(hint::hinted(trimmed));
        if let Some((_, address)) = trimmed.split_once("s3://") {
            let end = address.find(|c: char| c.is_whitespace() || "'\"`,:)".contains(c)).unwrap_or(address.len());
            self.gathered.bucket(address.get(..end).unwrap_or_default());
        }
        self.said(trimmed, number);
        // wrangler breaks long sentences into lines.
        let line = trimmed.trim();
        if !line.starts_with(|c: char| c.is_ascii_lowercase() || c == '/') || self.before.len() > LONGEST_SENTENCE {
            self.before.clear();
        }
        if !self.before.is_empty() {
            self.before.push(' ');
        }
        self.before.push_str(line);
    }

    /// Takes the errors that a line's words tell.
    fn said(&mut self, text: &str, number: usize) {
        if let Some((said, operation)) = s3::said(text) {
            self.gathered.tool_if_none(Tool::S3);
            if let Some(status) = s3::status(text) {
                self.gathered.status(status, number);
            }
            self.gathered.errors(vec![said], false, number);
            return self.gathered.operation(operation.and_then(hint::of_s3));
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
        self.gathered.credential_is_there();
        self.gathered.credential(form);
    }
}

fn mostly_ends_with_return(text: &str) -> bool {
    let (mut with, mut all) = (0_usize, 0_usize);
    for line in text.split('\n').filter(|line| !line.is_empty()) {
        all += 1;
        with += usize::from(line.ends_with('\r'));
    }
    2 * with > all
}
