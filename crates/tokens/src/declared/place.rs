//! The places that a declaration names: which names are to be looked up, and what was found.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{AccountId, ZoneId};
use flarekeep_policy::Ownership;

use super::document::{Declared, Whose, ZoneRef};
use super::wanted::DeclaredError;

/// Stands for every account.
pub(super) const EVERY: &str = "*";

/// The names, and not the ids, that declarations hold: what has to be looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Accounts.
    pub accounts: BTreeSet<String>,
    /// Zones.
    pub zones: BTreeSet<String>,
}

/// What the names stand for.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Accounts by name.
    pub accounts: BTreeMap<String, AccountId>,
    /// Zones by name, in lower case, and the account that owns each, where that is known.
    pub zones: BTreeMap<String, (ZoneId, Option<AccountId>)>,
}

impl Names {
    /// The names of all of these.
    #[must_use]
    pub fn of<'a>(tokens: impl IntoIterator<Item = &'a Declared>) -> Self {
        let mut names = Self::default();
        for token in tokens {
            names.add(token);
        }
        names
    }

    fn add(&mut self, token: &Declared) {
        let grants = &token.purpose.grants;
        let zones: Vec<&ZoneRef> = token.zones.iter().chain(grants.iter().flat_map(|grant| &grant.at.zones)).collect();
        let accounts = grants.iter().flat_map(|grant| &grant.at.accounts).chain(&token.account);
        let accounts = accounts.chain(zones.iter().filter_map(|zone| zone.account.as_ref()));
        let named = |text: &&String| text.as_str() != EVERY && text.parse::<AccountId>().is_err();
        self.accounts.extend(accounts.filter(named).cloned());
        let zones = zones.iter().filter_map(|zone| zone.zone.as_ref());
        self.zones.extend(zones.filter(|text| text.parse::<ZoneId>().is_err()).cloned());
    }
}

impl Places {
    /// The account that an id or a name stands for.
    ///
    /// # Errors
    /// If nobody looked the name up, or it was not found.
    pub fn account(&self, text: &str) -> Result<AccountId, DeclaredError> {
        let found = text.parse().ok().or_else(|| self.accounts.get(text).copied());
        found.ok_or_else(|| DeclaredError::Unknown { kind: "account", name: text.to_owned() })
    }

    /// The zone that an id or a name stands for, and its account.
    ///
    /// # Errors
    /// If nobody looked the name up, or it was not found.
    pub fn zone(&self, text: &str) -> Result<(ZoneId, Option<AccountId>), DeclaredError> {
        if let Ok(id) = text.parse() {
            let known = self.zones.values().find(|(zone, _)| *zone == id);
            return Ok((id, known.and_then(|(_, account)| *account)));
        }
        let found = self.zones.get(text).copied();
        found.ok_or_else(|| DeclaredError::Unknown { kind: "zone", name: text.to_owned() })
    }

    /// Which account owns which zone, as far as it is known.
    #[must_use]
    pub fn ownership(&self) -> Ownership {
        self.zones.values().filter_map(|(zone, account)| Some((*zone, (*account)?))).collect()
    }

    /// The account of a declared token: the one that it names; for a user's token else the one that owns all of its zones.
    ///
    /// # Errors
    /// If an account is to own the token and none is named, or a name was not found.
    pub fn account_of(&self, token: &Declared) -> Result<Option<AccountId>, DeclaredError> {
        if let Some(text) = &token.account {
            return self.account(text).map(Some);
        }
        if token.whose == Whose::Account {
            return Err(DeclaredError::NoAccount);
        }
        let mut owners = BTreeSet::new();
        for zone in token.zones.iter().filter_map(|zone| zone.zone.as_ref()) {
            owners.extend(self.zone(zone)?.1);
        }
        Ok(owners.pop_first().filter(|_| owners.is_empty()))
    }
}
