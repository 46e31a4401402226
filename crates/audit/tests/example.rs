//! `examples/audit/tokens.json`: a world of 60 tokens with every fault. It is made here, so that it never drifts from the
//! rules; `UPDATE_EXAMPLES=1 cargo test -p flarekeep-audit --test example` writes it anew.

#![allow(clippy::needless_pass_by_value, reason = "tokens are written as `json!({…})` where they are used")]

#[path = "rules/common.rs"]
#[allow(dead_code)]
mod common;

use std::collections::BTreeSet;
use std::path::PathBuf;

use flarekeep_audit::{RULES, Settings, audit, read};
use serde_json::{Value, json};

use self::common::policy;

/// The instant as which the world is read.
const AS_OF: &str = "2026-11-23T00:00:00Z";

/// Ids that look like ids, always the same.
fn id(kind: u128, number: u128) -> String {
    let mixed = (kind * 1_000 + number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    format!("{:032x}", mixed ^ (mixed >> 64))
}

fn account(number: u128) -> String {
    id(1, number)
}

fn zone(number: u128) -> String {
    id(2, number)
}

fn user() -> String {
    id(3, 1)
}

fn at_account(number: u128, groups: &[&str]) -> Value {
    policy(&common::account_key(&account(number)), groups)
}

fn at_zone(number: u128, groups: &[&str]) -> Value {
    policy(&common::zone_key(&zone(number)), groups)
}

fn at_all_zones_of(number: u128, groups: &[&str]) -> Value {
    let mut policy = policy("", groups);
    policy["resources"] = json!({common::account_key(&account(number)): {"com.cloudflare.api.account.zone.*": "*"}});
    policy
}

fn at_user(groups: &[&str]) -> Value {
    policy(&format!("com.cloudflare.api.user.{}", user()), groups)
}

fn at_bucket(number: u128, name: &str, groups: &[&str]) -> Value {
    policy(&format!("com.cloudflare.edge.r2.bucket.{}_default_{name}", account(number)), groups)
}

/// The day so many days before the world's, at some hour.
fn ago(days: i64) -> Value {
    let now: jiff::Timestamp = AS_OF.parse().unwrap();
    let hours = days * 24 + 7;
    json!(now.checked_sub(jiff::SignedDuration::from_hours(hours)).unwrap().to_string())
}

fn ahead(days: i64) -> Value {
    let now: jiff::Timestamp = AS_OF.parse().unwrap();
    json!(now.checked_add(jiff::SignedDuration::from_hours(days * 24)).unwrap().to_string())
}

/// A token of an account (`owner` is its number) or of the user (0), made, changed, used and ending so many days from now.
fn token(owner: u128, name: &str, policies: Value, fields: Value) -> Value {
    let mut token = json!({
        "name": name, "status": "active",
        "issued_on": ago(60), "modified_on": ago(60), "last_used_on": ago(1), "expires_on": ahead(90),
        "policies": policies,
    });
    match owner {
        0 => {
            token["owner"] = json!("user");
            token["user_id"] = json!(user());
        }
        account_number => {
            token["owner"] = json!("account");
            token["account_id"] = json!(account(account_number));
        }
    }
    for (field, value) in fields.as_object().unwrap() {
        token[field] = value.clone();
    }
    token
}

/// Tokens as they should be.
fn sound() -> Vec<Value> {
    let plain = |owner, name: &str, policies| token(owner, name, policies, json!({}));
    vec![
        plain(1, "shop-dns-updater-prod", json!([at_zone(1, &["DNS Write"])])),
        plain(1, "shop-dns-updater-staging", json!([at_zone(2, &["DNS Write"])])),
        plain(1, "shop-cache-purge-prod", json!([at_zone(1, &["Cache Purge"])])),
        plain(1, "shop-cache-purge-dev", json!([at_zone(2, &["Cache Purge"])])),
        plain(1, "shop-media-uploads-eu", json!([at_bucket(1, "media", &["Workers R2 Storage Bucket Item Write"])])),
        plain(1, "shop-media-reader-eu", json!([at_bucket(1, "media", &["Workers R2 Storage Bucket Item Read"])])),
        plain(1, "shop-d1-migrations-eu", json!([at_account(1, &["D1 Write"])])),
        plain(1, "shop-queue-consumer-eu", json!([at_account(1, &["Queues Write"])])),
        plain(1, "shop-pages-preview-eu", json!([at_account(1, &["Pages Read"])])),
        plain(
            1,
            "shop-metrics-exporter-eu",
            json!([at_zone(1, &["Analytics Read"]), at_account(1, &["Account Analytics Read"])]),
        ),
        plain(1, "shop-zone-inventory-eu", json!([at_zone(1, &["Zone Read"])])),
        plain(1, "shop-tunnel-home-eu", json!([at_account(1, &["Cloudflare Tunnel Read"])])),
        plain(2, "blog-dns-updater-eu", json!([at_zone(3, &["DNS Write"])])),
        plain(2, "blog-cache-purge-eu", json!([at_zone(3, &["Cache Purge"])])),
        plain(2, "blog-images-reader-eu", json!([at_bucket(2, "images", &["Workers R2 Storage Bucket Item Read"])])),
        plain(2, "blog-tail-logs-eu", json!([at_account(2, &["Workers Tail Read"])])),
        plain(2, "blog-waf-reader-eu", json!([at_zone(3, &["Zone WAF Read"])])),
        plain(0, "anna-bot-reader-prod", json!([at_zone(1, &["Zone Read", "Zone Settings Read"])])),
        plain(0, "anna-details-reader-eu", json!([at_user(&["User Details Read"])])),
        plain(0, "anna-dns-reader-eu", json!([at_zone(2, &["DNS Read"])])),
    ]
}

/// Tokens whose life is at fault.
fn faults_of_life() -> Vec<Value> {
    let dns = || json!([at_zone(1, &["DNS Write"])]);
    let reads = || json!([at_zone(2, &["Zone Read"])]);
    vec![
        token(1, "shop-billing-export-eu", json!([at_account(1, &["Billing Read"])]), json!({"expires_on": null})),
        token(
            1,
            "shop-logs-export-eu",
            json!([at_zone(1, &["Logs Read@zone"])]),
            json!({"expires_on": null, "last_used_on": ago(420), "issued_on": ago(700), "modified_on": ago(100)}),
        ),
        token(1, "shop-records-sync-eu", dns(), json!({"expires_on": ahead(9)})),
        token(
            1,
            "shop-records-import-eu",
            dns(),
            json!({"expires_on": ahead(3), "last_used_on": ago(120), "issued_on": ago(170)}),
        ),
        token(
            1,
            "shop-launch-page-eu",
            dns(),
            json!({"status": "expired", "expires_on": ago(40), "issued_on": ago(130), "modified_on": ago(130), "last_used_on": ago(45)}),
        ),
        token(1, "shop-migration-tool-eu", dns(), json!({"expires_on": ago(2), "issued_on": ago(92)})),
        token(
            2,
            "blog-old-theme-eu",
            json!([at_zone(3, &["Cache Purge"])]),
            json!({"status": "disabled", "modified_on": ago(150), "issued_on": ago(300), "last_used_on": ago(160)}),
        ),
        token(
            2,
            "blog-comments-bot-eu",
            json!([at_zone(3, &["DNS Read"])]),
            json!({"status": "disabled", "modified_on": ago(4)}),
        ),
        token(
            1,
            "shop-deploy-key-eu",
            json!([at_account(1, &["Workers Scripts Write"])]),
            json!({"status": "revoked (exposed)", "last_used_on": ago(6), "modified_on": ago(6)}),
        ),
        token(2, "blog-feed-reader-eu", reads(), json!({"status": "suspended"})),
        token(1, "shop-pilot-sync-eu", dns(), json!({"last_used_on": null})),
        token(
            2,
            "blog-pilot-sync-eu",
            json!([at_zone(3, &["DNS Write"])]),
            json!({"last_used_on": null, "issued_on": ago(33), "modified_on": ago(33)}),
        ),
        token(
            1,
            "shop-report-2025-eu",
            reads(),
            json!({"last_used_on": ago(140), "issued_on": ago(170), "modified_on": ago(150)}),
        ),
        token(1, "shop-vault-sync-eu", dns(), json!({"issued_on": ago(700), "modified_on": ago(365)})),
    ]
}

/// Tokens whose limits or names are at fault.
fn faults_of_limits() -> Vec<Value> {
    let ip = |list: Value| json!({"condition": {"request_ip": {"in": list}}});
    let dns = || json!([at_zone(1, &["DNS Write"])]);
    vec![
        token(1, "shop-dns-server-eu", dns(), json!({})),
        token(1, "shop-certbot-renewal-eu", dns(), json!({})),
        token(1, "shop-edge-cron-eu", dns(), ip(json!([]))),
        token(1, "shop-office-sync-eu", dns(), ip(json!(["0.0.0.0/0"]))),
        token(0, "anna-laptop-dev", json!([at_zone(1, &["DNS Read"])]), ip(json!(["203.0.113.7/32"]))),
        token(1, "test", dns(), json!({})),
        token(1, "DNS token (Bernd) – do not delete!", dns(), json!({})),
        token(
            0,
            "shop-ci-deploy",
            json!([at_account(1, &["Workers Scripts Read"]), at_user(&["Memberships Read"])]),
            json!({}),
        ),
        token(0, "blog-terraform-apply-eu", json!([at_zone(3, &["DNS Write"])]), json!({})),
    ]
}

/// Tokens whose permissions are at fault.
fn faults_of_permissions() -> Vec<Value> {
    let all_accounts = |groups: &[&str]| policy("com.cloudflare.api.account.*", groups);
    let all_zones = |groups: &[&str]| policy("com.cloudflare.api.account.zone.*", groups);
    let mut unknown = at_account(1, &["D1 Read"]);
    unknown["permission_groups"][0] = json!({"id": id(9, 1), "name": "Quantum Vault Write"});
    let mut deprecated = at_zone(1, &["DNS Write"]);
    deprecated["permission_groups"][0]["meta"] = json!({"deprecated": "true", "eol_at": "2027-03-31"});
    let workers = [
        "Workers Scripts Write",
        "Workers KV Storage Write",
        "Workers Tail Read",
        "Workers R2 Storage Write",
        "Account Settings Read",
    ];
    vec![
        token(1, "shop-records-robot-eu", json!([at_all_zones_of(1, &["DNS Write"])]), json!({})),
        token(2, "blog-records-robot-eu", json!([at_all_zones_of(2, &["DNS Write", "Zone Read"])]), json!({})),
        token(
            0,
            "anna-everything-write",
            json!([
                all_accounts(&["Workers Scripts Write", "Workers KV Storage Write"]),
                all_zones(&["DNS Write", "Zone Settings Write"])
            ]),
            json!({"expires_on": null}),
        ),
        token(
            0,
            "anna-inventory-read",
            json!([all_accounts(&["Account Settings Read", "Workers Scripts Read"]), all_zones(&["Zone Read"])]),
            json!({}),
        ),
        token(
            0,
            "shop-wrangler-template",
            json!([
                at_account(1, &workers),
                at_all_zones_of(1, &["Workers Routes Write"]),
                at_user(&["User Details Read", "Memberships Read"])
            ]),
            json!({}),
        ),
        token(
            1,
            "shop-jack-of-all",
            json!([
                at_account(
                    1,
                    &[
                        "Stream Write",
                        "Access: Apps and Policies Write@account",
                        "D1 Write",
                        "Queues Write",
                        "Turnstile Sites Write"
                    ]
                ),
                at_zone(1, &["DNS Write", "Cache Purge", "SSL and Certificates Write", "Zone WAF Write"])
            ]),
            json!({}),
        ),
        token(
            1,
            "shop-mixed-scopes-eu",
            json!([at_zone(1, &["DNS Write", "Workers Scripts Write"]), at_account(1, &["Cache Purge", "D1 Read"])]),
            json!({}),
        ),
        token(
            1,
            "shop-double-groups-eu",
            json!([at_zone(1, &["DNS Read", "DNS Write", "Zone Settings Read", "Zone Settings Write"])]),
            json!({}),
        ),
        token(1, "shop-legacy-groups-eu", json!([deprecated]), json!({})),
        token(1, "shop-vault-preview-eu", json!([unknown]), json!({})),
        token(
            0,
            "anna-token-maker",
            json!([at_user(&["API Tokens Write"]), at_zone(1, &["Zone Read"])]),
            json!({"expires_on": null}),
        ),
        token(
            1,
            "shop-token-broker-eu",
            json!([at_account(1, &["Account API Tokens Write"])]),
            json!({"condition": {"request_ip": {"in": ["203.0.113.0/28"]}}}),
        ),
        token(1, "shop-staff-sync-eu", json!([at_account(1, &["Account Settings Write"])]), json!({})),
        token(
            1,
            "shop-worker-deploy-eu",
            json!([at_account(1, &["Workers Scripts Write", "Pages Write", "Workers KV Storage Write"])]),
            json!({}),
        ),
        token(
            2,
            "blog-sites-deploy-eu",
            json!([
                at_account(2, &["Workers Scripts Write", "Workers R2 Storage Write"]),
                at_zone(3, &["Workers Routes Write"])
            ]),
            json!({}),
        ),
        token(
            1,
            "shop-terraform-apply-eu",
            json!([at_zone(
                1,
                &["DNS Write", "Zone Settings Write", "Page Rules Write", "SSL and Certificates Write"]
            )]),
            json!({}),
        ),
        token(2, "blog-shared-purge-eu", json!([at_zone(3, &["Cache Purge"])]), json!({})),
    ]
}

/// One entry of an account's audit logs.
fn entry(number: usize, token: &Value, zone_number: u128, method: &str, path: &str, agent: &str, ip: &str) -> Value {
    json!({
        "id": id(8, number as u128),
        "account": {"id": token["account_id"], "name": "…"},
        "action": {"description": "", "result": "success", "time": ago((number * 5 % 60) as i64 + 1), "type": "update"},
        "actor": {"context": "api_token", "token_id": token["id"], "token_name": token["name"], "type": "account", "ip_address": ip},
        "raw": {"method": method, "status_code": 200, "uri": path, "user_agent": agent},
        "zone": {"id": zone(zone_number)},
    })
}

fn audit_logs(tokens: &[Value]) -> Vec<Value> {
    let named = |name: &str| tokens.iter().find(|token| token["name"] == name).unwrap();
    let records = |number| format!("/client/v4/zones/{}/dns_records", zone(number));
    let purge = |number| format!("/client/v4/zones/{}/purge_cache", zone(number));
    let (robot, terraform, shared) =
        (named("shop-records-robot-eu"), named("shop-terraform-apply-eu"), named("blog-shared-purge-eu"));
    let server = named("shop-dns-server-eu");
    let mut entries = Vec::new();
    for _ in 0..6 {
        entries.push((robot, 1, "POST", records(1), "octodns-cloudflare/0.0.9", "198.51.100.20"));
        entries.push((
            terraform,
            1,
            "POST",
            records(1),
            "Terraform/1.13 terraform-provider-cloudflare/5.22.0",
            "198.51.100.31",
        ));
        entries.push((server, 1, "POST", records(1), "ddclient/4.0", "203.0.113.40"));
    }
    for (agent, ip) in
        [("curl/8.14", "198.51.100.7"), ("python-requests/2.32", "192.0.2.80"), ("wp-cloudflare/4.13", "192.0.2.81")]
    {
        entries.push((shared, 3, "POST", purge(3), agent, ip));
    }
    let calls = entries.into_iter().enumerate();
    let mut all: Vec<Value> = calls
        .map(|(number, (token, zone, method, path, agent, ip))| entry(number, token, zone, method, &path, agent, ip))
        .collect();
    for number in 0..3 {
        all.push(json!({
            "id": id(7, number),
            "account": {"id": account(1), "name": "Example Shop"},
            "action": {"description": "", "result": "success", "time": ago(number as i64 * 9 + 2), "type": "update"},
            "actor": {"context": "api_key", "email": "anna@example.com", "type": "user", "ip_address": "198.51.100.99"},
            "raw": {"method": "POST", "status_code": 200, "uri": purge(1), "user_agent": "curl/8.14"},
        }));
    }
    all
}

fn made() -> String {
    let mut tokens: Vec<Value> =
        [sound(), faults_of_life(), faults_of_limits(), faults_of_permissions()].into_iter().flatten().collect();
    for (number, token) in tokens.iter_mut().enumerate() {
        token["id"] = json!(id(4, number as u128 + 1));
    }
    let logs = audit_logs(&tokens);
    let zone_of =
        |number, name: &str, owner| json!({"id": zone(number), "name": name, "account": {"id": account(owner)}});
    let world = json!({
        "as_of": AS_OF,
        "accounts": [
            {"id": account(1), "name": "Example Shop", "zones": 2, "token_quota": 50},
            {"id": account(2), "name": "Example Blog", "zones": 1},
        ],
        "zones": [zone_of(1, "shop.example", 1), zone_of(2, "shop-us.example", 1), zone_of(3, "blog.example", 2)],
        "tokens": tokens,
        "audit_logs": logs,
    });
    serde_json::to_string_pretty(&world).unwrap() + "\n"
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/audit/tokens.json")
}

#[test]
fn the_example_is_as_it_is_made_here() {
    let made = made();
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        std::fs::create_dir_all(path().parent().unwrap()).unwrap();
        std::fs::write(path(), &made).unwrap();
    }
    let kept = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(
        kept == made,
        "examples/audit/tokens.json has drifted: UPDATE_EXAMPLES=1 cargo test -p flarekeep-audit --test example"
    );
}

#[test]
fn it_has_60_tokens_every_fault_and_sound_ones() {
    let world = read::tokens_json("tokens.json", &made()).unwrap();
    assert_eq!((world.tokens.len(), world.unread.len()), (60, 0), "{:?}", world.unread);
    let audit = audit(&world, &Settings::new(world.as_of.unwrap()));
    let found: BTreeSet<&str> = audit.findings.iter().map(|finding| finding.rule.id).collect();
    let missing: Vec<&str> = RULES.iter().map(|rule| rule.id).filter(|id| !found.contains(id)).collect();
    assert!(missing.is_empty(), "the example lacks {missing:?}");
    for name in sound().iter().map(|token| token["name"].as_str().unwrap().to_owned()) {
        let about: Vec<_> = audit
            .findings
            .iter()
            .filter(|finding| finding.token.as_ref().is_some_and(|token| token.name == name))
            .collect();
        assert!(about.is_empty(), "{name}: {about:#?}");
    }
    for finding in &audit.findings {
        let name = finding.token.as_ref().map(|token| token.name.as_str()).unwrap_or_default();
        println!(
            "{:8} {:6} {:24} {:34} {}",
            finding.severity, finding.confidence, finding.rule.id, name, finding.summary
        );
    }
    println!("{:?}", audit.counts);
}
