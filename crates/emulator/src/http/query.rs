//! The query of a call.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) page: usize,
    pub(crate) per_page: usize,
}

/// The sizes that a list allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) default: usize,
    pub(crate) least: usize,
    pub(crate) most: usize,
}

impl Page {
    /// Reads `page` and `per_page`. What is out of bounds is brought into them, and what is no number is passed over.
    pub(crate) fn of(query: Option<&str>, sizes: Sizes) -> Self {
        let number = |name| parameter(query, name).and_then(|text| text.parse::<usize>().ok());
        let per_page = number("per_page").map_or(sizes.default, |asked| asked.clamp(sizes.least, sizes.most));
        Self { page: number("page").unwrap_or(1).max(1), per_page: per_page.max(1) }
    }

    /// The `result_info` of a page that holds `count` of `total` items.
    pub(crate) fn info(self, count: usize, total: usize) -> Value {
        json!({
            "page": self.page,
            "per_page": self.per_page,
            "count": count,
            "total_count": total,
            "total_pages": total.div_ceil(self.per_page),
        })
    }

    pub(crate) const fn skipped(self) -> usize {
        (self.page - 1).saturating_mul(self.per_page)
    }
}

/// The value of a query parameter, decoded; the first where it is given twice, none where it is empty.
pub(crate) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = query?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs.into_iter().find(|(given, _)| decoded(given) == name)?;
    Some(decoded(value)).filter(|value| !value.is_empty())
}

/// The values of a query parameter that may be given several times, decoded, without those that are empty.
pub(crate) fn parameters(query: Option<&str>, name: &str) -> Vec<String> {
    let pairs = query.unwrap_or_default().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let values = pairs.filter(|(given, _)| decoded(given) == name).map(|(_, value)| decoded(value));
    values.filter(|value| !value.is_empty()).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { default: 20, least: 5, most: 50 };

    #[test]
    fn pages_are_brought_into_bounds() {
        let page = |query| {
            let page = Page::of(Some(query), SIZES);
            (page.page, page.per_page)
        };
        assert_eq!(page(""), (1, 20));
        assert_eq!(page("page=0&per_page=1000"), (1, 50));
        assert_eq!(page("page=-1&per_page=x"), (1, 20));
        assert_eq!(page("page=3&per_page=5&colour=red"), (3, 5));
        assert_eq!(Page::of(Some("page=18446744073709551615&per_page=50"), SIZES).skipped(), usize::MAX);
    }

    #[test]
    fn values_are_decoded() {
        assert_eq!(parameter(Some("a=1&name=DNS+Write%21&name=x"), "name").as_deref(), Some("DNS Write!"));
        assert_eq!(parameter(Some("name.exact=a%2Eb"), "name.exact").as_deref(), Some("a.b"));
        assert_eq!(parameter(Some("name="), "name"), None);
        assert_eq!(parameter(Some("x=%zz%ff"), "x").as_deref(), Some("%zz\u{fffd}"));
        assert_eq!(parameter(None, "x"), None);
    }
}
