//! Workers.

use super::{Step, step};

const UPLOAD: &str = "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"main_module\": \"index.js\", \
    \"compatibility_date\": \"2026-08-01\", \"bindings\": [{\"type\": \"plain_text\", \"name\": \"DOMAIN\", \"text\": \
    \"example.com\"}]}\r\n--b\r\nContent-Disposition: form-data; name=\"index.js\"; filename=\"index.js\"\r\n\
    Content-Type: application/javascript+module\r\n\r\nexport default { fetch() {} }\r\n--b--\r\n";

pub const WORKERS: &[Step] = &[
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
    step("PATCH", "/accounts/{A}/workers/scripts/router/settings").form(
        "--b\r\nContent-Disposition: form-data; name=\"settings\"\r\n\r\n{\"logpush\": true, \"tags\": [\"a\"]}\r\n--b--\r\n",
    ),
    step("PUT", "/accounts/{A}/workers/scripts/router/secrets")
        .json(r#"{"name": "KEY", "text": "hidden", "type": "secret_text"}"#),
    step("GET", "/accounts/{A}/workers/scripts/router/secrets"),
    step("DELETE", "/accounts/{A}/workers/scripts/router/secrets/KEY"),
    step("PATCH", "/accounts/{A}/workers/scripts/router/secrets-bulk")
        .json(r#"{"secrets": {"A": {"type": "secret_text", "text": "hidden"}}}"#),
    step("GET", "/accounts/{A}/workers/scripts/router/secrets/A"),
    step("DELETE", "/accounts/{A}/workers/scripts/router/subdomain"),
    step("PUT", "/accounts/{A}/workers/scripts/router/schedules").json(r#"[{"cron": "*/5 * * * *"}]"#),
    step("GET", "/accounts/{A}/workers/scripts/router/schedules"),
    step("POST", "/accounts/{A}/workers/scripts/router/tails").json("{}").keep("tail", "/result/id"),
    step("GET", "/accounts/{A}/workers/scripts/router/tails"),
    step("DELETE", "/accounts/{A}/workers/scripts/router/tails/{tail}"),
    step("GET", "/accounts/{A}/workers/scripts/router/usage-model"),
    step("PUT", "/accounts/{A}/workers/scripts/router/usage-model").json(r#"{"usage_model": "standard"}"#),
    step("POST", "/accounts/{A}/workers/scripts/router/versions").form(UPLOAD).keep("version", "/result/id"),
    step("GET", "/accounts/{A}/workers/scripts/router/versions"),
    step("GET", "/accounts/{A}/workers/scripts/router/versions/{version}"),
    step("POST", "/accounts/{A}/workers/scripts/router/deployments")
        .json(r#"{"strategy": "percentage", "versions": [{"version_id": "{version}", "percentage": 100}]}"#),
    step("GET", "/accounts/{A}/workers/scripts/router/deployments"),
    step("GET", "/accounts/{A}/workers/scripts/router/deployments").keep("deployment", "/result/deployments/1/id"),
    step("GET", "/accounts/{A}/workers/scripts/router/deployments/{deployment}"),
    step("DELETE", "/accounts/{A}/workers/scripts/router/deployments/{deployment}"),
    step("PUT", "/accounts/{A}/workers/scripts/router/routes")
        .json(r#"[{"pattern": "example.com/*", "zone_name": "example.com"}]"#),
    step("DELETE", "/accounts/{A}/workers/scripts/router"),
    step("PUT", "/accounts/{A}/workers/scripts/router").form(UPLOAD),
    step("DELETE", "/accounts/{A}/workers/services/router"),
];

pub const ACCOUNT: &[Step] = &[
    step("PUT", "/accounts/{A}/workers/subdomain").json(r#"{"subdomain": "acme"}"#),
    step("GET", "/accounts/{A}/workers/account-settings"),
    step("PUT", "/accounts/{A}/workers/account-settings").json(r#"{"default_usage_model": "standard"}"#),
    step("PUT", "/accounts/{A}/workers/scripts/router").form(UPLOAD),
    step("GET", "/accounts/{A}/workers/workers"),
    step("GET", "/accounts/{A}/workers/scripts-search?name=rout"),
    step("GET", "/accounts/{A}/workers/durable_objects/namespaces"),
    step("PUT", "/accounts/{A}/workers/domains")
        .json(r#"{"hostname": "shop.example.com", "service": "router", "zone_name": "example.com"}"#)
        .keep("domain", "/result/id"),
    step("GET", "/accounts/{A}/workers/domains"),
    step("GET", "/accounts/{A}/workers/domains/{domain}"),
    step("GET", "/accounts/{A}/workers/domains/records"),
    step("GET", "/accounts/{A}/workers/domains/records/{domain}"),
    step("POST", "/accounts/{A}/workers/scripts/router/domains/changeset?replace_state=true")
        .json(r#"[{"hostname": "shop.example.com"}]"#),
    step("PUT", "/accounts/{A}/workers/scripts/router/domains/records")
        .json(r#"{"origins": [{"hostname": "shop.example.com"}]}"#),
    step("DELETE", "/accounts/{A}/workers/domains/{domain}"),
    step("POST", "/accounts/{A}/workers/scripts/router/assets-upload-session")
        .json(r#"{"manifest": {"/a.html": {"hash": "0123456789abcdef0123456789abcdef", "size": 2}}}"#)
        .keep("jwt", "/result/jwt"),
    step("POST", "/accounts/{A}/workers/assets/upload?base64=true").token("jwt").form(
        "--b\r\nContent-Disposition: form-data; name=\"0123456789abcdef0123456789abcdef\"; \
         filename=\"0123456789abcdef0123456789abcdef\"\r\nContent-Type: text/html\r\n\r\naGk=\r\n--b--\r\n",
    ),
];

pub const ROUTES: &[Step] = &[
    step("PUT", "/accounts/{A}/workers/scripts/router").form(UPLOAD),
    step("POST", "/zones/{Z}/workers/routes")
        .json(r#"{"pattern": "example.com/*", "script": "router"}"#)
        .keep("route", "/result/id"),
    step("GET", "/zones/{Z}/workers/routes"),
    step("GET", "/zones/{Z}/workers/routes/{route}"),
    step("PUT", "/zones/{Z}/workers/routes/{route}").json(r#"{"pattern": "www.example.com/*", "script": "router"}"#),
    step("DELETE", "/zones/{Z}/workers/routes/{route}"),
];
