//! `flarekeep site import`: the earlier system's layout in the bucket.

use flarekeep_cloudflare::Method;
use serde_json::{Value, json};

use crate::support::{ACCOUNT, Local, block_on, shows};
use crate::tenant::{keys, with_platform};

fn put(local: &Local, key: &str, content: &str) {
    let path = format!("/accounts/{ACCOUNT}/r2/buckets/sites/objects/{key}");
    block_on(local.admin().request(Method::PUT, &path).body("text/plain", content.to_owned()).done()).unwrap();
}

fn of<'a>(document: &'a Value, tenant: &str) -> &'a Value {
    document["tenants"].as_array().unwrap().iter().find(|row| row["tenant"] == tenant).unwrap()
}

#[test]
fn tenants_of_the_earlier_system() {
    let mut local = with_platform();
    shows!("site_import_none", local.run("site import").ended(0));
    for (key, content) in [
        ("acme/index.html", "<h1>acme</h1>"),
        ("acme/about/index.html", "<h1>about</h1>"),
        ("acme/copy.html", "<h1>acme</h1>"),
        ("acme/.env", "SECRET=1"),
        ("acme/.git/config", "x"),
        ("acme/a//b.txt", "x"),
        ("acme/_redirects", "/old /about/ 301\n"),
        ("globex/index.html", "<h1>globex</h1>"),
        ("Upper/index.html", "x"),
        ("www/index.html", "x"),
        ("initech/One.html", "1"),
        ("initech/one.html", "2"),
        ("hooli/.env", "x"),
        ("loose.html", "x"),
    ] {
        put(&local, key, content);
    }
    let before = keys(&local);
    shows!("site_import_dry_run", local.run("site import --dry-run").ended(1));
    assert_eq!(keys(&local), before);
    let run = local.run("site import --json").ended(5);
    let done = run.json();
    let acme = of(&done, "acme");
    assert_eq!((&acme["state"], &acme["files"], &acme["copied"]), (&json!("imported"), &json!(3), &json!(2)));
    assert_eq!(acme["left_out"], 3);
    assert_eq!((&of(&done, "initech")["state"], &of(&done, "hooli")["state"]), (&json!("refused"), &json!("nothing")));
    assert!(done["tenants"].as_array().unwrap().iter().all(|row| row["tenant"] != "www"));
    for tenant in ["acme", "globex"] {
        local.call(of(&done, tenant)["release"].as_str().unwrap(), &format!("[release of {tenant}]"));
    }
    let after = keys(&local);
    assert!(before.is_subset(&after), "nothing of the earlier layout goes");
    let of_folder = |key: &&String| key.starts_with("sites/") || key.starts_with("platform/tenants/");
    assert!(after.difference(&before).all(|key| of_folder(&key)));
    assert!(!after.iter().any(|key| key.starts_with("sites/initech") || key.starts_with("sites/hooli")));
    local.run("site export acme out").ended(0);
    assert_eq!(local.read("out/about/index.html"), "<h1>about</h1>");
    assert!(!local.path("out/.env").exists() && !local.path("out/_redirects").exists());
    // Once more changes nothing.
    let calls = keys(&local);
    shows!("site_import_again", local.run("site import acme globex").ended(0));
    assert_eq!(keys(&local), calls);
    // A site that went on is left alone.
    local.run("site deploy public globex").ended(0);
    let kept = local.run("site import globex --json").ended(0).json();
    assert_eq!(of(&kept, "globex")["state"], "kept");
    let live = local.run("site status globex --json").ended(0).json();
    assert_eq!(of(&kept, "globex")["release"], live["release"]);
    shows!("site_import_unknown", local.run("site import umbrella").failed(2));
    local.run("site import www").ended(2);
}

/// More than is in memory at once, and of a length that no piece ends at.
#[test]
fn a_large_object_is_read_in_pieces() {
    let local = with_platform();
    let large = "0123456789abcdef".repeat(1_200_000) + "end";
    put(&local, "acme/large.txt", &large);
    put(&local, "acme/empty.txt", "");
    local.run("site import").ended(0);
    local.run("site export acme out").ended(0);
    assert!(local.read("out/large.txt") == large && local.read("out/empty.txt").is_empty());
}
