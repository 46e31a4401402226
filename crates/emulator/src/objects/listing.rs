//! Listing a bucket: prefix, delimiter, pages.

use std::ops::Bound;
use std::sync::Arc;

use super::Object;
use crate::state::Map;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a> {
    /// Keys that begin with this; empty for all.
    pub(crate) prefix: &'a str,
    /// Keys that have this behind the prefix are rolled up to one entry; empty for none.
    pub(crate) delimiter: &'a str,
    pub(crate) after: Option<After<'a>>,
    /// The most entries.
    pub(crate) most: usize,
}

/// Where a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After<'a> {
    /// Behind a key.
    Key(&'a str),
    /// Behind all keys with a common prefix.
    Prefix(&'a str),
}

/// One page.
#[derive(Debug, Default)]
pub(crate) struct Listing<'a> {
    /// Objects and common prefixes in the order of their names.
    pub(crate) entries: Vec<Entry<'a>>,
    /// Whether there is another page, behind the last entry.
    pub(crate) more: bool,
}

/// An object, or what several keys have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Entry<'a> {
    Object(&'a str, &'a Arc<Object>),
    Prefix(&'a str),
}

impl<'a> Entry<'a> {
    /// Where the list goes on behind the entry.
    pub(crate) fn after(&self) -> After<'a> {
        match self {
            Self::Object(key, _) => After::Key(key),
            Self::Prefix(prefix) => After::Prefix(prefix),
        }
    }
}

/// One page of the keys in their order. It costs what the page holds, and one search for each common prefix.
pub(crate) fn list<'a>(objects: &'a Map<String, Arc<Object>>, query: Query<'a>) -> Listing<'a> {
    let mut listing = Listing::default();
    if query.most == 0 {
        return listing;
    }
    let mut from = Bound::Included(query.prefix.to_owned());
    match query.after {
        Some(After::Key(key)) if key >= query.prefix => from = Bound::Excluded(key.to_owned()),
        Some(After::Prefix(prefix)) if !prefix.is_empty() => {
            let Some(behind) = behind(prefix) else { return listing };
            if behind.as_str() > query.prefix {
                from = Bound::Included(behind);
            }
        }
        _ => {}
    }
    loop {
        let next = objects.range::<_, str>((from.as_ref().map(String::as_str), Bound::Unbounded)).next();
        let Some((key, object)) = next.filter(|(key, _)| key.starts_with(query.prefix)) else { return listing };
        if listing.entries.len() == query.most {
            listing.more = true;
            return listing;
        }
        match common(key, query) {
            None => {
                listing.entries.push(Entry::Object(key, object));
                from = Bound::Excluded(key.clone());
            }
            Some(prefix) => {
                listing.entries.push(Entry::Prefix(prefix));
                let Some(behind) = behind(prefix) else { return listing };
                from = Bound::Included(behind);
            }
        }
    }
}

/// The key up to the delimiter behind the prefix.
fn common<'a>(key: &'a str, query: Query) -> Option<&'a str> {
    if query.delimiter.is_empty() {
        return None;
    }
    let rest = key.get(query.prefix.len()..)?;
    let at = rest.find(query.delimiter)?;
    key.get(..query.prefix.len() + at + query.delimiter.len())
}

/// The least text that is behind every text with this prefix; none where there is none.
fn behind(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        let next = ((last as u32 + 1)..=char::MAX as u32).find_map(char::from_u32);
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::body::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn objects(keys: &BTreeSet<String>) -> Map<String, Arc<Object>> {
        let object = || Arc::new(Object::new(Bytes::new(), Arc::default(), 0));
        keys.iter().map(|key| (key.clone(), object())).collect()
    }

    /// The names of all entries, as one reads in the documentation of S3: filter, roll up, sort.
    fn naive(keys: &BTreeSet<String>, prefix: &str, delimiter: &str) -> Vec<String> {
        let names: BTreeSet<String> = keys
            .iter()
            .filter_map(|key| key.strip_prefix(prefix))
            .map(|rest| match rest.split_once(delimiter) {
                Some((before, _)) if !delimiter.is_empty() => format!("{prefix}{before}{delimiter}"),
                _ => format!("{prefix}{rest}"),
            })
            .collect();
        names.into_iter().collect()
    }

    fn paged(objects: &Map<String, Arc<Object>>, prefix: &str, delimiter: &str, most: usize) -> Vec<String> {
        let (mut names, mut after) = (Vec::new(), None);
        loop {
            let page = list(objects, Query { prefix, delimiter, after, most });
            assert!(page.entries.len() <= most && (page.entries.len() == most || !page.more));
            names.extend(page.entries.iter().map(|entry| match entry.after() {
                After::Key(name) | After::Prefix(name) => name.to_owned(),
            }));
            if !page.more {
                return names;
            }
            after = page.entries.last().map(Entry::after);
        }
    }

    proptest! {
        #[test]
        fn pages_give_what_one_list_would(
            keys in prop::collection::btree_set("[ab/\u{10ffff}\u{d7ff}]{1,5}", 0..12),
            prefix in "[ab/]{0,2}",
            delimiter in prop::sample::select(vec!["", "/", "a", "b/"]),
            most in 1usize..4,
        ) {
            prop_assert_eq!(paged(&objects(&keys), &prefix, delimiter, most), naive(&keys, &prefix, delimiter));
        }

        #[test]
        fn a_list_starts_behind_the_key_that_is_given(
            keys in prop::collection::btree_set("[ab/]{1,4}", 0..12),
            after in "[ab/]{0,4}",
            prefix in "[ab/]{0,2}",
        ) {
            let objects = objects(&keys);
            let query = Query { prefix: &prefix, delimiter: "", after: Some(After::Key(&after)), most: 100 };
            let listed: Vec<_> = list(&objects, query).entries.iter().map(|entry| match entry.after() {
                After::Key(name) | After::Prefix(name) => name.to_owned(),
            }).collect();
            let expected: Vec<_> =
                keys.iter().filter(|key| key.starts_with(&prefix) && **key > after).cloned().collect();
            prop_assert_eq!(listed, expected);
        }
    }
}
