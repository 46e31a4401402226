//! The command that does a recipe's work.

use std::fmt;

/// A command of plain words. A recipe may be somebody else's file, and the command goes into workflows and shells: no
/// character in it means anything to either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command(String);

impl Command {
    /// Reads a command; none where it holds more than plain words.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || " ._/=-".contains(c);
        // A first letter keeps YAML from reading a number or a list.
        let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
        (starts && !text.ends_with(' ') && text.len() <= 200 && text.chars().all(plain)).then(|| Self(text.to_owned()))
    }

    /// Whether it runs wrangler.
    #[must_use]
    pub fn is_wranglers(&self) -> bool {
        self.0.split(' ').find(|word| *word != "npx") == Some("wrangler")
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_plain_words() {
        for text in ["npx wrangler deploy", "octodns-sync --config-file=./config.yaml --doit"] {
            assert_eq!(Command::new(text).unwrap().to_string(), text);
        }
        let hostile =
            ["", " a", "a ", "- a", "1", "a\nb", "a; b", "a: b", "a #b", "${{ secrets.A }}", "a $(b)", "a\u{202e}"];
        for text in hostile {
            assert_eq!(Command::new(text), None, "{text:?}");
        }
    }

    #[test]
    fn wranglers_are_told_apart() {
        let wranglers = |text: &str| Command::new(text).unwrap().is_wranglers();
        assert!(wranglers("npx wrangler deploy") && wranglers("wrangler deploy"));
        assert!(!wranglers("npx other wrangler") && !wranglers("wranglers deploy"));
    }
}
