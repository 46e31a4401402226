//! What a command has at hand: output, environment, options, and clients made from them.

use std::future::Future;
use std::num::NonZeroUsize;
use std::time::Duration;

use flarekeep_cloudflare::{Client, Credential, DEFAULT_BASE_URL, Notice, Owner};
use flarekeep_planner::Target;
use flarekeep_policy::UnixSeconds;
use tokio::runtime::Builder;

use crate::arguments::{self, Connection, Global, Place};
use crate::environment::{API_BASE_URL, BASE_URL, Environment, SECRETS, Variable};
use crate::error::{CommandError, Kind};
use crate::lend::Lender;
use crate::output::{Output, plain};
use crate::secret;

/// What a command has at hand.
pub(crate) struct Context {
    pub(crate) output: Output,
    pub(crate) environment: Environment,
    pub(crate) connection: Connection,
    pub(crate) place: Place,
    /// Lends a token where none is given.
    pub(crate) lender: Option<Lender>,
}

impl Context {
    pub(crate) fn new(global: Global, output: Output) -> Result<Self, CommandError> {
        let environment = Environment::read()?;
        Ok(Self { output, environment, connection: global.connection, place: global.place, lender: None })
    }

    /// The same at another place, with another lender.
    pub(crate) fn placed(&self, place: Place, lender: Option<Lender>) -> Self {
        let (environment, connection) = (self.environment.clone(), self.connection.clone());
        Self { output: self.output, environment, connection, place, lender }
    }

    /// A client for the token that is looked at.
    pub(crate) fn subject(&self) -> Result<Client, CommandError> {
        self.client(secret::subject(self)?)
    }

    /// A client for the credential that manages tokens.
    pub(crate) fn manager(&self) -> Result<Client, CommandError> {
        self.client(secret::manager(self)?)
    }

    /// The same, where one is given beside the token that is looked at.
    pub(crate) fn optional_manager(&self) -> Result<Option<Client>, CommandError> {
        secret::optional_manager(self)?.map(|credential| self.client(credential)).transpose()
    }

    pub(crate) fn client(&self, credential: Credential) -> Result<Client, CommandError> {
        let output = self.output;
        let mut builder = Client::builder(credential)
            .base_url(self.trusted_base_url()?)
            .on_notice(move |notice| tell(output, &notice));
        if let Some(seconds) = self.connection.timeout {
            builder = builder.timeout(Duration::from_secs(seconds));
        }
        Ok(builder.build()?)
    }
}

impl Context {
    /// Where the API is: as the option has it, else the environment, else Cloudflare's.
    pub(crate) fn base_url(&self) -> &str {
        let configured = self.environment.first(&[API_BASE_URL, BASE_URL]).map(|(_, url)| url);
        self.connection.api_url.as_deref().or(configured).unwrap_or(DEFAULT_BASE_URL)
    }

    /// The same where credentials may be sent there.
    pub(crate) fn trusted_base_url(&self) -> Result<&str, CommandError> {
        let configured = self.environment.first(&[API_BASE_URL, BASE_URL]);
        if let (None, Some((variable, url))) = (&self.connection.api_url, configured) {
            self.refuse_redirection(variable, url)?;
        }
        Ok(self.base_url())
    }

    /// Whether the API is Cloudflare's own.
    pub(crate) fn is_cloudflares(&self) -> bool {
        self.base_url().trim_end_matches('/') == DEFAULT_BASE_URL
    }

    /// A `.env` says where the API is: that is taken only along with the credential of the same file. Otherwise whoever
    /// wrote the file would be sent the credentials of whoever stands in its folder.
    fn refuse_redirection(&self, variable: Variable, url: &str) -> Result<(), CommandError> {
        if !self.environment.is_from_file(variable) {
            return Ok(());
        }
        let present = SECRETS.iter().filter(|secret| self.environment.get(**secret).is_some());
        let (inside, outside): (Vec<Variable>, Vec<Variable>) =
            present.partition(|secret| self.environment.is_from_file(**secret));
        let given = self.connection.global_key.is_some() || self.connection.token_file.is_some();
        if outside.is_empty() && !given && !inside.is_empty() {
            return Ok(());
        }
        Err(CommandError::usage(format!(".env would send your credential to {}", plain(url)))
            .because(format!("{} is set in .env, and the credential is not", variable.name()))
            .hint("if that is meant: --api-url URL, or set the variable in the environment"))
    }
}

fn tell(output: Output, notice: &Notice) {
    match notice {
        Notice::Retrying { call, wait, reason, .. } => {
            output.note(format!("{call} failed ({reason}); trying again in {:.1} s", wait.as_secs_f32()));
        }
        Notice::Pacing { call, wait } if wait.as_secs() > 0 => {
            output.note(format!("{call} waits {} s, to stay below Cloudflare's rate limit", wait.as_secs()));
        }
        _ => {}
    }
}

/// Whose tokens are meant.
pub(crate) fn owner(owner: arguments::Owner, target: &Target) -> Result<Owner, CommandError> {
    match owner {
        arguments::Owner::User => Ok(Owner::User),
        arguments::Owner::Account => target.account.map(Owner::Account).ok_or_else(|| {
            CommandError::usage("which account's tokens are meant is not known")
                .hint("give --account, or set CLOUDFLARE_ACCOUNT_ID")
        }),
    }
}

/// Runs what calls Cloudflare. Commands that call nothing start no runtime.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    on(Builder::new_multi_thread().worker_threads(2), work)
}

/// The same on this thread alone. Thousands of small requests are sent in three fifths of the time so: two threads spend more
/// on waking each other up than one needs for the work.
pub(crate) fn block_on_this_thread<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    on(&mut Builder::new_current_thread(), work)
}

/// The same, with as many threads beside it for blocking work as there are processors: more would take turns, and keep the one
/// that waits for the network from its answers.
pub(crate) fn block_on_beside_work<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    on(Builder::new_current_thread().max_blocking_threads(processors), work)
}

/// How long what nobody waits for any more is waited for.
const LEFT_BEHIND: Duration = Duration::from_millis(100);

fn on<T>(builder: &mut Builder, work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|error| CommandError::new(Kind::Unreachable, format!("cannot start the runtime: {error}")))?;
    let done = runtime.block_on(work);
    // A name may still be looked up for nobody, which would last as long as the resolver's patience.
    runtime.shutdown_timeout(LEFT_BEHIND);
    done
}

/// The time.
pub(crate) fn now() -> UnixSeconds {
    UnixSeconds(jiff::Timestamp::now().as_second())
}
