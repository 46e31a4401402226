//! The hosting platform: tenants' static sites in an R2 bucket, releases that go live by one conditional write, and what
//! the router Worker reads at the edge.

pub mod layout;
mod release;
mod slug;

pub use release::{BadRelease, Release};
pub use slug::{BadSlug, Slug};
