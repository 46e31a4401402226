//! Audit logs and recordings.

use flarekeep_catalogue::{TokenId, operation};

use super::*;

fn entry(token: u128, method: &str, uri: &str, status: u16) -> String {
    format!(
        r#"{{"account":{{"id":"{ACCOUNT}"}},"action":{{"time":"2026-11-20T10:00:00Z","result":"success"}},
        "actor":{{"context":"api_token","token_id":"{token:032x}","ip_address":"203.0.113.7"}},
        "raw":{{"method":"{method}","uri":"{uri}","status_code":{status},"user_agent":"Terraform/1.9"}},"zone":{{"id":"{ZONE}"}}}}"#
    )
    .replace('\n', " ")
}

#[test]
fn audit_logs_say_what_each_token_changed() {
    let records = format!("/client/v4/zones/{ZONE}/dns_records?x=1");
    let lines = [entry(1, "POST", &records, 200), entry(1, "POST", &records, 403), entry(1, "POST", "/nowhere", 200)];
    for text in [
        lines.join("\n"),
        format!("[{}]", lines.join(",")),
        format!("{{\"result\":[{}],\"result_info\":{{\"count\":\"3\"}}}}", lines.join(",")),
    ] {
        let usage = audit_log("log.json", &text).unwrap().usage;
        let seen = &usage.tokens[&TokenId::from_u128(1)];
        let calls: Vec<_> = seen.operations().collect();
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].0, operation("POST /zones/{zone_id}/dns_records").unwrap());
        assert_eq!((calls[0].1.zone, calls[0].2.times, seen.unknown), (ZONE.parse().ok(), 1, 1));
        assert!(seen.user_agents.contains("Terraform/1.9") && !seen.is_recorded && usage.from_audit_logs);
        assert!(usage.period.is_some());
    }
}

#[test]
fn a_global_key_in_the_log_is_seen() {
    let text = r#"{"actor":{"context":"api_key","email":"a@example.com","ip_address":"203.0.113.7"},"action":{"time":"2026-11-20T10:00:00Z"}}"#;
    let usage = audit_log("log.jsonl", &format!("{text}\n{text}")).unwrap().usage;
    assert_eq!((usage.keys.len(), usage.keys[0].times, usage.keys[0].user.as_str()), (1, 2, "a@example.com"));
    assert!(audit_log("log.jsonl", "{\"actor\":17}").is_err());
    assert!(audit_log("log.jsonl", "").unwrap().usage.tokens.is_empty());
}

#[test]
fn a_recording_is_the_usage_of_its_token() {
    let text = format!(
        r#"{{"method":"GET","url":"https://api.cloudflare.com/client/v4/zones/{ZONE}/dns_records","status":200}}"#
    );
    let usage = recording("r.jsonl", &text, TokenId::from_u128(1)).unwrap();
    let seen = &usage.tokens[&TokenId::from_u128(1)];
    assert!(seen.is_recorded && seen.operations().count() == 1);
    assert_eq!(recording("r.jsonl", "\n{", TokenId::from_u128(1)).unwrap_err().line, 2);
}

#[test]
fn an_odd_entry_does_not_hide_the_others() {
    let records = format!("/client/v4/zones/{ZONE}/dns_records");
    let good = entry(1, "POST", &records, 200);
    let calls = |text: &str| {
        let log = audit_log("log.json", text).unwrap();
        let seen = log.usage.tokens.get(&TokenId::from_u128(1)).cloned().unwrap_or_default();
        (seen.operations().map(|(.., called)| called.times).sum::<u64>(), seen.unknown, log.unread.len())
    };
    // What is null, or a number as a text, is nothing odd.
    for (from, to) in [("200", "\"200\""), ("200", "99999"), ("200", "null"), ("\"account\":{", "\"other\":{")] {
        assert_eq!(calls(&format!("[{good},{}]", good.replace(from, to))), (2, 0, 0), "{from}");
    }
    let nulls = r#"{"account":null,"zone":null,"action":null,"actor":null,"raw":null}"#;
    assert_eq!(calls(&format!("[{good},{nulls}]")), (1, 0, 0));
    let refused = good.replace("200", "\"403\"");
    assert_eq!(calls(&format!("[{good},{refused}]")), (1, 0, 0));
    // A call of which nothing is said may have been any.
    let silent = format!(r#"{{"actor":{{"token_id":"{:032x}"}},"raw":null}}"#, 1);
    assert_eq!(calls(&format!("[{good},{silent}]")), (1, 1, 0));
    for odd in ["17", r#"{"actor":17}"#, r#"{"action":{"time":"noon"}}"#] {
        let log = audit_log("log.json", &format!("[{good},\n{odd}]")).unwrap();
        assert_eq!(log.unread[0].what, "log.json:2: an entry of the audit log");
        assert_eq!(calls(&format!("{good}\n{odd}\n{odd}")), (1, 0, 2));
    }
    let many = format!("{good}\n{}", "x\n".repeat(1_000));
    assert_eq!(calls(&many), (1, 0, 11));
    assert_eq!(audit_log("log.json", "x\ny").unwrap_err().line, 1);
}

#[test]
fn an_odd_entry_of_a_world_is_unread() {
    let world =
        |entries: &str| tokens_json("w.json", &format!(r#"{{"tokens":[{}],"audit_logs":{entries}}}"#, token(1)));
    let read = world(&format!("[{}, 17]", entry(1, "POST", "/x", 200))).unwrap();
    assert_eq!((read.tokens.len(), read.unread.len(), read.usage.unwrap().tokens.len()), (1, 1, 1));
    assert_eq!(world("[]").unwrap().unread, []);
    assert!(world("[17]").is_err());
}

#[test]
fn a_key_whose_calls_are_refused_is_not_in_use() {
    let call = |status: &str| {
        format!(r#"{{"actor":{{"context":"api_key","email":"a@example.com"}},"raw":{{"status_code":{status}}}}}"#)
    };
    for (status, keys) in [("403", 0), ("401", 0), ("\"403\"", 0), ("200", 1), ("null", 1)] {
        assert_eq!(audit_log("log.json", &call(status)).unwrap().usage.keys.len(), keys, "{status}");
    }
}
