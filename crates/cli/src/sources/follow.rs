//! The files that a source leads to, as a workflow that deploys a Worker leads to its configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use flarekeep_planner::source::{Follow, FollowKind, Reading, SourceError, Unread, shell, wrangler};

use super::file;
use crate::error::CommandError;
use crate::output::plain;

/// How far a file leads to a file that leads to a file.
const DEEPEST: usize = 4;

/// A source with the needs of the files that it leads to. What cannot be followed is said in [`Reading::unread`].
pub(super) fn followed(path: &Path, reading: Reading) -> Reading {
    let Ok(base) = base(path).canonicalize() else { return reading };
    let shown = if path.is_dir() { path.to_owned() } else { PathBuf::new() };
    let mut way = Way { shown, base, seen: BTreeSet::new() };
    way.walk(reading, 0)
}

struct Way {
    /// The same as people call it; empty where they named a file in it.
    shown: PathBuf,
    /// The folder that no path leads out of: a workflow is anybody's text.
    base: PathBuf,
    seen: BTreeSet<(PathBuf, String)>,
}

impl Way {
    fn walk(&mut self, mut reading: Reading, depth: usize) -> Reading {
        for follow in std::mem::take(&mut reading.follow) {
            match self.follow(&follow) {
                Ok(None) => {}
                Ok(Some(found)) if depth < DEEPEST => {
                    let found = self.walk(found, depth + 1);
                    reading.merge(found);
                }
                Ok(Some(_)) => reading.unread.push(unread(&follow, "it is too many files away")),
                Err(why) => reading.unread.push(unread(&follow, &why)),
            }
        }
        reading
    }

    /// What the file holds; none where it was read before.
    fn follow(&mut self, follow: &Follow) -> Result<Option<Reading>, String> {
        let found = found(&self.base.join(&follow.path), &follow.kind).ok_or("no such file is here")?;
        let found = found.canonicalize().map_err(|_| "it cannot be opened")?;
        if !found.starts_with(&self.base) {
            return Err("it is outside the folder of the work".to_owned());
        }
        if !self.seen.insert((found.clone(), format!("{:?}", follow.kind))) {
            return Ok(None);
        }
        // What a reader says of the file is said under the name that it has for who names the work.
        let below = found.strip_prefix(&self.base).unwrap_or(&found);
        let shown = file::name(&self.shown.join(below));
        read(&found, below, &shown, follow).map(Some).map_err(|error| error.message)
    }
}

/// Reads a file; `below` is its path from the folder that no path leads out of.
fn read(path: &Path, below: &Path, shown: &str, follow: &Follow) -> Result<Reading, CommandError> {
    let folder = below.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    match &follow.kind {
        FollowKind::Terraform | FollowKind::TerraformModule { .. } => {
            let mut found = match &follow.kind {
                FollowKind::TerraformModule { arguments } => {
                    super::terraform_module(path, Path::new(shown), arguments)?
                }
                _ => super::terraform_folder(path, Path::new(shown))?,
            };
            // A module's own modules lie beside it.
            for inner in &mut found.follow {
                inner.path = Path::new(&follow.path).join(&inner.path).display().to_string();
            }
            Ok(found)
        }
        FollowKind::Wrangler { commands, environment } => {
            let asked = wrangler::Asked { environment: environment.as_deref(), commands };
            Ok(wrangler::read(shown, &file::text(path)?, &asked)?)
        }
        FollowKind::Script { folder: from } => {
            let is_shell = path.extension().is_some_and(|ending| ["sh", "bash"].iter().any(|shell| ending == *shell));
            let text = file::text(path)?;
            if !is_shell && !shell::is_script(&text) {
                let reason = "its first line names no shell".to_owned();
                let error = SourceError { source: shown.to_owned(), line: Some(1), column: None, reason };
                return Err(error.into());
            }
            Ok(shell::read_in(shown, &text, &folder, from)?)
        }
        FollowKind::PackageScript { script } => {
            Ok(shell::read_package_script(shown, &file::text(path)?, script, &folder)?)
        }
    }
}

/// The file that is meant. A folder means the configuration in it, in wrangler's own order.
fn found(path: &Path, kind: &FollowKind) -> Option<PathBuf> {
    match kind {
        FollowKind::Wrangler { .. } if path.is_dir() => {
            let names = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];
            names.iter().map(|name| path.join(name)).find(|path| path.is_file())
        }
        FollowKind::Terraform | FollowKind::TerraformModule { .. } => path.is_dir().then(|| path.to_owned()),
        FollowKind::Wrangler { .. } | FollowKind::Script { .. } => path.is_file().then(|| path.to_owned()),
        FollowKind::PackageScript { .. } => Some(path.join("package.json")).filter(|path| path.is_file()),
    }
}

/// The folder in which the commands of a source run: that of the repository for a workflow, else the source's own.
fn base(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_owned();
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let ends = |folder: &Path, name: &str| folder.file_name().is_some_and(|last| last == name);
    match folder.canonicalize() {
        Ok(folder) if ends(&folder, "workflows") && folder.parent().is_some_and(|parent| ends(parent, ".github")) => {
            folder.ancestors().nth(2).map(Path::to_owned).unwrap_or(folder)
        }
        Ok(folder) => folder,
        Err(_) => folder.to_owned(),
    }
}

fn unread(follow: &Follow, why: &str) -> Unread {
    let what = match &follow.kind {
        FollowKind::Wrangler { .. } => "the Worker's configuration",
        FollowKind::Terraform | FollowKind::TerraformModule { .. } => "the Terraform",
        FollowKind::Script { .. } => "the script",
        FollowKind::PackageScript { .. } => "the package's script",
    };
    let named = match &follow.kind {
        FollowKind::PackageScript { script } => script,
        _ => &follow.path,
    };
    let place = if named.is_empty() || named == "." { String::new() } else { format!(" `{}`", plain(named)) };
    Unread { origin: follow.origin.clone(), what: format!("{what}{place} is not read: {why}") }
}
