//! The paths that rules are for: one `*` matches anything, `:name` matches within a segment.

use std::collections::BTreeMap;

/// A pattern of more parts would cost the edge more time than any site's pages are worth; the router knows the same number.
const MOST_PARTS: usize = 64;

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    /// `*`, once.
    Splat,
    /// `:name`.
    Name(String),
}

/// A pattern taken apart; `None` where it has two `*`, or a name twice.
pub(super) fn parts(pattern: &str) -> Option<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let name = rest.strip_prefix(':').map(name_length).filter(|length| *length > 0);
        if first == '*' {
            parts.push(Part::Splat);
            rest = &rest[1..];
        } else if let Some(length) = name {
            parts.push(Part::Name(rest[1..=length].to_owned()));
            rest = &rest[1 + length..];
        } else {
            match parts.last_mut() {
                Some(Part::Literal(text)) => text.push(first),
                _ => parts.push(Part::Literal(first.to_string())),
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    let twice =
        parts.iter().enumerate().any(|(at, part)| !matches!(part, Part::Literal(_)) && parts[..at].contains(part));
    (!twice && parts.len() <= MOST_PARTS).then_some(parts)
}

/// Whether the pattern matches but one path.
pub(super) fn is_static(parts: &[Part]) -> bool {
    parts.iter().all(|part| matches!(part, Part::Literal(_)))
}

/// What the names stand for where the pattern matches the path; `splat` is the name of `*`.
pub(super) fn matched(parts: &[Part], path: &str) -> Option<BTreeMap<String, String>> {
    let Some((first, rest)) = parts.split_first() else { return path.is_empty().then(BTreeMap::new) };
    match first {
        Part::Literal(text) => matched(rest, path.strip_prefix(text.as_str())?),
        Part::Splat => ends(path, true).find_map(|at| named("splat", path, at, rest)),
        Part::Name(name) => ends(path, false).find_map(|at| named(name, path, at, rest)),
    }
}

/// `target` with the names' values in it. Names that the pattern lacks stay.
pub(super) fn filled(target: &str, values: &BTreeMap<String, String>) -> String {
    let (mut whole, mut rest) = (String::new(), target);
    while let Some((before, behind)) = rest.split_once(':') {
        let length = name_length(behind);
        whole.push_str(before);
        match values.get(&behind[..length]) {
            Some(value) if length > 0 => whole.push_str(value),
            _ => whole.extend([":", &behind[..length]]),
        }
        rest = &behind[length..];
    }
    whole + rest
}

/// The length of the name that the text begins with: a letter, then letters, digits and `_`.
pub(super) fn name_length(text: &str) -> usize {
    if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return 0;
    }
    text.find(|next: char| !next.is_ascii_alphanumeric() && next != '_').unwrap_or(text.len())
}

/// The places at which a `*` or a name may end, the farthest first, as expressions take them.
fn ends(path: &str, splat: bool) -> impl Iterator<Item = usize> {
    let last = if splat { path.len() } else { path.find('/').unwrap_or(path.len()) };
    let first = usize::from(!splat);
    (first..=last).rev().filter(move |at| path.is_char_boundary(*at))
}

fn named(name: &str, path: &str, at: usize, rest: &[Part]) -> Option<BTreeMap<String, String>> {
    let mut values = matched(rest, &path[at..])?;
    values.insert(name.to_owned(), path[..at].to_owned());
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(from: &str, to: &str, path: &str) -> Option<String> {
        matched(&parts(from)?, path).map(|values| filled(to, &values))
    }

    #[test]
    fn matching() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(apply("/blog/*", "/posts/:splat", "/blog/a/b"), some("/posts/a/b"));
        assert_eq!(apply("/blog/*", "/posts/:splat", "/blog/"), some("/posts/"));
        assert_eq!(apply("/blog/*", "/posts/:splat", "/blog"), None);
        assert_eq!(apply("/:year/:month", "/:month-:year", "/2026/11"), some("/11-2026"));
        assert_eq!(apply("/:year/:month", "/", "/2026/"), None);
        assert_eq!(apply("/:year", "/", "/2026/11"), None);
        assert_eq!(apply("/a/:x/*", "/:x?rest=:splat", "/a/b/c/d"), some("/b?rest=c/d"));
        assert_eq!(apply("/*.html", "/:splat", "/a/b.html"), some("/a/b"));
        assert_eq!(apply("/a", "/b/:other", "/a"), some("/b/:other"));
        assert_eq!(apply("/a", "https://x.test:8080/", "/a"), some("https://x.test:8080/"));
        assert_eq!(parts("/*/*"), None);
        assert_eq!(parts("/:a/:a"), None);
        let long = |names: usize| (0..names).map(|name| format!("/:a{name}")).collect::<String>();
        assert!(parts(&long(32)).is_some());
        assert_eq!(parts(&long(33)), None);
    }
}
