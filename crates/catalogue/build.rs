//! Turns the tables of `catalogue/` into static data, so that a start costs no parsing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "build/names.rs"]
mod names;
#[path = "build/packed.rs"]
mod packed;
#[path = "build/pool.rs"]
mod pool;
#[path = "build/trie.rs"]
mod trie;

use pool::Pool;

fn main() {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../catalogue");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build");
    let groups = read(&folder, "permission_groups.tsv");
    let mut operations = read(&folder, "operations.tsv");
    operations.extend(read(&folder, "additions.tsv"));
    operations.sort_by(|a, b| (&a["path"], &a["method"]).cmp(&(&b["path"], &b["method"])));
    let amendments = read(&folder, "amendments.tsv");
    let mut out = String::new();
    let mut pool = Pool::default();
    write_groups(&mut out, &mut pool, &groups);
    let by_name = Groups::new(&groups);
    let inferred = read(&folder, "inferred.tsv");
    let closed = read(&folder, "closed_to_account_tokens.tsv");
    let notes = Notes { amendments: &amendments, inferred: &inferred, closed: &closed };
    let accepted = write_operations(&mut out, &mut pool, &operations, &notes, &by_name);
    write_operations_by_group(&mut out, &mut pool, groups.len(), &accepted);
    trie::write(&mut out, &mut pool, &operations);
    let by_call = packed::Operations::new(&operations);
    packed::write_terraform(&mut out, &read(&folder, "terraform.tsv"), &by_name, &by_call);
    packed::write_renamed(&mut out, &read(&folder, "terraform_renamed.tsv"), &read(&folder, "terraform.tsv"));
    packed::write_sdk(&mut out, &read(&folder, "sdk_methods.tsv"), &by_call);
    write_names(&mut out, &read(&folder, "documented_names.tsv"));
    write_aliases(&mut out, &read(&folder, "aliases.tsv"));
    write_template_keys(&mut out, &read(&folder, "template_keys.tsv"));
    names::write_uncertain(&mut out, &read(&folder, "uncertain_names.tsv"));
    names::write_synonyms(&mut out, &read(&folder, "synonyms.tsv"));
    names::write_widenings(&mut out, &read(&folder, "widening.tsv"));
    names::write_families(&mut out, &read(&folder, "families.tsv"));
    names::write_sources(&mut out, &read(&folder, "sources.tsv"));
    writeln!(out, "static WRANGLER_KEYS: &str = {:?};", rows_as_text(&folder, "wrangler_keys.tsv")).unwrap();
    write_recipes(&mut out, &folder.join("recipes"));
    pool.write(&mut out);
    fs::write(PathBuf::from(env::var("OUT_DIR").unwrap()).join("tables.rs"), out).unwrap();
}

type Row = BTreeMap<String, String>;

fn read(folder: &Path, name: &str) -> Vec<Row> {
    let text = fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("catalogue/{name}: {error}"));
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split('\t').collect();
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            assert_eq!(cells.len(), header.len(), "catalogue/{name}: {line}");
            header.iter().zip(cells).map(|(key, cell)| ((*key).to_owned(), cell.to_owned())).collect()
        })
        .collect()
}

/// A table that is read where it is asked for: its rows as they stand, without the header.
fn rows_as_text(folder: &Path, name: &str) -> String {
    let columns = read(folder, name).first().map_or(0, BTreeMap::len);
    assert!(columns > 0, "catalogue/{name}: no row");
    let text = fs::read_to_string(folder.join(name)).unwrap();
    text.split_once('\n').unwrap().1.to_owned()
}

/// Finds a group's index by the name that an operation's row gives, `Name` or `Name@scope`.
struct Groups(BTreeMap<String, usize>);

impl Groups {
    fn new(rows: &[Row]) -> Self {
        let mut index = BTreeMap::new();
        for (position, row) in rows.iter().enumerate() {
            index.insert(row["name"].clone(), position);
            index.insert(format!("{}@{}", row["name"], row["scope"]), position);
        }
        Self(index)
    }

    fn find(&self, name: &str) -> usize {
        *self.0.get(name).unwrap_or_else(|| panic!("a table names an unknown group `{name}`"))
    }
}

fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split("; ").filter(|part| !part.is_empty())
}

fn write_groups(out: &mut String, pool: &mut Pool, rows: &[Row]) {
    writeln!(out, "static GROUPS: [Group; {}] = [", rows.len()).unwrap();
    for (index, row) in rows.iter().enumerate() {
        let scope = match row["scope"].as_str() {
            "user" => "User",
            "account" => "Account",
            "zone" => "Zone",
            "bucket" => "Bucket",
            "flagship-app" => "FlagshipApp",
            "" => "Unknown",
            other => panic!("unknown scope `{other}`"),
        };
        let provenance = match row["provenance"].as_str() {
            "published" => "Published",
            "scope-inferred" => "ScopeInferred",
            "name-only" => "NameOnly",
            other => panic!("unknown provenance `{other}`"),
        };
        let id = match row["id"].as_str() {
            "" => "None".to_owned(),
            id => format!("Some(GroupId::from_u128(0x{id}))"),
        };
        writeln!(
            out,
            "Group {{ index: {index}, id: {id}, name: {:?}, scope: Scope::{scope}, category_at: {}, former_names_at: {}, \
             provenance: GroupProvenance::{provenance} }},",
            row["name"],
            pool.text(&row["category"]),
            pool.text(&row["also_known_as"]),
        )
        .unwrap();
    }
    out.push_str("];\n");
}

/// Writes the operations; returns the groups that each accepts.
fn write_operations(
    out: &mut String,
    pool: &mut Pool,
    rows: &[Row],
    notes: &Notes,
    groups: &Groups,
) -> Vec<Vec<usize>> {
    let (amended, bases) = (by_call(notes.amendments), by_call(notes.inferred));
    let known = by_call(rows);
    for row in notes.amendments.iter().chain(notes.inferred) {
        assert!(
            known.contains_key(&call(row)),
            "a table names an unknown operation: {} {}",
            row["method"],
            row["path"]
        );
    }
    // The paths lie together, because searches go through them all.
    for row in rows {
        pool.text(&row["path"]);
    }
    let mut accepted = Vec::with_capacity(rows.len());
    writeln!(out, "static OPERATIONS: [Operation; {}] = [", rows.len()).unwrap();
    for (index, row) in rows.iter().enumerate() {
        let amendment = amended.get(&call(row));
        let named = amendment.map(|row| row["groups"].as_str()).filter(|groups| !groups.is_empty());
        let accepts: Vec<usize> = list(named.unwrap_or(&row["groups"])).map(|name| groups.find(name)).collect();
        let basis = basis(pool, row, bases.get(&call(row)).copied());
        let has = |flag: &str| {
            row["flags"].split(' ').any(|f| f == flag) || amendment.is_some_and(|amendment| amendment["flag"] == flag)
        };
        let rule = match (has("any_token"), has("all_of"), accepts.is_empty()) {
            (true, _, _) => "AnyToken",
            (_, true, _) => "AllOf",
            (_, _, true) => "Unlabelled",
            _ => "AnyOf",
        };
        let provenance = match amendment.map_or(row["provenance"].as_str(), |row| row["provenance"].as_str()) {
            "schema" => "Schema",
            "terraform" => "Terraform",
            "derived-high" => "DerivedHigh",
            "derived-medium" => "DerivedMedium",
            "documented" => "Documented",
            "observed" => "Observed",
            "unlabelled" => "Unlabelled",
            "unknown" => "Unknown",
            other => panic!("unknown provenance `{other}`"),
        };
        writeln!(
            out,
            "Operation {{ index: {index}, method: Method::{}, path_at: {}, operation_id_at: {}, product_at: {}, accepts: {}, \
             rule: Rule::{rule}, provenance: Provenance::{provenance}, reads: {}, closed_to_account_tokens: {}, basis: {basis}, deprecated: {}, \
             withdrawn: {} }},",
            capitalised(&row["method"]),
            pool.text(&row["path"]),
            pool.text(&row["operation_id"]),
            pool.text(&row["product"]),
            pool.numbers(&accepts),
            has("reads"),
            notes.closed.iter().any(|closed| is_below(&row["path"], &closed["path"])),
            has("deprecated"),
            has("withdrawn"),
        )
        .unwrap();
        accepted.push(accepts);
    }
    out.push_str("];\n");
    accepted
}

/// What other tables know of operations.
struct Notes<'a> {
    amendments: &'a [Row],
    inferred: &'a [Row],
    closed: &'a [Row],
}

/// Whether a path is a template of which `{}` stands for any parameter, or below it; a `$` at its end leaves out what is
/// below.
fn is_below(path: &str, template: &str) -> bool {
    let mut segments = path.split('/');
    let exact = template.strip_suffix('$');
    if exact.is_some_and(|template| template.split('/').count() != path.split('/').count()) {
        return false;
    }
    let template = exact.unwrap_or(template);
    template.split('/').all(|wanted| match (wanted, segments.next()) {
        (_, None) => false,
        ("{}", Some(segment)) => segment.starts_with('{'),
        (wanted, Some(segment)) => wanted == segment,
    })
}

fn call(row: &Row) -> (&str, &str) {
    (&row["path"], &row["method"])
}

fn by_call(rows: &[Row]) -> BTreeMap<(&str, &str), &Row> {
    rows.iter().map(|row| (call(row), row)).collect()
}

/// What an inference rests on: what `inferred.tsv` says, or the source of an addition that is derived.
fn basis(pool: &mut Pool, row: &Row, inferred: Option<&Row>) -> String {
    let (confidence, text) = match (inferred, row.get("source")) {
        (Some(inferred), _) => (inferred["confidence"].as_str(), &inferred["basis"]),
        (None, Some(source)) if row["provenance"].starts_with("derived-") => ("unmeasured", source),
        _ => return "None".to_owned(),
    };
    let confidence = match confidence {
        "high" => "High",
        "medium" => "Medium",
        "low" => "Low",
        "unmeasured" => "Unmeasured",
        "unexplained" => "Unexplained",
        "disputed" => "Disputed",
        other => panic!("unknown confidence `{other}`"),
    };
    format!("Some((Confidence::{confidence}, {}))", pool.text(text))
}

fn capitalised(method: &str) -> String {
    method[..1].to_uppercase() + &method[1..].to_lowercase()
}

fn write_operations_by_group(out: &mut String, pool: &mut Pool, groups: usize, accepted: &[Vec<usize>]) {
    let mut by_group = vec![Vec::new(); groups];
    for (operation, accepts) in accepted.iter().enumerate() {
        for group in accepts {
            by_group[*group].push(operation);
        }
    }
    writeln!(out, "static OPERATIONS_BY_GROUP: [Numbers; {groups}] = [").unwrap();
    for operations in by_group {
        writeln!(out, "{},", pool.numbers(&operations)).unwrap();
    }
    out.push_str("];\n");
}

fn write_names(out: &mut String, rows: &[Row]) {
    writeln!(out, "static DOCUMENTED_NAMES: [DocumentedName; {}] = [", rows.len()).unwrap();
    for row in rows {
        writeln!(
            out,
            "DocumentedName {{ dashboard: {:?}, api: {:?}, id: GroupId::from_u128(0x{}), exact: {} }},",
            row["dashboard_name"],
            row["api_name"],
            row["id"],
            row["match"] == "exact",
        )
        .unwrap();
    }
    out.push_str("];\n");
}

fn write_aliases(out: &mut String, rows: &[Row]) {
    writeln!(out, "static ALIASES: [Alias; {}] = [", rows.len()).unwrap();
    for row in rows {
        writeln!(
            out,
            "Alias {{ spelling: {:?}, id: GroupId::from_u128(0x{}), note: {:?} }},",
            row["spelling"], row["id"], row["note"]
        )
        .unwrap();
    }
    out.push_str("];\n");
}

fn write_template_keys(out: &mut String, rows: &[Row]) {
    writeln!(out, "static TEMPLATE_KEYS: [TemplateKey; {}] = [", rows.len()).unwrap();
    for row in rows {
        let level = match row["type"].as_str() {
            level @ ("read" | "edit" | "revoke" | "run" | "purge") => capitalised(level),
            other => panic!("template_keys.tsv: unknown type `{other}`"),
        };
        let status = match row["status"].as_str() {
            "documented" => "Documented",
            "unclear" => "Unclear",
            "seen" => "Seen",
            "third-party" => "ThirdParty",
            other => panic!("template_keys.tsv: unknown status `{other}`"),
        };
        writeln!(
            out,
            "TemplateKey {{ key: {:?}, level: Level::{level}, id: GroupId::from_u128(0x{}), status: KeyStatus::{status}, \
             source: {:?} }},",
            row["key"], row["id"], row["source"],
        )
        .unwrap();
    }
    out.push_str("];\n");
}

fn write_recipes(out: &mut String, folder: &Path) {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|file| file.strip_suffix(".toml").map(str::to_owned))
        .collect();
    names.sort();
    writeln!(out, "static RECIPES: [(&str, &str); {}] = [", names.len()).unwrap();
    for name in names {
        let path = folder.join(format!("{name}.toml")).canonicalize().unwrap();
        writeln!(out, "({name:?}, include_str!({:?})),", path.display().to_string()).unwrap();
    }
    out.push_str("];\n");
    let probes = folder.join("../probes.toml").canonicalize().unwrap();
    writeln!(out, "static PROBES: &str = include_str!({:?});", probes.display().to_string()).unwrap();
    let commands = folder.join("../commands.tsv").canonicalize().unwrap();
    writeln!(out, "static COMMANDS: &str = include_str!({:?});", commands.display().to_string()).unwrap();
    let variables = folder.join("../variables.tsv").canonicalize().unwrap();
    writeln!(out, "static VARIABLES: &str = include_str!({:?});", variables.display().to_string()).unwrap();
    for (name, table) in [("LEAKS", "leaks.tsv"), ("LEAK_NAMES", "leak_names.tsv")] {
        let path = folder.join("..").join(table).canonicalize().unwrap();
        writeln!(out, "static {name}: &str = include_str!({:?});", path.display().to_string()).unwrap();
    }
}
