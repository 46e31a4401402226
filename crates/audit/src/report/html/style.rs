//! The style of the report, and what a browser may do with the page.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// All of the style.
pub(super) const STYLE: &str = include_str!("../../../templates/report/style.css");

/// The page may use this very style, and nothing else: no script, no picture, no font, no form, no request at all.
pub(super) static POLICY_OF_CONTENT: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
});

#[cfg(test)]
mod tests {
    use super::STYLE;

    #[test]
    fn the_style_asks_for_nothing_and_ends_nowhere_early() {
        for word in ["url(", "@import", "</", "http:", "https:", "//"] {
            assert!(!STYLE.contains(word), "{word}");
        }
    }
}
