//! A request signed anew.

use std::time::SystemTime;

use hyper::HeaderMap;
use hyper::header::{HOST, HeaderValue};
use secrecy::SecretString;
use time::OffsetDateTime;

use super::canonical::{ALGORITHM, PAYLOAD, UNSIGNED, signature, to_sign};

/// The headers that a request of R2's S3 face needs beside its own: the host, and a signature by a pair of keys that is of
/// this moment and leaves the body open. `path` is as it goes over the wire, with its query. None where the host is none.
#[must_use]
pub fn signed_headers(
    (method, host, path): (&str, &str, &str),
    (key_id, key_secret): (&str, &SecretString),
    at: SystemTime,
) -> Option<Vec<(&'static str, String)>> {
    let at = OffsetDateTime::from(at);
    let day = format!("{:04}{:02}{:02}", at.year(), u8::from(at.month()), at.day());
    let time = format!("{day}T{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second());
    let scope = format!("{day}/auto/s3/aws4_request");
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_str(host).ok()?);
    headers.insert("x-amz-date", HeaderValue::from_str(&time).ok()?);
    headers.insert(PAYLOAD, HeaderValue::from_static(UNSIGNED));
    let names = [HOST.as_str(), PAYLOAD, "x-amz-date"].map(str::to_owned);
    let (bare, query) = path.split_once('?').unwrap_or((path, ""));
    let what = to_sign((method, bare, query), (&names, &headers), UNSIGNED, (&time, &scope))?;
    let signature = signature(key_secret, &scope, &what)?;
    let names = names.join(";");
    let authorization =
        format!("{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}");
    Some(vec![
        ("host", host.to_owned()),
        ("x-amz-date", time),
        (PAYLOAD, UNSIGNED.to_owned()),
        ("authorization", authorization),
    ])
}
