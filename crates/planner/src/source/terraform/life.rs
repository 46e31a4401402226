//! What Terraform calls for a thing: the operations of its type, by what is done with it and where it is.

use std::collections::HashSet;

use flarekeep_catalogue::{
    AccountId, Life, Operation, Phase, TerraformKind, operation, terraform_renamed, terraform_type,
};

use crate::source::{Origin, Place, Reading, StatedNeed, Unread, ZoneName};

/// What a resource can go through when nobody knows what the next apply does with it.
pub(super) const WHOLE_LIFE: [Phase; 4] = [Phase::Create, Phase::Read, Phase::Update, Phase::Delete];

/// A resource or a data source of a source.
#[derive(Debug)]
pub(super) struct Thing {
    pub(super) kind: TerraformKind,
    pub(super) type_name: String,
    /// What the instances of one block share.
    pub(super) block: String,
    pub(super) origin: Origin,
}

/// Where a thing is.
#[derive(Debug, Default)]
pub(super) struct Located {
    /// The zones that it may be in, each of which is counted; none where that is not known.
    pub(super) zones: Vec<ZoneName>,
    pub(super) account: Option<AccountId>,
    /// Which of its places it names, whether their values are known or not.
    pub(super) names_zone: bool,
    pub(super) names_account: bool,
    /// What a place is taken from that has no value, `var.zone_id`.
    pub(super) zone_from: Option<String>,
    pub(super) account_from: Option<String>,
    /// A ruleset's phase.
    pub(super) ruleset_phase: Option<String>,
}

/// Gathers the needs of things.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) reading: Reading,
    seen: HashSet<(u16, Place)>,
    told: HashSet<(String, String)>,
}

impl Gathered {
    /// Counts what the phases of a thing's life call.
    pub(super) fn add(&mut self, thing: &Thing, phases: &[Phase], at: &Located) {
        let lives = self.lives(thing);
        let life = match lives.as_slice() {
            [] => return,
            [only] => only,
            several => {
                // The provider asks for the account first where a type can live at both.
                let home = if at.names_account { "account" } else { "zone" };
                let known = at.names_account || at.names_zone;
                let Some(life) = several.iter().find(|life| known && life.at == home) else {
                    return self.tell(thing, "whether it is an account's or a zone's is not known");
                };
                life
            }
        };
        if at.zones.is_empty() && life.operations.iter().any(|(_, operation)| operation.names_zone()) {
            self.tell(thing, taken_for_the_given("zone", at.zone_from.as_deref()));
        }
        if at.names_account && at.account.is_none() && life.operations.iter().any(|(_, called)| called.names_account())
        {
            self.tell(thing, taken_for_the_given("account", at.account_from.as_deref()));
        }
        let zones: Vec<_> = at.zones.iter().map(Some).collect();
        for zone in if zones.is_empty() { vec![None] } else { zones } {
            let place = Place { account: at.account, zone: zone.cloned(), bucket: None };
            for (phase, called) in &life.operations {
                if is_called(*phase, called, phases) {
                    self.need(thing, called, &place, phase.reason());
                    self.ruleset(thing, called, &place, *phase, at.ruleset_phase.as_deref());
                }
            }
        }
    }

    /// Says what is not known, once for the instances of a block.
    pub(super) fn tell(&mut self, thing: &Thing, what: impl Into<String>) {
        self.tell_once(&thing.block, &thing.origin, what.into());
    }

    /// Says what is not known, once for a whole source.
    pub(super) fn tell_once(&mut self, group: &str, origin: &Origin, what: String) {
        if self.told.insert((group.to_owned(), what.clone())) {
            self.reading.unread.push(Unread { origin: origin.clone(), what });
        }
    }

    fn need(&mut self, thing: &Thing, called: &'static Operation, place: &Place, why: &str) {
        if self.seen.insert((called.index, place.clone())) {
            self.reading.needs.push(StatedNeed {
                operation: called,
                place: place.clone(),
                why: why.to_owned(),
                origin: thing.origin.clone(),
            });
        }
    }

    /// A zone's rulesets are opened by as many groups as there are phases, and a ruleset by those of its own phase: the
    /// call that writes the phase's entry point stands for it.
    fn ruleset(
        &mut self,
        thing: &Thing,
        called: &'static Operation,
        place: &Place,
        phase: Phase,
        ruleset_phase: Option<&str>,
    ) {
        let Some(base) = called.path().strip_suffix("/{ruleset_id}").or(Some(called.path())) else { return };
        if !base.ends_with("/rulesets") {
            return;
        }
        let Some(name) = ruleset_phase.filter(|name| is_word(name)) else {
            return self.tell(thing, "its phase is not known, and decides which permission it takes");
        };
        let method = if called.mutates() { "PUT" } else { "GET" };
        let path = format!("{base}/phases/{name}/entrypoint");
        match operation(&format!("{method} {path}")).ok().filter(|found| found.path() == path) {
            Some(entry) => {
                let why = format!("{}, and its phase decides which permission that takes", phase.reason());
                self.need(thing, entry, place, &why);
            }
            None => self.tell(thing, format!("which permission the phase `{name}` takes is not recorded")),
        }
    }

    fn lives(&mut self, thing: &Thing) -> Vec<Life> {
        let name = if is_word(&thing.type_name) { thing.type_name.as_str() } else { "" };
        let find = |name: &str| terraform_type(name).ok()?.into_iter().find(|found| found.kind == thing.kind);
        let found = find(name);
        let lives = found.map(|found| found.lives()).unwrap_or_default();
        if !lives.is_empty() {
            return lives;
        }
        let renamed = terraform_renamed(name).filter(|_| thing.kind == TerraformKind::Resource);
        if let Some((now, successor)) = renamed.and_then(|now| Some((now, find(now)?))) {
            let what = format!(
                "what version 4 of the provider calls for `{name}` is not recorded: it is taken for what version 5 calls for `{now}`"
            );
            self.tell_once("", &thing.origin, what);
            return successor.lives();
        }
        let what = match (name, found) {
            ("", _) => "its type has no name that a type can have".to_owned(),
            (_, Some(_)) => format!("what the provider calls for the {} `{name}` is not recorded", thing.kind),
            (_, None) => format!("the catalogue knows no {} `{name}`", thing.kind),
        };
        self.tell(thing, what);
        Vec::new()
    }
}

fn taken_for_the_given(place: &str, from: Option<&str>) -> String {
    match from {
        Some(from) => {
            format!("its {place} is `{from}`, of which no value is known: it is taken for the one that is given")
        }
        None => format!("its {place} is not known: it is taken for the one that is given"),
    }
}

/// Whether an operation of a type is called when these phases are gone through. Which phases call a helper is not
/// recorded: one that only reads is counted with them all, one that changes something with those that do.
fn is_called(phase: Phase, called: &Operation, phases: &[Phase]) -> bool {
    let changes = [Phase::Create, Phase::Update, Phase::Delete];
    match phase {
        Phase::Helper => !called.mutates() || phases.iter().any(|phase| changes.contains(phase)),
        _ => phases.contains(&phase),
    }
}

/// Whether a name is made of what names of types and phases are made of, so that it can be shown.
pub(super) fn is_word(name: &str) -> bool {
    !name.is_empty() && name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
