//! The rows of `catalogue/commands.tsv`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::ToolCall;
use super::arguments::Arguments;
use crate::operation::operation;
use crate::recipe::{Recipe, recipe};
use crate::tables;

/// One row of the table. The cells are read when a command of the program is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// The words of the command; none for a program without commands, `*` for every other, `(options)` for the options
    /// that take a value.
    pub(super) command: &'static str,
    /// What it calls, joined by `; `.
    pub(super) calls: &'static str,
    why: &'static str,
    /// What the arguments must be for the row to hold.
    pub(super) when: &'static str,
    /// Since which major version the command works on local data unless `--remote` is given.
    pub(super) local: &'static str,
    /// Which arguments name what.
    pub(super) names: &'static str,
}

/// The rows of each program. They are laid out once, and only if a command is asked for.
pub(super) fn rows() -> &'static BTreeMap<&'static str, Vec<Row>> {
    static ROWS: OnceLock<BTreeMap<&'static str, Vec<Row>>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut rows: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
        for line in tables::commands().lines().skip(1) {
            let mut cells = line.split('\t');
            let mut cell = || cells.next().unwrap_or_default();
            let program = cell();
            let (command, calls, why) = (cell(), cell(), cell());
            let row = Row { command, calls, why, when: cell(), local: cell(), names: cell() };
            rows.entry(program).or_default().push(row);
        }
        rows
    })
}

impl Row {
    /// How many words the command has.
    pub(super) fn words(&self) -> usize {
        if self.command == "*" { 0 } else { self.command.split_whitespace().count() }
    }

    /// What the row says that is called.
    pub(super) fn calls(&self, arguments: &Arguments<'_>) -> Vec<ToolCall> {
        list(self.calls).flat_map(|call| self.call(call, arguments)).collect()
    }

    /// A test reads every row, so that what names nothing does not get here.
    fn call(&self, call: &'static str, arguments: &Arguments<'_>) -> Option<ToolCall> {
        let (kind, rest) = call.split_once(':').unwrap_or((call, ""));
        match kind {
            "nothing" => None,
            "recipe" => Some(ToolCall::Recipe(Box::new(with_options(rest)?))),
            "s3" => Some(ToolCall::Remote(Box::new(with_options(rest)?))),
            "option-recipe" => Some(ToolCall::NamedRecipe(arguments.value(rest)?.to_owned())),
            "config" => Some(ToolCall::Wrangler(rest)),
            "terraform" => Some(ToolCall::Terraform(rest)),
            "other-credential" => Some(ToolCall::OtherCredential(self.why)),
            "unread" => Some(ToolCall::Unread(self.why)),
            _ => Some(ToolCall::Operation { operation: operation(call).ok()?, why: self.why }),
        }
    }
}

/// `NAME+OPTION+OPTION`.
fn with_options(text: &str) -> Option<Recipe> {
    let mut parts = text.split('+');
    let found = recipe(parts.next()?).ok()?;
    found.with(&parts.map(str::to_owned).collect::<Vec<_>>()).ok()
}

/// The parts of a cell.
pub(super) fn list(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split("; ").filter(|part| !part.is_empty())
}
