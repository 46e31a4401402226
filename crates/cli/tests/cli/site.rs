//! `flarekeep site` and `flarekeep tenant`, against the local Cloudflare's own R2 and KV.

use flarekeep_cloudflare::{Jurisdiction, Method, NewBucket};
use flarekeep_emulator::Options;
use serde_json::{Value, json};

use crate::support::{ACCOUNT, Local, block_on, shows};

/// A local Cloudflare with the bucket `sites`, a token for its objects and for KV, and a site in `public`.
fn with_bucket() -> Local {
    let mut local = Local::with(Options { rate_limit: None, ..Options::default() });
    let emulator = local.emulator.clone();
    block_on(local.running.serve_s3(&emulator, ([127, 0, 0, 1], 0).into())).unwrap();
    let new = NewBucket { name: "sites".to_owned(), location_hint: None, storage_class: None };
    block_on(local.admin().buckets(local.facts.account_id, Jurisdiction::Default).create(&new)).unwrap();
    local.token("--name deployer --recipe rclone-r2 --bucket sites --permission 'Workers KV Storage Write'");
    local.forget_the_key();
    let endpoint = local.running.s3_endpoint().unwrap();
    local.call(endpoint.trim_start_matches("http://"), "127.0.0.1:[s3 port]");
    local.set("R2_ENDPOINT", &endpoint);
    local.set("R2_BUCKET_NAME", "sites");
    local.write("public/index.html", "<h1>one</h1>");
    local.write("public/style.css", "h1 { color: teal }");
    local.write("public/about/index.html", "<h1>about</h1>");
    local.write("public/.env", "never");
    local
}

/// Deploys, and gives the document; later the release is shown by this word.
#[track_caller]
fn deployed(local: &mut Local, rest: &str, word: &str) -> Value {
    let document = local.run(&format!("site deploy public acme --json {rest}")).ended(0).json();
    local.call(document["release"].as_str().unwrap(), word);
    call_the_times(local);
    document
}

/// The times at which releases went live are words in snapshots.
fn call_the_times(local: &mut Local) {
    let status = local.run("site status acme --json").ended(0).json();
    for live in status["history"].as_array().unwrap() {
        local.call(live["at"].as_str().unwrap(), "[time]");
    }
}

#[test]
fn the_life_of_a_site() {
    let mut local = with_bucket();
    shows!("site_deploy_dry_run", local.run("site deploy public acme --dry-run").ended(0));
    let first = deployed(&mut local, "--message 'the first'", "[release 1]");
    let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["bytes_uploaded", "files", "live", "release", "requests", "uploaded", "urls"]);
    assert_eq!((&first["files"], &first["uploaded"], &first["live"]), (&json!(3), &json!(3), &json!(true)));
    // Nothing has changed but the files' times.
    local.write("public/index.html", "<h1>one</h1>");
    let again = deployed(&mut local, "", "[release 1]");
    assert_eq!((&again["release"], &again["uploaded"]), (&first["release"], &json!(0)));
    assert!(again["requests"].as_u64().unwrap() <= 2, "{again}");
    shows!("site_deploy_unchanged", local.run("site deploy public acme").ended(0));
    // As long as before, with another content.
    local.write("public/index.html", "<h1>two</h1>");
    let second = deployed(&mut local, "", "[release 2]");
    assert_eq!((&second["uploaded"], &second["bytes_uploaded"]), (&json!(1), &json!(12)));
    shows!("site_status", local.run("site status acme").ended(0));
    shows!("site_list", local.run("site list acme").ended(0));
    shows!("site_rollback", local.run("site rollback acme").ended(0));
    call_the_times(&mut local);
    let status = local.run("site status acme --json").ended(0).json();
    assert_eq!((&status["release"], status["history"].as_array().unwrap().len()), (&first["release"], 3));
    // A preview, made live later.
    local.write("public/index.html", "<h1>three</h1>");
    let preview = deployed(&mut local, "--preview", "[release 3]");
    assert_eq!(preview["live"], false);
    shows!("site_list_preview", local.run("site list acme").ended(0));
    let release = preview["release"].as_str().unwrap();
    shows!("site_promote", local.run(&format!("site promote acme {release}")).ended(0));
    shows!("site_export", local.run("site export acme out").ended(0));
    assert_eq!(local.read("out/index.html"), "<h1>three</h1>");
    assert_eq!(local.read("out/about/index.html"), "<h1>about</h1>");
    assert!(!local.path("out/.env").exists());
    shows!("site_export_full", local.run("site export acme out").failed(2));
    shows!("site_gc_nothing", local.run("site gc acme").ended(0));
    shows!("site_gc", local.run("site gc acme --keep 1 --days 0 --yes").ended(0));
    shows!(
        "site_rollback_gone",
        local.run(&format!("site rollback acme {}", first["release"].as_str().unwrap())).failed(2)
    );
    shows!("tenant_list", local.run("tenant list").ended(0));
    shows!("site_remove", local.run("site remove acme --yes").ended(0));
    shows!("site_status_none", local.run("site status acme").failed(2));
    assert_eq!(local.run("tenant list --json").ended(0).json(), json!([]));
}

#[test]
fn the_edge_is_told() {
    let mut local = with_bucket();
    let admin = local.admin();
    let namespaces = format!("/accounts/{ACCOUNT}/storage/kv/namespaces");
    let made: Value =
        block_on(admin.request(Method::POST, &namespaces).json(&json!({"title": "edge"})).send()).unwrap();
    let namespace = made["id"].as_str().unwrap();
    let platform = json!({
        "v": 1, "domain": "example.com", "zone_id": "z", "account_id": ACCOUNT, "kv_namespace_id": namespace, "worker": "w",
    });
    let object = format!("/accounts/{ACCOUNT}/r2/buckets/sites/objects/platform/platform.json");
    block_on(admin.request(Method::PUT, &object).body("application/json", platform.to_string()).done()).unwrap();
    // More than is read at once: it is sent while it is read.
    let large = "0123456789abcdef".repeat(20_000);
    local.write("public/large.txt", &large);
    let first = deployed(&mut local, "", "[release 1]");
    assert_eq!(first["urls"], json!(["https://acme.example.com/"]));
    let value = |key: &str| {
        let path = format!("{namespaces}/{namespace}/values/{key}");
        block_on(admin.request(Method::GET, &path).raw()).unwrap().body
    };
    let site: Value = serde_json::from_slice(&value("site%3Aacme")).unwrap();
    assert_eq!(site, json!({"v": 1, "release": first["release"], "previous": [], "state": "live"}));
    assert!(value(&format!("m%3Aacme%3A{}", first["release"].as_str().unwrap())).starts_with(b"FKM1"));
    local.write("public/index.html", "<h1>two</h1>");
    let preview = local.run("site deploy public acme --preview --json").ended(0).json();
    let release = preview["release"].as_str().unwrap().to_owned();
    assert_eq!(preview["urls"], json!([format!("https://{release}--acme.example.com/")]));
    local.call(&release, "[release 2]");
    local.run("site export acme out").ended(0);
    assert!(local.read("out/large.txt") == large);
    shows!("site_sync", local.run("site sync acme").ended(0));
    // What is swept away is gone at the edge, too.
    local.run(&format!("site promote acme {release}")).ended(0);
    local.run("site gc acme --keep 1 --days 0 --yes").ended(0);
    assert!(!value(&format!("m%3Aacme%3A{}", first["release"].as_str().unwrap())).starts_with(b"FKM1"));
    assert!(value(&format!("m%3Aacme%3A{release}")).starts_with(b"FKM1"));
    local.write("public/index.html", "<h1>three</h1>");
    let third = local.run("site deploy public acme --preview --json").ended(0).json();
    let third = third["release"].as_str().unwrap().to_owned();
    local.call(&third, "[release 3]");
    // Without the right to KV the site is live in the bucket, and the edge is behind.
    block_on(admin.request(Method::DELETE, &format!("{namespaces}/{namespace}")).done()).unwrap();
    shows!("site_edge_behind", local.run(&format!("site promote acme {third}")).ended(5));
}

#[test]
fn what_cannot_be_deployed() {
    let mut local = with_bucket();
    shows!("site_bad_tenant", local.run("site deploy public Acme_1").ended(2));
    shows!("site_reserved_tenant", local.run("site deploy public www").ended(2));
    local.write("empty/.git/config", "x");
    shows!("site_empty", local.run("site deploy empty acme").failed(2));
    local.write("loops/index.html", "x");
    let many: String = (0..3_000).map(|number| format!("/a{number} /b{number}\n")).collect();
    local.write("loops/_redirects", &many);
    shows!("site_many_redirects", local.run("site deploy loops acme").failed(2));
    local.write("loops/_redirects", "/a /b\n/b /a\n");
    shows!("site_loops", local.run("site deploy loops acme").failed(2));
    local.write("loops/_redirects", "/a /b\n/c\nhttps://x.test/ /d\n");
    local.write("loops/_headers", "/*\n  Content-Length: 3\n");
    shows!("site_warnings", local.run("site deploy loops acme --dry-run").ended(0));
    std::os::unix::fs::symlink("/etc", local.path("loops/etc")).unwrap();
    shows!("site_link_out", local.run("site deploy loops acme").failed(2));
    // Where no bucket is named it is the platform's usual one, which these keys do not open.
    shows!("site_no_bucket", local.type_("site deploy public acme").env_remove("R2_BUCKET_NAME").run().failed(3));
    shows!("site_other_bucket", local.run("site deploy public acme --bucket other").failed(3));
    local.set("R2_ENDPOINT", "http://127.0.0.1:1");
    shows!("site_unreachable", local.run("site deploy public acme").failed(4));
}

#[test]
fn compressed_forms() {
    let mut local = with_bucket();
    local.write("public/index.html", &"<h1>one</h1>\n".repeat(200));
    let both = deployed(&mut local, "--compress", "[release 1]");
    assert_eq!((&both["files"], &both["uploaded"]), (&json!(3), &json!(5)));
    assert!(both["bytes_uploaded"].as_u64().unwrap() < 2_600 + 300, "{both}");
    let one = deployed(&mut local, "--compress=br", "[release 2]");
    assert_eq!((&one["uploaded"], both["release"] == one["release"]), (&json!(0), false));
    shows!("site_compress_unknown", local.run("site deploy public acme --compress=zstd").ended(2));
}

#[test]
fn a_killed_deploy_keeps_a_sweep_away() {
    let mut local = with_bucket();
    deployed(&mut local, "", "[release 1]");
    local.write("public/index.html", "<h1>two</h1>");
    deployed(&mut local, "", "[release 2]");
    let mark = format!("/accounts/{ACCOUNT}/r2/buckets/sites/objects/sites/acme/deploying/01jd3m8q7qabcdef.json");
    block_on(local.admin().request(Method::PUT, &mark).body("application/json", "{}".to_owned()).done()).unwrap();
    let gc = "site gc acme --keep 1 --days 0 --yes";
    let error = local.run(&format!("{gc} --json")).ended(5).json();
    let message = error["error"]["message"].as_str().unwrap();
    local.call(message.rsplit(' ').next().unwrap(), "[time]");
    shows!("site_gc_waits", local.run(gc).failed(5));
    block_on(local.admin().request(Method::DELETE, &mark).done()).unwrap();
    local.run(gc).ended(0);
}
