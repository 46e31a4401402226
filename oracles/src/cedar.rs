//! A token as Cedar's policies, and a call as Cedar's request.
//!
//! A call is an entity below every resource that it lies at; an operation is an action below every group that it
//! accepts. A grant is then `permit(principal, action in GROUP, resource in PLACE)`, and a denial `forbid`.

use std::collections::HashSet;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression,
};
use flarekeep_catalogue::{Group, Method, Operation, Rule, Scope};

use crate::draw::{Call, Place, Token};

/// A token that Cedar can be asked about.
pub struct Oracle {
    policies: PolicySet,
}

impl Oracle {
    /// The token's policies and conditions in Cedar's language.
    pub fn new(token: &Token) -> Self {
        let mut text = String::from("permit(principal, action in Action::\"any token\", resource);\n");
        text += "forbid(principal, action, resource) when { context has outside } unless { action in Action::\"any token\" };\n";
        if token.status != "active" {
            text += "forbid(principal, action, resource);\n";
        }
        if let Some(end) = token.expires_on {
            text += &format!("forbid(principal, action, resource) when {{ context.at >= {end} }};\n");
        }
        if let Some(start) = token.not_before {
            text += &format!("forbid(principal, action, resource) when {{ context.at < {start} }};\n");
        }
        if let Some(list) = &token.within {
            text += &format!("forbid(principal, action, resource) unless {{ context has ip && {} }};\n", among(list));
        }
        if let Some(list) = token.not_within.as_ref().filter(|list| !list.is_empty()) {
            text += &format!("forbid(principal, action, resource) when {{ !(context has ip) || {} }};\n", among(list));
        }
        for policy in &token.policies {
            for place in effective_places(&policy.places) {
                let (scope, resources) = at(place);
                let groups: Vec<String> =
                    policy.groups.iter().filter(|group| group.scope == scope).map(|group| group_uid(group)).collect();
                if groups.is_empty() {
                    continue;
                }
                let (effect, resources) =
                    if policy.denies { ("forbid", &resources[..1]) } else { ("permit", &resources[..]) };
                for resource in resources {
                    text +=
                        &format!("{effect}(principal, action in [{}], resource in {resource});\n", groups.join(","));
                }
            }
        }
        Self { policies: text.parse().unwrap_or_else(|error| panic!("{error}\n{text}")) }
    }

    /// Whether Cedar allows the call.
    pub fn allows(&self, call: &Call) -> bool {
        let operation = call.operation;
        // All groups are needed: each is asked for by itself.
        let asked: Vec<Vec<String>> = match operation.rule {
            Rule::AnyToken => vec![vec!["Action::\"any token\"".to_owned()]],
            Rule::Unlabelled => vec![Vec::new()],
            Rule::AllOf => operation.accepts().map(|group| vec![group_uid(group)]).collect(),
            Rule::AnyOf => vec![operation.accepts().map(group_uid).collect()],
        };
        asked.iter().all(|groups| self.allows_one(call, groups))
    }

    fn allows_one(&self, call: &Call, groups: &[String]) -> bool {
        let uid = |text: &str| -> EntityUid { text.parse().unwrap() };
        let uids = |texts: &[String]| -> HashSet<EntityUid> { texts.iter().map(|text| uid(text)).collect() };
        let (action, resource) = (uid("Action::\"the call\""), uid("Call::\"the call\""));
        let entities = [
            Entity::new_no_attrs(action.clone(), uids(groups)),
            Entity::new_no_attrs(resource.clone(), uids(&lies_at(call))),
        ];
        let entities = Entities::from_entities(entities, None).unwrap();
        let request = Request::new(uid("Token::\"the token\""), action, resource, context(call), None).unwrap();
        Authorizer::new().is_authorized(&request, &self.policies, &entities).decision() == Decision::Allow
    }
}

fn among(list: &[&str]) -> String {
    let ranges: Vec<String> = list.iter().map(|range| format!("context.ip.isInRange(ip(\"{range}\"))")).collect();
    if ranges.is_empty() { "false".to_owned() } else { format!("({})", ranges.join(" || ")) }
}

fn context(call: &Call) -> Context {
    let mut pairs = vec![("at".to_owned(), RestrictedExpression::new_long(call.at))];
    pairs.extend(call.ip.map(|ip| ("ip".to_owned(), RestrictedExpression::new_ip(ip))));
    // An account's token reaches nothing outside of its account, which is the line's where no user is named.
    let owner = if call.user.is_none() { call.account.or(account_of(call)) } else { None };
    if let (Some(owner), Some(account)) = (owner, account_of(call))
        && owner != account
    {
        pairs.push(("outside".to_owned(), RestrictedExpression::new_bool(true)));
    }
    Context::from_pairs(pairs).unwrap()
}

/// The account in which the call lies: the path's; that of the zone or the bucket; that in which a zone is made.
fn account_of(call: &Call) -> Option<&'static str> {
    let concerned = call.zone.is_some() || call.operation.is_s3() || makes_zone(call.operation);
    call.path_account.or(call.account.filter(|_| concerned))
}

fn makes_zone(operation: &Operation) -> bool {
    operation.method == Method::Post && operation.path() == "/zones"
}

/// Every resource at which the call lies.
fn lies_at(call: &Call) -> Vec<String> {
    let account = account_of(call);
    let mut places = vec!["Accounts::\"all\"".to_owned(), "Zones::\"all\"".to_owned()];
    places.extend(call.user.map(|user| format!("User::\"{user}\"")));
    if let Some(account) = account {
        places.extend([format!("Account::\"{account}\""), format!("ZonesOf::\"{account}\"")]);
    }
    if let Some(zone) = call.zone {
        places.push(format!("Zone::\"{zone}\""));
        places.extend(account.map(|account| format!("ZoneOf::\"{account} {zone}\"")));
    }
    if let (Some(bucket), Some(account)) = (call.bucket, account) {
        places.extend([format!("Bucket::\"{account} default {bucket}\""), format!("BucketsOf::\"{account}\"")]);
    }
    // The answer is a list of what the token may see: a grant at any account or zone opens it. One zone makes no other.
    let names_place = call.path_account.is_some() || call.zone.is_some() || call.bucket.is_some() || account.is_some();
    if !names_place {
        places.push("List::\"wide\"".to_owned());
        if !makes_zone(call.operation) {
            places.push("List::\"single zones, too\"".to_owned());
        }
    }
    places
}

/// The scope of the groups that take effect at a place.
pub fn scope(place: Place) -> Scope {
    at(place).0
}

/// The same, and Cedar's resources for it: itself first, then lists.
fn at(place: Place) -> (Scope, Vec<String>) {
    let (wide, narrow) = ("List::\"wide\"".to_owned(), "List::\"single zones, too\"".to_owned());
    match place {
        Place::User(user) => (Scope::User, vec![format!("User::\"{user}\"")]),
        Place::Account(account) => (Scope::Account, vec![format!("Account::\"{account}\""), wide]),
        Place::Accounts => (Scope::Account, vec!["Accounts::\"all\"".to_owned(), wide]),
        Place::Zone(zone) => (Scope::Zone, vec![format!("Zone::\"{zone}\""), narrow]),
        Place::ZoneOf(account, zone) => (Scope::Zone, vec![format!("ZoneOf::\"{account} {zone}\""), narrow]),
        Place::ZonesOf(account) => (Scope::Zone, vec![format!("ZonesOf::\"{account}\""), wide]),
        Place::Zones => (Scope::Zone, vec!["Zones::\"all\"".to_owned(), wide]),
        Place::Bucket(account, jurisdiction, name) => {
            (Scope::Bucket, vec![format!("Bucket::\"{account} {jurisdiction} {name}\"")])
        }
        Place::BucketsOf(account) => (Scope::Bucket, vec![format!("BucketsOf::\"{account}\"")]),
        // No group takes effect there.
        Place::Other => (Scope::FlagshipApp, vec!["Nowhere::\"at all\"".to_owned()]),
    }
}

/// What is left of the places when they are written as an object: a later key goes over an earlier one that is equal,
/// and an account stands there either itself or with what is below it.
fn effective_places(places: &[Place]) -> Vec<Place> {
    let mut kept: Vec<Place> = Vec::new();
    for place in places {
        let (key, inner) = crate::draw::keys(*place);
        kept.retain(|other| {
            let (other_key, other_inner) = crate::draw::keys(*other);
            other_key != key || inner.is_some() && other_inner.is_some()
        });
        kept.push(*place);
    }
    kept
}

fn group_uid(group: &Group) -> String {
    format!("Action::\"group {}\"", group.index)
}
