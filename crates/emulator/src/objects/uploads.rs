//! Uploads in parts.

use std::sync::Arc;

use axum::body::Bytes;
use flarekeep_policy::BucketKey;
use serde::{Deserialize, Serialize};

use super::{About, Checksum, Condition, ENTRY, Fault, Kind, Object, Table, md5};
use crate::credential::{fresh_id, hex};
use crate::state::rows::{Map, branch, leaf};

/// Seconds after which an upload that nobody completes is gone (r2/platform/limits, r2/objects/multipart-objects).
const LIFETIME: i64 = 7 * 86_400;

/// The least size of a part that is not the last (Cloudflare's R2 documentation, multipart objects).
const LEAST: u64 = 5 << 20;

/// An upload that is under way.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Upload {
    begun: Begun,
    pub(crate) parts: Parts,
}

/// How an upload began.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Begun {
    key: String,
    at: i64,
    about: Arc<About>,
    /// The checksum that the object is to have.
    #[serde(default)]
    checksum: Option<Kind>,
}

branch!(Upload { begun, parts });
leaf!(Begun);

/// How a client says that an upload is complete.
#[derive(Debug, Clone, Default)]
pub(crate) struct Completion {
    /// The parts' numbers and tags.
    pub(crate) listed: Vec<(i32, String)>,
    /// Checksums that the list gives of parts, by number.
    pub(crate) sums: Vec<(i32, Checksum)>,
    /// What the object's checksum must be.
    pub(crate) checksum: Option<Checksum>,
}

/// The parts of an upload by their number.
pub(crate) type Parts = Map<i32, Arc<Object>>;

impl Upload {
    /// The key of the object that it is to become.
    pub(crate) fn key(&self) -> &str {
        &self.begun.key
    }

    /// When it began, in seconds since 1970.
    pub(crate) fn initiated(&self) -> i64 {
        self.begun.at
    }

    /// Whether its time is over.
    pub(crate) fn is_over(&self, at: i64) -> bool {
        at - self.begun.at >= LIFETIME
    }

    /// The object that it becomes at some time, of the parts as they are listed. Whoever may wait does this outside of
    /// the write, as it reads and copies all bytes.
    pub(crate) fn together(&self, completion: &Completion, at: i64) -> Result<Object, Fault> {
        together(self, completion, at)
    }

    /// Whether its parts have the tags that are listed with their numbers.
    fn has(&self, listed: &[(i32, String)]) -> bool {
        listed.iter().all(|(number, tag)| self.parts.get(number).is_some_and(|part| part.etag == *tag))
    }

    /// What it takes of the room, with its parts.
    pub(super) fn weight(&self) -> u64 {
        own_weight(&self.begun.key, &self.begun.about) + self.parts.values().map(|part| part.weight("")).sum::<u64>()
    }
}

/// What an upload without parts takes of the room: as much as the empty object that it may become.
fn own_weight(key: &str, about: &About) -> u64 {
    ENTRY + key.len() as u64 + about.length()
}

impl Table {
    /// Begins an upload and gives its id, if there is room.
    pub(crate) fn begin(
        &mut self,
        bucket: &BucketKey,
        key: &str,
        (about, checksum): (About, Option<Kind>),
        at: i64,
        capacity: u64,
    ) -> Result<String, Fault> {
        let wanted = own_weight(key, &about);
        self.sweep(wanted, at, capacity);
        self.make_room(0, wanted, capacity)?;
        let id = format!("{:032x}{:032x}", fresh_id(), fresh_id());
        let begun = Begun { key: key.to_owned(), at, about: Arc::new(about), checksum };
        let upload = Upload { begun, parts: Parts::new() };
        self.contents_mut(bucket).uploads.insert(id.clone(), upload);
        Ok(id)
    }

    /// The upload with this id, if it is of this key.
    pub(crate) fn upload(&self, bucket: &BucketKey, key: &str, id: &str) -> Result<&Upload, Fault> {
        let upload = self.contents(bucket).and_then(|contents| contents.uploads.get(id));
        upload.filter(|upload| upload.key() == key).ok_or(Fault::NoSuchUpload)
    }

    /// The same, if its time is not over.
    pub(crate) fn living(&self, bucket: &BucketKey, key: &str, id: &str, at: i64) -> Result<&Upload, Fault> {
        self.upload(bucket, key, id)
            .and_then(|upload| if upload.is_over(at) { Err(Fault::NoSuchUpload) } else { Ok(upload) })
    }

    /// Lets go of the uploads whose time is over, where what is wanted finds no room otherwise.
    pub(super) fn sweep(&mut self, wanted: u64, at: i64, capacity: u64) {
        if self.bytes + wanted <= capacity {
            return;
        }
        let mut over = Vec::new();
        for (bucket, contents) in &self.buckets {
            let ids = contents.uploads.iter().filter(|(_, upload)| upload.is_over(at));
            over.extend(ids.map(|(id, _)| (bucket.clone(), id.clone())));
        }
        for (bucket, id) in over {
            if let Some(upload) = self.contents_mut(&bucket).uploads.remove(&id) {
                self.bytes -= upload.weight();
            }
        }
    }

    /// Adds a part, in place of the one with its number.
    pub(crate) fn add_part(
        &mut self,
        bucket: &BucketKey,
        (key, id): (&str, &str),
        number: i32,
        part: Object,
        capacity: u64,
    ) -> Result<(), Fault> {
        self.sweep(part.weight(""), part.modified, capacity);
        let there = self.upload(bucket, key, id)?.parts.get(&number).map_or(0, |part| part.weight(""));
        self.make_room(there, part.weight(""), capacity)?;
        if let Some(upload) = self.contents_mut(bucket).uploads.get_mut(id) {
            upload.parts.insert(number, Arc::new(part));
        }
        Ok(())
    }

    /// Puts what an upload became ([`Upload::together`]) in its place, if its parts are still those that were listed.
    pub(crate) fn complete(
        &mut self,
        bucket: &BucketKey,
        (key, id): (&str, &str),
        listed: &[(i32, String)],
        object: Object,
        condition: &Condition,
    ) -> Result<Arc<Object>, Fault> {
        if !self.upload(bucket, key, id)?.has(listed) {
            return Err(Fault::InvalidPart);
        }
        if !condition.holds(self.object(bucket, key).map(AsRef::as_ref)) {
            return Err(Fault::PreconditionFailed);
        }
        // The parts make room for what they become, so that an upload that had room can be completed.
        self.abort(bucket, key, id)?;
        self.put(bucket, key, object, condition, u64::MAX)
    }

    /// Gives an upload up, and lets go of its parts.
    pub(crate) fn abort(&mut self, bucket: &BucketKey, key: &str, id: &str) -> Result<(), Fault> {
        self.upload(bucket, key, id)?;
        if let Some(upload) = self.contents_mut(bucket).uploads.remove(id) {
            self.bytes -= upload.weight();
        }
        Ok(())
    }
}

fn together(upload: &Upload, completion: &Completion, at: i64) -> Result<Object, Fault> {
    let listed = &completion.listed;
    if listed.is_empty() || listed.windows(2).any(|two| two.first().map(|one| one.0) == two.last().map(|one| one.0)) {
        return Err(Fault::InvalidPart);
    }
    if !listed.is_sorted_by_key(|(number, _)| number) {
        return Err(Fault::InvalidPartOrder);
    }
    let mut parts = Vec::with_capacity(listed.len());
    for (number, tag) in listed {
        let part = upload.parts.get(number).filter(|part| part.etag == *tag);
        parts.push(part.ok_or(Fault::InvalidPart)?);
    }
    for (number, sum) in &completion.sums {
        let part = upload.parts.get(number).ok_or(Fault::InvalidPart)?;
        if sum.kind.of(&part.bytes) != *sum {
            return Err(Fault::InvalidPart);
        }
    }
    let full = parts.get(..parts.len() - 1).unwrap_or_default();
    if full.iter().any(|part| part.size() < LEAST) {
        return Err(Fault::PartTooSmall);
    }
    if full.windows(2).any(|two| two.iter().map(|part| part.size()).max() != two.iter().map(|part| part.size()).min()) {
        return Err(Fault::PartsDiffer);
    }
    // The tag is the MD5 of the parts' MD5s, with their number behind it.
    let tags: Vec<u8> = parts.iter().flat_map(|part| tag_bytes(part)).collect();
    let etag = format!("{}-{}", hex(&md5(&tags)), parts.len());
    let pieces: Vec<&[u8]> = parts.iter().map(|part| part.bytes.as_ref()).collect();
    let bytes = pieces.concat();
    let kind = upload.begun.checksum.or(completion.checksum.as_ref().map(|checksum| checksum.kind));
    let checksum = kind.map(|kind| kind.of_parts(&pieces, &bytes));
    if let Some(expected) = &completion.checksum
        && checksum.as_ref().is_none_or(|made| made.value.split('-').next() != expected.value.split('-').next())
    {
        return Err(Fault::BadDigest);
    }
    let lengths = parts.iter().map(|part| part.size()).collect();
    Ok(Object {
        bytes: Bytes::from(bytes),
        etag,
        modified: at,
        about: upload.begun.about.clone(),
        checksum,
        parts: lengths,
    })
}

/// The MD5 of a part, which its tag is.
fn tag_bytes(part: &Object) -> [u8; 16] {
    u128::from_str_radix(&part.etag, 16).map_or_else(|_| md5(&part.bytes), u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// Uploads parts of these sizes, numbered from 1 on, and completes them as listed.
    fn completed(sizes: &[usize], listed: &[i32]) -> Result<Arc<Object>, Fault> {
        let bucket: BucketKey = "0123456789abcdef0123456789abcdef_default_site".parse().unwrap();
        let mut table = Table::default();
        let id = table.begin(&bucket, "k", (About::default(), Some(Kind::Crc32)), 0, 100 << 20).unwrap();
        for (number, size) in (1..).zip(sizes) {
            let part = Object::new(Bytes::from(vec![number as u8; *size]), Arc::default(), 0);
            table.add_part(&bucket, ("k", &id), number, part, 100 << 20).unwrap();
        }
        let parts = table.upload(&bucket, "k", &id).unwrap().parts.clone();
        let tag = |number| parts.get(number).map_or_else(|| "none".to_owned(), |part| part.etag.clone());
        let listed = listed.iter().map(|number| (*number, tag(number))).collect();
        let completion = Completion { listed, ..Completion::default() };
        let object = table.upload(&bucket, "k", &id)?.together(&completion, 0)?;
        let done = table.complete(&bucket, ("k", &id), &completion.listed, object, &Condition::default())?;
        assert_eq!(table.bytes, done.weight("k"));
        assert_eq!(table.upload(&bucket, "k", &id).unwrap_err(), Fault::NoSuchUpload);
        Ok(done)
    }

    #[test]
    fn parts_are_put_together_in_their_order() {
        let object = completed(&[5 * MIB, 5 * MIB, 3], &[1, 2, 3]).unwrap();
        assert_eq!(object.size(), 10 * MIB as u64 + 3);
        assert_eq!((object.bytes[0], object.bytes[5 * MIB], *object.bytes.last().unwrap()), (1, 2, 3));
        assert!(object.etag.ends_with("-3"));
        assert_eq!(object.parts, [5 * MIB as u64, 5 * MIB as u64, 3]);
        assert!(object.checksum.as_ref().is_some_and(|checksum| checksum.value.ends_with("-3")));
        assert_eq!(completed(&[7], &[1]).unwrap().size(), 7);
        // What is not listed is let go of.
        assert_eq!(completed(&[5 * MIB, 9, 4], &[1, 3]).unwrap().size(), 5 * MIB as u64 + 4);
    }

    #[test]
    fn what_r2_does_not_put_together() {
        assert_eq!(completed(&[5 * MIB, 3], &[2, 1]).unwrap_err(), Fault::InvalidPartOrder);
        assert_eq!(completed(&[5 * MIB, 3], &[1, 1]).unwrap_err(), Fault::InvalidPart);
        assert_eq!(completed(&[5 * MIB, 3], &[1, 7]).unwrap_err(), Fault::InvalidPart);
        assert_eq!(completed(&[3, 3], &[1, 2]).unwrap_err(), Fault::PartTooSmall);
        assert_eq!(completed(&[5 * MIB, 6 * MIB, 3], &[1, 2, 3]).unwrap_err(), Fault::PartsDiffer);
        assert_eq!(completed(&[3], &[]).unwrap_err(), Fault::InvalidPart);
    }

    #[test]
    fn the_tag_is_that_of_the_parts_tags() {
        let object = completed(&[5 * MIB, 3], &[1, 2]).unwrap();
        let sums = [md5(&vec![1; 5 * MIB]), md5(&[2; 3])].concat();
        assert_eq!(object.etag, format!("{}-2", hex(&md5(&sums))));
    }

    #[test]
    fn parts_that_changed_meanwhile_are_not_taken_for_those_that_were_put_together() {
        let bucket: BucketKey = "0123456789abcdef0123456789abcdef_default_site".parse().unwrap();
        let part = |text: &'static str| Object::new(Bytes::from_static(text.as_bytes()), Arc::default(), 0);
        let mut table = Table::default();
        let id = table.begin(&bucket, "k", (About::default(), None), 0, 1 << 20).unwrap();
        table.add_part(&bucket, ("k", &id), 1, part("old"), 1 << 20).unwrap();
        let completion = Completion { listed: vec![(1, part("old").etag)], ..Completion::default() };
        let object = table.upload(&bucket, "k", &id).unwrap().together(&completion, 0).unwrap();
        table.add_part(&bucket, ("k", &id), 1, part("new"), 1 << 20).unwrap();
        let done = table.complete(&bucket, ("k", &id), &completion.listed, object, &Condition::default());
        assert_eq!(done.unwrap_err(), Fault::InvalidPart);
        assert!(table.object(&bucket, "k").is_none());
    }

    #[test]
    fn dead_uploads_make_room() {
        let bucket: BucketKey = "0123456789abcdef0123456789abcdef_default_site".parse().unwrap();
        let part = |at| Object::new(Bytes::from_static(b"12345"), Arc::default(), at);
        let mut table = Table::default();
        // An upload and its part.
        let capacity = ENTRY + 1 + ENTRY + 5;
        let id = table.begin(&bucket, "k", (About::default(), None), 0, capacity).unwrap();
        table.add_part(&bucket, ("k", &id), 1, part(0), capacity).unwrap();
        let any = Condition::default();
        assert!(table.put(&bucket, "a", part(LIFETIME - 1), &any, capacity).is_err());
        assert!(table.living(&bucket, "k", &id, LIFETIME - 1).is_ok());
        assert_eq!(table.living(&bucket, "k", &id, LIFETIME).unwrap_err(), Fault::NoSuchUpload);
        table.put(&bucket, "a", part(LIFETIME), &any, capacity).unwrap();
        assert_eq!(table.bytes, ENTRY + 6);
        table.begin(&bucket, "k", (About::default(), None), LIFETIME, capacity + 1).unwrap();
        table.begin(&bucket, "k", (About::default(), None), 2 * LIFETIME, capacity + 1).unwrap();
        assert_eq!(table.contents(&bucket).unwrap().uploads.len(), 1);
    }
}
