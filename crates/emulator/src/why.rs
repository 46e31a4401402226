//! Why a call was allowed or refused, as the header `x-flarekeep-why` says it: one line of JSON in ASCII, which tests can
//! assert on. `docs/emulator/explain.md` describes the fields. No field holds a value, a key, a header or a body.

use std::cmp::Reverse;
use std::fmt::Write;
use std::net::IpAddr;

use flarekeep_catalogue::{Group, Rule};
use flarekeep_policy::{Cause, Effect, Explanation, Hold, Owner, Request, Resource, Token, explain};
use serde::Serialize;
use serde_json::{Value, json};

use crate::log::Verdict;
use crate::products::timestamp;
use crate::state::groups::id_of;
use crate::state::tokens::{Record, status_word};

/// The header's name.
pub(crate) const HEADER: &str = "x-flarekeep-why";

/// The longest value of the header, in bytes: clients take 8 KiB of headers at the least.
const LONGEST: usize = 2048;

/// What stands behind a decision on a token.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Grounds {
    /// How [`Self::missing`] is read: `any_of` it would do, or `all_of` it is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<&'static str>,
    /// What would mend a refusal, the weakest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Place>,
    /// What grants an allowed call, the weakest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    granted_by: Vec<Place>,
    /// The policies that withhold the call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    denied_by: Vec<Place>,
    /// What keeps the token from being used, or the caller from the place.
    #[serde(flatten)]
    facts: serde_json::Map<String, Value>,
    /// Entries that were left out for the header's length.
    #[serde(skip_serializing_if = "is_zero")]
    more: usize,
}

/// A group at a resource.
#[derive(Debug, Clone, Serialize)]
struct Place {
    group: &'static str,
    id: String,
    scope: &'static str,
    /// As a policy writes it.
    resource: Value,
    /// The policy's id, of a grant that there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
}

/// The header as it is written.
#[derive(Serialize)]
struct Why<'a> {
    allowed: bool,
    cause: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    credential: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(flatten)]
    grounds: Option<&'a Grounds>,
}

impl Grounds {
    /// Explains the decision on a call with a token.
    pub(crate) fn of(record: &Record, request: &Request) -> Self {
        let token = record.effective(request.at).token;
        let explanation = explain(token, request);
        let mut grounds = Self::default();
        match explanation.decision.cause {
            Cause::Granted => grounds.granted_by = held(record, &explanation, Effect::Allow, request),
            Cause::Denied => grounds.denied_by = held(record, &explanation, Effect::Deny, request),
            Cause::OtherResource | Cause::WrongScope | Cause::MissingGroup => {
                grounds.lack(token, request, &explanation);
            }
            cause => grounds.bar(cause, token, request),
        }
        grounds
    }

    /// The same where the call was refused for another reason than what its token grants, so that no group would mend it.
    pub(crate) fn without_remedy(self) -> Self {
        Self { needs: None, missing: Vec::new(), granted_by: Vec::new(), ..self }
    }

    /// Adds a fact.
    pub(crate) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.facts.insert(name.to_owned(), value.into());
    }

    fn lack(&mut self, token: &Token, request: &Request, explanation: &Explanation) {
        let all = request.operation.rule == Rule::AllOf;
        let has = |group: &Group| {
            let mut held = explanation.held.iter();
            held.any(|hold| hold.covers && hold.effect == Effect::Allow && hold.group == group)
        };
        let lacking = explanation.lacking.iter().filter(|(group, _)| !(all && has(group)));
        let mut lacking: Vec<_> = lacking.map(|(group, resource)| (*group, within(token.owner, resource))).collect();
        lacking.sort_by_key(|(group, _)| strength(group));
        self.needs = (!lacking.is_empty()).then_some(if all { "all_of" } else { "any_of" });
        self.missing = lacking.into_iter().map(|(group, resource)| Place::new(group, &resource, None)).collect();
    }

    fn bar(&mut self, cause: Cause, token: &Token, request: &Request) {
        match cause {
            Cause::AddressNotAllowed => {
                self.fact("address", request.ip.map(|ip: IpAddr| ip.to_canonical().to_string()));
                for (name, set) in [("in", &token.ip.within), ("not_in", &token.ip.not_within)] {
                    if let Some(set) = set {
                        self.fact(name, set.0.iter().map(ToString::to_string).collect::<Vec<_>>());
                    }
                }
            }
            Cause::Expired | Cause::NotYetValid => {
                for (name, at) in [("not_before", token.not_before), ("expires_on", token.expires_on)] {
                    if let Some(at) = at {
                        self.fact(name, timestamp(at.0));
                    }
                }
                self.fact("now", timestamp(request.at.0));
            }
            Cause::Disabled | Cause::RevokedExposed => self.fact("status", status_word(token.status)),
            Cause::OutsideOwner => {
                if let Owner::Account(account) = token.owner {
                    self.fact("account", account.to_string());
                }
            }
            _ => {}
        }
    }

    /// Leaves the strongest entry out; false where there is none left.
    fn shorten(&mut self) -> bool {
        let lists = [&mut self.missing, &mut self.granted_by, &mut self.denied_by];
        let Some(longest) = lists.into_iter().max_by_key(|list| list.len()).filter(|list| !list.is_empty()) else {
            let mut lists = self.facts.values_mut().filter_map(Value::as_array_mut);
            let dropped = lists.find_map(Vec::pop).is_some();
            self.more += usize::from(dropped);
            return dropped;
        };
        longest.pop();
        self.more += 1;
        true
    }
}

impl Place {
    fn new(group: &Group, resource: &Resource, policy: Option<String>) -> Self {
        let resource = match resource.keys() {
            (key, None) => json!({ key: resource.value() }),
            (outer, Some(inner)) => json!({ outer: { inner: resource.value() } }),
        };
        Self { group: group.name, id: id_of(group).to_string(), scope: group.scope.word(), resource, policy }
    }
}

/// The value of the header for a call.
pub(crate) fn line(verdict: &Verdict) -> String {
    let mut grounds = verdict.why.clone();
    loop {
        let why = Why {
            allowed: verdict.allowed,
            cause: verdict.cause,
            operation: verdict.operation.map(ToString::to_string),
            credential: verdict.credential.key(),
            token: verdict.token.map(|id| id.to_string()),
            grounds: grounds.as_ref(),
        };
        // Text, numbers and maps with text keys always serialize.
        let line = ascii(&serde_json::to_string(&why).unwrap_or_default());
        if line.len() <= LONGEST || !grounds.as_mut().is_some_and(Grounds::shorten) {
            return line;
        }
    }
}

/// The accepted groups that policies of an effect hold here, the weakest first.
fn held(record: &Record, explanation: &Explanation, effect: Effect, request: &Request) -> Vec<Place> {
    let effective = |hold: &&Hold| hold.effect == effect && hold.resource.scope() == hold.group.scope;
    let mut holds: Vec<_> = explanation.held.iter().filter(effective).collect();
    // A list of what is at no one place is granted at any place.
    if holds.iter().any(|hold| hold.covers) {
        holds.retain(|hold| hold.covers);
    }
    holds.sort_by_key(|hold| strength(hold.group));
    let policies = &record.effective(request.at).policies;
    let policy = |at: usize| policies.get(at).map(|policy| policy.id.clone());
    holds.into_iter().map(|hold| Place::new(hold.group, &hold.resource, policy(hold.policy))).collect()
}

/// A wildcard over all zones is no resource for an account's token: all that it reaches are its account's zones.
fn within(owner: Owner, resource: &Resource) -> Resource {
    match (owner, resource) {
        (Owner::Account(account), Resource::AllZones) => Resource::AllZonesOf(account),
        (_, resource) => resource.clone(),
    }
}

/// How much a group grants: a narrower scope counts first, then how many calls change something, then how many there are.
fn strength(group: &Group) -> (Reverse<flarekeep_catalogue::Scope>, usize, usize, u16) {
    let writes = group.operations().filter(|operation| operation.mutates()).count();
    (Reverse(group.scope), writes, group.operation_indexes().len(), group.index)
}

/// JSON with all but ASCII escaped. What is not ASCII stands in strings alone.
fn ascii(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ' '..='~') {
            line.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(line, "\\u{unit:04x}");
        }
    }
    line
}

// serde asks for a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::groups;

    use super::*;

    #[test]
    fn the_line_is_ascii_and_reads_back() {
        let text = json!({"key": "a\u{e4}\u{1f600}\u{7f}\n\""}).to_string();
        let line = ascii(&text);
        assert!(line.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{line}");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
    }

    #[test]
    fn a_long_line_leaves_out_the_strongest_and_says_how_many() {
        let place = |group| Place::new(group, &Resource::AllZones, None);
        let missing: Vec<Place> = groups().iter().take(100).map(place).collect();
        let why = Grounds { missing: missing.clone(), ..Grounds::default() };
        let line = line(&Verdict { why: Some(why), ..Verdict::default() });
        assert!(line.len() <= LONGEST && line.len() > LONGEST - 300, "{}", line.len());
        let read: Value = serde_json::from_str(&line).unwrap();
        let shown = read["missing"].as_array().unwrap();
        assert_eq!(shown[0]["group"], missing[0].group);
        assert_eq!(shown.len() + usize::try_from(read["more"].as_u64().unwrap()).unwrap(), 100);
    }
}
