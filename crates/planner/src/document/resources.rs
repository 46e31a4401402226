//! The resources of a policy in a plan file: each key stands there once. Of two, readers take the first, the last or both,
//! and a check of one would say nothing of the others.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::{ResourceDocument, read};

/// Reads an object in which no key stands twice.
pub(super) fn each_once<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    from.deserialize_map(EachOnce(PhantomData))
}

struct EachOnce<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EachOnce<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("resources: {key: \"*\"} or {key: {key: \"*\"}}")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        entries(map)
    }
}

fn entries<'de, A: MapAccess<'de>, T: Deserialize<'de>>(mut map: A) -> Result<BTreeMap<String, T>, A::Error> {
    let mut entries = BTreeMap::new();
    while let Some((key, value)) = map.next_entry::<String, T>()? {
        if entries.contains_key(&key) {
            return Err(de::Error::custom(format_args!("the resource `{}` stands there twice", read::shown(&key))));
        }
        entries.insert(key, value);
    }
    Ok(entries)
}

impl<'de> Deserialize<'de> for ResourceDocument {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Value)
    }
}

struct Value;

impl<'de> Visitor<'de> for Value {
    type Value = ResourceDocument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`\"*\"` or {key: \"*\"}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ResourceDocument, E> {
        Ok(ResourceDocument::Whole(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ResourceDocument, A::Error> {
        entries(map).map(ResourceDocument::Nested)
    }
}
