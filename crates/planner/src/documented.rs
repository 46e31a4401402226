//! A plan beside the list of groups that other documents give for the same work.

use std::cmp::Reverse;
use std::fmt;

use flarekeep_catalogue::{Group, Operation, Recipe, Scope};
use flarekeep_policy::{Effect, Grant as Held, Owner, Policy, Resource, Token, UnixSeconds};

use crate::candidate::{Choice, covers};
use crate::need::Target;
use crate::plan::{Grant, Plan};

/// Why a documented list cannot be turned into policies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentedError {
    /// The recipe has no documented list.
    #[error("recipe `{recipe}` has no documented list of permission groups")]
    None {
        /// The recipe.
        recipe: String,
    },
    /// A group of the list takes effect at a resource that is not given.
    #[error("`{group}` needs {what}")]
    NoPlace {
        /// The group.
        group: String,
        /// What is missing, and what to give.
        what: &'static str,
    },
}

/// How a plan and a documented list differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// The documented groups that the plan has too.
    pub agreed: Vec<Choice>,
    /// The documented groups that the plan does without.
    pub left_out: Vec<LeftOut>,
    /// What the plan grants for needs that the documented groups do not meet.
    pub forgotten: Vec<Forgotten>,
}

/// A documented group that the plan does without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The group, where it would be.
    pub choice: Choice,
    /// The needs that it would meet.
    pub needs: Vec<usize>,
    /// Whether it would meet needs, too, that cannot be met at all.
    pub vain: bool,
    /// The fewest grants of the plan that meet these. Empty where the plan meets none of them.
    pub instead: Vec<Instead>,
    /// The options of the recipe that were not chosen and whose needs accept the group.
    pub options: Vec<String>,
    /// What the group opens beyond the plan: operations that accept it and none of the plan's groups.
    pub opens: Vec<&'static Operation>,
}

/// A grant that makes another group superfluous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instead {
    /// The grant.
    pub choice: Choice,
    /// Needs that force it: no other grant of the plan meets them, nor does the group that is left out.
    pub forced_by: Vec<usize>,
}

/// A grant of the plan for needs that the documented groups do not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// The grant.
    pub choice: Choice,
    /// The needs.
    pub needs: Vec<usize>,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.needs.is_empty() {
            write!(f, "{}: ", self.choice.group.name)?;
            return match self.options.as_slice() {
                [] if self.vain => f.write_str("no need that can be met accepts it"),
                [] => f.write_str("no need accepts it"),
                options => write!(f, "only --with {} needs it", options.join(" or --with ")),
            };
        }
        // The same name is another scope's group, or the group at another resource.
        let name = |instead: &Instead| match instead.choice.group.name == self.choice.group.name {
            true => instead.choice.to_string(),
            false => instead.choice.group.name.to_owned(),
        };
        let names: Vec<String> = self.instead.iter().map(name).collect();
        write!(f, "{}: all that it is good for here is met by {}", self.choice.group.name, names.join(", "))?;
        if self.instead.iter().all(|instead| !instead.forced_by.is_empty()) {
            f.write_str(if names.len() == 1 { ", which other needs force" } else { ", which other needs force all" })?;
        }
        Ok(())
    }
}

/// The policies just as documented: each group at the resource of its own scope, one policy for each resource.
pub fn as_documented(recipe: &Recipe, target: &Target, owner: Owner) -> Result<Vec<Policy>, DocumentedError> {
    let mut choices: Vec<Choice> = documented(recipe, target, owner, |_| true)?;
    choices.sort();
    Ok(policies(choices))
}

/// One policy for each resource of the choices, which are sorted.
fn policies(choices: Vec<Choice>) -> Vec<Policy> {
    let mut policies: Vec<Policy> = Vec::new();
    for Choice { group, resource } in choices {
        match policies.last_mut() {
            Some(last) if last.resources == [resource.clone()] => last.groups.push(Held::Group(group)),
            _ => {
                let (resources, groups) = (vec![resource], vec![Held::Group(group)]);
                policies.push(Policy { effect: Effect::Allow, resources, groups });
            }
        }
    }
    policies
}

/// Compares the plan for a recipe's needs with the recipe's documented list. What only a user's token can hold is not
/// compared for an account's.
pub fn compare_documented(plan: &Plan, recipe: &Recipe, target: &Target) -> Result<Comparison, DocumentedError> {
    let holds = |group: &Group| group.scope != Scope::User || matches!(plan.owner, Owner::User(_));
    let mut choices = documented(recipe, target, plan.owner, holds)?;
    choices.sort();
    let token = Token::unconditional(plan.owner, policies(choices.clone())).compile();
    let planned = |choice: &Choice| plan.grants.iter().any(|grant| grant.choice() == *choice);
    let (agreed, others): (Vec<Choice>, Vec<Choice>) = choices.into_iter().partition(planned);
    let left_out = others.into_iter().map(|choice| left_out(plan, recipe, choice)).collect();
    let unmet = |need: &usize| {
        let need = plan.needs.get(*need);
        need.is_some_and(|need| !token.decide(&need.request(plan.owner, UnixSeconds(0))).allow)
    };
    let forgotten = plan
        .grants
        .iter()
        .map(|grant| Forgotten { choice: grant.choice(), needs: grant.needs.iter().copied().filter(unmet).collect() })
        .filter(|forgotten| !forgotten.needs.is_empty())
        .collect();
    Ok(Comparison { agreed, left_out, forgotten })
}

/// The listed groups that `counts` takes, each where it takes effect.
fn documented(
    recipe: &Recipe,
    target: &Target,
    owner: Owner,
    counts: impl Fn(&Group) -> bool,
) -> Result<Vec<Choice>, DocumentedError> {
    let list = recipe.documented.as_ref().ok_or_else(|| DocumentedError::None { recipe: recipe.name.clone() })?;
    // A group that nobody knows a place for cannot be granted, whoever lists it (`* Read` names every group).
    let placeable = |group: &Group| !matches!(group.scope, Scope::Unknown | Scope::FlagshipApp);
    let placed = list.groups.iter().filter(|group| placeable(group) && counts(group));
    placed.map(|group| Ok(Choice { group, resource: place(group, target, owner)? })).collect()
}

fn place(group: &Group, target: &Target, owner: Owner) -> Result<Resource, DocumentedError> {
    let missing = |what| DocumentedError::NoPlace { group: group.name.to_owned(), what };
    match (group.scope, owner) {
        (Scope::Zone, _) if target.every_zone => {
            target.account.map(Resource::AllZonesOf).ok_or_else(|| missing("an account: give --account"))
        }
        (Scope::Zone, _) => target.zone.map(Resource::Zone).ok_or_else(|| missing("a zone: give --zone")),
        (Scope::Account, _) => {
            target.account.map(Resource::Account).ok_or_else(|| missing("an account: give --account"))
        }
        (Scope::Bucket, _) => {
            target.bucket.clone().map(Resource::Bucket).ok_or_else(|| missing("a bucket: give --bucket"))
        }
        (Scope::User, Owner::User(user)) => Ok(Resource::User(user)),
        (Scope::User, Owner::Account(_)) => Err(missing("a user's token: an account's token cannot hold it")),
        _ => Err(missing("a resource of a kind that a recipe cannot name")),
    }
}

fn left_out(plan: &Plan, recipe: &Recipe, choice: Choice) -> LeftOut {
    let meets = |at: &usize| {
        plan.needs.get(*at).is_some_and(|need| {
            need.operation.accepts_group(choice.group) && covers(&choice.resource, need, plan.owner)
        })
    };
    let is_impossible = |at: &usize| plan.impossible.iter().any(|entry| entry.need == *at);
    let (vain, needs): (Vec<usize>, Vec<usize>) = (0..plan.needs.len()).filter(meets).partition(is_impossible);
    // The fewest grants explain best, and of equals one that other needs force.
    let (mut open, mut instead) = (needs.clone(), Vec::new());
    while !open.is_empty() {
        let explains = |grant: &&Grant| {
            let met = grant.needs.iter().filter(|need| open.contains(need)).count();
            (met, grant.sole.iter().any(|need| !meets(need)), Reverse(grant.choice()))
        };
        let Some(grant) = plan.grants.iter().max_by_key(explains) else { break };
        let before = open.len();
        open.retain(|need| !grant.needs.contains(need));
        if open.len() == before {
            break;
        }
        let forced_by = grant.sole.iter().copied().filter(|need| !meets(need)).collect();
        instead.push(Instead { choice: grant.choice(), forced_by });
    }
    let opens = choice.group.operations();
    let opens = opens.filter(|operation| !plan.grants.iter().any(|grant| operation.accepts_group(grant.group)));
    LeftOut {
        opens: opens.collect(),
        options: unchosen(recipe, choice.group),
        choice,
        vain: !vain.is_empty(),
        needs,
        instead,
    }
}

/// The options that were not chosen and whose needs accept the group.
fn unchosen(recipe: &Recipe, group: &Group) -> Vec<String> {
    let accepting = recipe.all_needs.iter().filter(|need| need.operation.accepts_group(group));
    let mut options: Vec<String> = accepting.filter_map(|need| need.option.clone()).collect();
    options.sort();
    options.dedup();
    options.retain(|option| !recipe.needs().any(|need| need.option.as_ref() == Some(option)));
    options
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::{AccountId, UserId, ZoneId, recipe};

    use super::*;
    use crate::need::needs_of_recipe;
    use crate::options::Options;
    use crate::plan::plan;

    const TARGET: Target = Target {
        account: Some(AccountId::from_u128(0xa1)),
        zone: Some(ZoneId::from_u128(0x21)),
        every_zone: false,
        bucket: None,
    };
    const USER: Owner = Owner::User(UserId::from_u128(0x41));

    #[test]
    fn the_platforms_documents_list_too_much_and_too_little() {
        let recipe = recipe("saas-platform").unwrap();
        let plan = plan(&needs_of_recipe(&recipe, &TARGET, USER).unwrap(), &Options::new(USER));
        let comparison = compare_documented(&plan, &recipe, &TARGET).unwrap();
        let left_out: Vec<String> = comparison.left_out.iter().map(ToString::to_string).collect();
        let expected = [
            "Account Settings Read: all that it is good for here is met by Workers KV Storage Write, which other needs force",
            "Workers Scripts Read: all that it is good for here is met by Workers Scripts Write, which other needs force",
            "SSL and Certificates Read: all that it is good for here is met by SSL and Certificates Write, which other needs \
             force",
        ];
        assert_eq!(left_out, expected);
        let forgotten: Vec<_> = comparison.forgotten.iter().map(|entry| entry.choice.group.name).collect();
        assert_eq!(forgotten, ["Workers KV Storage Write", "DNS Write"]);
        assert_eq!(comparison.agreed.len(), 5);
    }

    #[test]
    fn the_documented_policies_put_each_group_where_it_takes_effect() {
        let recipe = recipe("saas-platform").unwrap();
        let policies = as_documented(&recipe, &TARGET, USER).unwrap();
        let counts: Vec<_> = policies.iter().map(|policy| (policy.resources[0].scope(), policy.groups.len())).collect();
        assert_eq!(counts, [(Scope::Account, 4), (Scope::Zone, 4)]);
        let error = as_documented(&recipe, &Target { zone: None, ..TARGET }, USER).unwrap_err();
        assert_eq!(error.to_string(), "`Workers Routes Write` needs a zone: give --zone");
    }
}
