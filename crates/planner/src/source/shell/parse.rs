//! A script as its commands, in the order in which they stand.
//!
//! Every branch, loop and function counts as run: a token must suffice for all of them. The reader passes over the text
//! once; what it does not understand is some word of some command.

use super::word::{Part, Word, is_name};

/// How deep substitutions and subshells may be nested.
const DEEPEST: usize = 40;

/// What stands in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// A command.
    Command(Command),
    /// A variable that takes many values in turn.
    Loop(String),
    /// A subshell begins, in which a change of folder ends.
    Enter,
    /// A subshell ends.
    Leave,
}

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// Its line in the script, from 1.
    pub(super) line: usize,
    /// The assignments before it.
    pub(super) assignments: Vec<(String, Word)>,
    /// The program and its arguments.
    pub(super) words: Vec<Word>,
    /// Whether it runs only sometimes.
    pub(super) conditional: bool,
    /// Whether it reads a here-document.
    pub(super) here_document: bool,
}

/// A script that no shell would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) struct Malformed {
    pub(in crate::source) line: usize,
    pub(in crate::source) column: usize,
    pub(in crate::source) reason: &'static str,
}

/// The items of a script.
pub(super) fn parse(text: &str) -> Result<Vec<Item>, Malformed> {
    let line_length = text.len();
    let mut parser = Parser { rest: text, line: 1, line_length, items: Vec::new(), here: Vec::new(), depth: 0 };
    parser.list(Until::End)?;
    Ok(parser.items)
}

struct Parser<'a> {
    rest: &'a str,
    line: usize,
    /// The length in bytes of what is left of the text where the line begins.
    line_length: usize,
    items: Vec<Item>,
    /// The ends of the here-documents that begin with the next line, each with whether tabs may stand before it.
    here: Vec<(String, bool)>,
    depth: usize,
}

/// Where a list of commands ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    End,
    Parenthesis,
    Backtick,
}

/// What a list knows of the commands before.
#[derive(Default)]
struct State {
    command: Command,
    /// How many `if`, `for`, `case` are open.
    nest: usize,
    /// Whether the next command runs only if an earlier one failed, or a test held.
    guarded: bool,
}

impl Parser<'_> {
    fn list(&mut self, until: Until) -> Result<(), Malformed> {
        let opened = self.malformed("a parenthesis or a quote is never closed");
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.malformed("commands are nested too deeply"));
        }
        let mut state = State::default();
        loop {
            self.skip_blank();
            let Some(c) = self.peek() else {
                self.finish(&mut state, "");
                self.depth -= 1;
                return if until == Until::End { Ok(()) } else { Err(opened) };
            };
            match c {
                '#' => self.skip_while(|c| c != '\n'),
                '\n' => {
                    self.finish(&mut state, "\n");
                    self.take();
                    self.here_documents();
                }
                ')' if until == Until::Parenthesis => {
                    self.finish(&mut state, ")");
                    self.take();
                    self.depth -= 1;
                    return Ok(());
                }
                // The pattern of a `case`, the first of which can stand on the line of `in`.
                ')' => {
                    self.take();
                    let opens = |word: &&Word| {
                        !["then", "else", "do", "{", "!", "time"].contains(&word.plain().unwrap_or_default())
                    };
                    if state.command.words.iter().find(opens).is_some_and(|word| word.plain() == Some("case")) {
                        state.nest += 1;
                    }
                    state.command = Command::default();
                }
                '`' if until == Until::Backtick => {
                    self.finish(&mut state, "`");
                    self.take();
                    self.depth -= 1;
                    return Ok(());
                }
                ';' => self.separator(&mut state, ";"),
                '&' if self.rest.starts_with("&&") => self.separator(&mut state, "&&"),
                '&' if self.rest.starts_with("&>") => {
                    self.take();
                    self.redirection(&mut state)?;
                }
                '&' => self.separator(&mut state, "&"),
                '|' if self.rest.starts_with("||") => self.separator(&mut state, "||"),
                '|' => self.separator(&mut state, "|"),
                '(' => self.parenthesis(&mut state)?,
                '<' | '>' => self.redirection(&mut state)?,
                _ => self.word_of(&mut state, until)?,
            }
        }
    }

    fn separator(&mut self, state: &mut State, separator: &'static str) {
        self.finish(state, separator);
        for _ in separator.chars() {
            self.take();
        }
    }

    /// A subshell, a function's name, or an arithmetic command.
    fn parenthesis(&mut self, state: &mut State) -> Result<(), Malformed> {
        let closes = self.rest.get(1..).unwrap_or_default().trim_start_matches([' ', '\t']).starts_with(')');
        if state.command.words.len() == 1 && closes {
            state.command = Command::default();
            self.take();
            self.skip_while(|c| c != ')');
            self.take();
            return Ok(());
        }
        if self.rest.starts_with("((") {
            self.skip_past("))");
            return Ok(());
        }
        self.take();
        self.subshell(Until::Parenthesis)
    }

    fn subshell(&mut self, until: Until) -> Result<(), Malformed> {
        self.items.push(Item::Enter);
        self.list(until)?;
        self.items.push(Item::Leave);
        Ok(())
    }

    /// `> FILE`, `2>&1`, `<<EOF`, `<(command)`: nothing of it is an argument.
    fn redirection(&mut self, state: &mut State) -> Result<(), Malformed> {
        if self.rest.starts_with("<(") || self.rest.starts_with(">(") {
            self.take();
            self.take();
            return self.subshell(Until::Parenthesis);
        }
        let here = self.rest.starts_with("<<") && !self.rest.starts_with("<<<");
        self.skip_while(|c| matches!(c, '<' | '>' | '&' | '|'));
        let tabs = here && self.rest.starts_with('-');
        if tabs {
            self.take();
        }
        self.skip_blank();
        let target = self.word(Until::End)?;
        if here {
            state.command.here_document = true;
            self.here.extend(target.plain().map(|end| (end.to_owned(), tabs)));
        }
        Ok(())
    }

    /// Passes over the here-documents that begin here.
    fn here_documents(&mut self) {
        for (end, tabs) in std::mem::take(&mut self.here) {
            while !self.rest.is_empty() {
                let line = self.rest.lines().next().unwrap_or_default();
                let line = if tabs { line.trim_start_matches('\t') } else { line };
                let ended = line == end;
                self.skip_while(|c| c != '\n');
                self.take();
                if ended {
                    break;
                }
            }
        }
    }

    fn word_of(&mut self, state: &mut State, until: Until) -> Result<(), Malformed> {
        let line = self.line;
        let before = self.rest.len();
        let word = self.word(until)?;
        if self.rest.len() == before {
            self.take();
            return Ok(());
        }
        // The number of a file before a redirection.
        let number =
            word.plain().is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
        if number && self.rest.starts_with(['<', '>']) {
            return Ok(());
        }
        let command = &mut state.command;
        if command.words.is_empty() && command.assignments.is_empty() {
            command.line = line;
        }
        match word.assignment().filter(|_| command.words.is_empty()) {
            Some(assignment) => command.assignments.push(assignment),
            None => command.words.push(word),
        }
        Ok(())
    }

    fn word(&mut self, until: Until) -> Result<Word, Malformed> {
        let mut word = Word::default();
        while let Some(c) = self.peek() {
            match c {
                '(' if matches!(word.parts.last(), Some(Part::Text(text)) if text.ends_with('=')) => {
                    self.array(until)?;
                    word.parts.push(Part::Unknown);
                }
                c if c.is_whitespace() || ";&|<>()".contains(c) => break,
                '\'' => self.single_quoted(&mut word)?,
                '"' => self.double_quoted(&mut word)?,
                '\\' => {
                    self.take();
                    match self.take() {
                        Some('\n') | None => {}
                        Some(escaped) => word.push(escaped),
                    }
                }
                '$' => self.dollar(&mut word, false)?,
                '`' if until == Until::Backtick => break,
                '`' => self.backticks(&mut word)?,
                c => {
                    self.take();
                    word.push(c);
                }
            }
        }
        Ok(word)
    }

    /// Passes over `(a "b" $(c))`, the value of an array: the commands in it are read.
    fn array(&mut self, until: Until) -> Result<(), Malformed> {
        let opened = self.malformed("a parenthesis or a quote is never closed");
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.malformed("commands are nested too deeply"));
        }
        self.take();
        loop {
            self.skip_blank();
            match self.peek() {
                None => return Err(opened),
                Some(')') => break,
                Some('#') => self.skip_while(|c| c != '\n'),
                Some('`') if until == Until::Backtick => return Err(opened),
                Some(_) => {
                    let before = self.rest.len();
                    self.word(until)?;
                    if self.rest.len() == before {
                        self.take();
                    }
                }
            }
        }
        self.take();
        self.depth -= 1;
        Ok(())
    }

    /// `$'it\'s'`, in which a backslash escapes.
    fn escaped_quoted(&mut self, word: &mut Word) -> Result<(), Malformed> {
        let opened = self.malformed("a quote is never closed");
        self.take();
        word.push_text("");
        loop {
            match self.take() {
                None => return Err(opened),
                Some('\'') => return Ok(()),
                Some('\\') => match self.take() {
                    None => return Err(opened),
                    Some('n') => word.push('\n'),
                    Some('t') => word.push('\t'),
                    Some(c @ ('\'' | '"' | '\\' | '?')) => word.push(c),
                    Some(c) => {
                        word.push('\\');
                        word.push(c);
                    }
                },
                Some(c) => word.push(c),
            }
        }
    }

    fn single_quoted(&mut self, word: &mut Word) -> Result<(), Malformed> {
        let opened = self.malformed("a quote is never closed");
        self.take();
        let (inner, _) = self.rest.split_once('\'').ok_or(opened)?;
        word.push_text(inner);
        let length = inner.len();
        self.skip_bytes(length);
        self.take();
        Ok(())
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), Malformed> {
        let opened = self.malformed("a quote is never closed");
        self.take();
        word.push_text("");
        loop {
            match self.peek() {
                None => return Err(opened),
                Some('"') => {
                    self.take();
                    return Ok(());
                }
                Some('\\') => {
                    self.take();
                    match self.take() {
                        Some('\n') | None => {}
                        Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                        Some(c) => {
                            word.push('\\');
                            word.push(c);
                        }
                    }
                }
                Some('$') => self.dollar(word, true)?,
                Some('`') => self.backticks(word)?,
                Some(c) => {
                    self.take();
                    word.push(c);
                }
            }
        }
    }

    fn backticks(&mut self, word: &mut Word) -> Result<(), Malformed> {
        self.take();
        self.subshell(Until::Backtick)?;
        word.parts.push(Part::Unknown);
        Ok(())
    }

    fn dollar(&mut self, word: &mut Word, quoted: bool) -> Result<(), Malformed> {
        let rest = self.rest;
        if rest.starts_with("$'") && !quoted {
            self.take();
            return self.escaped_quoted(word);
        }
        if rest.starts_with("$\"") && !quoted {
            self.take();
            return self.double_quoted(word);
        }
        if rest.starts_with("$((") {
            self.skip_past("))");
            word.parts.push(Part::Unknown);
            return Ok(());
        }
        if rest.starts_with("$(") {
            self.take();
            self.take();
            self.subshell(Until::Parenthesis)?;
            let length = rest.len() - self.rest.len();
            word.parts.push(substituted(rest.get(..length).unwrap_or_default()));
            return Ok(());
        }
        if rest.starts_with("${{") {
            self.skip_past("}}");
            let length = rest.len() - self.rest.len();
            let inner = rest.get(3..length.saturating_sub(2)).unwrap_or_default().trim();
            let name = inner.strip_prefix("env.").filter(|name| is_name(name));
            word.parts.push(name.map_or(Part::Unknown, |name| Part::Variable { name: name.to_owned(), quoted: true }));
            return Ok(());
        }
        if rest.starts_with("${") {
            self.braces();
            let length = rest.len() - self.rest.len();
            word.parts.push(expansion(rest.get(2..length.saturating_sub(1)).unwrap_or_default(), quoted));
            return Ok(());
        }
        self.take();
        let name: String = match self.peek() {
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                self.rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
            }
            Some(c) if c.is_ascii_digit() || "@*#?$!-".contains(c) => c.to_string(),
            _ => {
                word.push('$');
                return Ok(());
            }
        };
        self.skip_bytes(name.len());
        word.parts.push(Part::Variable { name, quoted });
        Ok(())
    }

    /// Passes over `${…}`, braces in it counted.
    fn braces(&mut self) {
        let mut open = 0_usize;
        while let Some(c) = self.take() {
            match c {
                '{' => open += 1,
                '}' if open <= 1 => return,
                '}' => open -= 1,
                _ => {}
            }
        }
    }

    /// The command is complete: keywords are taken off it, and it is kept.
    fn finish(&mut self, state: &mut State, separator: &str) {
        let mut command = std::mem::take(&mut state.command);
        let mut words = std::mem::take(&mut command.words).into_iter().peekable();
        let mut test = false;
        while let Some(word) = words.peek() {
            // `then A=b` is an assignment too.
            if let Some(assignment) = word.assignment() {
                command.assignments.push(assignment);
                words.next();
                continue;
            }
            match word.plain().unwrap_or_default() {
                "then" | "else" | "elif" | "do" | "!" | "time" | "{" | "}" => {}
                "if" | "while" | "until" => state.nest += 1,
                "fi" | "done" | "esac" => state.nest = state.nest.saturating_sub(1),
                "for" | "select" => {
                    state.nest += 1;
                    let name = words.nth(1).and_then(|word| word.plain().map(str::to_owned));
                    self.items.extend(name.map(Item::Loop));
                    words.by_ref().for_each(drop);
                }
                "case" => {
                    state.nest += 1;
                    words.by_ref().for_each(drop);
                }
                "function" => words.by_ref().for_each(drop),
                first => {
                    test = ["[", "[[", "test"].contains(&first);
                    break;
                }
            }
            words.next();
        }
        command.words = words.collect();
        command.conditional = state.nest > 0 || state.guarded;
        state.guarded = match separator {
            "||" => true,
            "&&" => state.guarded || test,
            "|" => state.guarded,
            _ => false,
        };
        if !command.words.is_empty() || !command.assignments.is_empty() {
            self.items.push(Item::Command(command));
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        if c == '\n' {
            self.line += 1;
            self.line_length = self.rest.len();
        }
        Some(c)
    }

    fn skip_while(&mut self, skipped: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&skipped) {
            self.take();
        }
    }

    fn skip_blank(&mut self) {
        loop {
            self.skip_while(|c| c.is_whitespace() && c != '\n');
            let Some(rest) = self.rest.strip_prefix('\\') else { return };
            if !rest.starts_with('\n') && !rest.starts_with("\r\n") {
                return;
            }
            self.skip_while(|c| c != '\n');
            self.take();
        }
    }

    /// Passes over a text's next occurrence, or to the end.
    fn skip_past(&mut self, end: &str) {
        let length = self.rest.find(end).map_or(self.rest.len(), |at| at + end.len());
        self.skip_bytes(length);
    }

    fn skip_bytes(&mut self, length: usize) {
        let left = self.rest.len().saturating_sub(length);
        while self.rest.len() > left {
            self.take();
        }
    }

    fn malformed(&self, reason: &'static str) -> Malformed {
        Malformed { line: self.line, column: self.line_length - self.rest.len() + 1, reason }
    }
}

/// What `$(…)` stands for.
fn substituted(text: &str) -> Part {
    let own = [
        "dirname \"$0\"",
        "dirname $0",
        "dirname \"${BASH_SOURCE[0]}\"",
        "dirname -- \"$0\"",
        "dirname -- \"${BASH_SOURCE[0]}\"",
    ];
    let is_own = own.iter().any(|own| text.contains(own)) && (text.len() < 60 && !text.contains(".."));
    if is_own { Part::OwnFolder } else { Part::Unknown }
}

/// What stands between the braces of `${…}`: a name, alone or with what is taken where it is not set.
fn expansion(inner: &str, quoted: bool) -> Part {
    let length = inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let (name, rest) = inner.split_at(length);
    let taken_as_it_is = rest.is_empty() || [":-", ":=", ":?", "-", "=", "?"].iter().any(|sign| rest.starts_with(sign));
    if name.is_empty() || !taken_as_it_is {
        return Part::Unknown;
    }
    Part::Variable { name: name.to_owned(), quoted }
}
