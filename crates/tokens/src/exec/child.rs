//! The command: found before anything is minted, started, and waited for.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use rustix::fs::{Access, access};
use tokio::process::Command;

use super::signals::{Signals, send};

/// Where programs are looked for when PATH is not set (POSIX leaves it open; glibc has this).
const USUAL_PATH: &str = "/bin:/usr/bin";

/// A program that was found and may be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    typed: OsString,
    path: PathBuf,
}

/// A program that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// There is none.
    #[error("there is no command `{0}`")]
    NotFound(String),
    /// There is a file, and it is no program, or not for this user.
    #[error("`{0}` may not be executed")]
    NotExecutable(String),
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended(ExitStatus);

impl Program {
    /// Looks a program up as a shell does: by its path if there is a slash in it, else in the folders of PATH.
    ///
    /// # Errors
    /// When nothing there can be run.
    pub fn find(typed: &OsStr) -> Result<Self, ProgramError> {
        let shown = || typed.to_string_lossy().escape_debug().to_string();
        let folders = std::env::var_os("PATH").unwrap_or_else(|| USUAL_PATH.into());
        let is_path = typed.as_encoded_bytes().contains(&b'/');
        let candidates: Vec<PathBuf> = match is_path {
            true => vec![typed.into()],
            false if typed.is_empty() => Vec::new(),
            false => std::env::split_paths(&folders).map(|folder| folder.join(typed)).collect(),
        };
        // An empty folder of PATH is the one that one stands in: `./` keeps it from being looked up again.
        let path = |found: &Path| {
            if found.parent() == Some(Path::new("")) { Path::new(".").join(found) } else { found.to_owned() }
        };
        let may_run = |path: &&PathBuf| path.is_file() && access(path.as_path(), Access::EXEC_OK).is_ok();
        match candidates.iter().find(may_run) {
            Some(found) => Ok(Self { typed: typed.to_owned(), path: path(found) }),
            None if candidates.iter().any(|path| path.exists())
                && (is_path || candidates.iter().any(|path| path.is_file())) =>
            {
                Err(ProgramError::NotExecutable(shown()))
            }
            None => Err(ProgramError::NotFound(shown())),
        }
    }

    /// Its name without folders, for people.
    #[must_use]
    pub fn name(&self) -> String {
        Path::new(&self.typed).file_name().unwrap_or(&self.typed).to_string_lossy().into_owned()
    }

    /// Runs it with the streams and the environment of this process, but for what `prepare` changes, and passes signals
    /// on until it ends. Secrets go into its environment ([`super::Variables::put_into`]), never among its arguments.
    ///
    /// # Errors
    /// When it cannot be started: it has no interpreter, or the system has no room.
    pub async fn run(
        &self,
        arguments: &[OsString],
        prepare: impl FnOnce(&mut std::process::Command),
        signals: &mut Signals,
    ) -> std::io::Result<Ended> {
        let mut command = Command::new(&self.path);
        command.arg0(&self.typed).args(arguments);
        prepare(command.as_std_mut());
        let mut child = command.spawn()?;
        drop(command);
        loop {
            tokio::select! {
                biased;
                status = child.wait() => return status.map(Ended),
                Some(signal) = signals.next() => {
                    if let Some(process) = child.id() {
                        send(process, signal);
                    }
                }
            }
        }
    }
}

impl Ended {
    /// The exit status as shells have it: the command's own, or 128 and the number of the signal that ended it.
    #[must_use]
    pub fn status(self) -> u8 {
        let code = self.0.code().or_else(|| self.signal().map(|signal| 128 + signal));
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
    }

    /// The number of the signal that ended it.
    #[must_use]
    pub fn signal(self) -> Option<i32> {
        self.0.signal()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn find(typed: impl AsRef<OsStr>) -> Result<Program, ProgramError> {
        Program::find(typed.as_ref())
    }

    #[test]
    fn a_program_is_found_as_a_shell_finds_it() {
        let sh = find("sh").unwrap();
        assert!(sh.path.is_absolute() && sh.path.ends_with("sh") && sh.name() == "sh");
        assert_eq!(find(&sh.path).unwrap().path, sh.path);
        for missing in ["", "no-such-program-is-here", "/no/such/program", "./sh/"] {
            assert!(matches!(find(missing), Err(ProgramError::NotFound(_))), "{missing}");
        }
    }

    #[test]
    fn what_may_not_be_run_is_told_from_what_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tool");
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(find(&file), Err(ProgramError::NotExecutable(_))));
        assert!(matches!(find(folder.path()), Err(ProgramError::NotExecutable(_))), "a folder");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(find(&file).is_ok());
    }

    #[test]
    fn a_status_is_that_of_a_shell() {
        let ended = |wait: i32| Ended(ExitStatus::from_raw(wait));
        assert_eq!((ended(0).status(), ended(7 << 8).status(), ended(255 << 8).status()), (0, 7, 255));
        assert_eq!((ended(15).status(), ended(15).signal(), ended(9).status()), (143, Some(15), 137));
    }
}
