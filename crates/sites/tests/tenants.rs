//! Tenants: taken away, suspended, limited and imported, each stopped at every request and begun again.

mod support;

use std::collections::BTreeMap;

use flarekeep_sites::{Imported, Quota, SiteError, State, change, import, left, remove, serve, switch, sync, tenant};
use serde_json::Value;
use support::{Memory, MemoryEdge, PLATFORM, deployed, folder, release, silent, slug, wishes};

const FILES: [(&str, &str); 3] = [("index.html", "one"), ("a.css", "style"), ("b/c.js", "script")];

/// Two releases of acme on a platform, beside another tenant.
async fn started() -> (Memory, MemoryEdge) {
    let (memory, edge) = (Memory::default(), MemoryEdge::default());
    memory.put("platform/platform.json", PLATFORM);
    memory.put("sites/acme-shop/current.json", "other");
    memory.put("platform/tenants/acme-shop.json", "other");
    deployed(&memory.store(), &edge, folder(&FILES).path(), &wishes(1)).await.unwrap();
    deployed(&memory.store(), &edge, folder(&FILES[..2]).path(), &wishes(2)).await.unwrap();
    (memory, edge)
}

fn state(edge: &MemoryEdge) -> Option<String> {
    let site = edge.values.lock().unwrap().get("site:acme").cloned()?;
    let site: Value = serde_json::from_slice(&site).unwrap();
    Some(site["state"].as_str().unwrap().to_owned())
}

/// The hold of the killed one is watched for half a minute, which passes at once.
#[tokio::test(start_paused = true)]
async fn a_removal_dies_at_every_request() {
    let mut ended = false;
    for stop in 0.. {
        for acts in [false, true] {
            let (memory, edge) = started().await;
            memory.stop_after(stop, acts);
            ended = remove(&memory.store(), &edge, &slug(), &silent()).await.is_ok();
            memory.go_on();
            remove(&memory.store(), &edge, &slug(), &silent()).await.unwrap();
            let left = ["platform/platform.json", "platform/tenants/acme-shop.json", "sites/acme-shop/current.json"];
            assert_eq!(memory.keys(), left, "stop {stop}");
            assert!(edge.values.lock().unwrap().is_empty(), "stop {stop}");
        }
        if ended {
            assert!(stop > 8, "{stop}");
            break;
        }
    }
    assert!(ended);
}

#[tokio::test]
async fn a_suspension_dies_at_every_request() {
    let mut ended = false;
    for stop in 0.. {
        for acts in [false, true] {
            let (memory, edge) = started().await;
            memory.stop_after(stop, acts);
            ended = serve(&memory.store(), &edge, &slug(), State::Suspended).await.is_ok();
            memory.go_on();
            serve(&memory.store(), &edge, &slug(), State::Suspended).await.unwrap();
            assert_eq!(state(&edge).as_deref(), Some("suspended"), "stop {stop}");
            assert_eq!(tenant(&memory.store(), &slug()).await.unwrap().unwrap().state, State::Suspended);
        }
        if ended {
            break;
        }
    }
    assert!(ended);
}

/// Whoever holds the keys of the tenant's folder can write the pointer: the registry decides.
#[tokio::test]
async fn the_pointer_lifts_no_suspension() {
    let (memory, edge) = started().await;
    let store = memory.store();
    serve(&store, &edge, &slug(), State::Suspended).await.unwrap();
    let lifted = memory.text("sites/acme/current.json").unwrap().replace("suspended", "live");
    memory.put("sites/acme/current.json", &lifted);
    sync(&store, &edge, &slug()).await.unwrap();
    assert_eq!(state(&edge).as_deref(), Some("suspended"));
    switch(&store, &edge, &slug(), Some(&release(1)), "now").await.unwrap();
    assert_eq!(state(&edge).as_deref(), Some("suspended"));
    serve(&store, &edge, &slug(), State::Live).await.unwrap();
    assert_eq!(state(&edge).as_deref(), Some("live"));
}

#[tokio::test]
async fn a_limit_stands_before_every_upload() {
    let (memory, edge) = started().await;
    let store = memory.store();
    let quota = Quota { files: Some(2), ..Quota::default() };
    change(&store, &slug(), "now", |row| row.quota = quota).await.unwrap();
    let before = memory.keys();
    let refused = deployed(&store, &edge, folder(&FILES).path(), &wishes(3)).await.unwrap_err();
    assert_eq!(refused, SiteError::Quota { tenant: slug(), what: "files", has: 3, most: 2 });
    assert_eq!(memory.keys(), before);
    assert!(!memory.requests().iter().any(|line| line.contains(release(3).as_str()) && line.contains("/releases/")));
    // What others write at the same time is not lost.
    let (other, mut fired) = (memory.clone(), false);
    memory.before(move |line| {
        if line == "PUT platform/tenants/acme.json" && !std::mem::replace(&mut fired, true) {
            let text = other.text("platform/tenants/acme.json").unwrap();
            other.put("platform/tenants/acme.json", &text.replace("\"files\":2", "\"files\":9,\"hosts\":4"));
        }
    });
    let row = change(&store, &slug(), "now", |row| row.quota.bytes = Some(7)).await.unwrap();
    assert_eq!(row.quota, Quota { bytes: Some(7), files: Some(9), hosts: Some(4) });
}

#[tokio::test]
async fn an_import_dies_at_every_request() {
    let files = [("index.html", "one"), ("same.html", "one"), ("b/c.js", "script"), ("empty.txt", "")];
    let wanted: BTreeMap<String, String> =
        files.iter().map(|(path, text)| (format!("/{path}"), (*text).to_owned())).collect();
    let mut ended = false;
    for stop in 0.. {
        for acts in [false, true] {
            let (memory, edge) = (Memory::default(), MemoryEdge::default());
            memory.put("platform/platform.json", PLATFORM);
            for (path, text) in files {
                memory.put(&format!("acme/{path}"), text);
            }
            memory.put("acme/.env", "SECRET");
            let store = memory.store();
            let run = async |number| {
                let tree = left(&store, &slug()).await?;
                import(&store, &edge, &slug(), &tree, &wishes(number), &|_| {}, &silent()).await
            };
            memory.stop_after(stop, acts);
            ended = run(1).await.is_ok();
            memory.go_on();
            let again = run(2).await.unwrap();
            assert!(matches!(again, Imported::Released(_)), "{again:?}");
            assert_eq!(memory.visit("acme").unwrap().1, wanted, "stop {stop}");
            assert!(matches!(run(3).await.unwrap(), Imported::Released(done) if done.unchanged));
            assert_eq!(memory.keys().iter().filter(|key| key.starts_with("acme/")).count(), 5);
        }
        if ended {
            assert!(stop > 12, "{stop}");
            break;
        }
    }
    assert!(ended);
}
