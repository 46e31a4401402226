//! What a declared token is granted: the plan of its work, and the permissions that it names outright.

use flarekeep_catalogue::{AccountId, Group, Operation, Recipe, Scope};
use flarekeep_planner::{Need, NeedError, Options, Plan, Target, needs_of_recipe, plan, with_options};
use flarekeep_policy::{BucketKey, Grant, Owner, Policy, Resource};

use super::document::{At, BucketRef, Declared, Granted, UserRef, ZoneRef};
use super::place::{EVERY, Places};
use super::wanted::DeclaredError;
use crate::translate::UNNAMED_USER;

/// The smallest plan for the recipes and operations; none where there are neither.
pub(super) fn planned(
    token: &Declared,
    places: &Places,
    account: Option<AccountId>,
    owner: Owner,
    recipes: &[Recipe],
) -> Result<Option<Plan>, DeclaredError> {
    let work = &token.purpose;
    if recipes.is_empty() && work.operations.is_empty() {
        return Ok(None);
    }
    if recipes.is_empty() && !work.options.is_empty() {
        return Err(DeclaredError::OptionsWithoutRecipe);
    }
    let recipes = with_options(recipes, &work.options)?;
    let mut needs: Vec<Need> = Vec::new();
    for target in targets(token, places, account)? {
        for recipe in &recipes {
            needs.extend(needs_of_recipe(recipe, &target, owner)?);
        }
        for (operation, ids) in &work.operations {
            let resource = target.of_operation(operation, ids);
            refuse_no_place(operation, &resource)?;
            needs.push(Need { operation, resource, why: String::new(), origin: "operations".to_owned() });
        }
    }
    let plan = plan(&needs, &Options::new(owner));
    if let Some(impossible) = plan.impossible.first() {
        let operation = plan.needs.get(impossible.need).map(|need| need.operation.to_string()).unwrap_or_default();
        return Err(DeclaredError::Impossible { operation, reason: impossible.reason.to_string() });
    }
    Ok(Some(plan))
}

/// The places at which the work is done: every zone with every bucket.
fn targets(token: &Declared, places: &Places, account: Option<AccountId>) -> Result<Vec<Target>, DeclaredError> {
    let mut zones = Vec::new();
    for zone in &token.zones {
        let named = zone.account.as_deref().map(|text| places.account(text)).transpose()?;
        zones.push(match &zone.zone {
            Some(text) => {
                let (id, owner) = places.zone(text)?;
                Target { account: named.or(owner).or(account), zone: Some(id), ..Target::default() }
            }
            None => {
                let account = named.or(account).ok_or(DeclaredError::EveryZoneOfWhich)?;
                Target { account: Some(account), every_zone: true, ..Target::default() }
            }
        });
    }
    if zones.is_empty() {
        zones.push(Target { account, ..Target::default() });
    }
    let mut buckets: Vec<Option<BucketKey>> = Vec::new();
    for bucket in &token.buckets {
        let BucketRef::One { jurisdiction, name } = bucket else { return Err(DeclaredError::EveryBucket) };
        let account = account.ok_or(DeclaredError::BucketOfWhich)?;
        buckets.push(Some(BucketKey { account, jurisdiction: jurisdiction.clone(), name: name.clone() }));
    }
    if buckets.is_empty() {
        buckets.push(None);
    }
    let with = |zone: &Target| {
        let zone = zone.clone();
        buckets.iter().map(move |bucket| Target { bucket: bucket.clone(), ..zone.clone() }).collect::<Vec<_>>()
    };
    Ok(zones.iter().flat_map(with).collect())
}

fn refuse_no_place(operation: &Operation, target: &Target) -> Result<(), DeclaredError> {
    let needs = |what, key| Err(DeclaredError::NoPlace { of: operation.to_string(), what, key });
    if operation.names_zone() && target.zone.is_none() && !target.every_zone {
        return needs("a zone", "zones");
    }
    if operation.names_bucket() && target.bucket.is_none() {
        return needs("a bucket", "buckets");
    }
    if operation.names_account() && target.account.is_none() {
        return needs("an account", "account");
    }
    Ok(())
}

/// The policies of the permissions that are named outright.
pub(super) fn granted(
    token: &Declared,
    places: &Places,
    account: Option<AccountId>,
) -> Result<Vec<Policy>, DeclaredError> {
    let mut policies = Vec::new();
    for grant in &token.purpose.grants {
        let named = Named::of(&grant.at, token, places, account)?;
        for permission in &grant.permissions {
            let mut resources = grant.at.resources.clone();
            if let Some(group) = scoped(permission, &named, grant) {
                resources.extend(named.at(group, account)?);
            }
            policies.push(Policy { effect: grant.effect, resources, groups: vec![*permission] });
        }
        named.refuse_idle(grant)?;
    }
    Ok(policies)
}

/// The group whose scope says where it is granted; none where the places are spelt out.
fn scoped(permission: &Grant, named: &Named, grant: &Granted) -> Option<Scoped> {
    let spelled_out = !grant.at.resources.is_empty() && named.is_empty();
    (!spelled_out).then(|| match permission.group() {
        Some(group) => Scoped::Group(group),
        None => Scoped::Unknown(match permission {
            Grant::Unknown(id) | Grant::Named(_, id) => id.to_string(),
            Grant::Group(group) => group.name.to_owned(),
        }),
    })
}

enum Scoped {
    Group(&'static Group),
    Unknown(String),
}

/// The places of a grant by scope. Where it names none, they are the token's own.
struct Named {
    zones: Vec<Resource>,
    accounts: Vec<Resource>,
    buckets: Vec<Resource>,
    user: Vec<Resource>,
    is_own: bool,
}

impl Named {
    fn of(at: &At, token: &Declared, places: &Places, account: Option<AccountId>) -> Result<Self, DeclaredError> {
        let none = at.zones.is_empty() && at.accounts.is_empty() && at.buckets.is_empty() && at.user.is_none();
        let is_own = none && at.resources.is_empty();
        let (zones, buckets) = if is_own { (&token.zones, &token.buckets) } else { (&at.zones, &at.buckets) };
        let accounts = at.accounts.iter().map(|text| match text.as_str() {
            EVERY => Ok(Resource::AllAccounts),
            text => places.account(text).map(Resource::Account),
        });
        let mut accounts = accounts.collect::<Result<Vec<_>, _>>()?;
        if is_own {
            accounts.extend(account.map(Resource::Account));
        }
        let user = match at.user {
            Some(UserRef::Id(id)) => Some(id),
            Some(UserRef::Own) => Some(UNNAMED_USER),
            None => is_own.then_some(UNNAMED_USER),
        };
        Ok(Self {
            zones: zones.iter().map(|zone| zone_resource(zone, places, account)).collect::<Result<_, _>>()?,
            accounts,
            buckets: buckets.iter().map(|bucket| bucket_resource(bucket, account)).collect::<Result<_, _>>()?,
            user: user.map(Resource::User).into_iter().collect(),
            is_own,
        })
    }

    fn is_empty(&self) -> bool {
        !self.is_own
            && [&self.zones, &self.accounts, &self.buckets, &self.user].iter().all(|resources| resources.is_empty())
    }

    fn of_scope(&self, scope: Scope) -> &[Resource] {
        match scope {
            Scope::Zone => &self.zones,
            Scope::Account => &self.accounts,
            Scope::Bucket => &self.buckets,
            Scope::User => &self.user,
            Scope::FlagshipApp | Scope::Unknown => &[],
        }
    }

    /// Where a group takes effect.
    fn at(&self, group: Scoped, account: Option<AccountId>) -> Result<Vec<Resource>, DeclaredError> {
        let group = match group {
            Scoped::Group(group) => group,
            Scoped::Unknown(id) => return Err(DeclaredError::NoScope(id)),
        };
        let (what, key) = match group.scope {
            Scope::Zone => ("a zone", "zones"),
            Scope::Account => ("an account", "account"),
            Scope::Bucket if account.is_none() => return Err(DeclaredError::BucketOfWhich),
            Scope::Bucket => ("a bucket", "buckets"),
            Scope::User => ("the user", "user"),
            Scope::FlagshipApp | Scope::Unknown => return Err(DeclaredError::NoScope(group.name.to_owned())),
        };
        match self.of_scope(group.scope) {
            [] => Err(DeclaredError::NoPlace { of: group.name.to_owned(), what, key }),
            resources => Ok(resources.to_vec()),
        }
    }

    /// Refuses a place that is named and at which no permission takes effect.
    fn refuse_idle(&self, grant: &Granted) -> Result<(), DeclaredError> {
        if self.is_own {
            return Ok(());
        }
        let has = |scope| grant.permissions.iter().any(|grant| grant.group().is_some_and(|group| group.scope == scope));
        let scopes =
            [(Scope::Zone, "zones"), (Scope::Account, "account"), (Scope::Bucket, "buckets"), (Scope::User, "user")];
        let idle = scopes.into_iter().find(|(scope, _)| !self.of_scope(*scope).is_empty() && !has(*scope));
        idle.map_or(Ok(()), |(_, key)| Err(DeclaredError::IdlePlace { line: grant.line, key }))
    }
}

fn zone_resource(zone: &ZoneRef, places: &Places, account: Option<AccountId>) -> Result<Resource, DeclaredError> {
    match (zone.account.as_deref(), &zone.zone) {
        (Some(EVERY), _) => Ok(Resource::AllZones),
        (Some(owner), None) => Ok(Resource::AllZonesOf(places.account(owner)?)),
        (Some(owner), Some(text)) => Ok(Resource::ZoneOf(places.account(owner)?, places.zone(text)?.0)),
        (None, None) => account.map(Resource::AllZonesOf).ok_or(DeclaredError::EveryZoneOfWhich),
        (None, Some(text)) => Ok(Resource::Zone(places.zone(text)?.0)),
    }
}

fn bucket_resource(bucket: &BucketRef, account: Option<AccountId>) -> Result<Resource, DeclaredError> {
    let account = account.ok_or(DeclaredError::BucketOfWhich)?;
    Ok(match bucket {
        BucketRef::Every => Resource::AllBucketsOf(account),
        BucketRef::One { jurisdiction, name } => {
            Resource::Bucket(BucketKey { account, jurisdiction: jurisdiction.clone(), name: name.clone() })
        }
    })
}

impl From<NeedError> for DeclaredError {
    fn from(error: NeedError) -> Self {
        let (recipe, operation, what, key) = match error {
            NeedError::Zone { recipe, operation } => (recipe, operation, "a zone", "zones"),
            NeedError::Account { recipe, operation } => (recipe, operation, "an account", "account"),
            NeedError::Bucket { recipe, operation } => (recipe, operation, "a bucket", "buckets"),
        };
        Self::NoPlace { of: format!("{operation} of the recipe {recipe}"), what, key }
    }
}
