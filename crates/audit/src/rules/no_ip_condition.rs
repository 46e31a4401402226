//! A token that looks as if it were used from few addresses, and may be used from any.

use super::limits::has_condition;
use super::{Subject, names};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "no-ip-condition",
    title: "A deployed token that may be used from anywhere",
    severity: Severity::Medium,
    why: "A server has an address of its own. A value that leaks from it is of no use elsewhere, if the token says so.",
    check: Check::Token(check),
};

/// From more addresses than these nobody is deployed: they change, as those of hosted runners do.
const MOST: usize = 4;

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let token = subject.token;
    if has_condition(&token.ip) || !subject.has_known_policies(settings.now) {
        return Vec::new();
    }
    let addresses = subject.usage.map(|usage| &usage.addresses).filter(|addresses| !addresses.is_empty());
    if let Some(addresses) = addresses {
        if addresses.len() > MOST {
            return Vec::new();
        }
        let options: Vec<String> = addresses.iter().map(|address| format!("--allow-ip {address}")).collect();
        let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let limit = Mend::command("limit it to them", subject.command("update", &options.join(" ")));
        let summary = format!("it was used from {} alone, and may be used from any", few(addresses.len()));
        return vec![Found::new(Confidence::Medium, summary).detail(format!("seen: {}", shown.join(", "))).mend(limit)];
    }
    // Hosted runners have many addresses: whoever runs there is hurt by a condition.
    let server =
        names::word_of(&token.name, names::SERVER).filter(|_| names::word_of(&token.name, names::CI).is_none());
    let Some(word) = server else { return Vec::new() };
    let found = Found::new(
        Confidence::Low,
        format!("it may be used from any address, and `{word}` in its name tells of a server"),
    )
    .severity(Severity::Low)
    .mend(Mend::command("limit it to the server's addresses", subject.command("update", "--allow-ip ADDRESS")));
    vec![found]
}

fn few(count: usize) -> String {
    if count == 1 { "one address".to_owned() } else { format!("{count} addresses") }
}
