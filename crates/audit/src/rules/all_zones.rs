//! A token for every zone, where one or a few would do.

use std::collections::BTreeSet;

use flarekeep_catalogue::{AccountId, Scope, ZoneId};
use flarekeep_policy::{OperationSet, Place, Resource};

use super::places::{is_recorded, telling, wide};
use super::{REPLAN, Subject, listed};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "all-zones",
    title: "A token for all zones",
    severity: Severity::Medium,
    why: "A leak reaches every domain, those that come later too. Most work is done in one.",
    check: Check::Token(check),
};

/// In so many zones work is done in a few; in more, "all" may be what is meant.
const FEW: usize = 3;

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    if !subject.has_known_policies(settings.now) {
        return Vec::new();
    }
    let is_wide = |at: &Resource| matches!(at, Resource::AllZones | Resource::AllZonesOf(_));
    let wide = wide(subject, Scope::Zone, &at_any_zone(subject), is_wide);
    let Some(first) = wide.resources.first() else { return Vec::new() };
    let world = subject.scene.world;
    let changing: Vec<_> = wide.groups.iter().filter(|group| !group.is_named_for_reading()).collect();
    let groups = listed(&wide.groups.iter().map(|group| group.name.to_owned()).collect::<Vec<_>>(), 6);
    let words = wide.resources.iter().map(|at| world.resource_words(at)).collect::<Vec<_>>().join(" and ");
    let found = |confidence, summary: String, mend: Mend| {
        Found::new(confidence, summary).detail(format!("{groups} at {words}")).mend(mend)
    };
    let recorded = is_recorded(subject);
    let used = used(subject);
    if !used.is_empty() && used.len() <= FEW && (recorded || !changing.is_empty()) {
        let names = used.iter().map(|zone| world.zone_words(*zone)).collect::<Vec<_>>().join(", ");
        let zones: String = used.iter().map(|zone| format!(" --zone {zone}")).collect();
        let plan = subject.replan(&zones);
        return vec![match recorded {
            true => found(
                Confidence::High,
                format!("it may act in {words}, and was seen in {names} alone"),
                Mend::command(format!("grant it at {names} instead; {REPLAN}"), plan),
            ),
            false => found(
                Confidence::Medium,
                format!("it may change things in {words}, and was seen to in {names} alone; reads are not logged"),
                Mend::command(
                    format!(
                        "grant what changes something at {names} alone; what reads may be needed in others; {REPLAN}"
                    ),
                    plan,
                ),
            ),
        }];
    }
    if let Some((zone, id)) = only_zone(subject, first) {
        let zones = id.map(|id| format!(" --zone {id}")).unwrap_or_default();
        let mend = format!("grant it at {zone}: zones that come later are then not reached; {REPLAN}");
        let summary = format!("it may act in {words}, of which there is one");
        return vec![found(Confidence::Medium, summary, Mend::command(mend, subject.replan(&zones)))];
    }
    // Nothing shows that fewer would do. What changes something is worth a look all the same.
    if used.len() > FEW || changing.is_empty() {
        return Vec::new();
    }
    let summary = format!("it may change things in {words}; whether fewer would do is not known");
    let look = Mend::command(
        "see in which zones it acts, and name those",
        format!("flarekeep audit --usage live --rule {}", RULE.id),
    );
    vec![found(Confidence::Low, summary, look).severity(Severity::Low)]
}

/// What the token may call at a zone that no policy names.
fn at_any_zone(subject: &Subject<'_>) -> OperationSet {
    let is_any = |place: &Place| matches!(place, Place::Zone { zone: None, .. });
    let areas = subject.measured.reach.areas.iter().filter(|area| area.places.iter().any(is_any));
    areas.fold(OperationSet::new(), |all, area| all.or(&area.operations))
}

/// The zones that it was seen in. A list of zones is filtered, and shows no need of any.
fn used(subject: &Subject<'_>) -> BTreeSet<ZoneId> {
    telling(subject).filter(|(operation, _)| operation.names_zone()).filter_map(|(_, target)| target.zone).collect()
}

/// The only zone that "all" stands for, in words and with its id, where the accounts are known to have no other.
fn only_zone(subject: &Subject<'_>, wide: &Resource) -> Option<(String, Option<ZoneId>)> {
    let world = subject.scene.world;
    let of = |account: &AccountId| {
        let facts = world.accounts.get(account)?;
        (facts.zones == Some(1)).then_some(())?;
        let zone = world.zones.iter().find(|(_, zone)| zone.account == Some(*account));
        let unnamed = || (format!("the zone of {}", world.account_words(*account)), None);
        Some(zone.map_or_else(unnamed, |(id, _)| (world.zone_words(*id), Some(*id))))
    };
    match wide {
        Resource::AllZonesOf(account) => of(account),
        Resource::AllZones => match world.accounts.keys().collect::<Vec<_>>().as_slice() {
            [one] if world.unread.is_empty() => of(one),
            _ => None,
        },
        _ => None,
    }
}
