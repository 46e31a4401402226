//! The lists of tokens, all at once, and what is looked at while others are still on their way.

use std::panic::resume_unwind;
use std::sync::Arc;

use flarekeep_audit::{Looked, ReachCache, Settings, look};
use flarekeep_cloudflare::{Client, Error, Gate, Listed, Owner};
use serde_json::value::RawValue;
use tokio::task::{JoinSet, spawn_blocking};

use super::live::{Accounts, Around, Progress};
use super::record::{self, Read, Said};

/// What lists of tokens are read with.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) manager: Client,
    pub(super) gate: Gate,
    pub(super) progress: Progress,
    pub(super) around: Arc<Around>,
    /// What tokens are looked at with; none where all has to be there first.
    pub(super) settings: Option<Arc<Settings>>,
    /// What was measured of the tokens that were looked at.
    pub(super) known: Arc<ReachCache>,
}

/// A list of tokens, or why it could not be read.
pub(super) struct List {
    pub(super) owner: Owner,
    /// The owner in words.
    pub(super) whose: String,
    pub(super) read: Result<Tokens, Error>,
}

/// The tokens of a list.
pub(super) struct Tokens {
    pub(super) all: Vec<One>,
    /// How many there are, as the server says.
    pub(super) promised: Option<u64>,
}

/// A token that was read.
pub(super) struct One {
    pub(super) read: Read,
    pub(super) text: Box<RawValue>,
    pub(super) looked: Option<Box<Looked>>,
}

impl Reader {
    /// The lists of all accounts at once, in the order of the accounts.
    pub(super) async fn lists(&self, accounts: &Accounts) -> Vec<List> {
        let mut reading = JoinSet::new();
        for (at, (id, whose)) in accounts.audited.iter().cloned().enumerate() {
            let reader = self.clone();
            reading.spawn(async move { (at, reader.list(Owner::Account(id), whose).await) });
        }
        let mut lists = reading.join_all().await;
        lists.sort_by_key(|(at, _)| *at);
        lists.into_iter().map(|(_, list)| list).collect()
    }

    pub(super) async fn list(&self, owner: Owner, whose: String) -> List {
        // The pages are read, and their tokens looked at, beside the work of asking for others.
        let take = |page: Vec<Box<RawValue>>, of| {
            self.progress.came(page.len(), of);
            let (reader, whose) = (self.clone(), whose.clone());
            spawn_blocking(move || page.into_iter().map(|text| reader.one(text, owner, &whose)).collect::<Vec<_>>())
        };
        let listed = self.manager.tokens(owner).pages(&self.gate, take).await;
        let read = match listed {
            Ok(Listed { entries: pages, promised }) => {
                let mut tokens = Tokens { all: Vec::new(), promised };
                for page in pages {
                    tokens.all.extend(page.await.unwrap_or_else(|error| resume_unwind(error.into_panic())));
                }
                self.complete(owner, &whose, &mut tokens).await;
                Ok(tokens)
            }
            Err(error) => Err(error),
        };
        List { owner, whose, read }
    }

    fn one(&self, text: Box<RawValue>, owner: Owner, whose: &str) -> One {
        let read = record::read(text.get(), owner, whose);
        let looked = match (&read, owner, &self.settings, self.around.world()) {
            // Who the user is, is known when all of the user's tokens are.
            (Read::Whole(record), Owner::Account(_), Some(settings), Some(world)) => {
                Some(look(record, world, settings, &self.known))
            }
            _ => None,
        };
        One { read, text, looked }
    }

    /// Asks for each token that the list has without its policies. One that cannot be had stays as it is.
    async fn complete(&self, owner: Owner, whose: &str, tokens: &mut Tokens) {
        let mut reading = JoinSet::new();
        for (at, one) in tokens.all.iter().enumerate() {
            let Read::InPart(record, _, Said::No) = &one.read else { continue };
            let (id, tokens, gate) = (record.id, self.manager.tokens(owner), self.gate.clone());
            reading.spawn(async move {
                let _passage = gate.pass().await;
                (at, tokens.written(id).await)
            });
        }
        for (at, text) in reading.join_all().await {
            if let (Ok(text), Some(place)) = (text, tokens.all.get_mut(at)) {
                *place = self.one(text, owner, whose);
            }
        }
    }
}
