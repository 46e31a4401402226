//! What a declaration asks of Cloudflare.

use flarekeep_catalogue::{AccountId, Recipe, RecipeError, TokenId, UserId};
use flarekeep_cloudflare::{self as api, Condition, NewToken, TokenUpdate};
use flarekeep_planner::{Plan, canonical};
use flarekeep_policy::{Owner, Policy, Resource};
use ipnet::IpNet;
use jiff::Timestamp;

use super::document::{Age, Declared, End, Whose};
use super::meaning;
use super::place::Places;
use super::work;
use crate::error::Error;
use crate::sink::Sink;
use crate::translate::{GroupIds, UNNAMED_USER, policy_to_wire};

/// What a declaration refers to, read.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Its recipes, in order, without their options.
    pub recipes: Vec<Recipe>,
    /// Its plan, verified and with ids in the place of names.
    pub plan: Option<Plan>,
}

/// A declaration whose names became ids: what is to be granted, before Cloudflare's ids of the groups are known.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The declaration.
    pub declared: Declared,
    /// Who is to own the token.
    pub owner: api::Owner,
    /// The account that the work is done in, where there is one.
    pub account: Option<AccountId>,
    /// What is to be granted, in canonical form.
    pub policies: Vec<Policy>,
    /// The plan of the recipes and operations, or the plan file's.
    pub plan: Option<Plan>,
}

/// What the API is to be told of a declared token.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The key in the file.
    pub key: String,
    /// The token's name.
    pub name: String,
    /// Its id, where the file gives one.
    pub id: Option<TokenId>,
    /// Who is to own it.
    pub owner: api::Owner,
    /// What it is to grant.
    pub policies: Vec<api::Policy>,
    /// Only these addresses may use it; none for any.
    pub allow_ips: Vec<IpNet>,
    /// None of these may use it.
    pub deny_ips: Vec<IpNet>,
    /// It is valid from here on.
    pub not_before: Option<Timestamp>,
    /// When it ends.
    pub end: End,
    /// Whether it may be used.
    pub enabled: bool,
    /// Where its value goes, as the journal spells it.
    pub sinks: Vec<String>,
    /// After which time it is to be rotated.
    pub rotate_every: Option<Age>,
}

/// Why a declaration cannot be made a token.
#[derive(Debug, thiserror::Error)]
pub enum DeclaredError {
    /// A name that nobody looked up, or that was not found.
    #[error("no {kind} is called `{}`, or the credential cannot see it", super::raw::shown(name))]
    Unknown {
        /// `account` or `zone`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// An account's token without its account.
    #[error("an account is to own the token, and none is named")]
    NoAccount,
    /// Something takes effect at a place that is not named.
    #[error("`{of}` needs {what}")]
    NoPlace {
        /// The operation or the permission.
        of: String,
        /// What is missing.
        what: &'static str,
        /// The key that names it.
        key: &'static str,
    },
    /// A place at which nothing is granted.
    #[error("line {line}: none of the permissions takes effect at what `{key}` names")]
    IdlePlace {
        /// The line of the grant.
        line: usize,
        /// The key.
        key: &'static str,
    },
    /// A permission of which nobody knows where it takes effect.
    #[error("where `{0}` takes effect is not known")]
    NoScope(String),
    /// `*` without an account.
    #[error("every zone of which account is not said")]
    EveryZoneOfWhich,
    /// A bucket without an account.
    #[error("in which account the buckets are is not said")]
    BucketOfWhich,
    /// A plan for every bucket.
    #[error("a plan is made for buckets that are named, and not for all of them")]
    EveryBucket,
    /// Options of no recipe.
    #[error("options are those of a recipe, and none is named")]
    OptionsWithoutRecipe,
    /// An operation that no token of this owner can be allowed.
    #[error("`{operation}` cannot be granted: {reason}")]
    Impossible {
        /// The operation.
        operation: String,
        /// Why not.
        reason: String,
    },
    /// There is nothing to put into the token.
    #[error("any valid token may do this work, or none that is known: there is nothing to grant")]
    NothingToGrant,
    /// The end is past.
    #[error("it would have ended already, at {0}")]
    Past(Timestamp),
    /// A recipe that is none.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
}

impl DeclaredError {
    /// What to write, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { kind, .. } => format!("give its id in the place of the name of the {kind}"),
            Self::NoAccount => "account = \"ID or name\", in the token or under [defaults]".to_owned(),
            Self::NoPlace { key: "account", .. } => "account = \"ID or name\"".to_owned(),
            Self::NoPlace { key: "user", .. } => "user = true".to_owned(),
            Self::NoPlace { key, .. } => format!("{key} = [\"…\"]"),
            Self::IdlePlace { key, .. } => format!("leave `{key}` out, or name a permission of that scope"),
            Self::NoScope(_) => "spell the place out: resources = [\"com.cloudflare.api.account.<id>\"]".to_owned(),
            Self::EveryZoneOfWhich => {
                "account = \"…\"; \"*/*\" in a grant means every zone of every account".to_owned()
            }
            Self::BucketOfWhich => "account = \"ID or name\"".to_owned(),
            Self::EveryBucket => {
                "name the buckets, or grant permissions at buckets = [\"*\"] by [[token.NAME.grant]]".to_owned()
            }
            Self::OptionsWithoutRecipe => "recipe = \"…\"; flarekeep recipe list shows them".to_owned(),
            Self::Past(_) => "expires = \"90d\"".to_owned(),
            Self::Impossible { .. } | Self::NothingToGrant | Self::Recipe(_) => return None,
        })
    }
}

impl Declared {
    /// The declaration with ids in the place of names, and the plan of its work. `now` is only there to refuse an end
    /// that is past.
    ///
    /// # Errors
    /// Why it cannot be made a token.
    pub fn place(&self, places: &Places, sources: &Sources, now: Timestamp) -> Result<Placed, DeclaredError> {
        if let End::At(end) = self.end
            && end <= now
        {
            return Err(DeclaredError::Past(end));
        }
        let account = places.account_of(self)?;
        let (owner, engine_owner) = match self.whose {
            Whose::User => (api::Owner::User, Owner::User(UNNAMED_USER)),
            Whose::Account => {
                let account = account.ok_or(DeclaredError::NoAccount)?;
                (api::Owner::Account(account), Owner::Account(account))
            }
        };
        let planned = work::planned(self, places, account, engine_owner, &sources.recipes)?;
        let plan = planned.or_else(|| sources.plan.clone());
        let mut policies = plan.as_ref().map(Plan::policies).unwrap_or_default();
        policies.extend(work::granted(self, places, account)?);
        let policies = canonical(&policies);
        if policies.is_empty() {
            return Err(DeclaredError::NothingToGrant);
        }
        Ok(Placed { declared: self.clone(), owner, account, policies, plan })
    }
}

impl Placed {
    /// Whether it is granted something at the user that owns it, whose id must then be known.
    #[must_use]
    pub fn names_the_user(&self) -> bool {
        self.policies.iter().any(|policy| policy.resources.contains(&Resource::User(UNNAMED_USER)))
    }

    /// Puts the id of the user that owns it where it is meant.
    pub fn name_the_user(&mut self, user: UserId) {
        for resource in self.policies.iter_mut().flat_map(|policy| &mut policy.resources) {
            if *resource == Resource::User(UNNAMED_USER) {
                *resource = Resource::User(user);
            }
        }
    }

    /// What the API is to be told.
    ///
    /// # Errors
    /// If the id of a group is not known.
    pub fn wanted(&self, ids: &GroupIds) -> Result<Wanted, Error> {
        let policies = self.policies.iter().map(|policy| policy_to_wire(policy, ids)).collect::<Result<Vec<_>, _>>()?;
        let declared = &self.declared;
        Ok(Wanted {
            key: declared.key.clone(),
            name: declared.name.clone(),
            id: declared.id,
            owner: self.owner,
            policies: policies.concat(),
            allow_ips: declared.allow_ips.clone(),
            deny_ips: declared.deny_ips.clone(),
            not_before: declared.not_before,
            end: declared.end,
            enabled: declared.enabled,
            sinks: declared.sinks.iter().map(Sink::spelling).collect(),
            rotate_every: declared.rotate_every,
        })
    }
}

impl Wanted {
    /// The token to be made at `now`.
    #[must_use]
    pub fn new_token(&self, now: Timestamp) -> NewToken {
        NewToken {
            name: self.name.clone(),
            policies: self.policies.clone(),
            condition: self.condition(),
            not_before: self.not_before,
            expires_on: match self.end {
                End::Never => None,
                End::At(end) => Some(end),
                End::After(age) => Some(age.after(now)),
            },
        }
    }

    /// What the living token is to be from `now` on. Its end stays where the declared age does not move it.
    #[must_use]
    pub fn update(&self, living: &api::Token, now: Timestamp) -> TokenUpdate {
        let status = if self.enabled { api::Status::Active } else { api::Status::Disabled };
        let is_known = matches!(living.status, api::Status::Active | api::Status::Disabled);
        TokenUpdate {
            name: self.name.clone(),
            status: is_known.then_some(status),
            policies: self.policies.clone(),
            condition: self.condition(),
            not_before: self.not_before,
            expires_on: meaning::end(self.end, living, now),
        }
    }

    fn condition(&self) -> Option<Condition> {
        Condition::from_lists(self.allow_ips.clone(), self.deny_ips.clone())
    }
}
