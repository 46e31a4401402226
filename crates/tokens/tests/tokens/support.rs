//! An emulator, clients of it, and a transport that breaks the calls that it is told to.

pub(crate) mod postgres;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flarekeep_catalogue::{AccountId, UserId, ZoneId, recipe};
use flarekeep_cloudflare::{
    BoxFuture, Client, ClientBuilder, Credential, HttpRequest, HttpResponse, HttpTransport, NewToken, Owner, Policy,
    RetrySettings, Stage, Token, Transport, TransportError,
};
use flarekeep_emulator::{Emulator, Options, Running, Server, World};
use flarekeep_planner::{Plan, Target, needs_of_recipe, plan};
use flarekeep_policy::UnixSeconds;
use flarekeep_tokens::{Desk, Rescue, Sqlite};
use secrecy::{ExposeSecret, SecretString};

pub(crate) const ACCOUNT: AccountId = AccountId::from_u128(0xaaaa0000_aaaa0000_aaaa0000_aaaa0001);
pub(crate) const ZONE: ZoneId = ZoneId::from_u128(0xbbbb0000_bbbb0000_bbbb0000_bbbb0001);
pub(crate) const OTHER_ZONE: ZoneId = ZoneId::from_u128(0xbbbb0000_bbbb0000_bbbb0000_bbbb0002);
pub(crate) const TARGET: Target = Target { account: Some(ACCOUNT), zone: Some(ZONE), every_zone: false, bucket: None };

/// A running emulator without limits.
pub(crate) struct Local {
    pub(crate) emulator: Emulator,
    running: Running,
    credential: Credential,
    /// Another user's.
    pub(crate) stranger: Credential,
    /// Shared by all clients: its connections last as long as the test's runtime.
    network: Arc<HttpTransport>,
}

impl Local {
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// The same with these switches.
    pub(crate) async fn with(options: Options) -> Self {
        let world = World::from_toml(&format!(
            "[[account]]\nname = 'Acme'\nid = '{ACCOUNT}'\n[[user]]\nemail = 'ada@example.com'\n[[user]]\nemail = 'eve@example.com'\n\
             [[zone]]\nname = 'example.com'\nid = '{ZONE}'\n[[zone]]\nname = 'example.org'\nid = '{OTHER_ZONE}'\n"
        ));
        let options = Options { rate_limit: None, tokens_per_user: 10_000, ..options };
        let world = world.unwrap();
        let eve = &world.users[1];
        let stranger = Credential::global_key(&eve.email, &eve.global_key).unwrap();
        let emulator = Emulator::new(world, options);
        let running = Server::start(emulator.clone(), ([127, 0, 0, 1], 0).into()).await.unwrap();
        let facts = emulator.facts();
        let credential = Credential::global_key(&facts.email, &facts.global_key).unwrap();
        let network = Arc::new(HttpTransport::loopback(Duration::from_secs(30)).unwrap());
        Self { emulator, running, credential, stranger, network }
    }

    fn builder(&self, credential: Credential, line: &Line) -> ClientBuilder {
        // Repeats as in earnest, and waits for nothing.
        let retry = RetrySettings {
            first_delay: Duration::from_micros(1),
            longest_wait: Duration::from_micros(2),
            ..RetrySettings::default()
        };
        Client::builder(credential)
            .base_url(&self.running.api_url())
            .retry(retry)
            .unpaced()
            .transport(Wire(self.network.clone(), line.clone()))
    }

    /// Where another process finds it.
    pub(crate) fn api_url(&self) -> String {
        self.running.api_url()
    }

    /// A client with the Global API key over a good line.
    pub(crate) fn admin(&self) -> Client {
        self.through(&Line::good())
    }

    /// A client with the Global API key over a line with these faults.
    pub(crate) fn through(&self, line: &Line) -> Client {
        self.builder(self.credential.clone(), line).build().unwrap()
    }

    /// A desk with the Global API key over this line, whose journal is in the folder.
    pub(crate) async fn desk(&self, line: &Line, state: &Path) -> Desk {
        self.desk_of(self.credential.clone(), line, state).await
    }

    /// The same with another credential.
    pub(crate) async fn desk_of(&self, credential: Credential, line: &Line, state: &Path) -> Desk {
        let journal = Arc::new(Sqlite::open(state).await.unwrap());
        let rescue = Rescue::new(state, &credential);
        Desk { manager: self.builder(credential, line).build().unwrap(), journal, rescue, listener: None }
    }

    pub(crate) fn client_of(&self, value: &SecretString) -> Client {
        self.builder(Credential::token(value.expose_secret()).unwrap(), &Line::good()).build().unwrap()
    }

    pub(crate) async fn is_alive(&self, value: &str) -> bool {
        let client = self.client_of(&SecretString::from(value));
        !flarekeep_tokens::is_dead(&client, None).await.unwrap()
    }

    pub(crate) async fn tokens(&self) -> Vec<Token> {
        self.admin().tokens(Owner::User).list_with_expired().await.unwrap()
    }

    pub(crate) async fn mint(&self, new: &NewToken) -> (Token, SecretString) {
        let made = self.admin().tokens(Owner::User).create(new).await.unwrap();
        (made.token, made.value)
    }

    pub(crate) async fn clear(&self) {
        for token in self.tokens().await {
            self.admin().tokens(Owner::User).delete(token.id).await.unwrap();
        }
    }
}

/// What can go wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call is carried out, and the line breaks before the answer.
    LostAfterActing,
    /// The line breaks before the call is carried out, and nobody can tell.
    LostBeforeActing,
    /// The call is carried out, and the answer does not come in time.
    TimedOutAfterActing,
    /// No connection: certainly not carried out.
    NotSent,
    /// Carried out, and something on the way answers 502 with a page.
    BadGatewayAfterActing,
    /// Not carried out, and Cloudflare answers 500 in its JSON.
    ServerErrorBeforeActing,
    /// Not carried out: turned away at the door for an hour.
    Limited,
    /// Not carried out: a login page says 200.
    LoginPage,
    /// Carried out, and the answer says yes and nothing else.
    EmptyAfterActing,
}

impl Fault {
    pub(crate) const ALL: [Self; 9] = [
        Self::LostAfterActing,
        Self::LostBeforeActing,
        Self::TimedOutAfterActing,
        Self::NotSent,
        Self::BadGatewayAfterActing,
        Self::ServerErrorBeforeActing,
        Self::Limited,
        Self::LoginPage,
        Self::EmptyAfterActing,
    ];

    fn acts(self) -> bool {
        matches!(
            self,
            Self::LostAfterActing | Self::TimedOutAfterActing | Self::BadGatewayAfterActing | Self::EmptyAfterActing
        )
    }

    fn answer(self) -> Result<HttpResponse, TransportError> {
        let broken = |stage| Err(TransportError { stage, detail: "a fault of the test".to_owned() });
        let answer = |status, kind: &str, body: &'static str| {
            let headers = [("content-type", kind), ("retry-after", "3600")].into_iter();
            let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            Ok(HttpResponse { status, headers, body: body.into() })
        };
        match self {
            Self::LostAfterActing | Self::LostBeforeActing => broken(Stage::Ambiguous),
            Self::TimedOutAfterActing => broken(Stage::TimedOut),
            Self::NotSent => broken(Stage::NotSent),
            Self::BadGatewayAfterActing => answer(502, "text/html", "<html>bad gateway</html>"),
            Self::ServerErrorBeforeActing => {
                let body = r#"{"success":false,"errors":[{"code":10001,"message":"internal error"}],"messages":[],"result":null}"#;
                answer(500, "application/json", body)
            }
            Self::Limited => answer(429, "text/plain", "error code: 1015"),
            Self::LoginPage => answer(200, "text/html", "<html>please log in</html>"),
            Self::EmptyAfterActing => {
                answer(200, "application/json", r#"{"success":true,"errors":[],"messages":[],"result":{}}"#)
            }
        }
    }
}

/// A line to the emulator on which some calls go wrong. Clones are the same line.
#[derive(Clone)]
pub(crate) struct Line {
    rule: Arc<dyn Fn(usize) -> Option<Fault> + Send + Sync>,
    calls: Arc<AtomicUsize>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Line {
    /// `rule` says what goes wrong with the call of this number, from 1 on; attempts count each.
    pub(crate) fn with(rule: impl Fn(usize) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self { rule: Arc::new(rule), calls: Arc::default(), log: Arc::default() }
    }

    /// A line on which nothing goes wrong.
    pub(crate) fn good() -> Self {
        Self::with(|_| None)
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The calls in words, for the message of a failed assertion.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }
}

/// The network behind a line.
struct Wire(Arc<HttpTransport>, Line);

impl Transport for Wire {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        let Self(network, line) = self;
        let number = line.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let fault = (line.rule)(number);
        line.log.lock().unwrap().push(format!("{number}. {} {} {fault:?}", request.method, request.url.path()));
        Box::pin(async move {
            let Some(fault) = fault else { return network.send(request).await };
            if fault.acts() {
                network.send(request).await.unwrap();
            }
            fault.answer()
        })
    }
}

/// The plan of the recipe, for a user's token.
pub(crate) fn saas_platform() -> Plan {
    let owner = flarekeep_policy::Owner::User(UserId::from_u128(1));
    let needs = needs_of_recipe(&recipe("saas-platform").unwrap(), &TARGET, owner).unwrap();
    plan(&needs, &flarekeep_planner::Options::new(owner))
}

/// A policy of the API: these groups, by id, at this resource key.
pub(crate) fn policy(effect: &str, resource: &str, groups: &[&flarekeep_catalogue::Group]) -> Policy {
    let groups: Vec<_> = groups.iter().map(|group| serde_json::json!({"id": group.id.unwrap().to_string()})).collect();
    let policy = serde_json::json!({"effect": effect, "resources": {resource: "*"}, "permission_groups": groups});
    serde_json::from_value(policy).unwrap()
}

pub(crate) fn group(name: &str) -> &'static flarekeep_catalogue::Group {
    flarekeep_catalogue::resolve(name).unwrap().0
}

pub(crate) fn account_key() -> String {
    format!("com.cloudflare.api.account.{ACCOUNT}")
}

pub(crate) fn zone_key(zone: ZoneId) -> String {
    format!("com.cloudflare.api.account.zone.{zone}")
}

pub(crate) fn now() -> UnixSeconds {
    UnixSeconds(jiff::Timestamp::now().as_second())
}

/// Says that something was not tested, past the harness, which keeps what passing tests print to itself.
pub(crate) fn skipped(why: &str) {
    use std::io::Write;
    let mut visible = std::io::stderr();
    visible.write_all(format!("SKIPPED: {why}\n").as_bytes()).unwrap();
}

/// Numbers that are the same in every run (SplitMix64), so that a failure can be seen again.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

/// Policies that hold some of what the recipe needs, and some of what it does not: at the right place, at another zone,
/// at the wrong kind of resource, by a wildcard; now and then one withholds.
pub(crate) fn random_policies(dice: &mut Dice) -> Vec<Policy> {
    const NAMES: [&str; 20] = [
        "Account Settings Read",
        "Workers R2 Storage Read",
        "Workers R2 Storage Write",
        "Workers Scripts Read",
        "Workers Scripts Write",
        "Workers KV Storage Read",
        "Workers KV Storage Write",
        "Workers Routes Read",
        "Workers Routes Write",
        "SSL and Certificates Read",
        "SSL and Certificates Write",
        "Zone Read",
        "Zone Write",
        "DNS Read",
        "DNS Write",
        "account:Logs Read",
        "zone:Logs Read",
        "Stream Read",
        "Cache Purge",
        "Zone Settings Read",
    ];
    let keys = [
        account_key(),
        zone_key(ZONE),
        zone_key(OTHER_ZONE),
        "com.cloudflare.api.account.*".to_owned(),
        "com.cloudflare.api.account.zone.*".to_owned(),
    ];
    let mut policies = Vec::new();
    let count = 1 + dice.below(4);
    for _ in 0..count {
        let key = if dice.one_in(3) { dice.pick(&keys) } else { dice.pick(&keys[..2]) };
        let effect = if dice.one_in(9) { "deny" } else { "allow" };
        let mut groups: Vec<&flarekeep_catalogue::Group> = Vec::new();
        for _ in 0..=dice.below(6) {
            let one = group(dice.pick::<&str>(&NAMES));
            if !groups.contains(&one) {
                groups.push(one);
            }
        }
        policies.push(policy(effect, key, &groups));
    }
    policies
}
