//! What is done to see every simulated operation succeed once: a story for each product, on an emulator of its own.
//!
//! A new handler gets a step here, in the story of its product and in the order in which it can succeed; `step.rs` says
//! what stands for what.

use super::step::{Step, step};

pub const STORIES: &[(&str, &[Step])] = &[
    ("user", USER),
    ("user's tokens", USER_TOKENS),
    ("account's tokens", ACCOUNT_TOKENS),
    ("zones", ZONES),
    ("DNS records", DNS_RECORDS),
    ("custom hostnames", CUSTOM_HOSTNAMES),
    ("R2", R2),
    ("KV", KV),
    ("Workers", WORKERS),
    ("Workers routes", WORKERS_ROUTES),
];

const USER: &[Step] = &[
    step("GET", "/user"),
    step("GET", "/accounts"),
    step("GET", "/accounts/{A}"),
    step("GET", "/memberships").keep("membership", "/result/0/id"),
    step("GET", "/memberships/{membership}"),
];

const TOKEN: &str = r#"{"name": "story", "policies": [{"effect": "allow",
    "resources": {"com.cloudflare.api.account.zone.{Z}": "*"}, "permission_groups": [{"id": "{G}"}]}]}"#;

const USER_TOKENS: &[Step] = &[
    step("GET", "/user/tokens/permission_groups"),
    step("POST", "/user/tokens").json(TOKEN).keep("token", "/result/id").keep("value", "/result/value"),
    step("GET", "/user/tokens/verify").token("value"),
    step("GET", "/user/tokens"),
    step("GET", "/user/tokens/{token}"),
    step("PUT", "/user/tokens/{token}").json(TOKEN),
    step("PUT", "/user/tokens/{token}/value").json("{}"),
    step("DELETE", "/user/tokens/{token}"),
];

const ACCOUNT_TOKENS: &[Step] = &[
    step("GET", "/accounts/{A}/tokens/permission_groups"),
    step("POST", "/accounts/{A}/tokens").json(TOKEN).keep("token", "/result/id").keep("value", "/result/value"),
    step("GET", "/accounts/{A}/tokens/verify").token("value"),
    step("GET", "/accounts/{A}/tokens"),
    step("GET", "/accounts/{A}/tokens/{token}"),
    step("PUT", "/accounts/{A}/tokens/{token}").json(TOKEN),
    step("PUT", "/accounts/{A}/tokens/{token}/value").json("{}"),
    step("DELETE", "/accounts/{A}/tokens/{token}"),
];

const ZONES: &[Step] = &[step("GET", "/zones"), step("GET", "/zones/{Z}")];

const RECORD: &str = r#"{"type": "A", "name": "www", "content": "203.0.113.1", "ttl": 300}"#;

const DNS_RECORDS: &[Step] = &[
    step("POST", "/zones/{Z}/dns_records").json(RECORD).keep("record", "/result/id"),
    step("POST", "/zones/{Z}/dns_records").json(
        r#"{"type": "MX", "name": "@", "content": "mail.example.com", "priority": 10, "ttl": 1, "comment": "c"}"#,
    ),
    step("POST", "/zones/{Z}/dns_records").json(r#"{"type": "TXT", "name": "_acme-challenge", "content": "x"}"#),
    step("GET", "/zones/{Z}/dns_records"),
    step("GET", "/zones/{Z}/dns_records/{record}"),
    step("PATCH", "/zones/{Z}/dns_records/{record}").json(r#"{"content": "203.0.113.2"}"#),
    step("PUT", "/zones/{Z}/dns_records/{record}").json(RECORD),
    step("DELETE", "/zones/{Z}/dns_records/{record}"),
];

const CUSTOM_HOSTNAMES: &[Step] = &[
    step("PUT", "/zones/{Z}/custom_hostnames/fallback_origin").json(r#"{"origin": "fallback.example.com"}"#),
    step("GET", "/zones/{Z}/custom_hostnames/fallback_origin"),
    step("POST", "/zones/{Z}/custom_hostnames")
        .json(r#"{"hostname": "www.acme.org", "ssl": {"method": "txt", "type": "dv"}}"#)
        .keep("hostname", "/result/id"),
    step("GET", "/zones/{Z}/custom_hostnames"),
    step("GET", "/zones/{Z}/custom_hostnames/quota"),
    step("GET", "/zones/{Z}/custom_hostnames/{hostname}"),
    step("PATCH", "/zones/{Z}/custom_hostnames/{hostname}").json(r#"{"custom_origin_server": "o.example.com"}"#),
    step("DELETE", "/zones/{Z}/custom_hostnames/{hostname}"),
    step("DELETE", "/zones/{Z}/custom_hostnames/fallback_origin"),
];

const R2: &[Step] = &[
    step("POST", "/accounts/{A}/r2/buckets").json(r#"{"name": "site"}"#),
    step("GET", "/accounts/{A}/r2/buckets"),
    step("GET", "/accounts/{A}/r2/buckets/site"),
    step("PUT", "/accounts/{A}/r2/buckets/site/objects/a/b.txt").body("text/plain", "hello"),
    step("GET", "/accounts/{A}/r2/buckets/site/objects/a/b.txt"),
    step("DELETE", "/accounts/{A}/r2/buckets/site/objects/a/b.txt"),
    step("POST", "/user/tokens").json(TOKEN).keep("token", "/result/id"),
    step("POST", "/accounts/{A}/r2/temp-access-credentials").json(
        r#"{"bucket": "site", "parentAccessKeyId": "{token}", "permission": "object-read-only", "ttlSeconds": 60}"#,
    ),
    step("DELETE", "/accounts/{A}/r2/buckets/site"),
];

const KV: &[Step] = &[
    step("POST", "/accounts/{A}/storage/kv/namespaces").json(r#"{"title": "tenants"}"#).keep("kv", "/result/id"),
    step("GET", "/accounts/{A}/storage/kv/namespaces"),
    step("GET", "/accounts/{A}/storage/kv/namespaces/{kv}"),
    step("PUT", "/accounts/{A}/storage/kv/namespaces/{kv}").json(r#"{"title": "renamed"}"#),
    step("PUT", "/accounts/{A}/storage/kv/namespaces/{kv}/values/key").form(
        "--b\r\nContent-Disposition: form-data; name=\"value\"\r\n\r\nv\r\n--b\r\nContent-Disposition: form-data; \
         name=\"metadata\"\r\n\r\n{\"n\":1}\r\n--b--\r\n",
    ),
    step("GET", "/accounts/{A}/storage/kv/namespaces/{kv}/values/key"),
    step("GET", "/accounts/{A}/storage/kv/namespaces/{kv}/metadata/key"),
    step("PUT", "/accounts/{A}/storage/kv/namespaces/{kv}/bulk")
        .json(r#"[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]"#),
    step("GET", "/accounts/{A}/storage/kv/namespaces/{kv}/keys"),
    step("POST", "/accounts/{A}/storage/kv/namespaces/{kv}/bulk/delete").json(r#"["a"]"#),
    step("DELETE", "/accounts/{A}/storage/kv/namespaces/{kv}/bulk").json(r#"["b"]"#),
    step("DELETE", "/accounts/{A}/storage/kv/namespaces/{kv}/values/key"),
    step("DELETE", "/accounts/{A}/storage/kv/namespaces/{kv}"),
];

const UPLOAD: &str = "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"main_module\": \"index.js\", \
    \"compatibility_date\": \"2026-08-01\", \"bindings\": [{\"type\": \"plain_text\", \"name\": \"DOMAIN\", \"text\": \
    \"example.com\"}]}\r\n--b\r\nContent-Disposition: form-data; name=\"index.js\"; filename=\"index.js\"\r\n\
    Content-Type: application/javascript+module\r\n\r\nexport default { fetch() {} }\r\n--b--\r\n";

const WORKERS: &[Step] = &[
    step("GET", "/accounts/{A}/workers/subdomain"),
    step("PUT", "/accounts/{A}/workers/scripts/router").form(UPLOAD),
    step("GET", "/accounts/{A}/workers/scripts"),
    step("GET", "/accounts/{A}/workers/scripts/router"),
    step("GET", "/accounts/{A}/workers/services/router"),
    step("GET", "/accounts/{A}/workers/workers/router"),
    step("GET", "/accounts/{A}/workers/scripts/router/settings"),
    step("GET", "/accounts/{A}/workers/scripts/router/script-settings"),
    step("PATCH", "/accounts/{A}/workers/scripts/router/script-settings").json(r#"{"logpush": false}"#),
    step("POST", "/accounts/{A}/workers/scripts/router/subdomain").json(r#"{"enabled": true}"#),
    step("GET", "/accounts/{A}/workers/scripts/router/subdomain"),
    step("PUT", "/accounts/{A}/workers/scripts/router/secrets")
        .json(r#"{"name": "KEY", "text": "hidden", "type": "secret_text"}"#),
    step("GET", "/accounts/{A}/workers/scripts/router/secrets"),
    step("DELETE", "/accounts/{A}/workers/scripts/router/secrets/KEY"),
    step("POST", "/accounts/{A}/workers/scripts/router/versions").form(UPLOAD).keep("version", "/result/id"),
    step("GET", "/accounts/{A}/workers/scripts/router/versions"),
    step("GET", "/accounts/{A}/workers/scripts/router/versions/{version}"),
    step("POST", "/accounts/{A}/workers/scripts/router/deployments")
        .json(r#"{"strategy": "percentage", "versions": [{"version_id": "{version}", "percentage": 100}]}"#),
    step("GET", "/accounts/{A}/workers/scripts/router/deployments"),
    step("PUT", "/accounts/{A}/workers/scripts/router/routes")
        .json(r#"[{"pattern": "example.com/*", "zone_name": "example.com"}]"#),
    step("DELETE", "/accounts/{A}/workers/scripts/router"),
    step("PUT", "/accounts/{A}/workers/scripts/router").form(UPLOAD),
    step("DELETE", "/accounts/{A}/workers/services/router"),
];

const WORKERS_ROUTES: &[Step] = &[
    step("PUT", "/accounts/{A}/workers/scripts/router").form(UPLOAD),
    step("POST", "/zones/{Z}/workers/routes")
        .json(r#"{"pattern": "example.com/*", "script": "router"}"#)
        .keep("route", "/result/id"),
    step("GET", "/zones/{Z}/workers/routes"),
    step("GET", "/zones/{Z}/workers/routes/{route}"),
    step("PUT", "/zones/{Z}/workers/routes/{route}").json(r#"{"pattern": "www.example.com/*", "script": "router"}"#),
    step("DELETE", "/zones/{Z}/workers/routes/{route}"),
];
