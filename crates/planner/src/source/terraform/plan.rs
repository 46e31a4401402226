//! A plan: what it does with each resource, and what the data sources read.

use flarekeep_catalogue::{Phase, TerraformKind};

use super::address::{shown, within};
use super::document::{Change, Document, Kept, StateModule, Values};
use super::known::{self, Known};
use super::life::{Gathered, Located, Thing};
use super::reference::{INSTANCES, References};
use crate::source::{Origin, Reading, ZoneName};

/// The needs of a plan.
pub(super) fn read(name: &str, document: &Document) -> Reading {
    let none = Vec::new();
    let changes = document.resource_changes.as_ref().unwrap_or(&none);
    let deferred = document.deferred_changes.iter().flatten().filter_map(|deferred| deferred.resource_change.as_ref());
    let all = || changes.iter().chain(deferred.clone());
    let known = learn(document, all());
    let plan = Plan { name, references: References { root: &document.configuration.0.root_module, known: &known } };
    let mut gathered = Gathered::default();
    for change in all() {
        plan.change(&mut gathered, change);
    }
    for drift in document.resource_drift.iter().flatten() {
        plan.drift(&mut gathered, drift);
    }
    plan.data_sources(&mut gathered, &document.prior_state.0.values.0.root_module);
    if document.errored.0 {
        let what = "the plan ended in an error: what comes after it is not in the file".to_owned();
        gathered.tell_once("", &Origin::item(name, "errored"), what);
    }
    let mut reading = gathered.reading;
    reading.zones = known.zones;
    reading
}

/// What a state and a plan both say of the things in a module.
pub(super) fn each_kept<'a>(module: &'a StateModule, visit: &mut impl FnMut(&'a str, &'a Kept)) {
    let address = module.address.as_deref().unwrap_or_default();
    for kept in &module.resources {
        visit(address, kept);
    }
    for child in &module.child_modules {
        each_kept(child, visit);
    }
}

/// Whether a thing is one of the provider's.
pub(super) fn is_ours(type_name: &str) -> bool {
    type_name.starts_with("cloudflare_")
}

/// Managed things are resources; what is only read is a data source. Other modes are none of the provider's.
pub(super) fn kind(mode: Option<&str>) -> Option<TerraformKind> {
    match mode {
        Some("managed") => Some(TerraformKind::Resource),
        Some("data") => Some(TerraformKind::DataSource),
        _ => None,
    }
}

/// The address of a block, from that of its module.
pub(super) fn block(module: &str, kind: TerraformKind, type_name: &str, name: &str) -> String {
    within(module, &local(kind, type_name, name))
}

fn local(kind: TerraformKind, type_name: &str, name: &str) -> String {
    match kind {
        TerraformKind::Resource => format!("{type_name}.{name}"),
        TerraformKind::DataSource => format!("data.{type_name}.{name}"),
    }
}

fn learn<'a>(document: &'a Document, changes: impl Iterator<Item = &'a Change>) -> Known {
    let mut known = Known::default();
    each_kept(&document.prior_state.0.values.0.root_module, &mut |module, kept| {
        if let Some(kind) = kind(kept.mode.as_deref()) {
            let block = block(module, kind, &kept.r#type, &kept.name);
            known.learn(&block, kept.index.0.as_deref(), kind, &kept.r#type, &kept.values.0);
        }
    });
    for change in changes {
        if let Some(kind) = kind(change.mode.as_deref()) {
            let module = change.module_address.as_deref().unwrap_or_default();
            let removed = matches!(change.change.actions.as_slice(), [only] if only == "delete");
            let values = if removed { &change.change.before } else { &change.change.after };
            let block = block(module, kind, &change.r#type, &change.name);
            known.learn(&block, change.index.0.as_deref(), kind, &change.r#type, &values.0);
        }
    }
    known
}

struct Plan<'a> {
    name: &'a str,
    references: References<'a>,
}

impl Plan<'_> {
    fn change(&self, gathered: &mut Gathered, change: &Change) {
        let Some(thing) = self.thing(change) else { return };
        let actions: Vec<&str> = change.change.actions.iter().map(String::as_str).collect();
        let before = || self.located(&thing, change, &change.change.before.0, false);
        let after = || self.located(&thing, change, &change.change.after.0, true);
        let read = if change.change.importing.is_some() { &[Phase::Import, Phase::Read][..] } else { &[Phase::Read] };
        match actions.as_slice() {
            ["no-op" | "read"] => gathered.add(&thing, read, &after()),
            ["forget"] => gathered.add(&thing, read, &before()),
            ["create"] => gathered.add(&thing, &[Phase::Create, Phase::Read], &after()),
            ["update"] => {
                gathered.add(&thing, read, &after());
                gathered.add(&thing, &[Phase::Update], &after());
            }
            ["delete"] => gathered.add(&thing, &[Phase::Read, Phase::Delete], &before()),
            // A replacement is never an update: the one goes, the other comes.
            ["delete", "create"] | ["create", "delete"] | ["create", "forget"] => {
                let removes: &[_] = if actions.contains(&"delete") { &[Phase::Delete] } else { &[] };
                gathered.add(&thing, read, &before());
                gathered.add(&thing, removes, &before());
                gathered.add(&thing, &[Phase::Create, Phase::Read], &after());
            }
            _ => gathered.tell(&thing, "what the plan does with it is not known"),
        }
    }

    /// What others have changed was found by a read.
    fn drift(&self, gathered: &mut Gathered, drift: &Change) {
        if let Some(thing) = self.thing(drift) {
            gathered.add(&thing, &[Phase::Read], &self.located(&thing, drift, &drift.change.before.0, false));
        }
    }

    fn data_sources(&self, gathered: &mut Gathered, module: &StateModule) {
        each_kept(module, &mut |module, kept| {
            if kind(kept.mode.as_deref()) == Some(TerraformKind::DataSource) && is_ours(&kept.r#type) {
                let block = block(module, TerraformKind::DataSource, &kept.r#type, &kept.name);
                let thing = Thing {
                    kind: TerraformKind::DataSource,
                    type_name: kept.r#type.clone(),
                    block,
                    origin: Origin::item(self.name, shown(&kept.address)),
                };
                gathered.add(&thing, &[Phase::Read], &located(&thing, &kept.values.0));
            }
        });
    }

    fn thing(&self, change: &Change) -> Option<Thing> {
        let kind = kind(change.mode.as_deref()).filter(|_| is_ours(&change.r#type))?;
        let module = change.module_address.as_deref().unwrap_or_default();
        Some(Thing {
            kind,
            type_name: change.r#type.clone(),
            block: block(module, kind, &change.r#type, &change.name),
            origin: Origin::item(self.name, shown(&change.address)),
        })
    }

    /// Where an instance is; what is known only after apply is looked for in the configuration.
    fn located(&self, thing: &Thing, change: &Change, values: &Values, is_after: bool) -> Located {
        let mut at = located(thing, values);
        if !is_after || !at.zones.is_empty() && at.account.is_some() {
            return at;
        }
        let module = change.module_address.as_deref().unwrap_or_default();
        let written = self.references.places(module, &local(thing.kind, &change.r#type, &change.name));
        let unknown = &change.change.after_unknown.0;
        let key = change.index.0.as_deref();
        if let Some(expression) = written.and_then(|written| written.zone_id.as_ref())
            && at.zones.is_empty()
        {
            let facts = self.references.facts(module, &expression.0, key);
            at.zones = facts.iter().filter_map(|fact| fact.zone.clone()).collect();
            at.zones.sort();
            at.zones.dedup();
            if facts.len() > INSTANCES {
                at.zones = vec![ZoneName::Every];
            }
            if let ([_], [fact, ..]) = (at.zones.as_slice(), facts.as_slice()) {
                at.account = at.account.or(fact.account);
            }
        }
        if let Some(expression) = written.and_then(|written| written.account_id.as_ref())
            && at.account.is_none()
        {
            let facts = self.references.facts(module, &expression.0, key);
            at.account = facts.iter().find_map(|fact| fact.account);
        }
        at.names_zone |= unknown.zone_id.0 || !at.zones.is_empty();
        at.names_account |= unknown.account_id.0;
        at
    }
}

/// Where an instance is, by its values alone.
pub(super) fn located(thing: &Thing, values: &Values) -> Located {
    let zone = known::zone(thing.kind, &thing.type_name, values);
    let account = known::account(thing.kind, &thing.type_name, values);
    Located {
        names_zone: zone.is_some(),
        names_account: values.account_id.0.is_some(),
        zones: zone.into_iter().collect(),
        account,
        ruleset_phase: values.phase.0.clone(),
        ..Located::default()
    }
}
