//! Those who come between each other: sweeps, removals, deploys and rollbacks at the same time, answers that are lost, and
//! runs that die and are gone on with.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use flarekeep_sites::s3::{Answer, BoxFuture, Keys, Lost, Request, Stage, Store, Wire};
use flarekeep_sites::{Edge, EdgeState, Event, Listener, Platform, SiteError, Sweeping, look, remove, sweep, switch};
use support::{Memory, MemoryEdge, PLATFORM, deployed, folder, release, silent, slug, wishes};

const ALL: Sweeping = Sweeping { keep: 1, hours: -1, dry_run: false };
const MARK: &str = "sites/acme/deploying/sweep.json";

async fn started() -> (Memory, MemoryEdge) {
    let (memory, edge) = (Memory::default(), MemoryEdge::default());
    memory.put("platform/platform.json", PLATFORM);
    deployed(&memory.store(), &edge, folder(&[("index.html", "one")]).path(), &wishes(1)).await.unwrap();
    (memory, edge)
}

/// Which release is live, and which the edge shows.
fn live(memory: &Memory, edge: &MemoryEdge) -> (String, String) {
    let name = |bytes: &[u8]| -> String {
        let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        value["release"].as_str().unwrap().to_owned()
    };
    let shown = name(&edge.values.lock().unwrap()["site:acme"]);
    (name(memory.text("sites/acme/current.json").unwrap().as_bytes()), shown)
}

fn marks(memory: &Memory) -> Vec<String> {
    memory.keys().into_iter().filter(|key| key.contains("/deploying/")).collect()
}

/// What becomes of the answers to a bucket's requests.
struct Spoilt<F>(Memory, F);

impl<F: Fn(&str, Answer) -> Result<Answer, Lost> + Send + Sync> Wire for Spoilt<F> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Lost>> {
        let line = format!("{} {}", request.method, request.url.strip_prefix("http://memory/sites/").unwrap());
        Box::pin(async move {
            let answer = self.0.send(request).await?;
            self.1(&line, answer)
        })
    }
}

fn spoilt(memory: &Memory, how: impl Fn(&str, Answer) -> Result<Answer, Lost> + Send + Sync + 'static) -> Store {
    let keys = Keys { id: "id".to_owned(), secret: "secret".into(), session: None };
    Store::new("http://memory", "sites", keys, Spoilt(memory.clone(), how))
}

/// The first answer to such a line is lost.
fn once_lost(memory: &Memory, wanted: &'static str) -> Store {
    let done = Mutex::new(false);
    spoilt(memory, move |line, answer| {
        match line == wanted && !std::mem::replace(&mut *done.lock().unwrap(), line == wanted) {
            true => Err(Lost { stage: Stage::Ambiguous, detail: "the line broke".to_owned() }),
            false => Ok(answer),
        }
    })
}

#[tokio::test]
async fn the_edge_knows_when_a_killed_run_is_run_again() {
    let site = folder(&[("index.html", "two")]);
    let mut ended = 0;
    for stop in 0..24 {
        for acts in [false, true] {
            let (memory, edge) = started().await;
            memory.stop_after(stop, acts);
            let first = deployed(&memory.store(), &edge, site.path(), &wishes(2)).await;
            memory.go_on();
            let again = deployed(&memory.store(), &edge, site.path(), &wishes(3)).await.unwrap();
            ended += usize::from(again.unchanged && again.edge == Some(EdgeState::Told));
            assert_eq!(live(&memory, &edge).0, live(&memory, &edge).1, "stop {stop} {first:?}");
            assert_eq!(marks(&memory), Vec::<String>::new(), "stop {stop}");
            // There is nothing left to end.
            let third = deployed(&memory.store(), &edge, site.path(), &wishes(4)).await.unwrap();
            assert!(third.unchanged && third.edge.is_none());
        }
    }
    assert!(ended > 0);
}

#[tokio::test]
async fn a_killed_rollback_is_ended_and_not_repeated() {
    let mut ended = 0;
    for stop in 0..16 {
        for acts in [false, true] {
            let (memory, edge) = started().await;
            deployed(&memory.store(), &edge, folder(&[("index.html", "two")]).path(), &wishes(2)).await.unwrap();
            memory.stop_after(stop, acts);
            let _ = switch(&memory.store(), &edge, &slug(), None, "now").await;
            memory.go_on();
            // A run whose mark is gone has come to its end.
            if live(&memory, &edge).0 != release(1).as_str() || !marks(&memory).is_empty() {
                let again = switch(&memory.store(), &edge, &slug(), None, "now").await.unwrap();
                assert_eq!(again.to, release(1), "stop {stop}");
                ended += usize::from(again.unchanged);
            }
            let one = release(1).to_string();
            assert_eq!(live(&memory, &edge), (one.clone(), one), "stop {stop}");
            assert_eq!(marks(&memory), Vec::<String>::new(), "stop {stop}");
        }
    }
    assert!(ended > 0);
    // After a deploy that was killed behind its turn, a rollback takes back what it made live.
    let (memory, edge) = started().await;
    let site = folder(&[("index.html", "two")]);
    memory.before({
        let memory = memory.clone();
        move |line| {
            if line == "PUT sites/acme/current.json" {
                memory.stop_after(1, true);
            }
        }
    });
    deployed(&memory.store(), &edge, site.path(), &wishes(2)).await.unwrap_err();
    memory.before(|_| {});
    memory.go_on();
    let back = switch(&memory.store(), &edge, &slug(), None, "now").await.unwrap();
    assert_eq!((back.to, back.unchanged), (release(1), false));
}

/// The edge, before which another deploy passes the one that is about to tell it.
struct Passed {
    memory: Memory,
    inner: MemoryEdge,
    is_first: Mutex<bool>,
}

impl Edge for Passed {
    fn write<'a>(&'a self, platform: &'a Platform, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), String>> {
        let passes = key == "site:acme" && std::mem::replace(&mut *self.is_first.lock().unwrap(), false);
        Box::pin(async move {
            if passes {
                let other = folder(&[("index.html", "three")]);
                deployed(&self.memory.store(), &self.inner, other.path(), &wishes(3)).await.unwrap();
            }
            self.inner.write(platform, key, value).await
        })
    }

    fn remove<'a>(&'a self, platform: &'a Platform, key: &'a str) -> BoxFuture<'a, Result<(), String>> {
        self.inner.remove(platform, key)
    }
}

#[tokio::test]
async fn whoever_tells_the_edge_last_tells_it_what_is_live() {
    let (memory, inner) = started().await;
    let edge = Passed { memory: memory.clone(), inner: inner.clone(), is_first: Mutex::new(true) };
    let done = deployed(&memory.store(), &edge, folder(&[("index.html", "two")]).path(), &wishes(2)).await.unwrap();
    assert_eq!(done.edge, Some(EdgeState::Told));
    let three = release(3).to_string();
    assert_eq!(live(&memory, &inner), (three.clone(), three));
}

#[tokio::test]
async fn a_turn_whose_answer_is_lost_or_a_failure_is_seen_to_have_been_made() {
    let (memory, edge) = started().await;
    let store = once_lost(&memory, "PUT sites/acme/current.json");
    let done = deployed(&store, &edge, folder(&[("index.html", "two")]).path(), &wishes(2)).await.unwrap();
    assert!(done.live && live(&memory, &edge).1 == release(2).as_str());
    // Every attempt is carried out or refused, and answered by a gateway in between.
    let store = spoilt(&memory, |line, answer| match line {
        "PUT sites/acme/current.json" => Ok(Answer { status: 502, body: Bytes::new(), ..answer }),
        _ => Ok(answer),
    });
    let done = deployed(&store, &edge, folder(&[("index.html", "three")]).path(), &wishes(3)).await.unwrap();
    assert!(done.live && live(&memory, &edge).1 == release(3).as_str());
}

#[tokio::test(start_paused = true)]
async fn a_sweep_knows_its_own_mark() {
    let (memory, _) = started().await;
    let store = once_lost(&memory, "PUT sites/acme/deploying/sweep.json");
    sweep(&store, &slug(), ALL, &silent()).await.unwrap();
    assert_eq!(marks(&memory), Vec::<String>::new());
    // Another's is left alone as long as it lives.
    memory.put(MARK, "{}");
    memory.keeps(MARK);
    assert_eq!(
        sweep(&memory.store(), &slug(), ALL, &silent()).await.unwrap_err(),
        SiteError::Sweeping { tenant: slug() }
    );
    assert_eq!(marks(&memory), [MARK]);
    // That of a killed one is taken over: nobody renews it.
    memory.before(|_| {});
    let (begun, watched) = (tokio::time::Instant::now(), Arc::new(Mutex::new(0)));
    let count = watched.clone();
    let listener: Listener =
        Arc::new(move |event| *count.lock().unwrap() += usize::from(matches!(event, Event::Watching { .. })));
    sweep(&memory.store(), &slug(), ALL, &listener).await.unwrap();
    assert_eq!(marks(&memory), Vec::<String>::new());
    assert!(begun.elapsed().as_secs() >= 30 && *watched.lock().unwrap() == 1);
    // One that ends meanwhile is not waited for any longer.
    memory.put(MARK, "{}");
    let (other, mut looks) = (memory.clone(), 0);
    memory.before(move |line| {
        looks += usize::from(line == format!("GET {MARK}"));
        if looks == 3 {
            other.lose(MARK);
        }
    });
    let begun = tokio::time::Instant::now();
    sweep(&memory.store(), &slug(), ALL, &silent()).await.unwrap();
    assert!(begun.elapsed().as_secs() < 10);
    // Of two who find it dead, one takes it.
    memory.put(MARK, "{}");
    let (other, mut writes) = (memory.clone(), 0);
    memory.before(move |line| {
        writes += usize::from(line == format!("PUT {MARK}"));
        if writes == 2 {
            other.replace(MARK, "another's");
        }
    });
    let late = sweep(&memory.store(), &slug(), ALL, &silent()).await.unwrap_err();
    assert_eq!(late, SiteError::Sweeping { tenant: slug() });
    assert_eq!(memory.text(MARK).as_deref(), Some("another's"));
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_was_lost_takes_nothing_more_away_and_leaves_the_other_alone() {
    let (memory, edge) = started().await;
    deployed(&memory.store(), &edge, folder(&[("index.html", "two")]).path(), &wishes(2)).await.unwrap();
    let before = memory.keys();
    // As after a night: another has taken the folder between the looks and the first removal.
    let other = memory.clone();
    memory.before(move |line| {
        if line.starts_with("GET ?") && line.contains("blobs") {
            other.replace(MARK, "another's");
        }
    });
    let lost = sweep(&memory.store(), &slug(), ALL, &silent()).await.unwrap_err();
    assert_eq!(lost, SiteError::Sweeping { tenant: slug() });
    assert_eq!(memory.text(MARK).as_deref(), Some("another's"));
    memory.store().delete(MARK).await.unwrap();
    assert_eq!(memory.keys(), before);
}

#[tokio::test(start_paused = true)]
async fn a_long_sweep_renews_its_mark_and_a_deploy_gives_way() {
    let (memory, edge) = started().await;
    let marks_seen = Arc::new(Mutex::new(Vec::new()));
    let store = spoilt(&memory, |_, answer| Ok(answer));
    let slow = Slow(memory.clone(), Duration::from_secs(12));
    let keys = Keys { id: "id".to_owned(), secret: "secret".into(), session: None };
    let slow = Store::new("http://memory", "sites", keys, slow);
    let (other, seen) = (memory.clone(), marks_seen.clone());
    memory.before(move |line| {
        if line.starts_with("PUT") && line.ends_with("sweep.json") {
            seen.lock().unwrap().push(other.bytes(MARK));
        }
    });
    let site = folder(&[("index.html", "two")]);
    let (tenant, silent) = (slug(), silent());
    let (swept, deployed) = tokio::join!(sweep(&slow, &tenant, ALL, &silent), async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        deployed(&store, &edge, site.path(), &wishes(2)).await
    });
    swept.unwrap();
    assert_eq!(deployed.unwrap_err(), SiteError::Sweeping { tenant: slug() });
    assert!(marks_seen.lock().unwrap().len() > 3, "it was renewed");
    assert_eq!((marks(&memory), live(&memory, &edge).0), (Vec::new(), release(1).to_string()));
}

/// A bucket whose lists take so long.
struct Slow(Memory, Duration);

impl Wire for Slow {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Lost>> {
        Box::pin(async move {
            if request.url.contains('?') {
                tokio::time::sleep(self.1).await;
            }
            self.0.send(request).await
        })
    }
}

#[tokio::test]
async fn half_a_listing_sweeps_nothing_away() {
    let (memory, edge) = started().await;
    let mut preview = wishes(2);
    preview.preview = true;
    deployed(&memory.store(), &edge, folder(&[("index.html", "two")]).path(), &preview).await.unwrap();
    let before = memory.keys();
    for half in ["<html>a proxy's page</html>", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"]
    {
        let store = spoilt(&memory, move |line, answer| match line.contains("releases") {
            true => Ok(Answer { body: half.into(), ..answer }),
            false => Ok(answer),
        });
        sweep(&store, &slug(), Sweeping { keep: 1, hours: 1_000, dry_run: false }, &silent()).await.unwrap_err();
        sweep(&store, &slug(), ALL, &silent()).await.unwrap_err();
        assert_eq!(memory.keys(), before);
    }
}

#[tokio::test]
async fn a_removal_and_a_deploy_give_way_to_each_other() {
    let (memory, edge) = started().await;
    let deploying = format!("sites/acme/deploying/{}.json", release(2));
    memory.put(&deploying, "{}");
    let waits = remove(&memory.store(), &edge, &slug(), &silent()).await.unwrap_err();
    assert!(matches!(waits, SiteError::Deploying { .. }), "{waits}");
    assert_eq!((marks(&memory), live(&memory, &edge).0), (vec![deploying.clone()], release(1).to_string()));
    memory.store().delete(&deploying).await.unwrap();
    // A first deploy in the middle of a removal would take its blobs for there, and they go a moment later.
    let held = Arc::new(Mutex::new(Vec::new()));
    memory.before({
        let (memory, held) = (memory.clone(), held.clone());
        move |line| {
            let removes = line.starts_with("DELETE ") || line.starts_with("POST ?delete");
            if removes && !line.ends_with("/sweep.json") {
                held.lock().unwrap().push(memory.text(MARK).is_some());
            }
        }
    });
    remove(&memory.store(), &edge, &slug(), &silent()).await.unwrap();
    let held = held.lock().unwrap().clone();
    assert!(held.len() > 2 && held.iter().all(|held| *held), "{held:?}");
    assert_eq!(memory.keys(), ["platform/platform.json"]);
}

#[tokio::test]
async fn a_turn_that_is_known_to_be_at_its_end_is_not_looked_after() {
    let (memory, edge) = started().await;
    let site = folder(&[("index.html", "one")]);
    let tree = flarekeep_sites::files::walk(site.path()).unwrap();
    let contents = flarekeep_sites::files::hash(&tree, &|_| {}).unwrap();
    for (turn, requests) in [
        (None, 2),
        (Some((release(1), wishes(1).now)), 1),
        // The same release has gone live again since.
        (Some((release(1), "2026-11-22T00:00:00Z".to_owned())), 2),
        (Some((release(2), wishes(1).now)), 2),
    ] {
        let before = memory.requests().len();
        let looked = look(&memory.store(), &slug()).await.unwrap().settled(turn);
        let done = looked.deploy(&edge, &tree, &contents, &wishes(5), &silent()).await.unwrap();
        assert!(done.unchanged);
        assert_eq!(memory.requests().len() - before, requests);
    }
}
