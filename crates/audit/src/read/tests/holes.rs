//! What a file does not say is unread, and never taken for well.

use super::*;
use crate::audit::{Audit, audit};
use crate::settings::Settings;

fn looked(texts: &[&str]) -> Audit {
    let mut world = World::default();
    for (at, text) in texts.iter().enumerate() {
        world.merge(tokens_json(&format!("{at}.json"), text).unwrap());
    }
    audit(&world, &Settings::new("2026-11-20T00:00:00Z".parse().unwrap()))
}

fn unread(texts: &[&str]) -> Vec<String> {
    looked(texts).unread.iter().map(|one| format!("{}: {}", one.what, one.why)).collect()
}

#[test]
fn a_token_whose_grants_are_not_said_is_a_hole() {
    let id = format!("{:032x}", 1);
    for policies in ["", ",\"policies\":null", ",\"policies\":[]"] {
        let text = format!(r#"[{{"id":"{id}","name":"minter\u001b"{policies}}}]"#);
        let audit = looked(&[&text]);
        assert_eq!((audit.tokens.len(), audit.unread.len()), (1, 1), "{policies}");
        assert!(!audit.tokens[0].reach.is_known, "{policies}");
        assert_eq!(audit.unread[0].what, format!(r"0.json:1: what token {id} (minter\u{{1b}}) grants"));
    }
    assert_eq!(unread(&[&format!("[{}]", token(1))]), [""; 0]);
}

#[test]
fn a_long_list_without_grants_is_one_hole() {
    let tokens: Vec<String> = (1..=60).map(|id| format!(r#"{{"id":"{id:032x}","name":"x"}}"#)).collect();
    assert_eq!(
        unread(&[&format!("[{}]", tokens.join(","))]),
        ["what 60 tokens grant: the file does not say; Cloudflare's own list does"]
    );
}

#[test]
fn grants_that_cannot_be_read_leave_the_rest_of_the_token() {
    let secret = format!("cf{}_{}", "ut", "aB3".repeat(16));
    let id = format!("{:032x}", 3);
    for policies in [
        format!(r#"[{{"effect":"{secret}"}}]"#),
        format!(
            r#"[{{"effect":"allow","resources":{{"com.cloudflare.api.user.{secret}":"*"}},"permission_groups":[]}}]"#
        ),
        "7".to_owned(),
    ] {
        let audit = looked(&[&format!(r#"[{{"id":"{id}","name":"x","policies":{policies}}}]"#)]);
        assert_eq!((audit.tokens.len(), audit.unread.len()), (1, 1), "{policies}");
        assert!(audit.findings.iter().any(|finding| finding.rule.id == "no-expiry"), "what is known is looked at");
        assert!(!format!("{audit:?}").contains(&secret[5..30]));
    }
}

#[test]
fn a_page_of_a_list_is_not_the_list() {
    let page = |number: u32, ids: std::ops::Range<u128>| {
        let tokens: Vec<String> = ids.map(token).collect();
        format!(
            r#"{{"success":true,"result":[{}],"result_info":{{"page":{number},"per_page":20,"total_count":40}}}}"#,
            tokens.join(",")
        )
    };
    let (one, two) = (page(1, 1..21), page(2, 21..41));
    let found = unread(&[&one]);
    assert!(
        found[0].starts_with(
            "the tokens of 0.json, whole: the list speaks of 40 tokens, and what is here holds 20 tokens:"
        ),
        "{found:?}"
    );
    assert_eq!(unread(&[&one, &two]), [""; 0]);
    assert_eq!(unread(&[&one, &one]).len(), 1);
    let text = one.replace(":40", ":\"40\"");
    assert_eq!(unread(&[&text]).len(), 1, "a number may be a text");
}

#[test]
fn a_refusal_is_no_empty_list() {
    for result in ["", ",\"result\":[]", ",\"result\":null"] {
        let text = format!(r#"{{"success":false,"errors":[{{"code":9109}}]{result}}}"#);
        let error = tokens_json("t.json", &text).unwrap_err();
        assert_eq!(error.reason, "it is the API's refusal, and holds no tokens", "{result}");
    }
    let part = format!(r#"{{"success":false,"result":[{}]}}"#, token(1));
    assert_eq!((looked(&[&part]).tokens.len(), looked(&[&part]).unread.len()), (1, 1));
    assert_eq!(unread(&[r#"{"success":true,"result":[]}"#]), [""; 0]);
}

#[test]
fn an_end_in_the_year_9999_is_the_last_there_is() {
    let ending = |end: &str| token(1).replace("\"status\"", &format!("\"expires_on\":\"{end}\",\"status\""));
    for end in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z", "9999-12-30T23:00:00-05:00"] {
        let audit = looked(&[&ending(end)]);
        assert_eq!((audit.tokens.len(), audit.unread.len()), (1, 0), "{end}");
        assert_eq!(audit.tokens[0].expires_on, Some(jiff::Timestamp::MAX));
        assert!(audit.tokens[0].reach.is_known && audit.tokens[0].reach.is_usable);
        for form in [crate::report::table, crate::report::html, crate::report::json] {
            assert!(form(&audit).contains("9999-12-30"), "{end}");
        }
    }
    for none in ["9999-12-31", "9999-12-31T25:00:00Z", "10000-01-01T00:00:00Z", "9999-12-31T23:59:59"] {
        let audit = looked(&[&ending(none)]);
        assert_eq!((audit.tokens.len(), audit.unread.len()), (0, 1), "{none}");
        assert!(audit.unread[0].what.contains(&format!("{:032x}", 1)), "it is named");
    }
}
