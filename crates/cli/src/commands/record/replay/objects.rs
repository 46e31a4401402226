//! Calls of R2's S3 face, made again: without a body, and signed by the keys that a token is.

use std::time::{Duration, SystemTime};

use flarekeep_catalogue::{AccountId, Operation, R2_HOST, TokenId};
use flarekeep_emulator::Facts;
use flarekeep_policy::BucketKey;
use flarekeep_proxy::signed_headers;
use flarekeep_sites::s3::{Body, HttpWire, Request, Wire};
use flarekeep_tokens::KeyPair;
use secrecy::SecretString;

use crate::error::{CommandError, Kind};

/// A call of the S3 face.
pub(super) struct Signed {
    method: &'static str,
    pub(super) operation: &'static Operation,
    /// None where the address tells none, as that of a local Cloudflare: it is the first.
    pub(super) account: Option<AccountId>,
    /// R2's host for the account, with its jurisdiction; empty where there is no account.
    pub(super) host: String,
    jurisdiction: String,
    /// The bucket and the key as they are in the URL, and the query that tells the operation.
    pub(super) path: String,
}

/// The S3 face of a local Cloudflare.
pub(super) struct Objects {
    endpoint: String,
    wire: HttpWire,
}

impl Signed {
    /// A call of an operation at a URL; the reason where it cannot be made again.
    pub(super) fn read(method: &str, url: &str, operation: &'static Operation) -> Result<Self, &'static str> {
        // A copy has a line for what it reads, with the method of the copy: the operation knows better. A HEAD is a GET to it.
        let method = if method.eq_ignore_ascii_case("HEAD") { "HEAD" } else { operation.method.as_str() };
        let (host, path) =
            url.split_once("://").map_or(("", url), |(_, rest)| rest.split_at(rest.find('/').unwrap_or(rest.len())));
        let path = path.split(['?', '#']).next().unwrap_or_default();
        // A client would write such a path in another way than it is signed.
        if path
            .split('/')
            .any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
        {
            return Err("of R2's S3 face, with dots for a name");
        }
        let labels: Vec<&str> = host.split('.').collect();
        let at = labels.iter().rposition(|label| label.parse::<AccountId>().is_ok());
        let at = at.filter(|_| host.to_ascii_lowercase().ends_with(R2_HOST));
        let account = at.and_then(|at| labels.get(at)?.parse().ok());
        let host = at.and_then(|at| labels.get(at..)).map(|labels| labels.join(".")).unwrap_or_default();
        let between = host.strip_suffix(R2_HOST).and_then(|labels| labels.trim_end_matches('.').split_once('.'));
        let jurisdiction = between.map_or("default", |(_, jurisdiction)| jurisdiction).to_owned();
        // `bucket.account.…` names the bucket; here it stands in the path for all.
        let bucket = at.filter(|at| *at > 0).and_then(|at| labels.get(..at)).map(|labels| labels.join("."));
        let path = bucket.map_or_else(|| path.to_owned(), |bucket| format!("/{bucket}{path}"));
        let path = if path.is_empty() { "/".to_owned() } else { path };
        Ok(Self { method, operation, account, host, jurisdiction, path: format!("{path}{}", query(operation)) })
    }

    /// The bucket, which has to be there for a token to name it; none where no account is told.
    pub(super) fn bucket(&self) -> Option<BucketKey> {
        let name =
            self.path.split(['/', '?']).nth(1).filter(|name| !name.is_empty() && !name.contains('%'))?.to_owned();
        Some(BucketKey { account: self.account?, jurisdiction: self.jurisdiction.clone(), name })
    }
}

/// What tells the operation among those of its path, with made-up values: recordings leave queries out.
fn query(operation: &Operation) -> String {
    let wanted = operation.path().split_once('?').map_or("", |(_, wanted)| wanted);
    let given = wanted.split('&').filter(|name| !name.is_empty()).map(|name| match name {
        "partNumber" => "partNumber=1".to_owned(),
        "uploadId" => "uploadId=none".to_owned(),
        _ if name.contains('=') => name.to_owned(),
        _ => format!("{name}="),
    });
    let given = given.collect::<Vec<_>>().join("&");
    if given.is_empty() { given } else { format!("?{given}") }
}

impl Objects {
    pub(super) fn at(endpoint: String) -> Result<Self, CommandError> {
        let wire = HttpWire::new(&endpoint, 1, Duration::from_secs(30)).map_err(|lost| unreachable(&lost.detail))?;
        Ok(Self { endpoint, wire })
    }

    /// Whether a call is refused to a token. What comes of it beyond that does not matter: who may call is decided first.
    pub(super) async fn refuses(
        &self,
        call: &Signed,
        id: TokenId,
        value: &SecretString,
        facts: &Facts,
    ) -> Result<bool, CommandError> {
        let keys = KeyPair::derived(id, value);
        let host = match call.host.as_str() {
            "" => format!("{}.{R2_HOST}", facts.account_id),
            host => host.to_owned(),
        };
        let id = id.to_string();
        let headers =
            signed_headers((call.method, &host, &call.path), (&id, &keys.secret_access_key), SystemTime::now());
        let request = Request {
            method: call.method,
            url: format!("{}{}", self.endpoint.trim_end_matches('/'), call.path),
            headers: headers.unwrap_or_default(),
            body: Body::bytes(Vec::new()),
        };
        let answer = self.wire.send(request).await.map_err(|lost| unreachable(&lost.detail))?;
        // A HEAD says no more than its status.
        let refused =
            answer.body.is_empty() || String::from_utf8_lossy(&answer.body).contains("<Code>AccessDenied</Code>");
        match answer.status {
            401 | 403 if refused => Ok(true),
            401 | 403 => Err(unreachable("it does not know the keys that it gave")),
            _ => Ok(false),
        }
    }
}

fn unreachable(detail: &str) -> CommandError {
    CommandError::new(Kind::Unreachable, format!("no answer came from the local Cloudflare's S3 face: {detail}"))
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::operation;

    use super::*;

    const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

    fn read(method: &str, url: &str, name: &str) -> Result<(String, String, String), &'static str> {
        let call = Signed::read(method, url, operation(name).unwrap())?;
        let bucket = call.bucket().map(|bucket| format!("{}/{}", bucket.jurisdiction, bucket.name));
        Ok((call.host.clone(), call.path.clone(), bucket.unwrap_or_default()))
    }

    #[test]
    fn a_call_is_made_again_where_and_as_it_was() {
        let object = "GET s3://{bucket_name}/{object_key}";
        let r2 = format!("{ACCOUNT}.{R2_HOST}");
        let told = |host: &str, path: &str, bucket: &str| Ok((host.to_owned(), path.to_owned(), bucket.to_owned()));
        assert_eq!(
            read("GET", &format!("https://{r2}/media/a%20b"), object),
            told(&r2, "/media/a%20b", "default/media")
        );
        let eu = format!("{ACCOUNT}.eu.{R2_HOST}");
        assert_eq!(read("HEAD", &format!("https://media.{eu}/k"), object), told(&eu, "/media/k", "eu/media"));
        assert_eq!(read("GET", "http://127.0.0.1:8788/media/k", object), told("", "/media/k", ""));
        let listed = "GET s3://{bucket_name}?list-type=2";
        assert_eq!(
            read("GET", &format!("https://{r2}/media"), listed),
            told(&r2, "/media?list-type=2", "default/media")
        );
        let part = "PUT s3://{bucket_name}/{object_key}?partNumber&uploadId";
        let put = read("PUT", &format!("https://{r2}/media/k"), part).unwrap();
        assert_eq!(put.1, "/media/k?partNumber=1&uploadId=none");
        assert_eq!(read("GET", &format!("https://{r2}"), "GET s3://"), told(&r2, "/", ""));
        let copied = Signed::read("PUT", &format!("https://{r2}/media/k"), operation(object).unwrap()).ok().unwrap();
        assert_eq!(copied.method, "GET");
        assert!(read("GET", &format!("https://{r2}/media/%2E./k"), object).is_err());
    }
}
