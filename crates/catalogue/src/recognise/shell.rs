//! A line of a shell as its words.

/// The words of the first command that begins with `program`, that name left out; nothing where there is none. Quotes,
/// escapes and continued lines are understood as a POSIX shell, and as far as pasting needs it PowerShell and cmd, do;
/// variables stay as they are. A word that is empty stands where a redirection stood.
#[must_use]
pub fn words_after(text: &str, is_program: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let mut words = Words { rest: text, ended: false };
    while !is_program(&words.next_or_past_end()?) {}
    // The command ended with its name.
    let mut found = Vec::new();
    while !words.ended
        && let Some(word) = words.next()
    {
        found.push(word);
    }
    Some(found)
}

struct Words<'a> {
    rest: &'a str,
    /// Whether the command has ended: at a pipe, a semicolon, the end of a line.
    ended: bool,
}

impl Words<'_> {
    /// The next word, of whatever command.
    fn next_or_past_end(&mut self) -> Option<String> {
        loop {
            if let Some(word) = self.next() {
                return Some(word);
            }
            if self.rest.is_empty() {
                return None;
            }
            self.ended = false;
        }
    }

    /// The next word of this command.
    fn next(&mut self) -> Option<String> {
        self.skip_space();
        if self.ended || self.rest.is_empty() {
            return None;
        }
        let mut word = String::new();
        while let Some(c) = self.take() {
            match c {
                '\'' => word.push_str(self.until('\'')),
                '"' => self.double_quoted(&mut word),
                '$' if self.rest.starts_with('\'') => {
                    self.take();
                    word.push_str(self.until('\''));
                }
                '\\' if self.line_continues() => break,
                '\\' => word.extend(self.take()),
                '`' | '^' if self.line_continues() => break,
                '|' | ';' | '\n' => {
                    self.ended = true;
                    break;
                }
                '>' | '<' if word.is_empty() || word.bytes().all(|byte| byte.is_ascii_digit()) => {
                    self.redirection(&mut word);
                    break;
                }
                // A URL that nobody quoted: a shell would cut it here, whoever pasted it did not mean that.
                '&' if word.is_empty() => {
                    self.ended = true;
                    break;
                }
                c if c.is_whitespace() => break,
                c => word.push(c),
            }
        }
        // What was no word (a redirection, the end of the command) is passed over.
        Some(word)
    }

    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    fn skip_space(&mut self) {
        loop {
            let trimmed = self.rest.trim_start_matches([' ', '\t', '\r']);
            match trimmed.strip_prefix(['\\', '^', '`']).and_then(line_end) {
                Some(continued) => self.rest = continued,
                None => {
                    self.rest = trimmed;
                    return;
                }
            }
        }
    }

    /// Whether a line ends here; if so, it is passed over.
    fn line_continues(&mut self) -> bool {
        let continued = line_end(self.rest);
        self.rest = continued.unwrap_or(self.rest);
        continued.is_some()
    }

    /// The text up to a quote, which is passed over; all of it where the quote is never closed.
    fn until(&mut self, quote: char) -> &str {
        let (inner, rest) = self.rest.split_once(quote).unwrap_or((self.rest, ""));
        self.rest = rest;
        inner
    }

    fn double_quoted(&mut self, word: &mut String) {
        while let Some(c) = self.take() {
            match c {
                '"' => return,
                '\\' if self.line_continues() => {}
                '\\' => match self.take() {
                    Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                    Some(other) => word.extend(['\\', other]),
                    None => {}
                },
                c => word.push(c),
            }
        }
    }

    /// Passes over `> FILE`, `2>&1`, `<<EOF`.
    fn redirection(&mut self, word: &mut String) {
        word.clear();
        self.rest = self.rest.trim_start_matches(['>', '<', '&']).trim_start_matches([' ', '\t']);
        let end = self.rest.find(|c: char| c.is_whitespace() || matches!(c, '|' | ';')).unwrap_or(self.rest.len());
        self.rest = self.rest.get(end..).unwrap_or_default();
    }
}

/// What follows the end of a line, where one is here.
fn line_end(text: &str) -> Option<&str> {
    let text = text.trim_start_matches([' ', '\t']);
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_curl(text: &str) -> Option<Vec<String>> {
        let words = words_after(text, |word| word == "curl")?;
        Some(words.into_iter().filter(|word| !word.is_empty()).collect())
    }

    #[test]
    fn words_are_split_as_a_shell_does_it() {
        assert_eq!(after_curl("curl -X 'PO'\"ST\" a\\ b").unwrap(), ["-X", "POST", "a b"]);
        assert_eq!(after_curl("curl \\\n  -s \\\r\n x\\\n y").unwrap(), ["-s", "x", "y"]);
        assert_eq!(after_curl("A=1 sudo curl \"a\\\"b$C\" 2>&1 > /dev/null x | jq .y").unwrap(), ["a\"b$C", "x"]);
        assert_eq!(
            after_curl("printf x | curl https://a/b?c=d&e=f -s; curl z").unwrap(),
            ["https://a/b?c=d&e=f", "-s"]
        );
        assert_eq!(after_curl("curl 'open").unwrap(), ["open"]);
        assert_eq!(after_curl("curl ^\r\n  x").unwrap(), ["x"]);
        assert_eq!(after_curl("echo nothing"), None);
        assert_eq!(after_curl(""), None);
    }
}
