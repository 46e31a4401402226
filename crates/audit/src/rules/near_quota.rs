//! An owner with nearly as many tokens as it may have: the next rotation has no room.

use std::collections::BTreeMap;

use flarekeep_policy::Status;

use super::{Scene, days};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::token::{OwnedBy, TokenRecord};

pub(crate) static RULE: Rule = Rule {
    id: "near-quota",
    title: "Nearly as many tokens as the quota allows",
    severity: Severity::Medium,
    why: "A rotation needs room for one more. Where there is none, tokens are not rotated, or two jobs share one.",
    check: Check::World(check),
};

/// Tokens of a user, and of an account (Cloudflare's limits page, 2026-04-20); a contract can raise the second.
const OF_USER: u64 = 50;
const OF_ACCOUNT: u64 = 500;
/// For so many days the growth is looked at, and looked ahead.
const AHEAD: i64 = 90;

fn check(scene: &Scene<'_>, settings: &Settings) -> Vec<Found> {
    let mut owners: BTreeMap<OwnedBy, Vec<&TokenRecord>> = BTreeMap::new();
    for token in scene.tokens.iter().filter(|token| token.owner != OwnedBy::Unknown) {
        owners.entry(token.owner).or_default().push(token);
    }
    owners.iter().filter_map(|(owner, tokens)| of_owner(*owner, tokens, scene, settings)).collect()
}

fn of_owner(owner: OwnedBy, tokens: &[&TokenRecord], scene: &Scene<'_>, settings: &Settings) -> Option<Found> {
    let (quota, whose) = match owner {
        OwnedBy::Account(account) => {
            let facts = scene.world.accounts.get(&account);
            (facts.and_then(|facts| facts.token_quota).unwrap_or(OF_ACCOUNT), scene.world.account_words(account))
        }
        _ => (OF_USER, "the user".to_owned()),
    };
    // Whether those that ended count is not documented.
    let (over, there): (Vec<&TokenRecord>, Vec<&TokenRecord>) =
        tokens.iter().copied().partition(|token| is_over(token, settings));
    let (count, surely) = (tokens.len() as u64, there.len() as u64);
    let recent =
        there.iter().filter(|token| token.issued_on.is_some_and(|made| days(made, settings.now) < AHEAD)).count()
            as u64;
    let is_full =
        |count: u64| count.saturating_mul(100) >= quota.saturating_mul(u64::from(settings.thresholds.quota_percent));
    let full = is_full(count);
    // As many more as were made of late; those that were removed meanwhile are not seen.
    let soon = count < quota && count.saturating_add(recent) >= quota && count.saturating_mul(2) >= quota;
    if !full && !soon {
        return None;
    }
    let dead = there.iter().filter(|token| !token.is_living(settings.now)).count();
    let confidence = if is_full(surely) { Confidence::High } else { Confidence::Medium };
    let list = "flarekeep audit --rule expired --rule disabled --rule never-used --rule unused";
    let mut found = Found::new(confidence, format!("{whose} has {count} of {quota} tokens"))
        .thing(format!("{}:{}", owner.word(), owner.id().unwrap_or_default()))
        .mend(Mend::command("remove those that are dead or unused", list));
    if dead > 0 {
        found = found.detail(format!("{dead} of them cannot be used now"));
    }
    if !over.is_empty() {
        found = found.detail(format!("{} of them are over; whether those count is not documented", over.len()));
    }
    if soon {
        found = found.detail(format!(
            "{recent} were made in the last {AHEAD} days: at that pace the quota is full within as many"
        ));
    }
    Some(if surely >= quota { found.severity(Severity::High) } else { found })
}

fn is_over(token: &TokenRecord, settings: &Settings) -> bool {
    matches!(token.status, Status::Expired | Status::RevokedExposed)
        || token.expires_on.is_some_and(|end| end <= settings.now)
}
