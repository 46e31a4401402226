//! What can go wrong with a sink.

use std::path::PathBuf;

/// A sink that cannot take a value, or did not. No error holds a value.
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
    /// The program behind a sink is not installed.
    #[error("there is no program `{program}`, which this sink goes through")]
    NoProgram {
        /// Its name.
        program: &'static str,
        /// How it comes here.
        install: &'static str,
    },
    /// The program behind a sink did not do what it was asked.
    #[error("`{program}` {how}")]
    ProgramFailed {
        /// Its name.
        program: &'static str,
        /// What it was to do and how it ended, with the end of what it said, without values.
        how: String,
    },
    /// This build leaves the sink out.
    #[error("this build has no `{form}:` sinks: they are the feature `{form}`")]
    NotBuilt {
        /// The form and the feature.
        form: &'static str,
    },
    /// The system's keyring did not answer as it should.
    #[error("the keyring {0}")]
    Keyring(String),
    /// A recipient that nothing can be encrypted to.
    #[error("cannot encrypt to `{recipient}`: {reason}")]
    Recipient {
        /// The recipient.
        recipient: String,
        /// Why not.
        reason: String,
    },
    /// The sink's place exists, and must not be changed this way.
    #[error("{0}")]
    Unsuitable(String),
    /// A name was chosen for what brings its own names.
    #[error("the sink names `{name}`, and what it is to get has names of its own ({pairs})")]
    NameForPairs {
        /// The chosen name.
        name: String,
        /// The names of the pairs.
        pairs: String,
    },
    /// The payload is not what the sink was proved for.
    #[error("the sink was proved for something else than it is given: this is a defect of flarekeep")]
    OtherShape,
    /// What follows from a token's id cannot be delivered without it.
    #[error("the sink takes R2 keys, and of which token the value is, is not known")]
    NoTokenId,
    /// The value is empty, begins or ends in white space or holds control characters.
    #[error("the value is empty or holds what no token holds; it was delivered nowhere")]
    UnfitValue,
    /// The sink shows another value than it was given.
    #[error("another value than the delivered one stands in {0}")]
    OtherValue(String),
    /// The sink shows nothing of what it was given.
    #[error("what was delivered is not in {0}")]
    Absent(String),
}

impl SinkError {
    /// Whether a sink that failed so while it was given a value may hold it all the same: what a program, a keyring or a
    /// command did before it failed is not known. A file holds all of it or none.
    #[must_use]
    pub fn may_have_taken(&self) -> bool {
        match self {
            Self::CommandFailed { .. } | Self::ProgramFailed { .. } | Self::Keyring(_) | Self::Stdout(_) => true,
            // Seen after the delivery: whatever stands there came from somewhere.
            Self::OtherValue(_) | Self::Absent(_) | Self::NoProgram { .. } => true,
            Self::File { action, .. } => *action == "read",
            Self::NotAFile(_)
            | Self::Tracked(_)
            | Self::GitUnknown { .. }
            | Self::NoCommand(_)
            | Self::NotBuilt { .. }
            | Self::Recipient { .. }
            | Self::Unsuitable(_)
            | Self::NameForPairs { .. }
            | Self::OtherShape
            | Self::NoTokenId
            | Self::UnfitValue => false,
        }
    }
}
