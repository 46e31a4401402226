//! The only way into a template: what is written there is text, whatever it holds.

use std::fmt::{Result, Write};

use askama::filters::Escaper;
use flarekeep_catalogue::harmless;

/// Writes a text as text of HTML, also between the quotes of an attribute. Control characters, and those that turn the
/// direction of what stands around them, are shown as escapes; what is no character of XML is replaced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown;

impl Escaper for Shown {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> Result {
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            let safe = matches!(c, ' '..='~') && !matches!(c, '&' | '<' | '>' | '"' | '\'');
            if safe {
                continue;
            }
            out.write_str(text.get(plain..at).unwrap_or_default())?;
            plain = at + c.len_utf8();
            escaped(&mut out, c)?;
        }
        out.write_str(text.get(plain..).unwrap_or_default())
    }
}

fn escaped<W: Write>(out: &mut W, c: char) -> Result {
    match c {
        '&' => out.write_str("&amp;"),
        '<' => out.write_str("&lt;"),
        '>' => out.write_str("&gt;"),
        '"' => out.write_str("&quot;"),
        '\'' => out.write_str("&#39;"),
        '\u{fffe}' | '\u{ffff}' => out.write_char('\u{fffd}'),
        c => harmless(c).try_for_each(|c| out.write_char(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut out = String::new();
        Shown.write_escaped_str(&mut out, text).unwrap();
        out
    }

    #[test]
    fn no_text_is_markup() {
        assert_eq!(shown("<b a=\"1\" c='2'>&amp;"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
        assert_eq!(shown("grüße\u{202e}\u{0}\u{ffff}x"), "grüße\\u{202e}\\u{0}\u{fffd}x");
        assert_eq!(shown(""), "");
    }
}
