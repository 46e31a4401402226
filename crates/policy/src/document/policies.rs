//! The policies of a token.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use flarekeep_catalogue::GroupId;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::reference::grant;
use super::text::{object, opt_text, text};
use crate::resource::Resource;
use crate::token::{Effect, Grant, Policy};

impl<'de> Deserialize<'de> for Policy {
    /// Reads a policy as the API writes it; fields that say nothing of what it grants are passed over.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let fields: Fields = object(from, "a policy: {\"effect\", \"resources\", \"permission_groups\"}")?;
        Ok(Self {
            effect: fields.effect,
            resources: fields.resources.0,
            groups: fields.permission_groups.into_iter().map(|group| group.0).collect(),
        })
    }
}

#[derive(Deserialize)]
struct Fields {
    #[serde(deserialize_with = "effect")]
    effect: Effect,
    resources: Resources,
    permission_groups: Vec<Reference>,
}

fn effect<'de, D: Deserializer<'de>>(from: D) -> Result<Effect, D::Error> {
    text(from, "an effect, `allow` or `deny`", |word| match word {
        "allow" => Ok(Effect::Allow),
        "deny" => Ok(Effect::Deny),
        _ => Err("an effect is `allow` or `deny`"),
    })
}

/// One entry of `permission_groups`.
struct Reference(Grant);

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields<'a> {
            #[serde(default, deserialize_with = "group_id")]
            id: Option<GroupId>,
            #[serde(default, borrow)]
            name: Option<Key<'a>>,
        }
        let fields: Fields<'_> = object(from, "a permission group: {\"id\", \"name\"}")?;
        grant(fields.id, fields.name.as_ref().map(|name| &*name.0)).map(Self).map_err(de::Error::custom)
    }
}

fn group_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<GroupId>, D::Error> {
    opt_text(from, "a permission group's id", str::parse)
}

/// The object `resources`: `{key: "*"}` or `{key: {key: "*"}}`.
struct Resources(Vec<Resource>);

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Outer)
    }
}

struct Outer;

impl<'de> Visitor<'de> for Outer {
    type Value = Resources;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("resources: {key: \"*\"} or {key: {key: \"*\"}}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Resources, A::Error> {
        let mut resources = Vec::new();
        let mut seen = BTreeSet::new();
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            map.next_value_seed(Below { key: &key, resources: &mut resources })?;
            once(&mut seen, key)?;
        }
        Ok(Resources(resources))
    }
}

/// What stands behind a key: `"*"`, or resources below it.
struct Below<'a> {
    key: &'a str,
    resources: &'a mut Vec<Resource>,
}

impl<'de> DeserializeSeed<'de> for Below<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Below<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`\"*\"` or {key: \"*\"}")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.resources.push(Resource::read(self.key, value).map_err(E::custom)?);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some((Key(inner), Key(value))) = map.next_entry::<Key<'de>, Key<'de>>()? {
            self.resources.push(Resource::read_nested(self.key, &inner, &value).map_err(de::Error::custom)?);
            once(&mut seen, inner)?;
        }
        Ok(())
    }
}

/// Refuses a key that stood there before: of two, readers take the first, the last or both, and nobody says which of
/// them the API is.
fn once<'de, E: de::Error>(seen: &mut BTreeSet<Cow<'de, str>>, key: Cow<'de, str>) -> Result<(), E> {
    match seen.replace(key) {
        Some(key) => {
            let key: String = key.chars().take(LONGEST).flat_map(char::escape_debug).collect();
            Err(E::custom(format_args!("the resource `{key}` stands there twice")))
        }
        None => Ok(()),
    }
}

/// How much of a key an error quotes.
const LONGEST: usize = 200;

/// A string that is borrowed where it holds no escape.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
