//! Tokens that were read more than once, as from a list and from a state.

use std::collections::{BTreeMap, HashMap, HashSet};

use flarekeep_catalogue::TokenId;
use flarekeep_policy::Status;

use crate::text::shown;
use crate::token::{OwnedBy, TokenRecord};
use crate::world::{Place, Unread};

/// Each token once, in the order in which they were first read, and where what was read of one differs.
///
/// What lives goes before files, what is known of grants before what is not, and then what was changed last. A file may be
/// old, or not what it says: that copies differ is always said.
pub(crate) fn once(tokens: &[TokenRecord]) -> (Vec<&TokenRecord>, Vec<Unread>) {
    let mut at: HashMap<TokenId, usize> = HashMap::with_capacity(tokens.len());
    let mut found: Vec<&TokenRecord> = Vec::with_capacity(tokens.len());
    let mut copies: BTreeMap<usize, Vec<&TokenRecord>> = BTreeMap::new();
    for record in tokens {
        let number = *at.entry(record.id).or_insert(found.len());
        let Some(known) = found.get_mut(number) else {
            found.push(record);
            continue;
        };
        let other = if worth(record) > worth(known) { std::mem::replace(known, record) } else { record };
        copies.entry(number).or_default().push(other);
    }
    let differing = copies.iter().filter_map(|(number, others)| differing(found.get(*number)?, others)).collect();
    (found, differing)
}

/// The tokens of which no copy says what they grant. A list without policies may be long: many are told in a line.
pub(crate) fn silent(tokens: &[&TokenRecord], said: &[(TokenId, Unread)]) -> Vec<Unread> {
    const NAMED: usize = 10;
    let unknown = tokens.iter().filter(|record| record.policies.is_none()).map(|record| record.id);
    let mut unknown: HashSet<TokenId> = unknown.collect();
    let of: Vec<&Unread> = said.iter().filter(|(id, _)| unknown.remove(id)).map(|(_, unread)| unread).collect();
    match of.as_slice() {
        [first, ..] if of.len() > NAMED => {
            let what = format!("what {} tokens grant", of.len());
            vec![Unread { what, why: first.why.clone() }]
        }
        few => few.iter().copied().cloned().collect(),
    }
}

fn worth(record: &TokenRecord) -> impl Ord + use<> {
    (record.place == Place::Live, record.policies.is_some(), record.modified_on)
}

/// That the other copies of a token say something else.
fn differing(chosen: &TokenRecord, others: &[&TokenRecord]) -> Option<Unread> {
    let (other, what) = others.iter().find_map(|other| Some((other, difference(chosen, other)?)))?;
    Some(Unread {
        what: format!("what token {} ({}) is today", chosen.id, shown(&chosen.name)),
        why: format!(
            "{} and {} differ in {what}; {} was looked at: give the newest file alone",
            chosen.place, other.place, chosen.place
        ),
    })
}

/// In what two copies of a token differ that an audit looks at. What one does not say is no difference.
fn difference(one: &TokenRecord, other: &TokenRecord) -> Option<&'static str> {
    let both_known = one.policies.is_some() && other.policies.is_some();
    // A list may say of a token that it expired where the API says that it is active and when it ends.
    let said = |record: &TokenRecord| (record.status != Status::Expired).then_some(record.status);
    let user = |owner: OwnedBy| matches!(owner, OwnedBy::User(_));
    let owners_differ = one.owner != other.owner
        && one.owner != OwnedBy::Unknown
        && other.owner != OwnedBy::Unknown
        && !(user(one.owner) && user(other.owner) && (one.owner.id().is_none() || other.owner.id().is_none()));
    match () {
        () if both_known && one.grants() != other.grants() => Some("what it grants"),
        () if both_known && one.ip != other.ip => Some("from where it may be used"),
        () if said(one).zip(said(other)).is_some_and(|(one, other)| one != other) => Some("its status"),
        () if one.expires_on != other.expires_on => Some("its time"),
        // `flarekeep token list --json` does not say when a token begins.
        () if both_known && one.not_before != other.not_before => Some("its time"),
        () if owners_differ => Some("its owner"),
        // What it grants may have changed since.
        () if !both_known && one.modified_on < other.modified_on => Some("when it was changed"),
        () => None,
    }
}
