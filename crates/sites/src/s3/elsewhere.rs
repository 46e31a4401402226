//! What a site's own objects never need: the folders of a bucket, objects in pieces, and copies within the bucket.

use super::{Body, Condition, Store, StoreError, encoded, path, xml};

/// So much of an object is in memory at once.
const PIECE: u64 = 2 << 20;

impl Store {
    /// The names before the first `/` of the bucket's keys, sorted, without the `/`.
    ///
    /// # Errors
    /// When the bucket cannot be listed.
    pub async fn folders(&self) -> Result<Vec<String>, StoreError> {
        let (mut all, mut token) = (Vec::new(), None::<String>);
        loop {
            // Parameters in the order of their names, as signatures want them.
            let next = token.as_deref().map(|token| format!("continuation-token={}&", encoded(token)));
            let query = format!("{}delimiter=%2F&list-type=2", next.unwrap_or_default());
            let answer = self.send("GET", "", &query, &Body::default(), Condition::Always, &[]).await?;
            if answer.status != 200 {
                return Err(self.refused("list", "/", &answer));
            }
            all.extend(xml::folders(&answer.body).into_iter().map(|name| name.trim_end_matches('/').to_owned()));
            let page = xml::listing(&answer.body)
                .ok_or_else(|| StoreError::malformed("/", "this is no listing, or a part of one"))?;
            match page.next {
                Some(next) if Some(&next) != token.as_ref() => token = Some(next),
                _ => {
                    all.sort_unstable();
                    return Ok(all);
                }
            }
        }
    }

    /// Reads the object of this size piece by piece, and gives its ETag; `None` where there is none. Its bytes are all of one
    /// version.
    ///
    /// # Errors
    /// When the bucket cannot be read, or the object changes meanwhile.
    pub async fn read_through(
        &self,
        key: &str,
        size: u64,
        mut piece: impl FnMut(&[u8]) + Send,
    ) -> Result<Option<String>, StoreError> {
        let mut etag: Option<String> = None;
        let mut from = 0;
        while from < size || etag.is_none() {
            let range = format!("bytes={from}-{}", (from + PIECE).min(size).saturating_sub(1));
            let more: &[(&str, &str)] = if size > PIECE { &[("range", &range)] } else { &[] };
            let condition = etag.as_deref().map_or(Condition::Always, Condition::Is);
            let answer = self.send("GET", &path(key), "", &Body::default(), condition, more).await?;
            match answer.status {
                200 | 206 => {}
                404 if etag.is_none() && xml::code(&answer.body) != "NoSuchBucket" => return Ok(None),
                404 | 412 | 416 => return Err(StoreError::malformed(key, "it changed while it was read")),
                _ => return Err(self.refused("read", key, &answer)),
            }
            piece(&answer.body);
            from += answer.body.len() as u64;
            let is_short = answer.body.is_empty() && from < size;
            if is_short || from > size {
                return Err(StoreError::malformed(key, "it changed while it was read"));
            }
            etag = etag.or(Some(answer.etag.unwrap_or_default()));
        }
        Ok(etag)
    }

    /// Copies the object with this ETag to another key of the bucket, without its metadata.
    ///
    /// # Errors
    /// When it is no longer that object, or the bucket fails.
    pub async fn copy(&self, from: &str, etag: &str, to: &str) -> Result<(), StoreError> {
        let source = format!("/{}/{}", self.bucket(), path(from));
        let more = [
            ("content-type", "application/octet-stream"),
            ("x-amz-copy-source", &source),
            ("x-amz-copy-source-if-match", etag),
            ("x-amz-metadata-directive", "REPLACE"),
        ];
        let answer = self.send("PUT", &path(to), "", &Body::default(), Condition::Always, &more).await?;
        match answer.status {
            // S3 may find a fault after it has said 200.
            200 if xml::code(&answer.body).is_empty() => Ok(()),
            404 | 412 => Err(StoreError::malformed(from, "it changed while it was read")),
            _ => Err(self.refused("copy", from, &answer)),
        }
    }
}
