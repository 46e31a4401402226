//! Which commit brought an object first, and under which path.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::plumbing::{Git, GitError, Running};
use crate::finding::Holder;

/// Oldest first; `--all` has HEAD in it, and the reflogs what was amended away.
const COMMITS: [&str; 5] = ["rev-list", "--all", "--reflog", "--reverse", "--topo-order"];
/// What each commit changes against each of its parents.
const CHANGES: [&str; 9] =
    ["diff-tree", "--stdin", "--root", "-r", "-m", "-z", "--raw", "--no-renames", "--no-ext-diff"];

/// Where an object comes from.
pub(super) struct Origin {
    pub(super) holder: Holder,
    pub(super) commit: Option<String>,
    pub(super) path: String,
    pub(super) is_in_head: bool,
    /// How many commits are older.
    pub(super) order: usize,
}

/// Where objects come from.
pub(super) struct Origins {
    first: HashMap<String, (usize, String, String)>,
    commits: HashMap<String, usize>,
    in_head: HashSet<String>,
}

impl Origins {
    /// Where the object comes from; `holder` is what it is, and which part of it.
    pub(super) fn of(&self, object: &str, holder: Holder) -> Origin {
        let is_in_head = self.in_head.contains(object);
        if let Some((order, commit, path)) = self.first.get(object) {
            return Origin { holder, commit: Some(commit.clone()), path: path.clone(), is_in_head, order: *order };
        }
        if let Some(order) = self.commits.get(object) {
            let path = if holder == Holder::Message { "(message)" } else { "(commit header)" }.to_owned();
            return Origin { holder, commit: Some(object.to_owned()), path, is_in_head, order: *order };
        }
        let (holder, path) = match holder {
            Holder::Tag => (holder, format!("(tag {object})")),
            _ => (Holder::LostObject, format!("(object {object}, which no branch has)")),
        };
        Origin { holder, commit: None, path, is_in_head, order: usize::MAX }
    }
}

/// Finds where these objects come from.
pub(super) fn find<'a>(git: &Git, objects: impl Iterator<Item = &'a str>) -> Result<Origins, GitError> {
    let wanted: HashSet<&str> = objects.collect();
    let listed = String::from_utf8_lossy(&git.output(&COMMITS)?).into_owned();
    let commits: HashMap<String, usize> =
        listed.lines().enumerate().map(|(order, id)| (id.to_owned(), order)).collect();
    let first = first(git, &wanted)?;
    // A repository without a commit has no HEAD.
    let head = git.output(&["ls-tree", "-r", "-z", "--full-tree", "HEAD"]).unwrap_or_default();
    let mut in_head: HashSet<String> = head
        .split(|byte| *byte == 0)
        .filter_map(|entry| std::str::from_utf8(entry.split(|byte| *byte == b'\t').next()?).ok()?.split(' ').nth(2))
        .filter(|id| wanted.contains(id))
        .map(str::to_owned)
        .collect();
    if wanted.iter().any(|id| commits.contains_key(*id)) {
        let history = git.output(&["rev-list", "HEAD"]).unwrap_or_default();
        let history = String::from_utf8_lossy(&history);
        in_head.extend(history.lines().filter(|id| wanted.contains(id)).map(str::to_owned));
    }
    Ok(Origins { first, commits, in_head })
}

fn first(git: &Git, wanted: &HashSet<&str>) -> Result<HashMap<String, (usize, String, String)>, GitError> {
    let mut commits = git.command(&COMMITS).spawn().map_err(GitError::Missing)?;
    let listed = commits.stdout.take().ok_or(GitError::Nonsense("rev-list"))?;
    let mut changes = git.command(&CHANGES).stdin(Stdio::from(listed)).spawn().map_err(GitError::Missing)?;
    let output = changes.stdout.take().ok_or(GitError::Nonsense("diff-tree"))?;
    let (commits, changes) = (Running::of(commits), Running::of(changes));
    let mut first = HashMap::new();
    let (mut commit, mut object, mut order) = (String::new(), None::<String>, 0);
    for piece in BufReader::new(output).split(0) {
        let piece = piece.map_err(|_| GitError::Nonsense("diff-tree"))?;
        let text = String::from_utf8_lossy(&piece);
        match (object.take(), text.strip_prefix(':')) {
            (Some(id), _) => {
                first.entry(id).or_insert_with(|| (order, commit.clone(), text.into_owned()));
            }
            // `100644 100644 BEFORE AFTER M`; the path is the next piece.
            (None, Some(change)) => {
                let id = change.split(' ').nth(3).unwrap_or_default();
                object = Some(if wanted.contains(id) { id.to_owned() } else { String::new() });
            }
            (None, None) => {
                order += usize::from(commit != text);
                commit = text.into_owned();
            }
        }
    }
    first.remove("");
    changes.finish(&CHANGES)?;
    commits.finish(&COMMITS)?;
    Ok(first)
}
