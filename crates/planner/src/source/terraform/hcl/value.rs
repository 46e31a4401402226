//! What an expression can come to, without evaluating it: the texts and zones that it mentions, through variables with
//! values, locals and `for_each`. More than one is a choice that only a plan makes.

use std::cell::Cell;
use std::collections::HashMap;

use flarekeep_catalogue::AccountId;

use super::body::{Block, Expression};
use super::token::{Token, Word, tokens};
use crate::source::terraform::known::Fact;
use crate::source::terraform::life::is_word;

/// References to references deeper than this are not followed.
const DEPTH: usize = 24;
/// How many words all expressions of a folder may hold together, each as often as it is looked at.
const BUDGET: usize = 20_000_000;

/// What the files of a folder define.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) variables: HashMap<&'a str, Expression<'a>>,
    pub(super) locals: HashMap<&'a str, Expression<'a>>,
    /// Zones and accounts by their blocks, `data.cloudflare_zone.main`.
    pub(super) facts: HashMap<String, Vec<Fact>>,
    budget: Cell<usize>,
}

/// What an expression can come to.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) texts: Vec<String>,
    pub(super) facts: Vec<Fact>,
    /// Whether it may come to something else as well.
    pub(super) open: bool,
    /// A variable without a value that it mentions, `var.zone_id`.
    pub(super) missing: Option<String>,
}

/// A step from a value into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step<'a> {
    Name(&'a str),
    /// An index that is not written out.
    Any,
    /// The keys, not the values.
    Keys,
}

impl Default for Scope<'_> {
    fn default() -> Self {
        Self { variables: HashMap::new(), locals: HashMap::new(), facts: HashMap::new(), budget: Cell::new(BUDGET) }
    }
}

impl<'a> Scope<'a> {
    /// What an expression of a block can come to.
    pub(super) fn find(&self, block: &Block<'a>, expression: &[Token<'a>]) -> Found {
        let mut found = Found::default();
        let search = Search { scope: self, for_each: block.attribute("for_each") };
        search.value(expression, &[], DEPTH, &mut found);
        found
    }

    /// The one text that an attribute is.
    pub(super) fn text(&self, block: &Block<'a>, attribute: &str) -> Option<String> {
        let found = self.find(block, block.attribute(attribute)?);
        let mut texts = found.texts;
        texts.dedup();
        if found.open || texts.len() > 1 { None } else { texts.pop() }
    }

    /// The account that an attribute is, and whether it may be another.
    pub(super) fn account(&self, block: &Block<'a>, attribute: &str) -> Option<AccountId> {
        let found = self.find(block, block.attribute(attribute)?);
        let mut accounts: Vec<_> = found.texts.iter().filter_map(|text| text.parse().ok()).collect();
        accounts.extend(found.facts.iter().filter_map(|fact| fact.account));
        accounts.dedup();
        if accounts.len() > 1 { None } else { accounts.pop() }
    }
}

struct Search<'s, 'a> {
    scope: &'s Scope<'a>,
    for_each: Option<&'s Expression<'a>>,
}

impl<'a> Search<'_, 'a> {
    fn value(&self, expression: &[Token<'a>], path: &[Step<'a>], depth: usize, found: &mut Found) {
        let expression = trimmed(expression);
        let left = self.scope.budget.get().saturating_sub(expression.len() + 1);
        self.scope.budget.set(left);
        let Some(depth) = depth.checked_sub(1).filter(|_| left > 0) else {
            found.open = true;
            return;
        };
        match expression {
            [Token { word: Word::Quoted(text), .. }] if path.is_empty() => self.text(text, depth, found),
            [Token { word: Word::Sign(b'{'), .. }, inner @ .., Token { word: Word::Sign(b'}'), .. }] => {
                self.object(inner, path, depth, found);
            }
            [Token { word: Word::Sign(b'['), .. }, inner @ .., Token { word: Word::Sign(b']'), .. }] => {
                let rest = path.get(1..).unwrap_or_default();
                let rest = if path == [Step::Keys] { &[] } else { rest };
                for item in split(inner) {
                    self.value(item, rest, depth, found);
                }
            }
            _ => self.mentions(expression, path, depth, found),
        }
    }

    /// A text; one that is nothing but `${…}` is that expression.
    fn text(&self, text: &'a str, depth: usize, found: &mut Found) {
        let whole = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        match whole.and_then(|inner| tokens("", inner).ok()) {
            Some(inner) => self.value(&inner, &[], depth, found),
            None if text.contains("${") || text.contains("%{") => found.open = true,
            None => found.texts.push(text.to_owned()),
        }
    }

    fn object(&self, inner: &[Token<'a>], path: &[Step<'a>], depth: usize, found: &mut Found) {
        let rest = path.get(1..).unwrap_or_default();
        let entries: Vec<_> = split(inner).filter_map(entry).collect();
        match path.first() {
            Some(Step::Keys) => found.texts.extend(entries.iter().map(|(key, _)| (*key).to_owned())),
            Some(Step::Name(name)) if entries.iter().any(|(key, _)| key == name) => {
                for (_, value) in entries.iter().filter(|(key, _)| key == name) {
                    self.value(value, rest, depth, found);
                }
            }
            _ => {
                for (_, value) in &entries {
                    self.value(value, rest, depth, found);
                }
            }
        }
        found.open |= entries.is_empty();
    }

    /// What any other expression mentions: its texts, and what its references come to.
    fn mentions(&self, expression: &[Token<'a>], path: &[Step<'a>], depth: usize, found: &mut Found) {
        let mut rest = expression;
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            match first.word {
                Word::Quoted(text) => self.text(text, depth, found),
                // A function's name is followed by its bracket.
                Word::Name(_) if matches!(after.first().map(|next| next.word), Some(Word::Sign(b'('))) => {}
                Word::Name("null" | "true" | "false") => {}
                Word::Name(name) if name.starts_with(|first: char| first.is_ascii_digit()) => {}
                Word::Name(name) => {
                    let (mut steps, after) = steps(after);
                    rest = after;
                    steps.extend(path);
                    self.reference(name, &steps, depth, found);
                }
                Word::Heredoc => found.open = true,
                Word::Sign(_) | Word::Newline => {}
            }
        }
    }

    fn reference(&self, root: &'a str, steps: &[Step<'a>], depth: usize, found: &mut Found) {
        let defined = |among: &'_ HashMap<&'a str, Expression<'a>>| match steps.first() {
            Some(Step::Name(name)) => among.get(name).cloned(),
            _ => None,
        };
        let (value, path) = match (root, steps) {
            ("var", [_, path @ ..]) => (defined(&self.scope.variables), path.to_vec()),
            ("local", [_, path @ ..]) => (defined(&self.scope.locals), path.to_vec()),
            ("each", [Step::Name("value"), path @ ..]) => (self.for_each.cloned(), [&[Step::Any], path].concat()),
            ("each", [Step::Name("key"), ..]) => (self.for_each.cloned(), vec![Step::Keys]),
            ("data", [Step::Name(kind), Step::Name(name), path @ ..]) => {
                return self.fact(&format!("data.{kind}.{name}"), path, found);
            }
            (kind, [Step::Name(name), path @ ..]) => return self.fact(&format!("{kind}.{name}"), path, found),
            _ => (None, Vec::new()),
        };
        match value {
            Some(value) => self.value(&value, &path, depth, found),
            None => {
                found.open = true;
                if let ("var", Some(Step::Name(name))) = (root, steps.first())
                    && is_word(name)
                {
                    found.missing.get_or_insert_with(|| format!("var.{name}"));
                }
            }
        }
    }

    /// A zone or an account; of one attribute that tells its name, the name.
    fn fact(&self, block: &str, path: &[Step<'a>], found: &mut Found) {
        match self.scope.facts.get(block) {
            Some(facts) if path.iter().any(|step| matches!(step, Step::Name("account"))) => {
                found.facts.extend(facts.iter().map(|fact| Fact { zone: None, account: fact.account }));
                found.open |= facts.iter().any(|fact| fact.account.is_none());
            }
            Some(facts) => found.facts.extend(facts.iter().cloned()),
            None => found.open = true,
        }
    }
}

/// The steps behind a name: `.name`, `["key"]`, `[0]`, `[*]`.
fn steps<'t, 'a>(mut rest: &'t [Token<'a>]) -> (Vec<Step<'a>>, &'t [Token<'a>]) {
    let mut steps = Vec::new();
    loop {
        match rest {
            [Token { word: Word::Sign(b'.'), .. }, Token { word: Word::Name(name), .. }, after @ ..] => {
                let number = name.starts_with(|first: char| first.is_ascii_digit());
                steps.push(if number { Step::Any } else { Step::Name(name) });
                rest = after;
            }
            [Token { word: Word::Sign(b'.'), .. }, Token { word: Word::Sign(b'*'), .. }, after @ ..] => {
                steps.push(Step::Any);
                rest = after;
            }
            [Token { word: Word::Sign(b'['), .. }, after @ ..] => {
                let Some(end) = closing(after) else { return (steps, rest) };
                steps.push(match after.get(..end) {
                    Some([Token { word: Word::Quoted(key), .. }]) => Step::Name(key),
                    _ => Step::Any,
                });
                rest = after.get(end + 1..).unwrap_or_default();
            }
            _ => return (steps, rest),
        }
    }
}

/// Where the bracket closes that was opened before.
fn closing(words: &[Token]) -> Option<usize> {
    let mut open = 0usize;
    for (at, token) in words.iter().enumerate() {
        match token.word {
            Word::Sign(b'[' | b'{' | b'(') => open += 1,
            Word::Sign(b']' | b'}' | b')') => match open.checked_sub(1) {
                Some(less) => open = less,
                None => return Some(at),
            },
            _ => {}
        }
    }
    None
}

/// The parts between commas and line ends that are in no bracket.
fn split<'t, 'a>(words: &'t [Token<'a>]) -> impl Iterator<Item = &'t [Token<'a>]> {
    let mut open = 0usize;
    let parts = words.split(move |token| {
        match token.word {
            Word::Sign(b'[' | b'{' | b'(') => open += 1,
            Word::Sign(b']' | b'}' | b')') => open = open.saturating_sub(1),
            _ => {}
        }
        open == 0 && matches!(token.word, Word::Newline | Word::Sign(b','))
    });
    parts.map(trimmed).filter(|part| !part.is_empty())
}

/// An entry of an object: `key = value`, `"key" : value`.
fn entry<'t, 'a>(words: &'t [Token<'a>]) -> Option<(&'a str, &'t [Token<'a>])> {
    match words {
        [
            Token { word: Word::Name(key) | Word::Quoted(key), .. },
            Token { word: Word::Sign(b'=' | b':'), .. },
            value @ ..,
        ] => Some((key, value)),
        _ => None,
    }
}

fn trimmed<'t, 'a>(mut words: &'t [Token<'a>]) -> &'t [Token<'a>] {
    while let [Token { word: Word::Newline, .. }, rest @ ..] = words {
        words = rest;
    }
    while let [rest @ .., Token { word: Word::Newline, .. }] = words {
        words = rest;
    }
    words
}
