//! Where the calls are passed on to.

use std::fmt;
use std::net::IpAddr;

use hyper::Uri;
use hyper::http::uri::{Authority, PathAndQuery, Scheme};

use crate::hosts::Face;

/// Below which path the API is, there and wherever else it is served.
const API: &str = "/client/v4";

/// Where the calls are passed on to.
#[derive(Debug, Clone)]
pub struct Upstream(Ways);

#[derive(Debug, Clone)]
enum Ways {
    /// To the hosts that they name.
    Cloudflare,
    /// To these.
    Elsewhere { api: Base, r2: Option<Base> },
}

#[derive(Debug, Clone)]
struct Base {
    scheme: Scheme,
    authority: Authority,
    path: String,
}

/// A URL that no call can be passed on to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadUpstream(&'static str);

impl Upstream {
    /// To Cloudflare, as the calls say themselves.
    #[must_use]
    pub const fn cloudflare() -> Self {
        Self(Ways::Cloudflare)
    }

    /// To an API that is served elsewhere, `http://127.0.0.1:8787/client/v4`, and to R2's S3 face there; where nobody says
    /// where that is, calls of it are refused.
    ///
    /// # Errors
    /// What is no URL of `https`, or of `http` on this machine: credentials are not sent over a network in clear.
    pub fn elsewhere(api: &str, r2: Option<&str>) -> Result<Self, BadUpstream> {
        let api = Base::parse(api)?;
        // `/client/v4` is the calls' own.
        let path = api.path.strip_suffix(API).unwrap_or(&api.path).to_owned();
        Ok(Self(Ways::Elsewhere { api: Base { path, ..api }, r2: r2.map(Base::parse).transpose()? }))
    }

    /// Whether TLS is spoken on the way.
    pub(crate) fn is_https(&self) -> bool {
        let https = |base: &Base| base.scheme == Scheme::HTTPS;
        match &self.0 {
            Ways::Cloudflare => true,
            Ways::Elsewhere { api, r2 } => https(api) || r2.as_ref().is_some_and(https),
        }
    }

    /// The address for a path of a host, byte for byte as it was called; none where nobody said where.
    pub(crate) fn address(&self, face: Face, host: &str, path: &PathAndQuery) -> Option<Uri> {
        let base = match (&self.0, face) {
            (Ways::Cloudflare, _) => {
                return Uri::builder().scheme(Scheme::HTTPS).authority(host).path_and_query(path.clone()).build().ok();
            }
            (Ways::Elsewhere { api, .. }, Face::Api) => api,
            (Ways::Elsewhere { r2, .. }, Face::R2) => r2.as_ref()?,
        };
        let (scheme, authority) = (base.scheme.clone(), base.authority.clone());
        let whole = match base.path.as_str() {
            "" => path.clone(),
            prefix => format!("{prefix}{path}").parse().ok()?,
        };
        Uri::builder().scheme(scheme).authority(authority).path_and_query(whole).build().ok()
    }
}

impl Base {
    fn parse(url: &str) -> Result<Self, BadUpstream> {
        let uri: Uri = url.parse().map_err(|_| BadUpstream("it is no URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme().cloned(), uri.authority().cloned()) else {
            return Err(BadUpstream("a URL begins with https://, or with http:// on this machine"));
        };
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(BadUpstream("it holds more than a host, a port and a path"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let is_here = host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        if !(scheme == Scheme::HTTPS || scheme == Scheme::HTTP && is_here) {
            return Err(BadUpstream("credentials would travel in clear: https, or http to this machine alone"));
        }
        Ok(Self { scheme, authority, path: uri.path().trim_end_matches('/').to_owned() })
    }
}

impl fmt::Display for BadUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadUpstream {}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(upstream: &Upstream, face: Face, host: &str, path: &str) -> Option<String> {
        upstream.address(face, host, &path.parse().unwrap()).map(|uri| uri.to_string())
    }

    #[test]
    fn calls_go_where_they_are_sent_and_their_paths_stay() {
        let path = "/client/v4/zones//a%2fb/../x?name=a%20b";
        let direct = sent(&Upstream::cloudflare(), Face::Api, "api.cloudflare.com", path);
        assert_eq!(direct.unwrap(), format!("https://api.cloudflare.com{path}"));
        let local = Upstream::elsewhere("http://127.0.0.1:8787/client/v4/", Some("http://[::1]:9000")).unwrap();
        assert_eq!(sent(&local, Face::Api, "x", path).unwrap(), format!("http://127.0.0.1:8787{path}"));
        assert_eq!(sent(&local, Face::R2, "x", "/b/k%2B?x").unwrap(), "http://[::1]:9000/b/k%2B?x");
        assert!(!local.is_https() && Upstream::cloudflare().is_https());
        let below = Upstream::elsewhere("https://gate.example/cf/client/v4", None).unwrap();
        assert_eq!(sent(&below, Face::Api, "x", "/client/v4/user").unwrap(), "https://gate.example/cf/client/v4/user");
        assert_eq!(sent(&below, Face::R2, "x", "/b"), None);
    }

    #[test]
    fn no_credential_is_sent_in_clear() {
        for bad in [
            "http://example.com/client/v4",
            "ftp://127.0.0.1/",
            "/client/v4",
            "",
            "https://u:p@example.com/",
            "https://x/?a",
            "\u{7}",
        ] {
            assert!(Upstream::elsewhere(bad, None).is_err(), "{bad}");
            assert!(Upstream::elsewhere("https://x", Some(bad)).is_err(), "{bad}");
        }
        assert!(Upstream::elsewhere("http://LOCALHOST:1", Some("https://x")).is_ok());
    }
}
