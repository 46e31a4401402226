//! Why a call to Cloudflare was refused, and the smallest change that mends it.
//!
//! All of it is pure: what was seen ([`Refusal`]) and what is known besides ([`Known`]) go in, a [`Diagnosis`] comes out.
//! It names the causes that fit, never one more certain than the evidence, and the one call that would tell the rest apart.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod cause;
mod diagnose;
mod diagnosis;
mod evidence;
mod judgement;
mod known;
mod look;
mod mend;
pub mod pasted;
mod refusal;
mod refusals;

pub use cause::Cause;
pub use diagnose::{UNNAMED_USER, Work, diagnose};
pub use diagnosis::{Confidence, Diagnosis, Finding};
pub use known::{Known, Life, Standing};
pub use look::Look;
pub use mend::{Change, Mend};
pub use refusal::{CredentialForm, Refusal, Said, Tool};
