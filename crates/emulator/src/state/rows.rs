//! What a change of the state is: rows that are new, other, or gone.
//!
//! The tables are maps that share what a changed copy leaves alone, so that two states are compared in the time that
//! their difference takes. A row is a leaf of the tables, found by the names and keys on the way to it.

use std::fmt::Display;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use imbl::ordmap::DiffItem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A table: `BTreeMap`'s methods, but a copy is made at once, and a change copies only the way to what it changes.
pub(crate) type Map<K, V> = imbl::OrdMap<K, V>;

/// One row that is new or other, or all below a place that are gone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Change {
    /// The names and keys that lead there.
    #[serde(rename = "at")]
    pub(crate) place: Vec<String>,
    /// None where it is gone.
    #[serde(rename = "is", default)]
    pub(crate) row: Option<Value>,
}

/// Something that consists of rows.
pub(crate) trait Rows: Sized {
    /// Tells what is needed to make `new` of `old`, or of nothing.
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes);

    /// Takes a change up: `place` is what leads on from here.
    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<Value>) -> Result<(), BadRow>;
}

/// Changes as they are gathered, and the place that is being compared. They are written down at once, as JSON: a whole
/// state need not lie in memory a second time.
pub(crate) struct Changes<'a> {
    place: Vec<String>,
    /// A list of [`Change`]s that lacks its end.
    text: Vec<u8>,
    /// Takes what is gathered whenever it is large, as whole lists.
    full: Option<Full<'a>>,
    fault: Option<io::Error>,
}

/// Takes a list of changes as JSON.
type Full<'a> = &'a mut dyn FnMut(&[u8]) -> io::Result<()>;

/// How many bytes are gathered before they are handed on.
const LARGE: usize = 4 << 20;

#[derive(Serialize)]
struct Written<'a, T> {
    at: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    is: Option<&'a T>,
}

/// A row that the tables have no place for, or that holds what it cannot.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadRow(String);

impl<'a> Changes<'a> {
    /// Gathers all changes as one list.
    pub(crate) fn together() -> Self {
        Self { place: Vec::new(), text: Vec::new(), full: None, fault: None }
    }

    /// Hands the changes on in lists of a few megabytes.
    pub(crate) fn in_parts(full: Full<'a>) -> Self {
        Self { full: Some(full), ..Self::together() }
    }

    /// Compares one step further down.
    pub(crate) fn below(&mut self, step: impl Display, compare: impl FnOnce(&mut Self)) {
        self.place.push(step.to_string());
        compare(self);
        self.place.pop();
    }

    /// The row here is this now.
    pub(crate) fn is(&mut self, row: &impl Serialize) {
        self.write(Some(row));
    }

    /// All that was here is gone.
    pub(crate) fn gone(&mut self) {
        self.write(None::<&Value>);
    }

    /// The list of all changes that were not handed on, or nothing where there are none.
    ///
    /// # Errors
    /// A row could not be written down, or what was handed on was not taken.
    pub(crate) fn finish(mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.text.is_empty() {
            return Ok(None);
        }
        self.text.push(b']');
        match self.full {
            None => Ok(Some(self.text)),
            Some(full) => full(&self.text).map(|()| None),
        }
    }

    fn write<T: Serialize>(&mut self, row: Option<&T>) {
        self.text.push(if self.text.is_empty() { b'[' } else { b',' });
        let written = serde_json::to_writer(&mut self.text, &Written { at: &self.place, is: row });
        let mut done = written.map_err(io::Error::from);
        if let (Some(full), true) = (&mut self.full, self.text.len() > LARGE) {
            self.text.push(b']');
            done = done.and_then(|()| full(&self.text));
            self.text.clear();
        }
        if let Err(fault) = done {
            self.fault.get_or_insert(fault);
        }
    }
}

impl BadRow {
    pub(crate) fn nowhere(place: &[String]) -> Self {
        Self(format!("there is no place {place:?}"))
    }
}

/// What makes the new of the old, as it comes back from the disk.
#[cfg(test)]
pub(crate) fn changes<T: Rows>(old: Option<&T>, new: &T) -> Vec<Change> {
    let mut changes = Changes::together();
    T::compare(old, new, &mut changes);
    changes.finish().unwrap().map_or_else(Vec::new, |text| serde_json::from_slice(&text).unwrap())
}

/// Reads a leaf.
pub(crate) fn read<T: DeserializeOwned>(place: &[String], row: Option<Value>) -> Result<Option<T>, BadRow> {
    if !place.is_empty() {
        return Err(BadRow::nowhere(place));
    }
    row.map(|row| serde_json::from_value(row).map_err(|error| BadRow(error.to_string()))).transpose()
}

impl<K, V> Rows for Map<K, V>
where
    K: Ord + Clone + Display + FromStr<Err: Display>,
    V: Rows + Clone + PartialEq,
{
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes) {
        let Some(old) = old else {
            for (key, value) in new {
                changes.below(key, |changes| V::compare(None, value, changes));
            }
            return;
        };
        for item in old.diff(new) {
            match item {
                DiffItem::Add(key, value) => changes.below(key, |changes| V::compare(None, value, changes)),
                DiffItem::Update { old: (key, before), new: (_, after) } => {
                    changes.below(key, |changes| V::compare(Some(before), after, changes));
                }
                DiffItem::Remove(key, _) => changes.below(key, Changes::gone),
            }
        }
    }

    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<Value>) -> Result<(), BadRow> {
        let Some((key, rest)) = place.split_first() else {
            *slot = None;
            return if row.is_some() { Err(BadRow::nowhere(place)) } else { Ok(()) };
        };
        let key: K = key.parse().map_err(|error: K::Err| BadRow(error.to_string()))?;
        let map = slot.get_or_insert_default();
        let mut value = map.remove(&key);
        V::apply(&mut value, rest, row)?;
        if let Some(value) = value {
            map.insert(key, value);
        }
        Ok(())
    }
}

impl<T: Rows> Rows for Option<T> {
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes) {
        let old = old.and_then(Option::as_ref);
        match new {
            Some(new) => T::compare(old, new, changes),
            None if old.is_some() => changes.gone(),
            None => {}
        }
    }

    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<Value>) -> Result<(), BadRow> {
        let mut inner = slot.take().flatten();
        T::apply(&mut inner, place, row)?;
        *slot = Some(inner);
        Ok(())
    }
}

impl<T: Rows + PartialEq + Clone> Rows for Arc<T> {
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes) {
        if !old.is_some_and(|old| Arc::ptr_eq(old, new)) {
            T::compare(old.map(AsRef::as_ref), new, changes);
        }
    }

    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<Value>) -> Result<(), BadRow> {
        let mut inner = slot.take().map(Self::unwrap_or_clone);
        T::apply(&mut inner, place, row)?;
        *slot = inner.map(Self::new);
        Ok(())
    }
}

/// Makes types rows: each value of them is one.
macro_rules! leaf {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::state::rows::Rows for $type {
            fn compare(old: Option<&Self>, new: &Self, changes: &mut $crate::state::rows::Changes) {
                if old != Some(new) {
                    changes.is(new);
                }
            }

            fn apply(
                slot: &mut Option<Self>,
                place: &[String],
                row: Option<serde_json::Value>,
            ) -> Result<(), $crate::state::rows::BadRow> {
                *slot = $crate::state::rows::read(place, row)?;
                Ok(())
            }
        }
    )+};
}

/// Makes a struct consist of the rows of its fields, which all must be named. A tuple of one is its field.
macro_rules! branch {
    ($type:ty) => {
        impl $crate::state::rows::Rows for $type {
            fn compare(old: Option<&Self>, new: &Self, changes: &mut $crate::state::rows::Changes) {
                $crate::state::rows::Rows::compare(old.map(|old| &old.0), &new.0, changes);
            }

            fn apply(
                slot: &mut Option<Self>,
                place: &[String],
                row: Option<serde_json::Value>,
            ) -> Result<(), $crate::state::rows::BadRow> {
                let mut inner = slot.take().map(|outer| outer.0);
                $crate::state::rows::Rows::apply(&mut inner, place, row)?;
                *slot = inner.map(Self);
                Ok(())
            }
        }
    };
    ($type:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::state::rows::Rows for $type {
            fn compare(old: Option<&Self>, new: &Self, changes: &mut $crate::state::rows::Changes) {
                // A field that is not listed would be lost: this does not compile then.
                let Self { $($field),+ } = new;
                $(changes.below(stringify!($field), |changes| {
                    $crate::state::rows::Rows::compare(old.map(|old| &old.$field), $field, changes);
                });)+
            }

            fn apply(
                slot: &mut Option<Self>,
                place: &[String],
                row: Option<serde_json::Value>,
            ) -> Result<(), $crate::state::rows::BadRow> {
                let Some((field, rest)) = place.split_first() else {
                    *slot = None;
                    return Ok(());
                };
                let whole = slot.get_or_insert_default();
                match field.as_str() {
                    $(stringify!($field) => {
                        let mut inner = Some(std::mem::take(&mut whole.$field));
                        $crate::state::rows::Rows::apply(&mut inner, rest, row)?;
                        whole.$field = inner.unwrap_or_default();
                        Ok(())
                    })+
                    _ => Err($crate::state::rows::BadRow::nowhere(place)),
                }
            }
        }
    };
}

pub(crate) use {branch, leaf};

leaf!(String, Value);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, Default, PartialEq)]
    struct House {
        rooms: Map<u8, Map<String, Chair>>,
        door: Chair,
        long: Map<u16, String>,
    }

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    struct Chair(u8);

    leaf!(Chair);
    branch!(House { rooms, door, long });

    fn applied(to: House, changes: Vec<Change>) -> House {
        let mut slot = Some(to);
        for change in changes {
            House::apply(&mut slot, &change.place, change.row).unwrap();
        }
        slot.unwrap_or_default()
    }

    /// Rooms without chairs count as no rooms: a table's empty part leaves no row.
    fn furnished(house: &House) -> House {
        let rooms = house.rooms.iter().filter(|(_, room)| !room.is_empty());
        House { rooms: rooms.map(|(number, room)| (*number, room.clone())).collect(), ..house.clone() }
    }

    fn house() -> impl Strategy<Value = House> {
        let step = (0..4_u8, "[ab]{0,2}", any::<Option<u8>>());
        (proptest::collection::vec(step, 0..20), any::<u8>()).prop_map(|(steps, door)| {
            let mut house = House { door: Chair(door), ..House::default() };
            for (room, key, chair) in steps {
                change(&mut house, room, key, chair);
            }
            house
        })
    }

    fn change(house: &mut House, room: u8, key: String, chair: Option<u8>) {
        match chair {
            Some(255) => drop(house.rooms.remove(&room)),
            Some(chair) => drop(house.rooms.entry(room).or_default().insert(key, Chair(chair))),
            None => drop(house.rooms.entry(room).or_default().remove(&key)),
        }
    }

    proptest! {
        /// Whatever is done to a copy, what is told of it makes the one of the other.
        #[test]
        fn changes_make_the_new_of_the_old(
            old in house(),
            steps in proptest::collection::vec((0..4_u8, "[ab]{0,2}", any::<Option<u8>>()), 0..20),
        ) {
            let mut new = old.clone();
            for (room, key, chair) in steps {
                change(&mut new, room, key, chair);
            }
            prop_assert_eq!(furnished(&applied(old.clone(), changes(Some(&old), &new))), furnished(&new));
            prop_assert_eq!(furnished(&applied(House::default(), changes(None, &new))), furnished(&new));
        }
    }

    #[test]
    fn what_is_left_alone_is_no_change() {
        let mut house = House::default();
        change(&mut house, 1, "a".to_owned(), Some(1));
        assert_eq!(changes(Some(&house), &house.clone()), []);
        let mut other = house.clone();
        change(&mut other, 1, "b".to_owned(), Some(2));
        let row = Change { place: vec!["rooms".into(), "1".into(), "b".into()], row: Some(2.into()) };
        assert_eq!(changes(Some(&house), &other), [row]);
    }

    #[test]
    fn many_changes_are_handed_on_in_parts() {
        let mut house = House::default();
        for number in 0..200 {
            house.long.insert(number, "x".repeat(100_000));
        }
        let mut parts: Vec<Vec<Change>> = Vec::new();
        let mut take = |text: &[u8]| {
            parts.push(serde_json::from_slice(text)?);
            Ok(())
        };
        let mut changes = Changes::in_parts(&mut take);
        House::compare(None, &house, &mut changes);
        assert!(changes.finish().unwrap().is_none());
        assert!(parts.len() > 3 && parts.iter().all(|part| !part.is_empty()));
        assert_eq!(applied(House::default(), parts.concat()).long, house.long);
        let mut refuse = |_: &[u8]| Err(io::Error::other("full"));
        let mut changes = Changes::in_parts(&mut refuse);
        House::compare(None, &house, &mut changes);
        assert!(changes.finish().is_err());
    }

    /// What serde refuses must not be saved as nothing.
    #[test]
    fn a_row_that_cannot_be_written_is_a_fault() {
        let mut changes = Changes::together();
        changes.is(&std::collections::BTreeMap::from([(vec![1], 2)]));
        assert!(changes.finish().is_err());
    }

    #[test]
    fn rows_without_a_place_are_refused() {
        let refused = |place: &[&str], row: Value| {
            let place: Vec<String> = place.iter().map(ToString::to_string).collect();
            House::apply(&mut None, &place, Some(row)).unwrap_err().to_string()
        };
        assert!(refused(&["cellar"], 1.into()).contains("cellar"));
        assert!(refused(&["rooms"], 1.into()).contains("no place"));
        assert!(refused(&["door", "handle"], 1.into()).contains("handle"));
        assert!(refused(&["rooms", "x", "a"], 1.into()).contains("invalid digit"));
        assert!(refused(&["door"], "open".into()).contains("invalid type"));
    }
}
