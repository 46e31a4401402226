//! What a Cloudflare API token may do.
//!
//! A [`Token`] holds policies and conditions; [`Token::compile`] turns it once into bit sets, and
//! [`CompiledToken::decide`] answers one [`Request`] with a [`Decision`] and its cause. [`explain`] names the
//! policies behind a decision. [`document`] reads a token from JSON, and [`Call`] makes a request of a method and a
//! path. [`reach`] lists
//! what a token allows at every place, and [`compare`] what one allows beyond another. Nothing here does input or output: the time and the client's address are arguments.
//!
//! The rules are those of Cloudflare's documentation ("Create tokens via API": explicit deny, then explicit allow, then
//! implicit deny), with one that decides all the others: a permission group takes effect at resources of its own
//! scope only.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]

mod area;
mod batch;
mod bits;
mod call;
mod compare;
mod compiled;
mod concrete;
mod condition;
mod decision;
pub mod document;
mod explain;
mod layers;
mod operation_set;
mod place;
mod reach;
mod request;
mod resource;
mod survey;
mod token;
mod unproved;
mod validity;
mod walk;
mod window;

pub use area::Area;
pub use batch::{Answer, Batch, LineError, Tally};
pub use call::{Call, CallError};
pub use compare::{Comparison, Example, Gain, compare};
pub use compiled::CompiledToken;
pub use condition::{BadAddress, IpCondition, IpSet, canonical, parse_range};
pub use decision::{Cause, Decision};
pub use explain::{Explanation, Hold, explain};
pub use operation_set::OperationSet;
pub use place::{Owners, Ownership, Place};
pub use reach::{Reach, WideningPath, reach};
pub use request::Request;
pub use resource::{BadResource, BucketKey, OtherResource, Resource};
pub use token::{BadTime, Effect, Grant, Owner, Policy, Status, Token, UnixSeconds};
pub use unproved::Unproved;
pub use window::{AddressSet, Window};
