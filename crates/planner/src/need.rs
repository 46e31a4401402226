//! Needs: operations on resources.

use flarekeep_catalogue::{AccountId, Operation, Recipe, Rule, Scope, ZoneId};
use flarekeep_policy::{Owner, Request, UnixSeconds};

/// An operation on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The operation.
    pub operation: &'static Operation,
    /// What it is called on.
    pub resource: Target,
    /// What the work uses it for.
    pub why: String,
    /// Where the need comes from, as in ``recipe `saas-platform` ``.
    pub origin: String,
}

/// What an operation is called on: a zone, an account, or neither, which is the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Target {
    /// The account; for a zone its owner, where that is known.
    pub account: Option<AccountId>,
    /// The zone; for a list such as `GET /zones` the zone that must be in it.
    pub zone: Option<ZoneId>,
}

/// What a recipe lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NeedError {
    /// A need is called on a zone, and none is given.
    #[error("recipe `{recipe}` needs a zone for `{operation}`: give --zone")]
    Zone {
        /// The recipe.
        recipe: String,
        /// The first operation that needs it.
        operation: String,
    },
    /// A need is called on an account, and none is given.
    #[error("recipe `{recipe}` needs an account for `{operation}`: give --account")]
    Account {
        /// The recipe.
        recipe: String,
        /// The first operation that needs it.
        operation: String,
    },
}

/// The needs of a recipe: zone operations at the zone, account operations at the account, user operations at the user.
/// A list such as `GET /zones` is called for the zone that must be in it, or for the account where no zone is given.
/// A token of an account does not have the needs that only a user's token can have.
pub fn needs_of_recipe(recipe: &Recipe, target: &Target, owner: Owner) -> Result<Vec<Need>, NeedError> {
    let origin = format!("recipe `{}`", recipe.name);
    recipe
        .needs
        .iter()
        .filter(|need| !need.user_only || matches!(owner, Owner::User(_)))
        .map(|need| {
            let resource =
                resource_of(need.operation, target).map_err(|missing| missing.in_recipe(recipe, need.operation))?;
            Ok(Need { operation: need.operation, resource, why: need.why.clone(), origin: origin.clone() })
        })
        .collect()
}

impl Need {
    /// The call that the need stands for, by a token of `owner`. A list is called for the zone that must be in it; what
    /// makes a zone, in the account.
    pub fn request(&self, owner: Owner, at: UnixSeconds) -> Request {
        Request {
            operation: self.operation,
            user: match owner {
                Owner::User(user) => Some(user),
                Owner::Account(_) => None,
            },
            account: self.resource.account,
            zone: self.resource.zone.filter(|_| !self.operation.names_account() && !self.creates()),
            ip: None,
            at,
        }
    }

    /// Whether the call makes a thing in a collection, as `POST /zones` does: a grant at one zone that is there already
    /// cannot be meant for it.
    pub(crate) fn creates(&self) -> bool {
        self.operation.method.mutates() && !self.operation.names_account() && !self.operation.names_zone()
    }
}

enum Missing {
    Zone,
    Account,
}

impl Missing {
    fn in_recipe(&self, recipe: &Recipe, operation: &Operation) -> NeedError {
        let (recipe, operation) = (recipe.name.clone(), operation.to_string());
        match self {
            Self::Zone => NeedError::Zone { recipe, operation },
            Self::Account => NeedError::Account { recipe, operation },
        }
    }
}

fn resource_of(operation: &Operation, given: &Target) -> Result<Target, Missing> {
    if operation.names_zone() {
        return given.zone.map(|_| *given).ok_or(Missing::Zone);
    }
    if operation.names_account() {
        return given.account.map(|_| Target { account: given.account, zone: None }).ok_or(Missing::Account);
    }
    let accepts = |scope| operation.accepts().any(|group| group.scope == scope);
    let (zones, accounts) = (accepts(Scope::Zone), accepts(Scope::Account));
    let target = Target { account: given.account.filter(|_| zones || accounts), zone: given.zone.filter(|_| zones) };
    if operation.rule == Rule::AnyToken || accepts(Scope::User) || target != Target::default() {
        return Ok(target);
    }
    match (zones, accounts) {
        (true, _) => Err(Missing::Zone),
        (_, true) => Err(Missing::Account),
        _ => Ok(target),
    }
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::{UserId, recipe};

    use super::*;

    const ACCOUNT: AccountId = AccountId::from_u128(0xa1);
    const ZONE: ZoneId = ZoneId::from_u128(0x21);
    const USER: Owner = Owner::User(UserId::from_u128(0x41));

    #[test]
    fn what_a_recipe_lacks_is_named() {
        let recipe = recipe("saas-platform").unwrap();
        let error = needs_of_recipe(&recipe, &Target { account: Some(ACCOUNT), zone: None }, USER).unwrap_err();
        assert_eq!(error.to_string(), "recipe `saas-platform` needs a zone for `GET /zones/{zone_id}`: give --zone");
        let error = needs_of_recipe(&recipe, &Target { account: None, zone: Some(ZONE) }, USER).unwrap_err();
        assert!(matches!(error, NeedError::Account { .. }));
    }

    #[test]
    fn an_account_does_not_look_for_itself() {
        let target = Target { account: Some(ACCOUNT), zone: Some(ZONE) };
        let lists = |owner| {
            let needs = needs_of_recipe(&recipe("saas-platform").unwrap(), &target, owner).unwrap();
            needs.iter().any(|need| need.operation.path == "/accounts")
        };
        assert!(lists(USER) && !lists(Owner::Account(ACCOUNT)));
    }

    #[test]
    fn each_operation_gets_the_part_of_the_target_that_it_is_called_on() {
        let target = Target { account: Some(ACCOUNT), zone: Some(ZONE) };
        let needs = needs_of_recipe(&recipe("saas-platform").unwrap(), &target, USER).unwrap();
        let resource = |text: &str| needs.iter().find(|need| need.operation.to_string() == text).unwrap().resource;
        assert_eq!(resource("GET /zones"), target);
        assert_eq!(resource("GET /zones/{zone_id}/dns_records"), target);
        assert_eq!(resource("GET /accounts/{account_id}"), Target { account: Some(ACCOUNT), zone: None });
        assert_eq!(resource("GET /user/tokens/verify"), Target::default());
    }
}
