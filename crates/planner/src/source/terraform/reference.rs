//! Where a place is known only after apply, the configuration says where it comes from: a zone that the plan makes, a
//! data source that apply reads, through variables and outputs of modules.

use super::address::{caller, indexed, parts, within};
use super::document::{Expression, Module, Places};
use super::known::{Fact, Known};

/// Modules and variables deeper than this are not followed.
const DEPTH: usize = 16;
/// The most instances that are counted one by one.
pub(super) const INSTANCES: usize = 50;
/// The most that one expression is taken to refer to.
const REFERENCES: usize = 100;

/// A configuration and what is known of the zones in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct References<'a> {
    pub(super) root: &'a Module,
    pub(super) known: &'a Known,
}

impl<'a> References<'a> {
    /// The expressions of a resource of a module.
    pub(super) fn places(self, module: &str, address: &str) -> Option<&'a Places> {
        self.module(module)?.resources.get(address)
    }

    /// What an expression in a module refers to; `key` is that of the instance which it is evaluated for.
    pub(super) fn facts(self, module: &str, expression: &Expression, key: Option<&str>) -> Vec<&'a Fact> {
        let mut found = Vec::new();
        self.collect(module, expression, key, DEPTH, &mut found);
        found
    }

    fn collect(
        self,
        module: &str,
        expression: &Expression,
        key: Option<&str>,
        depth: usize,
        found: &mut Vec<&'a Fact>,
    ) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let all: Vec<_> = expression.references.0.iter().take(REFERENCES).collect();
        let by_key = all.iter().any(|reference| reference.starts_with("each.") || *reference == "count.index");
        let key = key.filter(|_| by_key);
        // Beside `cloudflare_zone.main.id` stands `cloudflare_zone.main`: only the longest says what is meant.
        let is_part = |part: &str| all.iter().any(|other| other.len() > part.len() && other.starts_with(part));
        for reference in all.iter().filter(|reference| !is_part(reference)) {
            self.one(module, reference, key, depth, found);
        }
    }

    fn one(self, module: &str, reference: &str, key: Option<&str>, depth: usize, found: &mut Vec<&'a Fact>) {
        match parts(reference).as_slice() {
            ["var", name, ..] => {
                let Some((outer, call)) = caller(module) else { return };
                let (call, own_key) = indexed(call);
                let given = self.module(&outer).and_then(|outer| outer.module_calls.get(call));
                if let Some(expression) = given.and_then(|call| call.expressions.get(indexed(name).0)) {
                    self.collect(&outer, &expression.0, own_key, depth, found);
                }
            }
            ["module", call, output, ..] => {
                let inner = within(module, &format!("module.{call}"));
                let outputs = self.module(&inner).map(|inner| &inner.outputs);
                if let Some(output) = outputs.and_then(|outputs| outputs.get(indexed(output).0)) {
                    self.collect(&inner, &output.expression.0, None, depth, found);
                }
            }
            ["data", kind, name, ..] => self.block(module, &format!("data.{kind}."), name, key, found),
            [kind, name, ..] => self.block(module, &format!("{kind}."), name, key, found),
            _ => {}
        }
    }

    fn block(self, module: &str, before: &str, name: &str, key: Option<&str>, found: &mut Vec<&'a Fact>) {
        let (name, index) = indexed(name);
        let room = (INSTANCES + 1).saturating_sub(found.len());
        found.extend(self.known.of(&within(module, &format!("{before}{name}")), index.or(key)).take(room));
    }

    /// The module with an address.
    fn module(self, address: &str) -> Option<&'a Module> {
        let mut module = self.root;
        if address.is_empty() {
            return Some(module);
        }
        for pair in parts(address).chunks(2) {
            let ["module", call] = pair else { return None };
            module = &module.module_calls.get(indexed(call).0)?.module;
        }
        Some(module)
    }
}
