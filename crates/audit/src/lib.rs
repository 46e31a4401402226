//! What could go wrong with API tokens: faults of each, how to mend them, and what each reaches.
//!
//! All of it is pure. A [`World`] (the tokens, what is known of their accounts and zones, how they were used) and the
//! [`Settings`] go in; [`audit`] gives an [`Audit`] with every [`Finding`], worst first, and the [`TokenReach`] of each
//! token. [`read`] makes a world of files, [`report`] makes texts of an audit. What is not known is said
//! ([`World::unread`]) and never taken for well.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]

mod accepted;
mod audit;
mod config;
mod copies;
mod counts;
mod finding;
mod glob;
mod level;
mod mend;
mod pages;
mod reach;
pub mod read;
pub mod report;
mod rule;
mod rules;
mod settings;
mod text;
mod token;
mod usage;
mod words;
mod world;

pub use accepted::{Acceptance, Accepted, Ignore, Ignored};
pub use audit::{Audit, Audited, Looked, audit, audit_with, look, prepare};
pub use config::{Config, ConfigError};
pub use counts::Counts;
pub use finding::{Finding, TokenRef};
pub use level::{Confidence, Severity};
pub use mend::{Mend, SafeMend};
pub use pages::ListPage;
pub use reach::{Level, Narrower, ProductReach, ReachCache, TokenReach, UsedOperation, WideningWay};
pub use rule::Rule;
pub use rules::{RULES, rule};
pub use settings::{Settings, Thresholds};
pub use token::{OwnedBy, TokenRecord};
pub use usage::{Called, KeyUse, TokenUsage, Usage};
pub use world::{AccountFacts, Place, Unread, World, ZoneFacts};
