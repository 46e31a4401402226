//! The keys of wrangler's configuration, and what each makes wrangler call.

use crate::tables;

/// A key of wrangler's configuration, under one condition; a key that has several conditions is there several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WranglerKey {
    /// The key; a `.` leads into a table: `triggers.crons`.
    pub path: &'static str,
    /// Whether an environment has the key of the top level.
    pub whose: Whose,
    /// When the row holds.
    pub when: When,
    /// What follows for the token.
    pub needs: WhatItNeeds,
    /// Where the fact comes from.
    pub source: &'static str,
}

/// Whether an environment has the key of the top level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// An environment that lacks it has that of the top level.
    Inherited,
    /// Each environment has its own or none.
    Own,
    /// There is only that of the top level.
    Top,
}

/// When a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// When the key is there.
    Set,
    /// For each entry of its list.
    Each,
    /// For each entry that gives this key.
    EachWith(&'static str),
    /// For each entry that lacks this key.
    EachWithout(&'static str),
    /// For each entry that names no other Worker by `script_name`.
    EachOwn,
    /// For each route, at its zone.
    Routes,
}

/// What follows for the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhatItNeeds {
    /// Nothing more than the command itself.
    Nothing,
    /// This option of the recipe of the command, where that has it.
    Option(&'static str),
    /// Nobody has recorded it; the clause says what is known.
    NotKnown(&'static str),
}

/// The keys that are known, ordered by path.
pub fn wrangler_keys() -> impl Iterator<Item = WranglerKey> + Clone {
    tables::wrangler_keys().lines().filter_map(read)
}

fn read(line: &'static str) -> Option<WranglerKey> {
    let mut cells = line.split('\t');
    let (path, whose, when) = (cells.next()?, cells.next()?, cells.next()?);
    let (option, note, source) = (cells.next()?, cells.next()?, cells.next()?);
    let whose = match whose {
        "inherited" => Whose::Inherited,
        "own" => Whose::Own,
        "top" => Whose::Top,
        _ => return None,
    };
    let when = match when.split_once(' ') {
        None if when.is_empty() || when == "set" => When::Set,
        None if when == "each" => When::Each,
        None if when == "routes" => When::Routes,
        Some(("each", "own")) => When::EachOwn,
        Some(("each", rest)) => match rest.split_once(' ')? {
            ("with", key) => When::EachWith(key),
            ("without", key) => When::EachWithout(key),
            _ => return None,
        },
        _ => return None,
    };
    let needs = match option {
        "-" => WhatItNeeds::Nothing,
        "?" => WhatItNeeds::NotKnown(note),
        option => WhatItNeeds::Option(option),
    };
    Some(WranglerKey { path, whose, when, needs, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::recipe;

    #[test]
    fn every_row_reads() {
        assert_eq!(wrangler_keys().count(), tables::wrangler_keys().lines().count());
        assert!(wrangler_keys().map(|key| key.path).is_sorted());
        for key in wrangler_keys() {
            assert!(!key.path.is_empty() && !key.source.is_empty(), "{}", key.path);
            assert_ne!(key.needs, WhatItNeeds::NotKnown(""), "{}", key.path);
        }
    }

    #[test]
    fn every_option_is_one_of_the_deployments() {
        let options = recipe("wrangler-deploy").unwrap().options;
        for key in wrangler_keys() {
            if let WhatItNeeds::Option(option) = key.needs {
                assert!(options.iter().any(|(known, _)| known == option), "{}: {option}", key.path);
            }
        }
    }

    /// A table's own row says whose its parts are: one rule for a key and what is in it.
    #[test]
    fn what_is_in_a_table_is_as_the_table() {
        for key in wrangler_keys() {
            if let Some((table, _)) = key.path.split_once('.') {
                let of_table = wrangler_keys().find(|other| other.path == table).unwrap();
                assert_eq!(key.whose, of_table.whose, "{}", key.path);
            }
        }
    }
}
