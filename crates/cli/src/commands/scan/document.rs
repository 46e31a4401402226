//! The findings as one JSON document.

use flarekeep_scan::Finding;
use serde_json::{Value, json};

use super::Answer;

pub(super) fn document(answer: &Answer) -> Value {
    let findings: Vec<Value> = answer.findings().iter().map(|finding| one(answer, finding)).collect();
    let (tally, filtered) = (&answer.tally, &answer.filtered);
    let mut document = json!({
        "findings": findings,
        "credentials": answer.credentials().len(),
        "texts": tally.texts,
        "bytes": tally.bytes,
        "binaries_skipped": tally.binaries,
        "allowed_by_comment": tally.allowed,
        "accepted_by_rule": filtered.accepted,
        "in_baseline": filtered.known,
        "below_confidence": filtered.unsure,
        "unread": tally.unread,
    });
    if let Some(response) = &answer.response {
        document["response"] = json!(response.entries);
        if response.is_dry_run {
            document["dry_run"] = json!(true);
        }
        if let Some(error) = &response.error {
            document["error"] = error.clone();
        }
    }
    document
}

fn one(answer: &Answer, finding: &Finding) -> Value {
    let mut document = json!({
        "rule": finding.form.rule,
        "what": finding.form.what,
        "place": finding.place,
        "value": finding.masked(),
        "fingerprint": finding.fingerprint,
        "confidence": finding.confidence,
        "why": finding.why,
        "beside": finding.beside,
    });
    if let Some(history) = finding.history {
        document["history"] = json!(history);
    }
    if let Some(life) = answer.life(finding) {
        document["life"] = life.document();
    }
    document
}
