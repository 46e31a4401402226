//! A file that is being read: its lines, and the entries of its lists.

use std::cell::Cell;

use flarekeep_catalogue::{TokenId, harmless};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::entry::{self, Lack, Read};
use super::shape::{AccountEntry, ZoneEntry, id_in};
use super::{ReadError, guarded, place_less};
use crate::text::shown;
use crate::world::{AccountFacts, Place, Unread, World, ZoneFacts};

pub(super) struct File<'a> {
    name: &'a str,
    pub(super) text: &'a str,
    /// The last offset whose line was asked for, and that line: parts are asked for in order, and counted from there.
    last: Cell<(usize, usize)>,
}

impl<'a> File<'a> {
    pub(super) fn new(name: &'a str, text: &'a str) -> Self {
        Self { name, text, last: Cell::new((0, 1)) }
    }

    pub(super) fn parse<T: Deserialize<'a>>(&self, text: &'a str) -> Result<T, ReadError> {
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| ReadError {
            name: self.shown(),
            line: self.line(text) + error.line().saturating_sub(1),
            reason: place_less(&error),
        })
    }

    pub(super) fn parse_part<T: Deserialize<'a>>(&self, part: &'a RawValue) -> Result<T, ReadError> {
        self.parse(part.get())
    }

    /// The line in which a part of the text begins.
    fn line(&self, part: &str) -> usize {
        self.line_at((part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize))
    }

    fn line_at(&self, offset: usize) -> usize {
        let (from, line) = Some(self.last.get()).filter(|(from, _)| *from <= offset).unwrap_or((0, 1));
        let passed = self.text.as_bytes().get(from..offset).unwrap_or_default();
        let line = line + passed.iter().filter(|byte| **byte == b'\n').count();
        self.last.set((offset, line));
        line
    }

    pub(super) fn place(&self, part: &str) -> Place {
        Place::File { name: self.shown(), line: self.line(part) }
    }

    pub(super) fn shown(&self) -> String {
        self.name.chars().flat_map(harmless).collect()
    }

    pub(super) fn error(&self, reason: &str) -> ReadError {
        ReadError { name: self.shown(), line: 1, reason: reason.to_owned() }
    }

    pub(super) fn unread(&self, part: &RawValue, why: &str) -> Unread {
        Unread { what: self.place(part.get()).to_string(), why: guarded(why) }
    }

    /// What is read of the entries of a list of tokens.
    pub(super) fn tokens(&self, entries: &[&'a RawValue], world: &mut World) {
        let read = entries.iter().enumerate().map(|(at, part)| {
            let read = entry::read(part.get(), self.place(part.get()));
            read.map_err(|why| Unread { what: self.which(at, part.get()), why: guarded(&why) })
        });
        self.take(read, world);
    }

    /// Takes in what was read of tokens.
    pub(super) fn take(&self, all: impl Iterator<Item = Result<Read, Unread>>, world: &mut World) {
        for read in all {
            match read {
                Ok(Read { record, lack }) => {
                    let what = format!("{}: what token {} ({}) grants", record.place, record.id, shown(&record.name));
                    match lack {
                        Some(Lack::Odd(why)) => world.unread.push(Unread { what, why: guarded(&why) }),
                        Some(lack) => world.silent.push((record.id, Unread { what, why: lack.words() })),
                        None => {}
                    }
                    world.tokens.push(record);
                }
                Err(unread) => world.unread.push(unread),
            }
        }
    }

    /// The tokens of a list, for telling whether its other pages are there.
    pub(super) fn ids(entries: &[&'a RawValue]) -> impl Iterator<Item = Option<TokenId>> {
        entries.iter().map(|part| id_in(part.get()))
    }

    /// An entry that is no token: its id where it has one, else its number in the list.
    fn which(&self, at: usize, text: &str) -> String {
        let place = self.place(text);
        match id_in(text) {
            Some(id) => format!("{place}: token {id}"),
            None => format!("{place}: entry {} of the list", at.saturating_add(1)),
        }
    }

    pub(super) fn accounts(&self, entries: &[&'a RawValue], world: &mut World) {
        for part in entries {
            let read: Option<AccountEntry> = serde_json::from_str(part.get()).ok();
            match read.and_then(|entry| Some((entry.id()?, entry))) {
                Some((id, AccountEntry { name, zones, token_quota, .. })) => {
                    world.accounts.insert(id, AccountFacts { name, zones, token_quota });
                }
                None => world.unread.push(self.unread(part, "it is no account: {\"id\", \"name\", \"zones\"}")),
            }
        }
    }

    pub(super) fn zones(&self, entries: &[&'a RawValue], world: &mut World) {
        for part in entries {
            let read: Option<ZoneEntry> = serde_json::from_str(part.get()).ok();
            match read.and_then(|entry| Some((entry.id()?, entry))) {
                Some((id, entry)) => {
                    let account = entry.account();
                    world.zones.insert(id, ZoneFacts { name: entry.name, account });
                }
                None => world.unread.push(self.unread(part, "it is no zone: {\"id\", \"name\", \"account\"}")),
            }
        }
    }
}
