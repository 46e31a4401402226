//! `_headers`: a path, and below it the headers that its answers have.

use super::pattern::parts;
use super::{Fault, LONGEST_LINE};

/// The most rules (docs: workers/static-assets/headers).
const MOST_RULES: usize = 100;
/// What the edge itself must say rightly, lest an answer be cut, mixed up or kept by the wrong visitor's browser.
const OURS: [&str; 16] = [
    "accept-ranges",
    "age",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "location",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-flarekeep-error",
    "x-flarekeep-release",
];

/// The headers of a site, in their order.
pub type Headers = Vec<HeaderRule>;

/// A rule: what answers at the matching paths have, and have not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRule {
    /// The pattern of the path, or of the whole address where it begins with `https://`.
    pub path: String,
    /// Names and values; a name that stood twice has its values joined by `, `.
    pub set: Vec<(String, String)>,
    /// Names that are taken away.
    pub unset: Vec<String>,
}

/// Reads the text. Every fault names its line.
#[must_use]
pub fn headers(text: &str) -> (Headers, Vec<Fault>) {
    let (mut rules, mut faults): (Headers, Vec<Fault>) = (Vec::new(), Vec::new());
    // The rule that lines go to, and the line of the first rule too many.
    let (mut open, mut beyond) = (false, None);
    for (number, line) in
        text.lines().enumerate().map(|(at, line)| (at + 1, line.trim_start_matches('\u{feff}').trim()))
    {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.chars().count() > LONGEST_LINE {
            faults.push(Fault::warning(number, format!("the line has more than {LONGEST_LINE} characters")));
        } else if line.starts_with('/') || line.starts_with("https://") {
            open = path_fault(line).map(|what| faults.push(Fault::warning(number, what))).is_none();
            if open {
                rules.push(HeaderRule { path: line.to_owned(), set: Vec::new(), unset: Vec::new() });
                beyond = beyond.or((rules.len() > MOST_RULES).then_some(number));
            }
        } else if !open {
            faults.push(Fault::warning(number, "the line belongs to no path".to_owned()));
        } else if let Some(rule) = rules.last_mut()
            && let Err(what) = add(rule, line)
        {
            faults.push(Fault::warning(number, what));
        }
    }
    if let Some(line) = beyond {
        let count = rules.len();
        faults.push(Fault::fatal(line, format!("there are {count} rules, and at most {MOST_RULES} are taken")));
    }
    rules.retain(|rule| !rule.set.is_empty() || !rule.unset.is_empty());
    (rules, faults)
}

fn path_fault(line: &str) -> Option<String> {
    if line.contains(char::is_whitespace) || line.chars().any(char::is_control) {
        return Some("a path has neither spaces nor control characters".to_owned());
    }
    let pattern = line.strip_prefix("https:").unwrap_or(line);
    parts(pattern).is_none().then(|| format!("`{line}` has more than one `*`, a name twice, or too many names"))
}

/// Reads `Name: value`, or `! Name`.
fn add(rule: &mut HeaderRule, line: &str) -> Result<(), String> {
    if let Some(name) = line.strip_prefix('!') {
        let name = checked(name.trim())?;
        rule.unset.push(name);
        return Ok(());
    }
    let (name, value) = line.split_once(':').ok_or("a header is written `Name: value`, and taken away by `! Name`")?;
    let (name, value) = (checked(name.trim())?, value.trim());
    if value.is_empty() {
        return Err(format!("`{name}` has no value; `! {name}` takes it away"));
    }
    // A header travels as bytes of which these are the ones that every server and browser reads alike.
    if value.bytes().any(|byte| byte != b'\t' && !(b' '..=b'~').contains(&byte)) {
        return Err(format!("the value of `{name}` has characters other than ASCII's"));
    }
    match rule.set.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
        Some((_, known)) => known.extend([", ", value]),
        None => rule.set.push((name, value.to_owned())),
    }
    Ok(())
}

/// The name, if it is a header's and one that a site may say.
fn checked(name: &str) -> Result<String, String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("`{name}` is no header's name"));
    }
    if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
        return Err(format!("`{name}` is said by the platform"));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms() {
        let (rules, faults) = headers(
            "# all\n/*\n  X-Frame-Options: DENY\n  Link: </a>; rel=preload\n  link: </b>\n\n/a/:id\n\t! Link\n\
             https://x.test/*\n  X-Robots-Tag: noindex\n/none\n",
        );
        assert_eq!(faults, []);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            rules,
            [
                HeaderRule {
                    path: "/*".to_owned(),
                    set: vec![pair("X-Frame-Options", "DENY"), pair("Link", "</a>; rel=preload, </b>")],
                    unset: vec![],
                },
                HeaderRule { path: "/a/:id".to_owned(), set: vec![], unset: vec!["Link".to_owned()] },
                HeaderRule {
                    path: "https://x.test/*".to_owned(),
                    set: vec![pair("X-Robots-Tag", "noindex")],
                    unset: vec![]
                },
            ]
        );
    }

    #[test]
    fn faults() {
        for (text, line, fatal) in [
            ("A: b", 1, false),
            ("/a\n  nothing", 2, false),
            ("/a\n  : b", 2, false),
            ("/a\n  A:", 2, false),
            ("/a\n  A: é", 2, false),
            ("/a\n  A b: c", 2, false),
            ("/a\n  content-length: 3", 2, false),
            ("/a\n  ! ETag", 2, false),
            ("/a\n  Location: https://x.test/", 2, false),
            ("/a/*/*", 1, false),
            ("/a b", 1, false),
            (&format!("/a\n  A: {}", "b".repeat(2_000)), 2, false),
            (&"/a\n  A: b\n".repeat(101), 201, true),
        ] {
            let found: Vec<_> = headers(text).1.into_iter().map(|fault| (fault.line, fault.fatal)).collect();
            assert_eq!(found, [(line, fatal)], "{text}");
        }
        // What follows a path that is passed over does not go to the path before.
        let (rules, _) = headers("/a\n  A: b\n/c/*/*\n  D: e\n");
        assert_eq!(rules.iter().map(|rule| (&*rule.path, rule.set.len())).collect::<Vec<_>>(), [("/a", 1)]);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "([/:*a-c# !é\t]{0,8}\n){0,20}") {
            for rule in headers(&text).0 {
                prop_assert!(rule.set.iter().all(|(name, value)| name.is_ascii() && !value.is_empty()));
            }
        }
    }
}
