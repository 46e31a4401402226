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
pub(crate) mod routing;
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
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, Response, StatusCode, header, request};
use flarekeep_catalogue::AccountId;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use self::choice::Choice;
use self::config::{CF, KEY, Places, SCHEME, Target};
use self::page::{HEADER, Page};
use self::pool::{Key, Pool, Refused};
use self::process::Process;
use self::proxy::{From, Visitor};
use self::routing::Asked;
pub use self::workerd::find as find_workerd;
use crate::credential::{hex, random};
use crate::emulator::Inner;
use crate::faults;
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
    targets: Arc<Targets>,
    pool: Pool,
    choices: AtomicU64,
    room: Arc<Semaphore>,
}

/// What each binding's secret stands for.
type Targets = Mutex<HashMap<String, Held>>;

/// What a binding of a process stands for.
#[derive(Clone)]
struct Held {
    target: Target,
    /// The room for what the process asks of other Workers, so that one that asks without end does so alone.
    calls: Arc<Semaphore>,
}

/// The secrets of a process's bindings. They stand for nothing once this is dropped.
struct Bound {
    targets: Arc<Targets>,
    secrets: Vec<String>,
}

/// Visitors' requests under way at once.
const ROOM: usize = 1_024;
/// Calls of other Workers under way at once, for each process.
const CALLS: usize = 256;
/// How often Workers may call each other for one request: 32, as at Cloudflare (docs: workers/runtime-apis/bindings/
/// service-bindings). It is known as long as each hands on the headers that it is sent.
const DEEPEST: u32 = 32;

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
            targets: Arc::default(),
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
            async move {
                let emulator = shared.emulator.clone();
                faults::around(&emulator, faults::Face::Edge, request, |request| shared.serve(request)).await
            }
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
    async fn serve(self: Arc<Self>, request: Request) -> Response<Body> {
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
                let visitor = Visitor { from: From::Outside(ip), ray: ray.clone(), scheme, cf: Visitor::cf(metadata) };
                match self.room.clone().try_acquire_owned() {
                    Ok(room) => self.run((account, &script), &visitor, room, parts, body).await,
                    Err(_) => Page::busy().respond(),
                }
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
        let held = self.targets.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        let (target, calls) = held.map(|held| (held.target, held.calls)).unzip();
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
                let depth = proxy::depth(&parts.headers) + 1;
                let room = calls.filter(|_| depth <= DEEPEST).and_then(|calls| calls.try_acquire_owned().ok());
                let Some(room) = room else { return Page::busy().respond() };
                let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
                let visitor = Visitor {
                    from: From::Worker(depth),
                    ray: String::new(),
                    scheme: header(SCHEME).unwrap_or("https").to_owned(),
                    cf: header(CF).and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null),
                };
                self.run((account, &script), &visitor, room, parts, body).await
            }
        }
    }

    /// Has a Worker answer.
    async fn run(
        self: &Arc<Self>,
        (account, script): (AccountId, &str),
        visitor: &Visitor,
        room: OwnedSemaphorePermit,
        parts: request::Parts,
        body: Body,
    ) -> Response<Body> {
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
                    if !std::mem::take(&mut again) {
                        return Page::not_started(script, &error.to_string()).respond();
                    }
                }
            }
        };
        process.forget();
        let parts = proxy::prepared(parts, visitor);
        let mut response = match proxy::send(stream, process.clone(), room, parts, body).await {
            Ok(response) if proxy::may_be_exception(&response) => match exception(script, &process, response).await {
                Ok(response) => response,
                Err(page) => return page.respond(),
            },
            Ok(response) => {
                process.answers();
                response
            }
            Err(error) => {
                if let Some(refusal) = process.refusal().await {
                    self.pool.forget(&key, &process);
                    return Page::not_started(script, &refusal).respond();
                }
                let said = process.said().unwrap_or_else(|| error.to_string());
                return Page::threw(script, &said).respond();
            }
        };
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
            let bound = Bound::new(&self.targets, config.targets);
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
            started.map(|process| process.holding(bound)).map_err(Refused::NotStarted)
        };
        self.pool.process(key.clone(), live, self.options.processes, start).await
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

impl Bound {
    /// Makes known what these secrets stand for.
    fn new(targets: &Arc<Targets>, bound: Vec<(String, Target)>) -> Self {
        let calls = Arc::new(Semaphore::new(CALLS));
        let secrets = bound.iter().map(|(secret, _)| secret.clone()).collect();
        let held = bound.into_iter().map(|(secret, target)| (secret, Held { target, calls: calls.clone() }));
        targets.lock().unwrap_or_else(PoisonError::into_inner).extend(held);
        Self { targets: targets.clone(), secrets }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in &self.secrets {
            targets.remove(secret);
        }
    }
}

/// The page for an exception, with what workerd writes of it a moment later; or the answer, where it is the Worker's own
/// after all. Of an answer to HEAD, which has no body, only what workerd writes can tell.
async fn exception(script: &str, process: &Process, response: Response<Body>) -> Result<Response<Body>, Page> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, proxy::EXCEPTION.len()).await.unwrap_or_default();
    process.answers();
    let is = body == proxy::EXCEPTION;
    let said = if is || body.is_empty() { process.soon_said().await } else { None };
    match said.or_else(|| is.then(|| "workerd does not say which".to_owned())) {
        Some(said) => Err(Page::threw(script, &said)),
        None => Ok(Response::from_parts(parts, Body::from(body))),
    }
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
    fn secrets_go_with_their_process() {
        let targets: Arc<Targets> = Arc::default();
        let bound = |secret: &str| Bound::new(&targets, vec![(secret.to_owned(), Target::Cache)]);
        let (old, _new) = (bound("old"), bound("new"));
        drop(old);
        assert_eq!(targets.lock().unwrap().keys().collect::<Vec<_>>(), ["new"]);
    }

    #[test]
    fn shares_are_met() {
        let below = (0..10_000).filter(|n| percent(7, *n) < 25.0).count();
        assert!((2_300..2_700).contains(&below), "{below}");
        assert!((0..10_000).all(|n| (0.0..100.0).contains(&percent(0, n))));
    }
}
