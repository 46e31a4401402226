//! How ids, times and names are written in paths and JSON.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Error;

/// `text` for a query or one part of a path: all but the unreserved characters of RFC 3986 are encoded.
pub(crate) fn encoded(text: &str) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, RESERVED).to_string()
}

/// `name` as one part of a path. A name that would change which thing the path names is refused.
pub(crate) fn segment(name: &str) -> Result<String, Error> {
    if matches!(name, "" | "." | "..") {
        return Err(Error::Unsendable { detail: format!("`{name}` cannot be the name of a thing") });
    }
    Ok(encoded(name))
}

/// Ids of the catalogue's types, as their 32 digits.
pub(crate) mod id {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<T: Display, S: Serializer>(id: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub(crate) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// Times, which are sent in whole seconds: Cloudflare's own clients send no fraction.
pub(crate) mod seconds {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de};

    // The signature is serde's.
    #[allow(clippy::ref_option)]
    pub(crate) fn serialize<S: Serializer>(time: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.collect_str(&time.strftime("%Y-%m-%dT%H:%M:%SZ")),
            None => to.serialize_none(),
        }
    }

    /// Null and an empty text are no time.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(from)?.filter(|text| !text.is_empty());
        text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_path_is_encoded_whole() {
        assert_eq!(segment("a b/c?d#é").unwrap(), "a%20b%2Fc%3Fd%23%C3%A9");
        assert_eq!(segment("my-bucket_1.x~").unwrap(), "my-bucket_1.x~");
        for name in ["", ".", ".."] {
            assert!(segment(name).is_err());
        }
    }
}
