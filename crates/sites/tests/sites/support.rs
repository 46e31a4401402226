//! An emulator, and clients of it over a line that breaks where it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flarekeep_catalogue::{AccountId, ZoneId};
use flarekeep_cloudflare::{
    BoxFuture, Client, Credential, HttpRequest, HttpResponse, HttpTransport, Jurisdiction, RetrySettings, Stage,
    Transport, TransportError,
};
use flarekeep_emulator::{Emulator, Options, Running, Server, World};
use flarekeep_sites::infrastructure::Wanted;

pub(crate) const ACCOUNT: AccountId = AccountId::from_u128(0xaaaa0000_aaaa0000_aaaa0000_aaaa0001);
pub(crate) const ZONE: ZoneId = ZoneId::from_u128(0xbbbb0000_bbbb0000_bbbb0000_bbbb0001);
pub(crate) const PENDING_ZONE: ZoneId = ZoneId::from_u128(0xbbbb0000_bbbb0000_bbbb0000_bbbb0002);
pub(crate) const FOREIGN_ZONE: ZoneId = ZoneId::from_u128(0xbbbb0000_bbbb0000_bbbb0000_bbbb0003);

/// A running emulator without limits.
pub(crate) struct Local {
    running: Running,
    credential: Credential,
}

impl Local {
    pub(crate) async fn start() -> Self {
        let world = World::from_toml(&format!(
            "[[account]]\nname = 'Acme'\nid = '{ACCOUNT}'\n[[account]]\nname = 'Other'\n[[user]]\nemail = 'ada@example.com'\n\
             [[zone]]\nname = 'example.com'\nid = '{ZONE}'\naccount = 'Acme'\n\
             [[zone]]\nname = 'example.net'\nid = '{PENDING_ZONE}'\naccount = 'Acme'\nstatus = 'pending'\n\
             [[zone]]\nname = 'example.org'\nid = '{FOREIGN_ZONE}'\naccount = 'Other'\n"
        ));
        let emulator = Emulator::new(world.unwrap(), Options { rate_limit: None, ..Options::default() });
        let running = Server::start(emulator.clone(), ([127, 0, 0, 1], 0).into()).await.unwrap();
        let facts = emulator.facts();
        let credential = Credential::global_key(&facts.email, &facts.global_key).unwrap();
        Self { running, credential }
    }

    /// Sets a record of a foreign name in the world's DNS.
    pub(crate) async fn set_dns(&self, name: &str, kind: &str, content: &str) {
        let url = self.running.api_url().replace("/client/v4", "/__flarekeep/dns");
        let body = serde_json::json!({ "name": name, "type": kind, "content": content });
        let request = reqwest::Client::new().put(url).header("content-type", "application/json").body(body.to_string());
        assert!(request.send().await.unwrap().status().is_success());
    }

    /// A client with the Global API key.
    pub(crate) fn client(&self) -> Client {
        self.dying_at(usize::MAX, Death::BeforeItActs).0
    }

    /// The same, whose line is cut for ever at a call, counted from 0; and the number of calls so far.
    pub(crate) fn dying_at(&self, call: usize, death: Death) -> (Client, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let network = HttpTransport::loopback(Duration::from_secs(30)).unwrap();
        let line = Line { network, calls: Arc::clone(&calls), call, death };
        let retry = RetrySettings {
            first_delay: Duration::from_micros(1),
            longest_wait: Duration::from_micros(2),
            ..RetrySettings::default()
        };
        let builder = Client::builder(self.credential.clone()).base_url(&self.running.api_url()).retry(retry).unpaced();
        (builder.transport(line).build().unwrap(), calls)
    }
}

/// What is wanted in a zone.
pub(crate) fn wanted_in(zone: ZoneId, name: &str) -> Wanted {
    Wanted {
        account: ACCOUNT,
        zone,
        zone_name: name.to_owned(),
        domain: name.to_owned(),
        bucket: "sites".to_owned(),
        jurisdiction: Jurisdiction::Default,
        location: None,
        namespace: "sites".to_owned(),
        worker: "site-router".to_owned(),
        excluded: vec![format!("api.{name}")],
    }
}

/// When a line is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// Before the fatal call acts.
    BeforeItActs,
    /// After it acted, so that its answer is lost.
    AfterItActed,
}

struct Line {
    network: HttpTransport,
    calls: Arc<AtomicUsize>,
    call: usize,
    death: Death,
}

impl Transport for Line {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let cut = |stage| Err(TransportError { stage, detail: "cut by the test".to_owned() });
            if number < self.call {
                return self.network.send(request).await;
            }
            if number == self.call && self.death == Death::AfterItActed {
                let _ = self.network.send(request).await;
                return cut(Stage::Ambiguous);
            }
            cut(Stage::NotSent)
        })
    }
}
