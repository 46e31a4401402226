//! The official programs that some sinks go through: found before anything is minted, given values on their standard
//! input alone, stopped when they hang, and never quoted with a value.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use flarekeep_catalogue::{Holds, Variable, variables};
use secrecy::{ExposeSecret, SecretString};

use super::{Payload, SinkError};

/// How long a program may take before it is stopped.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the output of a program that has ended may be held open by one that it started.
const AFTERGLOW: Duration = Duration::from_secs(2);
/// The most that is read of a program's output: 16 MiB.
const MOST: u64 = 16 << 20;

/// Where programs are looked for, and for how long they are waited for.
#[derive(Debug, Clone)]
pub struct Programs {
    search: OsString,
    patience: Duration,
}

impl Default for Programs {
    /// Those of `PATH`, for sixty seconds.
    fn default() -> Self {
        Self::found_in(std::env::var_os("PATH").unwrap_or_default(), PATIENCE)
    }
}

/// A program that a sink goes through.
pub(super) struct Program {
    pub(super) name: &'static str,
    /// How it comes onto a machine.
    pub(super) install: &'static str,
    /// Whether it is itself a client of Cloudflare, and is to see the user's variables for that.
    pub(super) of_cloudflare: bool,
}

/// A program that was found.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    name: &'static str,
    path: PathBuf,
    of_cloudflare: bool,
    patience: Duration,
}

/// What a program said.
pub(super) struct Answer {
    status: ExitStatus,
    stdout: SecretString,
    stderr: String,
}

impl Programs {
    /// Those in the folders of this list, which is as `PATH` is; each may take so long.
    #[must_use]
    pub fn found_in(search: OsString, patience: Duration) -> Self {
        Self { search, patience }
    }

    /// How long each may take.
    #[cfg(feature = "keyring")]
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    pub(super) fn find(&self, program: &Program) -> Result<Tool, SinkError> {
        let path = std::env::split_paths(&self.search)
            // What lies in the working directory is not what the user calls by its name.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(program.name))
            .find(|path| is_executable(path))
            .ok_or(SinkError::NoProgram { program: program.name, install: program.install })?;
        Ok(Tool { name: program.name, path, of_cloudflare: program.of_cloudflare, patience: self.patience })
    }
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

impl Tool {
    /// Runs the program, gives it `input` on its standard input, and takes what it says, however it ends. Fails if it
    /// cannot be started or does not end in time.
    pub(super) fn ask(&self, arguments: &[&str], input: Option<&SecretString>) -> Result<Answer, SinkError> {
        let failed = |how: String| SinkError::ProgramFailed { program: self.name, how };
        let deadline = Instant::now() + self.patience;
        let started = self.command(arguments, input.is_some()).spawn();
        let mut child = started.map_err(|error| failed(format!("did not start: {error}")))?;
        let (done, read) = channel();
        let (stdout, stderr) = (Output::default(), Output::default());
        stdout.take(child.stdout.take(), done.clone());
        stderr.take(child.stderr.take(), done);
        let written = give(child.stdin.take(), input);
        let Some(status) = end_of(&mut child, deadline).map_err(|error| failed(format!("was lost: {error}")))? else {
            return Err(failed(format!("did not end within {} seconds and was stopped", self.patience.as_secs())));
        };
        let until = Instant::now() + AFTERGLOW;
        for _ in 0..2 {
            let _ = read.recv_timeout(until.saturating_duration_since(Instant::now()));
        }
        if status.success() && matches!(written.recv_timeout(AFTERGLOW), Ok(Err(_)) | Err(_)) {
            return Err(failed("ended without reading the value".to_owned()));
        }
        Ok(Answer { status, stdout: SecretString::from(stdout.text()), stderr: stderr.text() })
    }

    /// As [`Tool::ask`], and fails unless the program says that all went well.
    pub(super) fn must(
        &self,
        doing: &str,
        arguments: &[&str],
        input: Option<&SecretString>,
        hidden: Option<&Payload>,
    ) -> Result<Answer, SinkError> {
        let answer = self.ask(arguments, input)?;
        if answer.is_yes() { Ok(answer) } else { Err(self.refused(doing, &answer, hidden)) }
    }

    /// The error for an answer that is no yes: how the program ended, and the end of what it said.
    pub(super) fn refused(&self, doing: &str, answer: &Answer, hidden: Option<&Payload>) -> SinkError {
        let hidden = hidden.map(|payload| payload.entries("")).unwrap_or_default();
        let hidden: Vec<&str> = hidden.iter().map(|(_, value)| value.expose_secret()).collect();
        let said = super::words::last_words(&answer.stderr, &hidden);
        let how = match answer.status.code() {
            Some(code) => format!("could not {doing} (exit status {code})"),
            None => format!("could not {doing} ({})", answer.status),
        };
        SinkError::ProgramFailed {
            program: self.name,
            how: if said.is_empty() { how } else { format!("{how}: {said}") },
        }
    }

    /// The error for an answer that is not what this program is known to say.
    pub(super) fn not_understood(&self, doing: &str) -> SinkError {
        SinkError::ProgramFailed {
            program: self.name,
            how: format!("was to {doing}, and its answer is not understood"),
        }
    }

    fn command(&self, arguments: &[&str], is_given: bool) -> Command {
        let mut command = Command::new(&self.path);
        keep_from(&mut command, |name| is_of_flarekeep(name) || is_withheld(name, self.of_cloudflare));
        // Nobody answers questions here; and wrangler's log on the disk must leave out what it sends.
        command.env("GH_PROMPT_DISABLED", "1").env("NO_COLOR", "1").env("WRANGLER_LOG_SANITIZE", "true");
        command.args(arguments).stdin(if is_given { Stdio::piped() } else { Stdio::null() });
        // A group of its own, so that what it started is stopped with it.
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        command
    }
}

/// Takes the variables away that `is_kept` says, by their names.
pub(super) fn keep_from(command: &mut Command, is_kept: impl Fn(&str) -> bool) {
    for (variable, _) in std::env::vars_os() {
        if is_kept(&variable.to_string_lossy()) {
            command.env_remove(&variable);
        }
    }
}

/// Whether a variable is Flarekeep's own: the credential that manages tokens and the journal's password are among them.
pub(super) fn is_of_flarekeep(name: &str) -> bool {
    name.starts_with("FLAREKEEP_")
}

/// Whether a variable is kept from a program. One that is no client of Cloudflare's sees nothing of Cloudflare; one that
/// is sees the user's token and places, and never a Global API key, which can do everything: its own login, or a token,
/// lets it put a secret.
fn is_withheld(name: &str, of_cloudflare: bool) -> bool {
    let is = |which: fn(&Variable) -> bool| variables().any(|variable| variable.is_named(name) && which(&variable));
    match of_cloudflare {
        true => is(|variable| variable.holds == Holds::Key),
        false => name.starts_with("CLOUDFLARE_") || is(Variable::is_of_a_credential),
    }
}

impl Answer {
    pub(super) fn is_yes(&self) -> bool {
        self.status.success()
    }

    /// What the program printed: it may be a value.
    pub(super) fn stdout(&self) -> &str {
        self.stdout.expose_secret()
    }

    /// Whether it complained in these words.
    pub(super) fn complains(&self, words: &str) -> bool {
        self.stderr.contains(words)
    }
}

/// Writes from a thread of its own: a program that reads nothing must not block us. The answer says whether it was read.
fn give(stdin: Option<impl Write + Send + 'static>, input: Option<&SecretString>) -> Receiver<std::io::Result<()>> {
    let (done, written) = channel();
    let Some((mut stdin, input)) = stdin.zip(input.cloned()) else {
        let _ = done.send(Ok(()));
        return written;
    };
    std::thread::spawn(move || {
        let all = stdin.write_all(input.expose_secret().as_bytes());
        drop(stdin);
        let _ = done.send(all);
    });
    written
}

/// Output as it comes in: what a program started may hold it open after the program's own end.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn take(&self, from: Option<impl Read + Send + 'static>, done: Sender<()>) {
        let Some(mut from) = from else { return };
        let so_far = self.0.clone();
        std::thread::spawn(move || {
            let (mut chunk, mut taken) = ([0; 8192], 0);
            while let Ok(count @ 1..) = from.read(&mut chunk) {
                taken += count as u64;
                // More is read, so that the program ends, and dropped.
                if taken <= MOST {
                    so_far.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&chunk[..count]);
                }
            }
            let _ = done.send(());
        });
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// How the program ended; none if it did not in time and was stopped, with all that it started.
fn end_of(child: &mut Child, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            let group = rustix::process::Pid::from_child(child);
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_see_no_credential_that_is_none_of_their_business() {
        let keys = ["CLOUDFLARE_API_KEY", "CLOUDFLARE_GLOBAL_KEY", "CF_API_KEY", "CLOUDFLARE_API_KEY_FILE"];
        let tokens = ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_EMAIL", "CF_API_TOKEN"];
        let own = ["GH_TOKEN", "VAULT_TOKEN", "OP_SERVICE_ACCOUNT_TOKEN", "AWS_SECRET_ACCESS_KEY", "PATH", "HOME"];
        assert!(keys.iter().chain(&tokens).all(|name| is_withheld(name, false)));
        assert!(keys.iter().all(|name| is_withheld(name, true)));
        assert!(!tokens.iter().any(|name| is_withheld(name, true)));
        assert!(!own.iter().any(|name| is_withheld(name, false) || is_withheld(name, true)));
        let secrets = ["FLAREKEEP_DATABASE_URL", "FLAREKEEP_ADMIN_TOKEN"];
        assert!(secrets.iter().all(|name| is_of_flarekeep(name)));
    }
}
