//! A condition on addresses that lets nearly everybody in.

use flarekeep_policy::{IpCondition, IpSet};
use ipnet::IpNet;

use super::Subject;
use super::limits::{has_condition, is_open};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "open-ip-condition",
    title: "A condition on addresses that limits nothing",
    severity: Severity::Low,
    why: "It looks like a limit in every list, and lets nearly everybody in.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let ip = &subject.token.ip;
    if !subject.has_known_policies(settings.now) || !has_condition(ip) || !is_open(ip) {
        return Vec::new();
    }
    let ranges = ip.within.as_ref().map(|set| set.0.as_slice()).unwrap_or_default();
    let wide = |range: &&IpNet| is_open(&IpCondition { within: Some(IpSet(vec![**range])), not_within: None });
    let summary = match (ranges.iter().find(wide), &ip.within) {
        (Some(range), _) => format!("it may be used from all of {range}"),
        (None, Some(_)) => format!("its {} ranges together are nobody's own", ranges.len()),
        (None, None) => "it bars a few addresses, and may be used from all others".to_owned(),
    };
    let limit = subject.command("update", "--allow-ip ADDRESS");
    vec![Found::new(Confidence::High, summary).mend(Mend::command("give the addresses that it is used from", limit))]
}
