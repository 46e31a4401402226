//! What a change of tokens works with.

use std::fmt;
use std::sync::Arc;

use flarekeep_cloudflare::{Client, Owner};

use crate::journal::{Change, Fingerprint, Step, Store, Subject};
use crate::rescue::Rescue;

/// Is told of each step when it has been written down.
pub type Listener = Arc<dyn Fn(&Change, &Step) + Send + Sync>;

/// The credential that manages tokens, the journal, and the place for values that are on their way.
#[derive(Clone)]
pub struct Desk {
    /// Calls with the credential that manages tokens.
    pub manager: Client,
    /// Where changes are written down.
    pub journal: Arc<dyn Store>,
    /// Where values are kept from minting to delivery.
    pub rescue: Rescue,
    /// Whoever wants to show what is done.
    pub listener: Option<Listener>,
}

impl Desk {
    /// The subject of this name and owner.
    #[must_use]
    pub fn subject(&self, owner: Owner, name: &str) -> Subject {
        Subject { api: self.manager.base_url().to_owned(), owner, name: name.to_owned() }
    }

    /// Tells this desk's credential from others.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.manager.credential())
    }

    pub(crate) fn tell(&self, change: &Change, step: &Step) {
        if let Some(listener) = &self.listener {
            listener(change, step);
        }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Desk({:?}, {})", self.manager, self.journal.place())
    }
}
