//! The operations as the inference sees them: a path, a class, and the groups where they are known.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

/// What an operation accepts: the names of its groups as `operations.tsv` writes them, sorted.
pub(crate) type Accepted = Vec<String>;

/// Reads and writes accept different groups, so that neither is a neighbour of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    Read,
    Write,
}

impl Class {
    pub(crate) fn singular(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Read => "reads",
            Self::Write => "writes",
        }
    }
}

/// One operation.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The path's segments, those with a parameter as `{}`.
    pub(crate) segments: Vec<String>,
    /// The schema's tag; empty for later operations.
    pub(crate) product: String,
    pub(crate) accepted: Accepted,
    pub(crate) provenance: String,
    /// Whether any valid token may call it.
    pub(crate) any_token: bool,
    /// Whether every group is needed.
    pub(crate) all_of: bool,
}

impl Operation {
    pub(crate) fn class(&self) -> Class {
        if self.method == "GET" { Class::Read } else { Class::Write }
    }

    /// How many segments name the product: `/accounts/{}/pages`, `/user/tokens`. None outside of accounts, zones and
    /// users: tenants, organisations, uploads and Radar have credentials or rules of their own.
    pub(crate) fn root(&self) -> Option<usize> {
        let depth = match self.segments.first()?.as_str() {
            "accounts" | "zones" if self.segments.get(1).is_some_and(|segment| segment == "{}") => 3,
            "user" => 2,
            _ => return None,
        };
        (self.segments.len() >= depth).then_some(depth)
    }

    /// The first `depth` segments.
    pub(crate) fn prefix(&self, depth: usize) -> &[String] {
        &self.segments[..depth.min(self.segments.len())]
    }

    /// The same as written, with the names of the parameters.
    pub(crate) fn written_prefix(&self, depth: usize) -> String {
        self.path.split('/').take(depth + 1).collect::<Vec<_>>().join("/")
    }

    /// Whether it is known, not guessed, what it accepts, and one of the groups suffices.
    pub(crate) fn is_labelled(&self) -> bool {
        let published = matches!(self.provenance.as_str(), "schema" | "documented" | "terraform" | "observed");
        published && !self.accepted.is_empty() && !self.all_of
    }

    /// Whether the groups came with the gathered data as a guess.
    pub(crate) fn is_gathered_guess(&self) -> bool {
        self.provenance.starts_with("derived-")
    }

    /// Whether nothing is known.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.provenance.as_str(), "unlabelled" | "unknown") && !self.any_token
    }
}

/// Reads `operations.tsv`; a row of `amendments.tsv` wins over the operation's own.
pub(crate) fn operations(table: &str, amendments: &str) -> Result<Vec<Operation>> {
    let amended: BTreeMap<(String, String), Row> = rows(amendments)?
        .into_iter()
        .map(|row| ((cell(&row, "path").to_owned(), cell(&row, "method").to_owned()), row))
        .collect();
    let read = |row: Row| {
        let [path, method] = ["path", "method"].map(|name| cell(&row, name).to_owned());
        let amendment = amended.get(&(path.clone(), method.clone()));
        let flag = |name: &str| {
            cell(&row, "flags").split(' ').any(|flag| flag == name)
                || amendment.is_some_and(|amendment| cell(amendment, "flag") == name)
        };
        let named = amendment.map(|amendment| cell(amendment, "groups")).filter(|groups| !groups.is_empty());
        let groups = named.unwrap_or(cell(&row, "groups"));
        let split = path.trim_start_matches('/').split('/');
        Operation {
            segments: split.map(|part| if part.contains('{') { "{}".to_owned() } else { part.to_owned() }).collect(),
            product: cell(&row, "product").to_owned(),
            accepted: groups.split("; ").filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            provenance: cell(amendment.unwrap_or(&row), "provenance").to_owned(),
            any_token: flag("any_token"),
            all_of: flag("all_of"),
            method,
            path,
        }
    };
    Ok(rows(table)?.into_iter().map(read).collect())
}

/// The levels of groups by the rest of their name and their scope, `("pages", "account")`: `Read`, `Write`.
pub(crate) fn levels(table: &str) -> Result<BTreeMap<(String, String), BTreeMap<String, String>>> {
    let rows = rows(table)?;
    let mut at: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        *at.entry(cell(row, "name")).or_default() += 1;
    }
    let mut levels: BTreeMap<_, BTreeMap<String, String>> = BTreeMap::new();
    for row in &rows {
        let (name, scope) = (cell(row, "name"), cell(row, "scope"));
        let Some((stem, level)) = name.rsplit_once(' ') else { continue };
        let written = if at[name] > 1 { format!("{name}@{scope}") } else { name.to_owned() };
        levels.entry((squeezed(stem), scope.to_owned())).or_default().insert(level.to_owned(), written);
    }
    Ok(levels)
}

/// Letters and digits only, in lower case.
pub(crate) fn squeezed(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

type Row = BTreeMap<String, String>;

fn cell<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).map_or("", String::as_str)
}

fn rows(table: &str) -> Result<Vec<Row>> {
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().context("the table has no header")?.split('\t').collect();
    let read = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        if cells.len() != header.len() {
            bail!("a row has {} cells, not {}: {line}", cells.len(), header.len());
        }
        Ok(header.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.to_owned())).collect())
    };
    lines.map(read).collect()
}
