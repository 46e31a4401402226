//! R2, KV and D1.

use super::{Step, TOKEN, step};

pub const R2: &[Step] = &[
    step("POST", "/accounts/{A}/r2/buckets").json(r#"{"name": "site"}"#),
    step("GET", "/accounts/{A}/r2/buckets"),
    step("GET", "/accounts/{A}/r2/buckets/site"),
    step("PUT", "/accounts/{A}/r2/buckets/site/objects/a/b.txt").body("text/plain", "hello"),
    step("GET", "/accounts/{A}/r2/buckets/site/objects/a/b.txt"),
    step("PATCH", "/accounts/{A}/r2/buckets/site").header("cf-r2-storage-class", "InfrequentAccess"),
    step("GET", "/accounts/{A}/r2/buckets/site/objects"),
    step("GET", "/accounts/{A}/r2/metrics"),
    step("DELETE", "/accounts/{A}/r2/buckets/site/objects").json(r#"["a/none.txt"]"#),
    step("DELETE", "/accounts/{A}/r2/buckets/site/objects/a/b.txt"),
    step("POST", "/user/tokens").json(TOKEN).keep("token", "/result/id"),
    step("POST", "/accounts/{A}/r2/temp-access-credentials").json(
        r#"{"bucket": "site", "parentAccessKeyId": "{token}", "permission": "object-read-only", "ttlSeconds": 60}"#,
    ),
    step("DELETE", "/accounts/{A}/r2/buckets/site"),
];

pub const R2_SETTINGS: &[Step] = &[
    step("POST", "/accounts/{A}/r2/buckets").json(r#"{"name": "site"}"#),
    step("PUT", "/accounts/{A}/r2/buckets/site/cors").json(
        r#"{"rules": [{"id": "r", "allowed": {"methods": ["GET"], "origins": ["https://example.com"], "headers": ["x-a"]},
            "exposeHeaders": ["etag"], "maxAgeSeconds": 60}]}"#,
    ),
    step("GET", "/accounts/{A}/r2/buckets/site/cors"),
    step("DELETE", "/accounts/{A}/r2/buckets/site/cors"),
    step("GET", "/accounts/{A}/r2/buckets/site/lifecycle"),
    step("PUT", "/accounts/{A}/r2/buckets/site/lifecycle").json(
        r#"{"rules": [{"id": "old", "enabled": true, "conditions": {"prefix": "tmp/"},
            "deleteObjectsTransition": {"condition": {"type": "Age", "maxAge": 86400}}}]}"#,
    ),
    step("GET", "/accounts/{A}/r2/buckets/site/lifecycle"),
    step("GET", "/accounts/{A}/r2/buckets/site/lock"),
    step("PUT", "/accounts/{A}/r2/buckets/site/lock").json(
        r#"{"rules": [{"id": "keep", "enabled": true, "prefix": "k/", "condition": {"type": "Age", "maxAgeSeconds": 60}}]}"#,
    ),
    step("GET", "/accounts/{A}/r2/buckets/site/lock"),
    step("GET", "/accounts/{A}/r2/buckets/site/local-uploads"),
    step("PUT", "/accounts/{A}/r2/buckets/site/local-uploads").json(r#"{"enabled": true}"#),
    step("GET", "/accounts/{A}/r2/buckets/site/sippy"),
    step("PUT", "/accounts/{A}/r2/buckets/site/sippy").json(
        r#"{"source": {"provider": "aws", "bucket": "old", "region": "eu-west-1"}, "destination": {"accessKeyId": "k"}}"#,
    ),
    step("GET", "/accounts/{A}/r2/buckets/site/sippy"),
    step("DELETE", "/accounts/{A}/r2/buckets/site/sippy"),
];

pub const R2_DOMAINS: &[Step] = &[
    step("POST", "/accounts/{A}/r2/buckets").json(r#"{"name": "site"}"#),
    step("POST", "/accounts/{A}/r2/buckets/site/domains/custom")
        .json(r#"{"domain": "files.example.com", "zoneId": "{Z}", "enabled": true, "minTLS": "1.2"}"#),
    step("GET", "/accounts/{A}/r2/buckets/site/domains/custom"),
    step("GET", "/accounts/{A}/r2/buckets/site/domains/custom/files.example.com"),
    step("PUT", "/accounts/{A}/r2/buckets/site/domains/custom/files.example.com").json(r#"{"enabled": false}"#),
    step("DELETE", "/accounts/{A}/r2/buckets/site/domains/custom/files.example.com"),
    step("GET", "/accounts/{A}/r2/buckets/site/domains/managed"),
    step("PUT", "/accounts/{A}/r2/buckets/site/domains/managed").json(r#"{"enabled": true}"#),
    step("POST", "/accounts/{A}/queues").json(r#"{"queue_name": "news"}"#).keep("queue", "/result/queue_id"),
    step("PUT", "/accounts/{A}/event_notifications/r2/site/configuration/queues/{queue}")
        .json(r#"{"rules": [{"actions": ["PutObject"], "prefix": "a/"}]}"#),
    step("GET", "/accounts/{A}/event_notifications/r2/site/configuration"),
    step("GET", "/accounts/{A}/event_notifications/r2/site/configuration/queues/{queue}"),
    step("DELETE", "/accounts/{A}/event_notifications/r2/site/configuration/queues/{queue}"),
];

pub const KV: &[Step] = &[
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
    // The schema has null for a key that is absent where its metadata is asked for, and there alone.
    step("POST", "/accounts/{A}/storage/kv/namespaces/{kv}/bulk/get").json(r#"{"keys": ["a", "b"]}"#),
    step("POST", "/accounts/{A}/storage/kv/namespaces/{kv}/bulk/get")
        .json(r#"{"keys": ["a", "none"], "withMetadata": true}"#),
    step("POST", "/accounts/{A}/storage/kv/namespaces/{kv}/bulk/delete").json(r#"["a"]"#),
    step("DELETE", "/accounts/{A}/storage/kv/namespaces/{kv}/bulk").json(r#"["b"]"#),
    step("DELETE", "/accounts/{A}/storage/kv/namespaces/{kv}/values/key"),
    step("DELETE", "/accounts/{A}/storage/kv/namespaces/{kv}"),
];

pub const D1: &[Step] = &[
    step("POST", "/accounts/{A}/d1/database").json(r#"{"name": "shop"}"#).keep("d1", "/result/uuid"),
    step("GET", "/accounts/{A}/d1/database"),
    step("GET", "/accounts/{A}/d1/database/{d1}"),
    step("PATCH", "/accounts/{A}/d1/database/{d1}").json(r#"{"read_replication": {"mode": "auto"}}"#),
    step("PUT", "/accounts/{A}/d1/database/{d1}").json(r#"{"read_replication": {"mode": "disabled"}}"#),
    step("POST", "/accounts/{A}/d1/database/{d1}/query")
        .json(r#"{"sql": "CREATE TABLE t (a); INSERT INTO t VALUES ('x'); SELECT a FROM t"}"#),
    step("POST", "/accounts/{A}/d1/database/{d1}/raw")
        .json(r#"{"sql": "SELECT a FROM t WHERE a = ?", "params": ["x"]}"#),
    step("POST", "/accounts/{A}/d1/database/{d1}/export").json(r#"{"output_format": "polling"}"#),
    step("POST", "/accounts/{A}/d1/database/{d1}/import").json(r#"{"action": "init", "etag": "{G}"}"#),
    step("GET", "/accounts/{A}/d1/database/{d1}/time_travel/bookmark"),
    step("DELETE", "/accounts/{A}/d1/database/{d1}"),
];
