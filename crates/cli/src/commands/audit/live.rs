//! What the API says of accounts and zones, and how far the reading has come.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::Duration;

use flarekeep_audit::{AccountFacts, Unread, World, ZoneFacts};
use flarekeep_catalogue::AccountId;
use flarekeep_cloudflare::{Account, Client, Error, Gate, Owner, Zone};
use indicatif::{ProgressBar, ProgressStyle};

use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Output, plain};
use crate::place;

/// The accounts whose tokens are audited.
#[derive(Default)]
pub(super) struct Accounts {
    /// Each with what it is called.
    pub(super) audited: Vec<(AccountId, String)>,
    /// What is known of them.
    pub(super) known: BTreeMap<AccountId, AccountFacts>,
    /// Why the list of them could not be read.
    pub(super) error: Option<Error>,
}

/// The account that `--account` names, or all that the credential sees, and the one of the environment: an account's token
/// cannot list accounts.
pub(super) async fn accounts(context: &Context, manager: &Client, gate: &Gate) -> Result<Accounts, CommandError> {
    if let Some(given) = context.place.account.as_deref() {
        let id = place::account(manager, given).await?;
        let name = given.parse::<AccountId>().is_err().then(|| given.to_owned());
        return Ok(Accounts::of(vec![Account { id, name: name.unwrap_or_default() }], None));
    }
    let listed = manager.accounts().listed(gate).await;
    let (mut accounts, error) = match listed {
        Ok(listed) => (listed.entries, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let configured = place::given_account(context).and_then(|text| text.parse().ok());
    if let Some(id) = configured.filter(|id| accounts.iter().all(|account| account.id != *id)) {
        accounts.push(Account { id, name: String::new() });
    }
    // With the one account of an account's token, the list is not needed.
    Ok(Accounts::of(accounts, error.filter(|_| configured.is_none())))
}

impl Accounts {
    fn of(mut accounts: Vec<Account>, error: Option<Error>) -> Self {
        accounts.sort_by_key(|account| account.id);
        accounts.dedup_by_key(|account| account.id);
        let named = |account: &Account| match account.name.as_str() {
            "" => format!("account {}", account.id),
            name => format!("account {}", plain(name)),
        };
        let facts = |account: &Account| AccountFacts {
            name: (!account.name.is_empty()).then(|| account.name.clone()),
            ..AccountFacts::default()
        };
        Self {
            audited: accounts.iter().map(|account| (account.id, named(account))).collect(),
            known: accounts.iter().map(|account| (account.id, facts(account))).collect(),
            error,
        }
    }
}

/// What is known around the tokens, as it comes in: where all of it is there, tokens can be looked at.
pub(super) struct Around {
    accounts: OnceLock<BTreeMap<AccountId, AccountFacts>>,
    zones: OnceLock<Result<Vec<Zone>, String>>,
    /// Whether the list of zones is whole: a token may see some zones of an account and not the others, and how many there
    /// are is known to the user's own key alone.
    sees_all: bool,
    world: OnceLock<World>,
}

impl Around {
    pub(super) fn new(sees_all: bool) -> Self {
        Self { accounts: OnceLock::new(), zones: OnceLock::new(), sees_all, world: OnceLock::new() }
    }

    /// Takes over what is known of accounts.
    pub(super) fn learn_accounts(&self, accounts: &BTreeMap<AccountId, AccountFacts>) {
        self.accounts.get_or_init(|| accounts.clone());
    }

    /// Reads the zones that the credential sees.
    pub(super) async fn learn_zones(&self, manager: &Client, gate: &Gate) {
        let listed = manager.zones().listed(None, gate).await;
        self.zones.get_or_init(|| listed.map(|listed| listed.entries).map_err(|error| why(&error)));
    }

    /// A world without tokens, once accounts and zones are known.
    pub(super) fn world(&self) -> Option<&World> {
        let (accounts, zones) = (self.accounts.get()?, self.zones.get()?);
        Some(self.world.get_or_init(|| self.joined(accounts, zones)))
    }

    fn joined(&self, accounts: &BTreeMap<AccountId, AccountFacts>, zones: &Result<Vec<Zone>, String>) -> World {
        let mut world = World { accounts: accounts.clone(), ..World::default() };
        let zones = match zones {
            Ok(zones) => zones,
            Err(why) => {
                let why = format!("{why}; without it zones have no names here, and nobody knows how many there are");
                world.unread.push(Unread { what: "the list of zones".to_owned(), why });
                return world;
            }
        };
        let mut numbers: BTreeMap<AccountId, u64> = BTreeMap::new();
        for zone in zones {
            let account = zone.account.as_ref();
            let facts = ZoneFacts { name: Some(zone.name.clone()), account: account.map(|account| account.id) };
            world.zones.insert(zone.id, facts);
            if let Some(account) = account {
                let known = world.accounts.entry(account.id).or_default();
                known.name = known.name.take().or_else(|| account.name.clone());
                *numbers.entry(account.id).or_default() += 1;
            }
        }
        if self.sees_all {
            for (id, facts) in &mut world.accounts {
                facts.zones = Some(numbers.get(id).copied().unwrap_or(0));
            }
        }
        world
    }
}

/// Why a call failed, as a clause.
pub(super) fn why(error: &Error) -> String {
    plain(&error.to_string())
}

/// Why the tokens of an owner could not be read, and what it takes.
pub(super) fn why_of_tokens(owner: Owner, error: &Error) -> String {
    let (group, left_out) = match owner {
        Owner::User => ("API Tokens Read", "--owner account leaves them out"),
        Owner::Account(_) => ("Account API Tokens Read", "--account or --owner user leaves them out"),
    };
    match error {
        Error::Refused { .. } => format!("{}; it takes the permission {group}, and {left_out}", why(error)),
        _ => why(error),
    }
}

/// How many tokens were read, on a terminal.
#[derive(Clone)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn start(output: Output) -> Self {
        if output.quiet || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("  reading tokens {bar:30} {pos}/{len}");
        let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// So many came; at the first page of a list it is known how many it has.
    pub(super) fn came(&self, came: usize, of: Option<u64>) {
        let came = u64::try_from(came).unwrap_or(u64::MAX);
        // A server may lie about its totals: nothing but the bar depends on them.
        self.0.inc_length(of.unwrap_or(0).min(1_000_000));
        self.0.inc(came);
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
