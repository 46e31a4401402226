//! All that the emulator keeps.
//!
//! A state is never changed in place: a write clones it, which costs one pointer for each table that the write leaves
//! alone, changes the clone and puts it in place of the old one. Readers are thus never held up, and a write that fails
//! leaves nothing behind.

pub(crate) mod groups;
pub(crate) mod store;
pub(crate) mod tokens;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::objects;
use crate::products::{custom_hostnames, dns_records, kv, r2_buckets, workers_routes, workers_scripts};
use crate::world::World;

/// All tables. The time of a token's last use is kept beside them, since calls that change nothing change it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) world: Arc<World>,
    pub(crate) tokens: Arc<tokens::Table>,
    pub(crate) dns_records: Arc<dns_records::Table>,
    pub(crate) r2_buckets: Arc<r2_buckets::Table>,
    /// What the buckets hold, in memory alone.
    #[serde(skip)]
    pub(crate) objects: Arc<objects::Table>,
    pub(crate) workers_scripts: Arc<workers_scripts::Table>,
    pub(crate) workers_routes: Arc<workers_routes::Table>,
    pub(crate) kv: Arc<kv::Table>,
    pub(crate) custom_hostnames: Arc<custom_hostnames::Table>,
}

impl State {
    /// A world to which nothing was added yet.
    pub(crate) fn new(world: World) -> Self {
        Self {
            world: Arc::new(world),
            tokens: Arc::default(),
            dns_records: Arc::default(),
            r2_buckets: Arc::default(),
            objects: Arc::default(),
            workers_scripts: Arc::default(),
            workers_routes: Arc::default(),
            kv: Arc::default(),
            custom_hostnames: Arc::default(),
        }
    }
}
