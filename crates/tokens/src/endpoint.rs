//! The address of an S3 face.

use std::fmt;
use std::str::FromStr;

use flarekeep_cloudflare::Url;

/// The address of an S3 face: a scheme, a host, and a port that is no usual one. Nothing else goes with it: S3 clients
/// build paths of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    host: String,
}

/// A text that is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an S3 endpoint is an address of nothing but scheme and host, as in https://ACCOUNT_ID.r2.cloudflarestorage.com"
)]
pub struct BadEndpoint;

impl Endpoint {
    /// The address, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its host as a request names it, with a port that is no usual one.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl FromStr for Endpoint {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Self, BadEndpoint> {
        let url: Url = text.parse().map_err(|_| BadEndpoint)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let nobody = url.username().is_empty() && url.password().is_none();
        let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https") && bare && nobody);
        let host = host.ok_or(BadEndpoint)?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self { url: format!("{}://{host}", url.scheme()), host })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn an_endpoint_is_a_host() {
        let read = |text: &str| text.parse::<Endpoint>().map(|endpoint| (endpoint.url, endpoint.host)).ok();
        let both = |url: &str, host: &str| Some((url.to_owned(), host.to_owned()));
        assert_eq!(read("https://a.example.com/"), both("https://a.example.com", "a.example.com"));
        assert_eq!(read("HTTPS://A.example.com:443"), both("https://a.example.com", "a.example.com"));
        assert_eq!(read("http://127.0.0.1:9000"), both("http://127.0.0.1:9000", "127.0.0.1:9000"));
        for wrong in ["", "a.example.com", "ftp://a", "https://a/b", "https://u:p@a", "https://a/?x", "file:///x"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
