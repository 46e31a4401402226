//! Refusals in what somebody pastes: an error's body, a curl command with its output, the words of wrangler, Terraform,
//! certbot, rclone, an SDK, whole logs of them.
//!
//! The text is somebody's clipboard: it may hold credentials, and it may be made to do harm. Whatever it is, reading takes
//! time in proportion to its length, keeps no more than [`MOST`] refusals, and nothing comes back but messages without
//! control characters, paths whose words are plain, ids, numbers, and of a credential its form.

mod body;
mod call;
mod clean;
mod credential;
mod curl;
mod draft;
mod frame;
mod hint;
mod line;
mod reader;
mod s3;
mod tool;
mod value;
mod words;

use flarekeep_catalogue::{Method, Operation};
use flarekeep_planner::source::calls::locate;
use frame::without_frames;
use reader::Reader;

use crate::refusal::Refusal;

/// How many refusals of a text are kept.
pub const MOST: usize = 200;
/// How much of a text is read, in bytes: what follows is passed over.
pub const LONGEST: usize = 1 << 24;

/// The refusals of a text, in its order; the same one only once. None where the text tells of none.
#[must_use]
pub fn read(text: &str) -> Vec<Refusal> {
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let (text, _) = text.split_at(end);
    let text = without_frames(text);
    let mut reader = Reader::of(&text);
    reader.text(&text, None, 0);
    reader.finish()
}

/// The operations that a refusal may be of: the one that it names, else all that answer at its path.
#[must_use]
pub fn operations(refusal: &Refusal) -> Vec<&'static Operation> {
    if let Some(operation) = refusal.operation {
        return vec![operation];
    }
    let located = refusal.path.as_deref().filter(|_| refusal.target.bucket.is_none());
    let located = located.and_then(|path| locate(refusal.method.map(Method::as_str), path));
    located.map(|located| located.operations).unwrap_or_default()
}

#[cfg(test)]
mod tests;
