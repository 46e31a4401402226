//! The objects of R2 buckets, in memory: a table without input or output, which R2's S3 face ([`crate::s3`]) serves.

mod checksum;
mod condition;
mod incoming;
mod listing;
mod uploads;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use flarekeep_policy::BucketKey;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

pub(crate) use self::checksum::{Checksum, Kind};
pub(crate) use self::condition::{Condition, Tags};
pub(crate) use self::incoming::{Incoming, Taken};
pub(crate) use self::listing::{After, Entry, Listing, Query, list};
pub(crate) use self::uploads::{Completion, Parts, Upload};
use crate::credential::hex;
use crate::emulator::Unwritten;
use crate::state::rows::{BadRow, Changes, Map, Rows, branch, leaf};
use crate::text;

/// The objects and the unfinished uploads of all buckets. A bucket that holds neither may be absent; whether it exists
/// is for the table of buckets to say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    buckets: Map<BucketKey, Contents>,
    /// What all objects, uploads and parts weigh together, by [`ENTRY`].
    bytes: u64,
}

/// What anything held weighs beside its bytes and texts, so that empty objects and uploads without parts are bounded too.
const ENTRY: u64 = 1024;

/// What one bucket holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Contents {
    pub(crate) objects: Map<String, Arc<Object>>,
    /// By upload id.
    pub(crate) uploads: Map<String, Upload>,
}

branch!(Contents { objects, uploads });
leaf!(Object);

/// Only the buckets are rows: the weight follows from them.
impl Rows for Table {
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes) {
        Map::compare(old.map(|old| &old.buckets), &new.buckets, changes);
    }

    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<serde_json::Value>) -> Result<(), BadRow> {
        let mut buckets = slot.take().map(|table| table.buckets);
        Map::apply(&mut buckets, place, row)?;
        *slot = buckets.map(|buckets| Self { buckets, bytes: 0 });
        Ok(())
    }
}

/// An object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Object {
    #[serde(with = "text::bytes")]
    pub(crate) bytes: Bytes,
    /// The entity tag without its quotation marks.
    pub(crate) etag: String,
    /// Seconds since 1970.
    pub(crate) modified: i64,
    pub(crate) about: Arc<About>,
    /// The one that was sent with the bytes, or asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checksum: Option<Checksum>,
    /// The lengths of the parts that it was put together from; empty where it came in one piece.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<u64>,
}

/// What is told of an object beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct About {
    pub(crate) content_type: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    /// The header `Expires`, as it came.
    pub(crate) expires: Option<String>,
    /// `Standard` or `InfrequentAccess`; the bucket's where absent.
    pub(crate) storage_class: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// Why a call fails once it is authorised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    BucketTaken,
    BucketNotEmpty,
    BucketName,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    /// A part that was not uploaded, or not with this tag.
    InvalidPart,
    /// The parts are not in ascending order.
    InvalidPartOrder,
    /// A part that is not the last is smaller than 5 MiB.
    PartTooSmall,
    /// Two parts, neither the last, differ in length: R2 takes none such.
    PartsDiffer,
    /// `If-Match` and the like.
    PreconditionFailed,
    /// A checksum that is not that of the bytes.
    BadDigest,
    /// The key was written less than a second ago.
    TooManyRequests,
    /// The emulator holds as many bytes as it may.
    Full {
        capacity: u64,
    },
    /// The state could not be written.
    Storage,
}

impl From<Unwritten> for Fault {
    fn from(_: Unwritten) -> Self {
        Self::Storage
    }
}

impl Table {
    /// What a bucket holds; none where nothing was ever put into it.
    pub(crate) fn contents(&self, bucket: &BucketKey) -> Option<&Contents> {
        self.buckets.get(bucket)
    }

    /// The object with this key.
    pub(crate) fn object(&self, bucket: &BucketKey, key: &str) -> Option<&Arc<Object>> {
        self.contents(bucket)?.objects.get(key)
    }

    /// Whether a bucket holds no object. Unfinished uploads do not count.
    pub(crate) fn is_empty(&self, bucket: &BucketKey) -> bool {
        self.contents(bucket).is_none_or(|contents| contents.objects.is_empty())
    }

    /// Weighs everything anew: what came from the disk says no weight.
    pub(crate) fn recount(&mut self) {
        self.bytes = self.buckets.values().map(Contents::weight).sum();
    }

    /// Lets go of all that a bucket holds.
    pub(crate) fn forget(&mut self, bucket: &BucketKey) {
        if let Some(contents) = self.buckets.remove(bucket) {
            self.bytes -= contents.weight();
        }
    }

    /// Puts an object in the place of the one with its key, if the condition holds and there is room.
    pub(crate) fn put(
        &mut self,
        bucket: &BucketKey,
        key: &str,
        object: Object,
        condition: &Condition,
        capacity: u64,
    ) -> Result<Arc<Object>, Fault> {
        self.sweep(object.weight(key), object.modified, capacity);
        let there = self.object(bucket, key);
        if !condition.holds(there.map(AsRef::as_ref)) {
            return Err(Fault::PreconditionFailed);
        }
        let freed = there.map_or(0, |object| object.weight(key));
        self.make_room(freed, object.weight(key), capacity)?;
        let object = Arc::new(object);
        self.contents_mut(bucket).objects.insert(key.to_owned(), object.clone());
        Ok(object)
    }

    /// Removes an object; there need be none.
    pub(crate) fn remove(&mut self, bucket: &BucketKey, key: &str) {
        if self.object(bucket, key).is_some()
            && let Some(object) = self.contents_mut(bucket).objects.remove(key)
        {
            self.bytes -= object.weight(key);
        }
    }

    /// The bytes that a call may bring at some time, where `freed` are let go of for them: what is left of the capacity,
    /// with what dead uploads hold where that is less than what is wanted.
    pub(crate) fn room(&self, (wanted, freed): (u64, u64), at: i64, capacity: u64) -> u64 {
        let left = capacity.saturating_add(freed).saturating_sub(self.bytes);
        if left >= wanted {
            return left;
        }
        let uploads = self.buckets.values().flat_map(|contents| contents.uploads.values());
        left.saturating_add(uploads.filter(|upload| upload.is_over(at)).map(Upload::weight).sum())
    }

    /// What the object with this key takes of the room.
    pub(crate) fn weight(&self, bucket: &BucketKey, key: &str) -> u64 {
        self.object(bucket, key).map_or(0, |object| object.weight(key))
    }

    fn contents_mut(&mut self, bucket: &BucketKey) -> &mut Contents {
        self.buckets.entry(bucket.clone()).or_default()
    }

    /// Accounts for bytes that come in place of others.
    fn make_room(&mut self, freed: u64, wanted: u64, capacity: u64) -> Result<(), Fault> {
        let bytes = self.bytes - freed + wanted;
        if bytes > capacity {
            return Err(Fault::Full { capacity });
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Contents {
    fn weight(&self) -> u64 {
        let objects = self.objects.iter().map(|(key, object)| object.weight(key));
        objects.sum::<u64>() + self.uploads.values().map(Upload::weight).sum::<u64>()
    }
}

impl Object {
    /// An object that is uploaded in one piece: its tag is the MD5 of its bytes.
    pub(crate) fn new(bytes: Bytes, about: Arc<About>, modified: i64) -> Self {
        Self { etag: hex(&md5(&bytes)), bytes, modified, about, checksum: None, parts: Vec::new() }
    }

    /// Its length.
    pub(crate) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// What it takes of the room, with its key; a part has none.
    fn weight(&self, key: &str) -> u64 {
        ENTRY + key.len() as u64 + self.size() + self.about.length()
    }
}

impl About {
    /// This where it says something, and what is below where it does not.
    pub(crate) fn over(self, below: &Self) -> Self {
        let below = below.clone();
        let mut metadata = below.metadata;
        metadata.extend(self.metadata);
        Self {
            content_type: self.content_type.or(below.content_type),
            cache_control: self.cache_control.or(below.cache_control),
            content_disposition: self.content_disposition.or(below.content_disposition),
            content_encoding: self.content_encoding.or(below.content_encoding),
            content_language: self.content_language.or(below.content_language),
            expires: self.expires.or(below.expires),
            storage_class: self.storage_class.or(below.storage_class),
            metadata,
        }
    }

    /// The length of all its texts.
    pub(crate) fn length(&self) -> u64 {
        let Self { content_type, cache_control, content_disposition, content_encoding, content_language, .. } = self;
        let named =
            [content_type, cache_control, content_disposition, content_encoding, content_language, &self.expires];
        let named = named.into_iter().chain([&self.storage_class]).flatten().map(String::len);
        let metadata = self.metadata.iter().map(|(name, value)| name.len() + value.len());
        named.chain(metadata).sum::<usize>() as u64
    }
}

/// The MD5 of some bytes, which S3 uses for entity tags; nothing is kept safe by it.
pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> BucketKey {
        "0123456789abcdef0123456789abcdef_default_site".parse().unwrap()
    }

    fn object(text: &'static str) -> Object {
        Object::new(Bytes::from_static(text.as_bytes()), Arc::default(), 0)
    }

    #[test]
    fn all_that_is_held_is_counted() {
        let (mut table, at, any) = (Table::default(), bucket(), Condition::default());
        // Two entries, each with a key of one byte and five bytes.
        let capacity = 2 * (ENTRY + 6);
        let full = Fault::Full { capacity };
        table.put(&at, "a", object("12345"), &any, capacity).unwrap();
        table.put(&at, "b", object("12345"), &any, capacity).unwrap();
        assert_eq!(table.put(&at, "b", object("123456"), &any, capacity).unwrap_err(), full);
        assert_eq!(table.put(&at, "c", object(""), &any, capacity).unwrap_err(), full, "an empty object takes room");
        assert_eq!(
            table.begin(&at, "c", (About::default(), None), 0, capacity).unwrap_err(),
            full,
            "so does an upload"
        );
        table.remove(&at, "b");
        table.remove(&at, "nothing");
        let told = |text: &str| About { metadata: [("x".to_owned(), text.to_owned())].into(), ..About::default() };
        assert_eq!(table.begin(&at, "c", (told("12345"), None), 0, capacity).unwrap_err(), full, "so does metadata");
        let id = table.begin(&at, "c", (told("1234"), None), 0, capacity).unwrap();
        assert_eq!(table.bytes, capacity);
        assert_eq!(table.add_part(&at, ("c", &id), 1, object(""), capacity).unwrap_err(), full, "so does a part");
        table.abort(&at, "c", &id).unwrap();
        assert_eq!(table.bytes, ENTRY + 6);
        table.begin(&at, "c", (told("1234"), None), 0, capacity).unwrap();
        table.forget(&at);
        assert_eq!(table.bytes, 0);
    }
}
