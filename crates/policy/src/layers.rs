//! What tokens cover, in layers: one bit set for the groups that one policy holds of one scope, wherever it holds them.
//! A thousand zones of one policy share one layer.

use std::collections::HashMap;

use flarekeep_catalogue::{AccountId, Scope, UserId, ZoneId};
use foldhash::fast::RandomState;

use crate::bits::Bits;
use crate::resource::Resource;
use crate::token::{Effect, Token};

/// The number of a layer.
pub(crate) type LayerId = u32;

/// The groups of one policy that take effect at resources of one scope.
#[derive(Debug)]
pub(crate) struct Layer {
    /// Which of the tokens.
    pub(crate) token: usize,
    pub(crate) effect: Effect,
    pub(crate) bits: Bits,
}

/// The layers of some tokens, and where they lie.
#[derive(Debug)]
pub(crate) struct Layers {
    pub(crate) all: Vec<Layer>,
    at: HashMap<Resource, Vec<LayerId>, RandomState>,
    /// By token: what is allowed at some account or at some zone, which decides a list that names neither.
    pub(crate) some_place: Vec<Bits>,
    /// The same without single zones, which decides a call that makes a zone.
    pub(crate) some_wide_place: Vec<Bits>,
}

impl Layers {
    pub(crate) fn of(tokens: &[&Token]) -> Self {
        let nothing = || tokens.iter().map(|_| Bits::new()).collect();
        let mut layers =
            Self { all: Vec::new(), at: HashMap::default(), some_place: nothing(), some_wide_place: nothing() };
        for (number, token) in tokens.iter().enumerate() {
            layers.add(number, token);
        }
        layers
    }

    fn add(&mut self, token: usize, held: &Token) {
        for policy in &held.policies {
            for scope in [Scope::User, Scope::Account, Scope::Zone, Scope::Bucket] {
                let mut here = policy.resources.iter().filter(|resource| resource.scope() == scope).peekable();
                if here.peek().is_none() {
                    continue;
                }
                let mut bits = Bits::new();
                policy.known_groups().filter(|group| group.scope == scope).for_each(|group| bits.grant(group));
                let id = self.all.len() as LayerId;
                let mut wide = false;
                for resource in here {
                    wide |= !matches!(resource, Resource::Zone(_) | Resource::ZoneOf(..));
                    self.at.entry(resource.clone()).or_default().push(id);
                }
                if policy.effect == Effect::Allow && matches!(scope, Scope::Account | Scope::Zone) {
                    let add = |to: &mut Vec<Bits>| to.get_mut(token).into_iter().for_each(|to| to.add(&bits));
                    add(&mut self.some_place);
                    if wide {
                        add(&mut self.some_wide_place);
                    }
                }
                self.all.push(Layer { token, effect: policy.effect, bits });
            }
        }
    }

    /// The layers at a resource, of all tokens.
    pub(crate) fn at(&self, resource: &Resource) -> &[LayerId] {
        self.at.get(resource).map(Vec::as_slice).unwrap_or_default()
    }

    /// The zones that tokens name below an account.
    pub(crate) fn zones_of(&self) -> impl Iterator<Item = (AccountId, ZoneId)> + '_ {
        self.at.keys().filter_map(|resource| match resource {
            Resource::ZoneOf(account, zone) => Some((*account, *zone)),
            _ => None,
        })
    }

    /// The layers that cover every call: those at all accounts and all zones and, for each token, those at the user as
    /// whom it acts.
    pub(crate) fn everywhere(&self, users: &[Option<UserId>]) -> Vec<LayerId> {
        let mut found = [self.at(&Resource::AllAccounts), self.at(&Resource::AllZones)].concat();
        for (token, user) in users.iter().enumerate() {
            let of_user = user.map(|user| self.at(&Resource::User(user))).unwrap_or_default();
            found.extend(of_user.iter().filter(|id| self.layer(**id).is_some_and(|layer| layer.token == token)));
        }
        found
    }

    pub(crate) fn layer(&self, id: LayerId) -> Option<&Layer> {
        self.all.get(id as usize)
    }
}
