//! A token that ended is in the way: it hides the living.

use flarekeep_policy::Status;

use super::Subject;
use crate::level::{Confidence, Severity};
use crate::mend::{Mend, SafeMend};
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "expired",
    title: "A token that ended and is listed still",
    severity: Severity::Low,
    why: "It hides those that matter. Whether it counts against the quota, and whether a later end brings it back, is not documented.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let token = subject.token;
    let ended = token.expires_on.filter(|end| *end <= settings.now);
    if token.status == Status::RevokedExposed || token.status != Status::Expired && ended.is_none() {
        return Vec::new();
    }
    let summary = match ended {
        Some(end) => format!("it ended on {}", end.strftime("%Y-%m-%d")),
        None => "it has ended".to_owned(),
    };
    let mend = Mend::command("remove it", subject.command("revoke", ""));
    let safe = SafeMend::Revoke { token: token.id, owner: token.owner };
    vec![Found::new(Confidence::High, summary).mend(mend.safe(safe))]
}
