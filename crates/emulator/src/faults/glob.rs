//! Patterns of paths: `*` stands for any characters of one segment, `**` for any segments, none included.

/// A pattern that was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `**`
    Any,
    /// One segment, which may hold `*`.
    Segment(String),
}

impl Glob {
    /// Reads a pattern; the error says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else { return Err("must begin with `/`".to_owned()) };
        if text.len() > 400 {
            return Err("is longer than 400 characters".to_owned());
        }
        if let Some(bad) =
            text.chars().find(|letter| letter.is_control() || matches!(letter, '?' | '[' | ']' | ' ' | '#'))
        {
            return Err(format!("holds `{}`: a pattern knows `*` and `**` alone", bad.escape_debug()));
        }
        let part = |segment: &str| match segment {
            "**" => Ok(Part::Any),
            segment if segment.contains("**") => Err(format!("holds `{segment}`: `**` stands for whole segments")),
            segment => Ok(Part::Segment(segment.to_owned())),
        };
        rest.split('/').map(part).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a path, as it was sent, is of the pattern.
    pub(super) fn is_met(&self, path: &str) -> bool {
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        // Which of the pattern's parts may come next: a set that is moved on by each segment.
        let mut open = vec![false; self.0.len() + 1];
        reach(&mut open, 0, &self.0);
        for segment in segments {
            let mut next = vec![false; open.len()];
            for (at, part) in self.0.iter().enumerate() {
                if open.get(at).copied() != Some(true) {
                    continue;
                }
                match part {
                    Part::Any => reach(&mut next, at, &self.0),
                    Part::Segment(pattern) if covers(pattern, segment) => reach(&mut next, at + 1, &self.0),
                    Part::Segment(_) => {}
                }
            }
            open = next;
        }
        open.last().copied().unwrap_or(false)
    }
}

/// Opens a place, and those behind it that `**` may pass over.
fn reach(open: &mut [bool], mut at: usize, parts: &[Part]) {
    loop {
        if let Some(place) = open.get_mut(at) {
            *place = true;
        }
        if parts.get(at) != Some(&Part::Any) {
            return;
        }
        at += 1;
    }
}

/// Whether a segment is what `*` and the characters between make of it.
fn covers(pattern: &str, segment: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = segment.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece).and_then(|at| rest.get(at + piece.len()..)) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn met(pattern: &str, path: &str) -> bool {
        Glob::parse(pattern).unwrap().is_met(path)
    }

    #[test]
    fn stars_and_segments() {
        assert!(met("/zones/*/dns_records", "/zones/abc/dns_records"));
        assert!(!met("/zones/*/dns_records", "/zones/abc/dns_records/1"));
        assert!(!met("/zones/*", "/zones/a/b"));
        assert!(met("/zones/**", "/zones") && met("/zones/**", "/zones/a/b"));
        assert!(met("/**", "/") && met("/**/x", "/x") && met("/**/x", "/a/b/x") && !met("/**/x", "/a/b/y"));
        assert!(met("/a*b*c", "/a-b-b-c") && !met("/a*b*c", "/a-c") && !met("/ab*ba", "/aba"));
        assert!(met("/", "/") && !met("/", "/a") && met("/*", "/"));
    }

    #[test]
    fn bad_patterns_say_why() {
        for (bad, why) in [("zones", "begin with"), ("/a/b**", "whole segments"), ("/[a]", "`[`"), ("/a?b", "`?`")] {
            let error = Glob::parse(bad).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    /// The same, by trying everything.
    fn naive(pattern: &[&str], path: &[&str]) -> bool {
        fn text(pattern: &[u8], given: &[u8]) -> bool {
            match pattern {
                [] => given.is_empty(),
                [b'*', rest @ ..] => (0..=given.len()).any(|skip| text(rest, &given[skip..])),
                [first, rest @ ..] => given.first() == Some(first) && text(rest, &given[1..]),
            }
        }
        match pattern {
            [] => path.is_empty(),
            ["**", rest @ ..] => (0..=path.len()).any(|skip| naive(rest, &path[skip..])),
            [first, rest @ ..] => {
                !path.is_empty() && text(first.as_bytes(), path[0].as_bytes()) && naive(rest, &path[1..])
            }
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_trying_everything(
            pattern in prop::collection::vec("(\\*\\*)|[ab*]{0,4}", 1..5),
            path in prop::collection::vec("[ab]{0,4}", 1..5),
        ) {
            let (pattern, path) = (format!("/{}", pattern.join("/")), format!("/{}", path.join("/")));
            if let Ok(glob) = Glob::parse(&pattern) {
                let (parts, segments): (Vec<_>, Vec<_>) = (pattern[1..].split('/').collect(), path[1..].split('/').collect());
                prop_assert_eq!(glob.is_met(&path), naive(&parts, &segments), "{} {}", pattern, path);
            }
        }
    }
}
