//! SARIF 2.1.0, which GitHub's code scanning and others show beside code.
//!
//! The standard: OASIS, Static Analysis Results Interchange Format 2.1.0. What GitHub takes of it, and what it wants
//! besides: GitHub's documentation, "SARIF support for code scanning". docs/reports.md says which choices follow.

mod descriptor;
mod location;
mod result;
mod text;

use serde_json::{Value, json};

use self::result::{accepted, found, ignored};
use super::order::{Tokens, rules};
use super::words::escaped_document;
use crate::audit::Audit;
use crate::rule::Rule;
use crate::world::Unread;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// An audit as a SARIF log with one run.
#[must_use]
pub fn sarif(audit: &Audit) -> String {
    let rules = rules(audit);
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "flarekeep",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "rules": rules.iter().map(|rule| descriptor::descriptor(rule)).collect::<Vec<_>>(),
                },
            },
            // Tells these results from those of other tools and of `scan` that are uploaded for the same commit.
            "automationDetails": { "id": "flarekeep/audit/" },
            "invocations": [{
                "executionSuccessful": true,
                "endTimeUtc": audit.now.to_string(),
                "toolExecutionNotifications": audit.unread.iter().map(notification).collect::<Vec<_>>(),
            }],
            "columnKind": "unicodeCodePoints",
            "results": results(audit, &rules),
        }],
    });
    // A value of `json!` has string keys: it can always be written.
    let text = serde_json::to_string_pretty(&log).unwrap_or_default();
    escaped_document(text + "\n")
}

/// What was found, and what would have been without the baseline and the ignore rules, as suppressed results.
fn results(audit: &Audit, rules: &[&'static Rule]) -> Vec<Value> {
    let tokens = Tokens::of(audit);
    let with_index = |rule: &Rule, mut result: Value| {
        let at = rules.iter().position(|one| one.id == rule.id);
        if let (Some(at), Some(fields)) = (at, result.as_object_mut()) {
            fields.insert("ruleIndex".to_owned(), json!(at));
        }
        result
    };
    let open = audit.findings.iter().map(|finding| with_index(finding.rule, found(finding, &tokens)));
    let accepted = audit.accepted.iter().map(|one| with_index(one.finding.rule, accepted(one, &tokens)));
    let ignored = audit.ignored.iter().map(|one| with_index(one.finding.rule, ignored(one, &tokens)));
    open.chain(accepted).chain(ignored).collect()
}

fn notification(unread: &Unread) -> Value {
    let words = format!("{} could not be read: {}", unread.what, unread.why);
    json!({ "level": "warning", "message": { "text": text::literal(&words) } })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use boon::{Compiler, SchemaIndex, Schemas};
    use flarekeep_catalogue::is_hostile;
    use proptest::prelude::*;

    use super::*;
    use crate::report::fixture;

    /// The schema of the standard; its `README.md` says where it is from.
    const OFFICIAL: &str = include_str!("../../tests/sarif/sarif-schema-2.1.0.json");

    fn schema() -> (Schemas, SchemaIndex) {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler.add_resource("sarif.json", serde_json::from_str(OFFICIAL).unwrap()).unwrap();
        let index = compiler.compile("sarif.json", &mut schemas).unwrap();
        (schemas, index)
    }

    fn log(audit: &Audit) -> Value {
        serde_json::from_str(&sarif(audit)).unwrap()
    }

    #[test]
    fn a_log_is_what_the_standard_s_schema_says() {
        let (schemas, index) = schema();
        for audit in [fixture::audit(), fixture::empty(), fixture::audit_with("../a b%\\{0}é\u{202e}<script>")] {
            if let Err(error) = schemas.validate(&log(&audit), index) {
                panic!("{error:#}");
            }
        }
    }

    #[test]
    fn the_schema_can_refuse() {
        let (schemas, index) = schema();
        for (pointer, wrong) in [
            ("/version", json!("2.0.0")),
            ("/runs/0/results/0/level", json!("fatal")),
            ("/runs/0/results/0/message", json!("words")),
            ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", json!("a b")),
            ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ] {
            let mut log = log(&fixture::audit());
            *log.pointer_mut(pointer).unwrap() = wrong;
            assert!(schemas.validate(&log, index).is_err(), "{pointer}");
        }
    }

    /// What GitHub asks for beyond the schema: a rule's help, a place with a line for every result, and a fingerprint.
    #[test]
    fn every_result_is_one_that_github_shows() {
        let audit = fixture::audit();
        let log = log(&audit);
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert!(rules.iter().all(|rule| rule["help"]["text"].is_string() && rule["helpUri"].is_string()));
        let mut fingerprints = HashSet::new();
        for result in run["results"].as_array().unwrap() {
            let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[at]["id"], result["ruleId"]);
            let place = &result["locations"][0]["physicalLocation"];
            assert!(place["artifactLocation"]["uri"].is_string() && place["region"]["startLine"].as_u64() > Some(0));
            assert!(fingerprints.insert(result["partialFingerprints"]["primaryLocationLineHash"].to_string()));
        }
        assert_eq!(fingerprints.len(), audit.findings.len() + audit.accepted.len() + audit.ignored.len());
    }

    #[test]
    fn what_was_accepted_or_ignored_is_suppressed_with_its_reason() {
        let audit = fixture::audit();
        let log = log(&audit);
        let results = log["runs"][0]["results"].as_array().unwrap();
        let (open, left_out) = results.split_at(audit.findings.len());
        assert!(open.iter().all(|result| result["suppressions"] == json!([])));
        let reason = |result: &Value| result["suppressions"][0]["justification"].as_str().unwrap().to_owned();
        assert_eq!(reason(&left_out[0]), "accepted until 2027-01-31: shop-deploy-production");
        assert_eq!(reason(&left_out[1]), "ignored: shop-deploy-production");
    }

    #[test]
    fn what_could_not_be_read_is_told() {
        let log = log(&fixture::audit());
        let notifications = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
        assert_eq!(notifications[0]["level"], "warning");
        assert!(notifications[0]["message"]["text"].as_str().unwrap().starts_with("the tokens of account"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_name_gives_a_valid_log(text in any::<String>()) {
            let (schemas, index) = schema();
            let printed = sarif(&fixture::audit_with(&text));
            prop_assert!(printed.chars().all(|c| c == '\n' || !is_hostile(c)));
            let log: Value = serde_json::from_str(&printed).unwrap();
            prop_assert!(schemas.validate(&log, index).is_ok());
        }
    }
}
