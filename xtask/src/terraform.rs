//! `catalogue/terraform.tsv`: the types of Cloudflare's Terraform provider, what each calls, and what its
//! documentation says that it needs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};

use crate::tables::{Row, Spellings, table};

/// The table. `groups` and `operations` are the source tables of the same names; `scopes` says at which scopes a group's
/// name exists.
pub(crate) fn terraform_table(
    types: &[Row],
    groups: &[Row],
    operations: &[Row],
    scopes: &BTreeMap<String, BTreeSet<String>>,
) -> Result<String> {
    let names = Names { canonical: canonical_names(groups), scopes };
    let spellings = Spellings::new(operations);
    let rows = types.iter().map(|row| {
        let calls = calls(row, &spellings).with_context(|| row["type"].clone())?;
        let documented = names.documented(row).with_context(|| row["type"].clone())?;
        let provenance = match row["provenance"].as_str() {
            known @ ("terraform" | "pulumi") => known,
            // Whether the operations tell the groups can be derived from them.
            "derived-from-operations" | "unknown" => "undocumented",
            other => bail!("{}: unknown provenance `{other}`", row["type"]),
        };
        Ok([&row["type"], &row["kind"], documented.as_str(), provenance, &calls.join("; ")].join("\t"))
    });
    Ok(table("type\tkind\tgroups\tprovenance\toperations", rows.collect::<Result<_>>()?))
}

/// `phase METHOD path`, each in the catalogue's spelling, in the order of a life.
fn calls(row: &Row, spellings: &Spellings) -> Result<Vec<String>> {
    let mut calls = Vec::new();
    for call in row["operations"].split("; ").filter(|call| !call.is_empty()) {
        // A name of the provider's own may hold spaces: the method and the path are the last two words.
        let mut words = call.rsplitn(3, ' ');
        let (Some(path), Some(method), Some(name)) = (words.next(), words.next(), words.next()) else {
            bail!("`{call}` is not a phase, a method and a path");
        };
        let phase = match name {
            "Create" => (0, "create"),
            "Read" => (1, "read"),
            "Update" => (2, "update"),
            "Delete" => (3, "delete"),
            "ImportState" => (4, "import"),
            // A function of the provider's own, called from some of the phases.
            _ => (5, "helper"),
        };
        let operation = spellings.of(method, path).with_context(|| format!("no operation {method} {path}"))?;
        calls.push((phase, operation));
    }
    calls.sort();
    calls.dedup();
    Ok(calls.into_iter().map(|((_, phase), operation)| format!("{phase} {operation}")).collect())
}

struct Names<'a> {
    canonical: BTreeMap<&'a str, &'a str>,
    scopes: &'a BTreeMap<String, BTreeSet<String>>,
}

impl Names<'_> {
    /// The documented groups, each under its canonical name. Where a name exists at two scopes, the type's operations
    /// say which is meant; both are, where it has operations of both or none at all.
    fn documented(&self, row: &Row) -> Result<String> {
        let called: BTreeSet<&str> = [(" /accounts/{", "account"), (" /zones/{", "zone")]
            .into_iter()
            .filter(|(path, _)| row["operations"].contains(path))
            .map(|(_, scope)| scope)
            .collect();
        let mut documented = BTreeSet::new();
        for name in row["groups"].split("; ").filter(|name| !name.is_empty()) {
            let Some(name) = self.canonical.get(name) else { bail!("unknown group `{name}`") };
            let at = &self.scopes[*name];
            if at.len() == 1 {
                documented.insert((*name).to_owned());
                continue;
            }
            let meant = at.iter().filter(|scope| called.is_empty() || called.contains(scope.as_str()));
            documented.extend(meant.map(|scope| format!("{name}@{scope}")));
        }
        Ok(documented.into_iter().collect::<Vec<_>>().join("; "))
    }
}

/// Every spelling of a group's name to the canonical one.
fn canonical_names(groups: &[Row]) -> BTreeMap<&str, &str> {
    let mut names = BTreeMap::new();
    for group in groups {
        names.extend(group["also_known_as"].split("; ").map(|other| (other, group["name"].as_str())));
    }
    names.extend(groups.iter().map(|group| (group["name"].as_str(), group["name"].as_str())));
    names
}
