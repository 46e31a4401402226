//! A token that can make tokens can make one with everything that its owner may do.

use flarekeep_catalogue::Way;

use super::limits::{Unlimited, unlimited};
use super::{REPLAN, Subject, widening};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "mints-tokens",
    title: "A token that can make tokens",
    severity: Severity::High,
    why: "Whoever has it can make others with permissions of its owner, and keep them when this one is gone.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let ways = widening::ways(subject, &[Way::Tokens], settings);
    if ways.is_empty() {
        return Vec::new();
    }
    let held = || subject.reach.widening.iter().filter(|way| way.way == Way::Tokens);
    let Unlimited { end, addresses } = unlimited(subject.token, settings);
    let mut found = if held().all(|way| way.is_inferred) {
        Found::new(Confidence::Medium, "it can make or change OAuth clients, and those may make API tokens")
            .severity(Severity::Medium)
    } else {
        // A user's token with this right is documented to reach all that the user does. Of an account's Cloudflare says since
        // October 2026 that nobody makes what he does not hold, and reports differ in how far that is checked.
        let of_user = held().any(|way| !way.is_inferred && way.operation.path().starts_with("/user/"));
        let confidence = if of_user { Confidence::High } else { Confidence::Medium };
        let found = Found::new(confidence, "it can make and change API tokens");
        match end && addresses {
            true => found.severity(Severity::Critical).detail("neither its end nor a condition on addresses limits it"),
            false => found,
        }
    };
    found = found.details(ways);
    let products = subject.reach.products.iter().map(|product| product.product);
    let others: Vec<String> = products.filter(|name| *name != "API tokens").map(str::to_owned).collect();
    if !others.is_empty() {
        let kept =
            format!("Cloudflare advises to keep other permissions out of it; it has {}", super::listed(&others, 5));
        found = found.detail(kept);
    }
    // What it has is never widened: no end is moved back, and no list is replaced.
    let missing = match (end, addresses) {
        (true, true) => Some((
            "give it an end, and limit it to the addresses that it is used from",
            "--expires 90d --allow-ip ADDRESS",
        )),
        (true, false) => Some(("give it an end", "--expires 90d")),
        (false, true) => Some(("limit it to the addresses that it is used from", "--allow-ip ADDRESS")),
        (false, false) => None,
    };
    if let Some((words, limits)) = missing {
        found = found.mend(Mend::command(words, subject.command("update", limits)));
    }
    let other = format!("take the right away, if its work is another: {REPLAN}");
    vec![found.mend(Mend::command(other, subject.replan("")))]
}
