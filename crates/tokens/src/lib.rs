//! A token's life: create, deliver, check, why, fix, rotate, roll, revoke; and the journal of what was done.
//!
//! Everything here calls Cloudflare through a [`flarekeep_cloudflare::Client`] and answers with plain documents; words
//! for people are the program's. Values travel as [`secrecy::SecretString`] from the client into a [`Sink`] and nowhere
//! else.

mod advice;
mod attempt;
mod check;
mod course;
mod create;
pub mod declared;
mod desk;
mod error;
mod find;
mod fix;
mod identity;
mod journal;
mod mark;
mod orphans;
mod rescue;
mod resume;
mod roll;
mod rotate;
mod sink;
mod text;
mod translate;
mod why;

pub use advice::GrantAdvice;
pub use attempt::Outcome;
pub use check::{Check, CheckReport, Section, Test, Verdict, check};
pub use create::{Created, Creation, create};
pub use desk::{Desk, Listener};
pub use error::Error;
pub use find::find;
pub use fix::{Fix, propose, settle};
pub use identity::{Identity, IdentityOwner, identify, is_dead};
pub use journal::{
    Change, ChangeId, Declared, Delivery, End, Entry, Fingerprint, Holding, JournalError, Kind, Known, Lock, Progress,
    Sqlite, Step, Store, Subject,
};
pub use mark::{is_pending_for, pending};
pub use orphans::{orphans, sweep};
pub use rescue::{Rescue, RescueError};
pub use resume::{Resumed, resume_own, resume_unless_busy};
pub use roll::{Rolled, revoke, roll};
pub use rotate::{Rotated, Rotation, rotate, successor};
pub use sink::{BadSink, DEFAULT_KEY, FORMS, ProvedSink, Sink, SinkError};
pub use translate::{GroupIds, UNNAMED_USER, policy_from_wire, policy_to_wire, token_from_wire};
pub use why::{Answer, Cause, Confidence, Diagnosis, Mend, Why, explain_answer, why};
