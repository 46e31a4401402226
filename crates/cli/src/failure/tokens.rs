//! What managing tokens reports.

use flarekeep_catalogue::TokenId;
use flarekeep_planner::Impossibility;
use flarekeep_tokens as tokens;

use super::with_nearest;
use crate::error::{CommandError, Kind};
use crate::output::plain;

impl From<tokens::Error> for CommandError {
    fn from(error: tokens::Error) -> Self {
        let message = plain(&error.to_string());
        match error {
            tokens::Error::Call(error) => error.into(),
            tokens::Error::Sink(error) => error.into(),
            tokens::Error::Undelivered(_) => Self::new(Kind::Partial, message)
                .because("the token that was minted for it was revoked: none is left behind")
                .hint("mend the sink, and run the command again"),
            tokens::Error::Unfinished { stopped, left, .. } => unfinished(*stopped, left.as_deref()),
            tokens::Error::Journal(error) => error.into(),
            tokens::Error::Rescue(tokens::RescueError::Closed(_)) => Self::new(Kind::Partial, message)
                .because("the new value is in that file, sealed for the credential that began the change")
                .hint("flarekeep token resume with that credential")
                .hint(
                    "if that is gone: flarekeep token resume --forget CHANGE, then flarekeep token roll NAME --to SINK",
                ),
            tokens::Error::Rescue(error) => Self::new(Kind::Partial, plain(&error.to_string()))
                .hint("is the state folder writable, and the disk not full?"),
            tokens::Error::OtherToken { .. } | tokens::Error::StillAlive(_) | tokens::Error::NothingMinted => {
                Self::new(Kind::Partial, message).hint("flarekeep token list, and flarekeep token resume")
            }
            tokens::Error::Disabled(id) | tokens::Error::DisabledRoll(id) => {
                Self::usage(message).hint(format!("flarekeep token enable {id}"))
            }
            tokens::Error::NoSuccessor { id, state } => no_successor(message, id, state),
            tokens::Error::NotUsable(_) => Self::usage(message).hint("flarekeep token list shows which may be"),
            tokens::Error::Held { name, .. } => Self::usage(message)
                .because(
                    "a new value would take its place there, and the token would live on with nobody holding its value",
                )
                .hint(format!("a new value in its place: flarekeep token rotate '{}'", plain(&name)))
                .hint("a token beside it: another --name, and another sink"),
            tokens::Error::StillWaiting { .. } => Self::new(Kind::Partial, message)
                .hint("flarekeep token resume finishes it then; --now finishes it at once"),
            tokens::Error::NotTakenUp(_) => Self::new(Kind::Partial, message)
                .because("both tokens live; --until-used asked for that")
                .hint("when the new value is in use: flarekeep token resume; --now ends the old token in any case"),
            tokens::Error::Unseen(_) => Self::new(Kind::Partial, message)
                .because("another credential began it, and that may be another user's")
                .hint("flarekeep token resume with that credential")
                .hint("if nothing can be left of it: flarekeep token resume --forget CHANGE"),
            tokens::Error::SinkSpelling(_) => Self::usage(message)
                .because("another version of flarekeep wrote it")
                .hint("flarekeep token resume with that version"),
            tokens::Error::Doubtful { name, .. } => Self::new(Kind::Partial, message)
                .hint(format!("flarekeep token list, and if it is there: flarekeep token revoke '{}'", plain(&name))),
            tokens::Error::Unanswered(_) => Self::new(Kind::Unreachable, message)
                .because("what was minted on the way was revoked: no token is left behind")
                .hint("run the command again; `--timeout 120` waits longer"),
            tokens::Error::RollDoubtful { id, .. } => Self::new(Kind::Partial, message)
                .because("the old value may be dead, and nobody has a new one")
                .hint(format!("flarekeep token roll {id} --to SINK gives it a value anew")),
            tokens::Error::Changed(_) => Self::usage(message)
                .because("an update replaces the whole token, and would undo that change")
                .hint("nothing was changed by this command: run it again"),
            tokens::Error::Untaken { id, .. } => Self::new(Kind::Partial, message)
                .because("a change can take a minute or two to be seen, and somebody else may have changed it, too")
                .hint(format!("flarekeep token show {id}")),
            tokens::Error::NoAccount => Self::usage(message).hint("give --account, or set CLOUDFLARE_ACCOUNT_ID"),
            tokens::Error::NoToken { nearest, .. } => {
                with_nearest(Self::usage(message), &nearest).hint("flarekeep token list")
            }
            tokens::Error::ManyTokens { ids, .. } => {
                let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
                Self::usage(message).hint(format!("give the id: {}", ids.join(", ")))
            }
            tokens::Error::Withheld { .. } => withheld(message),
            tokens::Error::NotAlive { .. } => not_alive(message),
            tokens::Error::Beyond { id, .. } => beyond_mending(message, id),
            tokens::Error::Impossible { operation, reason } => impossible(message, &operation, reason),
            tokens::Error::NoGroupId(_) | tokens::Error::Policy(_) => Self::usage(message),
            tokens::Error::Probes(_) => Self::usage(message).because("this is a defect of flarekeep: please report it"),
        }
    }
}

fn no_successor(message: String, id: TokenId, state: &str) -> CommandError {
    let failed = CommandError::new(Kind::Partial, message)
        .because("the sinks hold the new one's value, which does not work; the old token lives");
    failed.hint(match state {
        "disabled" => format!("flarekeep token enable {id}, and then flarekeep token resume"),
        _ => {
            "flarekeep token resume closes this change; flarekeep token rotate then gives the sinks a value that works"
                .to_owned()
        }
    })
}

fn withheld(message: String) -> CommandError {
    CommandError::usage(message)
        .because("somebody wrote that policy on purpose: what it denies is not given back unless that is asked for")
        .hint("the same command with --undeny takes the group out of the policy that denies it")
}

fn not_alive(message: String) -> CommandError {
    CommandError::new(Kind::Refused, message)
        .because("it ended or was switched off, perhaps while it was tried")
        .hint("a token that lives: flarekeep token list")
        .hint("its end or status: flarekeep fix --expires or --enable")
}

fn beyond_mending(message: String, id: TokenId) -> CommandError {
    CommandError::usage(message)
        .because("Cloudflare found its value in public, or says of it what nobody has documented")
        .hint("a new token in its place: flarekeep token create --recipe NAME --to env:.env")
        .hint(format!("and the end of this one: flarekeep token revoke {id}"))
}

fn impossible(message: String, operation: &str, reason: Impossibility) -> CommandError {
    CommandError::usage(message).hint(match reason {
        Impossibility::NoAccountTokens | Impossibility::UserGroups => {
            format!("flarekeep token create --operation '{operation}' --to env:.env")
        }
        _ => format!("flarekeep plan --operation '{operation}' says what it takes"),
    })
}

/// What stopped a change half way, and what finishes it.
fn unfinished(stopped: tokens::Error, left: Option<&tokens::Error>) -> CommandError {
    let is_roll = matches!(stopped, tokens::Error::RollDoubtful { .. });
    let says_all = matches!(stopped, tokens::Error::NoSuccessor { .. });
    let of_journal = match (&stopped, left) {
        (tokens::Error::Journal(error), _) | (_, Some(tokens::Error::Journal(error))) => Some(error.clone()),
        _ => None,
    };
    let mut error = CommandError::from(stopped);
    error.kind = Kind::Partial;
    if says_all {
        return error;
    }
    error.reason = Some(match left {
        Some(left) => format!("undoing it failed, too: {}", plain(&left.to_string())),
        None if is_roll => "the old value may be dead, and nobody has a new one yet".to_owned(),
        None if of_journal.is_some() => {
            "the change stopped half way: the journal has what was written down before".to_owned()
        }
        None => "the change stopped half way: it is in the journal, and no value is lost".to_owned(),
    });
    error.hints = of_journal.map(|error| CommandError::from(error).hints).unwrap_or_default();
    error.hint("flarekeep token resume finishes or undoes it; so does the same command, run again")
}

impl From<tokens::JournalError> for CommandError {
    fn from(error: tokens::JournalError) -> Self {
        use tokens::JournalCause as Cause;
        let (kind, hint) = match error.cause {
            Cause::Address => (
                Kind::Usage,
                "FLAREKEEP_DATABASE_URL is written postgres://NAME:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full",
            ),
            Cause::Unreachable => (
                Kind::Unreachable,
                "does the server of FLAREKEEP_DATABASE_URL run, and does it speak TLS where sslmode asks for it?",
            ),
            Cause::Refused => (
                Kind::Refused,
                "are name and password of FLAREKEEP_DATABASE_URL right, and may this name make or write its tables?",
            ),
            Cause::Newer => (Kind::Usage, "take the version of flarekeep that the others have"),
            Cause::Folder => (
                Kind::Unreachable,
                "is the state folder writable ($XDG_STATE_HOME/flarekeep, ~/.local/state/flarekeep), and the disk not full?",
            ),
            Cause::Damaged => (
                Kind::Usage,
                "if another version of flarekeep wrote it, take that one; else put a copy in its place, or move it away: \
                 docs/journal.md says what is lost with it",
            ),
            Cause::Busy => {
                return Self::new(Kind::Partial, plain(&error.reason))
                    .because("one run at a time changes a token, and this one has waited for a minute")
                    .hint("run the command again when the other run is done; flarekeep token resume --dry-run shows how far it is");
            }
            Cause::Other => (Kind::Unreachable, "docs/journal.md says what a journal needs"),
        };
        // Also where it fails later than at the start: it does not say that nothing was done yet.
        Self::new(kind, plain(&error.to_string()))
            .because("every step of a change is written down before it is made, so that it can be taken up")
            .hint(hint)
    }
}

impl From<tokens::SinkError> for CommandError {
    fn from(error: tokens::SinkError) -> Self {
        let failed = Self::usage(plain(&error.to_string())).because("the sink was tried before any token was made");
        match error {
            tokens::SinkError::Tracked(path) => {
                failed.hint(format!("git rm --cached '{0}', and add '{0}' to .gitignore", path.display()))
            }
            tokens::SinkError::NoProgram { install, .. } => failed.hint(install),
            tokens::SinkError::NotBuilt { form } => {
                failed.hint(format!("cargo install --path crates/cli --features {form} makes one that has them"))
            }
            tokens::SinkError::NameForPairs { .. } => {
                failed.hint("leave the sink's name out: it then takes those names")
            }
            _ => failed.hint(format!("sinks: {}", tokens::FORMS)),
        }
    }
}
