//! An audit as a text, for a person or for another program.
//!
//! Each form is a function from an [`Audit`](crate::Audit) to a text; it sees nothing else but the rules. Names, places
//! and reasons come from outside: each form escapes them for its own language, so that a token's name is a name in all of
//! them and never a tag, a link, a column or a mention. docs/reports.md says what each form holds.

#[cfg(test)]
mod fixture;
mod html;
mod json;
mod junit;
mod markdown;
mod order;
mod sarif;
mod table;
mod words;

pub use html::html;
pub use json::{AuditDocument, document, json};
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;
pub use table::table;
