//! How a value is written into an env file, and read out of one.

use secrecy::SecretString;

use super::ReadBack;

/// The value as it stands behind `KEY=`: as it is where no reader could take it otherwise, else in quotes.
pub(super) fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.,/:@%+=~".contains(c);
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    // Nothing between single quotes means anything else; a payload's values hold neither such nor backslashes.
    format!("'{value}'")
}

/// Whether the line assigns to `key`; a comment does not.
pub(super) fn sets(line: &[u8], key: &str) -> bool {
    value_of(line, key).is_some()
}

/// What stands behind `KEY=` in the line.
fn value_of<'a>(line: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"export ").map_or(line, <[u8]>::trim_ascii_start);
    line.strip_prefix(key.as_bytes())?.trim_ascii_start().strip_prefix(b"=")
}

/// The value of `key` in the content, as the readers of such files take it: the last line counts, quotes are taken off,
/// and a comment behind it is not part of it. A `$` stands for itself.
pub(super) fn read(content: &[u8], key: &str) -> ReadBack {
    let mut rest = content;
    let mut found = None;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, next) = rest.split_at(end);
        if let Some(value) = value_of(line, key) {
            // To the end of the content: a quote may end on a later line.
            found = Some(&rest[line.len() - value.len()..]);
        }
        rest = next;
    }
    let Some(behind) = found else { return ReadBack::Absent };
    let Ok(behind) = std::str::from_utf8(behind) else { return ReadBack::Cannot("the file is no UTF-8 text") };
    match unquoted(behind.trim_start_matches([' ', '\t'])) {
        Some(value) => ReadBack::Value(SecretString::from(value)),
        None => ReadBack::Cannot("its quotes in the file have no end"),
    }
}

/// The value at the text's beginning; none if a quote does not end.
fn unquoted(text: &str) -> Option<String> {
    if let Some(literal) = text.strip_prefix('\'') {
        return literal.split_once('\'').map(|(value, _)| value.to_owned());
    }
    let Some(escaped) = text.strip_prefix('"') else {
        let line = text.lines().next().unwrap_or_default();
        let comment = line.match_indices('#').find(|(at, _)| *at == 0 || line[..*at].ends_with([' ', '\t']));
        return Some(line[..comment.map_or(line.len(), |(at, _)| at)].trim().to_owned());
    };
    let mut value = String::new();
    let mut chars = escaped.chars();
    loop {
        match chars.next()? {
            '"' => return Some(value),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn value(content: &str) -> Option<String> {
        match read(content.as_bytes(), "KEY") {
            ReadBack::Value(value) => Some(value.expose_secret().to_owned()),
            _ => None,
        }
    }

    #[test]
    fn values_are_read_as_the_readers_of_such_files_do() {
        for (content, expected) in [
            ("KEY=a", "a"),
            ("A=1\n export KEY = a b # c\nB=2", "a b"),
            ("KEY=a#b\n", "a#b"),
            ("KEY=\n", ""),
            ("KEY='a # $b'\n", "a # $b"),
            ("KEY=\"a\\\"b\\\\\\n\" # c\n", "a\"b\\\n"),
            ("KEY=\"a\nb\"\n", "a\nb"),
            ("KEY=first\r\nKEY=last\r\n", "last"),
        ] {
            assert_eq!(value(content).as_deref(), Some(expected), "{content}");
        }
        assert!(matches!(read(b"#KEY=a\nKEY_2=b\n", "KEY"), ReadBack::Absent));
        assert!(matches!(read(b"KEY='a\nB=1\n", "KEY"), ReadBack::Cannot(_)));
    }

    proptest! {
        /// dotenvy is the second reader.
        #[test]
        fn what_is_written_is_read_alike_by_two_readers(written in "[ -&(-Z^-~]{1,40}", behind in "(\nB=1)?\n?") {
            let content = format!("A=1\nKEY={}{behind}", quoted(&written));
            prop_assert_eq!(value(&content), Some(written.clone()));
            let theirs = dotenvy::from_read_iter(content.as_bytes()).find_map(|pair| {
                let (key, value) = pair.unwrap();
                (key == "KEY").then_some(value)
            });
            prop_assert_eq!(theirs, Some(written));
        }
    }
}
