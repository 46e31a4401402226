use super::*;
use crate::document;

const ACCOUNT: &str = "023e105f4ecef8ad9ca31a8372d0c353";
const ZONE: &str = "5a1b105f4ecef8ad9ca31a8372d0c353";
const TOKEN: &str = r#"{"status":"active","policies":[{"effect":"allow","resources":{"com.cloudflare.api.account.zone.*":"*"},"permission_groups":[{"id":"4755a26eedb94da69e1066d98aa820be"}]}],"expires_on":"2026-01-01T00:00:00Z"}"#;

fn answers(text: &str) -> (Vec<String>, Tally) {
    let mut out = String::new();
    let tally = Batch::new(UnixSeconds(0)).answer_lines(text.as_bytes(), 1, &mut out);
    (out.lines().map(str::to_owned).collect(), tally)
}

fn line(token: &str, rest: &str) -> String {
    format!(r#"{{"token":{token},"method":"POST","path":"/zones/{ZONE}/dns_records"{rest}}}"#)
}

#[test]
fn every_line_has_its_answer_in_its_place() {
    let text = [
        line(TOKEN, ""),
        line(
            TOKEN,
            &format!(r#","account":"{ACCOUNT}","user":null,"ip":"203.0.113.7","at":"2025-12-31T23:59:59Z","x":[]"#),
        ),
        line(TOKEN, r#","at":"2026-01-01T00:00:00Z""#),
        line(TOKEN, "").replace("dns_records", "nothing"),
        String::new(),
        line(TOKEN, r#","account":7"#),
        line(TOKEN, "").replace(ZONE, "example.com"),
        line(TOKEN, "").replace("allow", "maybe"),
        line(TOKEN, "").replace("\"POST\"", "\"DELETE\""),
    ];
    let (answers, tally) = answers(&text.join("\n"));
    let expected = [
        r#"{"allow":true,"cause":"granted"}"#,
        r#"{"allow":true,"cause":"granted"}"#,
        r#"{"allow":false,"cause":"expired"}"#,
        r#"{"allow":false,"cause":"no-operation"}"#,
        r#"{"error":"line 5, column 1: EOF while parsing a value"}"#,
        r#"{"error":"line 6, column 303: invalid type: integer `7`, expected an account's id"}"#,
        r#"{"error":"line 7, column 269: `example.com` is not a zone id: an id has 32 hexadecimal digits"}"#,
        r#"{"error":"line 8, column 57: an effect is `allow` or `deny`"}"#,
        r#"{"allow":false,"cause":"no-operation"}"#,
    ];
    assert_eq!(answers, expected);
    assert_eq!(tally, Tally { lines: 9, allowed: 2, malformed: 4 });
}

#[test]
fn columns_are_those_of_the_line() {
    let bad = line(TOKEN, "").replace("com.cloudflare.api.account.zone.*", "com.cloudflare.api.account.x");
    let error = Batch::new(UnixSeconds(0)).answer(bad.as_bytes()).unwrap_err();
    let end = bad.find("account.x\":\"*\"").unwrap() + "account.x\":\"*\"".len();
    assert_eq!(error.column, end);
    let raw = b"{\"token\":\xff}";
    assert_eq!(Batch::new(UnixSeconds(0)).answer(raw).unwrap_err().column, 10);
}

#[test]
fn the_last_line_needs_no_newline_and_an_empty_text_has_none() {
    assert_eq!(answers("").1.lines, 0);
    assert_eq!(answers("\n").1, Tally { lines: 1, allowed: 0, malformed: 1 });
    assert_eq!(answers(&format!("{}\r\n", line(TOKEN, ""))).1, Tally { lines: 1, allowed: 1, malformed: 0 });
}

#[test]
fn errors_are_json_whatever_the_line_holds() {
    let hostile = "\"\\\"\u{202e}\u{1b}[31m\u{7}";
    for text in [hostile.to_owned(), format!("{{\"{hostile}"), format!("{{\"token\":[],\"method\":{hostile}}}")] {
        let (answers, _) = answers(&text);
        let answer: serde_json::Value = serde_json::from_str(&answers[0]).unwrap();
        assert!(answer["error"].is_string() && !answers[0].chars().any(is_hostile), "{answers:?}");
    }
}

#[test]
fn the_owner_is_no_part_of_what_is_remembered() {
    let other = "11111111111111111111111111111111";
    let path = |account: &str| format!(r#","account":"{account}"}}"#);
    let call = |owner: &str| {
        format!(r#"{{"token":{TOKEN},"method":"GET","path":"/accounts/{ACCOUNT}/workers/scripts"{}"#, path(owner))
    };
    let mut batch = Batch::new(UnixSeconds(0));
    for _ in 0..4 {
        assert_eq!(batch.answer(call(ACCOUNT).as_bytes()).map(Answer::word), Ok("missing-group"));
        assert_eq!(batch.answer(call(other).as_bytes()).map(Answer::word), Ok("outside-owner"));
    }
    assert!(document::read(TOKEN).is_ok());
}
