//! What the program prints: words for people on standard output, or one JSON document; remarks on standard error.

pub(crate) mod mask;
pub(crate) mod table;

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::OnceLock;

use anstyle::{AnsiColor, Style};
use flarekeep_catalogue::{harmless, is_hostile};
use serde::Serialize;

use crate::error::{CommandError, Kind};

/// Good news.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Bad news.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Something to look at.
pub(crate) const CARE: Style = AnsiColor::Yellow.on_default();
/// A heading or a name.
pub(crate) const STRONG: Style = Style::new().bold();
/// What may be passed over.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// A line on standard error, all of it at once: a command that runs may write there, too.
fn told(text: impl Display) {
    let mut line = anstream::AutoStream::new(Vec::new(), anstream::stderr().current_choice());
    // Neither memory nor standard error has a place to tell of a failure.
    let _ = writeln!(line, "{text}");
    let _ = std::io::stderr().write_all(&line.into_inner());
}

/// `text` in a style. Standard output strips it where colour is not wanted (a pipe, `NO_COLOR`).
pub(crate) fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A text from a server or a file, without control characters and cut short.
pub(crate) fn plain(text: &str) -> String {
    const LONGEST: usize = 300;
    let mut out: String = text.chars().take(LONGEST).flat_map(harmless).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

/// A number with its noun: `1 need`, `35 needs`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A JSON document with the same characters as JSON escapes. Outside of strings there is none but the newline, which
/// strings cannot hold.
fn escaped_document(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        match is_hostile(c) && c != '\n' {
            true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => out.push(c),
        }
    }
    out
}

/// Why standard output could not be written, once it could not.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// Remembers that a part of the answer could not be written. A closed pipe (`flarekeep … | head`) is no fault of ours.
pub(crate) fn written(result: io::Result<()>) {
    if let Err(error) = result
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // The first reason is the one that is told.
        let _ = UNWRITTEN.set(error.to_string());
    }
}

/// The error of an answer that could not be written whole.
pub(crate) fn unwritten() -> Option<CommandError> {
    let reason = UNWRITTEN.get()?;
    Some(
        CommandError::new(Kind::Partial, "the answer could not be written to standard output")
            .because(format!("{reason}; what the command did is done"))
            .hint("let standard output lead where there is room; a command that only looks can be run again"),
    )
}

/// How much is printed, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// One document is the answer.
    pub(crate) json: bool,
    /// The document is printed by somebody else, who takes this answer as a part of theirs.
    pub(crate) part: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

impl Output {
    /// The same for a step whose document is a part of another.
    pub(crate) fn part(self) -> Self {
        Self { part: true, ..self }
    }

    /// A line of the answer. With `--json` the document is the answer, and this says nothing.
    pub(crate) fn line(self, text: impl Display) {
        if !self.json {
            written(writeln!(anstream::stdout(), "{text}"));
        }
    }

    /// A line of the answer that gives way where standard output holds a value and nothing else (`--to -`).
    pub(crate) fn beside(self, value_on_stdout: bool, text: impl Display) {
        if value_on_stdout { self.note(text) } else { self.line(text) }
    }

    /// The answer as one JSON document, with `--json`.
    pub(crate) fn document(self, document: &impl Serialize) {
        if self.json && !self.part {
            let text =
                serde_json::to_string_pretty(document).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
            written(writeln!(io::stdout(), "{}", escaped_document(&text)));
        }
    }

    /// A remark beside the answer.
    pub(crate) fn note(self, text: impl Display) {
        if !self.quiet {
            told(text);
        }
    }

    /// A remark that only `--verbose` asks for.
    pub(crate) fn detail(self, text: impl Display) {
        if self.verbose {
            self.note(styled(FAINT, text));
        }
    }

    /// A remark that calls for care; `--quiet` does not silence it.
    pub(crate) fn warn(self, text: impl Display) {
        told(format!("{} {text}", styled(CARE, "warning:")));
    }

    /// A failure, without any credential that was typed in another's place.
    pub(crate) fn error(self, error: &CommandError) {
        let error = &error.masked();
        self.document(&error.document());
        let mut err = anstream::stderr();
        let _ = writeln!(err, "{} {}", styled(BAD, "error:"), error.message);
        if let Some(reason) = &error.reason {
            let _ = writeln!(err, "  why:  {reason}");
        }
        for hint in &error.hints {
            let _ = writeln!(err, "  hint: {hint}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_in_words_and_in_documents() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c"), r"a\u{1b}[2Jb\u{202e}c");
        let document = serde_json::json!({ "name": "a\u{1b}\u{9b}\u{7f}\u{202e}é" });
        let printed = escaped_document(&serde_json::to_string_pretty(&document).unwrap());
        assert!(printed.chars().all(|c| c == '\n' || !is_hostile(c)));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).unwrap(), document);
    }
}
