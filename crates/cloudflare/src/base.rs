//! The base URL: where calls go, and that a credential does not go there in clear.

use reqwest::Url;

use crate::error::Error;

/// Cloudflare's own.
pub const DEFAULT_BASE_URL: &str = "https://api.cloudflare.com/client/v4";

/// A base URL that may carry a credential: https, or http to this machine.
#[derive(Debug, Clone)]
pub(crate) struct BaseUrl {
    url: Url,
}

impl BaseUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        // The text is not repeated: it may be a credential in the wrong place.
        let bad = |detail: &str| Error::BadUrl { detail: detail.to_owned() };
        let mut url = Url::parse(text.trim()).map_err(|error| bad(&error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("it has a user name or a password in it"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("it has a query or a fragment"));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(Error::InsecureUrl { host: url.host_str().unwrap_or_default().to_owned() }),
            _ => return Err(bad("it is neither https nor http")),
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self { url })
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    pub(crate) fn as_str(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The URL of `path` (with or without a query) below the base.
    ///
    /// A path that would be read otherwise than it is written is refused: a `..` in the name of a bucket must not turn
    /// the deletion of an object into that of the bucket.
    pub(crate) fn join(&self, path: &str) -> Result<Url, Error> {
        let bad = |detail: &str| Error::Unsendable { detail: detail.to_owned() };
        let (before_query, _) = path.split_once('?').unwrap_or((path, ""));
        if !before_query.starts_with('/') {
            return Err(bad("the path does not start with `/`"));
        }
        if path.contains('#') || before_query.contains('\\') || path.chars().any(char::is_control) {
            return Err(bad("the path has a `#`, a `\\` or a control character: percent-encode it"));
        }
        if before_query.split('/').any(is_dots) {
            return Err(bad("a part of the path is `.` or `..`"));
        }
        Url::parse(&format!("{}{path}", self.as_str())).map_err(|error| bad(&error.to_string()))
    }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a URL parser would take this part for a step in the tree.
fn is_dots(part: &str) -> bool {
    let part = part.to_ascii_lowercase().replace("%2e", ".");
    part == "." || part == ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_are_taken_with_or_without_a_slash() {
        let base = |text| BaseUrl::parse(text).map(|base| base.as_str().to_owned());
        assert_eq!(base(DEFAULT_BASE_URL).unwrap(), DEFAULT_BASE_URL);
        assert_eq!(base(" https://a.example/v4// ").unwrap(), "https://a.example/v4");
        assert_eq!(base("http://127.0.0.1:80").unwrap(), "http://127.0.0.1");
        assert_eq!(base("http://[::1]:8787/client/v4").unwrap(), "http://[::1]:8787/client/v4");
        assert_eq!(base("http://LOCALHOST:8787/").unwrap(), "http://localhost:8787");
    }

    #[test]
    fn a_credential_does_not_travel_in_clear() {
        for url in ["http://api.cloudflare.com/client/v4", "http://127.0.0.1.example", "http://localhost.example"] {
            let error = BaseUrl::parse(url).unwrap_err();
            assert!(matches!(error, Error::InsecureUrl { .. }), "{error}");
            assert!(error.to_string().contains("in clear"));
        }
    }

    #[test]
    fn other_urls_are_refused_without_being_repeated() {
        for url in ["", "not a url", "ftp://a.example", "https://me:word@a.example", "https://a.example/?q", "data:x"] {
            let error = BaseUrl::parse(url).unwrap_err();
            assert!(matches!(error, Error::BadUrl { .. }), "{url}");
            assert!(!error.to_string().contains("word@"));
        }
    }

    #[test]
    fn a_path_stays_below_the_base() {
        let base = BaseUrl::parse("https://a.example/v4").unwrap();
        assert_eq!(base.join("/zones?name=x").unwrap().as_str(), "https://a.example/v4/zones?name=x");
        for path in ["zones", "@evil.example", "/a/../b", "/a/%2E%2e", "/a/.", "/a\\..\\b", "/a#b", "/a\nb"] {
            assert!(matches!(base.join(path), Err(Error::Unsendable { .. })), "{path}");
        }
    }
}
