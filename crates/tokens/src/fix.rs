//! Mending a token in its place: giving it what it lacks for a piece of work, and taking away what bars it. Its value stays
//! the same, and it is widened by no more than was asked for.

mod address;
mod lift;
mod wish;

use flarekeep_catalogue::{Rule, Scope, TokenId};
use flarekeep_cloudflare::{self as api, Client, TokenUpdate};
use flarekeep_planner::{Choice, Need, Options, plan};
use flarekeep_policy::{Effect, Grant, Owner, Policy, Resource, Token, UnixSeconds};
use jiff::Timestamp;

use self::address::allowing;
use self::lift::{lifted, withholding};
pub use self::wish::Wish;
use crate::advice::GrantAdvice;
use crate::error::Error;
use crate::switch::change;
use crate::translate::{GroupIds, UNNAMED_USER, groups_to_wire, policy_from_wire, policy_to_wire, token_from_wire};

/// A change that would mend a token.
#[derive(Debug, Clone)]
pub struct Fix {
    /// The token as it is.
    pub token: api::Token,
    /// The groups that are added; empty where none is missing.
    pub added: Vec<GrantAdvice>,
    /// The groups that its policies deny no more.
    pub lifted: Vec<GrantAdvice>,
    /// The same, as the policy engine has it.
    pub lifts: Vec<Choice>,
    /// What would still keep the token from being used.
    pub obstacles: Vec<Obstacle>,
    /// What is added, as the policy engine has it.
    pub additions: Vec<Policy>,
    owner: api::Owner,
    update: TokenUpdate,
}

/// What keeps a token from being used, whatever it grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// It is switched off.
    Disabled,
    /// It ended, at this time where that is known.
    Ended(Option<Timestamp>),
    /// It begins then.
    NotBegun(Timestamp),
    /// Its list of allowed addresses is empty: nobody may use it.
    Nowhere,
}

impl Fix {
    /// Whether there is nothing to change.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.update == TokenUpdate::from(&self.token)
    }

    /// The token as it would be.
    #[must_use]
    pub fn after(&self) -> api::Token {
        let TokenUpdate { name, status, policies, condition, not_before, expires_on } = self.update.clone();
        let status = match (status, &self.token.status) {
            (Some(status), _) => status,
            // Nobody can write that it ended, nor that it did not: its end says it.
            (None, api::Status::Expired) if expires_on != self.token.expires_on => api::Status::Active,
            (None, status) => status.clone(),
        };
        api::Token { name, status, policies, condition, not_before, expires_on, ..self.token.clone() }
    }

    /// What would be written: it replaces the whole token.
    #[must_use]
    pub fn update(&self) -> &TokenUpdate {
        &self.update
    }

    /// Who owns the token.
    #[must_use]
    pub fn owner(&self) -> api::Owner {
        self.owner
    }
}

/// Finds the smallest change that grants the wish. Nothing is changed yet.
///
/// # Errors
/// [`Error::Impossible`] and [`Error::Withheld`] for work that the token cannot be given; [`Error::Beyond`] for a token that
/// no change revives; any of a call.
pub async fn propose(
    manager: &Client,
    owner: api::Owner,
    id: TokenId,
    wish: &Wish<'_>,
    now: UnixSeconds,
) -> Result<Fix, Error> {
    let token = manager.tokens(owner).get(id).await?;
    if matches!(token.status, api::Status::Other(_)) {
        return Err(Error::Beyond { id, status: token.status.to_string() });
    }
    let mut engine = at_any_time(token_from_wire(&token, owner)?);
    let needs = wish.work.map(|work| work.needs.as_slice()).unwrap_or_default();
    let at_user = |grant: &Choice| grant.resource == Resource::User(UNNAMED_USER);
    if owner == api::Owner::User && (needs.iter().any(concerns_the_user) || wish.grants.iter().any(at_user)) {
        engine.owner = Owner::User(manager.user().await?.id);
    }
    let mut denials = wish.lifts.clone();
    for choice in denied(&engine, needs, now, wish.undeny)? {
        if !denials.contains(&choice) {
            denials.push(choice);
        }
    }
    let mut update = TokenUpdate::from(&token);
    if !denials.is_empty() {
        update.policies = lifted(&token.policies, &denials)?;
        engine.policies = update.policies.iter().map(policy_from_wire).collect::<Result<_, _>>()?;
    }
    let additions = additions(&engine, needs, &wish.grants, now)?;
    let ids = GroupIds::for_policies(manager, owner, &additions).await?;
    for policy in &additions {
        add(&mut update.policies, policy, &ids)?;
    }
    limit_less(&mut update, &token, wish, now);
    let advice = |choice: &Choice| GrantAdvice::new(choice.group, &choice.resource);
    let added = additions.iter().flat_map(|policy| {
        policy.known_groups().flat_map(|group| policy.resources.iter().map(move |at| GrantAdvice::new(group, at)))
    });
    let mut fix = Fix {
        added: added.collect(),
        lifted: denials.iter().map(advice).collect(),
        lifts: denials,
        obstacles: Vec::new(),
        additions,
        owner,
        update,
        token,
    };
    fix.obstacles = obstacles(&fix.after(), now);
    Ok(fix)
}

/// Makes the change, if the token is still as it was when the change was proposed: an update replaces the whole token,
/// and must not bring back what somebody took away meanwhile. The token is read again, to show that it took effect.
///
/// # Errors
/// [`Error::Changed`], [`Error::Untaken`]; any of a call.
pub async fn settle(manager: &Client, fix: &Fix) -> Result<api::Token, Error> {
    let after = change(&manager.tokens(fix.owner), &fix.token, &fix.update).await?;
    let ended = after.status == api::Status::Expired && fix.after().status != api::Status::Expired;
    if ended || after.not_before != fix.update.not_before {
        return Err(Error::Untaken { id: after.id, status: after.status.to_string() });
    }
    Ok(after)
}

/// Writes the token as it was before the change, where the change turned out to be another token's.
///
/// # Errors
/// Any of a call.
pub async fn unsettle(manager: &Client, fix: &Fix) -> Result<api::Token, Error> {
    Ok(manager.tokens(fix.owner).update(fix.token.id, &TokenUpdate::from(&fix.token)).await?)
}

/// What keeps a token from being used at all, whatever it grants; from where it may be used is not looked at, but for one
/// that may be used from nowhere.
#[must_use]
pub fn obstacles(token: &api::Token, now: UnixSeconds) -> Vec<Obstacle> {
    let ended = token.status == api::Status::Expired || token.expires_on.is_some_and(|end| end.as_second() <= now.0);
    let later = token.not_before.filter(|start| start.as_second() > now.0);
    let nowhere = token.condition.as_ref().is_some_and(api::Condition::locks_everybody_out);
    let disabled = (token.status == api::Status::Disabled).then_some(Obstacle::Disabled);
    let ended = ended.then_some(Obstacle::Ended(token.expires_on));
    let nowhere = nowhere.then_some(Obstacle::Nowhere);
    disabled.into_iter().chain(ended).chain(later.map(Obstacle::NotBegun)).chain(nowhere).collect()
}

/// The token where and when it may be used: which permissions are missing does not depend on that, nor on whether it is on.
fn at_any_time(token: Token) -> Token {
    Token::unconditional(token.owner, token.policies)
}

/// What policies withhold of the work, where it may be given back.
fn denied(token: &Token, needs: &[Need], now: UnixSeconds, undeny: bool) -> Result<Vec<Choice>, Error> {
    let mut all = Vec::new();
    for need in needs {
        let denials = withholding(token, &need.request(token.owner, now));
        if let (Some(first), false) = (denials.first(), undeny) {
            let (operation, grant) = (need.operation.to_string(), GrantAdvice::new(first.group, &first.resource));
            return Err(Error::Withheld { operation, grant: Box::new(grant) });
        }
        all.extend(denials);
    }
    all.dedup();
    Ok(all)
}

/// The policies that grant what is missing.
fn additions(token: &Token, needs: &[Need], grants: &[Choice], now: UnixSeconds) -> Result<Vec<Policy>, Error> {
    let compiled = token.compile();
    let lacks = |need: &&Need| {
        matches!(need.operation.rule, Rule::AnyOf | Rule::AllOf)
            && !compiled.decide(&need.request(token.owner, now)).allow
    };
    let lacking: Vec<Need> = needs.iter().filter(lacks).cloned().collect();
    let addition = plan(&lacking, &Options::new(token.owner));
    if let Some(impossible) = addition.impossible.first() {
        let operation = addition.needs.get(impossible.need).map(|need| need.operation.to_string()).unwrap_or_default();
        return Err(Error::Impossible { operation, reason: impossible.reason });
    }
    let mut policies = addition.policies();
    for Choice { group, resource } in grants {
        let resource = match (resource, token.owner) {
            (Resource::User(UNNAMED_USER), Owner::User(user)) => Resource::User(user),
            (resource, _) => resource.clone(),
        };
        let holds = |policy: &Policy| {
            policy.effect == Effect::Allow
                && policy.resources.contains(&resource)
                && policy.known_groups().any(|held| held == *group)
        };
        if !token.policies.iter().chain(&policies).any(holds) {
            policies.push(Policy {
                effect: Effect::Allow,
                resources: vec![resource],
                groups: vec![Grant::Group(group)],
            });
        }
    }
    Ok(policies)
}

/// Takes back what is asked for of the token's limits, and no more.
fn limit_less(update: &mut TokenUpdate, token: &api::Token, wish: &Wish<'_>, now: UnixSeconds) {
    if !wish.allow.is_empty() {
        update.condition = allowing(token.condition.as_ref(), &wish.allow);
    }
    update.expires_on = token.expires_on.map(|end| wish.expires_on.map_or(end, |wished| end.max(wished)));
    if let (Some(start), Some(wished)) = (token.not_before, wish.not_before)
        && wished < start
    {
        // A start that is past is none.
        update.not_before = Some(wished).filter(|wished| wished.as_second() > now.0);
    }
    if wish.enable && token.status == api::Status::Disabled {
        update.status = Some(api::Status::Active);
    }
}

/// Whether a need is met by groups of the user, which take effect at that user's own id.
fn concerns_the_user(need: &Need) -> bool {
    need.operation.accepts().any(|group| group.scope == Scope::User)
}

/// Adds the groups to the policy that allows at just this resource, or as a policy of their own.
fn add(policies: &mut Vec<api::Policy>, addition: &Policy, ids: &GroupIds) -> Result<(), Error> {
    for existing in policies.iter_mut() {
        let read = policy_from_wire(existing)?;
        if read.effect == Effect::Allow && read.resources == addition.resources {
            let new = addition.groups.iter().filter(|grant| !read.groups.contains(grant));
            let groups: Vec<Grant> = new.copied().collect();
            existing.permission_groups.extend(groups_to_wire(&groups, ids)?);
            return Ok(());
        }
    }
    policies.extend(policy_to_wire(addition, ids)?);
    Ok(())
}
