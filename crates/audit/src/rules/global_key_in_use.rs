//! The Global API key may do all that the user may, everywhere, and cannot be limited.

use super::{Scene, listed};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::text::counted;

pub(crate) static RULE: Rule = Rule {
    id: "global-key-in-use",
    title: "A Global API key in use",
    severity: Severity::High,
    why: "It may do all that the user may, has no end and no limit, and there is one of it for everything.",
    check: Check::World(check),
};

fn check(scene: &Scene<'_>, _: &Settings) -> Vec<Found> {
    let keys = scene.world.usage.iter().flat_map(|usage| &usage.keys);
    keys.map(|key| {
        let summary = format!("the Global API key of {} made {}", key.user, counted(key.times, "call"));
        let last = key.last.map(|last| format!("the last on {}", last.strftime("%Y-%m-%d %H:%M UTC")));
        let from: Vec<String> = key.addresses.iter().map(ToString::to_string).collect();
        let from = (!from.is_empty()).then(|| format!("from {}", listed(&from, 5)));
        Found::new(Confidence::High, summary).thing(key.user.clone()).details(last.into_iter().chain(from)).mend(
            Mend::command(
                "make a token for each WORK that uses it (flarekeep record -- WORK shows what it needs); then change the key",
                "flarekeep record -- WORK",
            ),
        )
    })
    .collect()
}
