//! A token's life: create, deliver, check, why, fix, rotate, roll, revoke; and the journal of what was done.
//!
//! Everything here calls Cloudflare through a [`flarekeep_cloudflare::Client`] and answers with plain documents; words
//! for people are the program's. Values travel as [`secrecy::SecretString`] from the client into a [`Sink`] and nowhere
//! else.

mod advice;
mod attempt;
mod calendar;
pub mod care;
mod check;
mod course;
mod create;
pub mod declared;
mod desk;
mod discover;
mod endpoint;
mod error;
mod exec;
mod find;
mod fix;
mod grace;
mod identity;
mod journal;
mod mark;
mod orphans;
mod r2_keys;
mod rescue;
mod resume;
mod roll;
mod rotate;
mod sink;
mod switch;
mod text;
mod translate;
mod why;

pub use advice::GrantAdvice;
pub use attempt::Outcome;
pub use calendar::{Event, calendar};
pub use check::{Check, CheckReport, Section, Test, Verdict, check};
pub use create::{Created, Creation, create, create_since};
pub use desk::{Desk, Listener};
pub use discover::{Discovered, Discovery, GroupAt, OneOf, Open, Reached, Why as WhyOpen, discover};
pub use endpoint::{BadEndpoint, Endpoint};
pub use error::Error;
pub use exec::{
    Content, Ended, Loan, Program, ProgramError, Signals, Surroundings, Variables, close_to_others, copied, grants_s3,
    host, lend, lent_name,
};
pub use find::find;
pub use fix::{Fix, Obstacle, Wish, obstacles, propose, settle, unsettle};
pub use grace::{Glance, Watch};
pub use identity::{Identity, IdentityOwner, identify, is_dead};
pub use journal::{
    BadChangeId, Change, ChangeId, Declared, Delivery, End, Entry, Fingerprint, Grace, Holding, JournalCause,
    JournalError, Kind, Known, Lock, OnWait, Patient, Postgres, Progress, Sqlite, Step, Store, Subject,
};
pub use mark::{is_pending_for, pending};
pub use orphans::{orphans, sweep};
pub use r2_keys::{KeyPair, Reach, TemporaryKeys, endpoint_of, request_temporary, sign_temporary};
pub use rescue::{Rescue, RescueError};
pub use resume::{Resumed, forget, resume_own, resume_unless_busy, take_up};
pub use roll::{Rolled, revoke, roll};
pub use rotate::{Rotated, Rotation, Waiting, rotate, rotate_waiting, successor};
pub use sink::{
    AgeFile, BadPayload, BadSink, DEFAULT_KEY, FORMS, GitHubSecret, KeyringEntry, OnePasswordField, Payload, Programs,
    Proof, ProvedSink, R2_REGION, R2KeysSink, ReadBack, Shape, Sink, SinkError, VaultField, WranglerSecret,
};
pub use switch::{Switch, change, switch};
pub use translate::{GroupIds, UNNAMED_USER, policy_from_wire, policy_to_wire, token_from_wire};
pub use why::{Why, why, why_seen, why_told};
