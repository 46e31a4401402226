//! Giving a token what it lacks for a piece of work, and nothing more. Its value stays the same.

use flarekeep_catalogue::{Rule, Scope, TokenId};
use flarekeep_cloudflare::{self as api, Client, TokenUpdate};
use flarekeep_planner::{Need, Options, Plan, plan};
use flarekeep_policy::{Cause, Effect, Grant, IpCondition, Owner, Policy, Status, UnixSeconds};

use crate::advice::GrantAdvice;
use crate::error::Error;
use crate::translate::{GroupIds, groups_to_wire, policy_from_wire, policy_to_wire, token_from_wire};

/// A change that would mend a token.
#[derive(Debug, Clone)]
pub struct Fix {
    /// The token as it is.
    pub token: api::Token,
    /// What is added; empty where nothing is missing.
    pub added: Vec<GrantAdvice>,
    owner: api::Owner,
    update: TokenUpdate,
}

/// Finds the smallest addition under which the token meets all needs of the plan. Nothing is changed yet.
pub async fn propose(
    manager: &Client,
    owner: api::Owner,
    id: TokenId,
    work: &Plan,
    now: UnixSeconds,
) -> Result<Fix, Error> {
    let token = manager.tokens(owner).get(id).await?;
    let mut engine = token_from_wire(&token, owner)?;
    // Which permissions are missing does not depend on where and when the token is used, nor on whether it is on.
    engine.ip = IpCondition::default();
    (engine.not_before, engine.expires_on, engine.status) = (None, None, Status::Active);
    if let (api::Owner::User, true) = (owner, work.needs.iter().any(concerns_the_user)) {
        engine.owner = Owner::User(manager.user().await?.id);
    }
    let compiled = engine.compile();
    let lacks = |need: &&Need| {
        matches!(need.operation.rule, Rule::AnyOf | Rule::AllOf)
            && !compiled.decide(&need.request(engine.owner, now)).allow
    };
    let lacking: Vec<Need> = work.needs.iter().filter(lacks).cloned().collect();
    let withheld = |need: &&Need| compiled.decide(&need.request(engine.owner, now)).cause == Cause::Denied;
    if let Some(need) = lacking.iter().find(withheld) {
        let reason = "a policy of the token denies it, whatever others allow: take the group out of that policy";
        return Err(Error::Impossible { operation: need.operation.to_string(), reason: reason.to_owned() });
    }
    let addition = plan(&lacking, &Options::new(engine.owner));
    if let Some(impossible) = addition.impossible.first() {
        let operation = addition.needs.get(impossible.need).map(|need| need.operation.to_string()).unwrap_or_default();
        return Err(Error::Impossible { operation, reason: impossible.reason.to_string() });
    }
    let ids = GroupIds::for_policies(manager, owner, &addition.policies()).await?;
    let mut update = TokenUpdate::from(&token);
    for policy in addition.policies() {
        add(&mut update.policies, &policy, &ids)?;
    }
    let added = addition.grants.iter().map(|grant| GrantAdvice::new(grant.group, &grant.resource)).collect();
    Ok(Fix { token, added, owner, update })
}

/// Makes the change, if the token is still as it was when the change was proposed: an update replaces the whole token,
/// and must not bring back what somebody took away meanwhile.
pub async fn settle(manager: &Client, fix: &Fix) -> Result<api::Token, Error> {
    let tokens = manager.tokens(fix.owner);
    let now = tokens.get(fix.token.id).await?;
    if TokenUpdate::from(&now) != TokenUpdate::from(&fix.token) || now.status != fix.token.status {
        return Err(Error::Changed(fix.token.id));
    }
    Ok(tokens.update(fix.token.id, &fix.update).await?)
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
