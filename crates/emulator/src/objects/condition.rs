//! Conditions of calls: `If-Match` and its kin, by the rules of RFC 9110, section 13.

use super::Object;

/// What must be true of the object that is there before another takes its place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    /// `If-Match`.
    pub(crate) matches: Option<Tags>,
    /// `If-None-Match`.
    pub(crate) differs: Option<Tags>,
    /// `If-Modified-Since`, in seconds since 1970. `If-None-Match` goes before it.
    pub(crate) modified_since: Option<i64>,
    /// `If-Unmodified-Since`. `If-Match` goes before it.
    pub(crate) unmodified_since: Option<i64>,
}

/// Entity tags, or `*` for any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tags {
    Any,
    Of(Vec<Tag>),
}

/// An entity tag without its quotation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    value: String,
    weak: bool,
}

impl Condition {
    /// Whether the condition holds of what is there (section 13.2.2). Where nothing is there, nothing matches and nothing
    /// was modified.
    pub(crate) fn holds(&self, there: Option<&Object>) -> bool {
        self.admits(there) && self.is_news(there)
    }

    /// Whether `If-Match` and `If-Unmodified-Since` hold.
    pub(crate) fn admits(&self, there: Option<&Object>) -> bool {
        match (&self.matches, self.unmodified_since) {
            (Some(tags), _) => there.is_some_and(|object| tags.hold(object, false)),
            (None, Some(limit)) => there.is_none_or(|object| object.modified <= limit),
            (None, None) => true,
        }
    }

    /// Whether `If-None-Match` and `If-Modified-Since` hold.
    pub(crate) fn is_news(&self, there: Option<&Object>) -> bool {
        match (&self.differs, self.modified_since) {
            (Some(tags), _) => !there.is_some_and(|object| tags.hold(object, true)),
            (None, Some(limit)) => there.is_some_and(|object| object.modified > limit),
            (None, None) => true,
        }
    }
}

impl Tags {
    /// Reads a header's value: `*`, or tags with commas between. Clients of S3 leave the quotation marks away at times.
    pub(crate) fn read(text: &str) -> Self {
        if text.trim() == "*" {
            return Self::Any;
        }
        let mut tags = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return Self::Of(tags);
            }
            let (bare, weak) = rest.strip_prefix("W/").map_or((rest, false), |bare| (bare, true));
            let (value, behind) = match bare.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => bare.split_once(',').unwrap_or((bare, "")),
            };
            tags.push(Tag { value: value.trim().to_owned(), weak });
            rest = behind;
        }
    }

    /// Whether the object has one of the tags. All tags of objects are strong; one that is called weak is none of them
    /// but where `weakly` says that it counts (sections 13.1.1 and 13.1.2).
    fn hold(&self, object: &Object, weakly: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Of(tags) => tags.iter().any(|tag| tag.value == object.etag && (weakly || !tag.weak)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Bytes;

    use super::*;

    fn object() -> Object {
        Object::new(Bytes::from_static(b"x"), Arc::default(), 0)
    }

    #[test]
    fn conditions_look_at_what_is_there() {
        let there = object();
        let tag = || Some(Tags::read(&format!("\"{}\"", there.etag)));
        let any = || Some(Tags::read("*"));
        let holds = |matches, differs, object| Condition { matches, differs, ..Condition::default() }.holds(object);
        assert!(holds(tag(), None, Some(&there)) && holds(any(), None, Some(&there)));
        assert!(!holds(tag(), None, None) && !holds(any(), None, None));
        assert!(!holds(None, tag(), Some(&there)) && !holds(None, any(), Some(&there)));
        assert!(holds(None, any(), None) && holds(None, Some(Tags::read("other")), Some(&there)));
    }

    #[test]
    fn one_of_several_tags_is_enough() {
        let there = object();
        let own = &there.etag;
        let lists = [
            format!("\"a\", \"{own}\""),
            format!("\"{own}\",\"b,c\""),
            format!(" , \"b,c\" ,{own}"),
            format!("{own}, \"a\""),
        ];
        for list in &lists {
            let tags = || Some(Tags::read(list));
            assert!(Condition { matches: tags(), ..Condition::default() }.holds(Some(&there)), "{list}");
            assert!(!Condition { differs: tags(), ..Condition::default() }.holds(Some(&there)), "{list}");
        }
        let weak = || Some(Tags::read(&format!("\"a\", W/\"{own}\"")));
        assert!(!Condition { matches: weak(), ..Condition::default() }.holds(Some(&there)), "If-Match is strong");
        assert!(!Condition { differs: weak(), ..Condition::default() }.holds(Some(&there)), "If-None-Match is weak");
        for other in ["", ",", "\"a\", \"b\"", "\"", "W/", &format!("\"{own}, \"")] {
            assert!(
                !Condition { matches: Some(Tags::read(other)), ..Condition::default() }.holds(Some(&there)),
                "{other}"
            );
        }
    }

    #[test]
    fn dates_count_where_no_tag_does() {
        let there = Object { modified: 100, ..object() };
        let tag = || Some(Tags::read(&there.etag));
        let holds = |condition: Condition| condition.holds(Some(&there));
        let since = |at| Condition { modified_since: Some(at), ..Condition::default() };
        let unless = |at| Condition { unmodified_since: Some(at), ..Condition::default() };
        assert!(holds(since(99)) && !holds(since(100)) && holds(unless(100)) && !holds(unless(99)));
        assert!(holds(Condition { matches: tag(), ..unless(99) }), "the tag goes before the date");
        assert!(!holds(Condition { differs: tag(), ..since(99) }), "the tag goes before the date");
        assert!(!since(0).holds(None) && unless(0).holds(None));
    }
}
