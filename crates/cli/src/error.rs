//! The one error of the program: what happened, why, and what to type next.

use std::fmt;

use crate::output::mask::masked;

/// What kind of failure it is; it decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Bad usage or bad input.
    Usage,
    /// Cloudflare refused the credential.
    Refused,
    /// Cloudflare or the network could not be reached, or did not answer in time.
    Unreachable,
    /// Some of the work is done.
    Partial,
    /// The command to be run may not be executed.
    NotExecutable,
    /// There is no command to be run.
    NoCommand,
}

impl Kind {
    /// The exit status; the table is in docs/command-line.md.
    pub(crate) const fn exit_status(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Unreachable => 4,
            Self::Partial => 5,
            // As shells have it.
            Self::NotExecutable => 126,
            Self::NoCommand => 127,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Partial => "partial",
            Self::NotExecutable => "not-executable",
            Self::NoCommand => "no-command",
        }
    }
}

/// A failed command.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) kind: Kind,
    /// What happened.
    pub(crate) message: String,
    /// Why, where that is known.
    pub(crate) reason: Option<String>,
    /// What mends it: commands to type, or facts to look at.
    pub(crate) hints: Vec<String>,
}

impl CommandError {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), reason: None, hints: Vec::new() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub(crate) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same without what looks like a credential.
    pub(crate) fn masked(&self) -> Self {
        Self {
            kind: self.kind,
            message: masked(&self.message),
            reason: self.reason.as_deref().map(masked),
            hints: self.hints.iter().map(|hint| masked(hint)).collect(),
        }
    }

    /// The document that `--json` prints in place of an answer.
    pub(crate) fn document(&self) -> serde_json::Value {
        serde_json::json!({
            "error": {
                "kind": self.kind.word(),
                "exit_status": self.kind.exit_status(),
                "message": self.message,
                "reason": self.reason,
                "hints": self.hints,
            }
        })
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}
