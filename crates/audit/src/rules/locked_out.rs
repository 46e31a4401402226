//! A condition on addresses that no address meets: the token works from nowhere.

use flarekeep_policy::AddressSet;

use super::Subject;
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "locked-out",
    title: "A token that may be used from nowhere",
    severity: Severity::Medium,
    why: "Cloudflare takes an empty list of addresses and then lets nobody in: what uses the token has stopped.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let ip = &subject.token.ip;
    if !subject.may_act(settings.now) || !AddressSet::admitted(ip).is_empty() {
        return Vec::new();
    }
    let empty = ip.within.as_ref().is_some_and(|set| set.0.is_empty());
    let summary = match empty {
        true => "its list of allowed addresses is empty, which lets nobody in",
        false => "its exceptions cover every address that it allows",
    };
    let lift = subject.command("update", "--without allow-ip");
    let found = Found::new(Confidence::High, summary)
        .mend(Mend::command("give the addresses that it is used from", subject.command("update", "--allow-ip ADDRESS")))
        .mend(Mend::command("or take the condition away, and let it be used from anywhere", lift));
    vec![found]
}
