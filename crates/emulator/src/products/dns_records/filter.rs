//! The filters of the list of records.

use super::glance::Look;
use super::table::{Record, Zone};
use crate::http::Call;

/// What a list asks for. All filters must hold, or any where `match=any`; the tags' among themselves as `tag_match` says.
pub(super) struct Filter {
    tests: Vec<Test>,
    tags: Vec<TagTest>,
    any: bool,
    any_tag: bool,
}

struct Test {
    field: Field,
    how: How,
    text: String,
}

struct TagTest {
    name: String,
    value: Option<(How, String)>,
    /// Whether the record must have no such tag.
    absent: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Field {
    Name,
    Content,
    Comment,
    Kind,
    Proxied,
    All,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Exact,
    Contains,
    Starts,
    Ends,
    Present,
    Absent,
}

const HOWS: [(&str, How); 5] = [
    ("", How::Exact),
    (".exact", How::Exact),
    (".contains", How::Contains),
    (".startswith", How::Starts),
    (".endswith", How::Ends),
];

impl Filter {
    pub(super) fn of(call: &Call) -> Self {
        const FIELDS: [(&str, Field); 3] =
            [("name", Field::Name), ("content", Field::Content), ("comment", Field::Comment)];
        let mut tests = Vec::new();
        let mut add = |name: &str, field, how| {
            if let Some(text) = call.query(name) {
                tests.push(Test { field, how, text: text.to_ascii_lowercase() });
            }
        };
        for (name, field) in FIELDS {
            for (suffix, how) in HOWS {
                add(&format!("{name}{suffix}"), field, how);
            }
        }
        add("type", Field::Kind, How::Exact);
        add("proxied", Field::Proxied, How::Exact);
        add("search", Field::All, How::Contains);
        // These two are there or not: they need no value.
        for (name, how) in [("comment.present", How::Present), ("comment.absent", How::Absent)] {
            if call.has_query(name) {
                tests.push(Test { field: Field::Comment, how, text: String::new() });
            }
        }
        let any = |name| call.query(name).as_deref() == Some("any");
        Self { tests, tags: TagTest::all(call), any: any("match"), any_tag: any("tag_match") }
    }

    /// Whether it lets everything through.
    pub(super) fn is_empty(&self) -> bool {
        self.tests.is_empty() && self.tags.is_empty()
    }

    /// The records among which all that it admits are, where names lead to them.
    pub(super) fn candidates<'a>(&self, zone: &'a Zone) -> Option<Vec<&'a Record>> {
        let by_name = |how| {
            let test = self.tests.iter().find(|test| test.field == Field::Name && test.how == how && !self.any)?;
            Some(test.text.as_str())
        };
        if let Some(name) = by_name(How::Exact) {
            return Some(zone.named(name).map(AsRef::as_ref).collect());
        }
        by_name(How::Starts).map(|beginning| zone.under(beginning).map(AsRef::as_ref).collect())
    }

    pub(super) fn admits(&self, record: &Look) -> bool {
        let mut tests = self.tests.iter().map(|test| test.holds(record));
        let tags = (!self.tags.is_empty()).then(|| {
            let mut tags = self.tags.iter().map(|test| test.holds(record));
            if self.any_tag { tags.any(|holds| holds) } else { tags.all(|holds| holds) }
        });
        if self.any && !self.is_empty() {
            tests.any(|holds| holds) || tags == Some(true)
        } else {
            tests.all(|holds| holds) && tags != Some(false)
        }
    }
}

impl Test {
    fn holds(&self, record: &Look) -> bool {
        let meets = |value: &[u8]| self.how.meets(value, &self.text);
        let comment = || record.draft().comment.as_deref().unwrap_or_default().as_bytes();
        match self.field {
            Field::Name => meets(record.name),
            Field::Content => meets(record.content),
            Field::Comment if self.how == How::Absent => comment().is_empty(),
            Field::Comment => !comment().is_empty() && meets(comment()),
            Field::Kind => meets(record.kind),
            Field::Proxied => self.text == if record.proxied { "true" } else { "false" },
            Field::All => {
                [record.name, record.content].into_iter().any(meets)
                    || meets(comment())
                    || record.draft().tags.iter().any(|tag| meets(tag.as_bytes()))
            }
        }
    }
}

impl TagTest {
    /// `tag=name` or `tag=name:value`, and the same with `.exact` and the others; `tag.present`, `tag.absent` a name.
    fn all(call: &Call) -> Vec<Self> {
        let mut tests = Vec::new();
        for (suffix, how) in HOWS {
            if let Some(text) = call.query(&format!("tag{suffix}")) {
                let (name, value) =
                    text.split_once(':').map_or((text.as_str(), None), |(name, value)| (name, Some(value)));
                let value = value.map(|value| (how, value.to_ascii_lowercase()));
                tests.push(Self { name: name.to_ascii_lowercase(), value, absent: false });
            }
        }
        for (name, absent) in [("tag.present", false), ("tag.absent", true)] {
            if let Some(text) = call.query(name) {
                tests.push(Self { name: text.to_ascii_lowercase(), value: None, absent });
            }
        }
        tests
    }

    fn holds(&self, record: &Look) -> bool {
        let has = record.draft().tags.iter().any(|tag| {
            let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
            name.eq_ignore_ascii_case(&self.name)
                && self.value.as_ref().is_none_or(|(how, text)| how.meets(value.as_bytes(), text))
        });
        has != self.absent
    }
}

impl How {
    /// Whether a value meets a text in lower case. Letters are alike in both cases.
    fn meets(self, value: &[u8], text: &str) -> bool {
        let text = text.as_bytes();
        match self {
            Self::Exact => value.eq_ignore_ascii_case(text),
            Self::Starts => value.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text)),
            Self::Ends => {
                let from = value.len().checked_sub(text.len());
                from.and_then(|from| value.get(from..)).is_some_and(|end| end.eq_ignore_ascii_case(text))
            }
            Self::Contains => contains(value, text),
            Self::Present => true,
            Self::Absent => false,
        }
    }
}

/// A search without copies: a hundred thousand records are looked through for one page.
fn contains(value: &[u8], text: &[u8]) -> bool {
    let Some(first) = text.first() else { return true };
    let upper = first.to_ascii_uppercase();
    value.windows(text.len()).any(|window| {
        window.first().is_some_and(|byte| byte == first || *byte == upper) && window.eq_ignore_ascii_case(text)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_meet_in_any_case(value in "[aAbB.]{0,6}", text in "[ab.]{0,3}") {
            let lower = value.to_ascii_lowercase();
            prop_assert_eq!(How::Exact.meets(value.as_bytes(), &text), lower == text);
            prop_assert_eq!(How::Contains.meets(value.as_bytes(), &text), lower.contains(&text));
            prop_assert_eq!(How::Starts.meets(value.as_bytes(), &text), lower.starts_with(&text));
            prop_assert_eq!(How::Ends.meets(value.as_bytes(), &text), lower.ends_with(&text));
        }
    }
}
