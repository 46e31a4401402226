//! Declared tokens: what `flarekeep.toml` says, what that means at Cloudflare, and how it differs from what is there.
//!
//! [`Document::parse`] reads the file and asks nobody. [`Declared::place`] makes policies of a declaration, with the ids
//! that somebody looked up for its [`Names`]; [`Placed::wanted`] is what the API would be told. [`difference`] compares
//! that with a living token by meaning, and [`import`] writes a file that says what living tokens say. [`compare`]
//! lists what is there, and [`apply`] makes the changes that it shows; the rest does no input or output, and the time is
//! an argument.

mod apply;
mod compare;
mod difference;
mod document;
mod import;
mod keys;
mod meaning;
mod place;
mod raw;
mod update;
mod wanted;
mod work;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use apply::{AT_ONCE, Applied, Outcome, apply};
pub use compare::{Change, CompareError, Comparison, Origin, compare};
pub use difference::{Difference, Entry, Kind, Living, Reason, Term, difference, of_name};
pub use document::{
    Age, At, BucketRef, Declared, Document, DocumentError, End, Granted, Problem, Purpose, UserRef, Whose, ZoneRef,
};
pub use import::{Import, Imported, import};
pub use place::{Names, Places};
pub use update::{adopt, update};
pub use wanted::{DeclaredError, Placed, Sources, Wanted};
