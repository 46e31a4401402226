//! Recordings of calls (docs/recording.md) as usage.

use flarekeep_catalogue::TokenId;
use flarekeep_planner::Target;
use flarekeep_planner::source::calls::Failed;
use flarekeep_planner::source::{Zones, recording as recorded};

use super::{File, ReadError};
use crate::usage::Usage;

/// Reads a recording of all that one token called as usage. Calls that failed are left out; a call counts once however
/// often it was made.
///
/// # Errors
/// If the text is no recording.
pub fn recording(name: &str, text: &str, token: TokenId) -> Result<Usage, ReadError> {
    let file = File::new(name, text);
    let reading = recorded::read(name, text.as_bytes(), Failed::Exclude).map_err(|error| ReadError {
        name: file.shown(),
        line: error.line.unwrap_or(1),
        reason: super::guarded(&error.reason),
    })?;
    let mut usage = Usage { sources: vec![file.shown()], ..Usage::default() };
    let seen = usage.tokens.entry(token).or_default();
    seen.is_recorded = true;
    seen.unknown = reading.unread.len() as u64;
    for need in reading.needs(&Target::default(), &Zones::default()) {
        seen.note(need.operation, need.resource, None);
    }
    Ok(usage)
}
