//! AWS Signature Version 4 of requests whose payload's digest is known, as Amazon documents it ("Create a signed AWS API
//! request"), for region `auto` and service `s3` (docs: r2/api/s3/api).

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::hmac::{HMAC_SHA256, Key, sign};
use secrecy::{ExposeSecret, SecretString};

use crate::digest::{Digest, push_hex};

const REGION: &str = "auto";

/// A pair of S3 credentials, and the session that temporary ones have. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The access key's id.
    pub id: String,
    /// The secret access key.
    pub secret: SecretString,
    /// The session's token, of temporary credentials.
    pub session: Option<SecretString>,
}

/// Signs requests to one host.
pub(super) struct Signer {
    keys: Keys,
    host: String,
    /// What holds for a second: most requests of a deploy share it.
    moment: Mutex<Moment>,
}

#[derive(Clone)]
struct Moment {
    second: i64,
    /// `20261123T013636Z`.
    time: String,
    key: Key,
}

impl Signer {
    pub(super) fn new(keys: Keys, host: &str) -> Self {
        let moment = Moment::at(Timestamp::now(), &keys);
        Self { keys, host: host.to_owned(), moment: Mutex::new(moment) }
    }

    /// Adds to `headers` what shows that the holder of the keys sends them. `path` and `query` are encoded, the query in
    /// the order of its names.
    pub(super) fn sign(
        &self,
        method: &str,
        path: &str,
        query: &str,
        payload: Digest,
        headers: &mut Vec<(&'static str, String)>,
    ) {
        let moment = self.moment();
        headers.push(("x-amz-content-sha256", payload.to_string()));
        headers.push(("x-amz-date", moment.time.clone()));
        if let Some(session) = &self.keys.session {
            headers.push(("x-amz-security-token", session.expose_secret().to_owned()));
        }
        let authorization = authorization(&self.keys.id, &moment, &self.host, method, path, query, headers);
        headers.push(("authorization", authorization));
    }

    fn moment(&self) -> Moment {
        let now = Timestamp::now();
        let mut moment = self.moment.lock().unwrap_or_else(PoisonError::into_inner);
        if moment.second != now.as_second() {
            *moment = Moment::at(now, &self.keys);
        }
        moment.clone()
    }
}

impl Moment {
    fn at(now: Timestamp, keys: &Keys) -> Self {
        let time = now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut key = Key::new(HMAC_SHA256, format!("AWS4{}", keys.secret.expose_secret()).as_bytes());
        for part in [&time[..8], REGION, "s3", "aws4_request"] {
            key = Key::new(HMAC_SHA256, sign(&key, part.as_bytes()).as_ref());
        }
        Self { second: now.as_second(), time, key }
    }
}

fn authorization(
    id: &str,
    moment: &Moment,
    host: &str,
    method: &str,
    path: &str,
    query: &str,
    headers: &[(&'static str, String)],
) -> String {
    let mut sorted: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    sorted.push(("host", host));
    sorted.sort_unstable();
    let names = sorted.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let payload = sorted.iter().find(|(name, _)| *name == "x-amz-content-sha256").map_or("", |(_, value)| value);
    let mut canonical = String::with_capacity(512);
    canonical.extend([method, "\n", path, "\n", query, "\n"]);
    for (name, value) in &sorted {
        canonical.extend([name, ":", value.trim(), "\n"]);
    }
    canonical.extend(["\n", &names, "\n", payload]);
    let scope = format!("{}/{REGION}/s3/aws4_request", &moment.time[..8]);
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", moment.time, Digest::of(canonical.as_bytes()));
    let mut out = format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature=");
    push_hex(&mut out, sign(&moment.key, text.as_bytes()).as_ref());
    out
}
