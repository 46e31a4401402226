//! The messages: what a Worker asks, and what is told of an object.

use axum::body::Bytes;
use serde_json::{Map, Value, json};

use super::{Failure, invalid};
use crate::credential::{hash, hex};
use crate::objects::{About, Fault, Object};

/// What a Worker asks for, with numbers as JSON numbers or as text: Cap'n Proto writes those of 64 bits as text.
#[derive(Debug)]
pub(super) struct Message(Map<String, Value>);

impl Message {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        match serde_json::from_slice(bytes).ok()? {
            Value::Object(object) => Some(Self(object)),
            _ => None,
        }
    }

    pub(super) fn method(&self) -> &str {
        self.text("method").unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(number)
    }

    pub(super) fn list(&self, name: &str) -> &[Value] {
        self.0.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// The key that is asked for, within R2's length.
    pub(super) fn key(&self) -> Result<&str, Failure> {
        self.text("object").filter(|key| is_key(key)).ok_or_else(bad_name)
    }

    /// What is to be told of an object beside its bytes. The time at which a cache drops it is not kept.
    pub(super) fn about(&self) -> Result<About, Failure> {
        /// R2's limit of customMetadata together.
        const MOST: usize = 8_192;
        let field = |name: &str| Some(self.member("httpFields")?.get(name)?.as_str()?.to_owned());
        let pairs = self.list("customFields").iter();
        let pair = |pair: &Value| Some((pair.get("k")?.as_str()?.to_owned(), pair.get("v")?.as_str()?.to_owned()));
        let about = About {
            content_type: field("contentType"),
            cache_control: field("cacheControl"),
            content_disposition: field("contentDisposition"),
            content_encoding: field("contentEncoding"),
            content_language: field("contentLanguage"),
            storage_class: self.text("storageClass").map(ToOwned::to_owned),
            metadata: pairs.filter_map(pair).collect(),
            ..About::default()
        };
        let fields = [
            &about.content_type,
            &about.cache_control,
            &about.content_disposition,
            &about.content_encoding,
            &about.content_language,
        ];
        let own = about.metadata.iter().flat_map(|(name, value)| [name, value]);
        // They are headers to other clients.
        if fields.into_iter().flatten().chain(own).any(|text| text.contains(char::is_control)) {
            return Err(invalid());
        }
        if about.metadata.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MOST {
            let message = "Your metadata headers exceed the maximum allowed metadata size.";
            return Err(Failure::new(400, 10012, message));
        }
        Ok(about)
    }

    /// Whether what is asked for with `onlyIf` holds of what is there, as miniflare decides it: a tag that matches makes
    /// up for a time that does not.
    pub(super) fn holds(&self, there: Option<&Object>) -> bool {
        let Some(condition) = self.member("onlyIf") else { return true };
        let tags = |name: &str| condition.get(name).and_then(Value::as_array).filter(|tags| !tags.is_empty());
        let (wanted, unwanted) = (tags("etagMatches"), tags("etagDoesNotMatch"));
        let time = |name: &str| condition.get(name).and_then(number).filter(|at| *at != u64::MAX);
        let (before, after) = (time("uploadedBefore"), time("uploadedAfter"));
        let Some(object) = there else { return wanted.is_none() && after.is_none() };
        let whole = condition.get("secondsGranularity").and_then(Value::as_bool).unwrap_or_default();
        let limit = |at: u64| if whole { at / 1000 * 1000 } else { at };
        let is = |tag: &Value, weak: bool| match tag.get("type").and_then(Value::as_str) {
            Some("wildcard") => true,
            Some(kind) => {
                tag.get("value").and_then(Value::as_str) == Some(object.etag.as_str()) && (weak || kind == "strong")
            }
            None => false,
        };
        let matches = wanted.map(|tags| tags.iter().any(|tag| is(tag, false)));
        let differs = unwanted.map(|tags| !tags.iter().any(|tag| is(tag, true)));
        let uploaded = milliseconds(object.modified);
        matches != Some(false)
            && differs != Some(false)
            && (after.is_none_or(|after| limit(after) < uploaded) || differs == Some(true))
            && (before.is_none_or(|before| uploaded < limit(before)) || matches == Some(true))
    }

    /// The part of an object of this size that is asked for, as offset and length; none for all of it.
    pub(super) fn range(&self, size: u64) -> Result<Option<(u64, u64)>, Failure> {
        let wrong = || Failure::new(416, 10039, "The requested range is not satisfiable");
        let (offset, length, suffix) = if let Some(header) = self.text("rangeHeader") {
            // Several parts, or another unit: the whole, as for HTTP.
            let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
                return Ok(None);
            };
            match (first.trim().parse::<u64>().ok(), last.trim().parse::<u64>().ok()) {
                (None, Some(suffix)) if first.trim().is_empty() => (None, None, Some(suffix)),
                (Some(first), None) if last.trim().is_empty() => (Some(first), None, None),
                (Some(first), Some(last)) if first <= last => {
                    (Some(first), Some((last - first).saturating_add(1)), None)
                }
                _ => return Ok(None),
            }
        } else if let Some(range) = self.member("range") {
            let part = |name: &str| range.get(name).and_then(number).filter(|at| *at != u64::MAX);
            (part("offset"), part("length"), part("suffix"))
        } else {
            return Ok(None);
        };
        let (offset, length) = match suffix {
            Some(suffix) => (size - suffix.min(size), suffix.min(size)),
            None => {
                let offset = offset.unwrap_or_default();
                let rest = size.checked_sub(offset).ok_or_else(wrong)?;
                (offset, length.map_or(rest, |length| length.min(rest)))
            }
        };
        if length == 0 { Err(wrong()) } else { Ok(Some((offset, length))) }
    }
}

/// What is told of an object. `fields` says whether of its HTTP fields, and of the Worker's own.
pub(super) fn told(key: &str, object: &Object, fields: (bool, bool)) -> Value {
    let about = &*object.about;
    let mut http = Map::new();
    let named = [
        ("contentType", &about.content_type),
        ("contentLanguage", &about.content_language),
        ("contentDisposition", &about.content_disposition),
        ("contentEncoding", &about.content_encoding),
        ("cacheControl", &about.cache_control),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            http.insert(name.to_owned(), value.as_str().into());
        }
    }
    let own: Vec<Value> = about.metadata.iter().map(|(k, v)| json!({"k": k, "v": v})).collect();
    // An object that was uploaded in parts has a tag with a hyphen, which is no MD5.
    let checksums = if object.etag.contains('-') { json!({}) } else { json!({"0": object.etag}) };
    let mut told = json!({
        "name": key,
        "version": version(key, object),
        "size": object.size().to_string(),
        "etag": object.etag,
        "uploaded": milliseconds(object.modified).to_string(),
        "checksums": checksums,
        "storageClass": about.storage_class.as_deref().unwrap_or("Standard"),
    });
    if let Some(told) = told.as_object_mut() {
        if fields.0 {
            told.insert("httpFields".to_owned(), http.into());
        }
        if fields.1 {
            told.insert("customFields".to_owned(), own.into());
        }
    }
    told
}

/// The same with the part that is given, or all of it.
pub(super) fn told_with(key: &str, object: &Object, range: Option<(u64, u64)>) -> Value {
    let mut told = told(key, object, (true, true));
    let (offset, length) = range.unwrap_or((0, object.size()));
    if let Some(told) = told.as_object_mut() {
        told.insert("range".to_owned(), json!({"offset": offset.to_string(), "length": length.to_string()}));
    }
    told
}

/// What a condition that does not hold answers.
pub(super) fn unmet(key: &str, there: Option<&Object>) -> Failure {
    let about = there.map(|object| told_with(key, object, None));
    Failure { about, ..Fault::PreconditionFailed.into() }
}

/// Compares the bytes with the digests that a Worker names: the MD5 in base64, the others in hexadecimal.
pub(super) fn digests(message: &Message, bytes: &Bytes) -> Result<Vec<(&'static str, String)>, Failure> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use s3s::crypto::{Checksum as _, Sha1};
    use sha2::{Digest, Sha256, Sha384, Sha512};
    let sha1 = |bytes: &[u8]| {
        let mut sha1 = Sha1::new();
        sha1.update(bytes);
        sha1.finalize().to_vec()
    };
    let given = |name: &str| message.text(name).map(str::to_ascii_lowercase);
    let md5 = message.text("md5").map(|text| STANDARD.decode(text).map(|bytes| hex(&bytes)).unwrap_or_default());
    type Digester = fn(&[u8]) -> Vec<u8>;
    let all: [(&str, &str, Option<String>, Digester); 5] = [
        ("MD5", "0", md5, |bytes| crate::objects::md5(bytes).to_vec()),
        ("SHA-1", "1", given("sha1"), sha1),
        ("SHA-256", "2", given("sha256"), |bytes| Sha256::digest(bytes).to_vec()),
        ("SHA-384", "3", given("sha384"), |bytes| Sha384::digest(bytes).to_vec()),
        ("SHA-512", "4", given("sha512"), |bytes| Sha512::digest(bytes).to_vec()),
    ];
    let mut held = Vec::new();
    for (name, number, given, digest) in all {
        let Some(given) = given else { continue };
        let made = hex(&digest(bytes));
        if made != given {
            let message = format!("The {name} checksum you specified did not match what we received.");
            return Err(Failure::new(400, 10037, message));
        }
        held.push((number, made));
    }
    Ok(held)
}

/// R2's limit of a key.
pub(super) fn is_key(key: &str) -> bool {
    (1..=1024).contains(&key.len())
}

pub(super) fn bad_name() -> Failure {
    Failure::new(400, 10020, "The specified object name is not valid.")
}

/// What tells one upload of a key from another; the emulator keeps none of its own.
fn version(key: &str, object: &Object) -> String {
    hex(&hash(format!("{key}\0{}\0{}", object.etag, object.modified).as_bytes())).chars().take(32).collect()
}

fn milliseconds(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or_default().saturating_mul(1000)
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).or_else(|| value.as_f64().map(|number| number as u64))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    // By value, so that a test can write it in place.
    #[allow(clippy::needless_pass_by_value)]
    fn message(value: Value) -> Message {
        Message::read(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn conditions() {
        let there = Object::new(Bytes::from_static(b"x"), Arc::default(), 100);
        let strong = |value: &str| json!([{"type": "strong", "value": value}]);
        let any = json!([{"type": "wildcard", "value": ""}]);
        let holds = |only_if: Value, there| message(json!({"onlyIf": only_if})).holds(there);
        let own = strong(&there.etag);
        assert!(holds(json!({"etagMatches": own}), Some(&there)) && !holds(json!({"etagMatches": own}), None));
        assert!(!holds(json!({"etagMatches": strong("other")}), Some(&there)));
        assert!(!holds(json!({"etagMatches": [{"type": "weak", "value": there.etag}]}), Some(&there)));
        assert!(
            !holds(json!({"etagDoesNotMatch": any}), Some(&there)) && holds(json!({"etagDoesNotMatch": any}), None)
        );
        assert!(!holds(json!({"etagDoesNotMatch": [{"type": "weak", "value": there.etag}]}), Some(&there)));
        assert!(holds(json!({"uploadedBefore": "100001"}), Some(&there)));
        assert!(!holds(json!({"uploadedBefore": "100001", "secondsGranularity": true}), Some(&there)));
        assert!(!holds(json!({"uploadedAfter": "100000"}), Some(&there)));
        assert!(holds(json!({"uploadedAfter": 99_999}), Some(&there)) && !holds(json!({"uploadedAfter": 1}), None));
        // A tag that matches makes up for a time that does not.
        assert!(holds(json!({"etagMatches": own, "uploadedBefore": "1"}), Some(&there)));
        assert!(holds(json!({"etagDoesNotMatch": strong("other"), "uploadedAfter": "900000"}), Some(&there)));
    }

    #[test]
    fn what_can_be_no_header_is_refused() {
        let refused = |given: Value| message(given).about().map_err(|failure| failure.code).err();
        assert_eq!(
            refused(json!({"httpFields": {"contentType": "text/plain"}, "customFields": [{"k": "a", "v": "é"}]})),
            None
        );
        for name in ["contentType", "contentLanguage", "contentDisposition", "contentEncoding", "cacheControl"] {
            assert_eq!(refused(json!({"httpFields": {name: "a\r\nb"}})), Some(10029), "{name}");
        }
        assert_eq!(refused(json!({"customFields": [{"k": "a\n", "v": "b"}]})), Some(10029));
        assert_eq!(refused(json!({"customFields": [{"k": "a", "v": "\u{1}"}]})), Some(10029));
    }

    #[test]
    fn ranges() {
        let range = |range: Value| message(json!({"range": range})).range(10).map_err(|failure| failure.code);
        let header = |text: &str| message(json!({"rangeHeader": text})).range(10).map_err(|failure| failure.code);
        assert_eq!(message(json!({})).range(0).map_err(|_| ()), Ok(None));
        assert_eq!(range(json!({"offset": "2"})), Ok(Some((2, 8))));
        assert_eq!(range(json!({"offset": "2", "length": 3})), Ok(Some((2, 3))));
        assert_eq!(range(json!({"length": "99"})), Ok(Some((0, 10))));
        assert_eq!(range(json!({"suffix": "3"})), Ok(Some((7, 3))));
        assert_eq!(range(json!({"suffix": "30"})), Ok(Some((0, 10))));
        for wrong in [json!({"offset": "10"}), json!({"offset": "11"}), json!({"length": 0}), json!({"suffix": 0})] {
            assert_eq!(range(wrong), Err(10039));
        }
        assert_eq!(header("bytes=2-4"), Ok(Some((2, 3))));
        assert_eq!(header("bytes=2-"), Ok(Some((2, 8))));
        assert_eq!(header("bytes=-3"), Ok(Some((7, 3))));
        assert_eq!(header("bytes=10-"), Err(10039));
        for whole in ["bytes=0-1,3-4", "lines=1-2", "bytes=4-2", "bytes=-"] {
            assert_eq!(header(whole), Ok(None), "{whole}");
        }
        assert_eq!(header("bytes=0-18446744073709551615"), Ok(Some((0, 10))));
    }

    #[test]
    fn digests_must_be_those_of_the_bytes() {
        let bytes = Bytes::from_static(b"abc");
        let codes = |given: Value| digests(&message(given), &bytes).map_err(|failure| failure.code);
        let sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";
        assert_eq!(codes(json!({"sha1": sha1})), Ok(vec![("1", sha1.to_owned())]));
        assert_eq!(codes(json!({"md5": "kAFQmDzST7DWlj99KOF/cg=="})).map(|held| held.len()), Ok(1));
        for name in ["md5", "sha1", "sha256", "sha384", "sha512"] {
            assert_eq!(codes(json!({name: "00"})), Err(10037), "{name}");
        }
    }
}
