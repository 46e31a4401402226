//! However a text is cut into pieces, whatever it is encoded in.

use std::io::Read;

use flarekeep_scan::{Buffer, Finding, Source, Tally, scan_reader};
use proptest::prelude::*;

use crate::plant::{Draw, RULES};

fn source(path: &str) -> Source {
    Source { commit: None, path: path.to_owned(), archives: 3, setting: None }
}

fn scan(text: &[u8]) -> Tally {
    let mut tally = Tally::default();
    scan_reader(&mut { text }, &source("a"), &mut Buffer::default(), &mut tally).unwrap();
    tally
}

/// A reader that gives a few bytes at a time.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let most = self.1.min(bytes.len()).min(self.0.len());
        let (now, later) = self.0.split_at(most);
        bytes[..most].copy_from_slice(now);
        self.0 = later;
        Ok(most)
    }
}

/// A long text whose credentials stand around the places where it is cut.
#[test]
fn a_cut_loses_nothing_and_finds_nothing_twice() {
    const WINDOW: usize = 256 << 10;
    let mut draw = Draw::new(17);
    for step in 0..60 {
        let mut text = String::new();
        let mut planted = Vec::new();
        for (at, cut) in [WINDOW, 2 * WINDOW - 8192, 3 * WINDOW - 16384].into_iter().enumerate() {
            let rule = RULES[(step + at) % RULES.len()];
            let name = if rule == "r2-secret" { "R2_SECRET_ACCESS_KEY" } else { "CLOUDFLARE_TOKEN_KEY" };
            let until = cut + 200 - draw.number(9000);
            while text.len() + 64 < until {
                text.push_str(&"a b\n".repeat(8));
            }
            text.push_str(&"x".repeat(until.saturating_sub(text.len())));
            let value = draw.value(rule);
            text.push_str(&format!("\n{name}={value}\n"));
            planted.push((rule, text.matches('\n').count() as u64));
        }
        text.push_str(&"a b\n".repeat(90_000));
        let found: Vec<(&str, u64)> =
            scan(text.as_bytes()).findings.iter().map(|f| (f.form.rule, f.place.line)).collect();
        assert_eq!(found, planted, "step {step}");
    }
}

#[test]
fn utf16_and_dumps_of_an_environment_are_text() {
    let value = Draw::new(2).value("user-token");
    let text = format!("\u{feff}$env:CF_API_TOKEN = '{value}'");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(scan(&utf16).findings.len(), 1);
    let dump = format!("PATH=/bin\0CF_API_TOKEN={value}\0HOME=/\0");
    let found = scan(dump.as_bytes()).findings;
    assert_eq!((found.len(), found[0].place.line), (1, 2));
    let binary = format!("\0\u{1}\0{value}");
    let tally = scan(binary.as_bytes());
    assert_eq!((tally.findings.len(), tally.binaries), (0, 1));
}

/// A text that is made of credentials fills neither memory nor the screen.
#[test]
fn of_very_many_findings_a_thousand_are_told() {
    let mut draw = Draw::new(13);
    let text: String = (0..1_100).map(|_| format!("{}\n", draw.value("user-token"))).collect();
    let tally = scan(text.as_bytes());
    assert_eq!((tally.findings.len(), tally.unread.len()), (1_000, 1));
}

/// A name that could be a value itself is cut, and so is a path.
#[test]
fn what_is_told_beside_a_value_holds_none() {
    let mut draw = Draw::new(14);
    let (value, other) = (draw.value("user-token"), draw.value("legacy-token"));
    let text = format!("# cloudflare\n{value}_token={other}\n");
    let mut tally = Tally::default();
    scan_reader(&mut text.as_bytes(), &source(&format!("a/{value}")), &mut Buffer::default(), &mut tally).unwrap();
    assert!(!tally.findings.is_empty());
    for finding in tally.findings {
        for told in [finding.why, finding.place.to_string()] {
            assert!(!told.contains(&value), "a value is told");
        }
    }
}

#[test]
fn companions_are_kept() {
    let mut draw = Draw::new(9);
    let (secret, id, account) = (draw.value("r2-secret"), draw.hex(32), draw.hex(32));
    let text = format!(
        "[r2]\nprovider = Cloudflare\naccess_key_id = {id}\nsecret_access_key = {secret}\nendpoint = https://{account}.r2.cloudflarestorage.com\n"
    );
    let found: Vec<Finding> = scan(text.as_bytes()).findings;
    assert_eq!(found[0].beside.access_key_id.as_deref(), Some(id.as_str()));
    assert_eq!(found[0].beside.account.as_deref(), Some(account.as_str()));
}

proptest! {
    /// In drops or at once: the same is found.
    #[test]
    fn how_a_reader_gives_its_bytes_changes_nothing(seed in 1_u64.., drop in 1_usize..5000) {
        let mut draw = Draw::new(seed);
        let mut text = String::new();
        for _ in 0..draw.number(30) {
            let rule = RULES[draw.number(RULES.len())];
            let filler = draw.number(60);
            text.push_str(&"word ".repeat(filler));
            text.push_str(&format!("\nCF_API_TOKEN_KEY={}\n", draw.value(rule)));
        }
        let mut tally = Tally::default();
        scan_reader(&mut Drops(text.as_bytes(), drop), &source("a"), &mut Buffer::default(), &mut tally).unwrap();
        prop_assert_eq!(tally.findings, scan(text.as_bytes()).findings);
    }

    /// No input breaks it.
    #[test]
    fn anything_may_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        scan(&bytes);
    }
}
