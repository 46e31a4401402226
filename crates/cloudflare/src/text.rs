//! Texts that come from outside, made fit to be shown: no control characters, no secrets, not too long.

/// The longest text from a server that is kept, in characters.
const LONGEST: usize = 300;

/// The longest excerpt of a body that is kept, in characters.
const LONGEST_EXCERPT: usize = 120;

/// The shortest run of letters, digits, `_` and `-` that is taken for a secret. Ids have 32 characters, UUIDs 36, the
/// shortest Cloudflare credential 37.
const SECRET_RUN: usize = 37;

const HIDDEN: &str = "[hidden]";

/// `text` for people to read. `secret` is the caller's own credential, which a server might send back.
pub(crate) fn shown(text: &str, secret: &str) -> String {
    cut(&escaped(&without_secrets(text, secret)), LONGEST)
}

/// The beginning of a body for people to read.
pub(crate) fn excerpt(body: &[u8], secret: &str) -> String {
    // Well above what is shown, so that a secret at the cut is still whole and recognised.
    const LOOKED_AT: usize = 4096;
    let start = &body[..body.len().min(LOOKED_AT)];
    let text = String::from_utf8_lossy(start);
    cut(&escaped(&without_secrets(text.trim(), secret)), LONGEST_EXCERPT)
}

/// `text` without `secret`, for what is already known to be clean otherwise.
pub(crate) fn without(text: &str, secret: &str) -> String {
    if secret.is_empty() { text.to_owned() } else { text.replace(secret, HIDDEN) }
}

fn without_secrets(text: &str, secret: &str) -> String {
    let text = without(text, secret);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let run = rest.find(|c| !in_secret(c)).unwrap_or(rest.len());
        out.push_str(if run >= SECRET_RUN { HIDDEN } else { &rest[..run] });
        rest = &rest[run..];
        let gap = rest.find(in_secret).unwrap_or(rest.len());
        out.push_str(&rest[..gap]);
        rest = &rest[gap..];
    }
    out
}

fn in_secret(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_invisible(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that change how the text around them reads: direction marks, zero widths, line and paragraph separators.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_direction_characters_are_escaped() {
        assert_eq!(shown("a\u{1b}[31mb\r\nc\u{202e}d é", ""), r"a\u{1b}[31mb\r\nc\u{202e}d é");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let text = shown(&"é ".repeat(500), "");
        assert_eq!(text.chars().count(), LONGEST + 1);
        assert!(text.ends_with('…'));
        assert_eq!(excerpt(&[b' ', 0xff, b'x'], ""), "\u{fffd}x");
    }

    #[test]
    fn what_may_be_a_secret_is_hidden_and_ids_are_not() {
        let id = "0123456789abcdef".repeat(2);
        let uuid = "01234567-89ab-cdef-0123-456789abcdef";
        let value = "Zz9_".repeat(10);
        assert_eq!(shown(&format!("{id} {uuid} `{value}`"), ""), format!("{id} {uuid} `[hidden]`"));
        assert_eq!(shown("the value short-one came back", "short-one"), "the value [hidden] came back");
    }
}
