//! What one token allows and another does not, exactly.
//!
//! What a token allows is a product: some calls at some places, at any instant of its time, from any of its addresses.
//! The first token gains over the second, then, where it may call something at a place that the other may not, or where
//! its time or its addresses go beyond the other's; then it gains all that it may call.

use std::net::IpAddr;
use std::sync::LazyLock;

use flarekeep_catalogue::{Operation, UserId, operations, widenings};

use crate::area::{Area, areas};
use crate::operation_set::OperationSet;
use crate::place::{Ownership, Place, Universe};
use crate::reach::user_of;
use crate::request::Request;
use crate::resource::Resource;
use crate::survey::{Part, survey};
use crate::token::{Owner, Status, Token, UnixSeconds};
use crate::unproved::{Unproved, unproved_beyond};
use crate::window::Window;

/// How what a token allows differs from what another allows.
#[derive(Debug)]
pub struct Comparison {
    /// What only the new token allows.
    pub gained: Gain,
    /// What only the old token allows.
    pub lost: Gain,
    /// When and from where the old token may be used.
    pub old: Window,
    /// When and from where the new token may be used.
    pub new: Window,
    /// Whether one of them has a status that nobody knows: what it allows is then not known, and looked at as nothing.
    pub is_status_unknown: bool,
}

/// What one token allows beyond another.
#[derive(Debug, Default)]
pub struct Gain {
    /// The operations, where; never those of which nobody has published which groups they accept.
    pub areas: Vec<Area>,
    /// An instant at which only the one may be used: all that it allows is then beyond the other.
    pub longer: Option<UnixSeconds>,
    /// An address from which only the one may be used, with the same consequence.
    pub wider: Option<IpAddr>,
    /// What it holds beyond the other of which nobody has published what it opens.
    pub unproved: Vec<Unproved>,
    /// One call that the one allows and the other refuses, where there is any: rather one that changes something.
    pub example: Option<Example>,
}

/// A call that one token allows and another refuses.
#[derive(Debug, Clone)]
pub struct Example {
    /// The call, by the token that allows it.
    pub request: Request,
    /// As whom the other token would make it.
    pub other_user: Option<UserId>,
    /// What it is made on.
    pub place: Place,
}

impl Comparison {
    /// Whether the new token is known to allow nothing that the old one does not.
    #[must_use]
    pub fn is_no_new_access(&self) -> bool {
        self.gained.is_nothing() && !self.is_status_unknown
    }

    /// Whether both tokens are known to allow the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.is_no_new_access() && self.lost.is_nothing()
    }
}

impl Gain {
    /// Whether there is none, and it is known that there is none.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.example.is_none() && self.unproved.is_empty()
    }

    /// All operations of it.
    #[must_use]
    pub fn operations(&self) -> OperationSet {
        self.areas.iter().fold(OperationSet::new(), |all, area| all.or(&area.operations))
    }
}

/// Compares what two tokens allow at `since` or later. `ownership` says which account owns a zone; for any other zone,
/// a gain under some owner is a gain.
///
/// Each token acts as its own user. Where one is granted something at a user and the other acts as another user, the
/// other is asked as that user: what the two users own differs.
#[must_use]
pub fn compare(old: &Token, new: &Token, ownership: &Ownership, since: UnixSeconds) -> Comparison {
    let universe = Universe::of(&[old, new], ownership);
    let (old_window, new_window) = (Window::of(old, since), Window::of(new, since));
    let mut surveys = Surveys { tokens: [old, new], universe: &universe, ownership, made: Vec::new() };
    let gained = surveys.gain([1, 0], [&new_window, &old_window]);
    let lost = surveys.gain([0, 1], [&old_window, &new_window]);
    let is_status_unknown = [old, new].iter().any(|token| token.status == Status::Unknown);
    Comparison { gained, lost, old: old_window, new: new_window, is_status_unknown }
}

/// The surveys of both tokens, by the users as whom they act: as a rule one serves both directions.
struct Surveys<'a> {
    tokens: [&'a Token; 2],
    universe: &'a Universe,
    ownership: &'a Ownership,
    made: Vec<([Option<UserId>; 2], Vec<Part>)>,
}

impl Surveys<'_> {
    /// What the token at the first of `order` gains over the token at the second.
    fn gain(&mut self, order: [usize; 2], [mine, theirs]: [&Window; 2]) -> Gain {
        let [old, new] = self.tokens;
        let [one, other] = if order == [1, 0] { [new, old] } else { [old, new] };
        let unproved = unproved_beyond(one, other);
        if mine.is_never() {
            return Gain::default();
        }
        let (user, other_user) = acting(one, other);
        let users = if order == [1, 0] { [other_user, user] } else { [user, other_user] };
        let parts = self.parts(users);
        let taken = |sets: &[OperationSet]| Some((sets.get(order[0])?.clone(), sets.get(order[1])?.clone()));
        let all = || areas(parts, |sets| taken(sets).map(|(mine, _)| mine));
        if theirs.is_never() {
            let areas = all();
            let example = example(&areas, self.universe, mine.from, mine.addresses.example(), (user, other_user));
            return Gain { areas, longer: None, wider: None, unproved, example };
        }
        let areas = areas(parts, |sets| taken(sets).map(|(mine, theirs)| mine.minus(&theirs)));
        let (longer, wider) = (mine.instant_beyond(theirs), mine.address_beyond(theirs));
        let at = longer.filter(|_| areas.is_empty()).unwrap_or_else(|| mine.instant_beside(theirs));
        let ip = wider.filter(|_| areas.is_empty()).or_else(|| mine.address_beside(theirs));
        let sharper = match areas.is_empty() && (longer.is_some() || wider.is_some()) {
            true => all(),
            false => Vec::new(),
        };
        let shown = if areas.is_empty() { &sharper } else { &areas };
        let example = example(shown, self.universe, at, ip, (user, other_user));
        Gain { areas, longer, wider, unproved, example }
    }

    fn parts(&mut self, users: [Option<UserId>; 2]) -> &[Part] {
        if !self.made.iter().any(|(by, _)| *by == users) {
            let parts = survey(&self.tokens, &users, self.universe, self.ownership);
            self.made.push((users, parts));
        }
        let found = self.made.iter().find(|(by, _)| *by == users);
        found.map(|(_, parts)| parts.as_slice()).unwrap_or_default()
    }
}

/// As whom a token acts, and as whom another is asked beside it.
fn acting(one: &Token, other: &Token) -> (Option<UserId>, Option<UserId>) {
    let user = user_of(one);
    let of_user = |resource: &Resource| matches!((resource, user), (Resource::User(at), Some(user)) if *at == user);
    let is_granted_there = one.policies.iter().flat_map(|policy| &policy.resources).any(of_user);
    match other.owner {
        Owner::User(_) if is_granted_there => (user, user),
        _ => (user, user_of(other)),
    }
}

/// The call of these areas that says most: one by which a token could give itself more, or that changes something,
/// where a token names the place.
fn example(
    areas: &[Area],
    universe: &Universe,
    at: UnixSeconds,
    ip: Option<IpAddr>,
    (user, other_user): (Option<UserId>, Option<UserId>),
) -> Option<Example> {
    let best = |area: &Area| area.operations.iter().min_by_key(|operation| dullness(operation));
    let places = areas.iter().filter_map(|area| Some((best(area)?, area.places.first()?)));
    let (operation, place) = places.min_by_key(|(operation, place)| {
        let (dull, rest) = dullness(operation);
        (dull, !place.is_named(), rest)
    })?;
    let request = universe.request(operation, place, at);
    Some(Example { request: Request { user, ip, ..request }, other_user, place: place.clone() })
}

/// The less, the better an operation serves as an example: whether it opens a way to widen the token, changes something,
/// or only reads; then whether it is inferred or on its way out, and how long its path is.
fn dullness(operation: &Operation) -> (u8, usize) {
    DULLNESS.get(usize::from(operation.index)).copied().unwrap_or((u8::MAX, usize::MAX))
}

static DULLNESS: LazyLock<Vec<(u8, usize)>> = LazyLock::new(|| {
    let dullness = |operation: &Operation| {
        let widens = widenings().iter().any(|widening| widening.is_opened_by(operation));
        let doubtful = operation.provenance.is_inferred() || operation.deprecated || operation.withdrawn;
        let kind = if widens { 0 } else { 1 + u8::from(!operation.mutates()) };
        (kind, usize::from(doubtful) * 100 + operation.path().matches(['/', '#']).count())
    };
    operations().iter().map(dullness).collect()
});
