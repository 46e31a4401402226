//! The types of Cloudflare's Terraform provider: what their code calls, and what its documentation says they need.

use std::fmt;

use crate::group::Group;
use crate::nearest::nearest;
use crate::operation::Operation;
use crate::tables;

/// Whether Terraform manages a thing or only looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TerraformKind {
    /// `data "…"`: only read.
    DataSource,
    /// `resource "…"`: created, read, updated, deleted.
    Resource,
}

impl TerraformKind {
    /// The words that people use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::DataSource => "data source",
            Self::Resource => "resource",
        }
    }
}

impl fmt::Display for TerraformKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Whose documentation lists a type's groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TerraformProvenance {
    /// That of Cloudflare's provider.
    Provider,
    /// Pulumi's, which is made from the provider; what such a type calls is not known.
    Pulumi,
    /// Nobody's.
    Undocumented,
}

impl TerraformProvenance {
    /// The word that is shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Provider => "terraform",
            Self::Pulumi => "pulumi",
            Self::Undocumented => "undocumented",
        }
    }
}

/// When in a type's life an operation is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// `terraform apply` makes the thing.
    Create,
    /// Every plan and every refresh.
    Read,
    /// `terraform apply` changes the thing.
    Update,
    /// `terraform apply` or `destroy` removes the thing.
    Delete,
    /// `terraform import`.
    Import,
    /// A function of the provider's own, which some phases call; which of them is not recorded.
    Helper,
}

impl Phase {
    /// The word that is shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Import => "import",
            Self::Helper => "helper",
        }
    }

    /// What Terraform calls the operations of the phase for, as a clause.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Create => "apply makes it",
            Self::Read => "every plan and every refresh reads it",
            Self::Update => "apply changes it",
            Self::Delete => "apply or destroy removes it",
            Self::Import => "import reads it",
            Self::Helper => "a helper of the provider calls it; in which phases is not recorded",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A resource or a data source of the provider. A name can be both.
#[derive(Debug, Clone, Copy)]
pub struct TerraformType {
    /// The type's name, as in `cloudflare_dns_record`.
    pub name: &'static str,
    /// Resource or data source.
    pub kind: TerraformKind,
    /// Whose documentation lists the groups.
    pub provenance: TerraformProvenance,
    documented: &'static [u16],
    calls: &'static [(Phase, u16)],
}

/// Operations of a type that belong together: those at an account, or those at a zone.
#[derive(Debug, Clone)]
pub struct Life {
    /// `account` or `zone` where the type can live at either; empty where there is one life only.
    pub at: &'static str,
    /// What is called, in the order of a life.
    pub operations: Vec<(Phase, &'static Operation)>,
}

impl TerraformType {
    /// The groups that the documentation lists: a union over the type's life, of which neither all are needed nor any
    /// one is sure to suffice.
    pub fn documented(&self) -> impl Iterator<Item = &'static Group> + Clone + use<> {
        self.documented.iter().filter_map(|index| tables::groups().get(usize::from(*index)))
    }

    /// What the provider's code calls, in the order of a life; empty where that is not known.
    pub fn operations(&self) -> impl Iterator<Item = (Phase, &'static Operation)> + Clone + use<> {
        self.calls.iter().filter_map(|(phase, index)| Some((*phase, tables::operations().get(usize::from(*index))?)))
    }

    /// The names of the recipes for this type: one for each of its lives.
    pub fn recipe_names(&self) -> impl Iterator<Item = String> + use<> {
        let data = if self.kind == TerraformKind::DataSource { "data." } else { "" };
        let name = self.name;
        self.lives().into_iter().map(move |life| match life.at {
            "" => format!("terraform:{data}{name}"),
            at => format!("terraform:{data}{name}@{at}"),
        })
    }

    /// The operations as they are needed together. Types that call accounts and zones, as `cloudflare_ruleset` does,
    /// are used at one or the other: two lives. None where no operation is known.
    pub fn lives(&self) -> Vec<Life> {
        let at_account = self.operations().any(|(_, operation)| operation.names_account());
        let at_zone = self.operations().any(|(_, operation)| operation.names_zone());
        let life = |at, fits: fn(&Operation) -> bool| Life {
            at,
            operations: self.operations().filter(|(_, operation)| fits(operation)).collect(),
        };
        match (at_account && at_zone, self.calls.is_empty()) {
            (_, true) => Vec::new(),
            (true, _) => vec![
                life("account", |operation| !operation.names_zone()),
                life("zone", |operation| !operation.names_account()),
            ],
            (false, _) => vec![life("", |_| true)],
        }
    }
}

/// A row of the packed table; `build/packed.rs` writes them. A list ends where the next row's begins.
#[derive(Debug)]
pub(crate) struct TerraformRow {
    pub(crate) name: u32,
    pub(crate) documented: u32,
    pub(crate) calls: u32,
    pub(crate) kind: TerraformKind,
    pub(crate) provenance: TerraformProvenance,
}

/// All types, ordered by name; a data source before the resource of the same name.
pub fn terraform_types() -> impl Iterator<Item = TerraformType> + Clone {
    tables::terraform_types().windows(2).filter_map(unpacked)
}

/// No type of the provider is called so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no Terraform type `{given}`")]
pub struct TerraformError {
    /// What was given.
    pub given: String,
    /// The names that are spelt most like it.
    pub nearest: Vec<String>,
}

/// The data source, the resource, or both with this name, in that order.
pub fn terraform_type(name: &str) -> Result<Vec<TerraformType>, TerraformError> {
    let rows = tables::terraform_types();
    // The last row only ends the one before it, and has no name.
    let named = rows.split_last().map_or(0, |(_, named)| named.len());
    let name_at = |at: usize| rows.get(at..).and_then(unpacked).map_or("", |found| found.name);
    let (mut low, mut high) = (0, named);
    while low < high {
        let middle = low + (high - low) / 2;
        if name_at(middle) < name { low = middle + 1 } else { high = middle }
    }
    let found: Vec<_> =
        (low..named).map_while(|at| unpacked(rows.get(at..)?)).take_while(|found| found.name == name).collect();
    if found.is_empty() {
        let names = terraform_types().map(|known| known.name.to_owned());
        return Err(TerraformError {
            given: name.escape_debug().take(120).collect(),
            nearest: nearest(&name.chars().take(120).collect::<String>(), names),
        });
    }
    Ok(found)
}

/// The name that version 5 of the provider has for a resource of version 4. That both call the same is likely, and not
/// recorded.
pub fn terraform_renamed(former: &str) -> Option<&'static str> {
    let mut rows = tables::terraform_renamed().lines().filter_map(|row| row.split_once(' '));
    rows.find_map(|(name, now)| (name == former).then_some(now))
}

/// The type of the first of these rows; the second says where its lists end.
fn unpacked(rows: &[TerraformRow]) -> Option<TerraformType> {
    let [row, next, ..] = rows else { return None };
    let range = |from: u32, to: u32| from as usize..to as usize;
    Some(TerraformType {
        name: tables::terraform_names().get(range(row.name, next.name))?,
        kind: row.kind,
        provenance: row.provenance,
        documented: tables::terraform_documented().get(range(row.documented, next.documented))?,
        calls: tables::terraform_calls().get(range(row.calls, next.calls))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name() {
        let all: Vec<_> = terraform_types().collect();
        assert_eq!(all.len(), tables::terraform_types().len() - 1);
        for known in &all {
            let found = terraform_type(known.name).unwrap();
            let expected: Vec<_> =
                all.iter().filter(|other| other.name == known.name).map(|other| other.kind).collect();
            assert_eq!(found.iter().map(|found| found.kind).collect::<Vec<_>>(), expected, "{}", known.name);
        }
    }

    #[test]
    fn a_route_of_workers_is_both_and_calls_what_the_provider_calls() {
        let found = terraform_type("cloudflare_workers_route").unwrap();
        assert_eq!(found.iter().map(|found| found.kind.word()).collect::<Vec<_>>(), ["data source", "resource"]);
        let calls: Vec<_> = found[1].operations().map(|(phase, operation)| format!("{phase} {operation}")).collect();
        assert_eq!(calls[0], "create POST /zones/{zone_id}/workers/routes");
        assert_eq!(calls.len(), 5);
        let names: Vec<_> = found[1].documented().map(|group| group.name).collect();
        assert_eq!(names, ["Workers Routes Read", "Workers Routes Write"]);
    }

    #[test]
    fn a_type_of_accounts_and_zones_has_two_lives() {
        let found = terraform_type("cloudflare_ruleset").unwrap();
        let lives = found.last().unwrap().lives();
        assert_eq!(lives.iter().map(|life| life.at).collect::<Vec<_>>(), ["account", "zone"]);
        assert!(lives[0].operations.iter().all(|(_, operation)| operation.names_account()));
        for known in terraform_types() {
            let lived = known.lives().into_iter().flat_map(|life| life.operations).count();
            assert!(lived >= known.operations().count(), "{}", known.name);
        }
    }

    #[test]
    fn a_former_name_leads_to_a_resource_whose_calls_are_known() {
        assert_eq!(terraform_renamed("cloudflare_record"), Some("cloudflare_dns_record"));
        assert_eq!(terraform_renamed("cloudflare_dns_record"), None);
        let rows: Vec<_> = tables::terraform_renamed().lines().filter_map(|row| row.split_once(' ')).collect();
        assert!(rows.len() > 30);
        for (former, now) in rows {
            let kinds = |name: &str, calls: bool| {
                let types = terraform_type(name).unwrap_or_default();
                types.iter().any(|known| known.kind == TerraformKind::Resource && calls != known.lives().is_empty())
            };
            assert!(kinds(now, true) && !kinds(former, true), "{former}");
        }
    }

    #[test]
    fn an_unknown_type_offers_the_nearest() {
        let error = terraform_type("cloudflare_worker_route").unwrap_err();
        assert_eq!(error.nearest[0], "cloudflare_workers_route");
        assert!(terraform_type("").is_err() && terraform_type("zzz").is_err());
    }
}
