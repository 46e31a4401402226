//! The edge: uploaded Workers, run by workerd.
//!
//! A request is taken in, the Worker is chosen by its host and path ([`choice`]), the version by its deployment, and a
//! process that runs this version ([`pool`], [`process`]) is given the request ([`proxy`]). What a Worker is bound to is
//! answered at a socket of the edge's own ([`serve_binding`]): a binding is told from another by a secret, which workerd
//! adds to each request and no Worker sees.

mod choice;
mod config;
mod kv;
mod page;
mod pool;
mod process;
mod proxy;
mod r2;
mod routing;
mod workerd;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, Response, StatusCode, header, request};
use flarekeep_catalogue::AccountId;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use self::choice::Choice;
use self::config::{CF, KEY, Places, SCHEME, Target};
use self::page::{HEADER, Page};
use self::pool::{Key, Pool, Refused};
use self::process::Process;
use self::proxy::Visitor;
use self::routing::Asked;
pub use self::workerd::find as find_workerd;
use crate::credential::{hex, random};
use crate::emulator::Inner;
use crate::line;
use crate::log::printable;
use crate::products::workers_scripts::live;

/// How Workers are run.
#[derive(Clone)]
pub struct EdgeOptions {
    /// The program workerd.
    pub workerd: PathBuf,
    /// Where a Worker's own `fetch` may go. Default: nowhere.
    pub outbound: Outbound,
    /// How many processes run at most, one for each version of a Worker in use. Default: 16.
    pub processes: usize,
    /// After how long without a request a process ends. Default: five minutes.
    pub idle: Duration,
    /// What decides between the versions of a gradual deployment. Default: 0.
    pub seed: u64,
    /// Called for each line that a Worker or its workerd writes. Default: none.
    pub on_line: Option<OnLine>,
}

/// Receives what Workers write.
pub type OnLine = Arc<dyn Fn(&EdgeLine) + Send + Sync>;

/// One line, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeLine {
    /// The Worker's name.
    pub script: String,
    /// What it wrote.
    pub text: String,
}

/// Where a Worker's own `fetch` may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outbound {
    /// Nowhere: it is answered with 523.
    None,
    /// To any address, also of this machine.
    Any,
}

impl EdgeOptions {
    /// The defaults, with this workerd.
    #[must_use]
    pub fn new(workerd: impl Into<PathBuf>) -> Self {
        Self {
            workerd: workerd.into(),
            outbound: Outbound::None,
            processes: 16,
            idle: Duration::from_secs(300),
            seed: 0,
            on_line: None,
        }
    }
}

impl fmt::Debug for EdgeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdgeOptions")
            .field("workerd", &self.workerd)
            .field("outbound", &self.outbound)
            .finish_non_exhaustive()
    }
}

/// An edge that runs. Its processes end when it is dropped.
pub(crate) struct Edge {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

struct Shared {
    emulator: Arc<Inner>,
    options: EdgeOptions,
    /// Holds the socket at which bindings are answered.
    folder: TempDir,
    newest: String,
    /// What each binding's secret stands for, with the version that holds it.
    targets: Mutex<HashMap<String, (Key, Target)>>,
    pool: Pool,
    choices: AtomicU64,
    room: Arc<Semaphore>,
}

/// Requests under way at once, those of Workers to each other among them.
const ROOM: usize = 1_024;

impl Edge {
    /// Prepares to run Workers; none runs yet.
    ///
    /// # Errors
    /// There is no such workerd, or no socket can be made.
    pub(crate) async fn start(emulator: Arc<Inner>, options: EdgeOptions) -> io::Result<Self> {
        let newest = workerd::date(&options.workerd).await?;
        let folder = Process::folder()?;
        let listener = UnixListener::bind(folder.path().join("bindings"))?;
        let shared = Arc::new(Shared {
            emulator,
            options,
            folder,
            newest,
            targets: Mutex::default(),
            pool: Pool::default(),
            choices: AtomicU64::new(0),
            room: Arc::new(Semaphore::new(ROOM)),
        });
        let bindings = shared.clone();
        let router = Router::new().fallback(move |request: Request| {
            let shared = bindings.clone();
            async move { shared.serve_binding(request).await }
        });
        let serving = tokio::spawn(async move {
            // It goes on after errors, and ends when it is aborted.
            let _ = axum::serve(listener, router).await;
        });
        let swept = Arc::downgrade(&shared);
        let sweeping = tokio::spawn(async move {
            while let Some(shared) = swept.upgrade() {
                shared.sweep();
                let pause = (shared.options.idle / 4).clamp(Duration::from_millis(50), Duration::from_secs(10));
                drop(shared);
                tokio::time::sleep(pause).await;
            }
        });
        Ok(Self { shared, tasks: vec![serving, sweeping] })
    }

    /// The service, to be served at an address of its own.
    pub(crate) fn router(&self) -> Router {
        let shared = self.shared.clone();
        Router::new().fallback(move |request: Request| {
            let shared = shared.clone();
            async move { shared.serve(request).await }
        })
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.shared.pool.clear();
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Shared {
    /// Answers a visitor.
    async fn serve(self: Arc<Self>, mut request: Request) -> Response<Body> {
        line::arrived(&mut request);
        let (parts, body) = request.into_parts();
        let ip = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let header = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let authority = header(header::HOST).or_else(|| parts.uri.authority().map(Authority::as_str));
        let Some(host) = authority.and_then(routing::host) else {
            return Page::bad("a request needs a Host").respond();
        };
        let scheme = header("x-forwarded-proto".parse().unwrap_or(header::HOST));
        let scheme = scheme.filter(|scheme| matches!(*scheme, "http" | "https")).unwrap_or("http").to_owned();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let ray = self.emulator.ray();
        let chosen = choice::choose(
            &self.emulator.state(),
            Asked { scheme: &scheme, host: &host, path },
            &self.emulator.options,
            self.emulator.now(),
        );
        let shown = printable(&host, 253);
        let mut response = match chosen {
            Choice::Worker(account, script, metadata) => {
                let visitor = Visitor { ip, ray: ray.clone(), scheme, cf: Visitor::cf(metadata) };
                self.run(account, &script, &visitor, parts, body).await
            }
            Choice::Nobody => Page::nobody(&shown).respond(),
            Choice::Inactive => Page::inactive(&shown).respond(),
            Choice::Unknown => Page::unknown(&shown).respond(),
        };
        if let Ok(ray) = HeaderValue::try_from(ray) {
            response.headers_mut().insert("cf-ray", ray);
        }
        response
    }

    /// Answers the other end of a binding.
    async fn serve_binding(self: Arc<Self>, request: Request) -> Response<Body> {
        let key = request.headers().get(KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
        let target =
            self.targets.lock().unwrap_or_else(PoisonError::into_inner).get(key).map(|(_, target)| target.clone());
        match target {
            None => {
                let mut refused = Response::new(Body::empty());
                *refused.status_mut() = StatusCode::FORBIDDEN;
                refused
            }
            Some(Target::Bucket(bucket)) => r2::answer(&self.emulator, bucket, request).await,
            Some(Target::Kv(account, id)) => kv::answer(&self.emulator, (account, id), request).await,
            Some(Target::Cache) => forgetful(request.method()),
            Some(Target::Outside) => {
                let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
                Page::outside(&printable(host, 253)).respond()
            }
            Some(Target::Service(account, script)) => {
                let (parts, body) = request.into_parts();
                let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
                let visitor = Visitor {
                    ip: None,
                    ray: String::new(),
                    scheme: header(SCHEME).unwrap_or("https").to_owned(),
                    cf: header(CF).and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null),
                };
                self.run(account, &script, &visitor, parts, body).await
            }
        }
    }

    /// Has a Worker answer.
    async fn run(
        self: &Arc<Self>,
        account: AccountId,
        script: &str,
        visitor: &Visitor,
        parts: request::Parts,
        body: Body,
    ) -> Response<Body> {
        let Ok(room) = self.room.clone().try_acquire_owned() else { return Page::busy().respond() };
        let shares = live::shares(&self.emulator.state(), account, script);
        let Some((version, live)) = shares.and_then(|shares| self.pick(&shares)) else {
            return Page::no_script(script).respond();
        };
        let key = Key { account, script: script.to_owned(), version };
        let mut again = true;
        let (process, stream) = loop {
            let process = match self.process(&key, &live).await {
                Ok(process) => process,
                Err(Refused::NotSimulated(what)) => return Page::not_simulated(script, &what).respond(),
                Err(Refused::NotStarted(error)) => return Page::not_started(script, &error).respond(),
            };
            match process.connect().await {
                Ok(stream) => break (process, stream),
                Err(error) => {
                    self.pool.forget(&key, &process);
                    if process.failed_at_start().await || !std::mem::take(&mut again) {
                        let said = process.said().unwrap_or_else(|| error.to_string());
                        return Page::not_started(script, &said).respond();
                    }
                }
            }
        };
        process.forget();
        let parts = proxy::prepared(parts, visitor);
        let mut response = match proxy::send(stream, process.clone(), room, parts, body).await {
            Ok(response) if proxy::is_exception(&response) => {
                process.note_answer();
                return threw(script, &process).await;
            }
            Ok(response) => response,
            Err(error) => {
                let failed = process.failed_at_start().await;
                let said = process.said().unwrap_or_else(|| error.to_string());
                let page = if failed { Page::not_started(script, &said) } else { Page::threw(script, &said) };
                return page.respond();
            }
        };
        process.note_answer();
        if let Ok(who) = HeaderValue::try_from(format!("worker={script}; version={}", key.version)) {
            response.headers_mut().insert(HEADER, who);
        }
        response
    }

    async fn process(self: &Arc<Self>, key: &Key, live: &[String]) -> Result<Arc<Process>, Refused> {
        let start = || async {
            let failed = |error: String| Refused::NotStarted(error);
            let version = live::version(&self.emulator.state(), key.account, &key.script, &key.version);
            let version = version.ok_or_else(|| failed("its version is gone".to_owned()))?;
            let folder = Process::folder().map_err(|error| failed(error.to_string()))?;
            let (backend, listen) = (self.folder.path().join("bindings"), Process::socket(folder.path()));
            let (Some(backend), Some(listen)) = (backend.to_str(), listen.to_str()) else {
                return Err(failed("the folder for temporary files has a name that is no text".to_owned()));
            };
            let places = Places { backend, listen, newest: &self.newest, outbound: self.options.outbound };
            let config = config::config(&version, key.account, &places, || hex(&random::<16>()));
            let config = config.map_err(Refused::NotSimulated)?;
            self.bind(key, config.targets);
            for note in &config.notes {
                self.say(&key.script, note);
            }
            let (shared, script) = (Arc::downgrade(self), key.script.clone());
            let listener: process::Listener = Arc::new(move |text: &str| {
                if let Some(shared) = shared.upgrade() {
                    shared.say(&script, text);
                }
            });
            let started = Process::start(&self.options.workerd, folder, &config.text, &config.files, listener).await;
            started.map_err(Refused::NotStarted)
        };
        self.pool.process(key.clone(), live, self.options.processes, start).await
    }

    /// Makes known what the secrets of a version's bindings stand for, in place of those of an earlier process.
    fn bind(&self, key: &Key, targets: Vec<(String, Target)>) {
        let mut held = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, (holder, _)| holder != key);
        held.extend(targets.into_iter().map(|(secret, target)| (secret, (key.clone(), target))));
    }

    /// One of the versions, as often as its share says, and the ids of all.
    fn pick(&self, shares: &[(String, f64)]) -> Option<(String, Vec<String>)> {
        let at = percent(self.options.seed, self.choices.fetch_add(1, Ordering::Relaxed));
        let mut sum = 0.0;
        let picked = shares.iter().find(|(_, share)| {
            sum += share;
            at < sum
        });
        let (picked, _) = picked.or(shares.last())?;
        Some((picked.clone(), shares.iter().map(|(id, _)| id.clone()).collect()))
    }

    fn say(&self, script: &str, text: &str) {
        if let Some(tell) = &self.options.on_line {
            tell(&EdgeLine { script: script.to_owned(), text: text.to_owned() });
        }
    }

    fn sweep(&self) {
        self.pool.sweep(self.options.idle);
    }
}

/// The page for an exception, with what workerd writes of it a moment later.
async fn threw(script: &str, process: &Process) -> Response<Body> {
    for _ in 0..20 {
        if let Some(said) = process.said() {
            return Page::threw(script, &said).respond();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Page::threw(script, "workerd does not say which").respond()
}

/// The cache: it takes everything and holds nothing.
fn forgetful(method: &Method) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = match method.as_str() {
        "PUT" => StatusCode::NO_CONTENT,
        "PURGE" => StatusCode::NOT_FOUND,
        _ => StatusCode::GATEWAY_TIMEOUT,
    };
    response.headers_mut().insert("cf-cache-status", HeaderValue::from_static("MISS"));
    response
}

/// The `n`th of a row of numbers from 0 to 100, by the steps of SplitMix64.
fn percent(seed: u64, n: u64) -> f64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_met() {
        let below = (0..10_000).filter(|n| percent(7, *n) < 25.0).count();
        assert!((2_300..2_700).contains(&below), "{below}");
        assert!((0..10_000).all(|n| (0.0..100.0).contains(&percent(0, n))));
    }
}
