//! What was learned about a token, as a document.

use flarekeep_catalogue::Group;
use flarekeep_policy::{Effect, Policy};
use serde::Serialize;

use crate::discover::knowledge::Knowledge;
use crate::discover::questions::{Catechism, Hypothesis, Spot};
use crate::identity::Identity;
use crate::translate::UNNAMED_USER;

/// What a token may do, as far as its answers say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Discovered {
    /// The token.
    pub token: Identity,
    /// Whether the token read its own policies: then all of it is said, and nothing was tried.
    pub read_itself: bool,
    /// How many requests were made.
    pub requests: usize,
    /// How many were allowed.
    pub budget: usize,
    /// What it holds. Where nothing was read: as far as no policy of it denies.
    pub held: Vec<GroupAt>,
    /// Of each of these it holds at least one, and no safe call tells which.
    pub one_of: Vec<OneOf>,
    /// What it cannot hold, likewise.
    pub excluded: Vec<GroupAt>,
    /// What is not known.
    pub open: Vec<Open>,
    /// What its policies withhold, where they could be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<GroupAt>,
    /// The places that were looked at.
    pub places: Vec<Reached>,
    /// Whether the answers contradict each other: then some policy denies, or the token was changed meanwhile, and what is
    /// said to be held or excluded need not be.
    pub contradictory: bool,
}

/// A group at a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct GroupAt {
    /// The group's name.
    pub group: String,
    /// Its id, where one is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The kind of resource at which it takes effect.
    pub scope: String,
    /// The place, in words: `zone 9a78…`. By which resource it is held there, a probe cannot see.
    pub place: String,
}

/// Groups of which at least one is held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OneOf {
    /// The groups.
    pub groups: Vec<GroupAt>,
    /// The call that was let in.
    pub operation: String,
}

/// A group of which nothing is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Open {
    /// The group.
    #[serde(flatten)]
    pub group: GroupAt,
    /// Why.
    pub why: Why,
}

/// Why nothing is known of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// Every call that it opens is opened by what is held.
    Hidden,
    /// It is not asked about: it is unlikely, or the budget is spent.
    Unasked,
    /// The answers proved nothing.
    Unproven,
}

/// A place that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reached {
    /// The place, in words.
    pub place: String,
    /// Whether some call there was let in; none where nothing was proved.
    pub reached: Option<bool>,
}

impl GroupAt {
    pub(crate) fn new(one: &Hypothesis) -> Self {
        let place = match one.at {
            Spot::User => "the user".to_owned(),
            Spot::Account(account) => format!("account {account}"),
            Spot::OwnerOf(zone) => format!("the account of zone {zone}"),
            Spot::ZonesOf(account) => format!("all zones of account {account}"),
            Spot::Zone(zone) => format!("zone {zone}"),
        };
        Self::at(one.group, place)
    }

    fn at(group: &Group, place: String) -> Self {
        let id = group.id.map(|id| id.to_string());
        Self { group: group.name.to_owned(), id, scope: group.scope.word().to_owned(), place }
    }
}

impl Discovered {
    /// What the token's own policies say.
    pub(crate) fn read(token: Identity, policies: &[Policy], requests: usize, budget: usize) -> Self {
        let of = |effect: Effect| {
            let policies = policies.iter().filter(move |policy| policy.effect == effect);
            let pairs = policies.flat_map(|policy| {
                policy.known_groups().flat_map(|group| policy.resources.iter().map(move |resource| (group, resource)))
            });
            let effective = pairs.filter(|(group, resource)| group.scope == resource.scope());
            let mut all: Vec<GroupAt> = effective
                .map(|(group, resource)| {
                    let named = resource.to_string();
                    let user = named.contains(&UNNAMED_USER.to_string());
                    GroupAt::at(group, if user { "the user".to_owned() } else { named })
                })
                .collect();
            all.sort();
            all.dedup();
            all
        };
        let (held, denied) = (of(Effect::Allow), of(Effect::Deny));
        Self { held, denied, read_itself: true, ..Self::empty(token, requests, budget) }
    }

    fn empty(token: Identity, requests: usize, budget: usize) -> Self {
        Self {
            token,
            read_itself: false,
            requests,
            budget,
            held: Vec::new(),
            one_of: Vec::new(),
            excluded: Vec::new(),
            open: Vec::new(),
            denied: Vec::new(),
            places: Vec::new(),
            contradictory: false,
        }
    }

    /// What the answers prove. `asked` says of each question whether it was asked.
    pub(crate) fn concluded(
        token: Identity,
        all: &Catechism,
        knowledge: &Knowledge,
        asked: &[bool],
        let_in: &[usize],
        (requests, budget): (usize, usize),
    ) -> Self {
        use crate::discover::choice::Accepts;
        let proved = knowledge.proved();
        let is_proved = |at: usize| proved.get(at).copied().unwrap_or_default();
        let name = |at: usize| all.hypotheses.get(at).map(GroupAt::new);
        let every = || 0..all.hypotheses.len();
        let why = |at: usize| {
            let mut about = all.questions.iter().zip(asked).filter(|(question, _)| question.accepts().contains(&at));
            let hidden = |(question, _): &(_, _)| hides(*question, &is_proved);
            if about.clone().all(|one| hidden(&one)) {
                Why::Hidden
            } else if about.all(|one| *one.1 || hidden(&one)) {
                Why::Unproven
            } else {
                Why::Unasked
            }
        };
        let mut one_of: Vec<OneOf> = Vec::new();
        for (left, question) in knowledge.alternatives().zip(let_in) {
            if left.is_empty() || left.iter().any(|at| is_proved(*at)) {
                continue;
            }
            let groups: Vec<GroupAt> = left.iter().filter_map(|at| name(*at)).collect();
            let operation = all.questions.get(*question).map(|question| question.operation.to_string());
            one_of.push(OneOf { groups, operation: operation.unwrap_or_default() });
        }
        one_of.sort_by_key(|one| one.groups.len());
        // What a narrower one says already is left out.
        let mut narrow: Vec<OneOf> = Vec::new();
        for one in one_of {
            if !narrow.iter().any(|other| other.groups.iter().all(|group| one.groups.contains(group))) {
                narrow.push(one);
            }
        }
        let undecided = |at: &usize| {
            let within = |one: &OneOf| name(*at).is_some_and(|name| one.groups.contains(&name));
            !is_proved(*at) && !knowledge.is_excluded(*at) && !narrow.iter().any(within)
        };
        let mut open: Vec<Open> =
            every().filter(undecided).filter_map(|at| Some(Open { group: name(at)?, why: why(at) })).collect();
        open.sort_by(|a, b| (a.why, &a.group).cmp(&(b.why, &b.group)));
        let sorted = |mut all: Vec<GroupAt>| {
            all.sort();
            all
        };
        Self {
            held: sorted(every().filter(|at| is_proved(*at)).filter_map(name).collect()),
            excluded: sorted(every().filter(|at| knowledge.is_excluded(*at)).filter_map(name).collect()),
            one_of: narrow,
            open,
            contradictory: knowledge.contradicts_itself(),
            ..Self::empty(token, requests, budget)
        }
    }
}

/// Whether a call is let in by what is proved: its answer tells nothing of the rest.
fn hides(question: &impl crate::discover::choice::Accepts, is_proved: &impl Fn(usize) -> bool) -> bool {
    question.accepts().iter().any(|at| is_proved(*at))
}
