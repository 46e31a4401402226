//! Objects of a bucket through the API: for a few small ones, where S3 keys would have to be derived first. Each call
//! counts against Cloudflare's rate limit.

use bytes::Bytes;
use flarekeep_catalogue::AccountId;
use reqwest::Method;
use reqwest::header::HeaderName;
use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::pages::{endless, most_pages};
use crate::r2::Jurisdiction;
use crate::request::Request;
use crate::wire;

/// The objects of one bucket. Made by [`Client::objects`].
#[derive(Debug, Clone)]
pub struct Objects {
    client: Client,
    account: AccountId,
    bucket: String,
    jurisdiction: Jurisdiction,
}

impl Client {
    /// The objects of a bucket.
    #[must_use]
    pub fn objects(&self, account: AccountId, bucket: &str, jurisdiction: Jurisdiction) -> Objects {
        Objects { client: self.clone(), account, bucket: bucket.to_owned(), jurisdiction }
    }
}

impl Objects {
    /// What an object holds; `None` where there is none of this key, or no such bucket.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Error> {
        let answer = self.request(Method::GET, &path_of(key)?)?.raw().await?;
        match answer.status {
            404 => Ok(None),
            _ => answer.refusal().map_or(Ok(Some(answer.body)), Err),
        }
    }

    /// Makes an object hold this.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn put(&self, key: &str, content_type: &str, body: impl Into<Bytes>) -> Result<(), Error> {
        self.request(Method::PUT, &path_of(key)?)?.body(content_type, body).done().await
    }

    /// The keys that begin with `prefix`, at most `most` of them.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn keys(&self, prefix: &str, most: usize) -> Result<Vec<String>, Error> {
        let (mut keys, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..most_pages() {
            let request = self.request(Method::GET, "")?.query("prefix", prefix);
            let request = request.query("per_page", most.clamp(1, 1_000)).query_opt("cursor", cursor.as_deref());
            let (page, info) = request.send_page::<Option<Vec<Listed>>>().await?;
            keys.extend(page.unwrap_or_default().into_iter().map(|listed| listed.key));
            if keys.len() >= most || info.cursor.is_none() || info.cursor == cursor {
                keys.truncate(most);
                return Ok(keys);
            }
            cursor = info.cursor;
        }
        Err(endless(self.request(Method::GET, "")?.call()))
    }

    /// Deletes these keys; those that do not exist are none the worse.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn delete(&self, keys: &[String]) -> Result<(), Error> {
        for some in keys.chunks(1_000) {
            self.request(Method::DELETE, "")?.json(&some).done().await?;
        }
        Ok(())
    }

    fn request(&self, method: Method, rest: &str) -> Result<Request, Error> {
        let bucket = wire::segment(&self.bucket)?;
        let request =
            self.client.request(method, &format!("/accounts/{}/r2/buckets/{bucket}/objects{rest}", self.account));
        Ok(match self.jurisdiction {
            Jurisdiction::Default => request,
            other => request.header(HeaderName::from_static("cf-r2-jurisdiction"), other.as_str()),
        })
    }
}

#[derive(Deserialize)]
struct Listed {
    key: String,
}

/// A key in a path: its slashes stay.
fn path_of(key: &str) -> Result<String, Error> {
    key.split('/').map(|part| Ok(format!("/{}", wire::segment(part)?))).collect()
}
