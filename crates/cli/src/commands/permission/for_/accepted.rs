//! The permission groups that an operation accepts, weakest first.

use flarekeep_catalogue::{Group, GroupProvenance, Operation, Rule, Scope};
use flarekeep_planner::{Need, Options, Target, candidates, weight};
use flarekeep_policy::Owner;
use serde_json::{Value, json};

use crate::output::table::table;
use crate::output::{CARE, FAINT, GOOD, Output, STRONG, counted, styled};
use crate::place::{self, SOME_USER};
use crate::work::kind;

/// How many groups are shown without `--verbose`: some reads accept forty.
const FEW: usize = 8;

/// An operation and its groups.
pub(super) struct Accepted {
    operation: &'static Operation,
    /// Weakest first; those of which nobody knows where they take effect come last.
    groups: Vec<&'static Group>,
}

impl Accepted {
    pub(super) fn by(operation: &'static Operation) -> Self {
        let resource = place::anywhere().of_operation(operation, &Target::default());
        let need = Need { operation, resource, why: String::new(), origin: String::new() };
        let options = Options { prefer_published: false, ..Options::new(Owner::User(SOME_USER)) };
        let mut placed = candidates(&need, &options).unwrap_or_default();
        placed.sort_by_cached_key(|choice| (weight(choice.group, &choice.resource), choice.group.name));
        let mut groups: Vec<_> = placed.into_iter().map(|choice| choice.group).collect();
        for group in operation.accepts() {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        Self { operation, groups }
    }

    pub(super) fn show(&self, output: Output) {
        let operation = self.operation;
        output.line(format!("  {}  {}", styled(STRONG, operation), self.marks().join(", ")).trim_end());
        let groups = self.groups.len();
        let known = known(operation);
        output.line(match operation.rule {
            Rule::AnyToken => {
                format!("    {}: no permission is needed {known}", styled(GOOD, "any valid token may call it"))
            }
            Rule::Unlabelled => {
                format!("    {}: nobody has published what it accepts {known}", styled(CARE, "not known"))
            }
            Rule::AllOf => format!("    all of these are needed {known}:"),
            Rule::AnyOf if groups == 1 => format!("    accepts {known}:"),
            Rule::AnyOf => format!("    any one of these does, weakest first {known}:"),
        });
        let shown = if output.verbose || groups <= FEW + 1 { groups } else { FEW };
        if shown > 0 {
            output.line(table(6, None, self.groups.iter().take(shown).map(|group| row(group))));
        }
        if shown < groups {
            output.line(styled(FAINT, format!("      and {} more: --verbose shows them", groups - shown)));
        }
        if let Some(caveat) = self.caveat() {
            output.line(format!("    {}", styled(CARE, caveat)));
        }
    }

    /// What the lists do not tell: a ruleset's phase, in the body, decides which of the groups opens it. For the phases of
    /// zones that are known by themselves see `additions.tsv`.
    pub(super) fn caveat(&self) -> Option<String> {
        let parts: Vec<String> = self.operation.parts().map(|part| format!("`{part}`")).collect();
        if !parts.is_empty() {
            return Some(format!("what is asked decides which of them does: see {}", parts.join(" and ")));
        }
        let path = self.operation.path();
        let by_phase = path.contains("/rulesets") && (!path.contains("/phases/") || path.contains("/phases/{"));
        (by_phase && self.groups.len() > 1)
            .then_some("the phase of the ruleset decides which of them does, and no list says so".to_owned())
    }

    /// The weakest choice, in a few words.
    pub(super) fn summary(&self) -> String {
        let names = || self.groups.iter().map(|group| group.name);
        let text = match (self.operation.rule, self.groups.as_slice()) {
            (Rule::AnyToken, _) => "any valid token".to_owned(),
            (Rule::Unlabelled, _) | (_, []) => styled(CARE, "not known"),
            (Rule::AllOf, _) => names().collect::<Vec<_>>().join(" and "),
            (Rule::AnyOf, [one]) => one.name.to_owned(),
            (Rule::AnyOf, [one, others @ ..]) => format!("{}, or {}", one.name, counted(others.len(), "other")),
        };
        let inferred =
            if self.operation.provenance.is_inferred() { styled(CARE, " (inferred)") } else { String::new() };
        text + &inferred
    }

    pub(super) fn document(&self) -> Value {
        let operation = self.operation;
        json!({
            "operation": operation.to_string(),
            "operation_id": some(operation.operation_id()),
            "product": some(operation.product()),
            "kind": kind(operation),
            "rule": match operation.rule {
                Rule::AnyOf => "any_of",
                Rule::AllOf => "all_of",
                Rule::AnyToken => "any_token",
                Rule::Unlabelled => "not_known",
            },
            "accepts": self.groups.iter().map(|group| group_document(group)).collect::<Vec<_>>(),
            "caveat": self.caveat(),
            "provenance": operation.provenance.word(),
            "inferred": operation.provenance.is_inferred(),
            "deprecated": operation.deprecated,
            "withdrawn": operation.withdrawn,
        })
    }

    /// What is odd about the operation.
    fn marks(&self) -> Vec<String> {
        let marks = [(self.operation.deprecated, "deprecated"), (self.operation.withdrawn, "gone from the schema")];
        marks.into_iter().filter(|(holds, _)| *holds).map(|(_, mark)| styled(CARE, mark)).collect()
    }
}

/// How the groups are known, for the end of a line.
fn known(operation: &Operation) -> String {
    match operation.provenance.is_inferred() {
        true => styled(CARE, format!("(inferred: {})", operation.provenance)),
        false => styled(FAINT, format!("({})", operation.provenance)),
    }
}

fn row(group: &Group) -> [String; 5] {
    let (reads, writes) = counts(group);
    let opens = format!("opens {}, {}", counted(reads, "read"), counted(writes, "write"));
    let scope = match (group.scope, group.provenance) {
        (Scope::Unknown, _) => styled(CARE, "scope not known"),
        (scope, GroupProvenance::ScopeInferred) => format!("{scope} {}", styled(CARE, "(inferred)")),
        (scope, _) => scope.to_string(),
    };
    let id = group.id.map_or_else(|| styled(CARE, "id not published"), |id| styled(FAINT, id));
    [group.name.to_owned(), scope, level(group).to_owned(), opens, id]
}

/// What the name promises, by its last word; some name no level.
fn level(group: &Group) -> &'static str {
    match group.name.rsplit(' ').next().map(str::to_ascii_lowercase).as_deref() {
        Some("read") => "read",
        Some("write" | "edit") => "write",
        _ => "",
    }
}

/// How many reads and writes a group opens.
fn counts(group: &Group) -> (usize, usize) {
    let writes = group.operations().filter(|operation| operation.mutates()).count();
    (group.operation_indexes().len() - writes, writes)
}

/// A group in a document; what is not known is null.
pub(super) fn group_document(group: &Group) -> Value {
    let (reads, writes) = counts(group);
    json!({
        "id": group.id.map(|id| id.to_string()),
        "name": group.name,
        "scope": (group.scope != Scope::Unknown).then(|| group.scope.word()),
        "scope_inferred": group.provenance == GroupProvenance::ScopeInferred,
        "level": some(level(group)),
        "opens": { "reads": reads, "writes": writes },
    })
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
