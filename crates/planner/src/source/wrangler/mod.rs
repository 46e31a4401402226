//! `wrangler.toml`, `wrangler.json` and `wrangler.jsonc`: a Worker's configuration as the needs of wrangler's commands.
//!
//! What a command calls is the recipe of that command; which of the recipe's options a configuration asks for is the
//! table `catalogue/wrangler_keys.tsv`. Here is only how the two are brought together, and where routes lie.

mod causes;
mod commands;
mod configuration;
mod located;
mod named;
mod routes;
mod syntax;
#[cfg(test)]
mod tests;

use flarekeep_catalogue::{AccountId, Operation, Recipe, Whose, WranglerKey, recipe, wrangler_keys};

pub use self::commands::knows;
pub use named::{Named, named};

use self::causes::{Cause, Causes};
use self::commands::{Call, takes_keys};
use self::configuration::Configuration;
use super::{Origin, Place, Reading, SourceError, StatedNeed, Unread, ZoneName};

/// The account that the surroundings of a command name, by CLOUDFLARE_ACCOUNT_ID. What the configuration says goes before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Account {
    /// None: without one in the configuration wrangler looks for the account by itself.
    #[default]
    Unset,
    /// One that only the run can tell, or the caller knows.
    Set,
    /// This one.
    Is(AccountId),
}

/// What is asked of a configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The environment; without one the top level.
    pub environment: Option<&'a str>,
    /// The commands that are run with it, as `deploy`, `d1` or `versions upload`; without one `deploy`.
    pub commands: &'a [String],
    /// The account that the commands' surroundings name.
    pub account: Account,
    /// Whether another file led to the configuration: then it names the environment, and no option does.
    pub followed: bool,
}

/// The names of a configuration's environments.
///
/// # Errors
/// The text is neither language.
pub fn environments(name: &str, text: &str) -> Result<Vec<String>, SourceError> {
    let root = syntax::parse(name, text)?;
    let entries = root.find("env").map_or(&[][..], |environments| environments.value.entries());
    Ok(entries.iter().map(|entry| entry.key.clone()).collect())
}

/// What the commands call whatever their configuration says, for one that cannot be read. Only a deployment calls
/// anything then.
#[must_use]
pub fn without_configuration(commands: &[String], account: Account, origin: &Origin) -> Vec<StatedNeed> {
    let deploys = commands.iter().any(|command| command == "deploy");
    let Some(recipe) = deploys.then(|| recipe("wrangler-deploy").ok()).flatten() else { return Vec::new() };
    let place = Place { account: account.id(), ..Place::default() };
    let needs = recipe.needs().filter(|need| !need.user_only);
    needs
        .map(|need| StatedNeed {
            operation: need.operation,
            place: place.clone(),
            why: need.why.clone(),
            origin: origin.clone(),
        })
        .collect()
}

impl Account {
    /// The account, where it is known.
    #[must_use]
    pub fn id(self) -> Option<AccountId> {
        match self {
            Self::Is(account) => Some(account),
            Self::Unset | Self::Set => None,
        }
    }
}

/// Reads a configuration. The ending of `name` says in which language it is, and where it says nothing the text does. A
/// need of the command itself has the line that names the Worker, any other that of the key which implies it.
///
/// # Errors
/// The text is neither language, or lacks the environment.
pub fn read(name: &str, text: &str, asked: &Asked<'_>) -> Result<Reading, SourceError> {
    let root = syntax::parse(name, text)?;
    let configuration = Configuration::new(name, &root, asked.environment)?;
    let mut work = Work { source: name, configuration: &configuration, account: None, reading: Reading::default() };
    work.read_account(asked.account);
    let calls = work.calls(asked.commands);
    let keys: Vec<WranglerKey> = wrangler_keys().collect();
    let causes = if calls.iter().any(|call| takes_keys(call, &keys)) { work.causes(&keys) } else { Vec::new() };
    for call in &calls {
        work.state(call, &causes);
    }
    work.say_that_the_account_is_looked_for(asked.account);
    if let Some((line, names)) = configuration.passed_over() {
        let them = names.join(", ");
        let instead =
            if asked.followed { "the command names none" } else { "`--env` reads one instead of the top level" };
        work.unread(line, format!("the environments are not read: {them}; {instead}"));
    }
    work.reading.unread.sort_by_key(|unread| unread.origin.line);
    Ok(work.reading)
}

struct Work<'a> {
    source: &'a str,
    configuration: &'a Configuration<'a>,
    account: Option<AccountId>,
    reading: Reading,
}

impl Work<'_> {
    fn read_account(&mut self, surrounding: Account) {
        self.account = surrounding.id();
        let Some(entry) = self.configuration.find("account_id", Whose::Inherited) else { return };
        self.account = entry.value.text().and_then(|id| id.parse().ok());
        if self.account.is_none() {
            self.unread(entry.line, "`account_id` is no account's id".to_owned());
        }
    }

    /// Without an account wrangler asks who it is, and for that no need is planned.
    fn say_that_the_account_is_looked_for(&mut self, surrounding: Account) {
        let calls = self.reading.needs.iter().any(|need| need.operation.concerns_account());
        let named = self.configuration.find("account_id", Whose::Inherited).is_some();
        if surrounding == Account::Unset && calls && !named {
            let looks = "no `account_id`: where CLOUDFLARE_ACCOUNT_ID is not set, wrangler looks for the account by itself, and \
                         calls more for it: set one of them, or add --recipe wrangler-whoami";
            self.unread(self.configuration.line_of_worker(), looks.to_owned());
        }
    }

    /// What the commands call. A Pages project is deployed as one.
    fn calls(&self, commands: &[String]) -> Vec<Call> {
        let deploy = ["deploy".to_owned()];
        let commands = if commands.is_empty() { &deploy } else { commands };
        let is_pages = self.configuration.find("pages_build_output_dir", Whose::Top).is_some();
        let pages = |command: &str| is_pages && command == "deploy";
        commands
            .iter()
            .flat_map(|command| commands::calls(if pages(command) { "pages deploy" } else { command }))
            .collect()
    }

    /// What the keys ask for, and what cannot be known of them.
    fn causes(&mut self, keys: &[WranglerKey]) -> Vec<Cause> {
        let Causes { causes, unread, zones } = causes::read(self.configuration, keys);
        self.reading.zones.merge(zones);
        for (line, what) in unread {
            self.unread(line, what);
        }
        causes
    }

    fn state(&mut self, call: &Call, causes: &[Cause]) {
        let line = self.configuration.line_of_worker();
        match call {
            Call::Recipe(recipe) => self.state_recipe(recipe, line, causes),
            Call::Operation(operation, why) => self.need(operation, why, line, None),
            Call::Unread(what) => self.unread(line, what.clone()),
        }
    }

    /// What a recipe always calls, and what it calls for each of the causes that it has an option for.
    fn state_recipe(&mut self, recipe: &Recipe, line: usize, causes: &[Cause]) {
        for need in recipe.needs().filter(|need| !need.user_only) {
            self.need(need.operation, &need.why, line, None);
        }
        for cause in causes {
            for need in recipe.all_needs.iter().filter(|need| need.option.as_deref() == Some(cause.option)) {
                // Who has a zone's id does not look for it in the list.
                let looks = need.operation.concerns_zone() && !need.operation.names_zone();
                if !(looks && matches!(cause.zone, Some(ZoneName::Id(_)))) {
                    self.need(need.operation, &need.why, cause.line, cause.zone.as_ref());
                }
            }
        }
        if recipe.needs().any(|need| need.user_only) {
            let left_out = "has needs that only a user's token can have, and they are left out";
            self.unread(line, format!("the recipe `{}` {left_out}", recipe.name));
        }
    }

    fn need(&mut self, operation: &'static Operation, why: &str, line: usize, zone: Option<&ZoneName>) {
        let zone = zone.filter(|_| operation.concerns_zone()).cloned();
        self.reading.needs.push(StatedNeed {
            operation,
            place: Place { account: self.account, zone, bucket: None },
            why: why.to_owned(),
            origin: Origin::line(self.source, line),
        });
    }

    fn unread(&mut self, line: usize, what: String) {
        self.reading.unread.push(Unread { origin: Origin::line(self.source, line), what });
    }
}
