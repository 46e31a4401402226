//! Headers that belong to one connection, and are no business of the next.

use hyper::HeaderMap;
use hyper::header::{
    ACCEPT_ENCODING, ALT_SVC, CONNECTION, EXPECT, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE,
};

use crate::hosts::Face;

/// RFC 9110, 7.6.1, and what HTTP/1.1 had before it.
const OF_A_CONNECTION: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What R2's copies name their source in (docs: r2/api/s3/api).
pub(crate) const COPY_SOURCE: &str = "x-amz-copy-source";
/// By these some servers take a call for another than its first line says. No client of Cloudflare's sends them.
const OVERRIDES: [&str; 5] =
    ["x-http-method", "x-http-method-override", "x-method-override", "x-original-url", "x-rewrite-url"];

/// Why a call may be another than it looks, in a clause; none where it cannot.
pub(crate) fn ambiguity(headers: &HeaderMap) -> Option<String> {
    if let Some(name) = OVERRIDES.iter().find(|name| headers.contains_key(**name)) {
        return Some(format!("`{name}` may make another call of it"));
    }
    let mut sources = headers.get_all(COPY_SOURCE).iter();
    let told = sources.next().is_none_or(|source| source.to_str().is_ok()) && sources.next().is_none();
    (!told).then(|| "what it copies cannot be told".to_owned())
}

/// Makes the headers of a request fit to be passed on.
pub(crate) fn of_request(headers: &mut HeaderMap, face: Face) {
    strip(headers);
    // The client gets its `100 Continue` from here, when its body is asked for.
    headers.remove(EXPECT);
    if face == Face::Api {
        // Error codes are read from answers. R2's requests are signed and stay as they are.
        headers.remove(ACCEPT_ENCODING);
    }
}

/// Makes the headers of an answer fit to be passed on.
pub(crate) fn of_answer(headers: &mut HeaderMap) {
    strip(headers);
    // Whoever followed it would go past the proxy.
    headers.remove(ALT_SVC);
}

fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // A client may not have the proxy forget whose call it is, or where it goes.
        .filter(|name: &HeaderName| !matches!(name.as_str(), "host" | "authorization" | "content-length"))
        .collect();
    for name in named.iter().chain(&OF_A_CONNECTION) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_a_connection_stays_there() {
        let mut headers: HeaderMap = [
            ("connection", "close, x-own, authorization"),
            ("x-own", "1"),
            ("authorization", "Bearer x"),
            ("te", "trailers"),
            ("expect", "100-continue"),
            ("accept-encoding", "gzip"),
            ("content-length", "3"),
            ("alt-svc", "h3"),
        ]
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
        let mut signed = headers.clone();
        of_request(&mut headers, Face::Api);
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alt-svc", "authorization", "content-length"]);
        of_request(&mut signed, Face::R2);
        assert!(signed.contains_key(ACCEPT_ENCODING));
        of_answer(&mut signed);
        assert!(!signed.contains_key(ALT_SVC));
    }
}
