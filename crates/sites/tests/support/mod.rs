//! A bucket in memory, which looks at every object that is written, and can end a run at any request.

// Each test file uses a part of this.
#![allow(dead_code, unreachable_pub)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use flarekeep_sites::files::{hash, walk};
use flarekeep_sites::manifest::{Manifest, Settings};
use flarekeep_sites::s3::{Answer, Body, BoxFuture, Keys, Lost, Request, Stage, Store, Wire};
use flarekeep_sites::{Deployed, Digest, Edge, Listener, Platform, Release, SiteError, Slug, Wishes, deploy};
use serde_json::Value;

/// A bucket in memory. It knows no signatures: the emulator's tests do.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

/// What runs before a request.
type Hook = Box<dyn FnMut(&str) + Send>;

#[derive(Default)]
struct State {
    objects: BTreeMap<String, (Vec<u8>, u64)>,
    writes: u64,
    requests: Vec<String>,
    /// After so many requests the run is dead; and whether the last of them is carried out.
    stop: Option<(usize, bool)>,
    /// What each pointer named, one after the other.
    published: Vec<(String, String)>,
    /// Runs before a request is carried out.
    before: Option<Hook>,
    /// What was written long ago.
    old: BTreeSet<String>,
}

impl Memory {
    pub fn store(&self) -> Store {
        let keys = Keys { id: "id".to_owned(), secret: "secret".into(), session: None };
        Store::new("http://memory", "sites", keys, self.clone())
    }

    /// Ends the run after so many more requests; `acts` says whether the last one is carried out, its answer being lost.
    pub fn stop_after(&self, requests: usize, acts: bool) {
        let mut state = self.0.lock().unwrap();
        let done = state.requests.len();
        state.stop = Some((done + requests, acts));
    }

    pub fn go_on(&self) {
        self.0.lock().unwrap().stop = None;
    }

    pub fn before(&self, hook: impl FnMut(&str) + Send + 'static) {
        self.0.lock().unwrap().before = Some(Box::new(hook));
    }

    pub fn requests(&self) -> Vec<String> {
        self.0.lock().unwrap().requests.clone()
    }

    pub fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap().objects.keys().cloned().collect()
    }

    pub fn published(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap().published.clone()
    }

    pub fn put(&self, key: &str, value: &str) {
        self.0.lock().unwrap().objects.insert(key.to_owned(), (value.as_bytes().to_vec(), 0));
    }

    /// Writes as others do: the object has another ETag then.
    pub fn replace(&self, key: &str, value: &str) {
        let mut state = self.0.lock().unwrap();
        state.writes += 1;
        let etag = state.writes;
        state.objects.insert(key.to_owned(), (value.as_bytes().to_vec(), etag));
    }

    /// From now on somebody renews this object whenever it is looked at.
    pub fn keeps(&self, key: &'static str) {
        let other = self.clone();
        self.before(move |line| {
            if line == format!("GET {key}") {
                other.replace(key, "{}");
            }
        });
    }

    /// Takes away what lies below.
    pub fn lose(&self, prefix: &str) {
        self.0.lock().unwrap().objects.retain(|key, _| !key.starts_with(prefix));
    }

    /// From now on what is there was written two days ago.
    pub fn age(&self) {
        let mut state = self.0.lock().unwrap();
        state.old = state.objects.keys().cloned().collect();
    }

    pub fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().objects.get(key).map(|(bytes, _)| bytes.clone())
    }

    pub fn text(&self, key: &str) -> Option<String> {
        self.0.lock().unwrap().objects.get(key).map(|(bytes, _)| String::from_utf8(bytes.clone()).unwrap())
    }

    /// What a visitor gets of every path, by way of the pointer: all of one release, or nothing.
    pub fn visit(&self, tenant: &str) -> Option<(String, BTreeMap<String, String>)> {
        let current: Value = serde_json::from_str(&self.text(&format!("sites/{tenant}/current.json"))?).unwrap();
        let release = current["release"].as_str().unwrap().to_owned();
        let manifest: Value =
            serde_json::from_str(&self.text(&format!("sites/{tenant}/releases/{release}.json")).unwrap()).unwrap();
        let files = manifest["files"].as_object().unwrap();
        let read = |row: &Value| {
            let name = row["sha256"].as_str().unwrap();
            let text = self.text(&format!("sites/{tenant}/blobs/{name}")).expect("a live release has all its blobs");
            assert_eq!(Digest::of(text.as_bytes()).to_string(), name);
            text
        };
        Some((release, files.iter().map(|(path, row)| (path.clone(), read(row))).collect()))
    }
}

impl Wire for Memory {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Lost>> {
        let lost = || Lost { stage: Stage::Stopped, detail: "the run was killed".to_owned() };
        let path = request.url.strip_prefix("http://memory/sites/").unwrap().to_owned();
        Box::pin(async move {
            // A list takes longer than a write: what runs beside it gets its turn.
            for _ in 0..if path.starts_with('?') { 3 } else { 1 } {
                tokio::task::yield_now().await;
            }
            let hook = self.0.lock().unwrap().before.take();
            if let Some(mut hook) = hook {
                hook(&format!("{} {path}", request.method));
                self.0.lock().unwrap().before.get_or_insert(hook);
            }
            let mut state = self.0.lock().unwrap();
            let number = state.requests.len();
            match state.stop {
                Some((stop, _)) if number >= stop => Err(lost()),
                stop => {
                    let last = stop.is_some_and(|(stop, _)| number + 1 == stop);
                    let acts = stop.is_none_or(|(_, acts)| acts) || !last;
                    state.requests.push(format!("{} {path}", request.method));
                    let answer = if acts { state.act(&request, &path) } else { None };
                    answer.filter(|_| !last).ok_or_else(lost)
                }
            }
        })
    }
}

impl State {
    fn act(&mut self, request: &Request, path: &str) -> Option<Answer> {
        let header =
            |name: &str| request.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        let answer = |status, etag: Option<u64>, body: Vec<u8>| {
            Some(Answer { status, etag: etag.map(|etag| format!("\"{etag}\"")), retry_after: None, body: body.into() })
        };
        if path == "?delete=" {
            assert!(header("content-md5").is_some_and(|md5| md5.len() == 24));
            let text = String::from_utf8(content(&request.body)).unwrap();
            let keys = text.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap());
            keys.for_each(|key| drop(self.objects.remove(key)));
            return answer(200, None, b"<DeleteResult></DeleteResult>".to_vec());
        }
        if let Some(query) = path.strip_prefix('?') {
            let prefix = query.split("prefix=").nth(1).unwrap().replace("%2F", "/");
            let (now, old) = (jiff::Timestamp::now(), &self.old);
            let rows = self.objects.iter().filter(|(key, _)| key.starts_with(&prefix)).map(|(key, (bytes, _))| {
                let now = if old.contains(key) { now - jiff::Span::new().hours(48) } else { now };
                format!(
                    "<Contents><Key>{key}</Key><LastModified>{now}</LastModified><Size>{}</Size></Contents>",
                    bytes.len()
                )
            });
            let list = format!("<ListBucketResult>{}</ListBucketResult>", rows.collect::<String>());
            return answer(200, None, list.into_bytes());
        }
        match request.method {
            "GET" => match self.objects.get(path) {
                Some((bytes, etag)) => answer(200, Some(*etag), bytes.clone()),
                None => answer(404, None, b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
            },
            "PUT" => {
                let now = self.objects.get(path).map(|(_, etag)| format!("\"{etag}\""));
                let refused = header("if-none-match").is_some() && now.is_some()
                    || header("if-match").is_some_and(|wanted| now.as_deref() != Some(wanted));
                if refused {
                    return answer(412, None, Vec::new());
                }
                if let Some(source) = header("x-amz-copy-source") {
                    let source = source.strip_prefix("/sites/").unwrap();
                    let (bytes, etag) = self.objects[source].clone();
                    if header("x-amz-copy-source-if-match") != Some(&*format!("\"{etag}\"")) {
                        return answer(412, None, Vec::new());
                    }
                    self.writes += 1;
                    self.objects.insert(path.to_owned(), (bytes, self.writes));
                    return answer(200, None, b"<CopyObjectResult/>".to_vec());
                }
                let bytes = content(&request.body);
                assert_eq!(header("x-amz-content-sha256"), Some(&*Digest::of(&bytes).to_string()), "{path}");
                self.writes += 1;
                if let Some(tenant) = path.strip_prefix("sites/").and_then(|rest| rest.strip_suffix("/current.json")) {
                    let current: Value = serde_json::from_slice(&bytes).unwrap();
                    let release = current["release"].as_str().unwrap();
                    self.published.push((tenant.to_owned(), release.to_owned()));
                    let manifest = &self.objects[&format!("sites/{tenant}/releases/{release}.bin")].0;
                    for (digest, variants) in Manifest::known(manifest).unwrap() {
                        for (is_there, ending) in [(true, ""), (variants.brotli, ".br"), (variants.gzip, ".gz")] {
                            let blob = format!("sites/{tenant}/blobs/{digest}{ending}");
                            assert!(!is_there || self.objects.contains_key(&blob), "live before it is there");
                        }
                    }
                }
                self.objects.insert(path.to_owned(), (bytes, self.writes));
                answer(200, Some(self.writes), Vec::new())
            }
            "DELETE" => {
                self.objects.remove(path);
                answer(204, None, Vec::new())
            }
            other => panic!("{other}"),
        }
    }
}

fn content(body: &Body) -> Vec<u8> {
    body.at_hand().expect("small bodies are at hand").to_vec()
}

/// An edge in memory.
#[derive(Clone, Default)]
pub struct MemoryEdge {
    pub values: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    pub broken: Arc<Mutex<bool>>,
}

impl Edge for MemoryEdge {
    fn write<'a>(&'a self, _: &'a Platform, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), String>> {
        let result = match *self.broken.lock().unwrap() {
            true => Err("it is broken".to_owned()),
            false => {
                self.values.lock().unwrap().insert(key.to_owned(), value);
                Ok(())
            }
        };
        Box::pin(async move { result })
    }

    fn remove<'a>(&'a self, _: &'a Platform, key: &'a str) -> BoxFuture<'a, Result<(), String>> {
        self.values.lock().unwrap().remove(key);
        Box::pin(async { Ok(()) })
    }
}

/// The platform's row, as `platform deploy` writes it.
pub const PLATFORM: &str =
    r#"{"v":1,"domain":"example.com","zone_id":"z","account_id":"a","kv_namespace_id":"n","worker":"w"}"#;

/// Nobody hears.
pub fn silent() -> Listener {
    Arc::new(|_| {})
}

pub fn slug() -> Slug {
    "acme".parse().unwrap()
}

/// Names that follow each other.
pub fn release(number: u64) -> Release {
    Release::new(1_790_000_000_000 + number, 7)
}

/// A folder with these files.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let place = folder.path().join(name);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, text).unwrap();
    }
    folder
}

pub fn wishes(number: u64) -> Wishes {
    Wishes {
        release: release(number),
        now: "2026-11-23T00:00:00Z".to_owned(),
        message: None,
        preview: false,
        settings: Settings::default(),
        jobs: 4,
        tool: "test".to_owned(),
    }
}

pub async fn deployed(store: &Store, edge: &dyn Edge, folder: &Path, wishes: &Wishes) -> Result<Deployed, SiteError> {
    let tree = walk(folder).unwrap();
    let contents = hash(&tree, &|_| {}).unwrap();
    deploy(store, edge, &slug(), &tree, &contents, wishes, &silent()).await
}
