//! The journal: what was about to be done, and what was done. It holds names and ids, and never a value.
//!
//! A [`Change`] is a piece of work on one token that takes several calls. It is written down before its first call, and
//! a [`Step`] before and after each; so that whoever comes after a run that was killed knows how far it came
//! ([`Progress`]) and finishes or undoes it.

mod change;
mod patient;
mod postgres;
mod progress;
mod sql;
mod sqlite;
mod store;

pub use change::{BadChangeId, Change, ChangeId, Declared, Fingerprint, Grace, Holding, Kind, Subject};
pub use patient::{OnWait, Patient};
pub use postgres::Postgres;
pub use progress::{Delivery, End, Progress, Step};
pub use sqlite::Sqlite;
pub use store::{Entry, JournalCause, JournalError, Known, Lock, Store};
