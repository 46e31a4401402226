//! Which route of a zone takes a request: pure, from patterns alone.
//!
//! The rules are those of Cloudflare's page workers/configuration/routing/routes: `*` at the start of the host and at the
//! end of the path; hosts in either case, paths as they are; the query belongs to the path; of several that match, the
//! most specific wins. How specific two patterns are when one has the longer host and the other the longer path is not
//! on that page: the host counts first here, as in miniflare's router.

use std::borrow::Borrow;

use serde::{Deserialize, Serialize};

/// A route's pattern, read. It is saved as its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct Pattern {
    text: String,
    /// `http` or `https`, where the pattern names one.
    scheme: Option<String>,
    /// In lower case, without its wildcard.
    host: String,
    /// Whether any text may stand before `host`.
    any_before: bool,
    /// With its slash, without its wildcard.
    path: String,
    /// Whether any text may stand behind `path`.
    any_behind: bool,
}

/// What is asked for, as the patterns see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// `http` or `https`.
    pub(crate) scheme: &'a str,
    /// In lower case, without its port.
    pub(crate) host: &'a str,
    /// The path with its query.
    pub(crate) path: &'a str,
}

/// How specific a pattern is: the greater wins.
type Weight = (usize, bool, usize, bool, bool);

impl Pattern {
    /// Reads a pattern as the API accepts it. A pattern without a path is that of the root alone.
    pub(crate) fn read(text: &str) -> Self {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        let (host, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let host = host.to_ascii_lowercase();
        let (host, any_before) = host.strip_prefix('*').map_or((host.as_str(), false), |rest| (rest, true));
        let (path, any_behind) = path.strip_suffix('*').map_or((path, false), |rest| (rest, true));
        Self { text: text.to_owned(), scheme, host: host.to_owned(), any_before, path: path.to_owned(), any_behind }
    }

    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the pattern matches.
    pub(crate) fn matches(&self, asked: Asked) -> bool {
        let host = if self.any_before { asked.host.ends_with(&self.host) } else { asked.host == self.host };
        let path = if self.any_behind { asked.path.starts_with(&self.path) } else { asked.path == self.path };
        host && path && self.scheme.as_deref().is_none_or(|scheme| scheme == asked.scheme)
    }

    fn weight(&self) -> Weight {
        (self.host.len(), !self.any_before, self.path.len(), !self.any_behind, self.scheme.is_some())
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self::read(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

/// The route that takes a request: the most specific of those that match. What stands with a pattern is given back, so
/// that a route without a Worker, which keeps Workers away, is told from no route.
pub(crate) fn choose<P: Borrow<Pattern>, T>(routes: impl IntoIterator<Item = (P, T)>, asked: Asked) -> Option<T> {
    let mut best: Option<(Weight, T)> = None;
    for (pattern, value) in routes {
        let pattern = pattern.borrow();
        if pattern.matches(asked) && best.as_ref().is_none_or(|(weight, _)| pattern.weight() > *weight) {
            best = Some((pattern.weight(), value));
        }
    }
    best.map(|(_, value)| value)
}

/// The host without port and final dot, in lower case; none where it is no host.
pub(crate) fn host(authority: &str) -> Option<String> {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(host, _)| host),
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    };
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked<'a>(host: &'a str, path: &'a str) -> Asked<'a> {
        Asked { scheme: "https", host, path }
    }

    fn read<'a>(routes: &[&'a str]) -> Vec<(Pattern, &'a str)> {
        routes.iter().map(|text| (Pattern::read(text), *text)).collect()
    }

    /// Whether `pattern` matches by trying every split of the text: a wildcard takes any part of it.
    fn globbed(pattern: &str, text: &str) -> bool {
        match pattern.chars().next() {
            None => text.is_empty(),
            Some('*') => {
                let rest = pattern.strip_prefix('*').unwrap();
                text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| globbed(rest, text.split_at(at).1))
            }
            Some(first) => {
                text.strip_prefix(first).is_some_and(|text| globbed(pattern.strip_prefix(first).unwrap(), text))
            }
        }
    }

    /// The same choice, by elimination: a pattern loses to any other that matches and has the longer fixed host, then
    /// path, then fewer wildcards.
    fn naive<'a>(routes: &[&'a str], asked: Asked) -> Option<&'a str> {
        let split = |route: &str| {
            let bare = route.trim_start_matches("https://").trim_start_matches("http://");
            let at = bare.find('/').unwrap_or(bare.len());
            let (host, path) = bare.split_at(at);
            (host.to_lowercase(), if path.is_empty() { "/".to_owned() } else { path.to_owned() })
        };
        let fits = |route: &&&'a str| {
            let (host, path) = split(route);
            (!route.contains("://") || route.starts_with(&format!("{}://", asked.scheme)))
                && globbed(&host, asked.host)
                && globbed(&path, asked.path)
        };
        let fixed = |text: &str| text.chars().filter(|c| *c != '*').count();
        let beats = |one: &str, other: &str| {
            let ((a, b), (c, d)) = (split(one), split(other));
            let by = [
                fixed(&a).cmp(&fixed(&c)),
                c.contains('*').cmp(&a.contains('*')),
                fixed(&b).cmp(&fixed(&d)),
                d.contains('*').cmp(&b.contains('*')),
                one.contains("://").cmp(&other.contains("://")),
            ];
            by.into_iter().find(|order| order.is_ne()) == Some(std::cmp::Ordering::Greater)
        };
        let fitting: Vec<&&str> = routes.iter().filter(fits).collect();
        fitting.iter().find(|one| !fitting.iter().any(|other| beats(other, one))).map(|one| **one)
    }

    #[test]
    fn the_documented_cases() {
        let routes = |list: &[&'static str], host, path| choose(read(list), asked(host, path));
        assert_eq!(
            routes(&["*.example.com/*", "www.example.com/*"], "www.example.com", "/"),
            Some("www.example.com/*")
        );
        assert_eq!(routes(&["*example.com/*"], "myexample.com", "/x"), Some("*example.com/*"));
        assert_eq!(routes(&["*.example.com/*"], "example.com", "/"), None);
        assert_eq!(routes(&["example.com/a"], "example.com", "/a?b"), None, "a query is part of the path");
        assert_eq!(routes(&["example.com/a*"], "example.com", "/a?b"), Some("example.com/a*"));
        assert_eq!(routes(&["Example.COM/A"], "example.com", "/a"), None, "paths have a case, hosts none");
        assert_eq!(routes(&["Example.COM/A"], "example.com", "/A"), Some("Example.COM/A"));
        assert_eq!(routes(&["*/*", "example.com/*"], "shop.acme.test", "/"), Some("*/*"));
        assert_eq!(routes(&["example.com"], "example.com", "/"), Some("example.com"));
        assert_eq!(routes(&["http://example.com/*", "example.com/*"], "example.com", "/"), Some("example.com/*"));
        assert_eq!(
            routes(&["https://example.com/*", "example.com/*"], "example.com", "/"),
            Some("https://example.com/*")
        );
    }

    #[test]
    fn a_route_without_a_worker_keeps_the_less_specific_away() {
        let routes = [("example.com/*", Some("shop")), ("example.com/static/*", None)];
        let choose = |routes: [(&str, Option<&'static str>); 2], asked| {
            choose(routes.map(|(pattern, script)| (Pattern::read(pattern), script)), asked)
        };
        assert_eq!(choose(routes, asked("example.com", "/static/a.css")), Some(None));
        assert_eq!(choose(routes, asked("example.com", "/static")), Some(Some("shop")));
        assert_eq!(choose(routes, asked("other.test", "/")), None);
    }

    #[test]
    fn hosts_lose_their_port() {
        assert_eq!(host("A.example.com:99").as_deref(), Some("a.example.com"));
        assert_eq!(host("example.com.").as_deref(), Some("example.com"));
        assert_eq!(host("[::1]:80").as_deref(), Some("::1"));
        assert_eq!(host(":80"), None);
    }

    proptest! {
        #[test]
        fn the_choice_is_that_of_a_naive_one(
            routes in prop::collection::vec("((http|https)://)?\\*?([ab]\\.)?[ab](/[ab]{0,2}\\*?)?", 0..8),
            host in "([ab]\\.){0,2}[ab]",
            path in "/[ab?]{0,3}",
            scheme in prop::sample::select(vec!["http", "https"]),
        ) {
            let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
            let asked = Asked { scheme, host: &host, path: &path };
            prop_assert_eq!(choose(read(&routes), asked), naive(&routes, asked));
        }

        #[test]
        fn nothing_makes_it_fail(pattern in ".{0,40}", authority in ".{0,20}", path in ".{0,20}") {
            let host = host(&authority).unwrap_or_default();
            choose([(Pattern::read(&pattern), ())], Asked { scheme: "http", host: &host, path: &path });
        }
    }
}
