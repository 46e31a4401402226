//! A token's life: create, deliver, check, why, fix, roll, revoke.
//!
//! Everything here calls Cloudflare through a [`flarekeep_cloudflare::Client`] and answers with plain documents; words
//! for people are the program's. Values travel as [`secrecy::SecretString`] from the client into a [`Sink`] and nowhere
//! else.

mod advice;
mod attempt;
mod check;
mod create;
mod error;
mod find;
mod fix;
mod identity;
mod roll;
mod sink;
mod translate;
mod why;

pub use advice::GrantAdvice;
pub use attempt::Outcome;
pub use check::{Check, CheckReport, Section, Test, Verdict, check};
pub use create::{Created, Creation, create, is_pending_for};
pub use error::Error;
pub use find::find;
pub use fix::{Fix, propose, settle};
pub use identity::{Identity, IdentityOwner, identify, is_dead};
pub use roll::{Rolled, revoke, roll};
pub use sink::{BadSink, DEFAULT_KEY, FORMS, ProvedSink, Sink, SinkError};
pub use translate::{GroupIds, UNNAMED_USER, policy_from_wire, policy_to_wire, token_from_wire};
pub use why::{Answer, Cause, Confidence, Diagnosis, Mend, Why, explain_answer, why};
