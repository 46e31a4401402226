//! Why a call to Cloudflare was refused, and the smallest change that mends it.
//!
//! All of it is pure: what was seen ([`Refusal`]) and what is known besides ([`Known`]) go in, a [`Diagnosis`] comes out.
//! It names the causes that fit, never one more certain than the evidence, and the one call that would tell the rest apart.

mod cause;
mod diagnosis;
mod known;
mod mend;
pub mod pasted;
mod refusal;

pub use cause::Cause;
pub use diagnosis::{Confidence, Diagnosis, Finding};
pub use known::{Known, Life, Standing};
pub use mend::{Change, Mend};
pub use refusal::{CredentialForm, Refusal, Said, Tool};
