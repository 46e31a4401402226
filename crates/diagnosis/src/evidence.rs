//! What was seen and what is known, a line each.

use flarekeep_policy::{Effect, Explanation, Hold, Policy, Token};

use crate::cause::Cause;
use crate::judgement::{Judgement, is_s3, one_id_for_both};
use crate::known::{Known, Life, Standing};
use crate::refusal::{CredentialForm, Refusal, Said};

/// The evidence of a diagnosis.
pub(crate) fn of(refusal: &Refusal, known: &Known, judgement: &Judgement) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(answer(refusal));
    lines.extend(refusal.address.map(|address| format!("Cloudflare saw the address {address}")));
    lines.extend(refusal.retry_after.map(|seconds| format!("Cloudflare asks to wait {seconds} s")));
    lines.extend(refusal.credential.as_ref().and_then(credential));
    lines.extend(known.life.as_ref().map(life));
    if let Some(Life::Known { id, .. }) = known.life.as_ref().filter(|_| is_s3(refusal)) {
        lines.push(format!("its S3 key id is {id}: another is not this token's"));
    }
    if let Some(token) = &known.token {
        lines.extend(policies(token, judgement.explanation.as_ref()));
    }
    if judgement.leaning == Some(Cause::AccountTokenNotSupported) {
        lines.push("as far as is known, this product takes no token that an account owns".to_owned());
    }
    if one_id_for_both(refusal) {
        lines.push("the zone's id is given as the account's, too: one of the two is wrong".to_owned());
    }
    for (zone, standing) in &known.zones {
        lines.push(standing_of("zone", &zone.to_string(), *standing));
    }
    for (account, standing) in &known.accounts {
        lines.push(standing_of("account", &account.to_string(), *standing));
    }
    match known.repeated {
        Some(true) => lines.push("Cloudflare lets this token make the call".to_owned()),
        Some(false) => lines.push("the call was made again, and refused again".to_owned()),
        None => {}
    }
    if known.changed_lately == Some(true) {
        lines.push("the token was changed within the last minutes".to_owned());
    }
    lines
}

fn answer(refusal: &Refusal) -> Option<String> {
    let status = refusal.status.map(|status| format!(" {status}")).unwrap_or_default();
    if refusal.errors.is_empty() {
        return refusal.status.map(|_| format!("Cloudflare answered{status} without an error that it names"));
    }
    let said: Vec<String> = refusal.errors.iter().map(spoken).collect();
    Some(format!("Cloudflare answered{status}: {}", said.join("; ")))
}

fn spoken(said: &Said) -> String {
    let name = said.code.map(|code| code.to_string()).or_else(|| said.word.clone());
    match (said.message.is_empty(), name) {
        (true, Some(name)) => format!("code {name}"),
        (true, None) => "nothing that can be read".to_owned(),
        (false, Some(name)) => format!("{} (code {name})", said.message),
        (false, None) => said.message.clone(),
    }
}

fn credential(form: &CredentialForm) -> Option<String> {
    Some(match form {
        CredentialForm::Absent => "the call carried no credential".to_owned(),
        CredentialForm::Token { of_account: Some(true) } => "the value is written as an account's token".to_owned(),
        CredentialForm::Token { of_account: Some(false) } => "the value is written as a user's token".to_owned(),
        CredentialForm::Token { of_account: None } => return None,
        CredentialForm::KeyAsToken => "what was sent as a token is written as a Global API key".to_owned(),
        CredentialForm::TokenAsKey => "what was sent as the Global API key is written as a token".to_owned(),
        CredentialForm::Key => "the call used a Global API key with an address".to_owned(),
        CredentialForm::Malformed(why) => format!("the credential's header is not written as one: {why}"),
        CredentialForm::Signature => "the call was signed for S3".to_owned(),
    })
}

fn life(life: &Life) -> String {
    match life {
        Life::Known { id, status, .. } => format!("the token is {status} (id {id})"),
        Life::Unknown { asked_account: true } => {
            "neither the user's nor the account's endpoint knows the token".to_owned()
        }
        Life::Unknown { asked_account: false } => "no user's token has this value".to_owned(),
        Life::Barred => "verifying the token was refused as well".to_owned(),
    }
}

fn standing_of(kind: &str, id: &str, standing: Standing) -> String {
    match standing {
        Standing::Seen => format!("{kind} {id} is there"),
        Standing::Absent => format!("there is no {kind} {id}, for a credential that sees all of them there"),
        Standing::Hidden => format!("whether the {kind} {id} is there could not be seen"),
    }
}

/// What the token holds of what the call accepts; where it holds nothing, what it holds at all.
fn policies(token: &Token, explanation: Option<&Explanation>) -> Vec<String> {
    let Some(explanation) = explanation else { return Vec::new() };
    if !explanation.held.is_empty() {
        let mut lines: Vec<String> = explanation.held.iter().map(held).collect();
        if explanation.decision.allow {
            lines.push(
                "its policies should allow the call: a change may not have reached Cloudflare's edge yet, or the catalogue \
                 is wrong here"
                    .to_owned(),
            );
        }
        return lines;
    }
    let line = |policy: &Policy| {
        let groups: Vec<_> = policy.known_groups().map(|group| group.name).collect();
        let places: Vec<_> = policy.resources.iter().map(ToString::to_string).collect();
        format!("the token holds only {} at {}", groups.join(", "), places.join(", "))
    };
    token.policies.iter().take(6).map(line).collect()
}

fn held(hold: &Hold) -> String {
    let verb = if hold.effect == Effect::Deny { "denies" } else { "holds" };
    let effect = if hold.covers { "" } else { ", which does not cover this call" };
    format!("the token {verb} {} ({}) at {}{effect}", hold.group.name, hold.group.scope, hold.resource)
}
