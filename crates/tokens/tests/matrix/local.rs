//! An emulator whose clock is in the test's hand, and calls of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use flarekeep_catalogue::{AccountId, Operation, ZoneId};
use flarekeep_cloudflare::{Client, Credential, HttpRequest, HttpTransport, RetrySettings, Transport};
use flarekeep_diagnosis::{Diagnosis, Refusal};
use flarekeep_emulator::{Emulator, Options, Running, Server, World};
use flarekeep_planner::Target;
use flarekeep_policy::{Owner, UnixSeconds};
use flarekeep_tokens::{Why, why_seen, why_told};

pub(crate) const ACCOUNT: AccountId = AccountId::from_u128(0xaaaa0000_aaaa0000_aaaa0000_aaaa0001);
pub(crate) const OTHER_ACCOUNT: AccountId = AccountId::from_u128(0xaaaa0000_aaaa0000_aaaa0000_aaaa0002);
pub(crate) const ZONE: ZoneId = ZoneId::from_u128(0xbbbb0000_bbbb0000_bbbb0000_bbbb0001);
pub(crate) const OTHER_ZONE: ZoneId = ZoneId::from_u128(0xbbbb0000_bbbb0000_bbbb0000_bbbb0002);
/// No thing has this id.
pub(crate) const NOTHING: u128 = 0xdddd0000_dddd0000_dddd0000_dddd0009;
pub(crate) const EMAIL: &str = "ada@example.com";
/// A user whose role in the account reaches nothing there but tokens.
pub(crate) const DEMOTED: &str = "eve@example.com";

/// An emulator, and one of its users.
#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) running: Arc<Running>,
    pub(crate) emulator: Emulator,
    /// The user, by the Global API key.
    pub(crate) admin: Client,
    pub(crate) owner: Owner,
    pub(crate) key: String,
    network: Arc<HttpTransport>,
    clock: Arc<AtomicI64>,
    world: World,
}

impl Local {
    /// Without limits, but for those that the options are given.
    pub(crate) async fn start(options: Options) -> Self {
        let world = World::from_toml(&format!(
            "[[account]]\nname = 'Acme'\nid = '{ACCOUNT}'\n[[account]]\nname = 'Other'\nid = '{OTHER_ACCOUNT}'\n\
             [[user]]\nemail = '{EMAIL}'\n[[user]]\nemail = '{DEMOTED}'\n\
             [[member]]\nuser = '{EMAIL}'\naccount = 'Acme'\nrole = 'super-administrator'\n\
             [[member]]\nuser = '{DEMOTED}'\naccount = 'Acme'\nrole = 'api-token-provisioning'\n\
             [[zone]]\nname = 'example.com'\nid = '{ZONE}'\naccount = 'Acme'\n\
             [[zone]]\nname = 'example.org'\nid = '{OTHER_ZONE}'\naccount = 'Acme'\n\
             [[bucket]]\nname = 'site'\naccount = 'Acme'\n[[bucket]]\nname = 'other'\naccount = 'Acme'\n\
             [[bucket]]\nname = 'archive'\naccount = 'Acme'\njurisdiction = 'eu'\n"
        ));
        let world = world.unwrap();
        // That of the machine, since S3 signatures are as old as it says.
        let clock = Arc::new(AtomicI64::new(jiff::Timestamp::now().as_second()));
        let hand = clock.clone();
        let options = Options {
            tokens_per_user: 100_000,
            tokens_per_account: 100_000,
            clock: Some(Arc::new(move || hand.load(Ordering::Relaxed))),
            ..options
        };
        let emulator = Emulator::new(world.clone(), options);
        let any = ([127, 0, 0, 1], 0).into();
        let mut running = Server::start(emulator.clone(), any).await.unwrap();
        running.serve_s3(&emulator, any).await.unwrap();
        let facts = emulator.facts();
        let network = Arc::new(HttpTransport::loopback(Duration::from_secs(30)).unwrap());
        let credential = Credential::global_key(&facts.email, &facts.global_key).unwrap();
        let local = Self {
            admin: Client::builder(credential).build().unwrap(),
            owner: Owner::User(facts.user_id),
            key: facts.global_key,
            running: Arc::new(running),
            emulator,
            network,
            clock,
            world,
        };
        local.of_user(EMAIL)
    }

    /// The same emulator, and another of its users.
    pub(crate) fn of_user(&self, email: &str) -> Self {
        let user = self.world.users.iter().find(|user| user.email == email).unwrap();
        let credential = Credential::global_key(email, &user.global_key).unwrap();
        let (owner, key) = (Owner::User(user.id), user.global_key.clone());
        Self { admin: self.client(credential), owner, key, ..self.clone() }
    }

    pub(crate) fn client(&self, credential: Credential) -> Client {
        let retry = RetrySettings { first_delay: Duration::from_micros(1), ..RetrySettings::default() };
        let url = self.running.api_url();
        Client::builder(credential).base_url(&url).retry(retry).unpaced().build().unwrap()
    }

    pub(crate) fn now(&self) -> UnixSeconds {
        UnixSeconds(self.clock.load(Ordering::Relaxed))
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// A call as any client sends it: the answer's status and body. What the path names behind the account or the zone is
    /// nothing that exists.
    pub(crate) async fn call(
        &self,
        operation: &Operation,
        target: &Target,
        headers: &[(&str, String)],
        body: &str,
    ) -> Answer {
        let mut path = String::new();
        for (at, segment) in operation.path().trim_start_matches('/').split('/').enumerate() {
            let id = match (at, operation.names_account(), operation.names_zone()) {
                (1, true, _) => target.account.map(|id| id.to_string()),
                (1, _, true) => target.zone.map(|id| id.to_string()),
                _ => None,
            };
            let named = segment.starts_with('{').then(|| id.unwrap_or_else(|| format!("{NOTHING:032x}")));
            path = format!("{path}/{}", named.unwrap_or_else(|| segment.to_owned()));
        }
        let json = [("content-type", "application/json".to_owned())];
        let headers: Vec<_> = headers.iter().chain(json.iter().filter(|_| !body.is_empty())).cloned().collect();
        self.send(operation.method.as_str(), &format!("{}{path}", self.running.api_url()), &headers, body).await
    }

    pub(crate) async fn send(&self, method: &str, url: &str, headers: &[(&str, String)], body: &str) -> Answer {
        let request = HttpRequest {
            method: method.parse().unwrap(),
            url: url.parse().unwrap(),
            headers: headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect(),
            body: body.to_owned().into(),
        };
        let answer = self.network.send(request).await.unwrap();
        let after = answer.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        Answer { status: answer.status, body: String::from_utf8_lossy(&answer.body).into_owned(), after }
    }

    /// The diagnosis by the answer alone.
    pub(crate) fn alone(&self, refusal: &Refusal) -> Diagnosis {
        why_told(&Refusal { credential: None, ..refusal.clone() }, &self.question(false))
    }

    /// The diagnosis by what `why --ask` may read besides, with a manager's credential.
    pub(crate) async fn live(&self, refusal: &Refusal, value: &str) -> Diagnosis {
        let client = self.client(Credential::token(value).unwrap());
        why_seen(&client, refusal, &self.question(true)).await.unwrap()
    }

    pub(crate) fn question(&self, managed: bool) -> Why<'_> {
        let manager = managed.then_some(&self.admin);
        Why { plan: None, arguments: None, manager, now: self.now(), patient: false }
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// `retry-after`.
    pub(crate) after: Option<u64>,
}
