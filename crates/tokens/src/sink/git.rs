//! What git would do with a file that is to hold a value.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::SinkError;

/// Fails if git tracks the file, or if it lies in a checkout and git cannot be asked.
pub(super) fn refuse_tracked(path: &Path) -> Result<(), SinkError> {
    let Some((folder, name)) = place(path) else { return Ok(()) };
    if !in_checkout(&folder) {
        return Ok(());
    }
    let unknown = |reason: String| SinkError::GitUnknown { path: path.to_owned(), reason };
    let answer =
        git(&folder, &["--literal-pathspecs", "ls-files", "--error-unmatch", "--"], &name).map_err(|error| {
            unknown(if error.kind() == ErrorKind::NotFound { "git is not installed".into() } else { error.to_string() })
        })?;
    match answer.status.code() {
        Some(0) => Err(SinkError::Tracked(path.to_owned())),
        Some(1) => Ok(()),
        _ => Err(unknown(String::from_utf8_lossy(&answer.stderr).escape_debug().take(200).collect())),
    }
}

/// Whether `git add .` would take the file; false where that cannot be told.
pub(super) fn would_be_added(path: &Path) -> bool {
    let Some((folder, name)) = place(path) else { return false };
    in_checkout(&folder)
        && git(&folder, &["check-ignore", "--quiet", "--"], &name).is_ok_and(|answer| answer.status.code() == Some(1))
}

fn git(folder: &Path, arguments: &[&str], name: &Path) -> std::io::Result<Output> {
    let mut git = Command::new("git");
    // A hook sets variables that point git elsewhere; and git runs what a repository's settings name, which has no
    // business with the credentials of whoever asks.
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if ["GIT_", "CLOUDFLARE_", "FLAREKEEP_"].iter().any(|prefix| name.starts_with(prefix)) {
            git.env_remove(&variable);
        }
    }
    git.args(["-c", "core.fsmonitor=false", "-C"]).arg(folder).args(arguments).arg(name);
    git.stdin(Stdio::null()).output()
}

/// The folder that the file really lies in, and its name there.
fn place(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let real = std::fs::canonicalize(path).ok().or_else(|| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(std::fs::canonicalize(folder).ok()?.join(path.file_name()?))
    })?;
    Some((real.parent()?.to_owned(), real.file_name()?.into()))
}

fn in_checkout(folder: &Path) -> bool {
    folder.ancestors().any(|ancestor| ancestor.join(".git").exists())
}
