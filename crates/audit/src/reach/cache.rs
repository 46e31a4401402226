//! Reaches that were measured already.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use flarekeep_policy::{Token, UnixSeconds};

use super::measure::{Measured, as_measured};
use crate::token::TokenRecord;
use crate::world::World;

/// How many are kept: a world may hold as many different ones as it has tokens.
const MOST: usize = 4_096;

/// What was measured of tokens in one world: those of the same owner with the same policies reach the same, and many are made
/// alike. It may be asked from several threads at once.
#[derive(Debug, Default)]
pub struct ReachCache(Mutex<HashMap<Token, Arc<Measured>>>);

impl ReachCache {
    /// What the token reaches: measured, unless one like it was.
    pub(crate) fn measured(&self, record: &TokenRecord, world: &World, now: UnixSeconds) -> Arc<Measured> {
        let token = as_measured(record, now);
        if let Some(known) = self.locked(|known| known.get(&token).cloned()) {
            return known;
        }
        let measured = Arc::new(Measured::of(token.clone(), world, now));
        self.locked(|known| {
            if known.len() < MOST {
                known.insert(token, measured.clone());
            }
        });
        measured
    }

    fn locked<T>(&self, with: impl FnOnce(&mut HashMap<Token, Arc<Measured>>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
