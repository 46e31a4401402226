//! The user's memberships of accounts.

use serde_json::{Value, json};

use super::Handler;
use crate::credential::derived_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;
use crate::world::{Account, Role, User};

pub(super) const OPERATIONS: super::Table =
    &[("GET /memberships", Handler::Read(list)), ("GET /memberships/{membership_id}", Handler::Read(details))];

fn list(call: &Call, state: &State) -> Outcome {
    let name = call.query("account.name").or_else(|| call.query("name"));
    let status = call.query("status");
    let shown = memberships(call, state).filter(|(_, account)| {
        name.as_deref().is_none_or(|name| name == account.name) && status.as_deref().is_none_or(|is| is == "accepted")
    });
    Ok(Answer::page(shown.map(|(user, account)| membership(user, account, state)).collect(), call.page(20, 5, 50)))
}

fn details(call: &Call, state: &State) -> Outcome {
    let wanted = call.parameter("membership_id");
    let found = memberships(call, state).find(|(user, account)| id(user, account) == wanted);
    let (user, account) = found.ok_or_else(|| ApiError::new(404, 1003, "membership not found"))?;
    Ok(Answer::result(&membership(user, account, state)))
}

fn memberships<'a>(call: &Call, state: &'a State) -> impl Iterator<Item = (&'a User, &'a Account)> {
    let user = call.caller.user().and_then(|id| state.world.user(id));
    user.into_iter().flat_map(move |user| {
        user.accounts.iter().filter_map(move |id| state.world.account(*id).map(|account| (user, account)))
    })
}

fn membership(user: &User, account: &Account, state: &State) -> Value {
    let roles = state.world.roles(user.id, account.id).into_iter().map(Role::name);
    json!({
        "id": id(user, account),
        "code": id(user, account),
        "status": "accepted",
        "api_access_enabled": true,
        "account": {
            "id": account.id.to_string(),
            "name": account.name,
            "type": "standard",
            "settings": {"enforce_twofactor": false},
        },
        "roles": roles.collect::<Vec<_>>(),
        "permissions": {},
    })
}

pub(super) fn id(user: &User, account: &Account) -> String {
    format!("{:032x}", derived_id(&format!("membership\0{}\0{}", user.id, account.id)))
}
