//! What is audited: tokens, and what is known of the accounts, zones and calls around them.

use std::collections::BTreeMap;
use std::fmt;

use flarekeep_catalogue::{AccountId, TokenId, ZoneId};
use jiff::Timestamp;

use crate::pages::ListPage;
use crate::token::TokenRecord;
use crate::usage::Usage;

/// What is audited.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct World {
    /// The tokens.
    pub tokens: Vec<TokenRecord>,
    /// What is known of accounts.
    pub accounts: BTreeMap<AccountId, AccountFacts>,
    /// What is known of zones.
    pub zones: BTreeMap<ZoneId, ZoneFacts>,
    /// How tokens were used; none where nobody looked.
    pub usage: Option<Usage>,
    /// What could not be read, so that nothing is known of it.
    pub unread: Vec<Unread>,
    /// Tokens of which a file does not say what they grant; another may.
    pub silent: Vec<(TokenId, Unread)>,
    /// The pages of lists that were read, as far as they say how long their list is: an audit says where some are missing.
    pub pages: Vec<ListPage>,
    /// Whether some of the tokens were left out on purpose, as those of other owners: nothing is said of what is not there.
    pub is_part: bool,
    /// The instant as which the files want to be read ("as_of"): an example whose findings never change.
    pub as_of: Option<Timestamp>,
}

/// What is known of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFacts {
    /// Its name.
    pub name: Option<String>,
    /// How many zones it has.
    pub zones: Option<u64>,
    /// How many tokens it may own; Cloudflare's documented limit where it is not given.
    pub token_quota: Option<u64>,
}

/// What is known of a zone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ZoneFacts {
    /// Its name.
    pub name: Option<String>,
    /// The account that owns it.
    pub account: Option<AccountId>,
}

/// Where something was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The API.
    Live,
    /// A file.
    File {
        /// Its name, as it was given.
        name: String,
        /// The line, from 1.
        line: usize,
    },
}

/// What could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What: `the tokens of account Example Ltd`, `tokens.json:12`.
    pub what: String,
    /// Why, and what would help, as a clause.
    pub why: String,
}

impl fmt::Display for Place {
    /// `live`, or file and line: `tokens.json:12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str("live"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
        }
    }
}

impl World {
    /// Takes in what was read elsewhere. What was known before of an account or a zone stays.
    pub fn merge(&mut self, other: Self) {
        self.tokens.extend(other.tokens);
        for (id, facts) in other.accounts {
            let known = self.accounts.entry(id).or_default();
            known.name = known.name.take().or(facts.name);
            known.zones = known.zones.or(facts.zones);
            known.token_quota = known.token_quota.or(facts.token_quota);
        }
        for (id, facts) in other.zones {
            let known = self.zones.entry(id).or_default();
            known.name = known.name.take().or(facts.name);
            known.account = known.account.or(facts.account);
        }
        match (&mut self.usage, other.usage) {
            (Some(usage), Some(more)) => usage.merge(more),
            (usage @ None, more) => *usage = more,
            (Some(_), None) => {}
        }
        self.unread.extend(other.unread);
        self.silent.extend(other.silent);
        self.pages.extend(other.pages);
        self.is_part |= other.is_part;
        self.as_of = self.as_of.or(other.as_of);
    }
}
