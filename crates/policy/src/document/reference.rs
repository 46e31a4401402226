//! From what a policy says of a permission group to the group.

use std::collections::HashMap;
use std::sync::LazyLock;

use flarekeep_catalogue::{Group, GroupId, Scope, groups};
use foldhash::fast::RandomState;

use crate::token::Grant;

/// Why a permission group without an id is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// Neither is given.
    #[error("a permission group needs its `id`, or a `name`")]
    Nothing,
    /// No group is called so.
    #[error("no permission group is called `{0}`: give its `id`")]
    Unknown(String),
    /// Groups of several scopes are called so.
    #[error("permission groups of several scopes are called `{0}`: give the `id` of the one that is meant")]
    Ambiguous(String),
}

/// The group by its id; where the catalogue does not know the id, by its exact name among the groups whose id nobody has
/// published, if that name exists at one known scope only: the id is kept beside it, since a name is no proof. Without an id the name decides, among all groups.
///
/// # Errors
/// If there is no id and the name is missing, unknown, or that of several groups.
pub fn grant(id: Option<GroupId>, name: Option<&str>) -> Result<Grant, GroupError> {
    let Some(id) = id else {
        let name = name.ok_or(GroupError::Nothing)?;
        return match called(name, |_| true) {
            Named::One(group) => Ok(Grant::Group(group)),
            Named::None => Err(GroupError::Unknown(shortened(name))),
            Named::Several => Err(GroupError::Ambiguous(shortened(name))),
        };
    };
    if let Some(group) = BY_ID.get(&id) {
        return Ok(Grant::Group(group));
    }
    match name.map(|name| called(name, |group| group.id.is_none())) {
        Some(Named::One(group)) if group.scope != Scope::Unknown => Ok(Grant::Named(group, id)),
        _ => Ok(Grant::Unknown(id)),
    }
}

/// A document holds many groups, and a file of documents millions: no walk over the catalogue for each.
static BY_ID: LazyLock<HashMap<GroupId, &'static Group, RandomState>> =
    LazyLock::new(|| groups().iter().filter_map(|group| Some((group.id?, group))).collect());

enum Named {
    None,
    One(&'static Group),
    Several,
}

fn called(name: &str, counts: impl Fn(&Group) -> bool) -> Named {
    let mut called = groups().iter().filter(|group| group.name == name && counts(group));
    match (called.next(), called.next()) {
        (None, _) => Named::None,
        (Some(group), None) => Named::One(group),
        (Some(_), Some(_)) => Named::Several,
    }
}

fn shortened(name: &str) -> String {
    name.escape_debug().take(60).collect()
}
