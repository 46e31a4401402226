//! The hosting platform: tenants' static sites in an R2 bucket, releases that go live by one conditional write, and what
//! the router Worker reads at the edge.

mod at_once;
mod current;
mod deploy;
mod digest;
pub mod domain;
mod edge;
mod error;
mod export;
pub mod files;
mod hold;
mod import;
pub mod infrastructure;
pub mod kinds;
pub mod layout;
pub mod manifest;
mod marker;
mod release;
mod resume;
pub mod rules;
pub mod s3;
mod site;
mod slug;
mod sweep;
mod switch;
mod tenant;

pub use current::{Current, Live, State};
pub use deploy::{Deployed, Event, Listener, Looked, Wishes, deploy, look, missing};
pub use digest::{BadDigest, Digest};
pub use edge::{Edge, EdgeState, KvEdge, Platform, forget, platform, sync};
pub use error::SiteError;
pub use export::{Exported, export};
pub use import::{Imported, earlier, import, left};
pub use release::{BadRelease, Release};
pub use site::{ReleaseRow, Stored, read, releases, remove, stored, tenants};
pub use slug::{BadSlug, Slug};
pub use sweep::{Sweeping, Swept, sweep};
pub use switch::{Switched, switch};
pub use tenant::{Quota, Tenant, change, register, serve, tenant};
