//! The child's side: a journal, a transport and sinks that kill their own process when they are told to.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flarekeep_cloudflare::{
    BoxFuture, Client, Credential, HttpRequest, HttpResponse, HttpTransport, RetrySettings, Stage, Transport,
    TransportError,
};
use flarekeep_tokens::{
    Change, ChangeId, Desk, Entry, Holding, JournalError, Known, Lock, Rescue, Sink, Sqlite, Step, Store, Subject,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What a sink does in place of taking the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// A folder is in its place when the value comes, or its command fails without reading.
    Refuses,
    /// Its command takes the value and says that it failed.
    TakesAndFails,
    /// Its command kills the caller before it reads.
    KillsBefore,
    /// Its command takes the value and kills the caller.
    KillsAfter,
}

const BLOWS: [Blow; 4] = [Blow::Refuses, Blow::TakesAndFails, Blow::KillsBefore, Blow::KillsAfter];

impl Blow {
    pub(crate) fn word(self) -> String {
        format!("{self:?}")
    }
}

/// What the child is to do, as its environment says it. It holds the manager's credential, and never a token's value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Orders {
    pub(crate) scenario: String,
    pub(crate) api: String,
    pub(crate) email: String,
    pub(crate) key: String,
    /// The journal and the rescue files.
    pub(crate) state: PathBuf,
    /// The sinks as they are spelled.
    pub(crate) sinks: Vec<String>,
    /// The token that was there before.
    pub(crate) old: Option<String>,
    /// At which step it kills itself.
    pub(crate) kill: Option<usize>,
    /// Which answer is lost, from 1 on.
    pub(crate) lose: Option<usize>,
    /// How many steps after that it kills itself.
    pub(crate) after_loss: Option<usize>,
    /// Where it notes that an answer was lost.
    pub(crate) lost: PathBuf,
    /// Which sink does what.
    pub(crate) sink: Option<(usize, Blow)>,
}

/// What a scenario acts with.
pub(crate) struct Scene {
    /// The desk that kills.
    pub(crate) desk: Desk,
    pub(crate) sinks: Vec<Sink>,
    pub(crate) old: Option<String>,
    /// The folder of the whole stage.
    pub(crate) folder: PathBuf,
    /// A client apart from the desk's, for what is no part of the change.
    pub(crate) eyes: Client,
}

/// The sink that is written.
fn inner(sink: &Sink) -> &Sink {
    match sink {
        Sink::R2Keys(keys) => keys.inner(),
        sink => sink,
    }
}

impl Orders {
    pub(crate) fn write(&self) -> String {
        json!({
            "scenario": self.scenario, "api": self.api, "email": self.email, "key": self.key, "state": self.state,
            "sinks": self.sinks, "old": self.old, "kill": self.kill, "lose": self.lose, "after_loss": self.after_loss,
            "lost": self.lost, "sink": self.sink.map(|(place, blow)| json!([place, blow.word()])),
        })
        .to_string()
    }

    pub(crate) fn read(text: &str) -> Self {
        let document: Value = serde_json::from_str(text).unwrap();
        let word = |field: &str| document[field].as_str().unwrap_or_default().to_owned();
        let number = |field: &str| document[field].as_u64().map(|number| usize::try_from(number).unwrap());
        let blow = document["sink"][1].as_str().map(|word| *BLOWS.iter().find(|blow| blow.word() == word).unwrap());
        Self {
            scenario: word("scenario"),
            api: word("api"),
            email: word("email"),
            key: word("key"),
            state: word("state").into(),
            sinks: document["sinks"].as_array().unwrap().iter().map(|sink| sink.as_str().unwrap().to_owned()).collect(),
            old: document["old"].as_str().map(str::to_owned),
            kill: number("kill"),
            lose: number("lose"),
            after_loss: number("after_loss"),
            lost: word("lost").into(),
            sink: blow.map(|blow| (usize::try_from(document["sink"][0].as_u64().unwrap()).unwrap(), blow)),
        }
    }

    /// The desk and the sinks of these orders.
    pub(crate) async fn scene(&self) -> Scene {
        let doom = Arc::new(Doom { orders: self.clone(), steps: AtomicUsize::new(0), calls: AtomicUsize::new(0) });
        let credential = Credential::global_key(&self.email, &self.key).unwrap();
        let retry = RetrySettings {
            first_delay: Duration::from_micros(1),
            longest_wait: Duration::from_micros(2),
            ..RetrySettings::default()
        };
        let network = || HttpTransport::loopback(Duration::from_secs(30)).unwrap();
        let builder = || Client::builder(credential.clone()).base_url(&self.api).retry(retry.clone()).unpaced();
        let manager = builder().transport(DeadlyWire(network(), doom.clone())).build().unwrap();
        let journal = Arc::new(DeadlyJournal(Sqlite::open(&self.state).await.unwrap(), doom));
        let rescue = Rescue::new(&self.state, &credential);
        let sinks: Vec<Sink> = self.sinks.iter().map(|sink| sink.parse().unwrap()).collect();
        let file = self.sink.and_then(|(place, _)| match sinks.get(place).map(inner) {
            Some(Sink::File(path) | Sink::EnvFile { path, .. }) => Some((place, path.clone())),
            _ => None,
        });
        // A folder takes the file's place once the sink is proved: right before the value comes.
        let listener: flarekeep_tokens::Listener = Arc::new(move |_, step| {
            if let (Step::Delivering { sink }, Some((place, file))) = (step, &file)
                && sink == place
            {
                let _ = std::fs::rename(file, file.with_extension("away"));
                std::fs::create_dir(file).unwrap();
            }
        });
        let desk = Desk { manager, journal, rescue, listener: Some(listener) };
        let eyes = builder().transport(network()).build().unwrap();
        let folder = self.state.parent().unwrap().to_owned();
        Scene { desk, sinks, old: self.old.clone(), folder, eyes }
    }
}

/// Counts the steps, and kills.
#[derive(Debug)]
struct Doom {
    orders: Orders,
    steps: AtomicUsize,
    calls: AtomicUsize,
}

impl Doom {
    /// A step at which the process may be killed.
    fn step(&self) {
        let step = self.steps.fetch_add(1, Ordering::SeqCst) + 1;
        if self.orders.kill == Some(step) {
            die();
        }
    }

    /// Whether this answer is to be lost; then the process is killed some steps later.
    fn loses(&self) -> bool {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let loses = self.orders.lose == Some(call);
        if loses {
            std::fs::write(&self.orders.lost, "").unwrap();
        }
        loses
    }

    fn dies_after_loss(&self) {
        let Some(after) = self.orders.after_loss else { return };
        if self.orders.lose.is_some_and(|lost| self.calls.load(Ordering::SeqCst) >= lost) {
            let left = self.steps.load(Ordering::SeqCst);
            // Steps are counted from the loss on.
            let since = LOST_AT.get_or_init(|| left);
            if left >= since + after {
                die();
            }
        }
    }
}

static LOST_AT: std::sync::OnceLock<usize> = std::sync::OnceLock::new();

/// SIGKILL: nothing of this process runs any more, no destructor and no handler.
fn die() -> ! {
    let _ = Command::new("sh").args(["-c", "kill -KILL $PPID"]).status();
    unreachable!("a killed process does not go on")
}

/// A line whose calls are steps: before the call is sent, and after it was carried out.
struct DeadlyWire(HttpTransport, Arc<Doom>);

impl Transport for DeadlyWire {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            self.1.step();
            self.1.dies_after_loss();
            let answer = self.0.send(request).await;
            self.1.step();
            if self.1.loses() {
                return Err(TransportError { stage: Stage::Ambiguous, detail: "the answer was lost".to_owned() });
            }
            answer
        })
    }
}

/// A journal whose writes are steps: before and after each.
#[derive(Debug)]
struct DeadlyJournal(Sqlite, Arc<Doom>);

impl DeadlyJournal {
    async fn write<T>(&self, write: BoxFuture<'_, T>) -> T {
        self.1.step();
        self.1.dies_after_loss();
        let written = write.await;
        self.1.step();
        written
    }
}

impl Store for DeadlyJournal {
    fn place(&self) -> String {
        self.0.place()
    }

    fn begin<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(self.write(self.0.begin(change)))
    }

    fn append<'a>(&'a self, change: ChangeId, step: &'a Step) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(self.write(self.0.append(change, step)))
    }

    fn finish<'a>(
        &'a self,
        change: &'a Change,
        last: &'a Step,
        known: Known<'a>,
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(self.write(self.0.finish(change, last, known)))
    }

    fn unfinished(&self) -> BoxFuture<'_, Result<Vec<Entry>, JournalError>> {
        self.0.unfinished()
    }

    fn last_finished<'a>(
        &'a self,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<(Entry, Timestamp)>, JournalError>> {
        self.0.last_finished(subject)
    }

    fn holdings(&self) -> BoxFuture<'_, Result<Vec<Holding>, JournalError>> {
        self.0.holdings()
    }

    fn keep<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(self.write(self.0.keep(holding)))
    }

    fn forget<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(self.write(self.0.forget(subject)))
    }

    fn lock<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<Lock, JournalError>> {
        self.0.lock(subject)
    }

    fn try_lock<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<Option<Lock>, JournalError>> {
        self.0.try_lock(subject)
    }
}
