//! Needs: operations on resources.

use flarekeep_catalogue::{AccountId, Operation, Recipe, RecipeError, Rule, Scope, ZoneId};
use flarekeep_policy::{BucketKey, Owner, Request, UnixSeconds};

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

/// What an operation is called on: a bucket, a zone, an account, or none of them, which is the user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Target {
    /// The account; for a zone or a bucket its owner, where that is known.
    pub account: Option<AccountId>,
    /// The zone; for a list such as `GET /zones` the zone that must be in it.
    pub zone: Option<ZoneId>,
    /// Whether the work is done on every zone of the account, and on those that come later; then no zone is named.
    pub every_zone: bool,
    /// The R2 bucket of a call of the S3 face.
    pub bucket: Option<BucketKey>,
}

impl Target {
    /// What an operation is called on that was named alone: at the ids that its path held, else at this place.
    #[must_use]
    pub fn of_operation(&self, operation: &Operation, ids: &Self) -> Self {
        if operation.names_bucket() {
            let bucket = self.bucket.clone();
            let account = bucket.as_ref().map_or(self.account, |bucket| Some(bucket.account));
            return Self { account, bucket, ..Self::default() };
        }
        let account = ids.account.or(self.account.filter(|_| ids.zone.is_none() || ids.zone == self.zone));
        let in_zone = operation.concerns_zone();
        Self {
            account,
            zone: ids.zone.or(self.zone).filter(|_| in_zone),
            every_zone: self.every_zone && ids.zone.is_none() && in_zone,
            bucket: None,
        }
    }
}

/// The recipes, each with those of the options that it has; every option is one of some recipe.
///
/// # Errors
/// For an option that no recipe has.
pub fn with_options(found: &[Recipe], options: &[String]) -> Result<Vec<Recipe>, RecipeError> {
    let has = |recipe: &Recipe, option: &String| recipe.options.iter().any(|(known, _)| known == option);
    let with = |recipe: &Recipe| {
        // One that no recipe has is left with each of them, and refused.
        let own = options.iter().filter(|option| has(recipe, option) || !found.iter().any(|other| has(other, option)));
        recipe.clone().with(&own.cloned().collect::<Vec<_>>())
    };
    found.iter().map(with).collect()
}

/// Stands in a call for a zone of which nothing is known but its account: no grant at a single zone covers it.
const SOME_ZONE: ZoneId = ZoneId::from_u128(u128::MAX);

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
    /// A need is called on a bucket, and none is given.
    #[error("recipe `{recipe}` needs a bucket for `{operation}`: give --bucket")]
    Bucket {
        /// The recipe.
        recipe: String,
        /// The first operation that needs it.
        operation: String,
    },
}

/// The needs of a recipe, with the options that were chosen: zone operations at the zone, account operations at the account, user operations at the user.
/// A list such as `GET /zones` is called for the zone that must be in it, or for the account where no zone is given.
/// A token of an account does not have the needs that only a user's token can have.
pub fn needs_of_recipe(recipe: &Recipe, target: &Target, owner: Owner) -> Result<Vec<Need>, NeedError> {
    let origin = format!("recipe `{}`", recipe.name);
    recipe
        .needs()
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
            zone: self.zone().filter(|_| !self.operation.names_account() && !self.operation.makes_zone()),
            bucket: self.resource.bucket.clone(),
            ip: None,
            at,
        }
    }

    /// Whether the product of the call takes no token of this owner. Each kind of token is verified at an endpoint of its
    /// own, which the same need stands for.
    pub(crate) fn is_closed_to(&self, owner: Owner) -> bool {
        let verifies = self.operation.path().ends_with("/tokens/verify");
        self.operation.closed_to_account_tokens && matches!(owner, Owner::Account(_)) && !verifies
    }

    fn zone(&self) -> Option<ZoneId> {
        let every = self.resource.every_zone && self.operation.names_zone();
        self.resource.zone.or(every.then_some(SOME_ZONE))
    }
}

enum Missing {
    Zone,
    Account,
    Bucket,
}

impl Missing {
    fn in_recipe(&self, recipe: &Recipe, operation: &Operation) -> NeedError {
        let (recipe, operation) = (recipe.name.clone(), operation.to_string());
        match self {
            Self::Zone => NeedError::Zone { recipe, operation },
            Self::Account => NeedError::Account { recipe, operation },
            Self::Bucket => NeedError::Bucket { recipe, operation },
        }
    }
}

fn resource_of(operation: &Operation, given: &Target) -> Result<Target, Missing> {
    let (account, zone, every_zone) = (given.account, given.zone, given.every_zone);
    if operation.names_zone() {
        let named = zone.is_some() || every_zone && account.is_some();
        return named.then_some(Target { account, zone, every_zone, bucket: None }).ok_or(Missing::Zone);
    }
    if operation.names_bucket() {
        let bucket = given.bucket.clone().ok_or(Missing::Bucket)?;
        return Ok(Target { account: Some(bucket.account), bucket: Some(bucket), ..Target::default() });
    }
    if operation.names_account() || operation.is_s3() {
        return account.map(|_| Target { account, ..Target::default() }).ok_or(Missing::Account);
    }
    let accepts = |scope| operation.accepts().any(|group| group.scope == scope);
    let (zones, accounts) = (accepts(Scope::Zone), accepts(Scope::Account));
    let target = Target {
        account: account.filter(|_| zones || accounts),
        zone: zone.filter(|_| zones),
        every_zone: every_zone && zones,
        bucket: None,
    };
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
        let error =
            needs_of_recipe(&recipe, &Target { account: Some(ACCOUNT), ..Target::default() }, USER).unwrap_err();
        assert_eq!(error.to_string(), "recipe `saas-platform` needs a zone for `GET /zones/{zone_id}`: give --zone");
        let error = needs_of_recipe(&recipe, &Target { zone: Some(ZONE), ..Target::default() }, USER).unwrap_err();
        assert!(matches!(error, NeedError::Account { .. }));
    }

    #[test]
    fn an_account_does_not_look_for_itself() {
        let target = Target { account: Some(ACCOUNT), zone: Some(ZONE), ..Target::default() };
        let lists = |owner| {
            let needs = needs_of_recipe(&recipe("saas-platform").unwrap(), &target, owner).unwrap();
            needs.iter().any(|need| need.operation.path() == "/accounts")
        };
        assert!(lists(USER) && !lists(Owner::Account(ACCOUNT)));
    }

    #[test]
    fn each_operation_gets_the_part_of_the_target_that_it_is_called_on() {
        let target = Target { account: Some(ACCOUNT), zone: Some(ZONE), ..Target::default() };
        let needs = needs_of_recipe(&recipe("saas-platform").unwrap(), &target, USER).unwrap();
        let resource =
            |text: &str| needs.iter().find(|need| need.operation.to_string() == text).unwrap().resource.clone();
        assert_eq!(resource("GET /zones"), target);
        assert_eq!(resource("GET /zones/{zone_id}/dns_records"), target);
        assert_eq!(resource("GET /accounts/{account_id}"), Target { account: Some(ACCOUNT), ..Target::default() });
        assert_eq!(resource("GET /user/tokens/verify"), Target::default());
    }
}
