//! The rules, one a file; docs/rules has a page for each.

mod all_accounts;
mod all_zones;
mod broad_template;
mod deprecated_group;
mod disabled;
mod expired;
mod expires_soon;
mod exposed;
mod global_key_in_use;
mod implied_group;
mod ineffective_grant;
mod limits;
mod locked_out;
mod manages_members;
mod many_purposes;
mod mints_tokens;
mod misplaced_ip_condition;
mod name_pattern;
mod names;
mod near_quota;
mod never_used;
mod no_expiry;
mod no_ip_condition;
mod not_rotated;
mod open_ip_condition;
mod pages;
mod places;
mod reaches_by_code;
mod shared_token;
mod subject;
mod unexercised_grants;
mod unknown_status;
mod unproved_grant;
mod unused;
mod user_token_in_ci;
mod widening;

use std::sync::LazyLock;

use flarekeep_catalogue::{Operation, Rule as GroupRule, operations};
use flarekeep_policy::{Policy, Token, compare};

pub(crate) use self::pages::page;
use self::subject::days;
pub(crate) use self::subject::{Scene, Subject};
use crate::finding::{About, Finding};
use crate::level::{Confidence, Severity};
use crate::mend::SafeMend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::token::seconds;

/// Every rule, by its id.
pub static RULES: &[&Rule] = &[
    &all_accounts::RULE,
    &all_zones::RULE,
    &broad_template::RULE,
    &deprecated_group::RULE,
    &disabled::RULE,
    &expired::RULE,
    &expires_soon::RULE,
    &exposed::RULE,
    &global_key_in_use::RULE,
    &implied_group::RULE,
    &ineffective_grant::RULE,
    &locked_out::RULE,
    &manages_members::RULE,
    &many_purposes::RULE,
    &mints_tokens::RULE,
    &misplaced_ip_condition::RULE,
    &name_pattern::RULE,
    &near_quota::RULE,
    &never_used::RULE,
    &no_expiry::RULE,
    &no_ip_condition::RULE,
    &not_rotated::RULE,
    &open_ip_condition::RULE,
    &reaches_by_code::RULE,
    &shared_token::RULE,
    &unexercised_grants::RULE,
    &unknown_status::RULE,
    &unproved_grant::RULE,
    &unused::RULE,
    &user_token_in_ci::RULE,
];

/// The rule with this id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// What the rules for one token find.
pub(crate) fn looked_at(subject: &Subject<'_>, about: &About<'_>, settings: &Settings) -> Vec<Finding> {
    let mut all = Vec::new();
    for rule in on(settings) {
        if let Check::Token(check) = rule.check {
            let found = check(subject, settings).into_iter().map(|found| capped(rule, found));
            all.extend(found.map(|found| Finding::of(rule, Some(about), found)));
        }
    }
    all
}

/// What the rules for all there is find.
pub(crate) fn looked_around(scene: &Scene<'_>, settings: &Settings) -> Vec<Finding> {
    let mut all = Vec::new();
    for rule in on(settings) {
        if let Check::World(check) = rule.check {
            all.extend(check(scene, settings).into_iter().map(|found| Finding::of(rule, None, found)));
        }
    }
    all
}

fn on(settings: &Settings) -> impl Iterator<Item = &'static Rule> + '_ {
    RULES.iter().copied().filter(|rule| !settings.off.contains(rule.id))
}

/// No guess makes a finding worse than low: a name or a habit is no evidence. That a token is for all accounts is none, and
/// whether one would do is: it is medium then.
fn capped(rule: &Rule, found: Found) -> Found {
    let most = match (found.confidence, rule.id) {
        (Confidence::Low, "all-accounts") => Severity::Medium,
        (Confidence::Low, _) => Severity::Low,
        _ => return found,
    };
    let severity = found.severity.unwrap_or(rule.severity).max(most);
    found.severity(severity)
}

/// What stands beside [`Subject::replan`].
const REPLAN: &str = "RECIPE is its work (flarekeep recipe list), and the difference is shown before it is written";

/// What stands beside the command that lets `--fix` write tidier policies.
fn fixing(rule: &Rule) -> String {
    format!("flarekeep audit --fix --rule {}", rule.id)
}

/// The mend that writes these policies, if the engine proves that the token may do just the same with them.
fn tidy(subject: &Subject<'_>, policies: Vec<Policy>, settings: &Settings) -> Option<SafeMend> {
    if policies.is_empty() {
        return None;
    }
    let old = &subject.measured.token;
    let new = Token { policies: policies.clone(), ..old.clone() };
    let same = compare(old, &new, &subject.measured.ownership, seconds(settings.now)).is_same();
    same.then_some(SafeMend::Tidy { token: subject.token.id, owner: subject.token.owner, policies })
}

/// The first few of a list, and how many more there are.
fn listed(all: &[String], most: usize) -> String {
    let more = all.len().saturating_sub(most);
    let shown = all.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// The operations of which nobody has published what they accept.
fn unlabelled() -> &'static [&'static Operation] {
    static ALL: LazyLock<Vec<&'static Operation>> =
        LazyLock::new(|| operations().iter().filter(|operation| operation.rule == GroupRule::Unlabelled).collect());
    &ALL
}
