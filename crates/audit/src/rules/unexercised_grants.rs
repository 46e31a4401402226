//! Groups that nothing was seen to use.

use std::collections::BTreeSet;

use flarekeep_policy::{Effect, Policy, Resource};

use super::{REPLAN, Subject, listed};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::reach::{Narrower, ProductReach, UsedOperation, is_exercised};
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::text::counted;
use crate::token::seconds;

pub(crate) static RULE: Rule = Rule {
    id: "unexercised-grants",
    title: "Grants that nothing was seen to use",
    severity: Severity::Medium,
    why: "What the work does not use, only a thief would.",
    check: Check::Token(check),
};

/// Logs of fewer days may miss work that is done once a month.
const LONG: i64 = 30;
/// A command with more operations than these is for a file.
const MOST: usize = 8;

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let Some(usage) = subject.usage.filter(|usage| !usage.calls.is_empty() && usage.unknown == 0) else {
        return Vec::new();
    };
    if !subject.has_known_policies(settings.now) {
        return Vec::new();
    }
    let calls = usage.operations();
    let used: Vec<UsedOperation> = calls
        .map(|(operation, target, called)| UsedOperation { operation, target: target.clone(), times: called.times })
        .collect();
    let idle = idle(subject, &used, usage.is_recorded, settings);
    if idle.is_empty() {
        return Vec::new();
    }
    let covered = subject.scene.world.usage.as_ref().and_then(|usage| usage.days_of(&subject.accounts()));
    let (confidence, source) = match (usage.is_recorded, covered) {
        (true, _) => (Confidence::Medium, "in the recording".to_owned()),
        (false, Some(days)) => {
            let confidence = if days >= LONG { Confidence::Medium } else { Confidence::Low };
            (confidence, format!("in audit logs that cover {}", counted(days.unsigned_abs(), "day")))
        }
        (false, None) => (Confidence::Low, "in audit logs".to_owned()),
    };
    let mut found = Found::new(confidence, format!("{} used by nothing {source}", are(idle.len())))
        .detail(format!("not seen: {}", listed(&idle, 8)))
        .detail(format!("seen: {}", counted(used.len() as u64, "kind") + " of call"));
    if !usage.is_recorded {
        found = found.detail("audit logs do not show reads: all that it may read stays");
    }
    if let Some(narrower) = &subject.reach.narrower {
        found = found.detail(format!("narrowed, it would lose {}", lost(narrower)));
    }
    vec![found.mend(mend(subject, subject.reach.narrower.as_ref()))]
}

fn are(count: usize) -> String {
    if count == 1 { "one of its grants was".to_owned() } else { format!("{count} of its grants were") }
}

/// What it would lose, by product.
fn lost(narrower: &Narrower) -> String {
    let counts = |lost: &ProductReach| {
        let counts = [(lost.reads, "that read"), (lost.writes, "that may change something")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        format!("{} ({})", lost.product, counts.collect::<Vec<_>>().join(", "))
    };
    listed(&narrower.lost.iter().map(counts).collect::<Vec<_>>(), 8)
}

/// The grants that nothing was seen to use, in words. Reads are not in audit logs.
fn idle(subject: &Subject<'_>, used: &[UsedOperation], recorded: bool, settings: &Settings) -> Vec<String> {
    let now = seconds(settings.now);
    let allows = subject.token.policies().iter().filter(|policy| policy.effect == Effect::Allow);
    let mut idle = BTreeSet::new();
    for policy in allows {
        for grant in &policy.groups {
            let Some(group) = grant.group().filter(|group| !group.operation_indexes().is_empty()) else { continue };
            let exercised = |at: &Resource| is_exercised(subject.token, *grant, at, used, now);
            if (recorded || !group.is_named_for_reading()) && !policy.resources.iter().any(exercised) {
                idle.insert(format!("{} at {}", group.name, places(subject, policy)));
            }
        }
    }
    idle.into_iter().collect()
}

fn places(subject: &Subject<'_>, policy: &Policy) -> String {
    let words: Vec<String> = policy.resources.iter().map(|at| subject.scene.world.resource_words(at)).collect();
    listed(&words, 3)
}

fn mend(subject: &Subject<'_>, narrower: Option<&Narrower>) -> Mend {
    let Some(narrower) = narrower else {
        let words = format!("take them out, after a look at what runs once a month; {REPLAN}");
        return Mend::command(words, subject.replan(""));
    };
    let lost = narrower.lost_reads + narrower.lost_writes;
    let words = format!(
        "narrow it to what it was seen to do: {} fewer, score {} instead of {}",
        counted(lost as u64, "operation"),
        narrower.score,
        subject.reach.score
    );
    match command(subject, narrower) {
        Some(command) => Mend::command(words, command),
        // The narrower policies stand in the report: `reach.narrower`.
        None => Mend::command(words, format!("flarekeep audit --usage live --rule {} --json", RULE.id)),
    }
}

/// The command that narrows it, where all calls were recorded and are of one account and one zone.
fn command(subject: &Subject<'_>, narrower: &Narrower) -> Option<String> {
    let used = &narrower.used;
    let targets: BTreeSet<_> = used.iter().filter_map(|one| one.target.zone).collect();
    let accounts: BTreeSet<_> = used.iter().filter_map(|one| one.target.account).collect();
    let plain = narrower.is_complete && narrower.plan.is_some() && used.len() <= MOST;
    let one = targets.len() <= 1 && accounts.len() <= 1 && used.iter().all(|one| one.target.bucket.is_none());
    if !plain || !one {
        return None;
    }
    let operations: Vec<String> = used.iter().map(|one| format!("--operation '{}'", one.operation)).collect();
    let account = match subject.token.owner {
        crate::token::OwnedBy::Account(_) => None,
        _ => accounts.first().map(|account| format!(" --account {account}")),
    };
    let zone = targets.first().map(|zone| format!(" --zone {zone}"));
    let places = [account, zone].into_iter().flatten().collect::<String>();
    Some(subject.command("update", &format!("{}{places}", operations.join(" "))))
}
