//! What is told of a call.

use std::fmt;
use std::time::SystemTime;

use flarekeep_catalogue::credential::{ACCOUNT_TOKEN, BODY, OAUTH_TOKEN, USER_TOKEN};
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use crate::hosts::Face;

/// Hears of calls. It is called on the proxy's threads, as soon as a call's answer is known: it should not wait.
pub trait Observer: Send + Sync + 'static {
    /// A call was answered, or will not be.
    fn exchange(&self, exchange: Exchange);
}

impl<F: Fn(Exchange) + Send + Sync + 'static> Observer for F {
    fn exchange(&self, exchange: Exchange) {
        self(exchange);
    }
}

/// A call and what became of it. It holds no header, but for what is told here, and no body.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    /// When it was answered.
    pub at: SystemTime,
    /// What it called.
    pub face: Face,
    /// The method as it was sent.
    pub method: String,
    /// The URL without its query, `https://api.cloudflare.com/client/v4/zones`; all but the visible characters of ASCII is
    /// percent-encoded.
    pub url: String,
    /// The query as it was sent. Of R2's S3 face it may hold a signature: `Debug` does not show it.
    pub query: Option<String>,
    /// The status of the answer; none where the call got none.
    pub status: Option<u16>,
    /// The codes of the answer's `errors`, 16 at most.
    pub errors: Vec<u32>,
    /// What the caller showed.
    pub credential: CredentialKind,
    /// Whether wrangler says that it made the call.
    pub by_wrangler: bool,
    /// Of a copy at R2's S3 face, what it reads: `/bucket/key`, its key as it was sent.
    pub copies: Option<String>,
    /// The body of a call of `POST /graphql`, which says what it needs; none where it is longer than 64 KiB.
    pub graphql: Option<Vec<u8>>,
}

/// What a caller showed, as far as its form tells. No value is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// Nothing.
    #[default]
    None,
    /// The token of a user.
    UserToken,
    /// The token of an account.
    AccountToken,
    /// A token of the older form, which does not tell whose it is.
    Token,
    /// An access token of OAuth, as `wrangler login` gets one.
    OauthToken,
    /// A Global API key.
    GlobalKey,
    /// An Origin CA key.
    OriginCaKey,
    /// A pair of R2's S3 keys.
    S3Keys,
    /// Another: what an upload session gave, say.
    Other,
}

impl CredentialKind {
    /// The kind as documents spell it.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::UserToken => "user-token",
            Self::AccountToken => "account-token",
            Self::Token => "token",
            Self::OauthToken => "oauth-token",
            Self::GlobalKey => "global-key",
            Self::OriginCaKey => "origin-ca-key",
            Self::S3Keys => "s3-keys",
            Self::Other => "other",
        }
    }

    /// What the headers of a call show; a signature can be in its query, too.
    pub(crate) fn shown(headers: &HeaderMap, query: Option<&str>) -> Self {
        if headers.contains_key("x-auth-key") {
            return Self::GlobalKey;
        }
        if headers.contains_key("x-auth-user-service-key") {
            return Self::OriginCaKey;
        }
        let Some(shown) = headers.get(AUTHORIZATION) else {
            let signed = query.is_some_and(|query| query.contains("X-Amz-Signature="));
            return if signed { Self::S3Keys } else { Self::None };
        };
        let Ok(shown) = shown.to_str() else { return Self::Other };
        let (scheme, value) = shown.split_once(' ').unwrap_or((shown, ""));
        let value = value.trim();
        match scheme {
            "AWS4-HMAC-SHA256" => Self::S3Keys,
            _ if !scheme.eq_ignore_ascii_case("bearer") => Self::Other,
            _ if value.starts_with(USER_TOKEN) => Self::UserToken,
            _ if value.starts_with(ACCOUNT_TOKEN) => Self::AccountToken,
            _ if value.starts_with(OAUTH_TOKEN) => Self::OauthToken,
            _ if value.len() == BODY => Self::Token,
            _ => Self::Other,
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, url, status, errors, credential, .. } = self;
        f.debug_struct("Exchange")
            .field("method", method)
            .field("url", url)
            .field("status", status)
            .field("errors", errors)
            .field("credential", credential)
            .finish_non_exhaustive()
    }
}

/// The URL of a path at a host, with all but the visible characters of ASCII percent-encoded.
pub(crate) fn url(host: &str, path: &str) -> String {
    let mut url = format!("https://{host}");
    for byte in path.bytes() {
        match byte {
            b'!'..=b'~' => url.push(char::from(byte)),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// What a copy reads, `/bucket/key`, from the header that names it: encoded or not, with a slash before it or without, and with
/// a version behind it (docs: r2/api/s3/api). Clients encode the slash between the two, too.
pub(crate) fn copied(header: &str) -> String {
    const SLASHES: [&str; 3] = ["/", "%2F", "%2f"];
    let mut path = header.split('?').next().unwrap_or_default();
    while let Some(rest) = SLASHES.iter().find_map(|slash| path.strip_prefix(slash)) {
        path = rest;
    }
    let slash = SLASHES.iter().filter_map(|slash| Some((path.find(slash)?, slash.len()))).min();
    let (bucket, key) = slash.map_or((path, ""), |(at, length)| {
        (path.get(..at).unwrap_or_default(), path.get(at + length..).unwrap_or_default())
    });
    format!("/{bucket}/{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_known_by_its_form() {
        let body = "aB3x".repeat(10);
        let kind = |name: &'static str, value: String| {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            CredentialKind::shown(&headers, None)
        };
        let bearer = |value: String| kind("authorization", format!("Bearer {value}"));
        assert_eq!(bearer(format!("{USER_TOKEN}{body}")), CredentialKind::UserToken);
        assert_eq!(bearer(format!("{ACCOUNT_TOKEN}{body}")), CredentialKind::AccountToken);
        assert_eq!(bearer(format!("{OAUTH_TOKEN}{body}")), CredentialKind::OauthToken);
        assert_eq!(bearer(body.clone()), CredentialKind::Token);
        assert_eq!(bearer("eyJ.a.b".to_owned()), CredentialKind::Other);
        assert_eq!(kind("x-auth-key", body.clone()), CredentialKind::GlobalKey);
        assert_eq!(kind("x-auth-user-service-key", body), CredentialKind::OriginCaKey);
        assert_eq!(kind("authorization", "AWS4-HMAC-SHA256 Credential=x".to_owned()), CredentialKind::S3Keys);
        assert_eq!(kind("accept", "x".to_owned()), CredentialKind::None);
        assert_eq!(CredentialKind::shown(&HeaderMap::new(), Some("a&X-Amz-Signature=b")), CredentialKind::S3Keys);
    }

    #[test]
    fn a_url_is_visible_ascii() {
        assert_eq!(url("h", "/a%20b/\u{e9} c"), "https://h/a%20b/%C3%A9%20c");
    }

    #[test]
    fn what_is_copied_has_a_bucket_and_a_key_however_it_is_spelt() {
        for header in ["/media/a%2Fb", "media/a%2Fb?versionId=1", "media%2Fa%2Fb", "%2fmedia%2Fa%2Fb", "//media/a%2Fb"]
        {
            assert_eq!(copied(header), "/media/a%2Fb", "{header}");
        }
        assert_eq!(
            (copied("media").as_str(), copied("").as_str(), copied("a/b/c").as_str()),
            ("/media/", "//", "/a/b/c")
        );
    }
}
