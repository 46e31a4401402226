//! A decision in words, and as a document.

use flarekeep_catalogue::{Group, OperationError, Rule, operation};
use flarekeep_policy::{Answer, Call, Cause, Effect, Explanation, Hold, Request, Resource, Token};
use serde_json::{Value, json};

use crate::output::mask::masked;
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, GOOD, Output, STRONG, plain, styled};
use crate::place::in_words;

/// How many of the groups that are lacking are shown.
const SHOWN: usize = 6;

/// Says what the token answers, and what stands behind it.
pub(super) fn decision(output: Output, token: &Token, request: &Request, explanation: &Explanation) {
    output.document(&document(request, explanation));
    let decision = explanation.decision;
    output.line(styled(STRONG, request.operation));
    line(output, decision.allow, decision.cause.word(), sentence(decision.cause));
    for (word, place) in places(request) {
        output.line(format!("  {word:<8} {place}"));
    }
    show_held(output, token, explanation);
    show_lacking(output, request, explanation);
}

/// Says that there is no such operation, and which ones are spelt like it.
pub(super) fn no_operation(output: Output, call: &Call<'_>) {
    let called = format!("{} {}", call.method, call.path);
    let nearest = match operation(&format!("{} {}", call.method, as_template(call.path))) {
        Err(OperationError::Unknown { nearest, .. }) => nearest,
        _ => Vec::new(),
    };
    let cause = Answer::NoOperation.word();
    output.document(&json!({ "operation": null, "allow": false, "cause": cause, "nearest": nearest }));
    output.line(styled(STRONG, masked(&plain(&in_words(&called)))));
    line(output, false, cause, "the catalogue has no operation with this method and path");
    for near in nearest {
        output.line(format!("  near     {near}"));
    }
}

/// The path with words in place of ids, as templates have them: a likeness is looked for among these.
fn as_template(path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    let mut before = "";
    let segments = path.split('/').map(|segment| {
        let is_id = segment.len() == 32 && segment.bytes().all(|byte| byte.is_ascii_hexdigit());
        let shown = match before {
            _ if !is_id => segment,
            "zones" => "{zone_id}",
            "accounts" => "{account_id}",
            _ => "{id}",
        };
        before = segment;
        shown
    });
    segments.collect::<Vec<_>>().join("/")
}

fn line(output: Output, allow: bool, cause: &str, sentence: &str) {
    let (style, word) = if allow { (GOOD, "allowed") } else { (BAD, "refused") };
    output.line(format!("  {}  {cause}: {sentence}", styled(style, word)));
}

fn places(request: &Request) -> impl Iterator<Item = (&'static str, String)> {
    let zone = request.zone.map(|zone| ("zone", zone.to_string()));
    let bucket = request.bucket.as_ref().map(|bucket| {
        let behind = Some(&*bucket.jurisdiction).filter(|jurisdiction| *jurisdiction != "default");
        ("bucket", behind.map_or_else(|| bucket.name.clone(), |behind| format!("{behind}/{}", bucket.name)))
    });
    let account = request.account.map(|account| ("account", account.to_string()));
    let user = request.user.map(|user| ("user", user.to_string()));
    [zone, bucket, account, user].into_iter().flatten().map(|(word, place)| (word, plain(&in_words(&place))))
}

fn show_held(output: Output, token: &Token, explanation: &Explanation) {
    let (held, cause) = (&explanation.held, explanation.decision.cause);
    if held.is_empty() {
        return;
    }
    output.line("");
    let rows = held.iter().map(|hold| {
        let effect = match (hold.effect, hold.covers) {
            (Effect::Allow, true) if cause == Cause::Granted => styled(GOOD, "allows it"),
            (Effect::Deny, true) if cause == Cause::Denied => styled(BAD, "denies it"),
            // Something else decides.
            (Effect::Allow, true) => "would allow it".to_owned(),
            (Effect::Deny, true) => "would deny it".to_owned(),
            (Effect::Allow, false) => styled(FAINT, "allows elsewhere"),
            (Effect::Deny, false) => styled(FAINT, "denies elsewhere"),
        };
        let misplaced = hold.resource.scope() != hold.group.scope;
        let effect = if misplaced { styled(CARE, "takes no effect") } else { effect };
        let policy = format!("policy {} of {}", hold.policy + 1, token.policies.len());
        let group = format!("{} ({})", hold.group.name, hold.group.scope);
        [policy, effect, group, plain(&in_words(&format!("at {}", hold.resource)))]
    });
    output.line(table(2, None, rows));
}

fn show_lacking(output: Output, request: &Request, explanation: &Explanation) {
    let lacking = &explanation.lacking;
    if lacking.is_empty() || !mended_by_a_grant(explanation.decision.cause) {
        return;
    }
    let all = if request.operation.rule == Rule::AllOf { "all" } else { "any" };
    let inferred = if request.operation.provenance.is_inferred() { styled(CARE, " (inferred)") } else { String::new() };
    output.line(format!("\n  lacking, {all} of{inferred}"));
    let row =
        |(group, resource): &(&Group, Resource)| [group.name.to_owned(), plain(&in_words(&format!("at {resource}")))];
    output.line(table(4, None, lacking.iter().take(SHOWN).map(row)));
    if let Some(more) = lacking.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        output.line(styled(FAINT, format!("    and {more} more; --json lists them")));
    }
}

/// Whether another grant would change the answer.
fn mended_by_a_grant(cause: Cause) -> bool {
    matches!(cause, Cause::OtherResource | Cause::WrongScope | Cause::MissingGroup)
}

fn document(request: &Request, explanation: &Explanation) -> Value {
    let lacking = explanation.lacking.iter().filter(|_| mended_by_a_grant(explanation.decision.cause));
    json!({
        "operation": request.operation.to_string(),
        "provenance": request.operation.provenance.word(),
        "allow": explanation.decision.allow,
        "cause": explanation.decision.cause.word(),
        "user": request.user.map(|user| in_words(&user.to_string())),
        "account": request.account.map(|account| in_words(&account.to_string())),
        "zone": request.zone.map(|zone| in_words(&zone.to_string())),
        "bucket": request.bucket.as_ref().map(|bucket| in_words(&bucket.to_string())),
        "held": explanation.held.iter().map(hold).collect::<Vec<_>>(),
        "lacking": lacking.map(|(group, resource)| grant(group, resource)).collect::<Vec<_>>(),
    })
}

fn hold(hold: &Hold) -> Value {
    let mut document = grant(hold.group, &hold.resource);
    document["policy"] = json!(hold.policy);
    document["effect"] = json!(if hold.effect == Effect::Allow { "allow" } else { "deny" });
    document["covers"] = json!(hold.covers);
    document
}

fn grant(group: &Group, resource: &Resource) -> Value {
    let group = json!({ "id": group.id.map(|id| id.to_string()), "name": group.name, "scope": group.scope.word() });
    json!({ "group": group, "resource": in_words(&resource.to_string()) })
}

fn sentence(cause: Cause) -> &'static str {
    match cause {
        Cause::RevokedExposed => "Cloudflare revoked the token: its value was found in public",
        Cause::Disabled => "the token is switched off",
        Cause::Expired => "the token's time is over",
        Cause::NotYetValid => "the token's time has not come",
        Cause::AddressNotAllowed => "the token may not be used from this address",
        Cause::AnyToken => "any valid token may make this call",
        Cause::Unlabelled => "nobody has published which groups this operation accepts, so nothing is proved",
        Cause::OutsideOwner => "the call lies outside the account that owns the token",
        Cause::Denied => "a policy denies it, whatever others allow",
        Cause::Granted => "a policy grants it",
        Cause::OtherResource => "a group that would do is held at another resource",
        Cause::WrongScope => "a group is held at a kind of resource where it takes no effect",
        Cause::MissingGroup => "the token holds no permission group that this operation accepts",
    }
}
