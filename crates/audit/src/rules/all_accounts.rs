//! A token for every account, where one would do.

use std::collections::BTreeSet;

use flarekeep_catalogue::{AccountId, Scope};
use flarekeep_policy::{OperationSet, Place, Resource};

use super::places::{is_recorded, telling, wide};
use super::{REPLAN, Subject, listed};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "all-accounts",
    title: "A token for all accounts",
    severity: Severity::High,
    why: "A leak reaches every account that the user is a member of, and every one that the user will be.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    if !subject.has_known_policies(settings.now) {
        return Vec::new();
    }
    let wide = wide(subject, Scope::Account, &at_any_account(subject), |at| *at == Resource::AllAccounts);
    if wide.groups.is_empty() {
        return Vec::new();
    }
    let world = subject.scene.world;
    let names = listed(&wide.groups.iter().map(|group| group.name.to_owned()).collect::<Vec<_>>(), 6);
    let reads = wide.groups.iter().all(|group| group.is_named_for_reading());
    let recorded = is_recorded(subject);
    // What only reads leaves no trace in audit logs.
    let used = if recorded || !reads { used(subject) } else { BTreeSet::new() };
    let (confidence, summary, words, one) = match used.iter().collect::<Vec<_>>().as_slice() {
        [one] => {
            let account = world.account_words(**one);
            let (confidence, summary, words) = match recorded {
                true => (
                    Confidence::High,
                    format!("it may act in all accounts, and was seen in {account} alone"),
                    format!("grant it at {account} instead"),
                ),
                false => (
                    Confidence::Medium,
                    format!(
                        "it may change things in all accounts, and was seen to in {account} alone; reads are not logged"
                    ),
                    format!("grant what changes something at {account} alone; what reads may be needed in others"),
                ),
            };
            (confidence, summary, words, Some(**one))
        }
        _ => match world.accounts.keys().collect::<Vec<_>>().as_slice() {
            [one] if world.unread.is_empty() => {
                let summary = "it may act in all accounts, of which one is known".to_owned();
                let account = world.account_words(**one);
                let words = format!("grant it at {account}: accounts that come later are then not reached");
                (Confidence::Medium, summary, words, Some(**one))
            }
            _ => {
                let summary = "it may act in all accounts; whether one would do is not known".to_owned();
                (Confidence::Low, summary, "name the accounts that it is for".to_owned(), None)
            }
        },
    };
    let account = one.map_or_else(|| "ACCOUNT".to_owned(), |account| account.to_string());
    let mend = Mend::command(format!("{words}; {REPLAN}"), subject.replan(&format!(" --account {account}")));
    let found = Found::new(confidence, summary).detail(format!("{names} at all accounts")).mend(mend);
    vec![if reads { found.severity(Severity::Medium) } else { found }]
}

/// What the token may call in an account that no policy names.
fn at_any_account(subject: &Subject<'_>) -> OperationSet {
    let is_any = |place: &Place| matches!(place, Place::Account(None) | Place::Unplaced);
    let areas = subject.measured.reach.areas.iter().filter(|area| area.places.iter().any(is_any));
    areas.fold(OperationSet::new(), |all, area| all.or(&area.operations))
}

fn used(subject: &Subject<'_>) -> BTreeSet<AccountId> {
    let owner = |zone| subject.scene.world.zones.get(&zone).and_then(|facts| facts.account);
    telling(subject).filter_map(|(_, target)| target.account.or_else(|| target.zone.and_then(owner))).collect()
}
