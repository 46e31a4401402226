//! Tables without pointers, for what few commands look at: a pointer costs every start of the program a relocation,
//! numbers cost nothing until they are read. Names lie in one text, lists in one array, and a row holds where its own
//! begin; they end where the next row's begin, and one row more ends the last.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{Groups, Row, list};

/// The positions of the operations by `METHOD path`.
pub(crate) struct Operations(BTreeMap<String, usize>);

impl Operations {
    pub(crate) fn new(rows: &[Row]) -> Self {
        let rows = rows.iter().enumerate();
        Self(rows.map(|(index, row)| (format!("{} {}", row["method"], row["path"]), index)).collect())
    }

    fn find(&self, table: &str, operation: &str) -> usize {
        *self.0.get(operation).unwrap_or_else(|| panic!("{table} names an unknown operation `{operation}`"))
    }
}

/// Writes the types of the Terraform provider, ordered by name and kind.
pub(crate) fn write_terraform(out: &mut String, rows: &[Row], groups: &Groups, operations: &Operations) {
    assert!(rows.is_sorted_by_key(|row| (&row["type"], &row["kind"])), "terraform.tsv is not sorted");
    let (mut names, mut documented, mut calls) = (String::new(), Vec::new(), Vec::new());
    writeln!(out, "static TERRAFORM_TYPES: [TerraformRow; {}] = [", rows.len() + 1).unwrap();
    let write = |out: &mut String, starts: (usize, usize, usize), kind: &str, provenance: &str| {
        let (name, documented, calls) = starts;
        writeln!(
            out,
            "TerraformRow {{ name: {name}, documented: {documented}, calls: {calls}, kind: TerraformKind::{kind}, \
             provenance: TerraformProvenance::{provenance} }},"
        )
        .unwrap();
    };
    for row in rows {
        let kind = match row["kind"].as_str() {
            "resource" => "Resource",
            "data-source" => "DataSource",
            other => panic!("unknown kind `{other}`"),
        };
        let provenance = match row["provenance"].as_str() {
            "terraform" => "Provider",
            "pulumi" => "Pulumi",
            "undocumented" => "Undocumented",
            other => panic!("unknown provenance `{other}`"),
        };
        write(out, (names.len(), documented.len(), calls.len()), kind, provenance);
        names.push_str(&row["type"]);
        documented.extend(list(&row["groups"]).map(|name| groups.find(name)));
        for call in list(&row["operations"]) {
            let (phase, operation) = call.split_once(' ').expect("a phase before the operation");
            let phase = phase[..1].to_uppercase() + &phase[1..];
            calls.push(format!("(Phase::{phase}, {})", operations.find("terraform.tsv", operation)));
        }
    }
    write(out, (names.len(), documented.len(), calls.len()), "Resource", "Undocumented");
    writeln!(out, "];\nstatic TERRAFORM_NAMES: &str = {names:?};").unwrap();
    writeln!(out, "static TERRAFORM_DOCUMENTED: [u16; {}] = {documented:?};", documented.len()).unwrap();
    writeln!(out, "static TERRAFORM_CALLS: [(Phase, u16); {}] = [{}];", calls.len(), calls.join(", ")).unwrap();
}

/// Writes the former names of types, `former now` on a line.
pub(crate) fn write_renamed(out: &mut String, rows: &[Row], types: &[Row]) {
    let mut text = String::new();
    for row in rows {
        let known = types.iter().any(|known| known["type"] == row["now"] && !known["operations"].is_empty());
        assert!(known, "terraform_renamed.tsv: no call of `{}` is recorded", row["now"]);
        writeln!(text, "{} {}", row["former"], row["now"]).unwrap();
    }
    writeln!(out, "static TERRAFORM_RENAMED: &str = {text:?};").unwrap();
}

/// Writes the SDK's methods, ordered as `sdk::folded` compares them.
pub(crate) fn write_sdk(out: &mut String, rows: &[Row], operations: &Operations) {
    let mut sorted: Vec<(String, &Row)> = rows.iter().map(|row| (folded(&row["method"]), row)).collect();
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    let (mut names, mut calls) = (String::new(), Vec::new());
    writeln!(out, "static SDK_METHODS: [(u32, u16); {}] = [", rows.len() + 1).unwrap();
    for (at, (key, row)) in sorted.iter().enumerate() {
        assert!(at == 0 || sorted[at - 1].0 != *key, "two SDK methods are `{key}`");
        writeln!(out, "({}, {}),", names.len(), calls.len()).unwrap();
        names.push_str(&row["method"]);
        calls.extend(list(&row["operations"]).map(|operation| operations.find("sdk_methods.tsv", operation)));
    }
    writeln!(out, "({}, {})];\nstatic SDK_NAMES: &str = {names:?};", names.len(), calls.len()).unwrap();
    writeln!(out, "static SDK_CALLS: [u16; {}] = {calls:?};", calls.len()).unwrap();
}

/// A dotted name without case, `_` and `-`: the same rule as `sdk::folded`.
fn folded(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}
