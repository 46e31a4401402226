//! Reads what is to be scanned.

use std::path::PathBuf;

use flarekeep_scan::git::{self, GitError};
use flarekeep_scan::walk::{Options, walk};
use flarekeep_scan::{Buffer, Source, Tally, scan_reader};

use crate::arguments::Scan;
use crate::error::CommandError;
use crate::output::plain;

/// How many archives inside each other are opened: a `.tar.gz` counts twice.
const NESTED: u8 = 3;

pub(super) fn collect(arguments: &Scan) -> Result<Tally, CommandError> {
    let archives = if arguments.no_archives { 0 } else { NESTED };
    let mut tally = Tally::default();
    if arguments.git {
        for path in &arguments.paths {
            tally.add(git::scan(path, archives).map_err(failed)?);
        }
    } else {
        let files: Vec<PathBuf> = arguments.paths.iter().filter(|path| path.as_os_str() != "-").cloned().collect();
        let options = Options { respect_ignore_files: !arguments.no_ignore, archives, threads: 0 };
        tally.add(walk(&files, options));
        if files.len() < arguments.paths.len() {
            standard_input(archives, &mut tally)?;
        }
    }
    if arguments.env {
        environment(&mut tally);
    }
    Ok(tally)
}

fn standard_input(archives: u8, tally: &mut Tally) -> Result<(), CommandError> {
    let source = Source { commit: None, path: "(standard input)".to_owned(), archives, setting: None };
    scan_reader(&mut std::io::stdin().lock(), &source, &mut Buffer::default(), tally).map_err(|error| {
        CommandError::usage(format!("cannot read standard input: {error}")).hint("flarekeep scan FILE")
    })
}

/// The environment as `env` prints it.
fn environment(tally: &mut Tally) {
    let mut text = Vec::new();
    for (name, value) in std::env::vars_os() {
        text.extend([name.as_encoded_bytes(), b"=", value.as_encoded_bytes(), b"\n"].concat());
    }
    let source = Source { commit: None, path: "(environment)".to_owned(), archives: 0, setting: None };
    // A text in memory is always read.
    let _ = scan_reader(&mut text.as_slice(), &source, &mut Buffer::default(), tally);
}

fn failed(error: GitError) -> CommandError {
    let failed = CommandError::usage(plain(&error.to_string()));
    match error {
        GitError::Missing(_) => failed.hint("install git, or scan the files alone: flarekeep scan PATH"),
        GitError::NoRepository(path) => failed.hint(format!("scan the files alone: flarekeep scan {}", plain(&path))),
        GitError::NotOwn(path) => {
            failed.hint(format!("if you trust it: git config --global --add safe.directory {}", plain(&path)))
        }
        GitError::Failed { .. } | GitError::Nonsense(_) => {
            failed.hint("git fsck tells whether the repository is whole")
        }
    }
}
