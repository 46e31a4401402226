//! A deploy and a rollback that die at every one of their requests, before and after it is carried out: visitors see one
//! whole release at every moment, and the same command ends what was begun.

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use flarekeep_sites::{EdgeState, SiteError, sweep, switch};
use support::{Memory, MemoryEdge, PLATFORM, deployed, folder, release, silent, slug, wishes};

const OLD: [(&str, &str); 4] = [("index.html", "old"), ("a.css", "same"), ("b/c.js", "old js"), ("b/gone.txt", "gone")];
const NEW: [(&str, &str); 5] =
    [("index.html", "new"), ("a.css", "same"), ("b/c.js", "new js"), ("b/copy.js", "new js"), ("d.txt", "more")];

fn pages(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(path, text)| (format!("/{path}"), (*text).to_owned())).collect()
}

/// The old site is live on a platform.
async fn started() -> (Memory, MemoryEdge) {
    let (memory, edge) = (Memory::default(), MemoryEdge::default());
    memory.put("platform/platform.json", PLATFORM);
    deployed(&memory.store(), &edge, folder(&OLD).path(), &wishes(1)).await.unwrap();
    (memory, edge)
}

/// Whether the visitor sees one of the two sites as a whole; which one.
fn sees(memory: &Memory) -> &'static str {
    let (_, files) = memory.visit("acme").unwrap();
    match files {
        files if files == pages(&OLD) => "old",
        files if files == pages(&NEW) => "new",
        mixture => panic!("{mixture:?}"),
    }
}

#[tokio::test]
async fn a_deploy_dies_at_every_request() {
    let site = folder(&NEW);
    let whole = {
        let (memory, edge) = started().await;
        let before = memory.requests().len();
        deployed(&memory.store(), &edge, site.path(), &wishes(2)).await.unwrap();
        memory.requests().len() - before
    };
    assert!(whole > 10, "{whole}");
    let mut seen_live = 0;
    for stop in 0..=whole {
        for acts in [false, true] {
            let (memory, edge) = started().await;
            // A visitor looks before every request.
            let seen = Arc::new(Mutex::new(Vec::new()));
            let (looking, memory_of_visitor) = (seen.clone(), memory.clone());
            memory.before(move |_| looking.lock().unwrap().push(sees(&memory_of_visitor)));
            memory.stop_after(stop, acts);
            let first = deployed(&memory.store(), &edge, site.path(), &wishes(2)).await;
            let after = sees(&memory);
            // Once the new site is seen, the old one is no more.
            let history = seen.lock().unwrap().clone();
            assert!(history.windows(2).all(|pair| pair != ["new", "old"]), "{history:?}");
            assert!(first.is_err() || after == "new");
            seen_live += usize::from(first.is_err() && after == "new");
            memory.go_on();
            // The same command again.
            let from = memory.requests().len();
            let again = deployed(&memory.store(), &edge, site.path(), &wishes(3)).await.unwrap();
            assert!(again.live && sees(&memory) == "new");
            assert_eq!(again.unchanged, after == "new");
            // No mark is left to keep a sweep away.
            let marks = memory.keys().iter().filter(|key| key.contains("/deploying/")).count();
            assert_eq!(marks, 0, "stop {stop}");
            // Nothing is sent twice that had arrived.
            let sent = |range: &[String]| {
                range.iter().filter(|line| line.starts_with("PUT sites/acme/blobs/")).cloned().collect::<Vec<_>>()
            };
            let (earlier, later) = (sent(&memory.requests()[..from]), sent(&memory.requests()[from..]));
            let lost = usize::from(!acts);
            let twice = later.iter().filter(|line| earlier[4..].contains(line)).count();
            assert!(twice <= lost, "stop {stop}: {twice} sent twice");
            assert_eq!(memory.published().last().unwrap().0, "acme");
        }
    }
    assert!(seen_live >= 1, "a run dies after the turn");
}

#[tokio::test]
async fn a_first_deploy_dies_at_every_request() {
    let site = folder(&NEW);
    let new = || {
        let (memory, edge) = (Memory::default(), MemoryEdge::default());
        memory.put("platform/platform.json", PLATFORM);
        (memory, edge)
    };
    let whole = {
        let (memory, edge) = new();
        deployed(&memory.store(), &edge, site.path(), &wishes(2)).await.unwrap();
        memory.requests().len()
    };
    assert!(whole > 10, "{whole}");
    for stop in 0..=whole {
        for acts in [false, true] {
            let (memory, edge) = new();
            memory.stop_after(stop, acts);
            let first = deployed(&memory.store(), &edge, site.path(), &wishes(2)).await;
            let after = memory.visit("acme").map(|(_, files)| assert_eq!(files, pages(&NEW)));
            assert!(first.is_err() || after.is_some());
            memory.go_on();
            let again = deployed(&memory.store(), &edge, site.path(), &wishes(3)).await.unwrap();
            assert_eq!((again.unchanged, sees(&memory)), (after.is_some(), "new"), "stop {stop}");
            let marks = memory.keys().iter().filter(|key| key.contains("/deploying/")).count();
            assert!(marks == 0 || again.unchanged, "stop {stop}");
        }
    }
}

#[tokio::test]
async fn what_a_first_deploy_uploads_before_its_mark_is_set_is_proved() {
    let (memory, edge) = (Memory::default(), MemoryEdge::default());
    let (other, lost) = (memory.clone(), Arc::new(Mutex::new(0)));
    let count = lost.clone();
    // Somebody removes what was there of the tenant, and ends before the marks are looked at.
    memory.before(move |line| {
        if line.starts_with("GET ?") && line.contains("deploying") {
            *count.lock().unwrap() = other.keys().iter().filter(|key| key.contains("/blobs/")).count();
            other.lose("sites/acme/blobs/");
        }
    });
    // The bucket looks whether all is there when the pointer turns.
    let done = deployed(&memory.store(), &edge, folder(&NEW).path(), &wishes(1)).await.unwrap();
    assert!(*lost.lock().unwrap() > 0, "nothing went up early");
    assert_eq!((done.uploaded, sees(&memory)), (4, "new"));
}

#[tokio::test]
async fn what_a_killed_deploy_has_left_is_never_promoted() {
    let site = folder(&NEW);
    let mut refused = 0;
    for stop in 0..20 {
        for acts in [false, true] {
            let (memory, edge) = started().await;
            memory.stop_after(stop, acts);
            let mut wanted = wishes(2);
            wanted.preview = true;
            let first = deployed(&memory.store(), &edge, site.path(), &wanted).await;
            memory.go_on();
            // The bucket looks whether all is there when the pointer turns.
            match switch(&memory.store(), &edge, &slug(), Some(&release(2)), "now").await {
                Ok(_) => assert!(sees(&memory) == "new" && (first.is_ok() || acts)),
                Err(error) => {
                    assert!(first.is_err() && sees(&memory) == "old", "stop {stop}: {error}");
                    refused += usize::from(matches!(error, SiteError::Unfinished { .. }));
                }
            }
            // A day later a sweep takes away what it left, whatever else is kept.
            memory.age();
            let is_new = sees(&memory) == "new";
            let keeping = flarekeep_sites::Sweeping { keep: 9, hours: 1_000, dry_run: false };
            let swept = sweep(&memory.store(), &slug(), keeping, &silent()).await.unwrap();
            assert!(!memory.keys().iter().any(|key| key.contains("/deploying/")));
            let left = memory.keys().iter().any(|key| key.contains(release(2).as_str()));
            assert_eq!(left, is_new, "stop {stop}: {swept:?}");
        }
    }
    assert!(refused >= 1, "no run dies between the manifests and the end");
}

#[tokio::test]
async fn a_rollback_dies_at_every_request() {
    for stop in 0..12 {
        for acts in [false, true] {
            let (memory, edge) = started().await;
            deployed(&memory.store(), &edge, folder(&NEW).path(), &wishes(2)).await.unwrap();
            memory.stop_after(stop, acts);
            let first = switch(&memory.store(), &edge, &slug(), Some(&release(1)), "now").await;
            let after = sees(&memory);
            assert!(first.is_err() || after == "old");
            memory.go_on();
            let again = switch(&memory.store(), &edge, &slug(), Some(&release(1)), "now").await.unwrap();
            assert_eq!(again.unchanged, after == "old", "stop {stop}");
            assert_eq!(sees(&memory), "old");
        }
    }
}

#[tokio::test]
async fn of_two_deploys_at_once_one_loses_cleanly() {
    let (memory, edge) = started().await;
    let (other, fired) = (memory.clone(), Arc::new(Mutex::new(false)));
    // Just before the turn, somebody else takes theirs.
    let text = memory.text("sites/acme/current.json").unwrap().replace(release(1).as_str(), release(9).as_str());
    let bin = memory.text(&format!("sites/acme/releases/{}.json", release(1))).unwrap();
    memory.put(&format!("sites/acme/releases/{}.json", release(9)), &bin);
    memory.before(move |line| {
        if line == "PUT sites/acme/current.json" && !std::mem::replace(&mut *fired.lock().unwrap(), true) {
            other.put("sites/acme/current.json", &text);
        }
    });
    // The etag of what was put there differs from the one that was read.
    let lost = deployed(&memory.store(), &edge, folder(&NEW).path(), &wishes(2)).await.unwrap_err();
    assert_eq!(lost, SiteError::Overtaken { tenant: slug(), other: release(9) });
    assert_eq!(sees(&memory), "old");
    assert!(!memory.keys().iter().any(|key| key.contains("/deploying/")), "{:?}", memory.keys());
}

#[tokio::test]
async fn nothing_changed_is_two_requests() {
    let (memory, edge) = started().await;
    let before = memory.requests().len();
    let again = deployed(&memory.store(), &edge, folder(&OLD).path(), &wishes(2)).await.unwrap();
    assert!(again.unchanged && again.release == release(1));
    // The second looks for a run that died behind its turn.
    let list = "GET ?list-type=2&prefix=sites%2Facme%2Fdeploying%2F";
    assert_eq!(memory.requests()[before..], ["GET sites/acme/current.json", list]);
}

#[tokio::test]
async fn one_file_of_the_same_size_is_found() {
    let (memory, edge) = started().await;
    let mut files = OLD;
    files[0].1 = "odl";
    let done = deployed(&memory.store(), &edge, folder(&files).path(), &wishes(2)).await.unwrap();
    assert_eq!((done.uploaded, done.bytes_uploaded, done.files), (1, 3, 4));
}

#[tokio::test]
async fn the_edge_is_told_and_may_be_behind() {
    let (memory, edge) = started().await;
    let told = |key: &str| String::from_utf8(edge.values.lock().unwrap()[key].clone()).unwrap();
    assert_eq!(told("site:acme"), format!(r#"{{"previous":[],"release":"{}","state":"live","v":1}}"#, release(1)));
    *edge.broken.lock().unwrap() = true;
    let done = deployed(&memory.store(), &edge, folder(&NEW).path(), &wishes(2)).await.unwrap();
    assert_eq!(done.edge, Some(EdgeState::Behind { why: "it is broken".to_owned() }));
    *edge.broken.lock().unwrap() = false;
    flarekeep_sites::sync(&memory.store(), &edge, &slug()).await.unwrap();
    let site: serde_json::Value = serde_json::from_str(&told("site:acme")).unwrap();
    assert_eq!((&site["release"], &site["previous"][0]), (&release(2).as_str().into(), &release(1).as_str().into()));
    assert!(edge.values.lock().unwrap().contains_key(&format!("m:acme:{}", release(2))));
}

#[tokio::test]
async fn a_preview_is_not_live_until_it_is_promoted() {
    let (memory, edge) = started().await;
    let mut wanted = wishes(2);
    wanted.preview = true;
    let done = deployed(&memory.store(), &edge, folder(&NEW).path(), &wanted).await.unwrap();
    assert!(!done.live && sees(&memory) == "old");
    let switched = switch(&memory.store(), &edge, &slug(), Some(&release(2)), "now").await.unwrap();
    assert_eq!((switched.from, sees(&memory)), (Some(release(1)), "new"));
    let back = switch(&memory.store(), &edge, &slug(), None, "now").await.unwrap();
    assert_eq!((back.to, sees(&memory)), (release(1), "old"));
    let none = switch(&memory.store(), &edge, &slug(), Some(&release(7)), "now").await.unwrap_err();
    assert_eq!(none, SiteError::NoRelease { tenant: slug(), release: release(7) });
}

#[tokio::test(start_paused = true)]
async fn a_sweep_leaves_what_is_needed_and_gives_way() {
    let (memory, edge) = started().await;
    deployed(&memory.store(), &edge, folder(&NEW).path(), &wishes(2)).await.unwrap();
    let all = flarekeep_sites::Sweeping { keep: 1, hours: -1, dry_run: false };
    // A deploy is under way.
    memory.put(&format!("sites/acme/deploying/{}.json", release(3)), "{}");
    let waits = sweep(&memory.store(), &slug(), all, &silent()).await.unwrap_err();
    assert!(matches!(waits, SiteError::Deploying { .. }), "{waits}");
    assert!(!memory.keys().iter().any(|key| key.ends_with("sweep.json")));
    memory.store().delete(&format!("sites/acme/deploying/{}.json", release(3))).await.unwrap();
    // A sweep is under way.
    memory.put("sites/acme/deploying/sweep.json", "{}");
    memory.keeps("sites/acme/deploying/sweep.json");
    let waits = deployed(&memory.store(), &edge, folder(&OLD).path(), &wishes(4)).await.unwrap_err();
    assert_eq!(waits, SiteError::Sweeping { tenant: slug() });
    // It was killed: nobody renews its mark.
    memory.before(|_| {});
    deployed(&memory.store(), &edge, folder(&OLD).path(), &wishes(4)).await.unwrap();
    assert!(!memory.keys().iter().any(|key| key.contains("/deploying/")));
    switch(&memory.store(), &edge, &slug(), None, "now").await.unwrap();
    let swept = sweep(&memory.store(), &slug(), all, &silent()).await.unwrap();
    assert_eq!((swept.releases, swept.kept, swept.blobs), (vec![release(1), release(4)], 1, 3));
    assert_eq!(sees(&memory), "new");
}

#[tokio::test]
async fn an_export_that_was_ended_goes_on() {
    let (memory, edge) = started().await;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("site");
    let fetched = |jobs| {
        let (store, folder) = (memory.store(), folder.clone());
        async move { flarekeep_sites::export(&store, &slug(), None, &folder, jobs, &silent()).await }
    };
    memory.stop_after(4, true);
    fetched(1).await.unwrap_err();
    memory.go_on();
    // Another release of the same name was not asked for.
    deployed(&memory.store(), &edge, support::folder(&NEW).path(), &wishes(2)).await.unwrap();
    let other = fetched(2).await.unwrap_err();
    assert!(other.to_string().contains("did not end here"), "{other}");
    switch(&memory.store(), &edge, &slug(), Some(&release(1)), "now").await.unwrap();
    let done = fetched(2).await.unwrap();
    assert_eq!((done.release, done.files, done.bytes, done.found), (release(1), 4, 17, 1));
    for (name, text) in OLD {
        assert_eq!(std::fs::read_to_string(folder.join(name)).unwrap(), text);
    }
    assert!(!folder.join(".flarekeep-export").exists());
    let again = fetched(2).await.unwrap_err();
    assert!(again.to_string().contains("it is not empty"), "{again}");
}
