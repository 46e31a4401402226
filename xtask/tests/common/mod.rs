//! What the tests of the repository itself look at: its root and its files.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository's root")
}

/// Every file that is, or could be, committed, with its path from the root; those that git ignores are nobody's business.
pub(crate) fn files() -> Vec<(String, PathBuf)> {
    let root = root();
    let listed = listed(&root).unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(&root, &mut found);
        found
    });
    let relative = |path: &PathBuf| path.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
    listed.into_iter().filter(|path| path.is_file()).map(|path| (relative(&path), path)).collect()
}

/// As git has it; none in a tree without git.
fn listed(root: &Path) -> Option<Vec<PathBuf>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let answer = Command::new("git").args(arguments).current_dir(root).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let paths: Vec<_> = text.split('\0').filter(|path| !path.is_empty()).map(|path| root.join(path)).collect();
    (answer.status.success() && !paths.is_empty()).then_some(paths)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    const SKIPPED: [&str; 5] = ["target", ".git", ".venv", "node_modules", "__pycache__"];
    for entry in std::fs::read_dir(folder).expect("a folder that can be read").flatten() {
        let path = entry.path();
        if path.is_file() {
            found.push(path);
        } else if path.is_dir() && !SKIPPED.iter().any(|name| entry.file_name() == *name) {
            walk(&path, found);
        }
    }
}
