//! The user.

use serde_json::json;

use super::Handler;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;
use crate::world::Role;

pub(super) const OPERATIONS: super::Table = &[("GET /user", Handler::Read(details))];

/// When everything of the world was made.
pub(super) const BEGINNING: &str = "2026-01-01T00:00:00Z";

fn details(call: &Call, state: &State) -> Outcome {
    let user = call.caller.user().and_then(|id| state.world.user(id));
    let user = user.ok_or_else(|| ApiError::new(404, 1003, "user not found"))?;
    let organizations = user.accounts.iter().filter_map(|id| state.world.account(*id)).map(|account| {
        let roles: Vec<_> = state.world.roles(user.id, account.id).into_iter().map(role).collect();
        json!({"id": account.id.to_string(), "name": account.name, "status": "member", "permissions": [], "roles": roles})
    });
    Ok(Answer::result(&json!({
        "id": user.id.to_string(),
        "email": user.email,
        "username": user.id.to_string(),
        "first_name": null,
        "last_name": null,
        "telephone": null,
        "country": null,
        "zipcode": null,
        "two_factor_authentication_enabled": false,
        "two_factor_authentication_locked": false,
        "has_pro_zones": false,
        "has_business_zones": false,
        "has_enterprise_zones": false,
        "suspended": false,
        "betas": [],
        "organizations": organizations.collect::<Vec<_>>(),
        "created_on": BEGINNING,
        "modified_on": BEGINNING,
    })))
}

/// A role's name as organizations show it: here the schema's example has the words in another order.
const fn role(role: Role) -> &'static str {
    match role {
        Role::SuperAdministrator => "All Privileges - Super Administrator",
        other => other.name(),
    }
}
