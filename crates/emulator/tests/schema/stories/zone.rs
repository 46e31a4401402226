//! Zones and what is in them.

use super::{Step, step};

pub const ZONES: &[Step] = &[
    step("POST", "/zones").json(r#"{"name": "made.org", "account": {"id": "{A}"}}"#).keep("made", "/result/id"),
    step("GET", "/zones"),
    step("GET", "/zones/{Z}"),
    step("GET", "/zones/{made}"),
    step("PUT", "/zones/{made}/activation_check"),
    step("PATCH", "/zones/{made}").json(r#"{"paused": true}"#),
    step("GET", "/zones/{Z}/hold"),
    step("POST", "/zones/{Z}/hold?include_subdomains=true"),
    step("GET", "/zones/{Z}/hold"),
    step("PATCH", "/zones/{Z}/hold").json(r#"{"hold_after": "2999-01-01T00:00:00Z"}"#),
    step("DELETE", "/zones/{Z}/hold"),
    step("POST", "/zones/{Z}/purge_cache").json(r#"{"files": ["https://example.com/a"]}"#),
    step("DELETE", "/zones/{made}"),
];

pub const SETTINGS: &[Step] = &[
    step("GET", "/zones/{Z}/settings"),
    step("PATCH", "/zones/{Z}/settings")
        .json(r#"[{"id": "ssl", "value": "strict"}, {"id": "nel", "value": {"enabled": true}}]"#),
    step("GET", "/zones/{Z}/settings/ssl"),
    step("PATCH", "/zones/{Z}/settings/ssl").json(r#"{"value": "full"}"#),
    step("GET", "/zones/{Z}/settings/fonts"),
    step("PATCH", "/zones/{Z}/settings/fonts").json(r#"{"value": "on"}"#),
    step("GET", "/zones/{Z}/settings/origin_h2_max_streams"),
    step("PATCH", "/zones/{Z}/settings/origin_h2_max_streams").json(r#"{"value": 100}"#),
    step("GET", "/zones/{Z}/settings/origin_max_http_version"),
    step("PATCH", "/zones/{Z}/settings/origin_max_http_version").json(r#"{"value": "1"}"#),
    step("GET", "/zones/{Z}/settings/speed_brain"),
    step("PATCH", "/zones/{Z}/settings/speed_brain").json(r#"{"value": "on"}"#),
    step("GET", "/zones/{Z}/ssl/universal/settings"),
    step("PATCH", "/zones/{Z}/ssl/universal/settings").json(r#"{"enabled": false}"#),
    // With all that was changed.
    step("GET", "/zones/{Z}/settings"),
];

const RECORD: &str = r#"{"type": "A", "name": "www", "content": "203.0.113.1", "ttl": 300}"#;

pub const DNS_RECORDS: &[Step] = &[
    step("POST", "/zones/{Z}/dns_records").json(RECORD).keep("record", "/result/id"),
    step("POST", "/zones/{Z}/dns_records").json(
        r#"{"type": "MX", "name": "@", "content": "mail.example.com", "priority": 10, "ttl": 1, "comment": "c"}"#,
    ),
    step("POST", "/zones/{Z}/dns_records").json(r#"{"type": "TXT", "name": "_acme-challenge", "content": "x"}"#),
    step("GET", "/zones/{Z}/dns_records"),
    step("GET", "/zones/{Z}/dns_records/{record}"),
    step("PATCH", "/zones/{Z}/dns_records/{record}").json(r#"{"content": "203.0.113.2"}"#),
    step("PUT", "/zones/{Z}/dns_records/{record}").json(RECORD),
    step("POST", "/zones/{Z}/dns_records/batch").json(
        r#"{"patches": [{"id": "{record}", "content": "203.0.113.3"}],
            "posts": [{"type": "AAAA", "name": "six", "content": "2001:db8::1", "proxied": true}]}"#,
    ),
    step("POST", "/zones/{Z}/dns_records/import").form(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"zone.txt\"\r\n\r\nweb A 203.0.113.7\n\r\n--b--\r\n",
    ),
    step("GET", "/zones/{Z}/dns_records/export"),
    step("GET", "/zones/{Z}/dns_records/usage"),
    step("POST", "/zones/{Z}/dns_records/scan"),
    step("POST", "/zones/{Z}/dns_records/scan/trigger"),
    step("GET", "/zones/{Z}/dns_records/scan/review"),
    step("GET", "/zones/{Z}/dns_records"),
    step("DELETE", "/zones/{Z}/dns_records/{record}"),
];

pub const CUSTOM_HOSTNAMES: &[Step] = &[
    step("PUT", "/zones/{Z}/custom_hostnames/fallback_origin").json(r#"{"origin": "fallback.example.com"}"#),
    step("GET", "/zones/{Z}/custom_hostnames/fallback_origin"),
    step("POST", "/zones/{Z}/custom_hostnames")
        .json(r#"{"hostname": "www.acme.org", "ssl": {"method": "txt", "type": "dv"}}"#)
        .keep("hostname", "/result/id"),
    step("GET", "/zones/{Z}/custom_hostnames"),
    step("GET", "/zones/{Z}/custom_hostnames/quota"),
    step("GET", "/zones/{Z}/custom_hostnames/{hostname}"),
    // The origin must be in the zone.
    step("POST", "/zones/{Z}/dns_records")
        .json(r#"{"type": "A", "name": "o", "content": "203.0.113.1", "proxied": true}"#),
    step("PATCH", "/zones/{Z}/custom_hostnames/{hostname}").json(r#"{"custom_origin_server": "o.example.com"}"#),
    step("DELETE", "/zones/{Z}/custom_hostnames/{hostname}"),
    step("DELETE", "/zones/{Z}/custom_hostnames/fallback_origin"),
];
