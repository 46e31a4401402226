//! What the text around a value says of it: the name that it stands under, and what is spoken of near it.

use super::naming::{Says, says};

/// How far around a value Cloudflare is looked for.
const NEAR: usize = 1024;
/// How much of a value's line stands before it.
const LINE: usize = 256;
/// How many names before a value may be its own.
const NAMES: usize = 4;
/// How much may stand between a name and its value.
const GAP: usize = 32;
/// How many lines above a `value:` its name may stand.
const LINES_ABOVE: usize = 5;
/// What says that a line has the name of the value below it.
const NAMING: [&[u8]; 5] = [b"name", b"variable", b"key", b"Name", b"Key"];
/// How much stands between a name and the end of its line, when the value stands alone on the next.
const CONTINUATION: usize = 6;

/// The name that a value stands under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) text: &'a [u8],
    pub(super) says: Says,
    /// The name itself, or one before it on its line, says that the value is Cloudflare's.
    pub(super) own: bool,
}

/// The name of the value at `start`: the nearest before it that says what the value may be.
pub(super) fn name(data: &[u8], start: usize) -> Option<Name<'_>> {
    let (line, is_whole) = line_before(data, start);
    let mut names = Names { line, end: line.len() };
    let mut found: Option<Name> = None;
    let (mut looks_above, mut is_alone) = (is_whole, true);
    for _ in 0..NAMES {
        let Some((text, gap)) = names.next() else { break };
        let said = says(text);
        is_alone = false;
        match &mut found {
            // A name before the name may say whose it is: `cloudflare: { api_token: … }`.
            Some(found) => {
                found.own |= said.vendor && !said.never;
                found.says.r2 |= said.r2;
                found.says.other |= said.other;
                continue;
            }
            None => {
                if said.never || said.other || gap.len() > GAP || gap.iter().any(|byte| b";}".contains(byte)) {
                    return None;
                }
                if said.token || said.key {
                    found = Some(Name { text, says: said, own: said.vendor });
                } else if !said.holder && (gap.contains(&b'=') || is_assigned(gap)) {
                    // This is the value's name, and it says nothing.
                    return None;
                } else if !said.holder {
                    looks_above = false;
                }
            }
        }
    }
    match found {
        Some(name) if !name.says.other => Some(name),
        None if looks_above => name_above(data, start - line.len(), is_alone),
        _ => None,
    }
}

/// Whether a value is spoken of near this place: `needle` in lower case.
pub(super) fn is_near(data: &[u8], start: usize, end: usize, needles: &[&str]) -> bool {
    let around = data.get(start.saturating_sub(NEAR)..data.len().min(end.saturating_add(NEAR))).unwrap_or_default();
    needles.iter().any(|needle| {
        let windows = around.windows(needle.len());
        windows.into_iter().any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
    })
}

/// The name on a line above a value that stands there as `value: …`, or alone.
fn name_above(data: &[u8], mut line_start: usize, is_alone: bool) -> Option<Name<'_>> {
    for _ in 0..LINES_ABOVE {
        let (line, is_whole) = line_before(data, line_start.checked_sub(1)?);
        if !is_whole {
            return None;
        }
        line_start = line_start - 1 - line.len();
        let mut names = Names { line, end: line.len() };
        let (mut own, mut found, mut decides) = (false, None, is_alone);
        while let Some((text, gap)) = names.next() {
            let said = says(text);
            if said.never || said.other {
                return None;
            }
            own |= said.vendor;
            decides |= NAMING.contains(&text);
            // A value alone on its line has its name at the end of the one above: `TOKEN: >-`.
            if (said.token || said.key) && found.is_none() && (!is_alone || gap.len() <= CONTINUATION) {
                found = Some(Name { text, says: said, own: false });
            }
        }
        match found {
            Some(name) => return Some(Name { own, ..name }),
            // The name that was looked for, and it says nothing.
            None if decides => return None,
            None => {}
        }
    }
    None
}

fn is_assigned(gap: &[u8]) -> bool {
    gap.iter().filter(|byte| **byte == b':').count() == 1
}

/// What stands on the line before `start`, and whether the line begins there.
fn line_before(data: &[u8], start: usize) -> (&[u8], bool) {
    let from = start.saturating_sub(LINE);
    let before = data.get(from..start).unwrap_or_default();
    match memchr::memrchr(b'\n', before) {
        Some(at) => (before.get(at + 1..).unwrap_or_default(), true),
        None => (before, from == 0),
    }
}

/// The names of a line from its end, each with what stands between it and what follows.
struct Names<'a> {
    line: &'a [u8],
    end: usize,
}

impl<'a> Names<'a> {
    fn next(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        let rest = self.line.get(..self.end)?;
        let end = rest.iter().rposition(|byte| super::is_in_run(*byte))? + 1;
        let start = rest.iter().take(end).rposition(|byte| !super::is_in_run(*byte)).map_or(0, |at| at + 1);
        self.end = start;
        let mut name = rest.get(start..end)?;
        // What an escape ends in (`\n`) looks like the name's first letter.
        if start > 0 && rest.get(start - 1) == Some(&b'\\') {
            name = name.get(1..).unwrap_or_default();
        }
        Some((name, rest.get(end..)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<(String, bool)> {
        let at = text.find("VALUE").unwrap();
        name(text.as_bytes(), at).map(|name| (String::from_utf8_lossy(name.text).into_owned(), name.own))
    }

    #[test]
    fn a_name_is_found_in_every_language() {
        for (text, wanted) in [
            ("CF_API_TOKEN=VALUE", "CF_API_TOKEN"),
            ("export CLOUDFLARE_API_TOKEN='VALUE'", "CLOUDFLARE_API_TOKEN"),
            ("ENV CLOUDFLARE_API_TOKEN VALUE", "CLOUDFLARE_API_TOKEN"),
            ("$env:CF_API_TOKEN = \"VALUE\"", "CF_API_TOKEN"),
            ("setx CF_API_TOKEN VALUE", "CF_API_TOKEN"),
            ("{\"cloudflare_api_token\": \"VALUE\"}", "cloudflare_api_token"),
            ("const cfToken: string = \"VALUE\";", "cfToken"),
            ("<add key=\"CloudflareApiToken\" value=\"VALUE\" />", "CloudflareApiToken"),
            ("os.environ.get(\"CF_API_TOKEN\", \"VALUE\")", "CF_API_TOKEN"),
            ("  - name: CLOUDFLARE_API_TOKEN\n    value: VALUE", "CLOUDFLARE_API_TOKEN"),
            ("variable \"cloudflare_api_token\" {\n  type = string\n  default = \"VALUE\"", "cloudflare_api_token"),
            ("CF_API_TOKEN: >-\n  VALUE", "CF_API_TOKEN"),
            ("A=b\\nCF_API_TOKEN=VALUE", "CF_API_TOKEN"),
            ("$cfToken = ConvertTo-SecureString -String \"VALUE\"", "cfToken"),
        ] {
            let found = named(text);
            assert_eq!(found.as_ref().map(|(name, _)| name.as_str()), Some(wanted), "{text}");
            assert!(found.unwrap().1, "{text}");
        }
        assert_eq!(named("curl -H 'Authorization: Bearer VALUE'"), Some(("Bearer".to_owned(), false)));
        assert_eq!(named("new Cloudflare({ apiToken: 'VALUE' })"), Some(("apiToken".to_owned(), true)));
    }

    #[test]
    fn what_has_another_name_has_not_this_one() {
        for text in [
            "CF_API_TOKEN=$X COMMIT=VALUE",
            "CF_API_TOKEN=$X\nfor=VALUE",
            "- name: CF_API_TOKEN\n  value: x\n- name: COMMIT\n  value: VALUE",
            "cloudflare/wrangler-action@VALUE",
            "cf_token_hash = VALUE",
            "GITHUB_TOKEN=VALUE",
            "github: { token: VALUE }",
            "CLOUDFLARE_ACCOUNT_ID: VALUE",
            "load(cf_token); VALUE",
            "integrity = \"sha512-VALUE",
            "VALUE",
            "\n\n\nVALUE",
        ] {
            assert_eq!(named(text).filter(|(_, own)| *own), None, "{text}");
        }
    }

    #[test]
    fn nearness_is_bounded() {
        let text = format!("CloudFlare{}VALUE", " ".repeat(NEAR - 10));
        let at = text.len() - 5;
        assert!(is_near(text.as_bytes(), at, at + 5, &["cloudflare"]));
        let text = format!(" CloudFlare{}VALUE", " ".repeat(NEAR));
        let at = text.len() - 5;
        assert!(!is_near(text.as_bytes(), at, at + 5, &["cloudflare"]));
    }
}
