//! The token that a command gets, before it is minted: from the work, or as another token is.

use std::collections::BTreeSet;

use flarekeep_catalogue::{AccountId, Operation, R2_HOST, ZoneId};
use flarekeep_cloudflare::{self as api, Client, Condition, DEFAULT_BASE_URL, NewToken, RequestIp};
use flarekeep_planner::{Target, canonical};
use flarekeep_policy::{Policy, Resource};
use flarekeep_tokens::{
    GroupIds, Program, Surroundings, copied, endpoint_of, find, grants_s3, lent_name, policy_from_wire, policy_to_wire,
};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use crate::arguments::{Exec, Limits, Owner};
use crate::commands::plan::form;
use crate::commands::token::create::name_the_user;
use crate::context::{Context, owner};
use crate::environment;
use crate::error::CommandError;
use crate::output::plain;
use crate::place::{self, SOME_ACCOUNT, SOME_ZONE, Wanted};
use crate::work::Work;
use crate::{inferred, limits, overlay};

/// What is left to a token beyond its command's time: until it is known everywhere, and for clocks that differ.
const LEEWAY: SignedDuration = SignedDuration::from_mins(1);

/// A token for a command.
pub(super) struct Lent {
    pub(super) owner: api::Owner,
    pub(super) token: NewToken,
    pub(super) policies: Vec<Policy>,
    /// The addresses that may use it, in words.
    pub(super) addresses: Option<String>,
    pub(super) around: Surroundings,
    /// What of the work nobody has published the permissions of.
    pub(super) unproven: Vec<&'static Operation>,
}

impl Lent {
    /// Plans the token; only ids are asked for.
    pub(super) async fn read(
        context: &Context,
        arguments: &Exec,
        manager: &Client,
        program: &Program,
    ) -> Result<Self, CommandError> {
        let given = Limits { allow_ips: arguments.allow_ips.clone(), ..Limits::default() };
        let given = limits::read(context.output, None, &given, None)?.allow_ips;
        // In whole seconds, as Cloudflare takes it.
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
        let until = now.saturating_add(arguments.ttl).and_then(|end| end.checked_add(LEEWAY)).unwrap_or(now);
        let planned = match &arguments.token {
            Some(token) => copy(context, arguments, manager, token, until).await?,
            None => planned(context, arguments, manager, program, until).await?,
        };
        let Planned { owner, mut token, policies, target, recipes, unproven } = planned;
        token.condition = narrowed(token.condition, given)?;
        let within = token.condition.as_ref().and_then(|condition| condition.request_ip.as_ref());
        let within = within.and_then(|ip| ip.within.clone()).unwrap_or_default();
        let addresses = form::addresses(context.output, &within);
        let around = around(context, arguments, &target, &policies, recipes);
        Ok(Self { owner, token, policies, addresses, around, unproven })
    }
}

struct Planned {
    owner: api::Owner,
    token: NewToken,
    policies: Vec<Policy>,
    target: Target,
    recipes: Vec<String>,
    unproven: Vec<&'static Operation>,
}

/// A copy of a token.
async fn copy(
    context: &Context,
    arguments: &Exec,
    manager: &Client,
    given: &str,
    until: Timestamp,
) -> Result<Planned, CommandError> {
    let wanted = Wanted { account: arguments.owner == Owner::Account, ..Wanted::default() };
    let target = place::find(context, manager, wanted).await?;
    let owner = owner(arguments.owner, &target)?;
    let original = find(&manager.tokens(owner), given).await?;
    let token = copied(&original, name(&original.name)?, until, Timestamp::now())?;
    // Only shown, and asked for what S3 is to it.
    let policies = token.policies.iter().filter_map(|policy| policy_from_wire(policy).ok()).collect();
    Ok(Planned { owner, token, policies, target, recipes: Vec::new(), unproven: Vec::new() })
}

/// A token for the work.
async fn planned(
    context: &Context,
    arguments: &Exec,
    manager: &Client,
    program: &Program,
    until: Timestamp,
) -> Result<Planned, CommandError> {
    let read = Work::read_in(context, &arguments.work)?.required();
    let mut work = read.map_err(|error| error.hint("or a token to be copied: --token NAME"))?;
    let held = limits::read(context.output, None, &Limits::default(), work.stated())?;
    if let Some(begin) = held.not_before.filter(|begin| *begin > Timestamp::now()) {
        return Err(CommandError::usage(format!("the plan's token begins at {begin}"))
            .because("a command that is run now could not use it")
            .hint("make the plan again, without --not-before"));
    }
    if let Some(file) = &work.file {
        file.tell_changes(context.output);
    }
    let whose = work.owner(arguments.owner);
    let wanted = work.wanted();
    let wanted = Wanted { account: wanted.account || whose == Owner::Account, ..wanted };
    let target = work.find_places(context, manager, wanted).await?;
    let plan = work.plan(&target, whose)?;
    if let Some(impossible) = plan.impossible.first() {
        let operation = plan.needs.get(impossible.need).map(|need| need.operation.to_string()).unwrap_or_default();
        return Err(CommandError::usage(format!("`{operation}` cannot be granted: {}", impossible.reason)));
    }
    let mut policies = canonical(&plan.policies());
    if policies.is_empty() {
        return Err(CommandError::usage("there is no permission to put into a token")
            .because("any valid token may do this work, or none that is known")
            .hint("flarekeep plan with the same options says which"));
    }
    inferred::warn(context.output, &plan);
    work.tell_left_out(context.output, whose);
    overlay::alarm_of(context, &plan);
    name_the_user(manager, &mut policies).await?;
    let owner = owner(whose, &target)?;
    let ids = GroupIds::for_policies(manager, owner, &policies).await?;
    let wire = policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect::<Result<Vec<_>, _>>()?.concat();
    let purpose = held.name.or_else(|| work.purpose()).unwrap_or_else(|| program.name());
    let token = NewToken {
        name: name(&purpose)?,
        policies: wire,
        condition: Condition::from_lists(held.allow_ips, Vec::new()),
        not_before: None,
        expires_on: Some(held.expires_on.map_or(until, |end| end.min(until))),
    };
    let recipes = work.recipes.iter().map(|recipe| recipe.name.clone()).collect();
    let unproven = plan.unproven.iter().filter_map(|at| plan.needs.get(*at)).map(|need| need.operation).collect();
    Ok(Planned { owner, token, policies, target, recipes, unproven })
}

/// What the token is called, by its purpose and this machine.
fn name(purpose: &str) -> Result<String, CommandError> {
    const LONGEST: usize = 60;
    let plain: String = plain(purpose).chars().take(LONGEST).collect();
    limits::name(&lent_name(&plain))
}

/// The condition with these addresses beside it: both hold.
fn narrowed(condition: Option<Condition>, given: Vec<IpNet>) -> Result<Option<Condition>, CommandError> {
    if given.is_empty() {
        return Ok(condition);
    }
    let RequestIp { within, not_within } = condition.and_then(|condition| condition.request_ip).unwrap_or_default();
    let within = match within {
        Some(stated) => in_both(&stated, &given),
        None => given,
    };
    if within.is_empty() {
        return Err(CommandError::usage("no address could use the token")
            .because("none of --allow-ip lies in the addresses that the plan or the token has")
            .hint("--allow-ip narrows these; without it they hold as they are"));
    }
    Ok(Some(Condition { request_ip: Some(RequestIp { within: Some(within), not_within }) }))
}

/// The addresses that lie in both. Of two ranges one lies in the other, or they have nothing in common.
fn in_both(one: &[IpNet], other: &[IpNet]) -> Vec<IpNet> {
    let inner = |a: &IpNet, b: &IpNet| if a.contains(b) { Some(*b) } else { b.contains(a).then_some(*a) };
    let pairs = one.iter().flat_map(|a| other.iter().filter_map(move |b| inner(a, b)));
    IpNet::aggregate(&pairs.collect())
}

fn around(
    context: &Context,
    arguments: &Exec,
    target: &Target,
    policies: &[Policy],
    recipes: Vec<String>,
) -> Surroundings {
    let resources = || policies.iter().flat_map(|policy| &policy.resources);
    let account = target.account.or_else(|| only(resources().filter_map(account_of)));
    let account = account.filter(|account| *account != SOME_ACCOUNT);
    let zone = target.zone.or_else(|| only(resources().filter_map(zone_of))).filter(|zone| *zone != SOME_ZONE);
    let base = context.base_url().trim_end_matches('/');
    let is_cloudflares = base == DEFAULT_BASE_URL;
    let s3 = grants_s3(policies);
    let s3_endpoint = environment::r2_endpoint().or_else(|| {
        let jurisdictions = resources().filter_map(|resource| match resource {
            Resource::Bucket(bucket) => Some(bucket.jurisdiction.clone()),
            _ => None,
        });
        let jurisdiction = only(jurisdictions).unwrap_or_else(|| "default".to_owned());
        account.filter(|_| is_cloudflares).map(|account| endpoint_of(account, &jurisdiction))
    });
    if s3 && s3_endpoint.is_none() && environment::s3_endpoint().is_none() {
        context
            .output
            .note("AWS_ENDPOINT_URL_S3 is left out: where R2's S3 face is, is not known; R2_ENDPOINT says it");
    }
    Surroundings {
        account,
        zone,
        api: (!is_cloudflares).then(|| base.to_owned()),
        recipes,
        s3,
        s3_endpoint,
        s3_keys_are_r2s: environment::s3_endpoint().is_some_and(|url| url.contains(R2_HOST)),
        more: arguments.variables.clone(),
        emptied: environment::keys_in_dot_env(),
    }
}

pub(super) fn account_of(resource: &Resource) -> Option<AccountId> {
    match resource {
        Resource::Account(account)
        | Resource::AllZonesOf(account)
        | Resource::AllBucketsOf(account)
        | Resource::ZoneOf(account, _) => Some(*account),
        Resource::Bucket(bucket) => Some(bucket.account),
        _ => None,
    }
}

fn zone_of(resource: &Resource) -> Option<ZoneId> {
    match resource {
        Resource::Zone(zone) | Resource::ZoneOf(_, zone) => Some(*zone),
        _ => None,
    }
}

/// The one thing that there is.
pub(super) fn only<T: Ord>(things: impl Iterator<Item = T>) -> Option<T> {
    let mut things: BTreeSet<T> = things.collect();
    if things.len() == 1 { things.pop_first() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn addresses_are_never_widened() {
        let stated = || Condition::from_lists(ranges(&["10.0.0.0/8", "192.0.2.0/24"]), ranges(&["10.9.0.0/16"]));
        assert_eq!(narrowed(stated(), Vec::new()).unwrap(), stated());
        let both = narrowed(stated(), ranges(&["10.1.0.0/16", "192.0.0.0/16", "203.0.113.0/24"])).unwrap();
        assert_eq!(both, Condition::from_lists(ranges(&["10.1.0.0/16", "192.0.2.0/24"]), ranges(&["10.9.0.0/16"])));
        assert!(narrowed(stated(), ranges(&["203.0.113.0/24", "2001:db8::/32"])).is_err());
        let alone = ranges(&["203.0.113.0/24"]);
        assert_eq!(narrowed(None, alone.clone()).unwrap(), Condition::from_lists(alone, Vec::new()));
    }
}
