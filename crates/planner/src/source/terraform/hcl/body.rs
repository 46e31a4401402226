//! The blocks and attributes of HCL.

use super::token::{Token, Word, fault, tokens};
use crate::source::SourceError;

/// Blocks and brackets deeper than this are refused.
const DEPTH: usize = 64;

/// The words of an expression.
pub(super) type Expression<'a> = Vec<Token<'a>>;

/// A block, and the file as the outermost.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    pub(super) kind: &'a str,
    pub(super) labels: Vec<&'a str>,
    /// From 1.
    pub(super) line: usize,
    at: usize,
    pub(super) attributes: Vec<(&'a str, Expression<'a>)>,
    pub(super) blocks: Vec<Block<'a>>,
}

impl<'a> Block<'a> {
    pub(super) fn attribute(&self, name: &str) -> Option<&Expression<'a>> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, expression)| expression)
    }

    pub(super) fn block(&self, kind: &str) -> Option<&Self> {
        self.blocks.iter().find(|block| block.kind == kind)
    }

    pub(super) fn label(&self, at: usize) -> &'a str {
        self.labels.get(at).copied().unwrap_or_default()
    }
}

/// The blocks of a file.
pub(super) fn parse<'a>(name: &str, text: &'a str) -> Result<Block<'a>, SourceError> {
    let words = tokens(name, text)?;
    let error = |token: Option<&Token>, what: &str| fault(name, text, token.map_or(text.len(), |token| token.at), what);
    let mut open = vec![Block::default()];
    let mut at = 0;
    while let Some(token) = words.get(at) {
        at += 1;
        let opened = open.len();
        match token.word {
            Word::Newline => {}
            Word::Sign(b'}') if opened > 1 => {
                if let (Some(closed), Some(outer)) = (open.pop(), open.last_mut()) {
                    outer.blocks.push(closed);
                }
            }
            // Attributes in quotes are those of objects in older files.
            Word::Name(name) if matches!(words.get(at).map(|next| next.word), Some(Word::Sign(b'='))) => {
                let end = expression_end(&words, at + 1).map_err(|(bad, what)| error(words.get(bad), what))?;
                let expression = words.get(at + 1..end).unwrap_or_default().to_vec();
                if expression.is_empty() {
                    return Err(error(words.get(end), "an attribute has no value"));
                }
                if let Some(block) = open.last_mut() {
                    block.attributes.push((name, expression));
                }
                at = end;
            }
            Word::Name(kind) => {
                let mut block = Block { kind, line: token.line, at: token.at, ..Block::default() };
                loop {
                    match words.get(at).map(|next| next.word) {
                        Some(Word::Name(label) | Word::Quoted(label)) => block.labels.push(label),
                        Some(Word::Sign(b'{')) => break,
                        _ => return Err(error(words.get(at), "`=` or `{` is expected")),
                    }
                    at += 1;
                }
                at += 1;
                open.push(block);
            }
            _ => return Err(error(Some(token), "a name is expected, of an attribute or a block")),
        }
        if open.len() > DEPTH {
            return Err(error(Some(token), "blocks are nested too deeply"));
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(file), true) => Ok(file),
        (Some(block), false) => Err(fault(name, text, block.at, "a block has no end")),
        (None, _) => Ok(Block::default()),
    }
}

/// Where an expression ends: at the end of its line, or where its block does, brackets aside.
fn expression_end(words: &[Token], from: usize) -> Result<usize, (usize, &'static str)> {
    let mut open = Vec::new();
    let mut at = from;
    while let Some(token) = words.get(at) {
        match (token.word, open.last()) {
            (Word::Newline | Word::Sign(b'}'), None) => return Ok(at),
            (Word::Sign(b'{'), _) => open.push((b'}', at)),
            (Word::Sign(b'['), _) => open.push((b']', at)),
            (Word::Sign(b'('), _) => open.push((b')', at)),
            (Word::Sign(close @ (b'}' | b']' | b')')), wanted) => {
                if wanted.map(|(sign, _)| *sign) != Some(close) {
                    return Err((at, "a bracket is closed that is not open"));
                }
                open.pop();
            }
            _ => {}
        }
        if open.len() > DEPTH {
            return Err((at, "brackets are nested too deeply"));
        }
        at += 1;
    }
    match open.last() {
        Some((_, opened)) => Err((*opened, "a bracket is not closed")),
        None => Ok(at),
    }
}
