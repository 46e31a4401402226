//! The addresses that may use a token: ranges, single addresses, and lists in files.

use std::path::Path;

use flarekeep_policy::parse_range;
use ipnet::IpNet;
use serde_json::Value;

use crate::error::CommandError;
use crate::output::{Output, counted, plain};
use crate::sources::file;

/// How many ranges a list may hold: GitHub's for its runners has some thousands.
const MOST: usize = 100_000;

/// Reads what stands behind `--allow-ip`: a range, an address, or `@FILE` or `@FILE#KEY` for a list. The fewest ranges
/// that hold the same addresses come out.
pub(super) fn read(output: Output, given: &[String]) -> Result<Vec<IpNet>, CommandError> {
    let mut ranges = Vec::new();
    for text in given {
        match text.strip_prefix('@') {
            Some(list) => ranges.extend(listed(list)?),
            None => ranges.push(range(text).map_err(|error| {
                error.hint("as in --allow-ip 203.0.113.0/24 or --allow-ip @meta.json#actions, as often as needed")
            })?),
        }
    }
    let fewest = IpNet::aggregate(&ranges);
    if fewest.len() < ranges.len() {
        output.detail(format!(
            "{} hold the same addresses as the {} that were given",
            counted(fewest.len(), "range"),
            ranges.len()
        ));
        let whole = |range: &&IpNet| !fewest.contains(range);
        for inner in ranges.iter().filter(whole) {
            if let Some(outer) = fewest.iter().find(|outer| outer.contains(inner)) {
                output.detail(format!("  {inner} lies in {outer}"));
            }
        }
    }
    Ok(fewest)
}

/// The ranges of a plan file, in the fewest.
pub(super) fn merged(ranges: &[String]) -> Result<Vec<IpNet>, CommandError> {
    let ranges = ranges.iter().map(|text| range(text)).collect::<Result<Vec<_>, _>>();
    let ranges = ranges.map_err(|error| error.hint("write the plan again, with --allow-ip"))?;
    Ok(IpNet::aggregate(&ranges))
}

/// A range, or one address. Cloudflare takes CIDR; what it makes of a range with bits beyond its length is not known, and
/// a reader would not know which of two things was meant.
fn range(text: &str) -> Result<IpNet, CommandError> {
    let range = parse_range(text).map_err(|error| CommandError::usage(error.to_string()))?;
    if range.addr() == range.network() {
        return Ok(range);
    }
    let (address, network) = (range.addr(), range.trunc());
    let one = IpNet::from(address);
    Err(CommandError::usage(format!("`{range}` names an address and a network"))
        .because(format!("the network is {network}, the one address {one}"))
        .hint(format!("give --allow-ip {network} or --allow-ip {one}")))
}

/// A list in a file: a line of text each, or JSON.
fn listed(list: &str) -> Result<Vec<IpNet>, CommandError> {
    let (path, key) = match list.rsplit_once('#') {
        Some((path, key)) => (path, Some(key)),
        None => (list, None),
    };
    let path = Path::new(path);
    let (text, name) = (file::text(path)?, file::name(path));
    let entries = match (text.trim_start().as_bytes().first(), key) {
        (Some(b'{' | b'['), _) => in_json(&name, &text, key)?,
        (_, Some(key)) => {
            return Err(CommandError::usage(format!("`{name}` is no JSON, so that it has no `{}`", plain(key)))
                .hint("a list of lines is named without a key: --allow-ip @FILE"));
        }
        (_, None) => in_lines(&text),
    };
    if entries.is_empty() || entries.len() > MOST {
        return Err(CommandError::usage(format!("`{name}` lists {}", counted(entries.len(), "address range")))
            .because("a token with an empty list works from nowhere, and one with so many is no limit")
            .hint(format!("name a list of 1 to {MOST}")));
    }
    let read = |(place, text): &(String, String)| {
        range(text).map_err(|error| CommandError { message: format!("{name}, {place}: {}", error.message), ..error })
    };
    let ranges = entries.iter().map(read).collect::<Result<Vec<_>, _>>();
    ranges.map_err(|error| error.hint("a list holds ranges and addresses, as 203.0.113.0/24 and 203.0.113.7"))
}

/// Each line without its comment, where anything is left of it.
fn in_lines(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().enumerate().map(|(at, line)| {
        let line = line.split('#').next().unwrap_or_default().trim();
        (format!("line {}", at + 1), line.to_owned())
    });
    lines.filter(|(_, line)| !line.is_empty()).collect()
}

/// The list of strings at the key, or that the document is.
fn in_json(name: &str, text: &str, key: Option<&str>) -> Result<Vec<(String, String)>, CommandError> {
    let wrong = |what: String| CommandError::usage(format!("`{name}` {what}"));
    let document: Value = serde_json::from_str(text).map_err(|error| {
        wrong(format!("is no JSON: {error}")).hint("a list is JSON, or a line of text for each range")
    })?;
    let list = match (&document, key) {
        (Value::Object(fields), Some(key)) => fields.get(key),
        (Value::Array(_), None) => Some(&document),
        _ => None,
    };
    let Some(Value::Array(list)) = list else {
        let keys: Vec<&String> = match &document {
            Value::Object(fields) => {
                let of_ranges = |value: &Value| value[0].as_str().is_some_and(|text| parse_range(text).is_ok());
                fields.iter().filter(|(_, value)| of_ranges(value)).map(|(key, _)| key).take(12).collect()
            }
            _ => Vec::new(),
        };
        let error = wrong(match key {
            Some(key) => format!("has no list `{}`", plain(key)),
            None => "is no list of address ranges".to_owned(),
        });
        return Err(match keys.as_slice() {
            [] => error.hint("a list is an array of texts, such as [\"203.0.113.0/24\"]"),
            keys => {
                let keys: Vec<String> = keys.iter().map(|key| format!("#{}", plain(key))).collect();
                error.hint(format!("lists that it has: {}", keys.join(", ")))
            }
        });
    };
    let text = |(at, value): (usize, &Value)| match value.as_str() {
        Some(text) => Ok((format!("element {at}"), text.to_owned())),
        None => Err(wrong(format!("has something else than a text as element {at}")).hint("every element is a range")),
    };
    list.iter().enumerate().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[&str]) -> Result<Vec<String>, CommandError> {
        let output = Output { json: false, part: false, quiet: true, verbose: false };
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        super::read(output, &given).map(|ranges| ranges.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_fewest_ranges_come_out() {
        let given = ["203.0.113.128/25", "203.0.113.0/25", "203.0.113.7", "2001:db8::1", "198.51.100.1/32"];
        assert_eq!(read(&given).unwrap(), ["198.51.100.1/32", "203.0.113.0/24", "2001:db8::1/128"]);
    }

    #[test]
    fn bits_beyond_the_length_are_refused_with_both_meanings() {
        let error = read(&["203.0.113.7/24"]).unwrap_err();
        assert_eq!(error.reason.unwrap(), "the network is 203.0.113.0/24, the one address 203.0.113.7/32");
        assert!(read(&["2001:db8::1/64"]).is_err() && read(&["home"]).is_err());
    }

    #[test]
    fn a_list_is_lines_or_json() {
        let folder = tempfile::tempdir().unwrap();
        let list = |name: &str, text: &str, key: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            read(&[&format!("@{}{key}", path.display())])
        };
        let lines = "# the office\n203.0.113.0/24  # all of it\n\n2001:db8::/32\n";
        assert_eq!(list("office", lines, "").unwrap(), ["203.0.113.0/24", "2001:db8::/32"]);
        let error = list("office", "203.0.113.0/24\nhome\n", "").unwrap_err();
        assert!(error.message.contains("office, line 2: `home`"), "{}", error.message);
        let meta =
            r#"{"verifiable": true, "hooks": ["192.0.2.0/24"], "actions": ["198.51.100.0/25", "198.51.100.128/25"]}"#;
        assert_eq!(list("meta.json", meta, "#actions").unwrap(), ["198.51.100.0/24"]);
        assert_eq!(list("list.json", r#"["192.0.2.1"]"#, "").unwrap(), ["192.0.2.1/32"]);
        let error = list("meta.json", meta, "").unwrap_err();
        assert_eq!(error.hints, ["lists that it has: #actions, #hooks"]);
        for (text, key) in [(meta, "#verifiable"), ("{", ""), ("[1]", ""), ("[]", ""), ("", ""), ("# none", "#key")] {
            assert!(list("wrong", text, key).is_err(), "{text} {key}");
        }
    }
}
