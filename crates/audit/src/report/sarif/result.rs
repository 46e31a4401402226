//! Findings as SARIF's results.

use serde_json::{Value, json};

use super::descriptor::level;
use super::location::location;
use super::text;
use crate::accepted::{Accepted, Ignored};
use crate::finding::Finding;
use crate::mend::Mend;
use crate::report::order::Tokens;
use crate::report::words;

/// A finding that stands.
pub(super) fn found(finding: &Finding, tokens: &Tokens<'_>) -> Value {
    result(finding, tokens, &json!([]))
}

/// A finding that is accepted for a time.
pub(super) fn accepted(accepted: &Accepted, tokens: &Tokens<'_>) -> Value {
    let reason = format!("accepted until {}: {}", accepted.acceptance.until, accepted.acceptance.because);
    result(&accepted.finding, tokens, &suppression(&reason))
}

/// A finding that a rule of the settings leaves out.
pub(super) fn ignored(ignored: &Ignored, tokens: &Tokens<'_>) -> Value {
    result(&ignored.finding, tokens, &suppression(&format!("ignored: {}", ignored.because)))
}

/// Where one result has suppressions, all must, so that an empty list says "not suppressed".
fn result(finding: &Finding, tokens: &Tokens<'_>, suppressions: &Value) -> Value {
    json!({
        "ruleId": finding.rule.id,
        "level": level(finding.severity),
        "message": { "text": text::literal(&message(finding, tokens)) },
        "locations": [location(finding.token.as_ref(), tokens)],
        "partialFingerprints": {
            "flarekeepFinding/v1": finding.fingerprint,
            // The only one that GitHub looks at: by it an alert stays the same when the file's lines move.
            "primaryLocationLineHash": finding.fingerprint,
        },
        "suppressions": suppressions,
        "properties": {
            "severity": finding.severity,
            "confidence": finding.confidence,
            "token": finding.token.as_ref().map(|token| token.id.to_string()),
            "commands": finding.mends.iter().filter_map(|mend| mend.command.as_deref()).collect::<Vec<_>>(),
        },
    })
}

fn suppression(reason: &str) -> Value {
    json!([{ "kind": "external", "status": "accepted", "justification": reason }])
}

/// The token, the fault, its particulars and its mends: a paragraph each.
fn message(finding: &Finding, tokens: &Tokens<'_>) -> String {
    let about = finding.token.as_ref().map(|token| format!("Token `{}` of {}: ", token.name, tokens.owner(token)));
    let mut message = about.unwrap_or_default();
    message.push_str(&finding.summary);
    for detail in &finding.details {
        message.push_str(&format!("\n- {detail}"));
    }
    for (at, mend) in finding.mends.iter().enumerate() {
        message.push_str(if at == 0 { "\nMend: " } else { "\nOr: " });
        message.push_str(&mend_in_words(mend));
    }
    message
}

fn mend_in_words(mend: &Mend) -> String {
    let order = words::order(&mend.words);
    match &mend.command {
        Some(command) => format!("{order}: `{command}`"),
        None => order.to_owned(),
    }
}
