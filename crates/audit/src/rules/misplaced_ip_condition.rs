//! A condition on addresses at a token for a desk: addresses at home and on the road change.

use super::{Subject, names};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "misplaced-ip-condition",
    title: "A condition on addresses at a token for local work",
    severity: Severity::Info,
    why: "Addresses at home and on the road change, and the day they do, a broader token is made in a hurry.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let token = subject.token;
    let limited = token.ip.within.as_ref().is_some_and(|set| !set.0.is_empty());
    let Some(word) = names::word_of(&token.name, names::LOCAL).filter(|_| limited) else { return Vec::new() };
    if !subject.has_known_policies(settings.now) {
        return Vec::new();
    }
    let found = Found::new(
        Confidence::Low,
        format!("it is limited to addresses, and `{word}` in its name tells of a desk"),
    )
    .mend(Mend::command(
        "keep a token of its own for local work, with few permissions and a near end, and the condition for servers",
        format!("{} --expires 7d", subject.another()),
    ));
    vec![found]
}
