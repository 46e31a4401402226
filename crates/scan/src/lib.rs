//! Leaked credentials of Cloudflare in files, archives of text and git history.
//!
//! [`detect`] is pure: bytes in, places out. What reads files ([`walk`]), archives ([`archive`]) and repositories
//! ([`git`]) hands it pieces of text, and a [`Tally`] takes the [`Finding`]s. A finding holds its value, hidden: it is
//! there to be verified and ended, and is shown by its form and its fingerprint alone.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod accepted;
pub mod allow;
pub mod archive;
pub mod detect;
mod finding;
pub mod git;
mod reader;
mod text;
pub mod walk;

pub use accepted::{Accepted, BadAccepted, Baseline};
pub use finding::{Beside, Confidence, Finding, History, Holder, Place, fingerprint};
pub use flarekeep_catalogue::{LeakEnd, LeakForm};
pub use reader::{Buffer, Source, Tally, Unread, scan_reader};
