//! Declared tokens: what `flarekeep.toml` says, what that means at Cloudflare, and how it differs from what is there.
//!
//! [`Document::parse`] reads the file and asks nobody. [`Declared::place`] makes policies of a declaration, with the ids
//! that somebody looked up for its [`Names`]; [`Placed::wanted`] is what the API would be told. [`difference`] compares
//! that with a living token by meaning, and [`import`] writes a file that says what living tokens say. Nothing here does
//! input or output: the time is an argument.

mod difference;
mod document;
mod import;
mod keys;
mod meaning;
mod place;
mod raw;
mod wanted;
mod work;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use difference::{Difference, Entry, Kind, Living, Reason, Term, difference, of_name};
pub use document::{Age, Declared, Document, DocumentError, End, Problem, Purpose, Whose};
pub use import::{Import, Imported, import};
pub use place::{Names, Places};
pub use wanted::{DeclaredError, Placed, Sources, Wanted};
