//! The arguments of a command line, as far as the table asks for them.

use super::ToolName;
use super::row::list;

/// A command line's arguments.
pub(super) struct Arguments<'a> {
    all: &'a [String],
    /// Those that are no option and no value of an option that is known to take one.
    words: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    /// Takes the arguments apart; `with_value` lists the options whose value may stand among the words.
    pub(super) fn new(all: &'a [String], with_value: &'static str) -> Self {
        let mut words = Vec::new();
        let mut rest = all.iter();
        while let Some(argument) = rest.next() {
            if !is_option(argument) {
                words.push(argument.as_str());
            } else if list(with_value).any(|option| option == argument) {
                rest.next();
            }
        }
        Self { all, words }
    }

    /// Whether the words begin with those of a command.
    pub(super) fn begin_with(&self, command: &str) -> bool {
        let mut words = self.words.iter();
        command.split_whitespace().all(|wanted| words.next().is_some_and(|word| *word == wanted))
    }

    /// The arguments of a command of so many words.
    pub(super) fn after(mut self, count: usize) -> Self {
        self.words.drain(..count.min(self.words.len()));
        self
    }

    /// Whether every condition of a row holds: `--x` is there, `!--x` is not, `--x=v` has the value, `--x~v` has it in its
    /// value, `1=s3://` the first word is of that form.
    pub(super) fn meet(&self, conditions: &'static str) -> bool {
        list(conditions).all(|condition| match condition.strip_prefix('!') {
            Some(condition) => !self.holds(condition),
            None => self.holds(condition),
        })
    }

    /// The first value of an option.
    pub(super) fn value(&self, option: &str) -> Option<&'a str> {
        self.values(option).next()
    }

    /// What a row's `names` find.
    pub(super) fn names(&self, names: &'static str) -> Vec<(ToolName, String)> {
        let mut found = Vec::new();
        for (kind, place) in list(names).filter_map(|name| name.split_once('=')) {
            let Some(kind) = kind_of(kind) else { continue };
            match place.parse::<usize>() {
                Ok(position) => found.extend(self.word(position).map(|word| (kind, word.to_owned()))),
                Err(_) if place.starts_with('-') => {
                    found.extend(self.values(place).map(|value| (kind, value.to_owned())));
                }
                Err(_) => {
                    let named = self.words.iter().filter(|word| is_of_form(word, place));
                    found.extend(named.map(|word| (kind, word.strip_prefix("s3://").unwrap_or(word).to_owned())));
                }
            }
        }
        found
    }

    fn holds(&self, condition: &str) -> bool {
        if let Some((option, part)) = condition.split_once('~') {
            return self.values(option).any(|value| value.contains(part));
        }
        match condition.split_once('=') {
            None => self.all.iter().any(|argument| is_named(argument, condition)),
            Some((place, wanted)) => match place.parse::<usize>() {
                Ok(position) => self.word(position).is_some_and(|word| is_of_form(word, wanted)),
                Err(_) => self.values(place).any(|value| value == wanted),
            },
        }
    }

    /// A word of those behind the command, counted from 1.
    fn word(&self, position: usize) -> Option<&'a str> {
        self.words.get(position.checked_sub(1)?).copied()
    }

    /// The values of an option: behind `=`, or the next argument.
    fn values(&self, option: &str) -> impl Iterator<Item = &'a str> {
        self.all.iter().enumerate().filter(move |(_, argument)| is_named(argument, option)).filter_map(
            move |(position, argument)| match argument.split_once('=') {
                Some((_, value)) => Some(value),
                None => self.all.get(position + 1).map(String::as_str),
            },
        )
    }
}

fn is_option(argument: &str) -> bool {
    argument.len() > 1 && argument.starts_with('-')
}

/// Whether an argument is this option, with a value attached or without.
fn is_named(argument: &str, option: &str) -> bool {
    argument.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// Whether a word is `s3://BUCKET/…`, or `REMOTE:BUCKET/…` of rclone's.
fn is_of_form(word: &str, form: &str) -> bool {
    match form {
        "remote:" => word.split_once(':').is_some_and(|(remote, rest)| {
            !remote.contains(['/', '\\', '.', '$']) && (!remote.is_empty() || !rest.is_empty())
        }),
        _ => word.starts_with(form),
    }
}

fn kind_of(name: &str) -> Option<ToolName> {
    match name {
        "zone" => Some(ToolName::Zone),
        "zone-of" => Some(ToolName::Hosts),
        "bucket" => Some(ToolName::Bucket),
        "worker" => Some(ToolName::Worker),
        "endpoint" => Some(ToolName::Endpoint),
        "folder" => Some(ToolName::Folder),
        _ => None,
    }
}
