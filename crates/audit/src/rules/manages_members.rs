//! A token that can make members, or change what they may do, can make its holder anything in the account.

use flarekeep_catalogue::Way;

use super::{REPLAN, Subject, widening};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "manages-members",
    title: "A token that can make members",
    severity: Severity::High,
    why: "Whoever has it can let himself into the account, with a role of his choice, and stay when the token is gone.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let ways = widening::ways(subject, &[Way::Members], settings);
    if ways.is_empty() {
        return Vec::new();
    }
    let inferred = subject.reach.widening.iter().filter(|way| way.way == Way::Members).all(|way| way.is_inferred);
    let found = match inferred {
        true => Found::new(Confidence::Medium, "it can change how members sign in").severity(Severity::Medium),
        false => Found::new(Confidence::High, "it can add members, or change what they may do"),
    };
    let words =
        "grant the group for reading, unless its work is members: Account Settings Write is wider than its name";
    vec![found.details(ways).mend(Mend::command(format!("{words}; {REPLAN}"), subject.replan("")))]
}
