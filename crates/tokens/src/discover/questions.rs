//! The hypotheses about a token, and the calls that ask about them.
//!
//! Asked are reads that the published labels know, and the writes of the probe table. Left out are calls that need several
//! groups, calls whose groups are inferred, and lists over all accounts or zones: these are filtered, and being let in
//! proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{
    AccountId, Group, Operation, Provenance, Rule, Scope, ZoneId, groups, operations, recipe, recipe_names,
};
use flarekeep_planner::Target;

use crate::attempt::{Attempt, Probes};
use crate::discover::choice::Accepts;
use crate::identity::IdentityOwner;

/// Where a group may be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Spot {
    /// At the user.
    User,
    /// At an account.
    Account(AccountId),
    /// At the account that owns a zone, whichever that is.
    OwnerOf(ZoneId),
    /// At all zones of an account, or at all zones.
    ZonesOf(AccountId),
    /// At a zone, by whatever resource.
    Zone(ZoneId),
}

/// That the token holds this group here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hypothesis {
    pub(crate) group: &'static Group,
    pub(crate) at: Spot,
}

/// A call that any of some hypotheses lets in.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) operation: &'static Operation,
    pub(crate) attempt: Attempt,
    accepts: Vec<usize>,
}

impl Accepts for Question {
    fn accepts(&self) -> &[usize] {
        &self.accepts
    }
}

/// All that is asked about.
#[derive(Debug)]
pub(crate) struct Catechism {
    pub(crate) hypotheses: Vec<Hypothesis>,
    /// What each implies: a group that is held at all zones of an account is held at the zone.
    pub(crate) implied: Vec<Option<usize>>,
    /// How likely each is before anything is asked.
    pub(crate) chance: Vec<f64>,
    pub(crate) questions: Vec<Question>,
}

/// Where the calls are made: an account, a zone, and whether that account is known to own that zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ground {
    pub(crate) account: Option<AccountId>,
    pub(crate) zone: Option<ZoneId>,
    pub(crate) owned: bool,
}

impl Catechism {
    /// What can be asked on this ground about a token of this owner.
    pub(crate) fn new(ground: Ground, owner: IdentityOwner, probes: &Probes) -> Self {
        let mut all = Self { hypotheses: Vec::new(), implied: Vec::new(), chance: Vec::new(), questions: Vec::new() };
        let mut numbers: BTreeMap<(u16, Spot), usize> = BTreeMap::new();
        let target = Target { account: ground.account, zone: ground.zone, ..Target::default() };
        for operation in operations().iter().filter(|operation| is_asked(operation, owner)) {
            let Some(place) = Place::of(operation, ground) else { continue };
            let Ok(attempt) = probes.attempt(operation, &target) else { continue };
            let spots = operation.accepts().map(|group| (group, place.spot(group.scope)));
            let accepts: Vec<usize> = spots
                .map(|(group, at)| {
                    *numbers.entry((group.index, at)).or_insert_with(|| {
                        all.hypotheses.push(Hypothesis { group, at });
                        all.hypotheses.len() - 1
                    })
                })
                .collect();
            all.questions.push(Question { operation, attempt, accepts });
        }
        let implied = |one: &Hypothesis| match (one.at, ground.zone) {
            (Spot::ZonesOf(_), Some(zone)) if ground.owned => {
                numbers.get(&(one.group.index, Spot::Zone(zone))).copied()
            }
            _ => None,
        };
        all.implied = all.hypotheses.iter().map(implied).collect();
        let familiar = familiar();
        let chance = |one: &Hypothesis| {
            let recipes = familiar.get(usize::from(one.group.index)).copied().unwrap_or_default();
            let chance = (RARE + FAMILIAR * f64::from(recipes)).min(USUAL);
            if matches!(one.at, Spot::ZonesOf(_)) { chance / 10.0 } else { chance }
        };
        all.chance = all.hypotheses.iter().map(chance).collect();
        // Of two calls that tell as much, a plain read goes first: most is known about its answers.
        all.questions.sort_by_key(|question| (question.operation.mutates(), question.operation.path().len()));
        all
    }

    /// The question that a call is.
    pub(crate) fn question(&self, operation: &Operation) -> Option<usize> {
        self.questions.iter().position(|question| question.operation == operation)
    }
}

/// How likely a token is thought to hold a group that no recipe uses, how much each recipe adds, and the most. Only the order
/// of the questions, and when to end, hang on them.
const RARE: f64 = 0.002;
const FAMILIAR: f64 = 0.006;
const USUAL: f64 = 0.06;

/// How many recipes could use each group.
fn familiar() -> Vec<u16> {
    const FEW: usize = 8;
    let mut familiar = vec![0_u16; groups().len()];
    for recipe in recipe_names().filter_map(|name| recipe(name).ok()) {
        let needs = recipe.needs().filter(|need| need.operation.accepts().count() <= FEW);
        let used: BTreeSet<u16> = needs.flat_map(|need| need.operation.accepts()).map(|group| group.index).collect();
        for group in used {
            if let Some(recipes) = familiar.get_mut(usize::from(group)) {
                *recipes = recipes.saturating_add(1);
            }
        }
    }
    familiar
}

fn is_asked(operation: &Operation, owner: IdentityOwner) -> bool {
    let current = !operation.deprecated && !operation.withdrawn && operation.is_routed();
    let known = operation.rule == Rule::AnyOf
        && matches!(
            operation.provenance,
            Provenance::Schema | Provenance::Documented | Provenance::Terraform | Provenance::Observed
        );
    let closed = owner == IdentityOwner::Account && operation.closed_to_account_tokens;
    current && known && !closed
}

/// What a call's path names.
enum Place {
    User,
    Account(AccountId),
    Zone(ZoneId, Spot),
}

impl Place {
    /// None where the call names none, or one that is not known.
    fn of(operation: &Operation, ground: Ground) -> Option<Self> {
        if operation.names_account() {
            return ground.account.map(Self::Account);
        }
        if operation.names_zone() {
            let zone = ground.zone?;
            let owner = ground.account.filter(|_| ground.owned).map_or(Spot::OwnerOf(zone), Spot::Account);
            return Some(Self::Zone(zone, owner));
        }
        // A list that the zone is looked for in: to be in it needs the group at that zone.
        if operation.to_string() == "GET /zones" {
            return ground.zone.map(|zone| Self::Zone(zone, Spot::OwnerOf(zone)));
        }
        let of_user = operation.accepts().all(|group| group.scope == Scope::User);
        of_user.then_some(Self::User)
    }

    /// Where a group of this scope must be held to let the call in. One of a scope that is not known, or of a resource below
    /// the place, counts as held at the place.
    fn spot(&self, scope: Scope) -> Spot {
        match (self, scope) {
            (Self::User, _) | (_, Scope::User) => Spot::User,
            (Self::Account(account), Scope::Zone) => Spot::ZonesOf(*account),
            (Self::Account(account), _) => Spot::Account(*account),
            (Self::Zone(_, owner), Scope::Account) => *owner,
            (Self::Zone(zone, _), _) => Spot::Zone(*zone),
        }
    }
}
