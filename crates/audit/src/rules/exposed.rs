//! Cloudflare found the token's value in public and revoked it: whoever read it there may have used it before.

use flarekeep_policy::Status;

use super::Subject;
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "exposed",
    title: "A token whose value was found in public",
    severity: Severity::Critical,
    why: "Cloudflare revoked it, since it stood in a public repository. What it could do may have been done before.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, _: &Settings) -> Vec<Found> {
    let token = subject.token;
    if token.status != Status::RevokedExposed {
        return Vec::new();
    }
    let used = token.last_used_on.map(|day| format!("last used on {}", day.strftime("%Y-%m-%d %H:%M UTC")));
    let found = Found::new(Confidence::High, "Cloudflare found its value in public and revoked it")
        .details(used)
        .mend(Mend::command(
            "read the audit logs for what it did, and take the value out of where it was found",
            "flarekeep audit --usage live --json",
        ))
        // It is dead already, and evidence: to remove it, or to roll it, is for whoever has looked.
        .mend(Mend::command("then remove it; work that needs it gets a new token", subject.command("revoke", "")));
    vec![found]
}
