//! JSON strings that are read as something else, without a copy of them; and objects that are nothing but objects.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

/// Reads a string and hands it to `read`; its error is told at the string's place.
pub(crate) fn text<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    from: D,
    expected: &'static str,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    from.deserialize_str(Text { expected, read, error: PhantomData })
}

/// The same, where null and the empty string stand for nothing.
pub(crate) fn opt_text<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    from: D,
    expected: &'static str,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, D::Error> {
    let some = |text: &str| if text.is_empty() { Ok(None) } else { read(text).map(Some) };
    from.deserialize_option(Opt(Text { expected, read: some, error: PhantomData }))
}

/// Reads an object. Derived readers of structs take a list as well, and then an empty list is a condition that says
/// nothing: here it is an error.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
    expected: &'static str,
) -> Result<T, D::Error> {
    from.deserialize_map(Object { expected, read: PhantomData })
}

struct Object<T> {
    expected: &'static str,
    read: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

struct Text<F, E> {
    expected: &'static str,
    read: F,
    error: PhantomData<E>,
}

impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Text<F, E> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<R: de::Error>(self, text: &str) -> Result<T, R> {
        (self.read)(text).map_err(R::custom)
    }
}

struct Opt<F, E>(Text<F, E>);

impl<'de, T, E, F> Visitor<'de> for Opt<F, E>
where
    E: fmt::Display,
    F: FnOnce(&str) -> Result<Option<T>, E>,
{
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.expected)
    }

    fn visit_none<R: de::Error>(self) -> Result<Self::Value, R> {
        Ok(None)
    }

    fn visit_unit<R: de::Error>(self) -> Result<Self::Value, R> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self.0)
    }
}
