//! The types of record, and how the content of each is written: as one text, and as an object of its parts.
//!
//! The parts and their bounds are those of the published schema (`dns-records_*Record`); the order in which the text has
//! them is that of the types' own RFCs.

use serde_json::{Map, Number, Value};

/// What a part of a content is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// A whole number from 0 up to this.
    Number(u32),
    /// One word.
    Word,
    /// A host, without its final dot; `.` is the root.
    Host,
    /// A text in quotes.
    Quoted,
    /// All words that are left, joined by nothing: digests, keys.
    Digits,
    /// All that is left, as it is.
    Rest,
}

/// How the content of a type is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    Ipv4,
    Ipv6,
    Host,
    Text,
    Location,
    /// The parts in the order of the text, with their names in `data`.
    Parts(&'static [(&'static str, Part)]),
}

const BYTE: Part = Part::Number(255);
const SHORT: Part = Part::Number(65_535);
const CERTIFICATE: &[(&str, Part)] =
    &[("usage", BYTE), ("selector", BYTE), ("matching_type", BYTE), ("certificate", Part::Digits)];
const SERVICE: &[(&str, Part)] = &[("priority", SHORT), ("target", Part::Host), ("value", Part::Rest)];

/// The types by name, in the order of the alphabet.
const KINDS: [(&str, Layout); 21] = [
    ("A", Layout::Ipv4),
    ("AAAA", Layout::Ipv6),
    ("CAA", Layout::Parts(&[("flags", BYTE), ("tag", Part::Word), ("value", Part::Quoted)])),
    ("CERT", Layout::Parts(&[("type", SHORT), ("key_tag", SHORT), ("algorithm", BYTE), ("certificate", Part::Digits)])),
    ("CNAME", Layout::Host),
    (
        "DNSKEY",
        Layout::Parts(&[("flags", SHORT), ("protocol", BYTE), ("algorithm", BYTE), ("public_key", Part::Digits)]),
    ),
    ("DS", Layout::Parts(&[("key_tag", SHORT), ("algorithm", BYTE), ("digest_type", BYTE), ("digest", Part::Digits)])),
    ("HTTPS", Layout::Parts(SERVICE)),
    ("LOC", Layout::Location),
    ("MX", Layout::Host),
    (
        "NAPTR",
        Layout::Parts(&[
            ("order", SHORT),
            ("preference", SHORT),
            ("flags", Part::Quoted),
            ("service", Part::Quoted),
            ("regex", Part::Quoted),
            ("replacement", Part::Host),
        ]),
    ),
    ("NS", Layout::Host),
    ("OPENPGPKEY", Layout::Text),
    ("PTR", Layout::Host),
    ("SMIMEA", Layout::Parts(CERTIFICATE)),
    ("SRV", Layout::Parts(&[("priority", SHORT), ("weight", SHORT), ("port", SHORT), ("target", Part::Host)])),
    ("SSHFP", Layout::Parts(&[("algorithm", BYTE), ("type", BYTE), ("fingerprint", Part::Digits)])),
    ("SVCB", Layout::Parts(SERVICE)),
    ("TLSA", Layout::Parts(CERTIFICATE)),
    ("TXT", Layout::Text),
    ("URI", Layout::Parts(&[("weight", SHORT), ("target", Part::Quoted)])),
];

/// The parts of a location: in `data`, with the bounds of the schema. The text has its lengths in metres.
const LOCATION: [(&str, f64, f64); 10] = [
    ("lat_degrees", 0.0, 90.0),
    ("lat_minutes", 0.0, 59.0),
    ("lat_seconds", 0.0, 59.999),
    ("long_degrees", 0.0, 180.0),
    ("long_minutes", 0.0, 59.0),
    ("long_seconds", 0.0, 59.999),
    ("altitude", -100_000.0, 42_849_672.95),
    ("size", 0.0, 90_000_000.0),
    ("precision_horz", 0.0, 90_000_000.0),
    ("precision_vert", 0.0, 90_000_000.0),
];

/// The name of a type as it is written, and its layout; none where there is no such type.
pub(super) fn kind(name: &str) -> Option<(&'static str, Layout)> {
    KINDS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
}

impl Layout {
    /// Whether the type has `data`.
    pub(super) const fn is_structured(self) -> bool {
        matches!(self, Self::Location | Self::Parts(_))
    }

    /// `data` in its usual form. The error names the part that is missing or holds what it cannot.
    pub(super) fn data(self, given: &Map<String, Value>) -> Result<Map<String, Value>, &'static str> {
        match self {
            Self::Parts(parts) => parts
                .iter()
                .map(|(name, part)| Ok(((*name).to_owned(), part.usual(given.get(*name)).ok_or(*name)?)))
                .collect(),
            Self::Location => location(given),
            _ => Ok(Map::new()),
        }
    }

    /// `data` from the text of a content.
    pub(super) fn parsed(self, content: &str) -> Result<Map<String, Value>, &'static str> {
        let mut data = Map::new();
        match self {
            Self::Parts(parts) => {
                let mut rest = content.trim();
                for (name, part) in parts {
                    let (word, left) = part.split(rest).ok_or(*name)?;
                    data.insert((*name).to_owned(), part.read(&word).ok_or(*name)?);
                    rest = left;
                }
                if !rest.is_empty() {
                    return Err(parts.last().map_or("content", |(name, _)| *name));
                }
            }
            Self::Location => data = location_of(content).ok_or("content")?,
            _ => {}
        }
        self.data(&data)
    }

    /// The text of a content.
    pub(super) fn content(self, data: &Map<String, Value>) -> String {
        match self {
            Self::Parts(parts) => {
                let words = parts.iter().filter_map(|(name, part)| Some(part.written(data.get(*name)?)));
                words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
            }
            Self::Location => {
                let part = |name: &str| data.get(name).map(plain).unwrap_or_default();
                let angle = |of: &str| {
                    format!(
                        "{} {} {} {}",
                        part(&format!("{of}_degrees")),
                        part(&format!("{of}_minutes")),
                        part(&format!("{of}_seconds")),
                        part(&format!("{of}_direction"))
                    )
                };
                let metres =
                    ["altitude", "size", "precision_horz", "precision_vert"].map(|name| format!("{}m", part(name)));
                format!("{} {} {}", angle("lat"), angle("long"), metres.join(" "))
            }
            _ => String::new(),
        }
    }
}

impl Part {
    /// The value of this part in its usual form; none where it holds what it cannot.
    fn usual(self, given: Option<&Value>) -> Option<Value> {
        let text = || given.and_then(Value::as_str);
        match self {
            Self::Number(most) => {
                let number = given.and_then(|given| given.as_u64().or_else(|| given.as_str()?.parse().ok()))?;
                (number <= u64::from(most)).then(|| number.into())
            }
            Self::Word => {
                let bare =
                    |text: &&str| !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
                text().filter(bare).map(Into::into)
            }
            Self::Host => host(text()?).map(Into::into),
            Self::Digits => {
                let joined: String = text()?.split_whitespace().collect();
                (!joined.is_empty() && !joined.contains(char::is_control)).then(|| joined.into())
            }
            Self::Rest if text().is_some_and(|text| text.contains(char::is_control)) => None,
            Self::Quoted | Self::Rest => Some(text().unwrap_or_default().into()),
        }
    }

    /// What a word of the text stands for.
    fn read(self, word: &str) -> Option<Value> {
        match self {
            Self::Number(_) => word.parse::<u64>().ok().map(Into::into),
            _ => Some(word.into()),
        }
    }

    /// The first word of this part, and what comes after it.
    fn split(self, text: &str) -> Option<(String, &str)> {
        match self {
            Self::Digits | Self::Rest => Some((text.trim().to_owned(), "")),
            Self::Quoted if text.starts_with('"') => {
                let (inner, after) = unquoted(text)?;
                Some((inner, after.trim_start()))
            }
            _ => {
                let end = text.find(char::is_whitespace).unwrap_or(text.len());
                let (word, after) = text.split_at_checked(end)?;
                (!word.is_empty()).then(|| (word.to_owned(), after.trim_start()))
            }
        }
    }

    fn written(self, value: &Value) -> String {
        match self {
            Self::Quoted => quoted(&plain(value)),
            _ => plain(value),
        }
    }
}

/// A text in quotes, with a backslash before what needs one; control characters are three digits (RFC 1035, section 5.1).
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // A Unicode control character is two bytes.
            _ if c.is_control() => {
                quoted.extend(c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\{byte:03}")));
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The texts of a TXT record's content, where it is nothing but texts in quotes.
pub(crate) fn quoted_texts(content: &str) -> Option<Vec<String>> {
    let (mut all, mut rest) = (Vec::new(), content.trim());
    while !rest.is_empty() {
        let (text, after) = rest.starts_with('"').then(|| unquoted(rest))??;
        all.push(text);
        rest = after.trim_start();
    }
    (!all.is_empty()).then_some(all)
}

/// The text in the quotes at the beginning, and what comes after them. None where they have no end, or where what the
/// digits stand for is no UTF-8.
pub(super) fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut inner = Vec::new();
    let mut rest = text.strip_prefix('"')?;
    loop {
        let c = rest.chars().next()?;
        rest = rest.get(c.len_utf8()..)?;
        match c {
            '"' => return Some((String::from_utf8(inner).ok()?, rest)),
            '\\' => {
                let digits = rest.get(..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
                if let Some(byte) = digits.and_then(|digits| digits.parse().ok()) {
                    inner.push(byte);
                    rest = rest.get(3..)?;
                } else {
                    let c = rest.chars().next()?;
                    inner.extend(c.encode_utf8(&mut [0; 4]).bytes());
                    rest = rest.get(c.len_utf8()..)?;
                }
            }
            _ => inner.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
}

/// A host that a record points to, in lower case and without its final dot; `.` is the root.
pub(super) fn host(text: &str) -> Option<String> {
    if text == "." {
        return Some(text.to_owned());
    }
    let host = text.trim_end_matches('.').to_ascii_lowercase();
    let good = !host.is_empty() && crate::http::is_hostname(&format!("{host}.x"));
    good.then_some(host)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn location(given: &Map<String, Value>) -> Result<Map<String, Value>, &'static str> {
    let mut data = Map::new();
    for (name, least, most) in LOCATION {
        let default = match name {
            "size" => Some(1.0),
            "precision_horz" => Some(10_000.0),
            "precision_vert" => Some(10.0),
            _ if name.ends_with("degrees") => None,
            _ => Some(0.0),
        };
        let number = given.get(name).and_then(Value::as_f64).or(default).ok_or(name)?;
        if !(least..=most).contains(&number) {
            return Err(name);
        }
        data.insert(name.to_owned(), Value::Number(shortest(number).ok_or(name)?));
    }
    for (name, ways) in [("lat_direction", ["N", "S"]), ("long_direction", ["E", "W"])] {
        let way = given.get(name).and_then(Value::as_str).filter(|way| ways.contains(way)).ok_or(name)?;
        data.insert(name.to_owned(), way.into());
    }
    Ok(data)
}

/// A number without a fraction of nothing.
fn shortest(number: f64) -> Option<Number> {
    // The bounds of a location are far within what an integer holds.
    #[allow(clippy::cast_possible_truncation)]
    let whole = number.trunc() as i64;
    if number.fract() == 0.0 { Some(whole.into()) } else { Number::from_f64(number) }
}

/// Reads `37 46 46 N 122 23 35 W 0m 100m 0m 0m`; minutes, seconds and what comes after the altitude may be left out.
fn location_of(content: &str) -> Option<Map<String, Value>> {
    let content = content.trim();
    let content = content.strip_prefix("IN LOC ").unwrap_or(content);
    let mut words = content.split_whitespace();
    let mut data = Map::new();
    for (of, ways) in [("lat", ["N", "S"]), ("long", ["E", "W"])] {
        let mut units = ["degrees", "minutes", "seconds"].into_iter();
        loop {
            let word = words.next()?;
            if ways.contains(&word) {
                data.insert(format!("{of}_direction"), word.into());
                break;
            }
            data.insert(format!("{of}_{}", units.next()?), Value::Number(shortest(word.parse().ok()?)?));
        }
    }
    let mut lengths = ["altitude", "size", "precision_horz", "precision_vert"].into_iter();
    for word in words {
        let metres: f64 = word.strip_suffix('m').unwrap_or(word).parse().ok()?;
        data.insert(lengths.next()?.to_owned(), Value::Number(shortest(metres)?));
    }
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(name: &str, content: &str) -> Map<String, Value> {
        let (_, layout) = kind(name).unwrap();
        let data = layout.parsed(content).unwrap_or_else(|part| panic!("{name}: {part}"));
        assert_eq!(layout.content(&data), content, "{name}");
        assert_eq!(layout.data(&data).as_ref(), Ok(&data), "{name}");
        data
    }

    #[test]
    fn contents_become_data_and_data_contents() {
        for (name, content) in [
            ("CAA", r#"0 issue "letsencrypt.org; a=\"b\"""#),
            ("CERT", "9 1 8 bWFkZSB1cA=="),
            ("DNSKEY", "257 3 13 bWFkZSB1cA=="),
            ("DS", "12345 13 2 0aff"),
            ("HTTPS", r#"1 . alpn="h3,h2" ipv4hint="127.0.0.1""#),
            ("SVCB", "0 svc.example.com"),
            ("LOC", "37 46 46 N 122 23 35.5 W 0m 100m 0m 0m"),
            ("NAPTR", r#"100 10 "S" "SIP+D2U" "" _sip._udp.example.com"#),
            ("SMIMEA", "3 0 0 00aa"),
            ("SRV", "10 5 8806 example.com"),
            ("SSHFP", "2 1 00aa"),
            ("TLSA", "3 1 1 00aa"),
            ("URI", r#"20 "http://example.com/""#),
        ] {
            there_and_back(name, content);
        }
        assert_eq!(there_and_back("SRV", "1 2 3 a.b")["port"], 3);
    }

    #[test]
    fn the_part_that_is_wrong_is_named() {
        let wrong = |name: &str, content: &str| kind(name).unwrap().1.parsed(content).unwrap_err();
        assert_eq!(wrong("SRV", "1 2 70000 a.b"), "port");
        assert_eq!(wrong("SRV", "1 2 3"), "target");
        assert_eq!(wrong("SRV", "1 2 3 a.b c"), "target");
        assert_eq!(wrong("CAA", "256 issue \"a\""), "flags");
        assert_eq!(wrong("LOC", "91 0 0 N 0 0 0 E 0m"), "lat_degrees");
        assert_eq!(wrong("LOC", "1 0 0 N"), "content");
    }

    #[test]
    fn types_are_in_the_order_of_the_alphabet() {
        assert!(KINDS.is_sorted_by_key(|(name, _)| *name));
        assert_eq!(kind("aaaa").unwrap().0, "AAAA");
        assert!(kind("SPF").is_none());
    }
}
