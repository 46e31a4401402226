//! The members of an account, and the roles that there are here.

use serde_json::{Value, json};

use super::Handler;
use super::memberships::id;
use crate::credential::derived_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;
use crate::world::{Account, Role, User};

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/members", Handler::Read(list)),
    ("GET /accounts/{account_id}/members/{member_id}", Handler::Read(details)),
    ("GET /accounts/{account_id}/roles", Handler::Read(roles)),
    ("GET /accounts/{account_id}/roles/{role_id}", Handler::Read(role_details)),
];

/// The rights that the schema names in a role.
const RIGHTS: [&str; 12] = [
    "analytics",
    "billing",
    "cache_purge",
    "dns",
    "dns_records",
    "lb",
    "logs",
    "organization",
    "ssl",
    "waf",
    "zone_settings",
    "zones",
];

fn list(call: &Call, state: &State) -> Outcome {
    let status = call.query("status");
    let mut members: Vec<(&User, &Account)> = members(call, state).collect();
    members.retain(|_| status.as_deref().is_none_or(|status| status == "accepted"));
    if call.query("order").as_deref() == Some("user.email") {
        members.sort_by_key(|(user, _)| &user.email);
    }
    if call.descending() {
        members.reverse();
    }
    let total = members.len();
    Ok(Answer::page_of(members.into_iter(), total, call.page(20, 5, 50), |(user, account)| {
        member(user, account, state)
    }))
}

fn details(call: &Call, state: &State) -> Outcome {
    let wanted = call.parameter("member_id");
    let found = members(call, state).find(|(user, account)| id(user, account) == wanted);
    let (user, account) = found.ok_or_else(|| ApiError::new(404, 1003, "member not found"))?;
    Ok(Answer::result(&member(user, account, state)))
}

fn roles(call: &Call, _: &State) -> Outcome {
    Ok(Answer::page(Role::ALL.into_iter().map(shown).collect(), call.page(20, 5, 50)))
}

fn role_details(call: &Call, _: &State) -> Outcome {
    let found = Role::ALL.into_iter().find(|role| role_id(*role) == call.parameter("role_id"));
    let role = found.ok_or_else(|| ApiError::new(404, 1003, "role not found"))?;
    Ok(Answer::result(&shown(role)))
}

fn members<'a>(call: &Call, state: &'a State) -> impl Iterator<Item = (&'a User, &'a Account)> {
    let account = call.account.and_then(|id| state.world.account(id));
    account.into_iter().flat_map(move |account| {
        let users = state.world.users.iter().filter(move |user| user.accounts.contains(&account.id));
        users.map(move |user| (user, account))
    })
}

fn member(user: &User, account: &Account, state: &State) -> Value {
    let roles = state.world.roles(user.id, account.id).into_iter().map(shown);
    json!({
        "id": id(user, account),
        "email": user.email,
        "status": "accepted",
        "user": {
            "id": user.id.to_string(),
            "email": user.email,
            "first_name": null,
            "last_name": null,
            "two_factor_authentication_enabled": false,
        },
        "roles": roles.collect::<Vec<_>>(),
        "policies": [],
    })
}

fn shown(role: Role) -> Value {
    let (read, write) = role.reach();
    let right = json!({"read": read, "write": write});
    let permissions: serde_json::Map<String, Value> =
        RIGHTS.into_iter().map(|name| (name.to_owned(), right.clone())).collect();
    json!({
        "id": role_id(role),
        "name": role.name(),
        "description": role.description(),
        "permissions": permissions,
    })
}

fn role_id(role: Role) -> String {
    let word = match role {
        Role::SuperAdministrator => "super-administrator",
        Role::Administrator => "administrator",
        Role::ApiTokenProvisioning => "api-token-provisioning",
        Role::ReadOnly => "read-only",
    };
    format!("{:032x}", derived_id(&format!("role\0{word}")))
}
