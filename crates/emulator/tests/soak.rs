//! A mixed load with faults on a state that is on disk, killed again and again: nothing that was acknowledged is lost,
//! nothing panics, and the memory of a long life does not grow.
//!
//! The short form runs with the other tests. The long one, of ten minutes or as many seconds as `FLAREKEEP_SOAK` says:
//! `cargo test --release -p flarekeep-emulator --test soak -- --ignored --nocapture soak_for_long`.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::Request;
use common::unlimited;
use flarekeep_emulator::{Emulator, Facts, Options, Server, World};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// Set for the process that is to be killed.
const FOLDER: &str = "FLAREKEEP_EMULATOR_SOAK_FOLDER";
const WORKERS: usize = 6;
/// Things that each worker writes over and over.
const THINGS: usize = 24;
/// A life's memory may grow by this: the allocator keeps what it once had.
const GROWTH_KIB: u64 = 48 << 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_short_soak() {
    soak(Duration::from_secs(8)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "ten minutes"]
async fn soak_for_long() {
    let seconds = std::env::var("FLAREKEEP_SOAK").map_or(600, |text| text.parse().expect("a number of seconds"));
    soak(Duration::from_secs(seconds)).await;
}

/// Runs in a process of its own, which is this test binary once more, until it is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the child of the others"]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let emulator = Emulator::open(folder, World::generated(), options()).unwrap();
    let server = Server::start(emulator, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "\nport {}", server.address().port()).unwrap();
    out.flush().unwrap();
    std::future::pending::<()>().await;
}

fn options() -> Options {
    Options { tokens_per_user: 10_000, ..unlimited() }
}

/// Two thirds of the time in short lives, each ended by SIGKILL in the middle of the load; one third in one long life.
async fn soak(time: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let facts = Emulator::open(folder.path(), World::generated(), options()).unwrap().facts();
    let mut workers: Vec<Worker> = (0..WORKERS).map(|number| Worker::new(number, &facts)).collect();
    let (began, mut lives, mut done) = (Instant::now(), 0, 0);
    let life = (time / 20).clamp(Duration::from_millis(700), Duration::from_secs(15));
    loop {
        let long = began.elapsed() >= time * 2 / 3;
        let served = Served::start(folder.path(), lives);
        for worker in &mut workers {
            worker.verify(&served.base).await;
        }
        let end = Instant::now() + if long { time / 3 } else { life };
        let middle = Instant::now() + (end - Instant::now()) / 2;
        let at_work: Vec<_> = workers
            .drain(..)
            .map(|mut worker| {
                let base = served.base.clone();
                tokio::spawn(async move {
                    let done = worker.work(&base, end).await;
                    (worker, done)
                })
            })
            .collect();
        let mut memory = (None, None);
        if long {
            tokio::time::sleep_until(middle.into()).await;
            memory.0 = served.resident_kib();
            tokio::time::sleep_until((end - Duration::from_millis(50)).into()).await;
            memory.1 = served.resident_kib();
        } else {
            // In the middle of the load.
            tokio::time::sleep_until((end - Duration::from_millis(100)).into()).await;
        }
        served.kill();
        for one in at_work {
            let (worker, calls) = one.await.unwrap();
            workers.push(worker);
            done += calls;
        }
        lives += 1;
        if long {
            let (middle, end) = (memory.0.expect("its memory"), memory.1.expect("its memory"));
            println!("{lives} lives, {done} writes acknowledged, {middle} KiB then {end} KiB");
            assert!(end < middle + GROWTH_KIB, "{memory:?}");
            break;
        }
    }
    let served = Served::start(folder.path(), lives);
    for worker in &mut workers {
        worker.verify(&served.base).await;
    }
    served.kill();
    assert!(lives > 2 && done > 100, "{lives} lives, {done} writes");
}

/// The emulator in a process of its own.
struct Served {
    child: Child,
    base: String,
    errors: std::thread::JoinHandle<String>,
}

impl Served {
    fn start(folder: &Path, seed: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut errors = child.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|line| line.strip_prefix("port ").map(ToOwned::to_owned));
        // Read on: the test harness writes a line after a minute, and ends if nobody listens.
        std::thread::spawn(move || lines.for_each(drop));
        let served = Self { child, base: format!("http://127.0.0.1:{}", port.expect("it serves")), errors };
        served.fault(seed);
        served
    }

    /// One call in fifty is lost before or after it acts, answered with a fault, or slow.
    fn fault(&self, seed: usize) {
        let some = |what: Value| {
            let mut rule = json!({"match": {"path": "/**", "probability": 0.02}});
            rule.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
            rule
        };
        let rules = [
            some(json!({"drop": "before"})),
            some(json!({"drop": "after"})),
            some(json!({"answer": {"status": 503}})),
            some(json!({"cut": true})),
            some(json!({"delay": {"from": "1ms", "to": "20ms"}})),
        ];
        let body = json!({"seed": seed, "rule": rules}).to_string();
        let address = self.base.trim_start_matches("http://");
        let mut line = std::net::TcpStream::connect(address).unwrap();
        write!(
            line,
            "PUT /__flarekeep/faults HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// The memory of a living one; none of one that has ended by itself, which [`Served::kill`] tells.
    fn resident_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }

    fn kill(mut self) {
        let ended = self.child.try_wait().unwrap();
        // SIGKILL.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let errors = self.errors.join().unwrap();
        assert!(ended.is_none() && !errors.contains("panicked"), "{ended:?}: {errors}");
    }
}

/// Writes things of its own and remembers what may be there.
struct Worker {
    number: usize,
    facts: Facts,
    client: Client<HttpConnector, Body>,
    random: u64,
    namespace: Option<String>,
    bucket: bool,
    database: Option<String>,
    table: bool,
    /// What may be there of each: one value where the last write was acknowledged.
    things: BTreeMap<Thing, Vec<Option<String>>>,
    values: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    /// Of a namespace of KV.
    Value(usize),
    /// Of an R2 bucket.
    Object(usize),
    /// Of a D1 database.
    Row(usize),
    /// A TXT record.
    Record(usize),
}

impl Worker {
    fn new(number: usize, facts: &Facts) -> Self {
        Self {
            number,
            facts: facts.clone(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            random: number as u64 + 1,
            namespace: None,
            bucket: false,
            database: None,
            table: false,
            things: BTreeMap::new(),
            values: 0,
        }
    }

    /// Writes until the end, or until the emulator is gone; gives how many writes were acknowledged.
    async fn work(&mut self, base: &str, end: Instant) -> usize {
        let mut done = 0;
        while Instant::now() < end {
            if !self.is_ready(base).await {
                continue;
            }
            let number = usize::try_from(self.next()).unwrap() % THINGS;
            // A write of D1 costs a database: it is the rarest.
            let thing = match self.next() % 16 {
                0 => Thing::Row(number),
                1..4 => Thing::Record(number),
                4..10 => Thing::Object(number),
                _ => Thing::Value(number),
            };
            let value = (!self.next().is_multiple_of(4)).then(|| {
                self.values += 1;
                format!("{}-{}-{}", self.number, self.values, "x".repeat(usize::try_from(self.values % 500).unwrap()))
            });
            // Of what cannot be found out, nothing was written.
            let Some(answer) = self.write(base, thing, value.as_ref()).await else { continue };
            let possible = self.things.entry(thing).or_insert_with(|| vec![None]);
            match answer {
                Some((200, _)) => {
                    *possible = vec![value];
                    done += 1;
                }
                // What is not there.
                Some((404, _)) if value.is_none() => *possible = vec![None],
                Some((status, json)) => assert!(status == 503, "{status} {json}"),
                None => possible.push(value),
            }
        }
        done
    }

    /// Makes what the things lie in, a step at a time; true once all is there.
    async fn is_ready(&mut self, base: &str) -> bool {
        let random = self.next();
        let name = |what: &str| json!({what: format!("soak-{}-{random}", self.number)}).to_string();
        let id = |answer: Option<(u16, Value)>, name: &str| Some(answer?.1["result"][name].as_str()?.to_owned());
        if self.namespace.is_none() {
            self.namespace = id(self.ask(base, "POST", "/storage/kv/namespaces", name("title")).await, "id");
        } else if !self.bucket {
            let name = json!({"name": format!("soak-{}", self.number)}).to_string();
            // There already, if the answer to the first was lost.
            self.bucket = self.ask(base, "POST", "/r2/buckets", name).await.is_some_and(|(status, _)| status < 500);
        } else if self.database.is_none() {
            self.database = id(self.ask(base, "POST", "/d1/database", name("name")).await, "uuid");
        } else if !self.table {
            let made = self.query(base, "CREATE TABLE IF NOT EXISTS things (number PRIMARY KEY, value)", &[]).await;
            self.table = made.is_some_and(|(status, _)| status == 200);
        } else {
            return true;
        }
        false
    }

    /// One write: what was answered, if anything was; none if it was not even tried.
    async fn write(&self, base: &str, thing: Thing, value: Option<&String>) -> Option<Option<(u16, Value)>> {
        match thing {
            Thing::Value(_) | Thing::Object(_) => {
                let method = if value.is_some() { "PUT" } else { "DELETE" };
                Some(self.ask(base, method, &self.path(thing), value.cloned().unwrap_or_default()).await)
            }
            Thing::Row(number) => Some(match value {
                Some(value) => {
                    let text = [number.to_string(), value.clone()];
                    self.query(base, "INSERT OR REPLACE INTO things VALUES (?1, ?2)", &text).await
                }
                None => self.query(base, "DELETE FROM things WHERE number = ?1", &[number.to_string()]).await,
            }),
            Thing::Record(number) => {
                let found = self.record(base, number).await?;
                let path = |id: &str| format!("/dns_records/{id}");
                let body = |value| json!({"type": "TXT", "name": self.name(number), "content": value}).to_string();
                Some(match (found, value) {
                    (None, None) => Some((404, Value::Null)),
                    (None, Some(value)) => self.ask(base, "POST", "/dns_records", body(value)).await,
                    (Some((id, _)), Some(value)) => self.ask(base, "PUT", &path(&id), body(value)).await,
                    (Some((id, _)), None) => self.ask(base, "DELETE", &path(&id), String::new()).await,
                })
            }
        }
    }

    /// Each thing must hold what was written last, or what was perhaps written after it.
    async fn verify(&mut self, base: &str) {
        for (thing, possible) in self.things.clone() {
            let there = loop {
                if let Some(there) = self.read(base, thing).await {
                    break there;
                }
            };
            assert!(possible.contains(&there), "worker {}, {thing:?}: {there:?} is none of {possible:?}", self.number);
            self.things.insert(thing, vec![there]);
        }
    }

    /// What a thing holds; none after a fault.
    async fn read(&self, base: &str, thing: Thing) -> Option<Option<String>> {
        match thing {
            Thing::Value(_) | Thing::Object(_) => {
                match self.raw(base, "GET", &self.path(thing), String::new()).await? {
                    (200, text) => Some(Some(text)),
                    (404, _) => Some(None),
                    (503, _) => None,
                    (status, text) => panic!("{status} {text}"),
                }
            }
            Thing::Row(number) => {
                let sql = "SELECT value FROM things WHERE number = ?1";
                let (status, json) = self.query(base, sql, &[number.to_string()]).await?;
                assert!(status == 200 || status == 503, "{status} {json}");
                let value = &json["result"][0]["results"][0]["value"];
                (status == 200).then(|| value.as_str().map(ToOwned::to_owned))
            }
            Thing::Record(number) => Some(self.record(base, number).await?.map(|(_, content)| content)),
        }
    }

    /// The id and the content of a record, where it is there; none after a fault.
    async fn record(&self, base: &str, number: usize) -> Option<Option<(String, String)>> {
        let path = format!("/dns_records?name={}", self.name(number));
        let (status, json) = self.ask(base, "GET", &path, String::new()).await?;
        assert!(status == 200 || status == 503, "{status} {json}");
        let found = json["result"].as_array()?;
        assert!(found.len() < 2, "{json}");
        let text = |name: &str| found.first()?[name].as_str().map(|text| text.trim_matches('"').to_owned());
        Some(text("id").zip(text("content")))
    }

    /// The name of a record of this worker.
    fn name(&self, number: usize) -> String {
        format!("soak{number}-{}.{}", self.number, self.facts.zones[0].name)
    }

    async fn query(&self, base: &str, sql: &str, params: &[String]) -> Option<(u16, Value)> {
        let path = format!("/d1/database/{}/query", self.database.as_deref().unwrap_or_default());
        self.ask(base, "POST", &path, json!({"sql": sql, "params": params}).to_string()).await
    }

    fn path(&self, thing: Thing) -> String {
        match thing {
            Thing::Value(number) => {
                format!("/storage/kv/namespaces/{}/values/k{number}", self.namespace.as_deref().unwrap_or_default())
            }
            Thing::Object(number) => format!("/r2/buckets/soak-{}/objects/a/{number}", self.number),
            Thing::Row(_) | Thing::Record(_) => unreachable!("what is in a query or has an id"),
        }
    }

    async fn ask(&self, base: &str, method: &str, path: &str, body: String) -> Option<(u16, Value)> {
        let (status, text) = self.raw(base, method, path, body).await?;
        // Half an answer tells nothing, not even that it was one.
        Some((status, serde_json::from_str(&text).ok()?))
    }

    async fn raw(&self, base: &str, method: &str, path: &str, body: String) -> Option<(u16, String)> {
        let place = if path.starts_with("/dns_records") {
            format!("zones/{}", self.facts.zones[0].id)
        } else {
            format!("accounts/{}", self.facts.account_id)
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{base}/client/v4/{place}{path}"))
            .header("x-auth-email", &self.facts.email)
            .header("x-auth-key", &self.facts.global_key)
            .body(Body::from(Bytes::from(body)))
            .unwrap();
        let answer = async {
            let (parts, body) = self.client.request(request).await.ok()?.into_parts();
            let bytes = body.collect().await.ok()?.to_bytes();
            Some((parts.status.as_u16(), String::from_utf8(bytes.to_vec()).ok()?))
        };
        tokio::time::timeout(Duration::from_secs(20), answer).await.ok()?
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.random;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }
}
