//! What some tokens may call, at every place that they can tell apart.
//!
//! A place is judged once for each different list of layers that covers it, so that a thousand zones of one policy cost
//! a thousand look-ups and one judgement.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use flarekeep_catalogue::{AccountId, UserId, ZoneId, operations};
use foldhash::fast::RandomState;

use crate::bits::Bits;
use crate::layers::{LayerId, Layers};
use crate::operation_set::OperationSet;
use crate::place::{Owners, Ownership, Place, Universe};
use crate::resource::Resource;
use crate::token::{Effect, Owner, Token};

/// Places at which all the tokens may call the same.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) places: Vec<Place>,
    /// By token, what it may call there.
    pub(crate) sets: Vec<OperationSet>,
}

/// Looks at `tokens`, each acting as the user beside it, at every place; conditions and status are left aside.
pub(crate) fn survey(
    tokens: &[&Token],
    users: &[Option<UserId>],
    universe: &Universe,
    ownership: &Ownership,
) -> Vec<Part> {
    let layers = Layers::of(tokens);
    let everywhere = layers.everywhere(users);
    let mut survey = Survey {
        owners: tokens.iter().map(|token| token.owner).collect(),
        layers,
        everywhere,
        judged: HashMap::default(),
        numbers: HashMap::default(),
        parts: Vec::new(),
    };
    survey.look(universe, ownership);
    survey.parts
}

/// The kinds of place by the operations that are called there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Unplaced,
    Account,
    Zone,
    Bucket,
}

struct Survey {
    owners: Vec<Owner>,
    layers: Layers,
    everywhere: Vec<LayerId>,
    /// The part by what covers a place.
    judged: HashMap<Cover, usize, RandomState>,
    /// The part by what may be called.
    numbers: HashMap<Vec<OperationSet>, usize, RandomState>,
    parts: Vec<Part>,
}

/// All that decides what may be called at a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Cover {
    kind: Kind,
    /// The layers, ascending.
    layers: Vec<LayerId>,
    /// The tokens of an account that does not own the place.
    outside: Vec<usize>,
}

/// Accounts that the tokens do not tell apart as owners of a zone.
#[derive(Debug)]
struct Class {
    layers: Vec<LayerId>,
    outside: Vec<usize>,
    accounts: Vec<Option<AccountId>>,
}

impl Survey {
    fn look(&mut self, universe: &Universe, ownership: &Ownership) {
        let part = self.part(Kind::Unplaced, Vec::new(), Vec::new());
        self.put(part, Place::Unplaced);
        let mut classes: Vec<Class> = Vec::new();
        let mut alike: HashMap<(Vec<LayerId>, Vec<usize>), usize, RandomState> = HashMap::default();
        for account in universe.all_accounts() {
            let id = universe.account(account);
            let (layers, outside) = (self.of_account(id), self.outside(id));
            let part = self.part(Kind::Account, layers.clone(), outside.clone());
            self.put(part, Place::Account(account));
            let buckets = self.layers.at(&Resource::AllBucketsOf(id));
            let part = self.part(Kind::Bucket, [layers.as_slice(), buckets].concat(), outside.clone());
            self.put(part, Place::OtherBucketOf(account));
            let class = *alike.entry((layers, outside)).or_insert_with_key(|(layers, outside)| {
                classes.push(Class { layers: layers.clone(), outside: outside.clone(), accounts: Vec::new() });
                classes.len() - 1
            });
            if let Some(class) = classes.get_mut(class) {
                class.accounts.push(account);
            }
        }
        for bucket in &universe.buckets {
            let found = [Resource::Bucket(bucket.clone()), Resource::AllBucketsOf(bucket.account)];
            let mut layers = self.of_account(bucket.account);
            found.iter().for_each(|resource| layers.extend(self.layers.at(resource)));
            let part = self.part(Kind::Bucket, layers, self.outside(bucket.account));
            self.put(part, Place::Bucket(bucket.clone()));
        }
        self.zones(universe, ownership, &classes);
    }

    fn zones(&mut self, universe: &Universe, ownership: &Ownership, classes: &[Class]) {
        let mut nested: BTreeMap<ZoneId, Vec<AccountId>> = BTreeMap::new();
        for (account, zone) in self.layers.zones_of() {
            nested.entry(zone).or_default().push(account);
        }
        for zone in universe.zones.iter().copied().map(Some).chain([None]) {
            let known = zone.and_then(|zone| ownership.get(&zone).copied());
            let apart = zone.and_then(|zone| nested.get(&zone)).map(Vec::as_slice).unwrap_or_default();
            let here = zone.map(|zone| self.layers.at(&Resource::Zone(zone)).to_vec()).unwrap_or_default();
            let mut owners_by_part: BTreeMap<usize, Vec<Option<AccountId>>> = BTreeMap::new();
            // An owner below which a token names just this zone stands alone.
            for account in apart.iter().filter(|account| known.is_none_or(|known| known == **account)) {
                let mut layers = [here.as_slice(), &self.of_account(*account)].concat();
                zone.into_iter().for_each(|zone| layers.extend(self.layers.at(&Resource::ZoneOf(*account, zone))));
                let part = self.part(Kind::Zone, layers, self.outside(*account));
                owners_by_part.entry(part).or_default().push(Some(*account));
            }
            for class in classes {
                let possible = |account: &&Option<AccountId>| match account {
                    Some(account) => known.is_none_or(|known| known == *account) && !apart.contains(account),
                    None => known.is_none(),
                };
                let mut owners = class.accounts.iter().filter(possible).copied().peekable();
                if owners.peek().is_some() {
                    let layers = [here.as_slice(), &class.layers].concat();
                    let part = self.part(Kind::Zone, layers, class.outside.clone());
                    owners_by_part.entry(part).or_default().extend(owners);
                }
            }
            let one = owners_by_part.len() == 1;
            for (part, mut owners) in owners_by_part {
                owners.sort_by_key(|account| (account.is_none(), *account));
                let owners = if one { Owners::Any } else { Owners::These(owners) };
                self.put(part, Place::Zone { zone, owners });
            }
        }
    }

    /// What covers an account, and with it every zone and bucket of the account.
    fn of_account(&self, account: AccountId) -> Vec<LayerId> {
        [self.layers.at(&Resource::Account(account)), self.layers.at(&Resource::AllZonesOf(account))].concat()
    }

    fn outside(&self, account: AccountId) -> Vec<usize> {
        let is_other = |owner: &Owner| matches!(owner, Owner::Account(owner) if *owner != account);
        self.owners.iter().enumerate().filter(|(_, owner)| is_other(owner)).map(|(token, _)| token).collect()
    }

    fn put(&mut self, part: usize, place: Place) {
        if let Some(part) = self.parts.get_mut(part) {
            part.places.push(place);
        }
    }

    /// The number of the part for a place with this cover.
    fn part(&mut self, kind: Kind, mut layers: Vec<LayerId>, outside: Vec<usize>) -> usize {
        layers.extend(&self.everywhere);
        layers.sort_unstable();
        layers.dedup();
        let cover = Cover { kind, layers, outside };
        if let Some(part) = self.judged.get(&cover) {
            return *part;
        }
        let sets = self.judge(&cover);
        let next = self.parts.len();
        let part = *self.numbers.entry(sets).or_insert_with_key(|sets| {
            self.parts.push(Part { places: Vec::new(), sets: sets.clone() });
            next
        });
        self.judged.insert(cover, part);
        part
    }

    fn judge(&self, cover: &Cover) -> Vec<OperationSet> {
        let covered = |token: usize, effect: Effect| {
            let mut bits = Bits::new();
            let layers = cover.layers.iter().filter_map(|id| self.layers.layer(*id));
            layers
                .filter(|layer| layer.token == token && layer.effect == effect)
                .for_each(|layer| bits.add(&layer.bits));
            bits
        };
        let judge = |token: usize| {
            if cover.outside.contains(&token) {
                return OperationSet::any_token().clone();
            }
            let (allow, deny) = (covered(token, Effect::Allow), covered(token, Effect::Deny));
            if cover.kind != Kind::Unplaced {
                return OperationSet::judged(&allow, &deny);
            }
            // A list that names no place is granted by some place: the answer is filtered. What makes a zone is not
            // granted by a zone that is there already.
            let with = |elsewhere: &[Bits]| {
                let mut allow = allow.clone();
                elsewhere.get(token).into_iter().for_each(|bits| allow.add(bits));
                OperationSet::judged(&allow, &deny)
            };
            let (some, wide) = (with(&self.layers.some_place), with(&self.layers.some_wide_place));
            some.minus(&KINDS.makes_zone).or(&wide.and(&KINDS.makes_zone))
        };
        (0..self.owners.len()).map(|token| judge(token).and(called_at(cover.kind))).collect()
    }
}

/// The operations that are called at places of a kind. One whose path names no place may be meant in any account or
/// zone.
struct Kinds {
    unplaced: OperationSet,
    account: OperationSet,
    zone: OperationSet,
    bucket: OperationSet,
    makes_zone: OperationSet,
}

fn called_at(kind: Kind) -> &'static OperationSet {
    match kind {
        Kind::Unplaced => &KINDS.unplaced,
        Kind::Account => &KINDS.account,
        Kind::Zone => &KINDS.zone,
        Kind::Bucket => &KINDS.bucket,
    }
}

static KINDS: LazyLock<Kinds> = LazyLock::new(|| {
    let mut kinds = Kinds {
        unplaced: OperationSet::new(),
        account: OperationSet::new(),
        zone: OperationSet::new(),
        bucket: OperationSet::new(),
        makes_zone: OperationSet::new(),
    };
    for operation in operations() {
        if operation.makes_zone() {
            kinds.makes_zone.insert(operation);
        }
        let named = if operation.names_bucket() {
            &mut kinds.bucket
        } else if operation.names_account() || operation.is_s3() {
            &mut kinds.account
        } else if operation.names_zone() {
            &mut kinds.zone
        } else {
            &mut kinds.unplaced
        };
        named.insert(operation);
    }
    kinds.account = kinds.account.or(&kinds.unplaced);
    kinds.zone = kinds.zone.or(&kinds.unplaced);
    kinds
});

/// The operations whose path names no place.
pub(crate) fn unplaced() -> &'static OperationSet {
    &KINDS.unplaced
}
