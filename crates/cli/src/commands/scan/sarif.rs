//! The findings as SARIF 2.1.0 (OASIS), which code scanning shows.

use std::collections::BTreeMap;

use flarekeep_scan::{Confidence, Finding, LeakForm};
use serde_json::{Value, json};

use super::Answer;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn document(answer: &Answer) -> Value {
    let forms: BTreeMap<&str, &LeakForm> =
        answer.findings().iter().map(|finding| (finding.form.rule, finding.form)).collect();
    let rules: Vec<Value> = forms.values().map(|form| rule(form)).collect();
    let results: Vec<Value> = answer.findings().iter().map(|finding| result(answer, finding)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "flarekeep scan",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://github.com/flarekeep/flarekeep/blob/main/docs/scan.md",
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(form: &LeakForm) -> Value {
    json!({
        "id": form.rule,
        "shortDescription": { "text": format!("Leaked: {}", form.what) },
        "helpUri": "https://github.com/flarekeep/flarekeep/blob/main/docs/scan.md",
        // Code scanning ranks by this number, of 0 to 10.
        "properties": { "security-severity": "9.0", "tags": ["security", "secret"] },
    })
}

fn result(answer: &Answer, finding: &Finding) -> Value {
    let level = match finding.confidence {
        Confidence::High => "error",
        Confidence::Medium => "warning",
        Confidence::Low => "note",
    };
    let mut text = format!("{}, {}: {}", finding.form.what, finding.masked(), finding.why);
    if let Some(life) = answer.life(finding) {
        text.push_str(&format!("; {}: {}", life.word(), life.told()));
    }
    let mut properties = json!({ "confidence": finding.confidence });
    if let Some(commit) = &finding.place.commit {
        properties["commit"] = json!(commit);
    }
    json!({
        "ruleId": finding.form.rule,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&finding.place.path) },
            "region": { "startLine": finding.place.line, "startColumn": finding.place.column },
        } }],
        "partialFingerprints": { "flarekeepLeak/v1": finding.fingerprint },
        "properties": properties,
    })
}

/// A path as a relative URI: what stands in none is escaped (RFC 3986).
fn uri(path: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte);
    let escaped =
        path.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_path_is_a_uri() {
        assert_eq!(uri("a b/ü:1"), "a%20b/%C3%BC%3A1");
        assert_eq!(uri("a.tgz!b/c"), "a.tgz!b/c");
    }
}
