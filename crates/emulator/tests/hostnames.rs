//! Custom hostnames from their making to their end: DNS, tokens, fallback origin, plans, time.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use common::{Local, Reply, unlimited};
use flarekeep_emulator::{HostnameChecks, HostnameDns, Hostnames, Options, Plan, ReservedNames};
use serde_json::{Value, json};

const LIST: &str = "/zones/{Z}/custom_hostnames";
const DAY: i64 = 86_400;

/// An emulator whose clock a test moves.
struct Travel {
    local: Local,
    now: Arc<AtomicI64>,
}

impl Travel {
    async fn with(hostnames: Hostnames) -> Self {
        let now = Arc::new(AtomicI64::new(1_800_000_000));
        let clock = now.clone();
        let clock: Option<flarekeep_emulator::Clock> = Some(Arc::new(move || clock.load(Ordering::SeqCst)));
        Self { local: Local::with(Options { clock, hostnames, ..unlimited() }).await, now }
    }

    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        self.local.admin(method, path).json(&body).send().await
    }

    async fn fallback(&self) {
        let origin = json!({"origin": "fallback.example.com"});
        self.call("PUT", "/zones/{Z}/custom_hostnames/fallback_origin", origin).await.result();
    }

    /// Makes a hostname and gives its path and itself.
    async fn made(&self, name: &str, ssl: Value) -> (String, Value) {
        let made = self.call("POST", LIST, json!({"hostname": name, "ssl": ssl})).await.result().clone();
        (format!("{LIST}/{}", made["id"].as_str().unwrap()), made)
    }

    /// `status/ssl.status`, or the code of the error.
    async fn standing(&self, path: &str) -> String {
        let reply = self.local.admin("GET", path).send().await;
        match reply.status {
            200 => format!("{}/{}", text(&reply.result()["status"]), text(&reply.result()["ssl"]["status"])),
            _ => reply.code().to_string(),
        }
    }

    async fn dns(&self, method: &str, body: Value) -> Reply {
        let url = format!("http://{}/__flarekeep/dns", self.local.address());
        self.local.at(method, &url).json(&body).send().await
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn ssl(method: &str) -> Value {
    json!({"method": method, "type": "dv"})
}

#[tokio::test]
async fn a_cname_brings_a_hostname_to_life() {
    let travel = Travel::with(Hostnames::default()).await;
    let (path, made) = travel.made("www.acme.org", ssl("http")).await;
    assert_eq!((text(&made["status"]), text(&made["ssl"]["status"])), ("pending", "pending_validation"));
    let pending = travel.local.admin("GET", &path).send().await;
    let errors = pending.result()["verification_errors"].to_string();
    assert!(errors.contains("fallback origin") && errors.contains("None of the A or AAAA records"), "{errors}");

    let record = json!({"name": "www.acme.org", "type": "CNAME", "content": "customers.example.com"});
    travel.dns("PUT", record.clone()).await.result();
    // The certificate needs no fallback origin.
    assert_eq!(travel.standing(&path).await, "pending/active");
    travel.fallback().await;
    assert_eq!(travel.standing(&path).await, "active/active");
    let active = travel.local.admin("GET", &path).send().await;
    let active = active.result();
    assert_eq!(active["verification_errors"], json!([]));
    assert!(active.get("ownership_verification").is_none() && active["ssl"].get("validation_records").is_none());
    assert!(text(&active["ssl"]["expires_on"]) > text(&active["created_at"]));

    // Away, and back again only when it is asked for.
    travel.pass(60);
    travel.dns("DELETE", json!({"name": "www.acme.org"})).await.result();
    assert_eq!(travel.standing(&path).await, "moved/active");
    travel.dns("PUT", record).await.result();
    assert_eq!(travel.standing(&path).await, "moved/active");
    travel.call("PATCH", &path, json!({"ssl": ssl("http")})).await.result();
    assert_eq!(travel.standing(&path).await, "active/active");

    travel.dns("DELETE", json!({"name": "www.acme.org", "type": "CNAME"})).await.result();
    travel.pass(7 * DAY - 1);
    assert_eq!(travel.standing(&path).await, "moved/active");
    travel.pass(1);
    assert_eq!(travel.standing(&path).await, "1436");
    let quota = travel.local.admin("GET", &format!("{LIST}/quota")).send().await;
    assert_eq!(quota.result()["used"], 0);
    // Its name is free again.
    travel.made("www.acme.org", ssl("http")).await;
}

#[tokio::test]
async fn tokens_prove_a_hostname_before_its_dns_moves() {
    let travel = Travel::with(Hostnames::default()).await;
    travel.fallback().await;
    let (path, made) = travel.made("www.acme.org", ssl("txt")).await;
    let ownership = &made["ownership_verification"];
    let validation = &made["ssl"]["validation_records"][0];
    assert_ne!(ownership["value"], validation["txt_value"]);
    let put = async |name: &Value, content: &Value| {
        travel.dns("PUT", json!({"name": name, "type": "TXT", "content": content})).await.result();
    };
    put(&ownership["name"], &json!("another value")).await;
    assert_eq!(travel.standing(&path).await, "pending/pending_validation");
    put(&ownership["name"], &ownership["value"]).await;
    assert_eq!(travel.standing(&path).await, "active/pending_validation");
    put(&validation["txt_name"], &validation["txt_value"]).await;
    assert_eq!(travel.standing(&path).await, "active/active");

    // By HTTP, each with its own token.
    let (path, made) = travel.made("shop.acme.org", ssl("http")).await;
    let http = &made["ownership_verification_http"];
    let serve = async |url: &Value, body: &Value| {
        travel.dns("PUT", json!({"name": url, "type": "HTTP", "content": body})).await.result();
    };
    serve(&http["http_url"], &http["http_body"]).await;
    assert_eq!(travel.standing(&path).await, "active/pending_validation");
    let record = &made["ssl"]["validation_records"][0];
    serve(&record["http_url"], &record["http_body"]).await;
    assert_eq!(travel.standing(&path).await, "active/active");

    // By mail.
    let (path, made) = travel.made("mail.acme.org", ssl("email")).await;
    assert_eq!(made["ssl"]["validation_records"][0]["emails"].as_array().unwrap().len(), 5);
    travel.dns("PUT", json!({"name": "mail.acme.org", "type": "EMAIL", "content": "approved"})).await.result();
    assert_eq!(travel.standing(&path).await, "pending/active");
}

#[tokio::test]
async fn wildcards_need_their_txt_records() {
    let travel = Travel::with(Hostnames::default()).await;
    travel.fallback().await;
    let wild = |method| json!({"method": method, "type": "dv", "wildcard": true});
    travel.call("POST", LIST, json!({"hostname": "acme.org", "ssl": wild("http")})).await.refused(400, 1434);
    let (path, made) = travel.made("acme.org", wild("txt")).await;
    travel.dns("PUT", json!({"name": "acme.org", "type": "CNAME", "content": "customers.example.com"})).await.result();
    assert_eq!(travel.standing(&path).await, "active/pending_validation");
    let records = made["ssl"]["validation_records"].as_array().unwrap();
    assert_eq!(records.len(), 2);
    for record in records {
        assert_eq!(travel.standing(&path).await, "active/pending_validation");
        let record = json!({"name": record["txt_name"], "type": "TXT", "content": record["txt_value"]});
        travel.dns("PUT", record).await.result();
    }
    assert_eq!(travel.standing(&path).await, "active/active");
    // Delegated once and for all.
    let (path, made) = travel.made("beta.org", wild("txt")).await;
    let delegation = &made["ssl"]["dcv_delegation_records"][0];
    let record = json!({"name": delegation["cname"], "type": "CNAME", "content": delegation["cname_target"]});
    travel.dns("PUT", record).await.result();
    assert_eq!(travel.standing(&path).await, "pending/active");
}

#[tokio::test]
async fn a_hostname_of_another_zone_here() {
    let two = r#"
        [[account]]
        name = "Acme"
        [[user]]
        email = "ada@example.com"
        [[zone]]
        name = "example.com"
        [[zone]]
        name = "acme.org"
    "#;
    let local = Local::in_world(two, unlimited()).await;
    let customers = local.facts.zones.iter().find(|zone| zone.name == "acme.org").unwrap().id.to_string();
    let zone = local.facts.zones.iter().find(|zone| zone.name == "example.com").unwrap().id.to_string();
    let list = format!("/zones/{zone}/custom_hostnames");
    local
        .admin("PUT", &format!("{list}/fallback_origin"))
        .json(&json!({"origin": "f.example.com"}))
        .send()
        .await
        .result();
    let made = local.admin("POST", &list).json(&json!({"hostname": "www.acme.org", "ssl": ssl("txt")})).send().await;
    let made = made.result().clone();
    let path = format!("{list}/{}", text(&made["id"]));
    let record = async |body: Value| {
        let reply = local.admin("POST", &format!("/zones/{customers}/dns_records")).json(&body).send().await;
        text(&reply.result()["id"]).to_owned()
    };
    let proxied =
        record(json!({"type": "A", "name": "www.acme.org", "content": "192.0.2.1", "proxied": true, "ttl": 1})).await;
    let ownership = &made["ownership_verification"];
    record(json!({"type": "TXT", "name": ownership["name"], "content": ownership["value"], "ttl": 120})).await;
    let status = async || local.admin("GET", &path).send().await.result()["status"].clone();
    // The traffic runs through Cloudflare already, so that a token does not do.
    assert_eq!(status().await, "pending");
    let shown = local.admin("GET", &path).send().await;
    assert!(text(&shown.result()["verification_errors"][0]).contains("DNS target needs to point to the SaaS zone"));
    local.admin("DELETE", &format!("/zones/{customers}/dns_records/{proxied}")).send().await.result();
    record(json!({"type": "CNAME", "name": "www.acme.org", "content": "c.example.com", "proxied": true, "ttl": 1}))
        .await;
    assert_eq!(status().await, "active");
    // Foreign names lie outside the zones.
    let url = format!("http://{}/__flarekeep/dns", local.address());
    let inside = json!({"name": "x.acme.org", "type": "A", "content": "192.0.2.1"});
    local.at("PUT", &url).json(&inside).send().await.refused(400, 199_021);
}

#[tokio::test]
async fn stages_are_seen_where_they_take_time() {
    let travel = Travel::with(Hostnames { delay: 10, dns: HostnameDns::Always, ..Hostnames::default() }).await;
    travel.fallback().await;
    let origin = format!("{LIST}/fallback_origin");
    let fallback = async || travel.local.admin("GET", &origin).send().await.result()["status"].clone();
    assert_eq!(fallback().await, "initializing");
    let (path, made) = travel.made("www.acme.org", ssl("txt")).await;
    assert!(made["ssl"].get("validation_records").is_none());
    let mut seen = vec![travel.standing(&path).await];
    for _ in 0..5 {
        travel.pass(10);
        seen.push(travel.standing(&path).await);
    }
    assert_eq!(
        seen,
        [
            "pending/initializing",
            "pending/pending_validation",
            "active/pending_issuance",
            "active/pending_deployment",
            "active/active",
            "active/active"
        ]
    );
    assert_eq!(fallback().await, "active");
    let patch = json!({"ssl": {"method": "txt", "type": "dv", "settings": {"http2": "off"}}});
    let patched = travel.call("PATCH", &path, patch).await;
    assert_eq!(patched.result()["status"], "active_redeploying");
    travel.pass(10);
    assert_eq!(travel.standing(&path).await, "active/active");
    travel.local.admin("DELETE", &path).send().await.result();
    assert_eq!(travel.standing(&path).await, "pending_deletion/pending_deletion");
    travel.pass(10);
    assert_eq!(travel.standing(&path).await, "1436");
}

#[tokio::test]
async fn the_schedule_ends() {
    let checks = HostnameChecks::Scheduled;
    let travel = Travel::with(Hostnames { checks, ..Hostnames::default() }).await;
    travel.fallback().await;
    let (path, _) = travel.made("www.acme.org", ssl("http")).await;
    let (other, _) = travel.made("shop.acme.org", ssl("http")).await;
    let record = json!({"name": "www.acme.org", "type": "CNAME", "content": "customers.example.com"});
    travel.pass(61);
    travel.dns("PUT", record).await.result();
    travel.pass(61);
    assert_eq!(travel.standing(&path).await, "pending/pending_validation");
    travel.pass(1);
    assert_eq!(travel.standing(&path).await, "active/active");
    travel.pass(8 * DAY);
    assert_eq!(travel.standing(&other).await, "moved/validation_timed_out");
    let find = async |query: &str| {
        let found = travel.local.admin("GET", &format!("{LIST}?{query}")).send().await;
        found.result().as_array().unwrap().iter().map(|one| text(&one["hostname"]).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(find("hostname_status=moved").await, ["shop.acme.org"]);
    assert_eq!(find("ssl_status=active").await, ["www.acme.org"]);
    assert_eq!(find("order=ssl_status").await, ["www.acme.org", "shop.acme.org"]);
    assert_eq!(find("order=ssl_status&direction=desc").await, ["shop.acme.org", "www.acme.org"]);
    assert_eq!(find("wildcard=true").await, [""; 0]);
    assert_eq!(find("certificate_authority=google&hostname.startsWith=www").await, ["www.acme.org"]);
    travel.local.admin("GET", &format!("{LIST}?id=1&hostname=x")).send().await.refused(400, 1438);
}

#[tokio::test]
async fn plans_and_reserved_names() {
    let hostnames =
        Hostnames { plan: Plan::Free, reserved: ReservedNames::Refuse, hard_cap: 0, ..Hostnames::default() };
    let travel = Travel::with(hostnames).await;
    let post = async |body: Value| travel.call("POST", LIST, body).await;
    let of = |name: &str| json!({"hostname": name, "ssl": ssl("txt")});
    for (name, code) in
        [("shop.example", 1409), ("www.example.org", 1411), ("caf\u{e9}.org", 1408), ("192.0.2.1", 1407)]
    {
        post(of(name)).await.refused(400, code);
    }
    post(of("www.acme.org")).await.refused(403, 1404);
    let with = |name: &str, value: Value| json!({"hostname": "www.acme.org", name: value});
    post(with("custom_metadata", json!({"a": "b"}))).await.refused(403, 1413);
    post(with("ssl", json!({"method": "txt", "type": "dv", "wildcard": true}))).await.refused(403, 199_022);
    for (value, code) in [
        (json!({"method": "txt"}), 1440),
        (json!({"method": "fax", "type": "dv"}), 1432),
        (json!({"method": "txt", "type": "ev"}), 1433),
        (json!({"settings": {"http2": "yes"}}), 1422),
        (json!({"settings": {"tls_1_3": 1}}), 1424),
        (json!({"settings": {"min_tls_version": "1.4"}}), 1425),
        (json!({"settings": {"ciphers": "all"}}), 1442),
        (json!({"settings": {"ciphers": ["A"], "min_tls_version": "1.3"}}), 1443),
        (json!({"bundle_method": "none"}), 1449),
        (json!(7), 1434),
    ] {
        post(with("ssl", value)).await.refused(400, code);
    }
    travel.call("POST", LIST, json!([])).await.refused(400, 1400);
}

#[tokio::test]
async fn caa_records_hold_a_certificate_up() {
    let travel = Travel::with(Hostnames { dns: HostnameDns::Always, ..Hostnames::default() }).await;
    travel.fallback().await;
    let caa = |content: &str| json!({"name": "acme.org", "type": "CAA", "content": content});
    travel.dns("PUT", caa("0 issue \"letsencrypt.org\"")).await.result();
    let (path, _) = travel.made("www.acme.org", ssl("http")).await;
    assert_eq!(travel.standing(&path).await, "active/pending_validation");
    let shown = travel.local.admin("GET", &path).send().await;
    assert!(text(&shown.result()["ssl"]["validation_errors"][0]["message"]).starts_with("caa_error"));
    travel.dns("PUT", caa("0 issue \"pki.goog\"")).await.result();
    assert_eq!(travel.standing(&path).await, "active/active");
}
