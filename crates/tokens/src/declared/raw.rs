//! The file as it stands: keys and values, each with its place, before anything is made of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use toml::Spanned;

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) defaults: Table,
    pub(super) token: BTreeMap<String, Spanned<Table>>,
}

/// `[defaults]` or `[token.NAME]`; which keys each may hold was checked before.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Table {
    pub(super) account: Option<Spanned<String>>,
    pub(super) allow_ips: Option<Spanned<Texts>>,
    pub(super) buckets: Option<Spanned<Texts>>,
    pub(super) deny_ips: Option<Spanned<Texts>>,
    pub(super) enabled: Option<bool>,
    pub(super) environment: Option<Spanned<String>>,
    pub(super) expires: Option<Spanned<Text>>,
    pub(super) grant: Vec<Spanned<Grant>>,
    pub(super) id: Option<Spanned<String>>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) not_before: Option<Spanned<Text>>,
    pub(super) operations: Option<Spanned<Texts>>,
    pub(super) options: Option<Spanned<Texts>>,
    pub(super) owner: Option<Spanned<String>>,
    pub(super) plan: Option<Spanned<String>>,
    pub(super) project: Option<Spanned<String>>,
    pub(super) purpose: Option<Spanned<String>>,
    pub(super) recipe: Option<Spanned<Texts>>,
    pub(super) recipes: Option<Spanned<Texts>>,
    pub(super) rotate_every: Option<Spanned<Text>>,
    pub(super) sinks: Option<Spanned<Texts>>,
    pub(super) zones: Option<Spanned<Texts>>,
}

/// `[[token.NAME.grant]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    pub(super) permissions: Spanned<Texts>,
    #[serde(default)]
    pub(super) effect: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) account: Option<Spanned<Texts>>,
    #[serde(default)]
    pub(super) zones: Option<Spanned<Texts>>,
    #[serde(default)]
    pub(super) buckets: Option<Spanned<Texts>>,
    #[serde(default)]
    pub(super) user: Option<Spanned<User>>,
    #[serde(default)]
    pub(super) resources: Option<Spanned<Vec<Resource>>>,
}

/// One text or a list of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts(pub(super) Vec<String>);

/// A text, or a date or time as TOML writes them.
#[derive(Debug, Clone)]
pub(super) struct Text(pub(super) String);

/// `true`, for the user that owns the token, or an id.
#[derive(Debug, Clone)]
pub(super) enum User {
    Own(bool),
    Id(String),
}

/// A resource as the API spells it.
#[derive(Debug, Clone, Default)]
pub(super) struct Resource {
    pub(super) within: Option<String>,
    pub(super) key: String,
    pub(super) value: Option<String>,
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        from.deserialize_any(Each)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(from)? {
            toml::Value::String(text) => Ok(Self(text)),
            toml::Value::Datetime(time) => Ok(Self(time.to_string())),
            // What is wrong with it can be said of the key.
            toml::Value::Integer(number) => Ok(Self(number.to_string())),
            other => Err(de::Error::invalid_type(de::Unexpected::Other(other.type_str()), &"a text or a date")),
        }
    }
}

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(from)? {
            toml::Value::String(text) => Ok(Self::Id(text)),
            toml::Value::Boolean(own) => Ok(Self::Own(own)),
            other => Err(de::Error::invalid_type(de::Unexpected::Other(other.type_str()), &"true or a user's id")),
        }
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            within: Option<String>,
            key: String,
            value: Option<String>,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Resource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a resource's key, or { within, key, value }")
            }

            fn visit_str<E: de::Error>(self, key: &str) -> Result<Resource, E> {
                Ok(Resource { key: key.to_owned(), ..Resource::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Resource, A::Error> {
                let Fields { within, key, value } = Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Resource { within, key, value })
            }
        }
        from.deserialize_any(Either)
    }
}

/// A text of the file as an error shows it: without what a terminal would obey, and cut short.
pub(super) fn shown(text: &str) -> String {
    text.escape_debug().take(120).collect()
}
