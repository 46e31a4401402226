//! Queues and Pages.

use super::{Step, step};

pub const QUEUES: &[Step] = &[
    step("POST", "/accounts/{A}/queues").json(r#"{"queue_name": "jobs"}"#).keep("queue", "/result/queue_id"),
    step("GET", "/accounts/{A}/queues"),
    step("GET", "/accounts/{A}/queues/{queue}"),
    step("PUT", "/accounts/{A}/queues/{queue}").json(r#"{"queue_name": "jobs", "settings": {"delivery_delay": 0}}"#),
    step("PATCH", "/accounts/{A}/queues/{queue}").json(r#"{"settings": {"delivery_paused": false}}"#),
    step("POST", "/accounts/{A}/queues/{queue}/consumers")
        .json(r#"{"type": "http_pull", "settings": {"max_retries": 3}}"#)
        .keep("consumer", "/result/consumer_id"),
    step("GET", "/accounts/{A}/queues/{queue}/consumers"),
    step("GET", "/accounts/{A}/queues/{queue}/consumers/{consumer}"),
    step("PUT", "/accounts/{A}/queues/{queue}/consumers/{consumer}")
        .json(r#"{"type": "http_pull", "settings": {"max_retries": 5}}"#),
    // With its consumer.
    step("GET", "/accounts/{A}/queues/{queue}"),
    step("POST", "/accounts/{A}/queues/{queue}/messages").json(r#"{"body": "now", "content_type": "text"}"#),
    step("POST", "/accounts/{A}/queues/{queue}/messages/batch")
        .json(r#"{"messages": [{"body": {"a": 1}, "content_type": "json"}]}"#),
    step("GET", "/accounts/{A}/queues/{queue}/metrics"),
    step("POST", "/accounts/{A}/queues/{queue}/messages/pull").json("{}").keep("lease", "/result/messages/0/lease_id"),
    step("POST", "/accounts/{A}/queues/{queue}/messages/ack").json(r#"{"acks": [{"lease_id": "{lease}"}]}"#),
    step("POST", "/accounts/{A}/queues/{queue}/purge").json(r#"{"delete_messages_permanently": true}"#),
    step("GET", "/accounts/{A}/queues/{queue}/purge"),
    step("DELETE", "/accounts/{A}/queues/{queue}/consumers/{consumer}"),
    step("DELETE", "/accounts/{A}/queues/{queue}"),
];

const DEPLOYMENT: &str = "--b\r\nContent-Disposition: form-data; name=\"manifest\"\r\n\r\n{\"/index.html\": \"a1\"}\r\n--b\r\n\
    Content-Disposition: form-data; name=\"branch\"\r\n\r\nmain\r\n--b--\r\n";

pub const PAGES: &[Step] = &[
    step("POST", "/accounts/{A}/pages/projects").json(r#"{"name": "site", "production_branch": "main"}"#),
    step("GET", "/accounts/{A}/pages/projects"),
    step("GET", "/accounts/{A}/pages/projects/site"),
    step("PATCH", "/accounts/{A}/pages/projects/site").json(
        r#"{"deployment_configs": {"production": {"env_vars": {"K": {"type": "secret_text", "value": "hidden"}}}}}"#,
    ),
    step("GET", "/accounts/{A}/pages/projects/site/upload-token").keep("jwt", "/result/jwt"),
    step("POST", "/pages/assets/check-missing").token("jwt").json(r#"{"hashes": ["a1"]}"#),
    step("POST", "/pages/assets/upload")
        .token("jwt")
        .json(r#"[{"key": "a1", "value": "aGk=", "base64": true, "metadata": {"contentType": "text/html"}}]"#),
    step("POST", "/pages/assets/upsert-hashes").token("jwt").json(r#"{"hashes": ["a1"]}"#),
    step("POST", "/accounts/{A}/pages/projects/site/deployments").form(DEPLOYMENT).keep("first", "/result/id"),
    step("POST", "/accounts/{A}/pages/projects/site/deployments").form(DEPLOYMENT).keep("second", "/result/id"),
    step("GET", "/accounts/{A}/pages/projects/site/deployments"),
    step("GET", "/accounts/{A}/pages/projects/site/deployments/{first}"),
    step("GET", "/accounts/{A}/pages/projects/site/deployments/{first}/history/logs"),
    step("POST", "/accounts/{A}/pages/projects/site/deployments/{first}/rollback").json("{}"),
    step("POST", "/accounts/{A}/pages/projects/site/deployments/{first}/retry").json("{}"),
    step("DELETE", "/accounts/{A}/pages/projects/site/deployments/{second}"),
    step("POST", "/accounts/{A}/pages/projects/site/purge_build_cache"),
    step("POST", "/accounts/{A}/pages/projects/site/domains").json(r#"{"name": "shop.example.com"}"#),
    step("GET", "/accounts/{A}/pages/projects/site/domains"),
    step("GET", "/accounts/{A}/pages/projects/site/domains/shop.example.com"),
    step("PATCH", "/accounts/{A}/pages/projects/site/domains/shop.example.com"),
    // With its deployments and its domain.
    step("GET", "/accounts/{A}/pages/projects"),
    step("GET", "/accounts/{A}/pages/projects/site"),
    step("DELETE", "/accounts/{A}/pages/projects/site/domains/shop.example.com"),
    step("DELETE", "/accounts/{A}/pages/projects/site"),
];
