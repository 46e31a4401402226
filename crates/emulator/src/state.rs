//! All that the emulator keeps.
//!
//! A state is never changed in place: a write copies it, which costs one pointer for each table, changes the copy, and
//! puts it in place of the old one. Readers are thus never held up, a write that fails leaves nothing behind, and an
//! older state can be kept as long as somebody wants it.

pub(crate) mod groups;
pub(crate) mod key;
mod log;
pub(crate) mod rows;
pub(crate) mod store;
pub(crate) mod tokens;

pub(crate) use self::rows::Map;

use std::sync::Arc;

use crate::dns::foreign;
use crate::objects;
use crate::products::{
    audit_logs, custom_hostnames, d1, dns_records, kv, pages, queues, r2_buckets, r2_settings, workers_routes,
    workers_scripts, zone_settings, zones,
};
use crate::world::World;

/// What accounts have: by the account's id, and then by an id or a name.
pub(crate) type Owned<V> = Map<String, Map<String, V>>;

/// All tables. The time of a token's last use is kept beside them, since calls that change nothing change it.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) world: Arc<World>,
    /// The world as it was in the beginning: calls may change [`Self::world`], and a reset goes back to this.
    pub(crate) origin: Arc<World>,
    pub(crate) tokens: tokens::Table,
    pub(crate) dns_records: dns_records::Table,
    /// What names outside the world's zones hold.
    pub(crate) foreign_dns: foreign::Table,
    pub(crate) r2_buckets: r2_buckets::Table,
    pub(crate) r2_settings: r2_settings::Table,
    pub(crate) objects: objects::Table,
    pub(crate) workers_scripts: workers_scripts::Table,
    pub(crate) workers_routes: workers_routes::Table,
    pub(crate) kv: kv::Table,
    pub(crate) custom_hostnames: custom_hostnames::Table,
    pub(crate) zones: zones::Table,
    pub(crate) zone_settings: zone_settings::Table,
    pub(crate) audit_logs: audit_logs::Table,
    pub(crate) d1: d1::Table,
    pub(crate) pages: pages::Table,
    pub(crate) queues: queues::Table,
    pub(crate) workers_account: workers_scripts::Account,
}

rows::branch!(State {
    world,
    origin,
    tokens,
    dns_records,
    foreign_dns,
    r2_buckets,
    r2_settings,
    objects,
    workers_scripts,
    workers_routes,
    kv,
    custom_hostnames,
    zones,
    zone_settings,
    audit_logs,
    d1,
    pages,
    queues,
    workers_account,
});

impl State {
    /// A world to which nothing was added yet.
    pub(crate) fn new(world: World) -> Self {
        let world = Arc::new(world);
        Self { origin: world.clone(), world, ..Self::default() }
    }

    /// The world, to be changed.
    pub(crate) fn world_mut(&mut self) -> &mut World {
        Arc::make_mut(&mut self.world)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_shares_the_world_until_it_changes_it() {
        let state = State::new(World::generated());
        let mut draft = state.clone();
        assert!(Arc::ptr_eq(&state.world, &draft.world) && Arc::ptr_eq(&state.origin, &draft.origin));
        let zone = state.world.zones.iter().next().unwrap().id;
        draft.world_mut().zones.remove(zone);
        assert!(draft.world.zone(zone).is_none());
        assert!(state.world.zone(zone).is_some() && draft.origin.zone(zone).is_some());
    }
}
