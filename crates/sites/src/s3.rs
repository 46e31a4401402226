//! The bucket, through R2's S3 face: few kinds of requests, each signed, repeated where that does no harm.

mod body;
mod elsewhere;
mod error;
mod many;
mod sign;
mod wire;
mod xml;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use self::body::Body;
pub use self::error::StoreError;
pub use self::sign::Keys;
use self::sign::Signer;
pub use self::wire::{Answer, BoxFuture, HttpWire, Lost, Request, Stage, Wire};

/// What is sent again at most so often, after a failure that may pass.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A longer wait than this is told to the user, who may come back.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A bucket behind an S3 face.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    wire: Box<dyn Wire>,
    signer: Signer,
    /// `https://host/bucket/`.
    base: String,
    bucket: String,
    requests: AtomicU64,
}

/// What must hold for a write to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition<'a> {
    /// Nothing.
    Always,
    /// The key holds no object.
    Absent,
    /// The key holds the object with this ETag.
    Is(&'a str),
}

/// How a conditional write ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It was made; the new object's ETag.
    Made(String),
    /// The condition did not hold.
    Not,
}

/// An object that was read.
#[derive(Debug, Clone)]
pub struct Object {
    /// The content.
    pub bytes: Bytes,
    /// Its ETag, with the quotes.
    pub etag: String,
}

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The key.
    pub key: String,
    /// The size in bytes.
    pub size: u64,
    /// When it was written, as RFC 3339 has it.
    pub modified: String,
}

impl Store {
    /// The bucket `bucket` at `endpoint` (`https://host`, without a path), as the holder of `keys`.
    #[must_use]
    pub fn new(endpoint: &str, bucket: &str, keys: Keys, wire: impl Wire + 'static) -> Self {
        let endpoint = endpoint.trim_end_matches('/');
        let host = endpoint.split_once("://").map_or(endpoint, |(_, host)| host);
        Self(Arc::new(Inner {
            wire: Box::new(wire),
            signer: Signer::new(keys, host),
            base: format!("{endpoint}/{bucket}/"),
            bucket: bucket.to_owned(),
            requests: AtomicU64::new(0),
        }))
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.0.bucket
    }

    /// How many requests were sent.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// The object at `key`, if there is one.
    ///
    /// # Errors
    /// When the bucket cannot be read.
    pub async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let answer = self.send("GET", &path(key), "", &Body::default(), Condition::Always, &[]).await?;
        match answer.status {
            200 => Ok(Some(Object { etag: answer.etag.unwrap_or_default(), bytes: answer.body })),
            404 if xml::code(&answer.body) != "NoSuchBucket" => Ok(None),
            _ => Err(self.refused("read", key, &answer)),
        }
    }

    /// `length` bytes of the object at `key` from `from` on, if it is there and has so many.
    ///
    /// # Errors
    /// When the bucket cannot be read, or gives another part.
    pub async fn get_part(&self, key: &str, from: u64, length: u64) -> Result<Option<Bytes>, StoreError> {
        let range = format!("bytes={from}-{}", (from + length).saturating_sub(1));
        let answer =
            self.send("GET", &path(key), "", &Body::default(), Condition::Always, &[("range", &range)]).await?;
        match answer.status {
            200 | 206 if answer.body.len() as u64 == length => Ok(Some(answer.body)),
            200 | 206 => Err(StoreError::malformed(key, "it is not as long as it should be")),
            404 if xml::code(&answer.body) != "NoSuchBucket" => Ok(None),
            _ => Err(self.refused("read", key, &answer)),
        }
    }

    /// Writes `body` to `key` where the condition holds.
    ///
    /// # Errors
    /// When the bucket cannot be written, or the body is no longer what its digest says.
    pub async fn put(
        &self,
        key: &str,
        body: &Body,
        condition: Condition<'_>,
        kind: &str,
    ) -> Result<Written, StoreError> {
        let answer = self.send("PUT", &path(key), "", body, condition, &[("content-type", kind)]).await?;
        match answer.status {
            200 => Ok(Written::Made(answer.etag.unwrap_or_default())),
            412 => Ok(Written::Not),
            _ => Err(self.refused("write", key, &answer)),
        }
    }

    /// Removes the object at `key`; that there is none is as good.
    ///
    /// # Errors
    /// When the bucket cannot be written.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let answer = self.send("DELETE", &path(key), "", &Body::default(), Condition::Always, &[]).await?;
        match answer.status {
            200 | 204 => Ok(()),
            404 if xml::code(&answer.body) != "NoSuchBucket" => Ok(()),
            _ => Err(self.refused("remove", key, &answer)),
        }
    }

    /// All objects whose keys begin with `prefix`, page by page of 1,000.
    ///
    /// # Errors
    /// When the bucket cannot be listed.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let (mut all, mut token) = (Vec::new(), None::<String>);
        loop {
            // Parameters in the order of their names, as signatures want them.
            let next = token.as_deref().map(|token| format!("continuation-token={}&", encoded(token)));
            let query = format!("{}list-type=2&prefix={}", next.unwrap_or_default(), encoded(prefix));
            let answer = self.send("GET", "", &query, &Body::default(), Condition::Always, &[]).await?;
            if answer.status != 200 {
                return Err(self.refused("list", prefix, &answer));
            }
            let page = xml::listing(&answer.body)
                .ok_or_else(|| StoreError::malformed(prefix, "this is no listing, or a part of one"))?;
            all.extend(page.objects);
            match page.next {
                Some(next) if Some(&next) != token.as_ref() => token = Some(next),
                _ => return Ok(all),
            }
        }
    }

    /// Sends a request, and sends it again after failures that pass. Each of ours does the same when it is done twice.
    async fn send(
        &self,
        method: &'static str,
        path: &str,
        query: &str,
        body: &Body,
        condition: Condition<'_>,
        more: &[(&'static str, &str)],
    ) -> Result<Answer, StoreError> {
        let inner = &*self.0;
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let mut headers: Vec<(&'static str, String)> = Vec::with_capacity(8);
            match condition {
                Condition::Always => {}
                Condition::Absent => headers.push(("if-none-match", "*".to_owned())),
                Condition::Is(etag) => headers.push(("if-match", etag.to_owned())),
            }
            headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
            let whole = format!("/{}/{path}", inner.bucket);
            inner.signer.sign(method, &whole, query, body.digest(), &mut headers);
            let join = if query.is_empty() { "" } else { "?" };
            let url = format!("{}{path}{join}{query}", inner.base);
            inner.requests.fetch_add(1, Ordering::Relaxed);
            let result = inner.wire.send(Request { method, url, headers, body: body.clone() }).await;
            let wait = match &result {
                Ok(answer) if answer.status == 429 || answer.status >= 500 => answer.retry_after,
                // What was read is not what was announced; another attempt reads the same.
                Err(lost) if lost.stage == Stage::Changed => return Err(StoreError::Changed),
                Err(lost) if lost.stage == Stage::Stopped => return Err(StoreError::lost(&inner.bucket, lost)),
                Err(_) => None,
                Ok(_) => return result.map_err(|lost| StoreError::lost(&inner.bucket, &lost)),
            };
            if attempt >= ATTEMPTS || wait.is_some_and(|wait| wait > LONGEST_PAUSE) {
                return result.map_err(|lost| StoreError::lost(&inner.bucket, &lost));
            }
            // Many workers fail at once; the number of requests so far sets them apart.
            let jitter = Duration::from_millis(inner.requests.load(Ordering::Relaxed) * 37 % 200);
            tokio::time::sleep(wait.unwrap_or(pause) + jitter).await;
            pause *= 2;
        }
        Err(StoreError::Changed)
    }

    fn refused(&self, what: &'static str, key: &str, answer: &Answer) -> StoreError {
        let (code, message) = (xml::code(&answer.body), xml::message(&answer.body));
        let bucket = self.0.bucket.clone();
        match code.as_str() {
            "NoSuchBucket" => StoreError::NoBucket { bucket },
            "XAmzContentSHA256Mismatch" | "BadDigest" | "IncompleteBody" => StoreError::Changed,
            _ => StoreError::Refused { what, key: key.to_owned(), bucket, status: answer.status, code, message },
        }
    }
}

/// What RFC 3986 leaves as it is; signatures of S3 want all else encoded.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const IN_PATHS: AsciiSet = RESERVED.remove(b'/');

fn path(key: &str) -> String {
    utf8_percent_encode(key, &IN_PATHS).to_string()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, &RESERVED).to_string()
}
