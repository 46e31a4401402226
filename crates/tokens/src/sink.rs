//! Sinks: where a token's value is delivered.
//!
//! A sink is proved before a token is minted: [`Sink::prove`] opens what delivery needs and gives a [`ProvedSink`],
//! which alone can take a value.

mod command;
mod env_file;
mod file;
mod git;
mod replace;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;

/// The key that an env file gets unless another is named.
pub const DEFAULT_KEY: &str = "CLOUDFLARE_API_TOKEN";

/// The forms of a sink, for help and errors.
pub const FORMS: &str = "env:FILE[:KEY], file:PATH, command:CMD, or - for standard output";

/// A sink as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sink {
    /// One line `KEY=value` of an env file; its other lines stay as they are.
    EnvFile {
        /// The file; made if absent.
        path: PathBuf,
        /// The variable.
        key: String,
    },
    /// A file that holds nothing but the value.
    File(PathBuf),
    /// A shell command that reads the value on its standard input.
    Command(String),
    /// Standard output, because the user asked for it.
    Stdout,
}

/// A text that names no sink.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSink {
    /// None of the known forms.
    #[error("`{0}` is not a sink; those are {FORMS}")]
    Form(String),
    /// A form without its file or command.
    #[error("`{0}` names nothing after the colon; sinks are {FORMS}")]
    Empty(String),
    /// A variable that a shell would not take.
    #[error("`{0}` is not the name of an environment variable")]
    Key(String),
}

/// A sink that cannot take a value, or did not.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// A file or folder cannot be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The path is a folder, a device, or something else that holds no text.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// A value in this file would be committed.
    #[error("git tracks `{}`: a token in it would be committed", .0.display())]
    Tracked(PathBuf),
    /// Whether git tracks the file cannot be told.
    #[error("cannot ask git whether it tracks `{}`: {reason}", path.display())]
    GitUnknown {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// No such program.
    #[error("there is no command `{0}`")]
    NoCommand(String),
    /// The command did not take the value.
    #[error("the command `{command}` {how}")]
    CommandFailed {
        /// The command as the user gave it.
        command: String,
        /// How it ended.
        how: String,
    },
    /// Standard output is closed.
    #[error("cannot write to standard output: {0}")]
    Stdout(std::io::Error),
}

/// A sink that was opened and found writable.
#[derive(Debug)]
pub struct ProvedSink(Proved);

#[derive(Debug)]
enum Proved {
    EnvFile(env_file::ProvedEnvFile),
    File(replace::Replacement),
    Command(command::ProvedCommand),
    Stdout,
}

impl Sink {
    /// Opens what delivery will need and shows that it can be written. Nothing of the user's is changed.
    pub fn prove(&self) -> Result<ProvedSink, SinkError> {
        Ok(ProvedSink(match self {
            Self::EnvFile { path, key } => Proved::EnvFile(env_file::prove(path, key)?),
            Self::File(path) => Proved::File(file::prove(path)?),
            Self::Command(command) => Proved::Command(command::prove(command)?),
            Self::Stdout => {
                refuse_void_stdout()?;
                Proved::Stdout
            }
        }))
    }

    /// The sink as [`FromStr`] reads it.
    #[must_use]
    pub fn spelling(&self) -> String {
        match self {
            Self::EnvFile { path, key } => format!("env:{}:{key}", path.display()),
            Self::File(path) => format!("file:{}", path.display()),
            Self::Command(command) => format!("command:{command}"),
            Self::Stdout => "-".to_owned(),
        }
    }

    /// A remark about the sink that is no reason to stop: a file that git does not ignore.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let (Self::EnvFile { path, .. } | Self::File(path)) = self else { return None };
        git::would_be_added(path).then(|| {
            format!("git does not ignore `{}`: add it to .gitignore before the token is committed", path.display())
        })
    }
}

/// Proves all sinks, in their order; nothing of the user's is changed.
pub(crate) fn prove_all(sinks: &[Sink]) -> Result<Vec<ProvedSink>, SinkError> {
    sinks.iter().map(Sink::prove).collect()
}

impl ProvedSink {
    /// Delivers the value. When this fails, the sink may hold the old value or none, never half of the new one.
    pub fn deliver(self, value: &SecretString) -> Result<(), SinkError> {
        match self.0 {
            Proved::EnvFile(file) => file.deliver(value),
            Proved::File(file) => file::deliver(file, value),
            Proved::Command(command) => command.deliver(value),
            Proved::Stdout => deliver_to_stdout(value),
        }
    }
}

/// Fails if standard output is closed or leads nowhere: Rust opens /dev/null in the place of a closed one.
fn refuse_void_stdout() -> Result<(), SinkError> {
    use std::os::fd::AsFd;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let stdout = std::io::stdout().as_fd().try_clone_to_owned().map_err(SinkError::Stdout)?;
    let metadata = std::fs::File::from(stdout).metadata().map_err(SinkError::Stdout)?;
    let void = std::fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == metadata.rdev());
    if metadata.file_type().is_char_device() && void {
        return Err(SinkError::Stdout(std::io::Error::other("it leads nowhere")));
    }
    Ok(())
}

fn deliver_to_stdout(value: &SecretString) -> Result<(), SinkError> {
    use secrecy::ExposeSecret;
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", value.expose_secret()).and_then(|()| out.flush()).map_err(SinkError::Stdout)
}

impl FromStr for Sink {
    type Err = BadSink;

    fn from_str(text: &str) -> Result<Self, BadSink> {
        if text == "-" {
            return Ok(Self::Stdout);
        }
        let (form, rest) = text.split_once(':').ok_or_else(|| BadSink::Form(shown(text)))?;
        if !matches!(form, "env" | "file" | "command") {
            return Err(BadSink::Form(shown(text)));
        }
        if rest.trim().is_empty() {
            return Err(BadSink::Empty(shown(text)));
        }
        Ok(match form {
            "file" => Self::File(rest.into()),
            "command" => Self::Command(rest.to_owned()),
            _ => {
                let (path, key) = rest.rsplit_once(':').unwrap_or((rest, DEFAULT_KEY));
                if !is_variable(key) {
                    return Err(BadSink::Key(shown(key)));
                }
                Self::EnvFile { path: path.into(), key: key.to_owned() }
            }
        })
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EnvFile { path, key } => write!(f, "{key} in {}", path.display()),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Command(command) => write!(f, "the command `{command}`"),
            Self::Stdout => f.write_str("standard output"),
        }
    }
}

fn is_variable(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The text as an error may show it: a token typed in the sink's place must not be printed whole.
fn shown(text: &str) -> String {
    const SHOWN: usize = 24;
    let mut short: String = text.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if text.chars().count() > SHOWN {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads() {
        let env = |path: &str, key: &str| Sink::EnvFile { path: path.into(), key: key.to_owned() };
        assert_eq!("env:.env".parse(), Ok(env(".env", DEFAULT_KEY)));
        assert_eq!("env:deploy/.env:CF_TOKEN".parse(), Ok(env("deploy/.env", "CF_TOKEN")));
        assert_eq!("file:/run/token".parse(), Ok(Sink::File("/run/token".into())));
        assert_eq!("command:gh secret set X".parse(), Ok(Sink::Command("gh secret set X".into())));
        assert_eq!("-".parse(), Ok(Sink::Stdout));
    }

    #[test]
    fn what_names_no_sink_is_refused() {
        assert!(matches!("vault".parse::<Sink>(), Err(BadSink::Form(_))));
        assert!(matches!("file:".parse::<Sink>(), Err(BadSink::Empty(_))));
        assert!(matches!("env:.env:not a key".parse::<Sink>(), Err(BadSink::Key(_))));
    }
}
