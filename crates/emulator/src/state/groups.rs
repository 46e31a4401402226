//! Permission groups by id. Groups whose id nobody has published get one that is made up, the same in every run.

use std::collections::HashMap;
use std::sync::LazyLock;

use flarekeep_catalogue::{Group, GroupId, Scope, groups};

use crate::credential::derived_id;

/// The group's published id, or the first 16 bytes of the SHA-256 of `flarekeep emulator group`, the scope's key and
/// the name, with a zero byte between them.
pub(crate) fn id_of(group: &Group) -> GroupId {
    group.id.unwrap_or_else(|| {
        let text = format!("flarekeep emulator group\0{}\0{}", group.scope.key(), group.name);
        GroupId::from_u128(derived_id(&text))
    })
}

/// The group with this id, published or made up. Groups whose scope is not known cannot be granted and are none.
pub(crate) fn by_id(id: GroupId) -> Option<&'static Group> {
    BY_ID.get(&id).copied()
}

/// The groups that can be granted, in the catalogue's order.
pub(crate) fn grantable() -> impl Iterator<Item = &'static Group> {
    groups().iter().filter(|group| group.scope != Scope::Unknown)
}

static BY_ID: LazyLock<HashMap<GroupId, &'static Group>> =
    LazyLock::new(|| grantable().map(|group| (id_of(group), group)).collect());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grantable_group_has_an_id_of_its_own() {
        assert_eq!(BY_ID.len(), grantable().count());
        assert!(grantable().all(|group| by_id(id_of(group)) == Some(group)));
    }
}
