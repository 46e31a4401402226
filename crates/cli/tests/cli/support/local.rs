//! A local Cloudflare in this process, and a folder whose commands speak to it.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use flarekeep_cloudflare::{Client, Credential, Owner, Token};
use flarekeep_emulator::{BarredAnswer, Emulator, Facts, LogEntry, Options, Running, Server, World};
use tokio::runtime::Runtime;

use super::run::Home;
use super::secrets::fresh_value;

pub(crate) const ACCOUNT: &str = "aaaa0000aaaa0000aaaa0000aaaa0001";
pub(crate) const ZONE: &str = "bbbb0000bbbb0000bbbb0000bbbb0001";
/// A zone of the same account.
pub(crate) const OTHER_ZONE: &str = "bbbb0000bbbb0000bbbb0000bbbb0002";
const USER: &str = "cccc0000cccc0000cccc0000cccc0001";

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(work)
}

/// A running emulator, and a home that is set up for it: Global API key, account, zone.
pub(crate) struct Local {
    pub(crate) home: Home,
    pub(crate) emulator: Emulator,
    pub(crate) facts: Facts,
    pub(crate) running: Running,
    calls: Arc<Mutex<Vec<LogEntry>>>,
}

impl Local {
    pub(crate) fn start() -> Self {
        Self::with(Options::default())
    }

    /// A world whose clock can be turned, and where verifying tells a token's status.
    pub(crate) fn with_a_clock() -> (Self, Arc<AtomicI64>) {
        let clock = Arc::new(AtomicI64::new(jiff::Timestamp::now().as_second()));
        let hand = clock.clone();
        let options = Options {
            clock: Some(Arc::new(move || hand.load(Ordering::Relaxed))),
            barred: BarredAnswer::StatusOnVerify,
            ..Options::default()
        };
        (Self::with(options), clock)
    }

    pub(crate) fn with(options: Options) -> Self {
        Self::in_world(options, "")
    }

    /// A world that has this, too, in its file's own words.
    pub(crate) fn in_world(options: Options, more: &str) -> Self {
        let world = format!(
            "[[account]]\nname = 'Acme'\nid = '{ACCOUNT}'\n\
             [[user]]\nemail = 'ada@example.com'\nid = '{USER}'\nglobal_key = '{}'\n\
             [[zone]]\nname = 'example.com'\nid = '{ZONE}'\naccount = 'Acme'\n\
             [[zone]]\nname = 'example.org'\nid = '{OTHER_ZONE}'\naccount = 'Acme'\n{more}",
            fresh_value("cfk_")
        );
        let calls = Arc::new(Mutex::new(Vec::new()));
        let log = calls.clone();
        let on_decision = Arc::new(move |entry: &LogEntry| log.lock().unwrap().push(entry.clone()));
        let options = Options { on_decision: Some(on_decision), ..options };
        let emulator = Emulator::new(World::from_toml(&world).unwrap(), options);
        let running = block_on(Server::start(emulator.clone(), ([127, 0, 0, 1], 0).into())).unwrap();
        let facts = emulator.facts();
        let mut home = Home::new();
        home.keep_secret(&facts.global_key);
        home.set("CLOUDFLARE_API_BASE_URL", &running.api_url());
        home.set("CLOUDFLARE_EMAIL", &facts.email);
        home.set("CLOUDFLARE_API_KEY", &facts.global_key);
        home.set("CLOUDFLARE_ACCOUNT_ID", ACCOUNT);
        home.set("CLOUDFLARE_ZONE_ID", ZONE);
        for (text, word) in [
            (ACCOUNT, "[account]"),
            (ZONE, "[zone]"),
            (OTHER_ZONE, "[other zone]"),
            (USER, "[user]"),
            (&running.address().to_string(), "127.0.0.1:[port]"),
        ] {
            home.call(text, word);
        }
        Self { home, emulator, facts, running, calls }
    }

    /// A client with the Global API key, apart from the program.
    pub(crate) fn admin(&self) -> Client {
        let key = Credential::global_key(&self.facts.email, &self.facts.global_key).unwrap();
        Client::builder(key).base_url(&self.running.api_url()).unpaced().build().unwrap()
    }

    pub(crate) fn tokens_of(&self, owner: Owner) -> Vec<Token> {
        block_on(self.admin().tokens(owner).list_with_expired()).unwrap()
    }

    /// The user's tokens as they are at the emulator.
    pub(crate) fn tokens(&self) -> Vec<Token> {
        self.tokens_of(Owner::User)
    }

    /// The account's tokens as they are at the emulator.
    pub(crate) fn account_tokens(&self) -> Vec<Token> {
        self.tokens_of(Owner::Account(self.facts.account_id))
    }

    /// Whether the emulator takes this value.
    pub(crate) fn is_alive(&self, value: &str) -> bool {
        let token = Credential::token(value).unwrap();
        let client = Client::builder(token).base_url(&self.running.api_url()).unpaced().build().unwrap();
        block_on(flarekeep_tokens::is_dead(&client, Some(self.facts.account_id))).is_ok_and(|dead| !dead)
    }

    /// The calls so far, as `METHOD path → status`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().map(|call| format!("{} {} {}", call.method, call.path, call.status)).collect()
    }

    /// The decisions so far.
    pub(crate) fn decisions(&self) -> Vec<LogEntry> {
        self.calls.lock().unwrap().clone()
    }

    /// Makes a token by the program, with its value in `.env`, where later commands find it.
    #[track_caller]
    pub(crate) fn token(&self, rest: &str) -> String {
        self.run(&format!("token create --to env:.env --yes {rest}")).ended(0);
        self.value_in(".env")
    }

    /// The R2-only token of the story.
    #[track_caller]
    pub(crate) fn narrow_token(&self) -> String {
        self.token("--name story --operation 'POST /accounts/{account_id}/r2/buckets'")
    }

    /// Puts no credential into the environment any more, so that what is in `.env` counts alone.
    pub(crate) fn forget_the_key(&mut self) {
        self.home.set("CLOUDFLARE_EMAIL", "");
        self.home.set("CLOUDFLARE_API_KEY", "");
    }
}

impl Deref for Local {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.home
    }
}

impl DerefMut for Local {
    fn deref_mut(&mut self) -> &mut Home {
        &mut self.home
    }
}
