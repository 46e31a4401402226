//! Patterns with `*` for any text.

/// Whether the text fits the pattern; every character but `*` stands for itself.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    // The earliest place for each part leaves the most to those behind it.
    for part in parts {
        let Some(after) = rest.find(part).and_then(|at| rest.get(at + part.len()..)) else { return false };
        rest = after;
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text) in
            [("a", "a"), ("*", ""), ("*", "x"), ("ci-*", "ci-deploy"), ("*-*-*", "a-b-c"), ("a*a", "aa")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("", "x"), ("ci-*", "xci-"), ("*-*-*", "a-b"), ("a*a", "a"), ("*x*x", "x")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn as_a_naive_matcher_says(pattern in "[ab*]{0,6}", text in "[ab]{0,8}") {
            fn naive(pattern: &[u8], text: &[u8]) -> bool {
                match (pattern, text) {
                    ([], text) => text.is_empty(),
                    ([b'*', rest @ ..], _) => (0..=text.len()).any(|at| naive(rest, &text[at..])),
                    ([one, rest @ ..], [first, tail @ ..]) => one == first && naive(rest, tail),
                    _ => false,
                }
            }
            prop_assert_eq!(matches(&pattern, &text), naive(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
