//! A group at a resource of another scope: Cloudflare takes it, and it grants nothing.

use std::collections::BTreeMap;

use flarekeep_catalogue::{GroupProvenance, Scope};
use flarekeep_policy::{Effect, Grant, Policy, Resource};

use super::{REPLAN, Subject, fixing, tidy};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::token::OwnedBy;

pub(crate) static RULE: Rule = Rule {
    id: "ineffective-grant",
    title: "A group where it grants nothing",
    severity: Severity::Low,
    why: "A group takes effect at resources of its own scope alone. Whoever put it there thinks that the token may do more, or less, than it may.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    if !subject.has_known_policies(settings.now) {
        return Vec::new();
    }
    let mut wrong: BTreeMap<(&str, String), String> = BTreeMap::new();
    let mut kept: Vec<Policy> = Vec::new();
    for policy in subject.token.policies() {
        let (vain, good): (Vec<Grant>, Vec<Grant>) =
            policy.groups.iter().copied().partition(|grant| is_vain(*grant, policy, subject.token.owner));
        for group in vain.iter().filter_map(Grant::group) {
            let places: Vec<String> =
                policy.resources.iter().map(|resource| subject.scene.world.resource_words(resource)).collect();
            let why = match (group.scope, subject.token.owner) {
                (Scope::User, OwnedBy::Account(_)) => "an account's token holds nothing at a user".to_owned(),
                (scope, _) => format!("it takes effect at {} alone", resources(scope)),
            };
            let place = super::listed(&places, 3);
            wrong.insert((group.name, place.clone()), format!("{} at {place}: {why}", group.name));
        }
        if !good.is_empty() {
            kept.push(Policy { groups: good, ..policy.clone() });
        }
    }
    let Some((first, _)) = wrong.keys().next() else { return Vec::new() };
    let summary = match wrong.len() {
        1 => format!("{first} grants nothing where it is"),
        more => format!("{more} groups grant nothing where they are"),
    };
    let words = format!("put it where it takes effect, if the work needs it; else take it out; {REPLAN}");
    let mend = Mend::command(words, subject.replan(""));
    let mut found = Found::new(Confidence::High, summary).details(wrong.into_values());
    found = match tidy(subject, kept, settings) {
        // A token without any policy is none: then there is nothing to keep.
        Some(safe) => found
            .mend(
                Mend::command("take out what grants nothing: the token may do the same without it", fixing(&RULE))
                    .safe(safe),
            )
            .mend(mend),
        None => found.mend(mend),
    };
    vec![found]
}

/// Whether a group grants nothing at any resource of its policy, for all that is published.
fn is_vain(grant: Grant, policy: &Policy, owner: OwnedBy) -> bool {
    let Grant::Group(group) = grant else { return false };
    // Where a scope is inferred it is not known that the group opens nothing at another.
    let is_published =
        group.provenance == GroupProvenance::Published && !matches!(group.scope, Scope::Unknown | Scope::FlagshipApp);
    let outside = |resource: &Resource| matches!((owner, resource), (OwnedBy::Account(_), Resource::User(_)));
    is_published
        && policy.effect == Effect::Allow
        && !policy.resources.is_empty()
        && policy.resources.iter().all(|resource| {
            resource.scope() != Scope::Unknown && (resource.scope() != group.scope || outside(resource))
        })
}

fn resources(scope: Scope) -> &'static str {
    match scope {
        Scope::User => "the user",
        Scope::Account => "accounts",
        Scope::Zone => "zones",
        Scope::Bucket => "R2 buckets",
        Scope::FlagshipApp | Scope::Unknown => "resources of another kind",
    }
}
