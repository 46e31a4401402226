//! Texts from outside in Markdown.

use flarekeep_catalogue::harmless;

/// Parts two characters: GitHub takes it out again, but looks for addresses, mentions and issues on either side alone.
const PARTED: &str = "<!-- -->";

/// A text that means itself: no emphasis, link, tag or column, no `@mention`, no `#1` and no address that becomes a link.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars().flat_map(harmless) {
        push(before, c, &mut out);
        before = c;
    }
    out
}

/// The same as code. It is a tag, since a name may hold the marks of code, and between tags addresses become links, too.
pub(super) fn code(code: &str) -> String {
    format!("<code>{}</code>", text(code))
}

/// Punctuation that may mean something becomes an entity, which means nothing to Markdown. An address is looked for when
/// entities are characters again: what makes one is parted.
fn push(before: char, c: char, out: &mut String) {
    match c {
        // `a@b.example`, `@team`; `#12`; `https://`, `mailto:`.
        '@' | '#' | ':' => out.push_str(&format!("{}{PARTED}", entity(c))),
        // `www.` alone makes a link.
        '.' if before.eq_ignore_ascii_case(&'w') => out.push_str(&format!("{PARTED}{}", entity(c))),
        '-' | '.' | ',' | ';' | '/' | '?' | '%' | '=' | '\'' | '"' => out.push(c),
        c if c.is_ascii_punctuation() => out.push_str(&entity(c)),
        c => out.push(c),
    }
}

fn entity(c: char) -> String {
    format!("&#{};", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_markdown_is_left() {
        assert_eq!(text("a|b"), "a&#124;b");
        assert_eq!(text("@team #12"), "&#64;<!-- -->team &#35;<!-- -->12");
        assert_eq!(text("www.example.com, http://x"), "www<!-- -->&#46;example.com, http&#58;<!-- -->//x");
        assert_eq!(code("a@b.example"), "<code>a&#64;<!-- -->b.example</code>");
        assert_eq!(code("`x` <b>"), "<code>&#96;x&#96; &#60;b&#62;</code>");
        assert_eq!(text("it has no end"), "it has no end");
        assert_eq!(text("a\nb"), r"a&#92;nb");
    }
}
