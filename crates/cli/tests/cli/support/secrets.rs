//! What must never be printed: whatever looks like a credential, and every value of the run.

/// A value of the form that Cloudflare gives, put together at run time so that no scanner takes this file for a leak.
pub(crate) fn fresh_value(prefix: &str) -> String {
    use std::hash::{BuildHasher, Hasher};
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let random = || std::hash::RandomState::new().build_hasher().finish();
    let body: String = (0..40).map(|_| char::from(LETTERS[(random() % 62) as usize])).collect();
    format!("{prefix}{body}{:08x}", crc32fast::hash(body.as_bytes()))
}

/// Every run of characters in `text` that has the form of a credential: a prefix, 40 letters and digits, 8 hexadecimal ones.
pub(crate) fn credentials_in(text: &str) -> Vec<&str> {
    let at_prefix = |prefix: &'static str| text.match_indices(prefix).map(move |(at, _)| (at, at + prefix.len()));
    let starts = ["cfut_", "cfat_", "cfk_"].into_iter().flat_map(at_prefix);
    starts
        .filter_map(|(start, body)| text.get(body..body + 48).map(|_| &text[start..body + 48]))
        .filter(is_one)
        .collect()
}

fn is_one(text: &&str) -> bool {
    let (body, sum) = text.split_at(text.len() - 8);
    let body = &body[body.find('_').map_or(0, |at| at + 1)..];
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    body.bytes().all(|byte| byte.is_ascii_alphanumeric()) && sum.bytes().all(hexadecimal)
}

/// Fails if `text` holds a credential: one of the known values, or anything of that form.
#[track_caller]
pub(crate) fn without_secrets(what: &str, text: &str, known: &[String]) {
    // The message must not repeat the value either.
    assert!(credentials_in(text).is_empty(), "{what} holds what looks like a credential");
    let holds = known.iter().position(|value| text.contains(value.as_str()) || text.contains(&value[5..25]));
    assert!(holds.is_none(), "{what} holds value {holds:?} of the run, or a part of it");
}

#[test]
fn a_value_is_found_wherever_it_stands() {
    let value = fresh_value("cfut_");
    let text = format!("warning: x={value}.");
    assert_eq!(credentials_in(&text), [value.as_str()]);
    assert!(credentials_in("cfut_ cfat_short cfk_0123").is_empty());
    let caught = |text: String, known: &[String]| std::panic::catch_unwind(|| without_secrets("it", &text, known));
    assert!(caught(text, &[]).is_err());
    assert!(caught(format!("the middle {}", &value[5..30]), std::slice::from_ref(&value)).is_err());
    assert!(caught("nothing".to_owned(), &[value]).is_ok());
}

#[test]
fn no_snapshot_holds_a_credential() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/snapshots");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        without_secrets(&path.display().to_string(), &std::fs::read_to_string(&path).unwrap(), &[]);
        seen += 1;
    }
    assert!(seen > 100, "only {seen} snapshots were found");
}
