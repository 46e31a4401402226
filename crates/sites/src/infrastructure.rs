//! What has to stand before a site can be served: bucket, namespace, router, DNS records, routes, fallback origin.
//!
//! [`survey`] reads what is there, [`difference`] is the steps from there to what is [`Wanted`], and [`Builder`] takes
//! them. Each step compares with what is there, so that whoever is stopped starts again from wherever it got to. [`Question`]
//! asks the router itself.

mod build;
mod destroy;
mod difference;
mod router;
mod smoke;
mod survey;
mod wanted;

pub use build::{Builder, Built};
pub use destroy::{Removal, destroy};
pub use difference::{Conflict, Step, difference};
pub use router::{MODULES, fingerprint};
pub use smoke::{Question, Smoke};
pub use survey::{Survey, survey};
pub use wanted::{BadDomain, Wanted};
