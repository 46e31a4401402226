//! The reports of examples/audit/tokens.json, a world with every fault.

use boon::{Compiler, Schemas};
use flarekeep_audit::{Audit, RULES, Settings, audit, read, report};
use serde_json::{Value, json};

const EXAMPLE: &str = include_str!("../../../examples/audit/tokens.json");

fn example() -> Audit {
    let world = read::tokens_json("examples/audit/tokens.json", EXAMPLE).unwrap();
    let now = world.as_of.unwrap();
    audit(&world, &Settings::new(now))
}

fn is_valid(schema: &str, document: &str) -> Result<(), String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    compiler.add_resource("schema.json", serde_json::from_str(schema).unwrap()).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    let document: Value = serde_json::from_str(document).unwrap();
    schemas.validate(&document, index).map_err(|error| format!("{error:#}"))
}

#[test]
fn json_and_sarif_are_what_their_schemas_say() {
    let audit = example();
    is_valid(include_str!("../../../docs/audit.schema.json"), &report::json(&audit)).unwrap();
    is_valid(include_str!("sarif/sarif-schema-2.1.0.json"), &report::sarif(&audit)).unwrap();
}

#[test]
fn every_form_tells_every_rule_and_token() {
    let audit = example();
    let (json, sarif) = (report::json(&audit), report::sarif(&audit));
    let (junit, html) = (report::junit(&audit), report::html(&audit));
    for rule in RULES {
        for (form, text) in [("json", &json), ("sarif", &sarif), ("junit", &junit)] {
            assert!(text.contains(rule.id), "{form} does not know {}", rule.id);
        }
    }
    for finding in &audit.findings {
        for (form, text) in [("json", &json), ("sarif", &sarif), ("junit", &junit), ("html", &html)] {
            assert!(text.contains(&finding.fingerprint), "{form} does not tell {}", finding.summary);
        }
    }
    for token in &audit.tokens {
        assert!(html.contains(&token.token.id.to_string()) && json.contains(&token.token.id.to_string()));
    }
}

/// What GitHub refuses or cuts: more than 25,000 results, more than 20 tags, a comment of more than 65,536 characters.
#[test]
fn what_github_takes_is_within_its_limits() {
    let audit = example();
    let sarif: Value = serde_json::from_str(&report::sarif(&audit)).unwrap();
    let run = &sarif["runs"][0];
    assert!(run["results"].as_array().unwrap().len() <= 25_000);
    let lines = run["results"].as_array().unwrap().iter();
    let lines: Vec<_> = lines.map(|one| &one["locations"][0]["physicalLocation"]["region"]["startLine"]).collect();
    assert!(lines.iter().filter(|line| line.as_u64() > Some(1)).count() > 50, "findings stand at their tokens' lines");
    assert!(report::markdown(&audit).chars().count() < 65_536);
}

/// People paste values into names, and programs send what they like: no form repeats what may be a credential.
#[test]
fn no_form_prints_what_may_be_a_credential() {
    let secret = format!("cf{}_{}", "ut", "aB3".repeat(16));
    let older = format!("{}{}", "Q7vXz9kP2mNb4Lw8", "YcHd5RtZs1Jq6FgT3UeVaWo0");
    for value in [&secret, &older] {
        let id = "0".repeat(31) + "1";
        let call = |agent: &str, address: &str| {
            json!({"actor": {"context": "api_token", "token_id": id, "ip_address": address},
                "action": {"time": "2026-11-19T10:00:00Z"}, "raw": {"user_agent": format!("{agent} {value}"), "method": "POST", "uri": "/x"}})
        };
        let key = json!({"actor": {"context": "api_key", "email": value}, "raw": {"status_code": 200}});
        let world = json!({
            "accounts": [{"id": "a1".repeat(16), "name": value, "zones": 1, "token_quota": 1}],
            "zones": [{"id": "21".repeat(16), "name": value, "account": "a1".repeat(16)}],
            "audit_logs": [call("one", "203.0.113.1"), call("two", "203.0.113.2"), call(value, "203.0.113.3"), key],
            "tokens": [{
                "id": id, "name": format!("ci {value}"), "status": value, "owner": "account", "account_id": "a1".repeat(16),
                "policies": [{
                    "effect": "allow",
                    "resources": {
                        format!("com.cloudflare.api.account.{}", "a1".repeat(16)): {"com.cloudflare.api.account.zone.*": "*"},
                        format!("com.example.{value}"): "*", format!("com.cloudflare.edge.r2.bucket.{}_default_{value}", "a1".repeat(16)): "*",
                    },
                    "permission_groups": [{"id": "4755a26eedb94da69e1066d98aa820be", "name": "DNS Write", "meta": {"deprecated": "true", "eol_at": value}}],
                }],
            }, {"id": value, "name": value}],
        });
        let world = read::tokens_json("world.json", &world.to_string()).unwrap();
        let audit = audit(&world, &Settings::new("2026-11-20T00:00:00Z".parse().unwrap()));
        assert!(audit.findings.len() > 5 && audit.unread.len() == 1, "{:?}", audit.unread);
        let forms = [report::table, report::json, report::sarif, report::markdown, report::junit, report::html];
        for (at, form) in forms.into_iter().enumerate() {
            let text = form(&audit);
            // In lower case, too: programs are told apart without their case.
            let found = text.to_ascii_lowercase().find(&value.to_ascii_lowercase()[..20]);
            assert_eq!(found.map(|found| &text[found.saturating_sub(80)..found + 60]), None, "form {at}");
        }
    }
}
