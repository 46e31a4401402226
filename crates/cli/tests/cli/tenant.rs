//! `flarekeep tenant`, and the domain that a deploy takes along, on a platform that stands.

use std::collections::BTreeSet;

use flarekeep_cloudflare::{Method, NewCustomHostname, NewHostnameSsl};
use flarekeep_emulator::{FaultRules, Options};
use serde_json::{Value, json};

use crate::support::{ACCOUNT, Local, OTHER_ZONE, ZONE, block_on, shows};

/// A platform in the zone example.com with the bucket `sites`, a token that runs it in `.env`, and a site in `public`.
pub(crate) fn with_platform() -> Local {
    with_faults("")
}

/// The same where this befalls some calls.
fn with_faults(faults: &str) -> Local {
    let faults = FaultRules::from_toml(faults).unwrap();
    let mut local = Local::with(Options { rate_limit: None, faults: Some(faults), ..Options::default() });
    let emulator = local.emulator.clone();
    block_on(local.running.serve_s3(&emulator, ([127, 0, 0, 1], 0).into())).unwrap();
    let endpoint = local.running.s3_endpoint().unwrap();
    local.call(endpoint.trim_start_matches("http://"), "127.0.0.1:[s3 port]");
    local.set("R2_ENDPOINT", &endpoint);
    local.set("R2_BUCKET_NAME", "sites");
    local.run("platform deploy --zone example.com --yes").ended(0);
    local.token(
        "--name ops --recipe rclone-r2 --bucket sites --permission 'Workers KV Storage Write' \
         --permission 'SSL and Certificates Write'",
    );
    local.forget_the_key();
    local.write("public/index.html", "<h1>one</h1>");
    local.write("public/style.css", "h1 { color: teal }");
    local
}

/// The keys of all objects of the bucket.
pub(crate) fn keys(local: &Local) -> BTreeSet<String> {
    let path = format!("/accounts/{ACCOUNT}/r2/buckets/sites/objects?per_page=1000");
    let rows: Value = block_on(local.admin().request(Method::GET, &path).send()).unwrap();
    rows.as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect()
}

/// What the registry says of a tenant.
fn row(local: &Local, tenant: &str) -> Value {
    let path = format!("/accounts/{ACCOUNT}/r2/buckets/sites/objects/platform/tenants/{tenant}.json");
    serde_json::from_slice(&block_on(local.admin().request(Method::GET, &path).raw()).unwrap().body).unwrap()
}

/// The keys of the edge's namespace.
fn edge_keys(local: &Local) -> Vec<String> {
    let admin = local.admin();
    let path = format!("/accounts/{ACCOUNT}/storage/kv/namespaces");
    let all: Value = block_on(admin.request(Method::GET, &path).send()).unwrap();
    let path = format!("{path}/{}/keys", all[0]["id"].as_str().unwrap());
    let rows: Value = block_on(admin.request(Method::GET, &path).send()).unwrap();
    rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

fn edge_value(local: &Local, key: &str) -> Value {
    let admin = local.admin();
    let path = format!("/accounts/{ACCOUNT}/storage/kv/namespaces");
    let all: Value = block_on(admin.request(Method::GET, &path).send()).unwrap();
    let path = format!("{path}/{}/values/{}", all[0]["id"].as_str().unwrap(), key.replace(':', "%3A"));
    serde_json::from_slice(&block_on(admin.request(Method::GET, &path).raw()).unwrap().body).unwrap()
}

/// Names what differs from run to run: the release, its time, and what Cloudflare wants published.
pub(crate) fn call(local: &mut Local, document: &Value, word: &str) {
    let texts = |value: &Value| value.as_str().map(str::to_owned);
    for (name, word) in [("release", word), ("went_live", "[time]")] {
        if let Some(text) = texts(&document[name]) {
            local.call(&text, word);
        }
    }
    let domain = if document["domain"].is_object() { &document["domain"] } else { document };
    for publish in domain["publish"].as_array().into_iter().flatten() {
        if publish["type"] != "CNAME" {
            ["content", "body"]
                .iter()
                .filter_map(|name| texts(&publish[name]))
                .for_each(|text| local.call(&text, "[proof]"));
            if let Some(url) = texts(&publish["url"]) {
                local.call(url.rsplit('/').next().unwrap(), "[proof]");
            }
        }
    }
}

#[test]
fn a_deploy_takes_the_domain_along() {
    let mut local = with_platform();
    let before = keys(&local);
    // What stands in the way is said before anything is uploaded.
    shows!("tenant_domain_own", local.run("site deploy public acme shop.example.com").failed(2));
    shows!("tenant_domain_preview", local.run("site deploy public acme www.acme.test --preview").ended(2));
    shows!("tenant_domain_dry_run", local.run("site deploy public acme www.acme.test --dry-run").ended(0));
    assert_eq!(keys(&local), before);
    let run = local.run("site deploy public acme www.acme.test --json").ended(0);
    let first = run.json();
    assert_eq!(first["urls"], json!(["https://acme.example.com/", "https://www.acme.test/"]));
    assert_eq!((&first["live"], &first["domain"]["live"]), (&json!(true), &json!(false)));
    assert!(first["domain"]["publish"].as_array().unwrap().len() > 1, "{first}");
    assert!(edge_keys(&local).contains(&"host:www.acme.test".to_owned()));
    call(&mut local, &first, "[release 1]");
    // It is there already.
    shows!("tenant_domain_again", local.run("site deploy public acme www.acme.test").ended(0));
    // It is somebody's.
    let before = keys(&local);
    shows!("tenant_domain_taken", local.run("site deploy public globex www.acme.test").failed(2));
    assert_eq!(keys(&local), before);
    // Another zone has it, too: then it is live here once its DNS leads here, and not before.
    let other = NewCustomHostname {
        hostname: "shop.acme.test".to_owned(),
        ssl: NewHostnameSsl { method: "txt".to_owned(), ..NewHostnameSsl::default() },
        custom_metadata: None,
    };
    block_on(local.admin().custom_hostnames(OTHER_ZONE.parse().unwrap()).create(&other)).unwrap();
    let run = local.run("site deploy public acme shop.acme.test --json").ended(0).json();
    assert_eq!((&run["domain"]["live"], &run["domain"]["status"]), (&json!(false), &json!("pending")));
}

/// Cloudflare does not let the zone have it: the claim on it is given back, and what was live stays so.
#[test]
fn a_domain_that_cloudflare_refuses() {
    let mut local = with_faults(
        "[[rule]]\nmatch = { method = 'POST', path = '/zones/*/custom_hostnames' }\n\
         answer = { status = 409, code = 1406, message = 'Duplicate custom hostname found.' }\n",
    );
    let first = local.run("site deploy public acme --json").ended(0).json();
    call(&mut local, &first, "[release 1]");
    let before = keys(&local);
    shows!("tenant_domain_refused", local.run("domain add shop.acme.test acme").failed(2));
    assert_eq!(keys(&local), before);
    shows!("tenant_domain_refused_deploy", local.run("site deploy public acme shop.acme.test").ended(5));
    assert_eq!(keys(&local), before);
    let document = local.run("site deploy public acme shop.acme.test --json").ended(5).json();
    assert_eq!((&document["urls"], &document["live"]), (&json!(["https://acme.example.com/"]), &json!(true)));
    assert!(document["domain"]["error"].is_string(), "{document}");
}

#[test]
fn a_tenant_is_limited() {
    let mut local = with_platform();
    shows!("tenant_quota_nobody", local.run("tenant quota acme").failed(2));
    shows!("tenant_quota_enter", local.run("tenant quota acme --files 1 --bytes 1kB --hosts 1").ended(0));
    assert_eq!(row(&local, "acme")["quota"], json!({"bytes": 1000, "files": 1, "hosts": 1}));
    let before = keys(&local);
    shows!("tenant_quota_files", local.run("site deploy public acme").failed(2));
    local.run("site deploy public acme --dry-run").failed(2);
    assert_eq!(keys(&local), before, "nothing was uploaded, and no mark is left");
    local.write("public/style.css", &"x".repeat(2_000));
    local.run("tenant quota acme --files none").ended(0);
    shows!("tenant_quota_bytes", local.run("site deploy public acme").failed(2));
    assert_eq!(keys(&local), before);
    local.run("tenant quota acme --bytes 10kB").ended(0);
    let first = local.run("site deploy public acme www.acme.test --json").ended(0).json();
    call(&mut local, &first, "[release 1]");
    let before = keys(&local);
    shows!("tenant_quota_hosts", local.run("domain add shop.acme.test acme").failed(2));
    local.run("site deploy public acme shop.acme.test").failed(2);
    assert_eq!(keys(&local), before);
    local.run("domain add www.acme.test acme").ended(0);
    shows!("tenant_quota_below", local.run("tenant quota acme --bytes 1kB").ended(0));
    shows!("tenant_quota", local.run("tenant quota acme").ended(0));
    // The limits outlive a deploy.
    let document = local.run("tenant quota acme --json").ended(0).json();
    assert_eq!(document["quota"], json!({"bytes": 1000, "files": null, "hosts": 1}));
    assert_eq!(document["used"], json!({"bytes": 2012, "files": 2, "hosts": 1}));
    for line in ["tenant quota acme --bytes lots", "tenant quota acme --files -1", "tenant quota www --files 1"] {
        local.run(line).ended(2);
    }
}

#[test]
fn a_tenant_is_shown_suspended_and_taken_away() {
    let mut local = with_platform();
    shows!("tenant_show_nobody", local.run("tenant show acme").failed(2));
    shows!("tenant_remove_nobody", local.run("tenant remove acme --yes").failed(2));
    let before = (keys(&local), edge_keys(&local));
    let first = local.run("site deploy public acme www.acme.test --json").ended(0).json();
    call(&mut local, &first, "[release 1]");
    local.run("domain add shop.acme.test acme").ended(0);
    local.run("tenant quota acme --bytes 10MB --hosts 3").ended(0);
    let shown = local.run("tenant show acme --json").ended(0).json();
    call(&mut local, &shown, "[release 1]");
    assert_eq!((&shown["files"], &shown["releases"], &shown["state"]), (&json!(2), &json!(1), &json!("live")));
    assert_eq!(shown["hosts"][0]["host"], "shop.acme.test");
    // The manifests' sizes hold times and names of tools.
    local.call(indicatif_of(shown["stored_bytes"].as_u64().unwrap()).as_str(), "[size]");
    shows!("tenant_show", local.run("tenant show acme").ended(0));
    shows!("tenant_suspend", local.run("tenant suspend acme").ended(0));
    assert_eq!(edge_value(&local, "site:acme")["state"], "suspended");
    // A deploy, a rollback and a sync leave it suspended.
    local.write("public/index.html", "<h1>two</h1>");
    let second = local.run("site deploy public acme --json").ended(0).json();
    call(&mut local, &second, "[release 2]");
    assert!(local.run("site status acme").stdout.starts_with("suspended: release"));
    local.run("site deploy public acme").ended(0).says("acme is suspended");
    local.run("site rollback acme").ended(0);
    local.run("site sync acme").ended(0);
    assert_eq!(edge_value(&local, "site:acme")["state"], "suspended");
    assert_eq!(local.run("tenant show acme --json").ended(0).json()["state"], "suspended");
    shows!("tenant_resume", local.run("tenant resume acme").ended(0));
    assert_eq!(edge_value(&local, "site:acme")["state"], "live");
    assert_eq!(local.run("tenant resume acme --json").ended(0).json()["changed"], false);
    shows!("tenant_suspend_nobody", local.run("tenant suspend globex").failed(2));
    // All of it goes, and nothing of it stays.
    local.run("tenant remove acme").failed(2);
    let run = local.run("tenant remove acme --dry-run --json").ended(0).json();
    assert_eq!((&run["hosts"], &run["releases"]), (&json!(["shop.acme.test", "www.acme.test"]), &json!(2)));
    let gone = local.run("tenant remove acme --yes --json").ended(0).json();
    assert_eq!(gone["hosts"].as_array().unwrap().len(), 2);
    assert_eq!((keys(&local), edge_keys(&local)), before);
    let hostnames = block_on(local.admin().custom_hostnames(ZONE.parse().unwrap()).list(None)).unwrap();
    assert!(hostnames.is_empty());
    // One without domains, in words.
    local.run("site deploy public globex").ended(0);
    let run = local.run("tenant remove globex --yes").ended(0);
    assert!(run.stdout.starts_with("removed the tenant globex"), "{}", run.shown());
    assert_eq!((keys(&local), edge_keys(&local)), before);
}

/// A removal that was stopped on its way is gone on with, wherever that was.
#[test]
fn a_removal_is_gone_on_with() {
    let mut local = with_platform();
    let before = keys(&local);
    let first = local.run("site deploy public acme www.acme.test --json").ended(0).json();
    call(&mut local, &first, "[release 1]");
    // The token may not touch the zone's custom hostnames: the domain stands in the way, and all else stays.
    let narrow = "token create --name narrow --to env:narrow.env --recipe rclone-r2 --bucket sites \
                  --permission 'Workers KV Storage Write' --yes";
    let (email, key) = (local.facts.email.clone(), local.facts.global_key.clone());
    local.type_(narrow).env("CLOUDFLARE_EMAIL", &email).env("CLOUDFLARE_API_KEY", &key).run().ended(0);
    let value = local.value_in("narrow.env");
    let run = local.type_("tenant remove acme --yes").env("CLOUDFLARE_API_TOKEN", &value).run().failed(3);
    assert!(run.stderr.contains("flarekeep tenant remove acme"), "{}", run.shown());
    assert!(keys(&local).contains("sites/acme/current.json"));
    // The pointer alone is gone, and then the entry in the registry alone is left.
    let object = |key: &str| format!("/accounts/{ACCOUNT}/r2/buckets/sites/objects/{key}");
    let gone = |key: &str| block_on(local.admin().request(Method::DELETE, &object(key)).done()).unwrap();
    gone("sites/acme/current.json");
    local.run("tenant remove acme --yes").ended(0);
    assert_eq!(keys(&local), before);
    local.run("tenant quota acme --files 5").ended(0);
    local.run("tenant remove acme --yes").ended(0);
    assert_eq!(keys(&local), before);
}

/// A size as the program shows it.
fn indicatif_of(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        _ => format!("{}.{:02} kB", bytes / 1_000, bytes % 1_000 / 10),
    }
}
