//! Which types of Cloudflare's Terraform provider need a group.

use flarekeep_catalogue::{Group, Operation, Phase, Rule, TerraformKind, TerraformType, terraform_types};
use serde_json::{Value, json};

/// A type that needs the group.
pub(super) struct Needing {
    pub(super) of: TerraformType,
    /// Whether the group serves all that the type calls, at an account or at a zone.
    pub(super) alone: bool,
    /// The phases in which it is accepted; empty where it is not known what the type calls.
    pub(super) phases: Vec<Phase>,
    /// Whether the groups of all these calls are inferred.
    pub(super) inferred: bool,
    /// Whether the provider's documentation lists the group.
    pub(super) documented: bool,
    /// How many groups the choosiest of these calls accepts.
    choice: usize,
}

impl Needing {
    /// The type's address, as it stands in a configuration.
    pub(super) fn address(&self) -> String {
        match self.of.kind {
            TerraformKind::Resource => self.of.name.to_owned(),
            TerraformKind::DataSource => format!("data.{}", self.of.name),
        }
    }

    /// What the group is for there.
    pub(super) fn part(&self) -> String {
        let phases: Vec<_> = self.phases.iter().map(|phase| phase.word()).collect();
        match (self.alone, phases.is_empty()) {
            (true, _) => "for all that it calls".to_owned(),
            (false, true) => "documented; what it calls is not known".to_owned(),
            (false, false) => format!("to {}", phases.join(", ")),
        }
    }

    pub(super) fn document(&self) -> Value {
        json!({
            "type": self.of.name,
            "kind": self.of.kind.word(),
            "alone": self.alone,
            "phases": self.phases.iter().map(|phase| phase.word()).collect::<Vec<_>>(),
            "inferred": self.inferred,
            "documented": self.documented,
        })
    }
}

/// The types that need the group, those that it serves alone first. Data sources belong to the groups that read: no
/// other is needed where one of these is accepted. Resources belong to the groups that their changes take.
pub(super) fn needing(group: &Group) -> Vec<Needing> {
    let mut found: Vec<Needing> = terraform_types().filter_map(|of| needs(of, group)).collect();
    found.sort_by_key(|needing| (!needing.alone, needing.choice, needing.of.kind != TerraformKind::Resource));
    found
}

fn needs(of: TerraformType, group: &Group) -> Option<Needing> {
    let documented = of.documented().any(|listed| listed == group);
    let accepted: Vec<(Phase, &Operation)> =
        of.operations().filter(|(_, operation)| operation.accepts_group(group)).collect();
    let reads = |operation: &Operation| operation.accepts().any(Group::is_named_for_reading);
    let is_for = match (of.kind, group.is_named_for_reading()) {
        _ if accepted.is_empty() => documented && of.operations().next().is_none(),
        (TerraformKind::DataSource, true) => true,
        (TerraformKind::DataSource, false) => accepted.iter().any(|(_, operation)| !reads(operation)),
        (TerraformKind::Resource, true) => false,
        (TerraformKind::Resource, false) => accepted.iter().any(|(_, operation)| operation.mutates()),
    };
    if !is_for {
        return None;
    }
    let serves = |operation: &Operation| {
        operation.rule == Rule::AnyToken || operation.rule == Rule::AnyOf && operation.accepts_group(group)
    };
    let mut phases: Vec<Phase> = accepted.iter().map(|(phase, _)| *phase).collect();
    phases.dedup();
    Some(Needing {
        of,
        alone: of.lives().iter().any(|life| life.operations.iter().all(|(_, operation)| serves(operation))),
        phases,
        inferred: !accepted.is_empty() && accepted.iter().all(|(_, operation)| operation.provenance.is_inferred()),
        documented,
        choice: accepted.iter().map(|(_, operation)| operation.accepts().count()).min().unwrap_or(usize::MAX),
    })
}
