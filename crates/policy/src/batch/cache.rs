//! The tokens of a batch that come again.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use crate::compiled::CompiledToken;
use crate::token::Token;

/// How much JSON of tokens is kept at most. Compiled, a resource takes some ten times the bytes of its key.
const ROOM: usize = 4 << 20;
/// How many of the tokens met are remembered by their mark.
const MET: usize = 4096;
/// By so many of its first bytes a token is known again: the id stands there, or the first of the resources. A shorter
/// token is as quickly read as known.
const MARKED: usize = 256;

/// Compiled tokens by their text. A token is compiled when it is met for the second time: once, a walk over its
/// policies is cheaper.
#[derive(Debug)]
pub(super) struct Cache {
    hasher: RandomState,
    met: Box<[u64]>,
    compiled: HashMap<u64, Known, RandomState>,
    bytes: usize,
}

/// A token that was compiled.
#[derive(Debug)]
pub(super) struct Known {
    /// How it is written, from the first brace or bracket to the last.
    pub(super) text: Box<str>,
    /// The token, whoever owns it.
    pub(super) token: CompiledToken,
}

/// What a token is known again by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(u64);

impl Default for Cache {
    fn default() -> Self {
        let hasher = RandomState::default();
        Self { hasher, met: vec![0; MET].into_boxed_slice(), compiled: HashMap::default(), bytes: 0 }
    }
}

impl Cache {
    /// The mark of the token with which a text begins; none of a text that is short.
    pub(super) fn mark(&self, text: &str) -> Option<Mark> {
        text.as_bytes().get(..MARKED).map(|start| Mark(self.hasher.hash_one(start)))
    }

    /// The known token with which a text begins. No JSON is the beginning of another where both begin with a brace or
    /// a bracket, so that the token ends where the known one does.
    pub(super) fn known(&self, mark: Mark, text: &str) -> Option<&Known> {
        self.compiled.get(&mark.0).filter(|known| text.as_bytes().starts_with(known.text.as_bytes()))
    }

    /// Remembers a token that was read, and compiles it if it comes again. Of tokens with one mark the first is known, and
    /// the others are read each time.
    pub(super) fn meet(&mut self, mark: Mark, text: &str, token: &Token) {
        if text.len() < MARKED || !self.comes_again(mark) || self.compiled.contains_key(&mark.0) {
            return;
        }
        if self.bytes.saturating_add(text.len()) > ROOM {
            self.compiled.clear();
            self.bytes = 0;
        }
        self.bytes += text.len();
        self.compiled.insert(mark.0, Known { text: text.into(), token: token.compile() });
    }

    /// Whether a token with this mark was met not long ago; from now on it was.
    fn comes_again(&mut self, mark: Mark) -> bool {
        let slot = usize::try_from(mark.0 % MET as u64).ok().and_then(|at| self.met.get_mut(at));
        slot.is_some_and(|slot| std::mem::replace(slot, mark.0) == mark.0)
    }
}
