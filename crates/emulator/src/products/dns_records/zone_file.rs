//! Zone files, as BIND reads and writes them (RFC 1035, section 5).

use std::fmt::Write;

use serde_json::{Map, Value};

use super::draft::Draft;
use super::layout;
use crate::dns::names::strings;

/// The mark by which an export says that a record is proxied, in a comment (the documentation of import and export).
const PROXIED: &str = "cf_tags=cf-proxied:true";

/// The zone as a file: names are whole, types in the order of the alphabet.
pub(super) fn write<'a>(zone: &str, at: i64, records: impl Iterator<Item = &'a Draft>) -> String {
    let mut text = format!(
        ";;\n;; Domain:     {zone}.\n;; Exported:   {}\n;;\n\n;; SOA Record\n{zone}\t3600\tIN\tSOA\tada.ns.cloudflare.com. dns.cloudflare.com. {at} 10000 2400 604800 3600\n",
        crate::products::timestamp(at)
    );
    let mut kind = "";
    for record in records {
        if record.kind != kind {
            kind = &record.kind;
            // Writing to a String cannot fail.
            let _ = write!(text, "\n;; {kind} Records\n");
        }
        let _ = write!(text, "{}.\t{}\tIN\t{kind}\t{}", record.name, record.ttl, rdata(record));
        let mut notes = Vec::new();
        if let Some(comment) = &record.comment {
            notes.push(without_mark(comment));
        }
        if record.proxied {
            notes.push(PROXIED.to_owned());
        }
        if !notes.is_empty() {
            let _ = write!(text, " ; {}", notes.join(" "));
        }
        text.push('\n');
    }
    text
}

/// The records of a file as bodies of the API. SOA is passed over, and so is NS at the zone itself, which Cloudflare sets.
///
/// # Errors
/// A line that cannot be read, with its number.
pub(super) fn read(text: &str, zone: &str, proxied: bool) -> Result<Vec<Map<String, Value>>, String> {
    let mut bodies = Vec::new();
    let mut origin = zone.to_owned();
    let (mut default_ttl, mut last_name) = (None, String::new());
    for Entry { line, mut words, indented, marked } in entries(text)? {
        let wrong = |what: &str| format!("line {line}: {what}");
        match words.first().map(Word::plain) {
            Some("$ORIGIN") => {
                let name = words.get(1).map(Word::plain).ok_or_else(|| wrong("no name after `$ORIGIN`"))?;
                origin = whole(name, &origin);
                continue;
            }
            Some("$TTL") => {
                default_ttl = words.get(1).and_then(|word| seconds(word.plain()));
                continue;
            }
            Some(word) if word.starts_with('$') => return Err(wrong("an instruction that is not known")),
            _ => {}
        }
        let name = if indented { last_name.clone() } else { whole(words.remove(0).plain(), &origin) };
        last_name.clone_from(&name);
        let mut ttl = default_ttl;
        let mut words = words.into_iter().peekable();
        // Time and class come in any order, and each may be left out.
        while let Some(word) = words.peek() {
            let class = ["IN", "CH", "HS"].iter().any(|class| word.plain().eq_ignore_ascii_case(class));
            match seconds(word.plain()) {
                Some(given) => ttl = Some(given),
                None if class => {}
                None => break,
            }
            words.next();
        }
        let kind = words.next().ok_or_else(|| wrong("no type"))?.plain().to_ascii_uppercase();
        if kind == "SOA" || kind == "NS" && name == zone {
            continue;
        }
        let (known, layout) = layout::kind(&kind).ok_or_else(|| wrong("a type that is not known"))?;
        let mut body = Map::new();
        if matches!(known, "MX" | "URI") {
            let priority = words.next().and_then(|word| word.plain().parse::<u64>().ok());
            body.insert("priority".to_owned(), priority.ok_or_else(|| wrong("no priority"))?.into());
        }
        let quotes = known == "TXT" || layout.is_structured();
        let host = |word: &Word| match word.plain() {
            "@" => origin.clone(),
            name if name.ends_with('.') && name != "." => name.trim_end_matches('.').to_owned(),
            name => format!("{name}.{origin}"),
        };
        let content = match known {
            "CNAME" | "NS" | "PTR" | "MX" => host(&words.next().ok_or_else(|| wrong("no host"))?),
            _ => words.map(|word| word.written(quotes)).collect::<Vec<_>>().join(" "),
        };
        body.insert("type".to_owned(), known.into());
        body.insert("name".to_owned(), name.into());
        body.insert("content".to_owned(), content.into());
        body.insert("ttl".to_owned(), ttl.unwrap_or(1).into());
        let proxiable = matches!(known, "A" | "AAAA" | "CNAME");
        body.insert("proxied".to_owned(), (proxiable && (proxied || marked)).into());
        bodies.push(body);
    }
    Ok(bodies)
}

/// One record's line or lines.
struct Entry {
    line: usize,
    words: Vec<Word>,
    /// Whether it begins with a space: its name is that of the record before.
    indented: bool,
    /// Whether a comment says that it is proxied.
    marked: bool,
}

struct Word {
    text: String,
    quoted: bool,
}

impl Word {
    fn plain(&self) -> &str {
        &self.text
    }

    fn written(&self, quotes: bool) -> String {
        if self.quoted && quotes { layout::quoted(&self.text) } else { self.text.clone() }
    }
}

/// The entries of a file: comments are taken away, and lines in parentheses joined.
fn entries(text: &str) -> Result<Vec<Entry>, String> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut depth = 0_usize;
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        if depth == 0 {
            entries.push(Entry {
                line: number,
                words: Vec::new(),
                indented: line.starts_with([' ', '\t']),
                marked: false,
            });
        }
        let Some(entry) = entries.last_mut() else { continue };
        let mut rest = line.trim();
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            rest = match c {
                ';' => {
                    entry.marked |= after.contains(PROXIED);
                    ""
                }
                '(' => {
                    depth += 1;
                    after
                }
                ')' => {
                    depth = depth.checked_sub(1).ok_or_else(|| format!("line {number}: `)` without `(`"))?;
                    after
                }
                '"' => {
                    let found =
                        layout::unquoted(rest).ok_or_else(|| format!("line {number}: a quote without an end"))?;
                    entry.words.push(Word { text: found.0, quoted: true });
                    found.1
                }
                _ => {
                    let end = rest.find([' ', '\t', ';', '(', ')', '"']).unwrap_or(rest.len());
                    let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                    entry.words.push(Word { text: word.to_owned(), quoted: false });
                    after
                }
            }
            .trim_start();
        }
    }
    if depth > 0 {
        return Err("a `(` without its `)`".to_owned());
    }
    entries.retain(|entry| !entry.words.is_empty());
    Ok(entries)
}

/// A comment in one line, that does not say by itself that the record is proxied.
fn without_mark(comment: &str) -> String {
    let mut comment = comment.replace(char::is_control, " ");
    while comment.contains(PROXIED) {
        comment = comment.replace(PROXIED, "");
    }
    comment
}

/// What comes after the type.
fn rdata(record: &Draft) -> String {
    match (record.kind.as_str(), record.priority) {
        ("MX", Some(priority)) => format!("{priority} {}.", record.content),
        ("URI", Some(priority)) => format!("{priority} {}", record.content),
        ("CNAME" | "NS" | "PTR", _) => format!("{}.", record.content),
        ("SRV", _) => format!("{}.", record.content.trim_end_matches('.')),
        ("TXT", _) => strings(&record.content).iter().map(|text| layout::quoted(text)).collect::<Vec<_>>().join(" "),
        _ => record.content.to_string(),
    }
}

/// A name without its final dot: what has none is below the origin.
fn whole(name: &str, origin: &str) -> String {
    match name {
        "@" => origin.to_owned(),
        _ => name.strip_suffix('.').map_or_else(|| format!("{name}.{origin}"), ToOwned::to_owned).to_ascii_lowercase(),
    }
}

/// A time, in seconds or with a unit, as in `1h30m`.
fn seconds(word: &str) -> Option<u64> {
    let (mut total, mut number) = (0_u64, None::<u64>);
    for c in word.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit.into())?);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    (!word.is_empty()).then(|| total.checked_add(number.unwrap_or(0)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::products::dns_records::draft::Place;

    const FILE: &str = r#"
$TTL 1h
@   IN SOA ns1.example.com. hostmaster.example.com. (
        1 ; serial
        2 3 4 5 )
@       IN NS ns1
www     300 IN A 203.0.113.1 ; shop cf_tags=cf-proxied:true
        IN 600 AAAA 100::
$ORIGIN sub.example.com.
alias   CNAME www.example.com.
mail    MX 10 @
_sip._tcp SRV 1 2 5060 sip.example.com.
txt     TXT "v=spf1 ~all; \"x\"" "second"
caa     CAA 0 issue "letsencrypt.org"
"#;

    fn drafts(text: &str) -> Vec<Draft> {
        let place = Place { zone: "example.com".to_owned(), style: crate::options::ErrorStyle::Classic };
        let bodies = read(text, "example.com", false).unwrap();
        bodies.iter().map(|body| Draft::read(body, &place, None).unwrap()).collect()
    }

    #[test]
    fn files_are_read_and_what_is_written_is_read_back() {
        let first = drafts(FILE);
        let line = |record: &Draft| {
            format!("{} {} {} {} {}", record.name, record.ttl, record.kind, record.content, record.proxied)
        };
        assert_eq!(
            first.iter().map(line).collect::<Vec<_>>(),
            [
                "www.example.com 1 A 203.0.113.1 true",
                "www.example.com 600 AAAA 100:: false",
                "alias.sub.example.com 3600 CNAME www.example.com false",
                "mail.sub.example.com 3600 MX sub.example.com false",
                "_sip._tcp.sub.example.com 3600 SRV 1 2 5060 sip.example.com false",
                "txt.sub.example.com 3600 TXT \"v=spf1 ~all; \\\"x\\\"\" \"second\" false",
                "caa.sub.example.com 3600 CAA 0 issue \"letsencrypt.org\" false",
            ]
        );
        let again = drafts(&write("example.com", 0, first.iter()));
        assert_eq!(again, first);
    }

    #[test]
    fn faults_name_their_line() {
        let fault = |text| read(text, "example.com", false).unwrap_err();
        assert_eq!(fault("a A 1.2.3.4\nb WKS x"), "line 2: a type that is not known");
        assert_eq!(fault("a TXT \"x"), "line 1: a quote without an end");
        assert_eq!(fault("a MX x"), "line 1: no priority");
        assert_eq!(fault("a"), "line 1: no type");
        assert_eq!(fault("a A ("), "a `(` without its `)`");
        assert_eq!(fault("$INCLUDE x"), "line 1: an instruction that is not known");
    }

    #[test]
    fn no_text_and_no_comment_makes_a_record_or_a_mark() {
        let place = Place { zone: "example.com".to_owned(), style: crate::options::ErrorStyle::Classic };
        let txt = |content: &str| {
            let body = serde_json::json!({"type": "TXT", "name": "t", "content": content});
            Draft::read(body.as_object().unwrap(), &place, None).unwrap()
        };
        for content in
            ["a\nevil A 203.0.113.9", "\"a\nevil A 203.0.113.9", "\"open", "\"a\" b", "\"a\" ; \"b\"", "a\r\u{85}é"]
        {
            let mut record = txt(content);
            record.comment = Some("x\rcf_tags=cf-cf_tags=cf-proxied:trueproxied:true\nevil A 203.0.113.9".to_owned());
            let file = write("example.com", 0, [&record].into_iter());
            let entries = entries(&file).unwrap();
            assert_eq!(entries.len(), 2, "the zone's own and this: {file}");
            assert!(!entries[1].marked, "{file}");
            let again = drafts(&file);
            assert_eq!(again.len(), 1, "{file}");
            assert_eq!(strings(&again[0].content), strings(content), "{file}");
        }
        let long = txt(&"x".repeat(300));
        let file = write("example.com", 0, [&long].into_iter());
        assert!(file.contains(&format!("\"{}\" \"{}\"", "x".repeat(255), "x".repeat(45))), "{file}");
        for (kind, content) in
            [("OPENPGPKEY", "YQ==\nevil A 203.0.113.9"), ("HTTPS", "1 . alpn=h3\nevil A 203.0.113.9")]
        {
            let body = serde_json::json!({"type": kind, "name": "t", "content": content});
            assert!(Draft::read(body.as_object().unwrap(), &place, None).is_err(), "{kind}");
        }
    }

    #[test]
    fn times_may_have_units() {
        assert_eq!(seconds("1h30m"), Some(5400));
        assert_eq!(seconds("300"), Some(300));
        assert_eq!(seconds("A"), None);
        assert_eq!(seconds("99999999999999999999"), None);
    }
}
