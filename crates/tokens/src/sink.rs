//! Sinks: where a token's value is delivered.
//!
//! A sink is proved before a token is minted: [`Sink::prove`] opens what delivery needs and gives a [`ProvedSink`],
//! which alone can take a value. Afterwards [`Sink::prove_delivery`] reads the value back where it can be read, and says
//! what is known where it cannot.

mod age;
mod clash;
mod command;
mod env_file;
mod env_value;
mod error;
mod file;
mod git;
mod github;
mod keyring;
mod names;
mod one_password;
mod payload;
mod programs;
mod proof;
mod r2_keys;
mod replace;
mod spelling;
mod stdout;
mod vault;
mod words;
mod wrangler;

use std::path::PathBuf;

pub use age::AgeFile;
pub use error::SinkError;
pub use github::GitHubSecret;
pub use keyring::KeyringEntry;
pub use one_password::OnePasswordField;
pub use payload::{BadPayload, Payload, Shape};
pub use programs::Programs;
pub use proof::{Proof, ReadBack};
pub use r2_keys::{R2_REGION, R2KeysSink};
pub use spelling::{BadSink, FORMS};
pub use vault::VaultField;
pub use wrangler::WranglerSecret;

/// The name that a value gets in an env file, in a CI's secrets and the like, unless another is given.
pub const DEFAULT_KEY: &str = "CLOUDFLARE_API_TOKEN";

/// A sink as the user names it. Its spelling ([`Sink::spelling`]) reads back to the same sink.
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
    /// An entry of the system's keyring (feature `keyring`).
    Keyring(KeyringEntry),
    /// A file that only some recipients can decrypt (feature `age`).
    Age(AgeFile),
    /// A secret of a GitHub repository, through `gh`.
    GitHub(GitHubSecret),
    /// A secret of a Worker, through `wrangler`.
    Wrangler(WranglerSecret),
    /// A field of a secret in Vault, through `vault`.
    Vault(VaultField),
    /// A field of an item in 1Password, through `op`.
    OnePassword(OnePasswordField),
    /// The R2 keys that follow from the token, in another sink; the value is not stored.
    R2Keys(R2KeysSink),
}

/// A sink that was opened and found writable.
#[derive(Debug)]
pub struct ProvedSink {
    sink: Sink,
    programs: Programs,
    proved: Proved,
    shape: Shape,
}

#[derive(Debug)]
enum Proved {
    EnvFile(env_file::ProvedEnvFile),
    File(replace::Replacement),
    Command(command::ProvedCommand),
    Stdout,
    Keyring(keyring::ProvedKeyring),
    Age(age::ProvedAge),
    GitHub(github::ProvedGitHub),
    Wrangler(wrangler::ProvedWrangler),
    Vault(vault::ProvedVault),
    OnePassword(one_password::ProvedOnePassword),
    R2Keys(Box<ProvedSink>),
}

impl Sink {
    /// Opens what delivery of one value will need and shows that it can be written. Nothing of the user's is changed.
    pub fn prove(&self) -> Result<ProvedSink, SinkError> {
        self.prove_for(&Shape::Value)
    }

    /// As [`Sink::prove`], for a payload of this shape. A sink whose name for the value was chosen takes no pairs, since
    /// pairs bring names of their own.
    pub fn prove_for(&self, shape: &Shape) -> Result<ProvedSink, SinkError> {
        self.prove_with(shape, &Programs::default())
    }

    /// As [`Sink::prove_for`], with these programs.
    pub fn prove_with(&self, shape: &Shape, programs: &Programs) -> Result<ProvedSink, SinkError> {
        let proved = match self {
            Self::EnvFile { path, key } => Proved::EnvFile(env_file::prove(path, key, shape)?),
            Self::File(path) => Proved::File(file::prove(path)?),
            Self::Command(command) => Proved::Command(command::prove(command)?),
            Self::Stdout => {
                stdout::refuse_void()?;
                Proved::Stdout
            }
            Self::Keyring(entry) => Proved::Keyring(entry.prove(shape, programs)?),
            Self::Age(file) => Proved::Age(file.prove()?),
            Self::GitHub(secret) => Proved::GitHub(secret.prove(shape, programs)?),
            Self::Wrangler(secret) => Proved::Wrangler(secret.prove(shape, programs)?),
            Self::Vault(field) => Proved::Vault(field.prove(shape, programs)?),
            Self::OnePassword(field) => Proved::OnePassword(field.prove(shape, programs)?),
            Self::R2Keys(keys) => Proved::R2Keys(keys.prove(shape, programs)?),
        };
        Ok(ProvedSink { sink: self.clone(), programs: programs.clone(), proved, shape: shape.clone() })
    }

    /// Whether what is delivered is printed on standard output.
    #[must_use]
    pub fn prints(&self) -> bool {
        match self {
            Self::Stdout => true,
            Self::R2Keys(keys) => keys.inner().prints(),
            _ => false,
        }
    }

    /// A remark about the sink that is no reason to stop: a file that git does not ignore.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let (path, why) = match self {
            Self::EnvFile { path, .. } | Self::File(path) => {
                (path.as_path(), "add it to .gitignore before the token is committed")
            }
            Self::R2Keys(keys) => return keys.inner().remark(),
            Self::Age(file) => (file.path(), "once committed, whoever holds a recipient's key can read it for ever"),
            _ => return None,
        };
        git::would_be_added(path).then(|| format!("git does not ignore `{}`: {why}", path.display()))
    }

    /// What stands in the sink now.
    pub fn read_back(&self) -> Result<ReadBack, SinkError> {
        self.read_with(None, &Programs::default())
    }

    /// What stands in the sink under this name, of a payload of pairs.
    pub fn read_back_named(&self, name: &str) -> Result<ReadBack, SinkError> {
        self.read_with(Some(name), &Programs::default())
    }

    /// As [`Sink::read_back_named`] or, without a name, [`Sink::read_back`], with these programs.
    pub fn read_with(&self, name: Option<&str>, programs: &Programs) -> Result<ReadBack, SinkError> {
        match self {
            Self::EnvFile { path, key } => env_file::read(path, name.unwrap_or(key)),
            Self::File(path) => file::read(path, name),
            Self::Command(_) => Ok(ReadBack::Cannot("a command takes values and shows none")),
            Self::Stdout => Ok(ReadBack::Cannot("standard output keeps nothing")),
            Self::Keyring(entry) => entry.read(name, programs),
            Self::Age(_) => Ok(ReadBack::Cannot("only the recipients can decrypt it")),
            Self::GitHub(secret) => secret.read(name, programs),
            Self::Wrangler(secret) => secret.read(name, programs),
            Self::Vault(field) => field.read(name, programs),
            Self::OnePassword(field) => field.read(name, programs),
            Self::R2Keys(keys) => keys.read(name, programs),
        }
    }

    /// Shows as well as the sink allows that the payload stands in it; fails if it is not there, or another value is.
    pub fn prove_delivery(&self, payload: impl Into<Payload>) -> Result<Proof, SinkError> {
        self.prove_delivery_with(payload, &Programs::default())
    }

    /// As [`Sink::prove_delivery`], with these programs.
    pub fn prove_delivery_with(&self, payload: impl Into<Payload>, programs: &Programs) -> Result<Proof, SinkError> {
        proof::prove(self, &payload.into(), programs)
    }
}

/// Proves all sinks, in their order; nothing of the user's is changed. At most one of them prints: what two print could
/// not be told apart.
pub(crate) fn prove_all(sinks: &[Sink]) -> Result<Vec<ProvedSink>, SinkError> {
    if sinks.iter().filter(|sink| sink.prints()).count() > 1 {
        return Err(SinkError::Unsuitable("standard output takes the value or its R2 keys, not both".to_owned()));
    }
    sinks.iter().map(Sink::prove).collect()
}

impl ProvedSink {
    /// Delivers the payload as [`ProvedSink::deliver`] does, and proves it as [`Sink::prove_delivery`] does.
    pub fn deliver_and_prove(self, payload: impl Into<Payload>) -> Result<Proof, SinkError> {
        let (payload, sink, programs) = (payload.into(), self.sink.clone(), self.programs.clone());
        self.deliver(&payload)?;
        sink.prove_delivery_with(payload, &programs)
    }

    /// Delivers the payload: a `&SecretString`, or a [`Payload`] of the shape that the sink was proved for. When this
    /// fails, a file holds what it held before, never half of the new content; other systems hold each name's old value
    /// or its new one.
    pub fn deliver(self, payload: impl Into<Payload>) -> Result<(), SinkError> {
        let payload = payload.into();
        if payload.shape() != self.shape {
            return Err(SinkError::OtherShape);
        }
        payload.refuse_unfit()?;
        match self.proved {
            Proved::EnvFile(file) => file.deliver(&payload),
            Proved::File(file) => file::deliver(file, &payload),
            Proved::Command(command) => command.deliver(&payload),
            Proved::Stdout => stdout::deliver(&payload),
            Proved::Keyring(entry) => entry.deliver(&payload),
            Proved::Age(file) => file.deliver(&payload),
            Proved::GitHub(secret) => secret.deliver(&payload),
            Proved::Wrangler(secret) => secret.deliver(&payload),
            Proved::Vault(field) => field.deliver(&payload),
            Proved::OnePassword(field) => field.deliver(&payload),
            Proved::R2Keys(inner) => match &self.sink {
                Sink::R2Keys(keys) => inner.deliver(keys.derived(&payload)?),
                _ => Err(SinkError::OtherShape),
            },
        }
    }
}
