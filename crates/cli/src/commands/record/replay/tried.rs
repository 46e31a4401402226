//! What a recording is replayed under: a plan, or a token that is there.

use flarekeep_planner::Plan;
use flarekeep_policy::{Effect, Grant, Policy, Resource};

use crate::arguments::{Owner, Reading};
use crate::commands::policy::source;
use crate::context::Context;
use crate::error::CommandError;
use crate::place;

/// Policies, and what each of their grants is by itself.
pub(super) struct Tried {
    /// What they are called: `the plan`, `token ci-deploy`.
    pub(super) name: String,
    pub(super) policies: Vec<Policy>,
    grants: Vec<(Resource, Grant)>,
}

impl Tried {
    pub(super) fn plan(plan: &Plan) -> Self {
        let grants = plan.grants.iter().map(|grant| (grant.resource.clone(), Grant::Group(grant.group)));
        Self { name: "the plan".to_owned(), policies: plan.policies(), grants: grants.collect() }
    }

    /// The policies of a token: in a file, or of one that the API knows.
    pub(super) fn token(context: &Context, given: &str) -> Result<Self, CommandError> {
        let reading = Reading { owner: Owner::default(), zone_accounts: Vec::new() };
        let read = source::read(context, &reading, &[given])?.pop();
        let source::Source { name, token } = read.ok_or_else(|| CommandError::usage("there is no token"))?;
        let allows = token.policies.iter().filter(|policy| policy.effect == Effect::Allow);
        let grants = allows.flat_map(|policy| {
            policy.resources.iter().flat_map(|at| policy.groups.iter().map(|group| (at.clone(), *group)))
        });
        Ok(Self { name, grants: grants.collect(), policies: token.policies })
    }

    /// Where something is granted.
    pub(super) fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.grants.iter().map(|(resource, _)| resource)
    }

    /// How many permissions there are.
    pub(super) fn len(&self) -> usize {
        self.grants.len()
    }

    /// For each grant, in words: the policies less it. What is withheld stays withheld.
    pub(super) fn without_each(&self) -> impl Iterator<Item = (String, Vec<Policy>)> {
        self.grants.iter().enumerate().map(|(left_out, (resource, grant))| {
            let kept = self.grants.iter().enumerate().filter(|(number, _)| *number != left_out);
            let denied = self.policies.iter().filter(|policy| policy.effect == Effect::Deny).cloned();
            let policies =
                kept.map(|(_, (resource, grant))| Policy::allowing(*grant, resource.clone())).chain(denied).collect();
            (format!("{} at {}", name(grant), place::in_words(&resource.to_string())), policies)
        })
    }
}

fn name(grant: &Grant) -> String {
    match grant {
        Grant::Group(group) | Grant::Named(group, _) => group.name.to_owned(),
        Grant::Unknown(id) => format!("group {id}"),
    }
}
