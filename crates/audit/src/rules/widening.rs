//! The ways in which a token could give itself more, as lines of a finding.

use flarekeep_catalogue::Way;

use super::Subject;
use crate::settings::Settings;

/// How many ways are shown.
const MOST: usize = 6;

/// The ways of these kinds that the token has: an operation, where, and what is gained.
pub(super) fn ways(subject: &Subject<'_>, wanted: &[Way], settings: &Settings) -> Vec<String> {
    if !subject.has_known_policies(settings.now) {
        return Vec::new();
    }
    let ways = subject.reach.widening.iter().filter(|way| wanted.contains(&way.way));
    let lines = ways.map(|way| format!("{} at {}: {}", way.operation, way.place, way.gains));
    let all: Vec<String> = lines.collect();
    let more = all.len().saturating_sub(MOST);
    let rest = (more > 0).then(|| format!("and {more} more ways"));
    all.into_iter().take(MOST).chain(rest).collect()
}
