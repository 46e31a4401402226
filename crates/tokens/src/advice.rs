//! A grant as advice: what to add, and where.

use flarekeep_catalogue::Group;
use flarekeep_policy::Resource;
use serde::Serialize;

use crate::translate::UNNAMED_USER;

/// A permission group at a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrantAdvice {
    /// The group's name.
    pub group: String,
    /// Its id, where one is published.
    pub id: Option<String>,
    /// The kind of resource at which it takes effect.
    pub scope: String,
    /// The resource's key as the API spells it; a nested one as `outer / inner`.
    pub resource: String,
    /// The resource in words.
    #[serde(skip)]
    pub place: String,
}

impl GrantAdvice {
    /// The advice to grant `group` at `resource`.
    #[must_use]
    pub fn new(group: &Group, resource: &Resource) -> Self {
        let (key, inner) = resource.keys();
        let key = key.replace(&UNNAMED_USER.to_string(), "<user_id>");
        let place = match resource {
            Resource::User(UNNAMED_USER) => "the user".to_owned(),
            resource => resource.to_string(),
        };
        Self {
            group: group.name.to_owned(),
            id: group.id.map(|id| id.to_string()),
            scope: group.scope.word().to_owned(),
            resource: inner.map_or(key.clone(), |inner| format!("{key} / {inner}")),
            place,
        }
    }
}
