//! The token form of Cloudflare's dashboard: what its rows and fields say, and what it cannot.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{DashboardRow, Group, Scope};
use flarekeep_policy::{Effect, Grant, Owner, Policy, Resource};

use super::TokenDraft;

/// A row of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) group: &'static Group,
    pub(super) spelt: DashboardRow,
}

impl Row {
    /// The row in words, `Zone > DNS > Edit`, with a mark where the spelling is not the page's.
    pub(super) fn path(&self) -> String {
        format!("{}{}", self.spelt, if self.spelt.on_the_page { "" } else { "*" })
    }
}

/// What stands below the marked rows.
pub(super) const MARK: &str =
    "* not spelt so on Cloudflare's page of permissions; the dashboard may spell it otherwise";

/// The rows of the form, each once, in the order of the policies.
pub(super) fn rows(draft: &TokenDraft) -> Vec<Row> {
    let granted = draft.policies.iter().filter(|policy| policy.effect == Effect::Allow).flat_map(Policy::known_groups);
    let mut rows: Vec<Row> = Vec::new();
    for row in granted.filter_map(row) {
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    rows
}

/// The row of a group; none where the form has no such scope.
fn row(group: &'static Group) -> Option<Row> {
    group.dashboard().map(|spelt| Row { group, spelt })
}

/// The choices below the rows, as in `Zone Resources: Include > Specific zone > example.com`. The form has one set of
/// accounts and one of zones for all rows.
pub(super) fn resources(draft: &TokenDraft) -> Vec<(Scope, String)> {
    [(Scope::Account, "Account Resources"), (Scope::Zone, "Zone Resources")]
        .into_iter()
        .filter_map(|(scope, field)| {
            let choices: BTreeSet<&Resource> = granted(draft, scope).map(|(_, resource)| resource).collect();
            let choices: Vec<String> = choices.into_iter().filter_map(|resource| choice(draft, resource)).collect();
            (!choices.is_empty()).then(|| (scope, format!("{field}: {}", choices.join(", and "))))
        })
        .collect()
}

fn choice(draft: &TokenDraft, resource: &Resource) -> Option<String> {
    chosen(resource, |id| draft.called(&id))
}

/// How the form has a resource, with the words for its ids; none where it has no such choice.
pub(super) fn chosen(resource: &Resource, called: impl Fn(String) -> String) -> Option<String> {
    Some(match resource {
        Resource::Account(account) => format!("Include > account {}", called(account.to_string())),
        Resource::AllAccounts => "Include > All accounts".to_owned(),
        Resource::Zone(zone) | Resource::ZoneOf(_, zone) => {
            format!("Include > Specific zone > {}", called(zone.to_string()))
        }
        Resource::AllZonesOf(account) => {
            format!("Include > All zones from an account > {}", called(account.to_string()))
        }
        Resource::AllZones => "Include > All zones".to_owned(),
        Resource::User(_) | Resource::Bucket(_) | Resource::AllBucketsOf(_) | Resource::Other(_) => return None,
    })
}

/// What the form cannot say, with the way that can: `-o curl`.
pub(super) fn beyond(draft: &TokenDraft, way: &str) -> Vec<String> {
    let mut beyond = Vec::new();
    for policy in &draft.policies {
        if policy.effect == Effect::Deny {
            beyond.push(format!("the form grants and withholds nothing: {way} makes a policy that denies"));
        }
        for grant in &policy.groups {
            match grant {
                Grant::Unknown(id) => beyond.push(format!("group {id} has no known name: {way} grants it by its id")),
                Grant::Group(group) | Grant::Named(group, _) if row(group).is_none() => {
                    let places: Vec<String> = policy.resources.iter().map(ToString::to_string).collect();
                    beyond.push(elsewhere(group, &places.join(", "), way));
                }
                Grant::Group(_) | Grant::Named(..) => {}
            }
        }
    }
    let scopes = [(Scope::Account, "accounts"), (Scope::Zone, "zones")];
    beyond.extend(scopes.into_iter().filter(|(scope, _)| uneven(draft, *scope)).map(|(_, word)| {
        format!(
            "the form has one choice of {word} for all its rows, and here they differ: a token made in it reaches more \
             than this one. Make one token for each, or take `flarekeep token create` or {way}"
        )
    }));
    beyond.dedup();
    beyond
}

fn elsewhere(group: &Group, places: &str, way: &str) -> String {
    let name = group.name;
    match group.scope {
        Scope::Bucket => format!(
            "{name} at {places}: this form has no buckets; R2's own page makes tokens for buckets and nothing else \
             (R2 > Manage R2 API tokens), {way} can"
        ),
        _ => format!("{name} at {places}: that this form has it is not documented; {way} can"),
    }
}

/// Whether two groups of the scope are granted at different resources.
fn uneven(draft: &TokenDraft, scope: Scope) -> bool {
    let mut places: BTreeMap<u16, BTreeSet<&Resource>> = BTreeMap::new();
    for (group, resource) in granted(draft, scope) {
        places.entry(group.index).or_default().insert(resource);
    }
    places.values().collect::<BTreeSet<_>>().len() > 1
}

/// The allowed groups of a scope with the resources they are granted at.
fn granted(draft: &TokenDraft, scope: Scope) -> impl Iterator<Item = (&'static Group, &Resource)> {
    let allowed = draft.policies.iter().filter(|policy| policy.effect == Effect::Allow);
    allowed
        .flat_map(|policy| policy.known_groups().flat_map(|group| policy.resources.iter().map(move |at| (group, at))))
        .filter(move |(group, at)| group.scope == scope && at.scope() == scope)
}

/// Where the form is.
pub(super) fn page(owner: Owner) -> (&'static str, &'static str) {
    match owner {
        Owner::User(_) => ("https://dash.cloudflare.com/profile/api-tokens", "My Profile > API Tokens"),
        Owner::Account(_) => {
            ("https://dash.cloudflare.com/?to=/:account/api-tokens", "Manage Account > Account API Tokens")
        }
    }
}

/// The address filter as the form has it.
pub(super) fn filter(draft: &TokenDraft) -> Option<String> {
    let ranges: Vec<String> = draft.allow_ips.iter().map(ToString::to_string).collect();
    (!ranges.is_empty()).then(|| format!("Client IP Address Filtering: allow {}", ranges.join(", ")))
}

/// The times as the form has them.
pub(super) fn ttl(draft: &TokenDraft) -> Option<String> {
    let start = draft.not_before.iter().map(|time| format!("start date {time}"));
    // The form has whole days: one that begins before the planned end makes the token end early, never late.
    let end = draft.expires_on.iter().map(|time| match time.split_once('T') {
        Some((day, "00:00:00Z")) => format!("end date {day} (00:00 UTC)"),
        Some((day, _)) => format!("end date {day} (00:00 UTC; the plan says {time}, and the form has whole days)"),
        None => format!("end date {time}"),
    });
    let times: Vec<String> = start.chain(end).collect();
    (!times.is_empty()).then(|| format!("TTL: {}", times.join(", ")))
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::resolve;

    use super::*;

    #[test]
    fn what_is_not_on_the_page_is_marked() {
        let path = |name: &str| row(resolve(name).unwrap().0).unwrap().path();
        assert_eq!(path("DNS Write"), "Zone > DNS > Edit");
        assert_eq!(path("DLS: Write"), "Account > DLS > Edit*");
    }
}
