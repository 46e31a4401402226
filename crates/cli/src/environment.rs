//! Every environment variable that the program reads, declared once, and `.env` behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use flarekeep_catalogue::Holds;
use secrecy::SecretString;

use crate::error::CommandError;

/// A variable that the program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Variable(&'static str);

/// The API token that does the work, or is looked at.
pub(crate) const API_TOKEN: Variable = Variable("CLOUDFLARE_API_TOKEN");
/// The e-mail address that belongs to the Global API key.
pub(crate) const EMAIL: Variable = Variable("CLOUDFLARE_EMAIL");
/// The Global API key, as Cloudflare's tools call it.
pub(crate) const API_KEY: Variable = Variable("CLOUDFLARE_API_KEY");
/// The Global API key, as the permission guides call it.
pub(crate) const GLOBAL_KEY: Variable = Variable("CLOUDFLARE_GLOBAL_KEY");
/// A token that may manage tokens, apart from the one that is looked at.
pub(crate) const ADMIN_TOKEN: Variable = Variable("FLAREKEEP_ADMIN_TOKEN");
/// The account: an id or a name.
pub(crate) const ACCOUNT: Variable = Variable("CLOUDFLARE_ACCOUNT_ID");
/// The zone: an id or a name.
pub(crate) const ZONE: Variable = Variable("CLOUDFLARE_ZONE_ID");
/// Where the API is, as wrangler calls it.
pub(crate) const API_BASE_URL: Variable = Variable("CLOUDFLARE_API_BASE_URL");
/// Where the API is, as the official SDKs call it.
pub(crate) const BASE_URL: Variable = Variable("CLOUDFLARE_BASE_URL");
/// The bucket of the tenants' sites, as the earlier system calls it.
pub(crate) const R2_BUCKET: Variable = Variable("R2_BUCKET_NAME");
/// Where by law that bucket lies.
pub(crate) const R2_JURISDICTION: Variable = Variable("R2_JURISDICTION");
/// The domain whose labels are tenants.
pub(crate) const PLATFORM_DOMAIN: Variable = Variable("PLATFORM_DOMAIN");
/// The script of the router.
pub(crate) const WORKER: Variable = Variable("WORKER_SCRIPT_NAME");

/// The database that keeps the journal of a team. It is not taken from `.env`, as the folders below are not: a `.env`
/// belongs to the folder that one stands in, which may be somebody else's, and whoever keeps the journal learns which
/// tokens there are, says where their values are delivered when a change is taken up, and says what was done already.
const DATABASE_URL: Variable = Variable("FLAREKEEP_DATABASE_URL");
/// Where a user's settings lie (XDG Base Directory Specification).
const CONFIG_HOME: Variable = Variable("XDG_CONFIG_HOME");
/// Where a user's data lies.
const DATA_HOME: Variable = Variable("XDG_DATA_HOME");
/// Where a user's state lies: what outlives a run and is of no use elsewhere.
const STATE_HOME: Variable = Variable("XDG_STATE_HOME");
/// Where R2's S3 face is, as this program and scripts around R2 call it.
const R2_ENDPOINT: Variable = Variable("R2_ENDPOINT");
/// The same, as the AWS SDKs call it.
const AWS_ENDPOINT_S3: Variable = Variable("AWS_ENDPOINT_URL_S3");
/// Where visitors are answered, as `emulate --edge` prints it.
const EDGE_URL: Variable = Variable("FLAREKEEP_EDGE_URL");
/// Where all of AWS is, as its SDKs call it.
const AWS_ENDPOINT: Variable = Variable("AWS_ENDPOINT_URL");
/// A pair of R2's keys, likewise.
const R2_ACCESS_KEY_ID: Variable = Variable("R2_ACCESS_KEY_ID");
const R2_SECRET_ACCESS_KEY: Variable = Variable("R2_SECRET_ACCESS_KEY");
/// What temporary keys have beside.
const R2_SESSION_TOKEN: Variable = Variable("R2_SESSION_TOKEN");
/// The user's own folder.
const HOME: Variable = Variable("HOME");

/// The variables that hold a secret.
pub(crate) const SECRETS: [Variable; 4] = [API_TOKEN, API_KEY, GLOBAL_KEY, ADMIN_TOKEN];

const ALL: [Variable; 13] = [
    API_TOKEN,
    EMAIL,
    API_KEY,
    GLOBAL_KEY,
    ADMIN_TOKEN,
    ACCOUNT,
    ZONE,
    API_BASE_URL,
    BASE_URL,
    R2_BUCKET,
    R2_JURISDICTION,
    PLATFORM_DOMAIN,
    WORKER,
];

impl Variable {
    pub(crate) const fn name(self) -> &'static str {
        self.0
    }
}

/// The values of the variables: from the process's environment, else from `.env` in the working directory.
/// Neither Debug nor Display: some of them are secret.
#[derive(Clone)]
pub(crate) struct Environment {
    values: BTreeMap<Variable, String>,
    /// Those that `.env` gave. The file belongs to the folder, and the folder may be somebody else's.
    from_file: BTreeSet<Variable>,
}

impl Environment {
    /// Reads the environment and then `.env`, of which only the variables above are taken.
    pub(crate) fn read() -> Result<Self, CommandError> {
        let mut values = dot_env(Path::new(".env"))?;
        let mut from_file: BTreeSet<Variable> = values.keys().copied().collect();
        for variable in ALL {
            match std::env::var(variable.name()) {
                Ok(value) => {
                    values.insert(variable, value);
                    from_file.remove(&variable);
                }
                Err(std::env::VarError::NotPresent) => {}
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(CommandError::usage(format!("{} is not valid UTF-8", variable.name())));
                }
            }
        }
        values.retain(|_, value| !value.is_empty());
        from_file.retain(|variable| values.contains_key(variable));
        Ok(Self { values, from_file })
    }

    /// An environment in which no variable is set.
    pub(crate) fn empty() -> Self {
        Self { values: BTreeMap::new(), from_file: BTreeSet::new() }
    }

    /// The value of the first of the variables that is set, and which it was.
    pub(crate) fn first(&self, variables: &[Variable]) -> Option<(Variable, &str)> {
        variables.iter().find_map(|variable| Some((*variable, self.get(*variable)?)))
    }

    pub(crate) fn get(&self, variable: Variable) -> Option<&str> {
        self.values.get(&variable).map(String::as_str)
    }

    /// Whether the value came from `.env`.
    pub(crate) fn is_from_file(&self, variable: Variable) -> bool {
        self.from_file.contains(&variable)
    }
}

/// The variables that the file sets. Only the lines that name one of ours are read: other tools use the file, too.
fn dot_env(path: &Path) -> Result<BTreeMap<Variable, String>, CommandError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(_) => return Err(unreadable(path)),
    };
    let names_ours = |line: &&str| ALL.iter().any(|variable| line.contains(variable.name()));
    let ours: String = text.lines().filter(names_ours).flat_map(|line| [line, "\n"]).collect();
    let mut values = BTreeMap::new();
    for line in dotenvy::from_read_iter(ours.as_bytes()) {
        // The error of the library quotes the line, and the line may hold a secret.
        let (name, value) = line.map_err(|_| unreadable(path))?;
        if let Some(variable) = ALL.into_iter().find(|variable| variable.name() == name) {
            values.insert(variable, value);
        }
    }
    Ok(values)
}

/// The URL of the database that keeps the journal, where one is set. It holds a password.
pub(crate) fn database_url() -> Result<Option<SecretString>, CommandError> {
    match std::env::var(DATABASE_URL.name()) {
        Ok(url) => Ok(Some(url).filter(|url| !url.is_empty()).map(SecretString::from)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(CommandError::usage(format!("{} is not valid UTF-8", DATABASE_URL.name())))
        }
    }
}

/// Where R2's S3 face is, where somebody said so. A `.env` does not: R2's keys are no business of a folder's.
pub(crate) fn r2_endpoint() -> Option<String> {
    set(R2_ENDPOINT)
}

/// Where visitors are answered, where somebody said so. A `.env` does not say it, either.
pub(crate) fn edge_url() -> Option<String> {
    set(EDGE_URL)
}

/// A pair of R2's keys with what temporary ones have beside: the id, the secret, the session's token.
pub(crate) fn r2_keys() -> (Option<String>, Option<SecretString>, Option<SecretString>) {
    let secret = |variable| set(variable).map(SecretString::from);
    (set(R2_ACCESS_KEY_ID), secret(R2_SECRET_ACCESS_KEY), secret(R2_SESSION_TOKEN))
}

/// Where S3 is, for whoever is started from here.
pub(crate) fn s3_endpoint() -> Option<String> {
    set(AWS_ENDPOINT_S3).or_else(|| set(AWS_ENDPOINT))
}

fn set(variable: Variable) -> Option<String> {
    std::env::var(variable.name()).ok().filter(|value| !value.is_empty())
}

/// The variables of a Global API key that a `.env` in the working directory sets, whatever the environment has. The
/// file is looked at line by line, since other programs take lines of it that this one does not read.
pub(crate) fn keys_in_dot_env() -> Vec<String> {
    let text = std::fs::read_to_string(".env").unwrap_or_default();
    let is_key = |name: &String| {
        flarekeep_catalogue::variables().any(|variable| variable.holds == Holds::Key && variable.name == name)
    };
    let mut keys: Vec<String> = text.lines().filter_map(set_by).filter(is_key).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Whether a `.env` in the working directory sets a variable: programs read the file by themselves.
pub(crate) fn dot_env_sets(name: &str) -> bool {
    let text = std::fs::read_to_string(".env").unwrap_or_default();
    text.lines().filter_map(set_by).any(|set| set == name)
}

/// The variable that a line of a `.env` sets.
fn set_by(line: &str) -> Option<String> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.split_once('=').map(|(name, _)| name.trim().to_owned())
}

/// The user's folder of settings for this program: below `XDG_CONFIG_HOME`, else below `~/.config`.
pub(crate) fn config_folder() -> Option<PathBuf> {
    folder(CONFIG_HOME, ".config")
}

/// The user's folder of data of this program: below `XDG_DATA_HOME`, else below `~/.local/share`.
pub(crate) fn data_folder() -> Option<PathBuf> {
    folder(DATA_HOME, ".local/share")
}

/// The user's folder of state of this program: below `XDG_STATE_HOME`, else below `~/.local/state`.
pub(crate) fn state_folder() -> Option<PathBuf> {
    folder(STATE_HOME, ".local/state")
}

/// The program's folder in the one that the variable names, else in the usual one of the user's own folder. A path that
/// is not absolute is as good as none, as the specification has it. A `.env` moves neither: the folder that one stands in
/// may be somebody else's.
fn folder(variable: Variable, usual: &str) -> Option<PathBuf> {
    let absolute =
        |variable: Variable| std::env::var_os(variable.name()).map(PathBuf::from).filter(|path| path.is_absolute());
    Some(absolute(variable).or_else(|| Some(absolute(HOME)?.join(usual)))?.join("flarekeep"))
}

fn unreadable(path: &Path) -> CommandError {
    CommandError::usage(format!("cannot read `{}`", path.display()))
        .because("a line of it is not `NAME=value`, or the file cannot be opened")
        .hint("values with spaces stand in quotes: NAME=\"two words\"")
}
