//! Rebuilds `catalogue/*.tsv` from the gathered source tables.
//!
//! The result is sorted and holds one fact a line, so that a refresh reads well in a diff. What can be derived is left
//! out (an operation's scope is its path's first segment); what is ambiguous in the source is made plain: a group
//! whose name exists at two scopes is written `Name@account` or `Name@zone`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};

use crate::answers::answer_table;
use crate::inference;
use crate::tables::{Row, blanked, read, settle, table};
use crate::terraform::terraform_table;

/// Operations that need every one of their groups, not any one (data set README, section 2).
const ALL_OF: &[&str] = &["/accounts/{}/dls/regional_services/prefix_bindings"];

/// Rebuilds the tables from the folder `from`; with `check`, fails where a rebuild would change one.
pub(crate) fn rebuild(from: &Path, check: bool) -> Result<()> {
    let groups = read(&from.join("permission_groups.tsv"))?;
    let operations = read(&from.join("operations.tsv"))?;
    let names = read(&from.join("documented_names.tsv"))?;
    let types = read(&from.join("terraform.tsv"))?;
    let scopes = scopes_by_name(&groups);
    let (group_rows, operation_rows) = (group_table(&groups), operation_table(&operations, &scopes)?);
    let answers = answer_table(from, &operations)?;
    let tables = [
        ("answers.tsv", answers),
        ("inferred.tsv", inference::table(&operation_rows, &group_rows)?),
        ("permission_groups.tsv", group_rows),
        ("operations.tsv", operation_rows),
        ("documented_names.tsv", name_table(&names)),
        ("terraform.tsv", terraform_table(&types, &groups, &operations, &scopes)?),
    ];
    for (name, table) in tables {
        settle(name, &table, check, "cargo xtask catalogue --from DIR")?;
    }
    Ok(())
}

/// The scopes at which each group name exists.
fn scopes_by_name(groups: &[Row]) -> BTreeMap<String, BTreeSet<String>> {
    let mut scopes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for group in groups {
        scopes.entry(group["name"].clone()).or_default().insert(short_scope(&group["scope"]).to_owned());
    }
    scopes
}

/// The short word for a scope key; an unknown scope stays empty.
fn short_scope(key: &str) -> &str {
    match key {
        "com.cloudflare.api.user" => "user",
        "com.cloudflare.api.account" => "account",
        "com.cloudflare.api.account.zone" => "zone",
        "com.cloudflare.edge.r2.bucket" => "bucket",
        "com.cloudflare.api.account.flagship.app" => "flagship-app",
        _ => "",
    }
}

fn group_table(groups: &[Row]) -> String {
    let rows = groups.iter().map(|group| {
        let provenance = match (group["id"].is_empty(), group["scope_inferred"].as_str()) {
            (_, "inferred") => "scope-inferred",
            (true, _) => "name-only",
            (false, _) => "published",
        };
        [
            group["name"].as_str(),
            short_scope(&group["scope"]),
            group["id"].as_str(),
            group["category"].as_str(),
            group["also_known_as"].as_str(),
            provenance,
        ]
        .join("\t")
    });
    table("name\tscope\tid\tcategory\talso_known_as\tprovenance", rows.collect())
}

fn operation_table(operations: &[Row], scopes: &BTreeMap<String, BTreeSet<String>>) -> Result<String> {
    let mut rows = Vec::with_capacity(operations.len());
    for operation in operations {
        let path = &operation["path"];
        let mut flags: Vec<&str> = operation["flags"].split_whitespace().collect();
        if operation["method"] != "GET" && ALL_OF.iter().any(|all| blanked(path).starts_with(all)) {
            flags.push("all_of");
        }
        rows.push(
            [
                path.as_str(),
                operation["method"].as_str(),
                operation["operation_id"].as_str(),
                operation["product"].as_str(),
                accepted(operation, scopes)?.as_str(),
                operation["provenance"].as_str(),
                flags.join(" ").as_str(),
            ]
            .join("\t"),
        );
    }
    Ok(table("path\tmethod\toperation_id\tproduct\tgroups\tprovenance\tflags", rows))
}

/// The groups that an operation accepts, each name made unambiguous with the operation's own scope.
fn accepted(operation: &Row, scopes: &BTreeMap<String, BTreeSet<String>>) -> Result<String> {
    let both: BTreeSet<&str> = operation["both_scopes"].split("; ").collect();
    let zone = operation["path"].starts_with("/zones/");
    let mut groups = Vec::new();
    for name in operation["groups"].split("; ").filter(|name| !name.is_empty()) {
        let Some(at) = scopes.get(name) else { bail!("{}: unknown group `{name}`", operation["path"]) };
        match (at.len(), both.contains(name)) {
            (1, _) => groups.push(name.to_owned()),
            (_, true) => groups.extend(at.iter().map(|scope| format!("{name}@{scope}"))),
            (_, false) => groups.push(format!("{name}@{}", if zone { "zone" } else { "account" })),
        }
    }
    groups.sort();
    Ok(groups.join("; "))
}

fn name_table(names: &[Row]) -> String {
    let rows = names.iter().map(|name| {
        ["scope", "dashboard_name", "api_name", "group_name", "id", "match"]
            .map(|column| name[column].as_str())
            .join("\t")
    });
    table("scope\tdashboard_name\tapi_name\tgroup_name\tid\tmatch", rows.collect())
}
