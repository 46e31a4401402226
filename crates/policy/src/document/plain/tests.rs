use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;
use crate::document::{Document, TokenDocument, read};

const TOKEN: &str = r#"{"id":"ed17574386854bf78a67040be0a770b0","name":"CI für alle","status":"active","issued_on":null,"x":[{},[],[1,{"y":-1}],true,1.5],"not_before":"2026-01-01T00:00:00Z","condition":{"request_ip":{"in":["203.0.113.0/24"],"not_in":[]}},"policies":[{"effect":"allow","resources":{"com.cloudflare.api.account.023e105f4ecef8ad9ca31a8372d0c353":{"com.cloudflare.api.account.zone.*":"*"}},"permission_groups":[{"id":"4755a26eedb94da69e1066d98aa820be","name":"DNS Write"}]}]}"#;

fn plainly(text: &str) -> Option<TokenDocument> {
    Plain::new(text)?.last_value().map(|Document(document)| document)
}

#[test]
fn what_is_written_plainly_is_read() {
    for text in [
        TOKEN.replace("-1", "1").replace("1.5", "15"),
        r#" { "policies" : [ ] , "x" : { "y" : [ false , null , 0 ] } } "#.to_owned(),
        r#"{"result":{"policies":[]},"success":true}"#.to_owned(),
        "[]".to_owned(),
    ] {
        assert!(plainly(&text).is_some(), "{text}");
        assert_eq!(plainly(&text), read(&text).ok(), "{text}");
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for value in [
        "",
        "[",
        "{",
        "[1,]",
        "[,1]",
        "[1 1]",
        "{\"a\":1,}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{1:1}",
        "01",
        "1.",
        "-",
        "nul",
        "nulll",
        "True",
        "\"",
        "\"a",
        "[}",
        "{]",
        "1 1",
        "'a'",
        "\u{a0}1",
        "1\u{b}",
        "\"\t\"",
        "+1",
        ".5",
        "1a",
        "99e",
    ] {
        assert!(serde_json::from_str::<IgnoredAny>(value).is_err(), "{value}");
        let read = Plain::new(value).and_then(|mut plain| plain.last_value::<IgnoredAny>());
        assert!(read.is_none(), "{value}");
    }
}

#[test]
fn nesting_has_an_end() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let read = |text: &str| Plain::new(text).unwrap().last_value::<IgnoredAny>().is_some();
    assert!(read(&nested(DEEPEST.into())));
    assert!(!read(&nested(usize::from(DEEPEST) + 1)));
    assert!(!read(&"[".repeat(1 << 20)));
}

#[test]
fn a_quote_is_found_wherever_it_stands() {
    for length in 0..40 {
        for at in 0..length {
            // Beside a quote stand the bytes that differ from it in one bit.
            let mut bytes = vec![b'#'; length];
            bytes[at] = b'"';
            assert_eq!(quote(&bytes), Some(at));
            bytes.push(b'"');
            assert_eq!(quote(&bytes), Some(at));
        }
        assert_eq!(quote(&vec![b'!'; length]), None);
        assert_eq!(quote(&vec![0xa2; length]), None);
    }
}

/// One place of the text changed: something left out, put in, or said twice.
fn changed() -> impl Strategy<Value = String> {
    let pieces = vec![
        "",
        "",
        "\"",
        ",",
        ":",
        "{",
        "}",
        "[",
        "]",
        " ",
        "\t",
        "\\",
        "\\u0041",
        "null",
        "true",
        "0",
        "1e3",
        "-",
        "é",
        "\"id\":null,",
        "\"policies\":[],",
        "\"name\":\"ci\",",
        "\"x\":7",
        "*",
        "\u{7f}",
    ];
    (0..TOKEN.len(), 0..12usize, proptest::sample::select(pieces), any::<bool>()).prop_filter_map(
        "no letter is cut in two",
        |(at, length, piece, twice)| {
            let (before, rest) = (TOKEN.get(..at)?, TOKEN.get(at..)?);
            let after = rest.get(length.min(rest.len())..)?;
            Some(format!("{before}{piece}{}", if twice { rest } else { after }))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_taken_is_what_serde_json_reads(
        text in prop_oneof![
            changed(),
            changed().prop_map(|text| text.replace("-1", "1").replace("1.5", "15")),
        ]
    ) {
        if let Some(token) = plainly(&text) {
            prop_assert_eq!(Ok(token), read(&text), "{}", text);
        }
        let plain = Plain::new(&text).and_then(|mut plain| plain.last_value::<IgnoredAny>());
        if plain.is_some() {
            prop_assert!(serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{}", text);
        }
    }
}
