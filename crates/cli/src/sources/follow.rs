//! The files that a source leads to, as a workflow that deploys a Worker leads to its configuration.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flarekeep_planner::source::{Follow, FollowKind, Reading, SourceError, StatedNeed, Unread, shell, wrangler};

use super::file;
use crate::error::CommandError;
use crate::output::mask::masked;
use crate::output::plain;

/// How far a file leads to a file that leads to a file.
const DEEPEST: usize = 4;
/// How many files one source leads to: files that lead to each other multiply with every step.
const MOST_FILES: usize = 500;
/// How often one source may name a file.
const MOST_NAMED: usize = 10_000;
/// How much text is read of them, in bytes. A configuration is read anew for each environment.
const MOST_TEXT: usize = 64 << 20;

/// A source with the needs of the files that it leads to. What cannot be followed is said in [`Reading::unread`];
/// `account_given` says that the caller names the account, so that no file has to.
pub(super) fn followed(path: &Path, reading: Reading, account_given: bool) -> Reading {
    let Ok(base) = base(path).canonicalize() else { return reading };
    let shown = if path.is_dir() { path.to_owned() } else { PathBuf::new() };
    let mut way = Way {
        shown,
        base,
        account_given,
        seen: HashSet::new(),
        instead: HashSet::new(),
        texts: HashMap::new(),
        left: Left { files: MOST_FILES, named: MOST_NAMED, text: MOST_TEXT, is_said: false },
    };
    way.walk(reading, 0)
}

struct Way {
    /// The same as people call it; empty where they named a file in it.
    shown: PathBuf,
    /// The folder that no path leads out of: a workflow is anybody's text.
    base: PathBuf,
    account_given: bool,
    seen: HashSet<(PathBuf, FollowKind)>,
    /// The deployments that are stated without their configuration.
    instead: HashSet<(Vec<String>, wrangler::Account)>,
    texts: HashMap<PathBuf, Rc<str>>,
    left: Left,
}

/// What may still be read.
struct Left {
    files: usize,
    named: usize,
    text: usize,
    /// Whether it is said that nothing is left.
    is_said: bool,
}

impl Way {
    fn walk(&mut self, mut reading: Reading, depth: usize) -> Reading {
        for follow in std::mem::take(&mut reading.follow) {
            match self.follow(&follow, depth) {
                Ok(None) => {}
                Ok(Some(found)) => {
                    let found = self.walk(found, depth + 1);
                    reading.merge(found);
                }
                Err(why) => {
                    reading.needs.extend(self.instead(&follow));
                    reading.unread.extend(why.map(|why| unread(&follow, &why)));
                }
            }
        }
        reading
    }

    /// What the file holds; none where it was read before. The error says why it is not read, if that is not said yet.
    fn follow(&mut self, follow: &Follow, depth: usize) -> Result<Option<Reading>, Option<String>> {
        if self.left.is_spent() {
            let first = !std::mem::replace(&mut self.left.is_said, true);
            let why = "so many files are named that neither it nor those behind it are followed";
            return Err(first.then(|| why.to_owned()));
        }
        self.left.named -= 1;
        let found = found(&self.base.join(&follow.path), &follow.kind).ok_or_else(|| say("no such file is here"))?;
        let found = found.canonicalize().map_err(|_| say("it cannot be opened"))?;
        if !found.starts_with(&self.base) {
            return Err(say("it is outside the folder of the work"));
        }
        let key = (found, follow.kind.clone());
        if self.seen.contains(&key) {
            return Ok(None);
        }
        if depth >= DEEPEST {
            return Err(say("it is too many files away"));
        }
        let found = key.0.clone();
        self.seen.insert(key);
        self.left.files = self.left.files.saturating_sub(1);
        // What a reader says of the file is said under the name that it has for who names the work.
        let below = found.strip_prefix(&self.base).unwrap_or(&found).to_owned();
        let shown = masked(&file::name(&self.shown.join(&below)));
        self.read(&found, &below, &shown, follow).map(Some).map_err(|error| Some(error.message))
    }

    /// What a command calls whose configuration is not read.
    fn instead(&mut self, follow: &Follow) -> Vec<StatedNeed> {
        match &follow.kind {
            FollowKind::Wrangler { commands, account, .. } if self.instead.insert((commands.clone(), *account)) => {
                wrangler::without_configuration(commands, *account, &follow.origin)
            }
            _ => Vec::new(),
        }
    }

    /// Reads a file; `below` is its path from the folder that no path leads out of.
    fn read(&mut self, path: &Path, below: &Path, shown: &str, follow: &Follow) -> Result<Reading, CommandError> {
        let folder = below.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        match &follow.kind {
            FollowKind::Terraform | FollowKind::TerraformModule { .. } => {
                let arguments = match &follow.kind {
                    FollowKind::TerraformModule { arguments } => Some(arguments.as_slice()),
                    _ => None,
                };
                let (mut found, length) = super::terraform_folder(path, Path::new(shown), &self.base, arguments)?;
                self.left.text = self.left.text.saturating_sub(length);
                // A module's own modules lie beside it.
                for inner in &mut found.follow {
                    inner.path = Path::new(&follow.path).join(&inner.path).display().to_string();
                }
                Ok(found)
            }
            FollowKind::Wrangler { commands, environment, account } => {
                let account = match account {
                    wrangler::Account::Unset if self.account_given => wrangler::Account::Set,
                    account => *account,
                };
                let asked = wrangler::Asked { environment: environment.as_deref(), commands, account, followed: true };
                Ok(wrangler::read(shown, &self.text(path)?, &asked)?)
            }
            FollowKind::Script { folder: from } => {
                let is_shell =
                    path.extension().is_some_and(|ending| ["sh", "bash"].iter().any(|shell| ending == *shell));
                let text = self.text(path)?;
                if !is_shell && !shell::is_script(&text) {
                    let reason = "its first line names no shell".to_owned();
                    let error = SourceError { source: shown.to_owned(), line: Some(1), column: None, reason };
                    return Err(error.into());
                }
                Ok(shell::read_in(shown, &text, &folder, from)?)
            }
            FollowKind::PackageScript { script, arguments } => {
                Ok(shell::read_package_script(shown, &self.text(path)?, script, arguments, &folder)?)
            }
        }
    }

    /// A file's text, which counts each time that it is read through.
    fn text(&mut self, path: &Path) -> Result<Rc<str>, CommandError> {
        let text = match self.texts.get(path) {
            Some(text) => Rc::clone(text),
            None => {
                let text: Rc<str> = file::text(path)?.into();
                self.texts.insert(path.to_owned(), Rc::clone(&text));
                text
            }
        };
        self.left.text = self.left.text.saturating_sub(text.len());
        Ok(text)
    }
}

impl Left {
    fn is_spent(&self) -> bool {
        self.files == 0 || self.named == 0 || self.text == 0
    }
}

fn say(why: &str) -> Option<String> {
    Some(why.to_owned())
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
        FollowKind::PackageScript { script, .. } => script,
        _ => &follow.path,
    };
    let place = if named.is_empty() || named == "." { String::new() } else { format!(" `{}`", plain(named)) };
    // A script's words can hold anything, a credential in the place of a name too.
    Unread { origin: follow.origin.clone(), what: masked(&format!("{what}{place} is not read: {why}")) }
}
