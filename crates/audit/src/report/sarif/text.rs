//! Messages without SARIF's own markup.

/// A text that means itself. In a message braces are placeholders, which some readers take literally and some do not, and
/// `[words](target)` is a link: `{account_id}` becomes `<account_id>`, and brackets before a parenthesis are set apart.
pub(super) fn literal(text: &str) -> String {
    text.replace('{', "<").replace('}', ">").replace("](", "] (")
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn neither_placeholder_nor_link_is_left() {
        assert_eq!(literal("POST /accounts/{account_id}/tokens"), "POST /accounts/<account_id>/tokens");
        assert_eq!(literal("[here](https://example.com) {0}"), "[here] (https://example.com) <0>");
    }
}
