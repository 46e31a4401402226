//! A user's token that runs where nobody sits.

use std::collections::BTreeSet;

use flarekeep_catalogue::{AccountId, Group, Operation, Scope};

use super::places::effective;
use super::{Subject, listed, names};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::token::OwnedBy;

pub(crate) static RULE: Rule = Rule {
    id: "user-token-in-ci",
    title: "A user's token that CI uses",
    severity: Severity::Medium,
    why: "It dies with the user's membership, and acts in the user's name. An account's token outlives whoever made it.",
    check: Check::Token(check),
};

/// How programs call themselves that run in CI as a rule.
const AGENTS: &[&str] =
    &["terraform", "pulumi", "github-actions", "actions/", "gitlab", "jenkins", "atlantis", "opentofu"];

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let token = subject.token;
    if !matches!(token.owner, OwnedBy::User(_)) || !subject.may_act(settings.now) {
        return Vec::new();
    }
    let of_ci = |agent: &&String| {
        let agent = agent.to_ascii_lowercase();
        AGENTS.iter().any(|known| agent.contains(known))
    };
    let agent = subject.usage.and_then(|usage| usage.user_agents.iter().find(of_ci));
    let word = names::word_of(&token.name, names::CI);
    let (confidence, because) = match (agent, word) {
        (Some(agent), _) => (Confidence::Medium, format!("`{}` uses it", crate::text::shown(agent))),
        (None, Some(word)) => (Confidence::Low, format!("`{word}` in its name tells of CI")),
        (None, None) => return Vec::new(),
    };
    let mut found = Found::new(confidence, format!("a user owns it, and {because}"));
    let of_user: BTreeSet<&str> =
        effective(subject).filter(|group| group.scope == Scope::User).map(|group| group.name).collect();
    let of_user: Vec<&str> = of_user.into_iter().collect();
    if !of_user.is_empty() {
        found = found.detail(format!("an account's token cannot hold {}", of_user.join(", ")));
    }
    let closed = closed(subject);
    if !closed.is_empty() {
        found = found.detail(format!("no token of an account is taken by {}", listed(&closed, 4)));
    }
    let another =
        format!("flarekeep token create --owner account --account {} --recipe RECIPE --to SINK", home(subject));
    let mend = match of_user.is_empty() && closed.is_empty() {
        true => Mend::command(
            "make an account's token for the same work (flarekeep recipe list), then revoke this one",
            another,
        ),
        false => Mend::command(
            "keep a user's token for that part; an account's can do the rest of the work (flarekeep recipe list)",
            another,
        ),
    };
    vec![found.mend(mend)]
}

/// The products of which it may call something that no token of an account may, where a third of what a group opens is
/// so: reads as the list of page rules are open to many groups that are meant for something else.
fn closed(subject: &Subject<'_>) -> Vec<String> {
    let is_closed = |operation: &&Operation| operation.closed_to_account_tokens;
    let is_meant = |group: &&Group| {
        group.scope != Scope::User && group.operations().filter(is_closed).count() * 3 >= group.operations().count()
    };
    let held = effective(subject).filter(is_meant).flat_map(Group::operations).filter(is_closed);
    let products: BTreeSet<&str> = held.map(Operation::product).collect();
    products.into_iter().map(str::to_owned).collect()
}

/// The account for the other token: where there is one alone, it.
fn home(subject: &Subject<'_>) -> String {
    let seen = subject.accounts();
    let known: Vec<&AccountId> = match seen.is_empty() {
        true => subject.scene.world.accounts.keys().collect(),
        false => seen.iter().collect(),
    };
    match known.as_slice() {
        [one] => one.to_string(),
        _ => "ACCOUNT".to_owned(),
    }
}
