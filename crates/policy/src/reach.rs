//! What a token allows, place by place.

use flarekeep_catalogue::{AccountId, Operation, UserId, Widening, ZoneId, widenings};

use crate::area::{Area, areas};
use crate::operation_set::OperationSet;
use crate::place::{Owners, Ownership, Place, Universe};
use crate::request::Request;
use crate::resource::BucketKey;
use crate::survey::survey;
use crate::token::{Owner, Token, UnixSeconds};
use crate::unproved::{Unproved, unproved};
use crate::window::Window;

/// What a token allows from an instant on.
#[derive(Debug)]
pub struct Reach {
    /// What it allows, where. Empty where the token can never be used.
    pub areas: Vec<Area>,
    /// When and from where.
    pub window: Window,
    /// What it holds of which nobody has published what it opens: it may allow more than `areas` says.
    pub unproved: Vec<Unproved>,
    universe: Universe,
    user: Option<UserId>,
}

/// A way in which a token could give itself more than its policies say, and the operations that open it.
#[derive(Debug)]
pub struct WideningPath<'a> {
    /// The way.
    pub widening: &'static Widening,
    /// The operations, with the areas in which the token may call them.
    pub operations: Vec<(&'static Operation, &'a Area)>,
}

/// What `token` allows at `since` or later: exactly the calls that [`crate::CompiledToken::decide`] would allow.
#[must_use]
pub fn reach(token: &Token, ownership: &Ownership, since: UnixSeconds) -> Reach {
    let universe = Universe::of(&[token], ownership);
    let window = Window::of(token, since);
    let user = user_of(token);
    let areas = match window.is_never() {
        true => Vec::new(),
        false => areas(&survey(&[token], &[user], &universe, ownership), |sets| sets.first().cloned()),
    };
    Reach { areas, window, unproved: unproved(token), universe, user }
}

impl Reach {
    /// All operations that the token may call somewhere.
    #[must_use]
    pub fn operations(&self) -> OperationSet {
        self.areas.iter().fold(OperationSet::new(), |all, area| all.or(&area.operations))
    }

    /// The ways by which the token could give itself more, as the catalogue knows them.
    #[must_use]
    pub fn widening_paths(&self) -> Vec<WideningPath<'_>> {
        let path = |widening: &'static Widening| {
            let opens = |operation: &&Operation| widening.is_opened_by(operation);
            let all = self.areas.iter();
            let operations: Vec<_> =
                all.flat_map(|area| area.operations.iter().filter(opens).map(move |op| (op, area))).collect();
            WideningPath { widening, operations }
        };
        widenings().iter().map(path).filter(|path| !path.operations.is_empty()).collect()
    }

    /// A call of `operation` that the token allows, in this account and on this zone where they are given; the place
    /// that it is made on stands beside it.
    #[must_use]
    pub fn call(
        &self,
        operation: &'static Operation,
        account: Option<AccountId>,
        zone: Option<ZoneId>,
    ) -> Option<(Request, &Place)> {
        let areas = self.areas.iter().filter(|area| area.operations.contains(operation));
        let places = areas.flat_map(|area| &area.places);
        let place = places.filter(|place| self.is_meant(place, account, zone)).min()?;
        let mut request = self.request(operation, place);
        request.account = account.or(request.account);
        request.zone = zone.or(request.zone);
        Some((request, place))
    }

    /// The same of an operation of R2's S3 face on this bucket.
    #[must_use]
    pub fn call_on_bucket(&self, operation: &'static Operation, bucket: &BucketKey) -> Option<(Request, &Place)> {
        let is_meant = |place: &&Place| match place {
            Place::Bucket(at) => at == bucket,
            Place::OtherBucketOf(at) => {
                *at == self.universe.named(bucket.account) && !self.universe.buckets.contains(bucket)
            }
            _ => false,
        };
        let areas = self.areas.iter().filter(|area| area.operations.contains(operation));
        let place = areas.flat_map(|area| &area.places).find(is_meant)?;
        let mut request = self.request(operation, place);
        (request.account, request.bucket) = (Some(bucket.account), Some(bucket.clone()));
        Some((request, place))
    }

    /// A call of `operation` at `place`, when and from where the token may be used.
    #[must_use]
    pub fn request(&self, operation: &'static Operation, place: &Place) -> Request {
        let request = self.universe.request(operation, place, self.window.from);
        Request { user: self.user, ip: self.window.addresses.example(), ..request }
    }

    /// Whether a call at `place` may be one in this account and on this zone.
    fn is_meant(&self, place: &Place, account: Option<AccountId>, zone: Option<ZoneId>) -> bool {
        let named = |account: AccountId| self.universe.named(account);
        match place {
            Place::Account(at) => zone.is_none() && account.is_none_or(|account| *at == named(account)),
            Place::OtherBucketOf(at) => account.is_none_or(|account| *at == named(account)),
            Place::Bucket(bucket) => account.is_none_or(|account| bucket.account == account),
            Place::Unplaced => true,
            Place::Zone { zone: at, owners } => {
                let known = |zone: ZoneId| Some(zone).filter(|zone| self.universe.zones.contains(zone));
                let owned = |account: AccountId| match owners {
                    Owners::Any => true,
                    Owners::These(owners) => owners.contains(&named(account)),
                };
                zone.is_none_or(|zone| *at == known(zone)) && account.is_none_or(owned)
            }
        }
    }
}

/// As whom a token acts.
pub(crate) fn user_of(token: &Token) -> Option<UserId> {
    match token.owner {
        Owner::User(user) => Some(user),
        Owner::Account(_) => None,
    }
}
