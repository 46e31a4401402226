//! Text from outside, as data: in a shell, in Terraform, in a line of words.

/// A word of a POSIX shell.
pub(super) fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+,-".contains(c);
    // No argument of a process can hold a NUL.
    let text = text.replace('\0', "");
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// An option with its value; a value that looks like an option is tied to it.
pub(super) fn option(name: &str, value: &str) -> String {
    if value.starts_with('-') { format!("{name}={}", shell(value)) } else { format!("{name} {}", shell(value)) }
}

/// A string of Terraform's language, with its quotes; nothing in it is a template.
pub(super) fn hcl(text: &str) -> String {
    let mut out = String::from("\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if hidden(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text in one line, with control characters and those that turn the direction of text escaped.
pub(super) fn one_line(text: &str) -> String {
    text.chars().flat_map(|c| if hidden(c) { c.escape_unicode().collect::<Vec<_>>() } else { vec![c] }).collect()
}

/// The lines as comments behind `# `. Whatever any reader takes for the end of a line is one.
pub(super) fn comment(text: &str) -> String {
    let ends = |c: char| matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let lines = text.split(ends).map(|line| format!("# {}", one_line(line)).trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// A name for a resource of Terraform: letters, digits and underscores.
pub(super) fn label(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let label: String = text.chars().take(60).map(plain).collect();
    let label = label.trim_matches('_');
    match label.chars().next() {
        None => "token".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("token_{label}"),
        Some(_) => label.to_owned(),
    }
}

/// Whether a reader would not see the character, or see it elsewhere. All of these are below U+FFFF.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::form::samples::hostile;

    #[test]
    fn plain_words_stay_plain() {
        assert_eq!(shell("shop-dns-prod"), "shop-dns-prod");
        assert_eq!(shell("POST /zones/{zone_id}"), "'POST /zones/{zone_id}'");
        assert_eq!(shell(""), "''");
        assert_eq!(option("--name", "-x"), "--name=-x");
        assert_eq!(hcl("a ${b} %{c} $ % \\"), r#""a $${b} %%{c} $ % \\""#);
        assert_eq!(one_line("a\u{1b}[2J\nb"), r"a\u{1b}[2J\u{a}b");
        assert_eq!(comment("a\nb\u{2028}c"), "# a\n# b\n# c");
        assert_eq!(label("Shop: DNS (prod)"), "shop__dns__prod");
        assert_eq!(label("9 lives"), "token_9_lives");
        assert_eq!(label("…"), "token");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// The shell itself says what it read.
        #[test]
        fn a_shell_reads_what_was_written(words in prop::collection::vec(hostile(), 1..12)) {
            let words: Vec<String> = words.into_iter().map(|word| word.replace('\0', "")).collect();
            let line: Vec<String> = words.iter().map(|word| shell(word)).collect();
            let script = format!("printf '%s\\0' {}", line.join(" "));
            let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
            prop_assert!(output.stderr.is_empty());
            let expected: String = words.iter().map(|word| format!("{word}\0")).collect();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        }

        #[test]
        fn nothing_leaves_a_comment(text in hostile()) {
            let comment = comment(&text);
            let breaks = |c: char| matches!(c, '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
            prop_assert!(!comment.contains(breaks));
            prop_assert!(comment.split('\n').all(|line| line.starts_with('#')));
        }

        #[test]
        fn a_line_is_one_line(text in hostile()) {
            prop_assert!(!one_line(&text).chars().any(char::is_control));
        }
    }
}
