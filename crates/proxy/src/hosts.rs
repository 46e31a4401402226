//! The hosts whose calls are looked into.

use flarekeep_catalogue::{API_HOST, R2_HOST};

/// What answers at a host that is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// Cloudflare's API.
    Api,
    /// R2's S3 face.
    R2,
}

/// What answers at a host, in any case and with a dot at its end or without; none where it is looked past.
#[must_use]
pub fn face(host: &str) -> Option<Face> {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    if host == API_HOST {
        return Some(Face::Api);
    }
    let labels = host.strip_suffix(R2_HOST)?.strip_suffix('.')?;
    let plain = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    (labels.len() < 200 && labels.split('.').all(plain)).then_some(Face::R2)
}

/// Whether an entry of `NO_PROXY` would keep any of these hosts from the proxy: a name, a suffix with a dot, `*`.
#[must_use]
pub fn is_concerned_by(entry: &str) -> bool {
    let name = entry.trim().trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
    let name = name.split(':').next().unwrap_or_default();
    let covers = |host: &str| host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    name == "*" || !name.is_empty() && (covers(API_HOST) || covers(R2_HOST) || face(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hosts_are_looked_into_and_their_neighbours_are_not() {
        let account = "0123456789abcdef0123456789abcdef";
        assert_eq!(face("API.cloudflare.com."), Some(Face::Api));
        for host in
            [format!("{account}.{R2_HOST}"), format!("{account}.eu.{R2_HOST}"), format!("media.{account}.{R2_HOST}")]
        {
            assert_eq!(face(&host), Some(Face::R2), "{host}");
        }
        for other in [
            "cloudflare.com",
            "dash.cloudflare.com",
            "api.cloudflare.com.example.com",
            "xapi.cloudflare.com",
            R2_HOST,
            "xr2.cloudflarestorage.com",
            "a..r2.cloudflarestorage.com",
            "a b.r2.cloudflarestorage.com",
            "",
        ] {
            assert_eq!(face(other), None, "{other}");
        }
    }

    #[test]
    fn entries_that_would_hide_calls_are_known() {
        for entry in [
            "*",
            "api.cloudflare.com",
            ".cloudflare.com",
            "*.cloudflare.com",
            "cloudflare.com",
            " com",
            "x.r2.cloudflarestorage.com",
            "api.cloudflare.com:443",
        ] {
            assert!(is_concerned_by(entry), "{entry}");
        }
        for entry in ["", "localhost", "127.0.0.1", "10.0.0.0/8", "example.com", "dash.cloudflare.com", "flare.com"] {
            assert!(!is_concerned_by(entry), "{entry}");
        }
    }
}
