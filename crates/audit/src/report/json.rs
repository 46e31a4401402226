//! JSON: all that an audit knows, for other programs. docs/audit.schema.json describes it.

mod finding;
mod token;

use jiff::Timestamp;
use serde::Serialize;

use self::finding::{AcceptanceDocument, AcceptedDocument, FindingDocument, IgnoredDocument};
use self::token::TokenDocument;
use super::order::rules;
use super::words::escaped_document;
use crate::audit::Audit;
use crate::counts::Counts;
use crate::level::Severity;
use crate::rule::Rule;

/// The version of this form.
const FORMAT: u32 = 1;

/// An audit as one JSON document.
#[must_use]
pub fn json(audit: &Audit) -> String {
    // What is serialised has string keys and no reader that could fail; an error would be said in the document.
    let text =
        serde_json::to_string_pretty(&document(audit)).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    escaped_document(text + "\n")
}

/// The document that [`json`] prints, to be a part of another.
#[must_use]
pub fn document(audit: &Audit) -> AuditDocument<'_> {
    AuditDocument {
        format: FORMAT,
        now: audit.now,
        summary: Summary {
            tokens: audit.tokens.len(),
            usable: audit.tokens.iter().filter(|token| token.reach.is_usable).count(),
            widening: audit.tokens.iter().filter(|token| !token.reach.widening.is_empty()).count(),
            findings: audit.findings.len(),
            by_severity: audit.counts.into(),
            accepted: audit.accepted.len(),
            ignored: audit.ignored.len(),
            unread: audit.unread.len(),
        },
        findings: audit.findings.iter().map(FindingDocument::of).collect(),
        tokens: audit.tokens.iter().map(TokenDocument::of).collect(),
        accepted: audit.accepted.iter().map(AcceptedDocument::of).collect(),
        ignored: audit.ignored.iter().map(IgnoredDocument::of).collect(),
        expired_acceptances: audit.expired_acceptances.iter().map(AcceptanceDocument::of).collect(),
        stale_baseline: audit.stale_baseline.iter().map(AcceptanceDocument::of).collect(),
        unread: audit.unread.iter().map(|one| UnreadDocument { what: &one.what, why: &one.why }).collect(),
        usage: UsageDocument {
            sources: &audit.usage_sources,
            from: audit.usage_period.map(|(from, _)| from),
            to: audit.usage_period.map(|(_, to)| to),
        },
        rules: rules(audit).into_iter().map(RuleDocument::of).collect(),
    }
}

/// An audit as a document.
#[derive(Debug, Serialize)]
pub struct AuditDocument<'a> {
    format: u32,
    now: Timestamp,
    summary: Summary,
    findings: Vec<FindingDocument<'a>>,
    tokens: Vec<TokenDocument<'a>>,
    accepted: Vec<AcceptedDocument<'a>>,
    ignored: Vec<IgnoredDocument<'a>>,
    expired_acceptances: Vec<AcceptanceDocument<'a>>,
    stale_baseline: Vec<AcceptanceDocument<'a>>,
    unread: Vec<UnreadDocument<'a>>,
    usage: UsageDocument<'a>,
    rules: Vec<RuleDocument>,
}

#[derive(Debug, Serialize)]
struct Summary {
    tokens: usize,
    usable: usize,
    widening: usize,
    findings: usize,
    by_severity: BySeverity,
    accepted: usize,
    ignored: usize,
    unread: usize,
}

#[derive(Debug, Serialize)]
struct BySeverity {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    info: usize,
}

#[derive(Debug, Serialize)]
struct UnreadDocument<'a> {
    what: &'a str,
    why: &'a str,
}

#[derive(Debug, Serialize)]
struct UsageDocument<'a> {
    sources: &'a [String],
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct RuleDocument {
    id: &'static str,
    title: &'static str,
    severity: Severity,
    why: &'static str,
    docs: String,
}

impl From<Counts> for BySeverity {
    fn from(counts: Counts) -> Self {
        let Counts { critical, high, medium, low, info } = counts;
        Self { critical, high, medium, low, info }
    }
}

impl RuleDocument {
    fn of(rule: &'static Rule) -> Self {
        Self { id: rule.id, title: rule.title, severity: rule.severity, why: rule.why, docs: rule.docs() }
    }
}

#[cfg(test)]
mod tests {
    use boon::{Compiler, SchemaIndex, Schemas};
    use flarekeep_catalogue::is_hostile;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::report::fixture;

    const SCHEMA: &str = include_str!("../../../../docs/audit.schema.json");

    fn schema() -> (Schemas, SchemaIndex) {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler.add_resource("audit.json", serde_json::from_str(SCHEMA).unwrap()).unwrap();
        let index = compiler.compile("audit.json", &mut schemas).unwrap();
        (schemas, index)
    }

    #[test]
    fn the_document_is_what_its_schema_says() {
        let (schemas, index) = schema();
        for audit in [fixture::audit(), fixture::empty()] {
            let document: Value = serde_json::from_str(&json(&audit)).unwrap();
            schemas.validate(&document, index).unwrap();
        }
    }

    #[test]
    fn the_schema_refuses_what_is_no_audit() {
        let (schemas, index) = schema();
        let whole: Value = serde_json::from_str(&json(&fixture::audit())).unwrap();
        for (pointer, wrong) in [
            ("/format", Value::from(2)),
            ("/findings/0/severity", Value::from("terrible")),
            ("/findings/0/fingerprint", Value::from("short")),
            ("/tokens/0/reach/products/0/level", Value::from("none at all")),
            ("/tokens/0/reach/score", Value::from(1001)),
            ("/accepted/0/until", Value::from("some day")),
        ] {
            let mut document = whole.clone();
            *document.pointer_mut(pointer).unwrap() = wrong;
            assert!(schemas.validate(&document, index).is_err(), "{pointer}");
        }
    }

    #[test]
    fn every_field_of_the_document_is_in_the_schema() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let document: Value = serde_json::from_str(&json(&fixture::audit())).unwrap();
        let finding = &document["findings"][0];
        let token = &document["tokens"][0];
        for (object, properties) in [
            (&document, &schema["properties"]),
            (&document["summary"], &schema["properties"]["summary"]["properties"]),
            (finding, &schema["$defs"]["finding"]["properties"]),
            (token, &schema["$defs"]["token"]["properties"]),
            (&token["reach"], &schema["$defs"]["reach"]["properties"]),
            (&document["rules"][0], &schema["$defs"]["rule"]["properties"]),
        ] {
            let described: Vec<&String> = properties.as_object().unwrap().keys().collect();
            for field in object.as_object().unwrap().keys() {
                assert!(described.contains(&field), "{field} is in no schema");
            }
        }
    }

    proptest! {
        #[test]
        fn any_name_comes_back_as_it_was(text in any::<String>()) {
            let audit = fixture::audit_with(&text);
            let printed = json(&audit);
            prop_assert!(printed.chars().all(|c| c == '\n' || !is_hostile(c)));
            let document: Value = serde_json::from_str(&printed).unwrap();
            prop_assert_eq!(&document["tokens"][0]["name"], &Value::from(audit.tokens[0].token.name.clone()));
        }
    }
}
