//! A token that can run code or make keys reaches what that code and those keys reach.

use flarekeep_catalogue::Way;

use super::{Subject, widening};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "reaches-by-code",
    title: "A token that reaches more through code or keys",
    severity: Severity::Info,
    why: "A Worker's bindings need no permission on what they bind, a build runs under a token of its own, and keys of R2 are valid beside the token.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let ways = widening::ways(subject, &[Way::Workers, Way::Pages, Way::Builds, Way::R2], settings);
    if ways.is_empty() {
        return Vec::new();
    }
    let found = Found::new(Confidence::High, "it can reach more than its groups say, through code or keys")
        .details(ways)
        .mend(Mend::words(
            "count the account's KV, R2, D1 and queues to its reach; keep what must be apart in an account of its own",
        ));
    vec![found]
}
