//! git as a program that obeys nobody but us.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use thiserror::Error;

/// Why a repository's history could not be read.
#[derive(Debug, Error)]
pub enum GitError {
    /// There is no git.
    #[error("git cannot be run: {0}")]
    Missing(std::io::Error),
    /// The path is in no repository.
    #[error("`{0}` is in no git repository")]
    NoRepository(String),
    /// Somebody else owns it, and git reads no such repository.
    #[error("`{0}` belongs to somebody else, and git will not read it")]
    NotOwn(String),
    /// git failed.
    #[error("git {command} failed: {because}")]
    Failed {
        /// The command.
        command: String,
        /// What it said, in its last line.
        because: String,
    },
    /// git answered what it should not.
    #[error("git {0} gave an answer that is none")]
    Nonsense(&'static str),
}

/// Settings that lead to programs, held to nothing. A repository's own configuration cannot overrule these.
const NOTHING: [&str; 8] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.alternateRefsCommand=",
    "core.pager=cat",
    "core.quotePath=false",
    "log.showSignature=false",
    "diff.external=",
    "protocol.allow=never",
];

/// A repository.
pub(super) struct Git {
    path: PathBuf,
}

impl Git {
    pub(super) fn open(path: &Path) -> Result<Self, GitError> {
        let git = Self { path: path.to_owned() };
        let answer = git.command(&["rev-parse", "--git-dir"]).output().map_err(GitError::Missing)?;
        if answer.status.success() {
            return Ok(git);
        }
        let shown = path.display().to_string();
        match String::from_utf8_lossy(&answer.stderr).contains("dubious ownership") {
            true => Err(GitError::NotOwn(shown)),
            false => Err(GitError::NoRepository(shown)),
        }
    }

    /// A command of git's, with nothing of the environment or of the repository that could make it do more.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GIT_") {
                command.env_remove(&name);
            }
        }
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            // An object that is missing is not fetched from wherever the repository says.
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("LC_ALL", "C")
            .arg("--no-pager")
            .arg("-C")
            .arg(&self.path);
        for setting in NOTHING {
            command.args(["-c", setting]);
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it and hands out what it printed.
    pub(super) fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let output = self.command(arguments).output().map_err(GitError::Missing)?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(failed(arguments, &output.stderr)),
        }
    }
}

/// A command that runs. What it complains of is read beside what it answers: a damaged repository has git say more than a
/// pipe holds, and git would wait for a reader who waits for git.
pub(super) struct Running {
    child: Child,
    complaints: JoinHandle<Vec<u8>>,
}

impl Running {
    pub(super) fn of(mut child: Child) -> Self {
        let errors = child.stderr.take();
        let complaints = std::thread::spawn(move || {
            let mut said = Vec::new();
            if let Some(mut errors) = errors {
                // What it said is for people; a part of it will do.
                let _ = (&mut errors).take(64 << 10).read_to_end(&mut said);
                let _ = std::io::copy(&mut errors, &mut std::io::sink());
            }
            said
        });
        Self { child, complaints }
    }

    /// Waits for it, after its answer was read to its end or let go.
    pub(super) fn finish(mut self, arguments: &[&str]) -> Result<(), GitError> {
        let status = self.child.wait().map_err(GitError::Missing)?;
        let said = self.complaints.join().unwrap_or_default();
        if status.success() { Ok(()) } else { Err(failed(arguments, &said)) }
    }
}

fn failed(arguments: &[&str], said: &[u8]) -> GitError {
    let said = String::from_utf8_lossy(said);
    let because = said.lines().last().unwrap_or("it said nothing").to_owned();
    GitError::Failed { command: arguments.first().unwrap_or(&"").to_string(), because }
}
