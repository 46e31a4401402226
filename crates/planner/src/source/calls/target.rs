//! What a request was sent to: Cloudflare's API, R2's S3 face, or something else.

use flarekeep_catalogue::{API_HOST, AccountId, R2_HOST};

/// The path under which it is, there and wherever else it is served: by a proxy, or by a local Cloudflare.
pub(super) const API: &str = "/client/v4";
/// Cloudflare's dashboard reaches the same API under its own host (seen in public scripts that run in the dashboard:
/// `https://dash.cloudflare.com/api/v4/zones/…/dns_records`; undocumented).
const DASHBOARD_HOST: &str = "dash.cloudflare.com";
const DASHBOARD_API: &str = "/api/v4";

/// What a request was sent to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// Cloudflare's API.
    Api {
        /// The path below `/client/v4`, with its slash.
        path: &'a str,
        query: &'a str,
    },
    /// R2's S3 face.
    S3(S3Target<'a>),
    /// Something else.
    Elsewhere,
}

/// A place in R2's S3 face.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct S3Target<'a> {
    /// The account; none where the address does not say it, as that of a local Cloudflare.
    pub(super) account: Option<AccountId>,
    pub(super) jurisdiction: &'a str,
    pub(super) bucket: Option<&'a str>,
    /// Whether an object is named.
    pub(super) object: bool,
    pub(super) query: &'a str,
}

/// Reads a URL, or a path below the API with `/client/v4` before it or without.
pub(super) fn target(text: &str) -> Target<'_> {
    let text = text.split('#').next().unwrap_or_default();
    let (address, query) = text.split_once('?').unwrap_or((text, ""));
    let Some((host, path)) = host_and_path(address) else {
        let path = below(address, API).or_else(|| below(address, DASHBOARD_API)).unwrap_or(address);
        return if path.starts_with('/') { Target::Api { path, query } } else { Target::Elsewhere };
    };
    if let Some(before) = without_suffix(host, R2_HOST).and_then(|before| before.strip_suffix('.')) {
        return s3(before, path, query).map_or(Target::Elsewhere, Target::S3);
    }
    let api = match host.eq_ignore_ascii_case(DASHBOARD_HOST) {
        true => below(path, DASHBOARD_API),
        false => below(path, API),
    };
    api.map_or(Target::Elsewhere, |path| Target::Api { path, query })
}

/// The bucket and object that a path-style address of R2's S3 face names, wherever it is served.
pub(super) fn path_style(text: &str) -> S3Target<'_> {
    let text = text.split('#').next().unwrap_or_default();
    let (address, query) = text.split_once('?').unwrap_or((text, ""));
    let path = host_and_path(address).map_or(address, |(_, path)| path);
    in_bucket(None, "default", path, query)
}

/// The host without its port, and the path; none where the text is a path alone.
fn host_and_path(address: &str) -> Option<(&str, &str)> {
    let rest = match address.split_once("://") {
        Some((_, rest)) => rest,
        None => Some(address).filter(|text| text.starts_with(API_HOST))?,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // Whatever stands before an `@` is a user with a password.
    let host = authority.rsplit('@').next().unwrap_or(authority);
    Some((host.split(':').next().unwrap_or(host), path))
}

/// What follows a prefix of whole segments, with its slash; slashes that are doubled count once.
fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix).filter(|rest| rest.starts_with('/'))?;
    let doubled = rest.len() - rest.trim_start_matches('/').len();
    rest.get(doubled - 1..)
}

fn without_suffix<'a>(host: &'a str, suffix: &str) -> Option<&'a str> {
    let (before, end) = host.split_at_checked(host.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(before)
}

/// `<account>`, `<account>.eu`, `<bucket>.<account>` or `<bucket>.<account>.eu`.
fn s3<'a>(labels: &'a str, path: &'a str, query: &'a str) -> Option<S3Target<'a>> {
    let id = |label: &str| label.parse::<AccountId>().ok();
    let (rest, last) = labels.rsplit_once('.').map_or((None, labels), |(rest, last)| (Some(rest), last));
    let (account, jurisdiction, bucket) = match (id(last), rest) {
        (Some(account), bucket) => (account, "default", bucket),
        (None, Some(rest)) => {
            let (bucket, account) = rest.rsplit_once('.').map_or((None, rest), |(rest, last)| (Some(rest), last));
            (id(account)?, last, bucket)
        }
        (None, None) => return None,
    };
    Some(match bucket {
        Some(bucket) => S3Target {
            account: Some(account),
            jurisdiction,
            bucket: Some(bucket),
            object: !path.trim_start_matches('/').is_empty(),
            query,
        },
        None => in_bucket(Some(account), jurisdiction, path, query),
    })
}

fn in_bucket<'a>(account: Option<AccountId>, jurisdiction: &'a str, path: &'a str, query: &'a str) -> S3Target<'a> {
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    S3Target {
        account,
        jurisdiction,
        bucket: Some(bucket).filter(|name| !name.is_empty()),
        object: !key.is_empty(),
        query,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "023e105f4ecef8ad9ca31a8372d0c353";

    fn api(text: &str) -> Option<(&str, &str)> {
        match target(text) {
            Target::Api { path, query } => Some((path, query)),
            _ => None,
        }
    }

    #[test]
    fn the_api_is_known_by_its_host_and_path() {
        for text in [
            "https://api.cloudflare.com/client/v4/zones?name=a",
            "https://API.cloudflare.com:443/client/v4//zones?name=a#x",
            "https://user:password@api.cloudflare.com/client/v4/zones?name=a",
            "api.cloudflare.com/client/v4/zones?name=a",
            "http://127.0.0.1:8787/client/v4/zones?name=a",
            "https://dash.cloudflare.com/api/v4/zones?name=a",
            "/client/v4/zones?name=a",
            "/zones?name=a",
        ] {
            assert_eq!(api(text), Some(("/zones", "name=a")), "{text}");
        }
        for text in [
            "https://example.com/zones",
            "https://api.cloudflare.com/zones",
            "https://api.cloudflare.com.example.com/x/client/v4/zones",
            "https://dash.cloudflare.com/login",
            "https://api.cloudflare.com/client/v4",
            "https://api.cloudflare.com/client/v40/zones",
            "chrome-extension://x",
            "zones",
            "",
        ] {
            assert_eq!(target(text), Target::Elsewhere, "{text}");
        }
    }

    #[test]
    fn r2_is_known_by_its_host_and_tells_account_jurisdiction_bucket_and_object() {
        let place = |text: &str| match target(text) {
            Target::S3(S3Target { account, jurisdiction, bucket, object, .. }) => {
                Some((account?.to_string() == ACCOUNT, jurisdiction.to_owned(), bucket.map(str::to_owned), object))
            }
            _ => None,
        };
        let found = |jurisdiction: &str, bucket: Option<&str>, object| {
            Some((true, jurisdiction.to_owned(), bucket.map(str::to_owned), object))
        };
        let at = |before: &str, after: &str| place(&format!("https://{before}.r2.cloudflarestorage.com{after}"));
        assert_eq!(at(ACCOUNT, "/"), found("default", None, false));
        assert_eq!(at(ACCOUNT, ""), found("default", None, false));
        assert_eq!(at(ACCOUNT, "/media?list-type=2"), found("default", Some("media"), false));
        assert_eq!(at(ACCOUNT, "/media/a/b.png"), found("default", Some("media"), true));
        assert_eq!(at(&format!("{ACCOUNT}.eu"), "/media/"), found("eu", Some("media"), false));
        assert_eq!(at(&format!("media.{ACCOUNT}"), "/a"), found("default", Some("media"), true));
        assert_eq!(at(&format!("media.{ACCOUNT}.eu"), "/"), found("eu", Some("media"), false));
        assert_eq!(at("media", "/"), None);
        assert_eq!(path_style("http://127.0.0.1:9000/media/a?x").bucket, Some("media"));
    }
}
