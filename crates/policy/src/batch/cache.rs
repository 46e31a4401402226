//! The tokens of a batch that come again.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use crate::compiled::CompiledToken;
use crate::decision::Decision;
use crate::document::{self, DocumentError};
use crate::request::Request;
use crate::token::Owner;

/// How much JSON of tokens is kept at most. Compiled, a resource takes some ten times the bytes of its key.
const ROOM: usize = 4 << 20;
/// How many of the tokens met are remembered by their hash.
const MET: usize = 4096;

/// Compiled tokens by their text. A token is compiled when it is met for the second time: once, a walk over its
/// policies is cheaper.
#[derive(Debug)]
pub(super) struct Cache {
    hasher: RandomState,
    met: Box<[u64]>,
    compiled: HashMap<u64, Entry, RandomState>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    text: Box<str>,
    owner: Owner,
    token: CompiledToken,
}

impl Default for Cache {
    fn default() -> Self {
        let hasher = RandomState::default();
        Self { hasher, met: vec![0; MET].into_boxed_slice(), compiled: HashMap::default(), bytes: 0 }
    }
}

impl Cache {
    /// Decides a call by the token that this text describes.
    pub(super) fn decide(&mut self, text: &str, owner: Owner, request: &Request) -> Result<Decision, DocumentError> {
        let hash = self.hasher.hash_one((text, owner));
        // Two texts of one hash are told apart; the later one is then read each time.
        if let Some(entry) = self.compiled.get(&hash)
            && entry.owner == owner
            && *entry.text == *text
        {
            return Ok(entry.token.decide(request));
        }
        let token = document::read_token(text, owner)?;
        let decision = token.decide(request);
        if self.comes_again(hash) && !self.compiled.contains_key(&hash) {
            self.make_room(text.len());
            self.bytes += text.len();
            self.compiled.insert(hash, Entry { text: text.into(), owner, token: token.compile() });
        }
        Ok(decision)
    }

    /// Whether a token with this hash was met not long ago; from now on it was.
    fn comes_again(&mut self, hash: u64) -> bool {
        let slot = usize::try_from(hash % MET as u64).ok().and_then(|at| self.met.get_mut(at));
        slot.is_some_and(|slot| std::mem::replace(slot, hash) == hash)
    }

    fn make_room(&mut self, bytes: usize) {
        if self.bytes.saturating_add(bytes) > ROOM {
            self.compiled.clear();
            self.bytes = 0;
        }
    }
}
