//! `flarekeep domain`, against the local Cloudflare.

use std::io::{Read, Write};
use std::net::TcpStream;

use flarekeep_cloudflare::Method;
use flarekeep_emulator::Options;
use serde_json::{Value, json};

use crate::support::{Local, Proxy, ZONE, answer, block_on, shows};

/// A platform with the tenants `acme` and `bolt`.
fn with_platform() -> Local {
    let mut local = Local::with(Options { rate_limit: None, ..Options::default() });
    let emulator = local.emulator.clone();
    block_on(local.running.serve_s3(&emulator, ([127, 0, 0, 1], 0).into())).unwrap();
    let endpoint = local.running.s3_endpoint().unwrap();
    local.set("R2_ENDPOINT", &endpoint);
    local.token("--name platform --recipe saas-platform");
    local.forget_the_key();
    local.run("platform deploy --yes --quiet").ended(0);
    local.write("public/index.html", "<h1>one</h1>");
    local.run("site deploy public acme").ended(0);
    local.run("site deploy public bolt").ended(0);
    local
}

/// What the owner of a domain does at their own provider.
fn publish(local: &Local, kind: &str, name: &str, content: &str) {
    let body = json!({"name": name, "type": kind, "content": content}).to_string();
    let mut stream = TcpStream::connect(local.running.address()).unwrap();
    let (host, length) = (local.running.address(), body.len());
    let head = format!(
        "PUT /__flarekeep/dns HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// The values that Cloudflare makes at random are words in snapshots.
fn call_the_values(local: &mut Local, host: &str) -> Value {
    let run = local.run(&format!("domain status {host} --json"));
    let document = run.json();
    for (at, publish) in document["publish"].as_array().unwrap().iter().enumerate() {
        for field in ["content", "body"] {
            let value = publish[field].as_str().unwrap_or_default().to_owned();
            if !value.is_empty() && !value.contains('.') {
                local.call(&value, &format!("[value {at}]"));
            }
        }
    }
    document
}

#[test]
fn the_life_of_a_domain() {
    let mut local = with_platform();
    shows!("domain_list_none", local.run("domain list").ended(0));
    let first = local.run("domain add www.acme.test acme --json").ended(0).json();
    let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["errors", "host", "id", "live", "publish", "router_answers", "ssl_status", "status", "tenant"]);
    assert_eq!(call_the_values(&mut local, "www.acme.test")["id"], first["id"]);
    // Whoever was stopped says it again, and makes no second one.
    shows!("domain_add", local.run("domain add WWW.Acme.Test. acme").ended(0));
    assert_eq!(block_on(local.admin().custom_hostnames(ZONE.parse().unwrap()).list(None)).unwrap().len(), 1);
    local.run("domain add acme.test acme --quiet").ended(0);
    call_the_values(&mut local, "acme.test");
    shows!("domain_status_apex", local.run("domain status acme.test").ended(1));
    publish(&local, "CNAME", "www.acme.test", "customers.example.com");
    shows!("domain_status_live", local.run("domain status www.acme.test").ended(0));
    shows!("domain_wait", local.run("domain add www.acme.test acme --wait").ended(0));
    shows!("domain_list", local.run("domain list").ended(0));
    assert_eq!(local.run("domain list bolt --json").ended(0).json(), json!([]), "each tenant has their own");
    assert_eq!(
        local.run("domain list acme --json").ended(0).json()[1],
        json!({
            "host": "www.acme.test", "tenant": "acme", "live": true, "status": "active", "ssl_status": "active",
        })
    );
    shows!("domain_remove_dry_run", local.run("domain remove www.acme.test --dry-run").ended(0));
    shows!("domain_remove_unasked", local.run("domain remove www.acme.test").failed(2));
    shows!("domain_remove", local.run("domain remove www.acme.test --yes").ended(0));
    shows!("domain_remove_again", local.run("domain remove www.acme.test --yes").failed(2));
    // What is left goes with the platform: without its bucket nobody would know whose the custom hostnames were.
    shows!("platform_destroy_tenants", local.run("platform destroy --yes").failed(2));
    shows!("platform_destroy_force", local.run("platform destroy --force --yes").ended(0));
    let left = block_on(local.admin().custom_hostnames(ZONE.parse().unwrap()).list(None)).unwrap();
    assert_eq!(left.len(), 0, "no custom hostname is left behind");
    shows!("domain_no_platform", local.run("domain list").failed(2));
}

/// A hostname that a TXT record proved is active while its DNS may still lead to whoever served it before.
#[test]
fn a_domain_is_live_when_the_router_answers_there() {
    let mut local = with_platform();
    local.run("domain add www.acme.test acme --quiet").ended(0);
    publish(&local, "CNAME", "www.acme.test", "customers.example.com");
    let asked = |status: &str, extra: &str| {
        let proxy = Proxy::answering(answer(status, "text/plain", extra, ""));
        proxy.api_url().trim_end_matches("/client/v4").to_owned()
    };
    local.set("FLAREKEEP_EDGE_URL", &asked("200 OK", "x-flarekeep-release: 06g2\r\n"));
    shows!("domain_router", local.run("domain status www.acme.test").ended(0));
    assert_eq!(local.run("domain status www.acme.test --json").ended(0).json()["router_answers"], true);
    local.set("FLAREKEEP_EDGE_URL", &asked("503 Unavailable", "x-flarekeep-error: suspended\r\n"));
    assert_eq!(local.run("domain status www.acme.test --json").ended(0).json()["router_answers"], true);
    local.set("FLAREKEEP_EDGE_URL", &asked("200 OK", "server: an earlier host\r\n"));
    shows!("domain_another", local.run("domain status www.acme.test").ended(1));
    let document = local.run("domain status www.acme.test --json").ended(1).json();
    assert_eq!((&document["live"], &document["router_answers"]), (&json!(false), &json!(false)));
    assert_eq!(document["publish"][0]["content"], "customers.example.com");
    local.set("FLAREKEEP_EDGE_URL", "http://127.0.0.1:1");
    shows!("domain_nobody", local.run("domain status www.acme.test").ended(0));
    assert_eq!(local.run("domain status www.acme.test --json").ended(0).json()["router_answers"], Value::Null);
}

#[test]
fn what_cannot_be_added() {
    let local = with_platform();
    local.run("domain add www.acme.test acme --quiet").ended(0);
    shows!("domain_taken", local.run("domain add www.acme.test bolt").failed(2));
    shows!("domain_own", local.run("domain add shop.example.com acme").failed(2));
    shows!("domain_no_tenant", local.run("domain add www.nobody.test nobody").failed(2));
    shows!("domain_url", local.run("domain add https://www.acme.test/ acme").ended(2));
    shows!("domain_unicode", local.run("domain add bücher.example acme").ended(2));
    shows!("domain_wildcard", local.run("domain add '*.acme.test' acme").failed(2));
    shows!("domain_unknown", local.run("domain status none.test").failed(2));
    assert_eq!(local.run("domain list --json").ended(0).json().as_array().unwrap().len(), 1, "nothing half done");
}

#[test]
fn a_domain_whose_custom_hostname_is_gone() {
    let local = with_platform();
    let added = local.run("domain add www.acme.test acme --json").ended(0).json();
    let path = format!("/zones/{ZONE}/custom_hostnames/{}", added["id"].as_str().unwrap());
    block_on(local.admin().request(Method::DELETE, &path).done()).unwrap();
    shows!("domain_gone", local.run("domain status www.acme.test").ended(1));
    local.run("domain add www.acme.test acme --quiet").ended(0);
    assert_eq!(local.run("domain status www.acme.test --json").ended(1).json()["status"], "pending");
}
