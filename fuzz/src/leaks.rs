//! The scan for leaked credentials: its detectors, and the readers of archives.

use flarekeep_scan::detect::{Setting, beside, detect};
use flarekeep_scan::{Buffer, Source, Tally, scan_reader};

use crate::harmless;

/// Places lie in the text, in their order, no two over each other; and what is told of them is no value.
pub(crate) fn texts(data: &[u8]) {
    let data = &drawn(data)[..];
    for is_cloudflares in [false, true] {
        let found = detect(data, Setting { is_cloudflares });
        let mut end = 0;
        for leak in &found {
            assert!(end <= leak.start && leak.start < leak.end && leak.end <= data.len(), "{leak:?}");
            end = leak.end;
            harmless(&leak.why);
            let value = String::from_utf8_lossy(&data[leak.start..leak.end]);
            assert!(!leak.why.contains(&*value), "a value is told");
            assert!(!format!("{:?}", leak.form).contains(&*value), "a value is told");
            let near = beside(data, leak.start..leak.end);
            for said in [near.account, near.access_key_id, near.email].into_iter().flatten() {
                harmless(&said);
            }
        }
    }
    // In pieces and as a file it is read as well.
    scan("fuzz.env", data);
}

/// The text with values in it, so that no seed holds what looks like a token: `~a` is 40 letters and digits, `~h` 64
/// hexadecimal digits.
fn drawn(data: &[u8]) -> Vec<u8> {
    let (letters, digits) = (b"q7Rm2XvK9sTb4WnY".repeat(3), b"3fa90c17".repeat(8));
    let mut out = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match (first, behind.first()) {
            (b'~', Some(b'a')) => out.extend_from_slice(&letters[..40]),
            (b'~', Some(b'h')) => out.extend_from_slice(&digits),
            _ => {
                out.push(*first);
                continue;
            }
        }
        rest = &behind[1..];
    }
    out
}

/// Whatever an archive claims of itself: it is read, or told as unread.
pub(crate) fn archives(data: &[u8]) {
    let tally = scan("fuzz.tgz", data);
    for unread in &tally.unread {
        assert!(unread.path.starts_with("fuzz.tgz"), "{}", unread.path);
        assert!(!unread.because.is_empty());
    }
}

fn scan(path: &str, data: &[u8]) -> Tally {
    let mut tally = Tally::default();
    let source = Source { commit: None, path: path.to_owned(), archives: 3, setting: None };
    scan_reader(&mut { data }, &source, &mut Buffer::default(), &mut tally).expect("memory can be read");
    for finding in &tally.findings {
        assert!(finding.place.line > 0 && finding.place.column > 0);
        harmless(&finding.masked());
    }
    tally
}
