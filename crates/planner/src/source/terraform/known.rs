//! What a plan or a state says of zones and accounts: the values of `cloudflare_zone` and its like.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use flarekeep_catalogue::{AccountId, TerraformKind, ZoneId};

use super::document::Values;
use super::lenient::Text;
use crate::source::{ZoneName, Zones};

/// A zone or an account that a resource or a data source stands for.
#[derive(Debug, Clone, Default)]
pub(super) struct Fact {
    pub(super) zone: Option<ZoneName>,
    pub(super) account: Option<AccountId>,
}

/// The facts by the block that they come from, with the key of their instance.
#[derive(Debug, Default)]
pub(super) struct Known {
    blocks: HashMap<String, BTreeMap<Option<String>, Fact>>,
    pub(super) zones: Zones,
}

impl Known {
    /// Learns what an instance says. A zone without an id is one that apply makes.
    pub(super) fn learn(
        &mut self,
        block: &str,
        key: Option<&str>,
        kind: TerraformKind,
        type_name: &str,
        values: &Values,
    ) {
        for item in values.result.0.iter().chain(&values.zones.0).map(|item| &item.0) {
            if type_name == "cloudflare_zones" {
                self.name(item.name.as_deref(), id(&item.id), id(&item.account.0.id));
            }
        }
        let account = account(kind, type_name, values);
        let zone = own_zone(kind, type_name, values);
        if zone.is_none() && type_name != "cloudflare_account" {
            return;
        }
        if let Some(ZoneName::Id(zone)) = zone {
            self.name(zone_name(kind, values), Some(zone), account);
        }
        let facts = self.blocks.entry(block.to_owned()).or_default();
        facts.insert(key.map(str::to_owned), Fact { zone, account });
    }

    /// What the instances of a block say; with a key, that one alone.
    pub(super) fn of(&self, block: &str, key: Option<&str>) -> impl Iterator<Item = &Fact> {
        let facts = self.blocks.get(block).into_iter().flatten();
        facts.filter(move |(known, _)| key.is_none() || known.as_deref() == key).map(|(_, fact)| fact)
    }

    fn name(&mut self, name: Option<&str>, zone: Option<ZoneId>, owner: Option<AccountId>) {
        if let Some(zone) = zone {
            self.zones.add(name.unwrap_or_default(), zone, owner);
        }
    }
}

/// The zone that an instance stands for, or that its attributes name.
pub(super) fn zone(kind: TerraformKind, type_name: &str, values: &Values) -> Option<ZoneName> {
    own_zone(kind, type_name, values).or_else(|| id(&values.zone_id).map(ZoneName::Id))
}

/// The account that an instance stands for, or that its attributes name.
pub(super) fn account(kind: TerraformKind, type_name: &str, values: &Values) -> Option<AccountId> {
    let own = if type_name == "cloudflare_account" { id(&values.id) } else { None };
    let filter = &values.filter.0;
    let filtered = || id(&filter.account_id).or(id(&filter.account.0.id)).filter(|_| kind == TerraformKind::DataSource);
    own.or(id(&values.account_id)).or(id(&values.account.0.id)).or_else(filtered)
}

/// The zone that an instance of one of the types of zones stands for.
fn own_zone(kind: TerraformKind, type_name: &str, values: &Values) -> Option<ZoneName> {
    let named = |name: Option<&str>| name.and_then(name_of);
    match (kind, type_name) {
        (TerraformKind::Resource, "cloudflare_zone") => Some(id(&values.id).map_or(ZoneName::Every, ZoneName::Id)),
        (TerraformKind::DataSource, "cloudflare_zone") => {
            let zone = id(&values.zone_id).or(id(&values.id)).map(ZoneName::Id);
            zone.or_else(|| named(zone_name(kind, values)))
        }
        // A list that no name narrows is a list of them all.
        (TerraformKind::DataSource, "cloudflare_zones") => {
            Some(named(zone_name(kind, values)).unwrap_or(ZoneName::Every))
        }
        _ => None,
    }
}

fn zone_name(kind: TerraformKind, values: &Values) -> Option<&str> {
    let own = values.name.as_deref().filter(|name| !name.is_empty());
    match kind {
        TerraformKind::Resource => own.or(values.zone.as_deref()),
        TerraformKind::DataSource => own.or(values.filter.0.name.as_deref()),
    }
}

/// A name as zones have them. A filter can hold an operator instead, `contains:…`.
pub(super) fn name_of(text: &str) -> Option<ZoneName> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') || byte >= 0x80;
    let name = text.trim_end_matches('.');
    let valid = name.contains('.') && name.len() <= 253 && name.bytes().all(fits) && !name.contains(char::is_control);
    valid.then(|| ZoneName::Name(name.to_lowercase()))
}

fn id<T: FromStr>(text: &Text) -> Option<T> {
    text.as_deref()?.parse().ok()
}
