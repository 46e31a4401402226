//! What is done to see every simulated operation succeed once: a story for each product, on an emulator of its own.
//!
//! A new handler gets a step here, in the story of its product and in the order in which it can succeed; `step.rs` says
//! what stands for what.

#[path = "stories/developer.rs"]
mod developer;
#[path = "stories/storage.rs"]
mod storage;
#[path = "stories/workers.rs"]
mod workers;
#[path = "stories/zone.rs"]
mod zone;

use super::step::{Step, step};

pub const STORIES: &[(&str, &[Step])] = &[
    ("user", USER),
    ("user's tokens", USER_TOKENS),
    ("account's tokens", ACCOUNT_TOKENS),
    ("account's members and logs", ACCOUNT),
    ("zones", zone::ZONES),
    ("zone settings", zone::SETTINGS),
    ("DNS records", zone::DNS_RECORDS),
    ("custom hostnames", zone::CUSTOM_HOSTNAMES),
    ("R2", storage::R2),
    ("R2's settings", storage::R2_SETTINGS),
    ("R2's domains", storage::R2_DOMAINS),
    ("KV", storage::KV),
    ("D1", storage::D1),
    ("Workers", workers::WORKERS),
    ("Workers of an account", workers::ACCOUNT),
    ("Workers routes", workers::ROUTES),
    ("Queues", developer::QUEUES),
    ("Pages", developer::PAGES),
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

const ACCOUNT: &[Step] = &[
    step("GET", "/accounts/{A}/members").keep("member", "/result/0/id"),
    step("GET", "/accounts/{A}/members/{member}"),
    step("GET", "/accounts/{A}/roles").keep("role", "/result/0/id"),
    step("GET", "/accounts/{A}/roles/{role}"),
    // Something to tell of.
    step("POST", "/accounts/{A}/tokens").json(TOKEN).keep("token", "/result/id"),
    step("POST", "/user/tokens").json(TOKEN),
    step("POST", "/zones/{Z}/purge_cache").json(r#"{"purge_everything": true}"#),
    step("DELETE", "/accounts/{A}/tokens/{token}"),
    step("GET", "/accounts/{A}/logs/audit?since=2020-01-01&before=2999-01-01"),
    step("GET", "/accounts/{A}/audit_logs"),
    step("GET", "/user/audit_logs"),
];
