//! A state: what is there, and nothing of what the next apply does with it.

use flarekeep_catalogue::{Phase, TerraformKind};

use super::address::{shown, within};
use super::document::{StateModule, Stored, Values};
use super::known::Known;
use super::life::{Gathered, Thing, WHOLE_LIFE};
use super::plan::{block, each_kept, is_ours, kind, located};
use crate::source::{Origin, Reading};

/// The needs of a state as `terraform show -json` writes it.
pub(super) fn shown_state(name: &str, root: &StateModule) -> Reading {
    let mut state = State::new(name);
    each_kept(root, &mut |module, kept| {
        if let Some(kind) = kind(kept.mode.as_deref()) {
            let block = block(module, kind, &kept.r#type, &kept.name);
            state.add(kind, &kept.r#type, block, &kept.address, kept.index.0.as_deref(), &kept.values.0);
        }
    });
    state.finish()
}

/// The needs of a state as Terraform stores it.
pub(super) fn stored(name: &str, resources: &[Stored]) -> Reading {
    let mut state = State::new(name);
    for stored in resources {
        let Some(kind) = kind(stored.mode.as_deref()) else { continue };
        let module = stored.module.as_deref().unwrap_or_default();
        let block = block(module, kind, &stored.r#type, &stored.name);
        for instance in &stored.instances {
            let key = instance.index_key.0.as_deref();
            let index = match key {
                Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => format!("[{number}]"),
                Some(key) => format!("[\"{key}\"]"),
                None => String::new(),
            };
            let address = within("", &format!("{block}{index}"));
            state.add(kind, &stored.r#type, block.clone(), &address, key, &instance.attributes.0);
        }
    }
    state.finish()
}

struct State<'a> {
    name: &'a str,
    gathered: Gathered,
    known: Known,
}

impl<'a> State<'a> {
    fn new(name: &'a str) -> Self {
        Self { name, gathered: Gathered::default(), known: Known::default() }
    }

    fn add(
        &mut self,
        kind: TerraformKind,
        type_name: &str,
        block: String,
        address: &str,
        key: Option<&str>,
        values: &Values,
    ) {
        self.known.learn(&block, key, kind, type_name, values);
        if !is_ours(type_name) {
            return;
        }
        let origin = Origin::item(self.name, shown(address));
        let thing = Thing { kind, type_name: type_name.to_owned(), block, origin };
        let phases: &[_] = match kind {
            TerraformKind::Resource => &WHOLE_LIFE,
            TerraformKind::DataSource => &[Phase::Read],
        };
        self.gathered.add(&thing, phases, &located(&thing, values));
    }

    fn finish(mut self) -> Reading {
        if !self.gathered.reading.needs.is_empty() {
            let what =
                "it is a state: what the next apply does is not in it, and each resource counts with its whole life";
            self.gathered.tell_once("", &Origin::item(self.name, "state"), what.to_owned());
        }
        let mut reading = self.gathered.reading;
        reading.zones = self.known.zones;
        reading
    }
}
