//! A command that reads the value, or one line `KEY=value` a pair, on its standard input; no value is among its arguments.

use std::io::Write;
use std::process::{Command, Stdio};

use secrecy::ExposeSecret;

use super::programs::{is_of_flarekeep, keep_from};
use super::{Payload, SinkError};

/// A command whose program was found.
#[derive(Debug)]
pub(super) struct ProvedCommand(String);

/// Shows that the shell can read the command and, where it begins with a program's plain name, finds that program. That
/// it will take the value can only be seen by giving it one.
pub(super) fn prove(command: &str) -> Result<ProvedCommand, SinkError> {
    let program = command.split_whitespace().next().unwrap_or_default();
    let plain = program.chars().all(|c| c.is_ascii_alphanumeric() || "_./+-".contains(c));
    let reads = says_yes(&["-n", "-c", command]);
    if !reads || plain && !says_yes(&["-c", "command -v -- \"$1\"", "sh", program]) {
        return Err(SinkError::NoCommand(program.escape_debug().to_string()));
    }
    Ok(ProvedCommand(command.to_owned()))
}

/// Whether the shell ends well with these arguments; what it prints is of no use.
fn says_yes(arguments: &[&str]) -> bool {
    let mut shell = Command::new("sh");
    shell.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.status().is_ok_and(|status| status.success())
}

impl ProvedCommand {
    pub(super) fn deliver(self, payload: &Payload) -> Result<(), SinkError> {
        let failed = |how: String| SinkError::CommandFailed { command: self.0.clone(), how };
        // The command's own output goes to standard error: standard output belongs to the program's documents.
        let mut command = Command::new("sh");
        command.args(["-c", &self.0]).stdin(Stdio::piped()).stdout(std::io::stderr());
        // The user's own command has the user's environment; but it delivers one value, and manages no tokens.
        keep_from(&mut command, is_of_flarekeep);
        let mut child = command.spawn().map_err(|error| failed(format!("did not start: {error}")))?;
        let lines = payload.lines();
        let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(lines.expose_secret().as_bytes()));
        let status = child.wait().map_err(|error| failed(format!("was lost: {error}")))?;
        if !status.success() {
            return Err(failed(format!("ended with {status}")));
        }
        written.map_err(|error| failed(format!("did not read the value: {error}")))
    }
}
