//! The checker's own reading of the needs: it asks the policy engine about each group at each resource.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{Group, Rule, Scope};
use flarekeep_policy::{CompiledToken, Grant, Owner, Policy, Resource, Token, UnixSeconds};

use crate::candidate::Choice;
use crate::need::Need;
use crate::options::Options;
use crate::witness::Demand;

/// Any time will do: plans have no time.
pub(super) const NOW: UnixSeconds = UnixSeconds(0);

/// What there is to choose from, and what each choice meets.
pub(super) struct Reading {
    /// Every candidate.
    pub(super) choices: Vec<Choice>,
    /// What must be met, each with all candidates that meet it.
    pub(super) rows: Vec<(Demand, BTreeSet<usize>)>,
    /// The needs that no candidate meets.
    pub(super) impossible: BTreeSet<usize>,
    /// The groups that were candidates, by operation.
    pub(super) eligible: BTreeMap<u16, BTreeSet<u16>>,
}

impl Reading {
    pub(super) fn new(needs: &[Need], options: &Options) -> Self {
        let mut engine = Engine { owner: options.owner, tokens: BTreeMap::new() };
        let (mut choices, mut demands, mut impossible) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        let mut eligible: BTreeMap<u16, BTreeSet<u16>> = BTreeMap::new();
        for (at, need) in needs.iter().enumerate() {
            let verifies = need.operation.path().ends_with("/tokens/verify");
            if need.operation.closed_to_account_tokens && !verifies && matches!(options.owner, Owner::Account(_)) {
                if need.operation.rule != Rule::Unlabelled {
                    impossible.insert(at);
                }
                continue;
            }
            let own: Vec<(Demand, Vec<Choice>)> = demands_of(at, need)
                .into_iter()
                .map(|demand| (demand, engine.narrowest(need, demand, options)))
                .collect();
            if own.iter().any(|(_, candidates)| candidates.is_empty()) {
                impossible.insert(at);
                continue;
            }
            for (demand, candidates) in own {
                let groups = candidates.iter().map(|choice| choice.group.index);
                eligible.entry(need.operation.index).or_default().extend(groups);
                choices.extend(candidates);
                demands.push(demand);
            }
        }
        let choices: Vec<Choice> = choices.into_iter().collect();
        let places: BTreeMap<(u16, Resource), usize> = choices
            .iter()
            .enumerate()
            .map(|(at, choice)| ((choice.group.index, choice.resource.clone()), at))
            .collect();
        let rows = demands
            .into_iter()
            .filter_map(|demand| {
                let need = needs.get(demand.need)?;
                let mut columns = BTreeSet::new();
                for resource in engine.ladder(need) {
                    for group in need.operation.accepts().filter(|group| group.scope == resource.scope()) {
                        // INVARIANT: a choice at a resource that the need does not name never meets it.
                        let Some(at) = places.get(&(group.index, resource.clone())) else { continue };
                        let Some(choice) = choices.get(*at) else { continue };
                        if !columns.contains(at) && engine.meets(need, demand, choice) {
                            columns.insert(*at);
                        }
                    }
                }
                Some((demand, columns))
            })
            .collect();
        Self { choices, rows, impossible, eligible }
    }

    pub(super) fn column(&self, choice: &Choice) -> Option<usize> {
        // INVARIANT: they come out of a set, in order.
        self.choices.binary_search(choice).ok()
    }
}

fn demands_of(at: usize, need: &Need) -> Vec<Demand> {
    match need.operation.rule {
        Rule::AnyToken | Rule::Unlabelled => Vec::new(),
        Rule::AnyOf => vec![Demand { need: at, group: None }],
        Rule::AllOf => need.operation.accepts().map(|group| Demand { need: at, group: Some(group) }).collect(),
    }
}

/// The policy engine, asked about one grant at a time; the tokens that it is asked about are kept.
struct Engine {
    owner: Owner,
    tokens: BTreeMap<(u16, Resource, Option<u16>), CompiledToken>,
}

impl Engine {
    /// Each accepted group at the narrowest resource where the engine lets it meet the demand.
    fn narrowest(&mut self, need: &Need, demand: Demand, options: &Options) -> Vec<Choice> {
        let ladder = self.ladder(need);
        let mut found = Vec::new();
        for group in need.operation.accepts().filter(|group| demand.group.is_none_or(|only| only == *group)) {
            let steps = ladder.iter().filter(|resource| resource.scope() == group.scope);
            let mut choices = steps.map(|resource| Choice { group, resource: resource.clone() });
            found.extend(choices.find(|choice| self.meets(need, demand, choice)));
        }
        let with_id: Vec<Choice> = found.iter().filter(|choice| choice.group.id.is_some()).cloned().collect();
        let prefer = options.prefer_published && demand.group.is_none() && !with_id.is_empty();
        if prefer { with_id } else { found }
    }

    /// The resources that a need names, narrow ones first.
    fn ladder(&self, need: &Need) -> Vec<Resource> {
        let anywhere = !names_its_resource(need);
        let account = match self.owner {
            Owner::Account(owner) if anywhere && need.resource.account.is_none() => Some(owner),
            _ => need.resource.account,
        };
        let user = match self.owner {
            Owner::User(user) => Some(Resource::User(user)),
            Owner::Account(_) => None,
        };
        let unnamed = need.operation.path().starts_with("/zones/{") && need.resource.zone.is_none();
        let unnamed = unnamed && !need.resource.every_zone;
        let bucket = need.resource.bucket.clone().map(Resource::Bucket);
        let zone = need.resource.zone.map(Resource::Zone);
        let zones = account.filter(|_| !unnamed).map(Resource::AllZonesOf);
        user.into_iter().chain(bucket).chain(zone).chain(account.map(Resource::Account)).chain(zones).collect()
    }

    /// Whether this one grant meets the demand.
    fn meets(&mut self, need: &Need, demand: Demand, choice: &Choice) -> bool {
        if demand.group.is_some_and(|group| group != choice.group) || !need.operation.accepts_group(choice.group) {
            return false;
        }
        if names_its_resource(need) {
            return self.granted(need, demand, choice);
        }
        // Where the path names nothing, the engine is content with a group anywhere. A need is not: the list must show
        // its zone or account, nothing new is made inside one zone, and an account's token sees its account only.
        let beside = matches!((self.owner, need.resource.account), (Owner::Account(own), Some(other)) if own != other);
        let makes = need.operation.to_string() == "POST /zones";
        let named = self.ladder(need).contains(&choice.resource);
        let too_narrow = makes && matches!(choice.resource, Resource::Zone(_));
        named && !too_narrow && !beside && self.granted(need, demand, choice)
    }

    fn granted(&mut self, need: &Need, demand: Demand, choice: &Choice) -> bool {
        let owner = self.owner;
        let whole = demand.group.map(|_| need.operation.index);
        let key = (choice.group.index, choice.resource.clone(), whole);
        let token = self.tokens.entry(key).or_insert_with(|| {
            let mut policies = vec![policy(choice.group, choice.resource.clone())];
            if whole.is_some() {
                // The other groups are held everywhere, so that the answer is about this one.
                policies.extend(need.operation.accepts().filter(|group| *group != choice.group).flat_map(everywhere));
            }
            Token::unconditional(owner, policies).compile()
        });
        token.decide(&need.request(owner, NOW)).cause == flarekeep_policy::Cause::Granted
    }
}

/// Whether the path of the call says on what it is called.
fn names_its_resource(need: &Need) -> bool {
    ["/zones/{", "/accounts/{", "s3://{"].iter().any(|place| need.operation.path().starts_with(place))
}

fn policy(group: &'static Group, resource: Resource) -> Policy {
    Policy::allowing(Grant::Group(group), resource)
}

fn everywhere(group: &'static Group) -> Option<Policy> {
    match group.scope {
        Scope::Account => Some(policy(group, Resource::AllAccounts)),
        Scope::Zone => Some(policy(group, Resource::AllZones)),
        _ => None,
    }
}
