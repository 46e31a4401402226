//! JSON, and what looks like it: what Python prints of a dictionary, and Node of an object. Often the end is missing, as
//! somebody copied only a part.

/// How deep a value is read.
const DEEPEST: usize = 40;
/// How much of a text is kept, in bytes.
const LONGEST_TEXT: usize = 1 << 16;
/// How often a text may be broken into lines, as a terminal breaks it; where it is broken more often, its end is missing.
const MOST_BREAKS: usize = 3;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Object(Vec<(String, Value)>),
    List(Vec<Value>),
    Text(String),
    Number(i64),
    Bool(bool),
    /// Nothing, a fraction, or what is left out: `[Array]`.
    Other,
}

impl Value {
    /// The member of this name, however it is capitalised.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The text of this member.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.member(name)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of this member.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.member(name)? {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// Reads the value that a text begins with, and says how many bytes it takes; none where the text begins with none. `left`
/// is how many steps may still be taken, and is counted down: whoever tries at many places gives all of them one budget.
pub(super) fn read(text: &str, left: &mut usize) -> Option<(Value, usize)> {
    let escaped = text.trim_start_matches(['{', '[', ' ']).starts_with('\\');
    let mut reader = Reader { text, at: 0, escaped, ended: false, left };
    let value = reader.value(0)?;
    let at = reader.at;
    Some((value, at))
}

struct Reader<'a, 'b> {
    text: &'a str,
    at: usize,
    /// Whether the whole stands within a string, so that each of its quotes has a backslash.
    escaped: bool,
    /// Whether the end is missing, and was passed.
    ended: bool,
    left: &'b mut usize,
}

impl<'a> Reader<'a, '_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        match self.next()? {
            '{' => self.object(depth),
            '[' => self.list(depth),
            quote @ ('"' | '\'') => self.quoted(quote).map(Value::Text),
            '-' | '0'..='9' => Some(self.number()),
            c if is_word(c) => self.word(depth),
            _ => None,
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut members = Vec::new();
        loop {
            let key = match self.next() {
                None => break,
                Some('}') => {
                    self.at += 1;
                    break;
                }
                Some(',') => {
                    self.at += 1;
                    continue;
                }
                Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
                Some(c) if is_word(c) => self.bare().to_owned(),
                Some(_) => return None,
            };
            match self.next() {
                None => break,
                Some(':') => self.at += 1,
                Some(_) => return None,
            }
            if self.next().is_none() {
                break;
            }
            members.push((key, self.value(depth + 1)?));
        }
        Some(Value::Object(members))
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut values = Vec::new();
        loop {
            match self.next() {
                None => break,
                Some(']') => {
                    self.at += 1;
                    break;
                }
                Some(',') => self.at += 1,
                Some(_) => values.push(self.value(depth + 1)?),
            }
        }
        Some(Value::List(values))
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        self.at += 1;
        let mut out = String::new();
        let mut breaks = 0;
        while let Some(c) = self.take() {
            match c {
                '\\' if self.escaped && self.rest().starts_with(quote) => {
                    self.take();
                    return Some(out);
                }
                '\\' => {
                    if self.escaped && self.rest().starts_with('\\') {
                        self.take();
                    }
                    match self.take() {
                        Some('\\') if self.escaped => out.extend(self.take()),
                        Some('n') => out.push('\n'),
                        Some('r') => out.push('\r'),
                        Some('t') => out.push('\t'),
                        Some('u') => out.extend(self.escaped_character()),
                        Some(other) => out.push(other),
                        None => {}
                    }
                }
                _ if c == quote && !self.escaped => return Some(out),
                '\n' if breaks < MOST_BREAKS => {
                    breaks += 1;
                    self.skip(char::is_whitespace);
                    out.push(' ');
                }
                '\n' => {
                    self.ended = true;
                    return Some(out);
                }
                c if out.len() < LONGEST_TEXT => out.push(c),
                _ => {}
            }
            if *self.left == 0 {
                return None;
            }
        }
        // The text was cut within the string.
        Some(out)
    }

    /// The character of `\u001b`.
    fn escaped_character(&mut self) -> Option<char> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        char::from_u32(code)
    }

    fn number(&mut self) -> Value {
        let start = self.at;
        self.skip(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        self.text.get(start..self.at).and_then(|text| text.parse().ok()).map_or(Value::Other, Value::Number)
    }

    /// A word without quotes: those that JSON, Python and Node have for values, and the name of a class before its
    /// members.
    fn word(&mut self, depth: usize) -> Option<Value> {
        let word = self.bare();
        match word {
            "true" | "True" => Some(Value::Bool(true)),
            "false" | "False" => Some(Value::Bool(false)),
            "null" | "None" | "undefined" | "Array" | "Object" | "Function" | "Symbol" => Some(Value::Other),
            _ if self.next() == Some('{') => self.value(depth + 1),
            _ => None,
        }
    }

    fn bare(&mut self) -> &'a str {
        let start = self.at;
        self.skip(|c| is_word(c) || c.is_ascii_digit() || "-$".contains(c));
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The next character that is no space, which stays where it is; none at the end, and where no step is left.
    fn next(&mut self) -> Option<char> {
        if self.ended {
            return None;
        }
        self.skip(char::is_whitespace);
        while self.escaped && ["\\n", "\\r", "\\t"].iter().any(|space| self.rest().starts_with(space)) {
            self.at += 2;
            self.skip(char::is_whitespace);
        }
        if self.escaped && self.rest().starts_with("\\\"") {
            self.at += 1;
        }
        *self.left = self.left.checked_sub(1)?;
        self.rest().chars().next()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        *self.left = self.left.saturating_sub(1);
        Some(c)
    }

    fn skip(&mut self, pass: impl Fn(char) -> bool) {
        let rest = self.rest();
        let length = rest.find(|c| !pass(c)).unwrap_or(rest.len());
        self.at += length;
        *self.left = self.left.saturating_sub(length);
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Option<Value> {
        read(text, &mut 10_000).map(|(value, _)| value)
    }

    #[test]
    fn json_python_and_node_say_the_same() {
        let json = whole(r#"{"success":false,"errors":[{"code":6003,"message":"it's \"x\""}],"result":null}"#);
        assert_eq!(
            json,
            whole(r#"{'success': False, 'errors': [{'code': 6003, 'message': 'it\'s "x"'}], 'result': None}"#)
        );
        assert_eq!(
            json,
            whole("{ success: false,\n errors: [ { code: 6003, message: 'it\\'s \"x\"' } ], result: null }")
        );
        assert_eq!(
            json,
            whole(r#"{\"success\":false,\"errors\":[{\"code\":6003,\"message\":\"it's \\\"x\\\"\"}],\"result\":null}"#)
        );
        assert_eq!(json.as_ref().and_then(|value| value.member("Success")), Some(&Value::Bool(false)));
    }

    #[test]
    fn what_was_cut_is_read_as_far_as_it_goes() {
        for text in [r#"{"errors":[{"code":10000,"mess"#, r#"{"errors":[{"code":10000,"message":"Auth"#] {
            let Some(Value::List(errors)) = whole(text).and_then(|value| value.member("errors").cloned()) else {
                panic!("{text}");
            };
            assert_eq!(errors[0].number("code"), Some(10000));
        }
    }

    #[test]
    fn what_is_no_value_is_none_and_the_budget_ends_all() {
        for text in ["{ foo bar }", "{ foo = 1 }", "{1:2}", "}", "", "{{", "[a, b]"] {
            assert_eq!(whole(text), None, "{text}");
        }
        assert_eq!(whole(&"[".repeat(1000)), None);
        let mut left = 50;
        assert_eq!(read(&format!("[{}", "1,".repeat(1000)), &mut left), None);
        assert_eq!(left, 0);
    }
}
