//! Accounts.

use std::sync::LazyLock;

use flarekeep_catalogue::{Operation, operation};
use serde_json::{Value, json};

use super::Handler;
use super::user::BEGINNING;
use crate::authorisation::lists_account;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;
use crate::world::Account;

pub(super) const OPERATIONS: super::Table =
    &[("GET /accounts", Handler::Read(list)), (DETAILS, Handler::Read(details))];

const DETAILS: &str = "GET /accounts/{account_id}";

/// The operation that a caller must be able to call on an account in order to see it in the list.
static DETAILS_OPERATION: LazyLock<Option<&'static Operation>> = LazyLock::new(|| operation(DETAILS).ok());

fn list(call: &Call, state: &State) -> Outcome {
    let name = call.query("name");
    let seen = |account: &&Account| {
        name.as_deref().is_none_or(|name| name == account.name)
            && DETAILS_OPERATION.is_some_and(|details| lists_account(call, &state.world, account.id, details))
    };
    let mut accounts: Vec<&Account> = state.world.accounts.iter().filter(seen).collect();
    if call.descending() {
        accounts.reverse();
    }
    Ok(Answer::page(accounts.into_iter().map(shown).collect(), call.page(20, 5, 50)))
}

fn details(call: &Call, state: &State) -> Outcome {
    let account = call.account.and_then(|id| state.world.account(id));
    account.map(|account| Answer::result(&shown(account))).ok_or_else(|| ApiError::new(404, 1003, "account not found"))
}

fn shown(account: &Account) -> Value {
    json!({
        "id": account.id.to_string(),
        "name": account.name,
        "type": "standard",
        "settings": {"enforce_twofactor": false},
        "created_on": BEGINNING,
    })
}
