//! Between the API's documents and the policy engine's types.

use std::collections::HashMap;

use flarekeep_catalogue::{Group, GroupId};
use flarekeep_cloudflare as api;
use flarekeep_planner::{ResourceDocument, policy_documents};
use flarekeep_policy::{
    Effect, Grant, IpCondition, IpSet, Owner, Policy, Resource, Status, Token, UnixSeconds, canonical, document,
};

use crate::error::Error;

/// The ids of permission groups: those of the catalogue and, where one is unknown there, those that Cloudflare lists.
#[derive(Debug, Default)]
pub struct GroupIds(HashMap<(String, String), GroupId>);

impl GroupIds {
    /// Asks Cloudflare only if one of the policies holds a group without a published id.
    pub async fn for_policies(client: &api::Client, owner: api::Owner, policies: &[Policy]) -> Result<Self, Error> {
        let unknown = policies.iter().flat_map(Policy::known_groups).any(|group| group.id.is_none());
        if !unknown {
            return Ok(Self::default());
        }
        let listed = client.tokens(owner).permission_groups(&api::GroupFilter::default()).await?;
        let ids = listed.into_iter().flat_map(|group| {
            let (id, name) = (group.id, group.name);
            group.scopes.into_iter().map(move |scope| ((name.clone(), scope), id))
        });
        Ok(Self(ids.collect()))
    }

    fn id(&self, group: &'static Group) -> Result<GroupId, Error> {
        let listed = || self.0.get(&(group.name.to_owned(), group.scope.key().to_owned())).copied();
        group.id.or_else(listed).ok_or(Error::NoGroupId(group.name))
    }
}

pub use flarekeep_diagnosis::UNNAMED_USER;

/// A policy as the API takes it. An account as a whole and what is nested below it have the same key: a policy that names
/// both becomes two, which mean the same.
pub fn policy_to_wire(policy: &Policy, ids: &GroupIds) -> Result<Vec<api::Policy>, Error> {
    let permission_groups = groups_to_wire(&policy.groups, ids)?;
    let effect = match policy.effect {
        Effect::Allow => api::Effect::Allow,
        Effect::Deny => api::Effect::Deny,
    };
    let value = |value| match value {
        ResourceDocument::Whole(all) if all == "*" => api::ResourceValue::All,
        ResourceDocument::Whole(other) => api::ResourceValue::Other(other),
        ResourceDocument::Nested(inner) => api::ResourceValue::Nested(inner),
    };
    let wire = policy_documents(policy).into_iter().map(|document| api::Policy {
        id: None,
        effect,
        resources: document.resources.into_iter().map(|(key, whole)| (key, value(whole))).collect(),
        permission_groups: permission_groups.clone(),
    });
    Ok(wire.collect())
}

/// Groups as the API takes them.
pub(crate) fn groups_to_wire(groups: &[Grant], ids: &GroupIds) -> Result<Vec<api::GroupReference>, Error> {
    let reference = |grant: &Grant| match grant {
        Grant::Group(group) => Ok(api::GroupReference { id: ids.id(group)?, name: Some(group.name.to_owned()) }),
        Grant::Named(group, id) => Ok(api::GroupReference { id: *id, name: Some(group.name.to_owned()) }),
        Grant::Unknown(id) => Ok(api::GroupReference::from(*id)),
    };
    groups.iter().map(reference).collect()
}

/// A policy as the engine reads it.
pub fn policy_from_wire(policy: &api::Policy) -> Result<Policy, Error> {
    let mut resources = Vec::new();
    for (key, value) in &policy.resources {
        match value {
            api::ResourceValue::All => resources.push(Resource::parse(key)?),
            api::ResourceValue::Nested(nested) => {
                for (inner, value) in nested {
                    resources.push(Resource::read_nested(key, inner, value)?);
                }
            }
            api::ResourceValue::Other(text) => resources.push(Resource::read(key, text)?),
        }
    }
    Ok(Policy {
        effect: match policy.effect {
            api::Effect::Allow => Effect::Allow,
            api::Effect::Deny => Effect::Deny,
        },
        resources,
        groups: policy.permission_groups.iter().map(grant_from_wire).collect(),
    })
}

pub(crate) fn grant_from_wire(reference: &api::GroupReference) -> Grant {
    // With an id there is no error.
    document::grant(Some(reference.id), reference.name.as_deref()).unwrap_or(Grant::Unknown(reference.id))
}

/// A token as the engine reads it. The user that owns a user's token is the one that its policies name.
pub fn token_from_wire(token: &api::Token, owner: api::Owner) -> Result<Token, Error> {
    let policies = token.policies.iter().map(policy_from_wire).collect::<Result<Vec<_>, _>>()?;
    let ip = token.condition.as_ref().and_then(|condition| condition.request_ip.clone()).unwrap_or_default();
    let set = |ranges: Vec<_>| IpSet(ranges.into_iter().map(canonical).collect());
    let seconds = |time: Option<jiff::Timestamp>| time.map(|time| UnixSeconds(time.as_second()));
    Ok(Token {
        owner: match owner {
            api::Owner::User => Owner::User(document::user_in(&policies).unwrap_or(UNNAMED_USER)),
            api::Owner::Account(account) => Owner::Account(account),
        },
        status: Status::from_word(&token.status.to_string()),
        not_before: seconds(token.not_before),
        expires_on: seconds(token.expires_on),
        ip: IpCondition { within: ip.within.map(set), not_within: ip.not_within.map(set) },
        policies,
    })
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::{AccountId, groups};

    use super::*;

    #[test]
    fn an_account_and_what_is_below_it_are_both_written() {
        let account = AccountId::from_u128(0xa1);
        let group = groups().iter().find(|group| group.id.is_some()).unwrap();
        for effect in [Effect::Allow, Effect::Deny] {
            let resources = vec![Resource::Account(account), Resource::AllZonesOf(account)];
            let policy = Policy { effect, resources, groups: vec![Grant::Group(group)] };
            let wire = policy_to_wire(&policy, &GroupIds::default()).unwrap();
            let read = wire.iter().map(|policy| policy_from_wire(policy).unwrap()).collect::<Vec<_>>();
            assert!(read.iter().all(|read| (read.effect, &read.groups) == (effect, &policy.groups)));
            let written: Vec<Resource> = read.into_iter().flat_map(|read| read.resources).collect();
            assert_eq!(written, policy.resources);
        }
    }
}
