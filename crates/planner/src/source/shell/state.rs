//! What is known while a script is read from top to bottom: variables, the folder, the needs so far.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use flarekeep_catalogue::{AccountId, Operation};

use super::word::{Part, Word};
use crate::source::{Follow, FollowKind, Origin, Place, Reading, StatedNeed, Unread};

/// The longest value of a variable that is put in, in bytes: variables that double themselves stop here.
const LONGEST_VALUE: usize = 512;
/// How much text the variables of one command may make, in bytes.
const LONGEST_COMMAND: usize = 1 << 20;

/// How the lines of a script lie in its source.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) enum Lines {
    /// Its first line is this one.
    From(usize),
    /// All of it is on this line.
    At(usize),
}

/// What is known.
pub(in crate::source) struct State<'a> {
    /// The source's name.
    pub(in crate::source) source: &'a str,
    pub(in crate::source) lines: Lines,
    pub(in crate::source) reading: Reading,
    pub(in crate::source) variables: Variables,
    /// The folder in which commands run; none where it is not known.
    pub(in crate::source) folder: Option<String>,
    /// The folder of the script itself, where it is one.
    pub(in crate::source) own_folder: Option<String>,
    /// The major version of wrangler, where something says it.
    pub(in crate::source) wrangler: Option<u32>,
    /// The folders of Terraform that are followed already.
    pub(super) terraform: HashSet<String>,
}

/// Variables over those of the surroundings, which many steps share.
#[derive(Debug, Clone, Default)]
pub(in crate::source) struct Variables {
    /// None for one that is taken away.
    own: HashMap<String, Option<Variable>>,
    below: Option<Rc<Variables>>,
}

impl Variables {
    pub(in crate::source) fn over(below: Rc<Self>) -> Self {
        Self { own: HashMap::new(), below: Some(below) }
    }

    pub(in crate::source) fn get(&self, name: &str) -> Option<&Variable> {
        match self.own.get(name) {
            Some(found) => found.as_ref(),
            None => self.below.as_deref()?.get(name),
        }
    }

    pub(in crate::source) fn insert(&mut self, name: String, value: Variable) {
        self.own.insert(name, Some(value));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.own.insert(name.to_owned(), None);
    }
}

/// What is known of a variable that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) enum Variable {
    /// Its value.
    Known(String),
    /// A value that only a run can tell.
    Open,
    /// Several values, one after the other or by the case.
    Varies,
}

/// A command's arguments, and what they hold that is not known.
pub(super) struct Expanded {
    pub(super) words: Vec<String>,
    /// Whether a word holds a variable that takes several values.
    pub(super) varies: bool,
}

impl<'a> State<'a> {
    pub(in crate::source) fn new(source: &'a str) -> Self {
        Self {
            source,
            lines: Lines::From(1),
            reading: Reading::default(),
            variables: Variables::default(),
            folder: Some(String::new()),
            own_folder: None,
            wrangler: None,
            terraform: HashSet::new(),
        }
    }

    /// Where a line of the script is.
    pub(in crate::source) fn origin(&self, line: usize) -> Origin {
        let line = match self.lines {
            Lines::From(first) => first + line.saturating_sub(1),
            Lines::At(at) => at,
        };
        Origin::line(self.source, line)
    }

    pub(in crate::source) fn need(&mut self, line: usize, operation: &'static Operation, place: Place, why: &str) {
        let origin = self.origin(line);
        self.reading.needs.push(StatedNeed { operation, place, why: why.to_owned(), origin });
    }

    /// What is not known; nothing is said twice of a line.
    pub(in crate::source) fn unread(&mut self, line: usize, what: impl Into<String>) {
        let unread = Unread { origin: self.origin(line), what: what.into() };
        if self.reading.unread.last() != Some(&unread) {
            self.reading.unread.push(unread);
        }
    }

    pub(in crate::source) fn follow(&mut self, line: usize, kind: FollowKind, path: String) {
        let path = if path.is_empty() { ".".to_owned() } else { path };
        let follow = Follow { kind, path, origin: self.origin(line) };
        self.reading.follow.push(follow);
    }

    /// The account that the environment gives.
    pub(in crate::source) fn account(&self) -> Option<AccountId> {
        let value = self.known("CLOUDFLARE_ACCOUNT_ID").or_else(|| self.known("CF_ACCOUNT_ID"))?;
        value.parse().ok()
    }

    /// Whether the account takes several values, of which a plan can have none.
    pub(super) fn account_varies(&self) -> bool {
        ["CLOUDFLARE_ACCOUNT_ID", "CF_ACCOUNT_ID"]
            .iter()
            .find_map(|name| self.variables.get(name))
            .is_some_and(|account| *account == Variable::Varies)
    }

    pub(in crate::source) fn known(&self, name: &str) -> Option<&str> {
        match self.variables.get(name)? {
            Variable::Known(value) => Some(value),
            Variable::Open | Variable::Varies => None,
        }
    }

    /// Sets a variable. What is set only sometimes, and to something else than before, varies.
    pub(super) fn assign(&mut self, name: String, value: &Word, conditional: bool) {
        let value = self.text(value).filter(|value| value.len() <= LONGEST_VALUE);
        let value = value.map_or(Variable::Open, Variable::Known);
        let before = self.variables.get(&name);
        let varies = conditional && before.is_some_and(|before| *before != value);
        self.variables.insert(name, if varies { Variable::Varies } else { value });
    }

    /// The text of a word, if all of it is known.
    pub(super) fn text(&self, word: &Word) -> Option<String> {
        let mut text = String::new();
        for part in &word.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Variable { name, .. } => text.push_str(self.known(name)?),
                Part::OwnFolder => text.push('.'),
                Part::Unknown => return None,
            }
            if text.len() > LONGEST_VALUE {
                return (word.parts.len() == 1).then_some(text);
            }
        }
        Some(text)
    }

    /// The words with the variables put in that are known; the others stay, as `$NAME`.
    pub(super) fn expand(&self, words: &[Word]) -> Expanded {
        let mut expanded = Expanded { words: Vec::new(), varies: false };
        let mut made = 0;
        for word in words {
            if let [Part::Variable { name, quoted: false }] = word.parts.as_slice()
                && let Some(value) = self.known(name)
            {
                made += value.len();
                if made > LONGEST_COMMAND {
                    break;
                }
                expanded.words.extend(value.split_whitespace().map(str::to_owned));
                continue;
            }
            let mut text = String::new();
            for part in &word.parts {
                match part {
                    Part::Text(part) => text.push_str(part),
                    Part::OwnFolder => text.push_str(self.own_folder.as_deref().unwrap_or("$0")),
                    Part::Unknown => text.push_str("$_"),
                    Part::Variable { name, .. } => match self.variables.get(name) {
                        Some(Variable::Known(value)) if text.len() <= LONGEST_VALUE => text.push_str(value),
                        set => {
                            expanded.varies |= set == Some(&Variable::Varies);
                            text.push('$');
                            text.push_str(name);
                        }
                    },
                }
            }
            made += text.len();
            expanded.words.push(text);
            if made > LONGEST_COMMAND {
                break;
            }
        }
        expanded
    }
}

/// Whether a text is left to the run.
pub(in crate::source) fn is_open(text: &str) -> bool {
    text.contains('$')
}
