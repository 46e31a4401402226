//! Terraform's addresses: `module.edge["eu"].cloudflare_dns_record.www[0]`.

use flarekeep_catalogue::is_hostile;

/// The longest address that is shown whole, in bytes.
const SHOWN: usize = 300;

/// The parts between the dots, each with its index.
pub(super) fn parts(address: &str) -> Vec<&str> {
    let (mut parts, mut from) = (Vec::new(), 0);
    let (mut in_index, mut quoted, mut escaped) = (false, false, false);
    for (at, byte) in address.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' => in_index = true,
            b']' => in_index = false,
            b'.' if !in_index => {
                parts.extend(address.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(address.get(from..));
    parts
}

/// A part without its index, and the index without its brackets and quotes.
pub(super) fn indexed(part: &str) -> (&str, Option<&str>) {
    match part.split_once('[') {
        Some((name, index)) => (name, Some(index.trim_end_matches(']').trim_matches('"'))),
        None => (part, None),
    }
}

/// The module of an address of a module, and the call in it that makes this one; none for the root.
pub(super) fn caller(module: &str) -> Option<(String, &str)> {
    let parts = parts(module);
    let (rest, [_, call]) = parts.split_at_checked(parts.len().checked_sub(2)?)? else { return None };
    Some((rest.join("."), call))
}

/// The address of something in a module.
pub(super) fn within(module: &str, rest: &str) -> String {
    if module.is_empty() { rest.to_owned() } else { format!("{module}.{rest}") }
}

/// An address as it can be shown: without what a terminal obeys, and no longer than a line holds.
pub(super) fn shown(address: &str) -> String {
    let mut shown: String = address.chars().filter(|c| !is_hostile(*c)).take(SHOWN).collect();
    if shown.len() < address.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_hold_what_divides_an_address() {
        let address = r#"module.edge["a.b\"]"].data.cloudflare_zone.main[0]"#;
        assert_eq!(parts(address), ["module", r#"edge["a.b\"]"]"#, "data", "cloudflare_zone", "main[0]"]);
        assert_eq!(indexed("main[0]"), ("main", Some("0")));
        assert_eq!(indexed(r#"main["a"]"#), ("main", Some("a")));
        assert_eq!(caller("module.a.module.b[1]"), Some(("module.a".to_owned(), "b[1]")));
        assert_eq!(caller(""), None);
    }
}
