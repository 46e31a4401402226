//! The reader of plans and states: real-looking files, and every type of the catalogue.

use flarekeep_catalogue::{AccountId, Phase, TerraformKind, ZoneId, terraform_types};
use serde_json::{Value, json};

use super::*;
use crate::source::{StatedNeed, ZoneName};

const ZONE: ZoneId = ZoneId::from_u128(0x21);
const OTHER_ZONE: ZoneId = ZoneId::from_u128(0x22);
const ACCOUNT: AccountId = AccountId::from_u128(0xa1);

fn read(document: &Value) -> Reading {
    read_json("plan.json", document.to_string().as_bytes()).unwrap()
}

fn plan(changes: &[Value]) -> Value {
    json!({ "format_version": "1.2", "resource_changes": changes })
}

/// A change of one resource at the root, or of a data source.
fn change(kind: &str, actions: &[&str], before: &Value, after: &Value) -> Value {
    json!({
        "address": format!("{kind}.it"), "mode": "managed", "type": kind, "name": "it",
        "change": { "actions": actions, "before": before, "after": after, "after_unknown": {} },
    })
}

fn operations(reading: &Reading) -> Vec<String> {
    let mut all: Vec<_> = reading.needs.iter().map(|need| need.operation.to_string()).collect();
    all.sort();
    all.dedup();
    all
}

fn unread(reading: &Reading) -> Vec<String> {
    reading.unread.iter().map(|unread| format!("{}: {}", unread.origin, unread.what)).collect()
}

fn zones(reading: &Reading, operation: &str) -> Vec<Option<ZoneName>> {
    let of = |need: &&StatedNeed| need.operation.to_string() == operation;
    reading.needs.iter().filter(of).map(|need| need.place.zone.clone()).collect()
}

#[test]
fn every_type_calls_what_its_actions_call_and_nothing_else() {
    use Phase::{Create, Delete, Helper, Import, Read, Update};
    let cases: [(&[&str], &[Phase], bool); 7] = [
        (&["create"], &[Create, Read], true),
        (&["update"], &[Read, Update], true),
        (&["delete"], &[Read, Delete], true),
        (&["delete", "create"], &[Create, Read, Delete], true),
        (&["create", "delete"], &[Create, Read, Delete], true),
        (&["no-op"], &[Read], false),
        (&["read"], &[Read], false),
    ];
    let mut planned = 0;
    for known in terraform_types() {
        for life in known.lives() {
            // A ruleset calls what its phase needs besides; another test has it.
            let values = match life.at {
                "account" => json!({ "account_id": ACCOUNT.to_string(), "id": "x" }),
                "zone" => json!({ "zone_id": ZONE.to_string(), "id": "x" }),
                _ => json!({ "account_id": ACCOUNT.to_string(), "zone_id": ZONE.to_string(), "id": "x" }),
            };
            for (actions, phases, changes) in cases {
                let mut one = change(known.name, actions, &values, &values);
                if known.kind == TerraformKind::DataSource {
                    if actions != ["read"] {
                        continue;
                    }
                    one["mode"] = json!("data");
                }
                let reading = read(&plan(&[one]));
                let mut expected: Vec<_> = life
                    .operations
                    .iter()
                    .filter(|(phase, called)| {
                        phases.contains(phase) || *phase == Helper && (changes || !called.mutates())
                    })
                    .filter(|(phase, _)| *phase != Import)
                    .map(|(_, called)| called.to_string())
                    .collect();
                expected.sort();
                expected.dedup();
                assert_eq!(operations(&reading), expected, "{} {actions:?}", known.name);
                planned += 1;
            }
        }
        if known.lives().is_empty() && known.kind == TerraformKind::Resource {
            let reading = read(&plan(&[change(known.name, &["create"], &Value::Null, &json!({}))]));
            assert!(!reading.unread.is_empty(), "{}", known.name);
        }
    }
    assert!(planned > 1500, "{planned}");
}

#[test]
fn an_import_reads_what_an_import_reads() {
    let mut one =
        change("cloudflare_account_subscription", &["no-op"], &json!({}), &json!({ "zone_id": ZONE.to_string() }));
    one["change"]["importing"] = json!({ "id": "x" });
    assert_eq!(operations(&read(&plan(&[one]))), ["GET /zones/{zone_id}/subscriptions"]);
}

#[test]
fn a_thing_is_where_its_values_say() {
    let at = |values: Value| change("cloudflare_ruleset", &["no-op"], &values, &values);
    let reading = read(&plan(&[at(
        json!({ "account_id": ACCOUNT.to_string(), "zone_id": null, "phase": "http_request_firewall_custom" }),
    )]));
    assert_eq!(reading.needs[0].place.account, Some(ACCOUNT));
    assert_eq!(operations(&reading), ["GET /accounts/{account_id}/rulesets/{ruleset_id}"]);
    let reading = read(&plan(&[at(json!({}))]));
    assert!(reading.needs.is_empty());
    assert_eq!(
        unread(&reading),
        ["plan.json: cloudflare_ruleset.it: whether it is an account's or a zone's is not known"]
    );
}

#[test]
fn a_rulesets_phase_decides_the_permission() {
    let of = |phase: &str| {
        let values = json!({ "zone_id": ZONE.to_string(), "phase": phase });
        read(&plan(&[change("cloudflare_ruleset", &["update"], &values, &values)]))
    };
    let reading = of("http_request_cache_settings");
    let expected = [
        "GET /zones/{zone_id}/rulesets/phases/http_request_cache_settings/entrypoint",
        "GET /zones/{zone_id}/rulesets/{ruleset_id}",
        "PUT /zones/{zone_id}/rulesets/phases/http_request_cache_settings/entrypoint",
        "PUT /zones/{zone_id}/rulesets/{ruleset_id}",
    ];
    assert_eq!(operations(&reading), expected);
    assert!(reading.unread.is_empty());
    let reading = of("http_of_tomorrow");
    assert_eq!(operations(&reading).len(), 2);
    let expected =
        "plan.json: cloudflare_ruleset.it: which permission the phase `http_of_tomorrow` takes is not recorded";
    assert_eq!(unread(&reading), [expected]);
    // A name that is no phase is not repeated.
    assert!(!unread(&of("\u{1b}[31m"))[0].contains('\u{1b}'));
}

#[test]
fn a_replacement_leaves_one_zone_and_comes_to_another() {
    let (before, after) = (json!({ "zone_id": ZONE.to_string() }), json!({ "zone_id": OTHER_ZONE.to_string() }));
    let reading = read(&plan(&[change("cloudflare_dns_record", &["delete", "create"], &before, &after)]));
    assert_eq!(zones(&reading, "DELETE /zones/{zone_id}/dns_records/{dns_record_id}"), [Some(ZoneName::Id(ZONE))]);
    assert_eq!(zones(&reading, "POST /zones/{zone_id}/dns_records"), [Some(ZoneName::Id(OTHER_ZONE))]);
    assert!(!operations(&reading).iter().any(|operation| operation.starts_with("PUT")));
}

/// A record whose zone is known only after apply, in a module.
fn record(module: &str, index: &Value) -> Value {
    json!({
        "address": format!("{module}.cloudflare_dns_record.www"), "module_address": module, "mode": "managed",
        "type": "cloudflare_dns_record", "name": "www", "index": index,
        "change": { "actions": ["create"], "before": null, "after": { "name": "www" }, "after_unknown": { "zone_id": true } },
    })
}

#[test]
fn a_zone_that_apply_makes_is_every_zone_through_modules_too() {
    let zone = json!({
        "address": "module.zones.cloudflare_zone.main", "module_address": "module.zones", "mode": "managed",
        "type": "cloudflare_zone", "name": "main",
        "change": { "actions": ["create"], "before": null, "after": { "name": "example.com", "account": { "id": ACCOUNT.to_string() } } },
    });
    let configuration = |reference: &str| {
        json!({ "root_module": { "module_calls": {
        "zones": { "module": { "outputs": { "id": { "expression": { "references": ["cloudflare_zone.main.id", "cloudflare_zone.main"] } } } } },
        "dns": {
            "expressions": { "zone_id": { "references": [reference, "module.zones"] } },
            "module": { "resources": [{
                "address": "cloudflare_dns_record.www",
                "expressions": { "zone_id": { "references": ["var.zone_id"] } },
            }] },
        },
    } } })
    };
    let mut whole = plan(&[zone, record("module.dns", &Value::Null)]);
    whole["configuration"] = configuration("module.zones.id");
    let reading = read(&whole);
    let made = &reading.needs.iter().find(|need| need.operation.path().ends_with("/dns_records")).unwrap().place;
    assert_eq!((made.zone.as_ref(), made.account), (Some(&ZoneName::Every), Some(ACCOUNT)));
    assert!(reading.unread.is_empty(), "{:?}", reading.unread);
    whole["configuration"] = configuration("local.zone_id");
    let reading = read(&whole);
    assert_eq!(zones(&reading, "POST /zones/{zone_id}/dns_records"), [None]);
    assert_eq!(
        unread(&reading),
        [
            "plan.json: module.dns.cloudflare_dns_record.www: its zone is not known: it is taken for the one that is given"
        ]
    );
}

#[test]
fn a_data_source_that_apply_reads_names_its_zone() {
    let zone = |key: &str, filter: Value| {
        json!({
            "address": format!("data.cloudflare_zone.all[\"{key}\"]"), "mode": "data", "type": "cloudflare_zone", "name": "all", "index": key,
            "change": { "actions": ["read"], "before": null, "after": { "filter": filter }, "after_unknown": { "id": true } },
        })
    };
    let mut one = record("", &json!("b"));
    one["module_address"] = Value::Null;
    let mut whole =
        plan(&[zone("a", json!({ "name": "example.com" })), zone("b", json!({ "name": "Example.ORG" })), one]);
    whole["configuration"] = json!({ "root_module": { "resources": [{
        "address": "cloudflare_dns_record.www",
        "expressions": { "zone_id": { "references": ["data.cloudflare_zone.all", "each.key"] } },
    }] } });
    let reading = read(&whole);
    let of_key = [Some(ZoneName::Name("example.org".into()))];
    assert_eq!(zones(&reading, "POST /zones/{zone_id}/dns_records"), of_key);
    // Without the key it may be in either: both are counted.
    whole["configuration"]["root_module"]["resources"][0]["expressions"]["zone_id"]["references"] =
        json!(["data.cloudflare_zone.all"]);
    assert_eq!(zones(&read(&whole), "POST /zones/{zone_id}/dns_records").len(), 2);
}

#[test]
fn zones_are_learned_with_their_names_and_owners() {
    let kept = json!({
        "address": "data.cloudflare_zone.main", "mode": "data", "type": "cloudflare_zone", "name": "main",
        "values": { "id": ZONE.to_string(), "name": "example.com", "account": { "id": ACCOUNT.to_string(), "name": "Example" } },
    });
    let whole = json!({
        "format_version": "1.2", "resource_changes": [],
        "prior_state": { "format_version": "1.0", "values": { "root_module": { "child_modules": [{ "address": "module.a", "resources": [kept] }] } } },
    });
    let reading = read(&whole);
    assert_eq!(reading.zones.find(&ZoneName::Name("example.com".into())), Some(ZONE));
    assert_eq!(reading.zones.owner(ZONE), Some(ACCOUNT));
    assert_eq!(operations(&reading), ["GET /zones", "GET /zones/{zone_id}"]);
    assert_eq!(zones(&reading, "GET /zones"), [Some(ZoneName::Id(ZONE))]);
}

#[test]
fn a_state_counts_with_the_whole_life_shown_or_stored() {
    let values = json!({ "zone_id": ZONE.to_string(), "id": "x" });
    let shown = json!({ "format_version": "1.0", "values": { "root_module": { "resources": [{
        "address": "cloudflare_dns_record.www[0]", "mode": "managed", "type": "cloudflare_dns_record", "name": "www", "index": 0, "values": values,
    }] } } });
    let stored = json!({ "version": 4, "lineage": "x", "resources": [{
        "mode": "managed", "type": "cloudflare_dns_record", "name": "www", "instances": [{ "index_key": 0, "attributes": values }],
    }, { "mode": "managed", "type": "aws_instance", "name": "www", "instances": [{ "attributes": { "password": "s3cret" } }] }] });
    let shown = read(&shown);
    assert_eq!(shown, read(&stored));
    assert_eq!(operations(&shown).len(), 4);
    assert_eq!(shown.needs[0].origin.to_string(), "plan.json: cloudflare_dns_record.www[0]");
    assert_eq!(shown.unread.len(), 1);
    assert_eq!(read(&json!({ "format_version": "1.0", "terraform_version": "1.11.4" })), Reading::default());
}

#[test]
fn a_resource_of_version_4_is_taken_for_its_successor_and_said_to_be() {
    let values = json!({ "zone_id": ZONE.to_string() });
    let reading = read(&plan(&[change("cloudflare_record", &["no-op"], &values, &values)]));
    assert_eq!(operations(&reading), ["GET /zones/{zone_id}/dns_records/{dns_record_id}"]);
    assert!(unread(&reading)[0].contains("version 4"), "{:?}", reading.unread);
    let reading = read(&plan(&[change("cloudflare_of_tomorrow", &["no-op"], &values, &values)]));
    assert_eq!(
        unread(&reading),
        ["plan.json: cloudflare_of_tomorrow.it: the catalogue knows no resource `cloudflare_of_tomorrow`"]
    );
    assert_eq!(read(&plan(&[change("aws_instance", &["create"], &values, &values)])), Reading::default());
}

#[test]
fn what_is_no_plan_is_told_what_to_do() {
    let error = |bytes: &[u8]| read_json("plan.json", bytes).unwrap_err().to_string();
    let cases: [(&[u8], &str); 8] = [
        (
            b"PK\x03\x04...",
            "`plan.json` cannot be read: it is a plan as Terraform stores it: give what `terraform show -json` makes of it",
        ),
        (
            b"\xff\xfe{\x00",
            "`plan.json` cannot be read: it is in UTF-16, as some shells write what they redirect: write it in UTF-8",
        ),
        (
            b"{\"@level\":\"info\",\"@message\":\"x\"}\n{}",
            "`plan.json` cannot be read: it is the log of `terraform plan -json`: give what `terraform show -json` makes of a plan that was saved with `-out`",
        ),
        (b"{}", "`plan.json` cannot be read: it is neither a plan nor a state: `terraform show -json` writes both"),
        (
            b"{\"format_version\":\"2.0\"}",
            "`plan.json` cannot be read: its format is of another version than 0 and 1, which are read",
        ),
        (
            b"{\"version\":3,\"modules\":[]}",
            "`plan.json` cannot be read: it is a state as another version of Terraform stores it: give what `terraform show -json` makes of it",
        ),
        (
            b"{\"resource_changes\":\n \"s3cret\"}",
            "`plan.json` cannot be read, line 2, column 9: it has not the shape of what `terraform show -json` writes",
        ),
        (
            b"{\"resource_changes\": [\n",
            "`plan.json` cannot be read, line 2, column 1: it ends in the middle of a value",
        ),
    ];
    for (bytes, expected) in cases {
        let found = error(bytes);
        assert_eq!(found, expected);
        assert!(!found.contains("s3cret"));
    }
    let with_mark = [b"\xef\xbb\xbf".as_slice(), b"{\"format_version\":\"1.0\"}"].concat();
    assert!(read_json("plan.json", with_mark.as_slice()).is_ok());
}

#[test]
fn what_is_nested_deeply_is_passed_over() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
    let text = format!(r#"{{"format_version":"1.2","resource_changes":[],"x":{}}}"#, deep("[", "]"));
    assert!(read_json("plan.json", text.as_bytes()).is_ok());
    let modules = format!("{}{{}}{}", r#"{"child_modules":["#.repeat(10_000), "]}".repeat(10_000));
    let modules = format!(r#"{{"values":{{"root_module":{modules}}}}}"#);
    assert!(read_json("plan.json", modules.as_bytes()).unwrap_err().reason.contains("recursion"));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = read_json("plan.json", bytes.as_slice());
    }

    /// A plan that is cut, or in which a byte is another, is an error with its line or a reading.
    #[test]
    fn a_damaged_plan_is_an_error_with_a_line(at in 0usize..1200, byte: u8, cut: bool) {
        let values = json!({ "zone_id": ZONE.to_string(), "name": "www", "nested": [{ "x": [1, 2.5, true, null] }] });
        let mut bytes = plan(&[change("cloudflare_dns_record", &["update"], &values, &values)]).to_string().into_bytes();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Err(error) = read_json("plan.json", bytes.as_slice()) {
            proptest::prop_assert!(error.line.is_some() || bytes.len() < 4 || !error.reason.is_empty());
            proptest::prop_assert!(!error.reason.contains(char::is_control));
        }
    }
}
