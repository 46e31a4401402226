//! What may be kept of a pasted text: no control characters, nothing that looks like a credential, nothing long.

use flarekeep_catalogue::{harmless_path, is_hostile, like_a_credential};

/// The longest message that is kept, in characters.
const LONGEST_MESSAGE: usize = 300;
/// The longest address of a documentation page.
const LONGEST_URL: usize = 300;
/// What stands for a word that may be a credential.
const HIDDEN: &str = "[hidden]";

/// A message in one line.
pub(super) fn message(text: &str) -> String {
    let text = without_marks(text);
    let mut out = String::new();
    let mut length = 0;
    let mut rest = text;
    while !rest.is_empty() && length < LONGEST_MESSAGE {
        let run = rest.find(|c| !in_credential(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(run);
        let shown = if like_a_credential(word) { HIDDEN } else { word };
        out.push_str(shown);
        length += shown.len();
        let gap = behind.find(in_credential).unwrap_or(behind.len());
        let (gap, behind) = behind.split_at(gap);
        for c in gap.chars().take(LONGEST_MESSAGE) {
            let c = if is_hostile(c) || c.is_whitespace() { ' ' } else { c };
            if c != ' ' || !out.ends_with(' ') {
                out.push(c);
                length += 1;
            }
        }
        rest = behind;
    }
    if out.chars().count() > LONGEST_MESSAGE {
        out = out.chars().take(LONGEST_MESSAGE).chain(['…']).collect();
    }
    out.trim().to_owned()
}

/// A path with its ids; what may be a credential or a password is left out of it.
pub(super) fn path(path: &str) -> String {
    harmless_path(path)
}

/// The address of a page of Cloudflare's documentation.
pub(super) fn documentation(url: &str) -> Option<String> {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-._/:#".contains(c);
    let fits = url.starts_with("https://developers.cloudflare.com/")
        && url.len() <= LONGEST_URL
        && url.chars().all(harmless)
        && !url.split(|c| !in_credential(c)).any(like_a_credential);
    fits.then(|| url.to_owned())
}

/// The text without what stands around a message: quotes, dashes, the marks of a program.
fn without_marks(text: &str) -> &str {
    let marks = |c: char| c.is_whitespace() || "-–:,;'\"`│|✘<>)⚠️*•".contains(c);
    text.trim_start_matches(marks).trim_end_matches(|c: char| c.is_whitespace() || ",;:\"'`│|([{".contains(c))
}

fn in_credential(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_one_harmless_line() {
        assert_eq!(message(" - Invalid\r\n format\u{1b}[31m: "), "Invalid format [31m");
        let token = "aB3x".repeat(10);
        assert_eq!(message(&format!("token {token}!")), "token [hidden]!");
        assert!(message(&"é x ".repeat(9999)).chars().count() <= LONGEST_MESSAGE + 1);
        assert_eq!(message(&"a".repeat(9999)).chars().count(), LONGEST_MESSAGE + 1);
    }

    #[test]
    fn only_cloudflares_own_pages_are_kept() {
        let page = "https://developers.cloudflare.com/api/resources/workers/methods/list";
        assert_eq!(documentation(page).as_deref(), Some(page));
        assert_eq!(documentation("https://example.com/"), None);
        assert_eq!(documentation(&format!("https://developers.cloudflare.com/{}", "aB3x".repeat(10))), None);
    }
}
