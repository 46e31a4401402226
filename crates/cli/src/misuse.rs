//! A command line that is none: what clap says of it, in the form that was asked for.

use std::ffi::OsStr;
use std::process::ExitCode;

use flarekeep_catalogue::harmless;

use crate::error::{CommandError, Kind};
use crate::output::{Output, mask};

/// Bad usage, or help. The message repeats what was typed, and that may be a credential in another's place.
pub(crate) fn told(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    let masked = mask::masked(&text);
    if error.exit_code() != 0 && wants_document(std::env::args_os().skip(1)) {
        let error = command_error(&masked);
        Output { json: true, part: false, quiet: false, verbose: false }.error(&error);
        return ExitCode::from(error.kind.exit_status());
    }
    if masked == text {
        error.exit();
    }
    eprint!("{masked}");
    ExitCode::from(Kind::Usage.exit_status())
}

/// Whether `--json` was typed. Behind `--` it is an argument of the command that is run.
fn wants_document(typed: impl Iterator<Item = impl AsRef<OsStr>>) -> bool {
    typed.take_while(|argument| argument.as_ref() != "--").any(|argument| argument.as_ref() == "--json")
}

/// The same as an error of a command: clap's first paragraph says what is wrong, and each line that follows helps.
fn command_error(text: &str) -> CommandError {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let (wrong, helps) = text.split_once("\n\n").unwrap_or((text, ""));
    let wrong: Vec<String> = wrong.lines().map(shown).collect();
    let helps = helps.lines().map(shown).filter(|line| !line.is_empty());
    helps.fold(CommandError::usage(wrong.join(" ")), |error, help| {
        let help = help.strip_prefix("tip: ").or(help.strip_prefix("Usage: ")).unwrap_or(&help);
        match help {
            "For more information, try '--help'." => error.hint("--help says which arguments there are"),
            help => error.hint(help),
        }
    })
}

/// A line without its indent, and without what a terminal would obey.
fn shown(line: &str) -> String {
    line.trim().chars().flat_map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_wanted_by_ones_own_json() {
        assert!(wants_document(["audit", "--quota", "101", "--json"].iter()));
        assert!(!wants_document(["exec", "--", "gh", "--json"].iter()));
        assert!(!wants_document(["audit", "--jsonx"].iter()));
    }

    #[test]
    fn what_helps_is_a_hint() {
        let text = "error: the following required arguments were not provided:\n  <PATH>...\n  --until <DATE>\n\n  \
                    tip: a similar argument exists: '--x'\n\nUsage: flarekeep scan <PATH>...\n       flarekeep scan <COMMAND>\n\n\
                    For more information, try '--help'.\n";
        let error = command_error(text);
        assert_eq!(error.message, "the following required arguments were not provided: <PATH>... --until <DATE>");
        let hints = [
            "a similar argument exists: '--x'",
            "flarekeep scan <PATH>...",
            "flarekeep scan <COMMAND>",
            "--help says which arguments there are",
        ];
        assert_eq!(error.hints, hints);
        assert_eq!(command_error("error: no `\u{1b}[2J`").message, r"no `\u{1b}[2J`");
    }
}
