use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const ZONE: &str = "9a7806061c88ada191ed06f989cc3dac";
const ACCOUNT: &str = "023e105f4ecef8ad9ca31a8372d0c353";

fn reading(text: &str, failed: Failed) -> Reading {
    super::read("x.log", text.as_bytes(), failed, None).unwrap()
}

/// Each need with its line and how often it was called.
fn needs(text: &str, failed: Failed) -> Vec<String> {
    let line = |text: &str| text.replace(ZONE, "Z").replace(ACCOUNT, "A");
    let reading = reading(&text.replace("$Z", ZONE).replace("$A", ACCOUNT), failed);
    let needs = reading.needs.iter().map(|need| {
        let line_number = need.origin.line.unwrap_or_default();
        let operation = need.operation.to_string();
        line(&format!("{line_number} {operation}:{}", need.why.strip_prefix(&operation).unwrap()))
    });
    needs.chain(reading.left_out.iter().map(|left| format!("left out: {}", left.what))).collect()
}

const WRANGLER: &str = include_str!("samples/wrangler.log");
const TERRAFORM_5: &str = include_str!("samples/terraform-5.log");
const TERRAFORM_4: &str = include_str!("samples/terraform-4.log");
const CURL: &str = include_str!("samples/curl-v.log");
const TRACE: &str = include_str!("samples/curl-trace.log");
const PYTHON: &str = include_str!("samples/python.log");
const AUDIT: &str = include_str!("samples/audit.json");
const ALL: [&str; 7] = [WRANGLER, TERRAFORM_5, TERRAFORM_4, CURL, TRACE, PYTHON, AUDIT];

#[test]
fn wranglers_look_ups_after_a_refusal_are_no_needs() {
    let expected = [
        "5 GET /accounts/{account_id}/workers/scripts/{script_name}/secrets: (1 call)",
        "14 PUT /accounts/{account_id}/workers/scripts/{script_name}: (refused)",
        "left out: 2 calls of wrangler's own after a refusal, to say who it is",
    ];
    assert_eq!(needs(WRANGLER, Failed::Include), expected);
    assert_eq!(needs(WRANGLER, Failed::Only)[..2], expected[..2]);
    // Before any refusal the same calls are the work itself.
    let whoami = WRANGLER
        .split_once("-- START CF API REQUEST: PUT")
        .unwrap()
        .0
        .replace("GET ", "GET https://api.cloudflare.com/client/v4/user\n");
    assert!(needs(&whoami, Failed::Include).iter().any(|need| need.contains(" GET /user:")));
    let coloured = WRANGLER.replace("-- START", "\u{1b}[32m-- START\u{1b}[0m").replace("\u{1b}[0m CF", " CF");
    assert_eq!(needs(&coloured, Failed::Include), expected);
}

#[test]
fn wranglers_query_is_read_where_it_is_not_left_out() {
    let text = "-- START CF API REQUEST: GET https://api.cloudflare.com/client/v4/zones\nQUERY STRING: ?name=example.com&account.id=$A\n-- END CF API REQUEST\n";
    let reading = reading(&text.replace("$A", ACCOUNT), Failed::Include);
    assert_eq!(reading.needs[0].place.zone, Some(crate::source::ZoneName::Host("example.com".into())));
    let unknown =
        super::read("x.log", "-- START CF API REQUEST: https://x/y\n".as_bytes(), Failed::Include, None).unwrap();
    assert!(unknown.unread[0].what.contains("containers"));
}

#[test]
fn answers_that_nobody_can_tell_apart_count_as_unknown() {
    let ask =
        |path: &str| format!("-- START CF API REQUEST: GET https://api.cloudflare.com/client/v4/zones/$Z/{path}\n");
    let answer = |status: u16| format!("-- START CF API RESPONSE: x {status}\n");
    let two = ask("settings") + &ask("dns_records");
    let mixed = two.clone() + &answer(403) + &answer(200);
    assert_eq!(needs(&mixed, Failed::Include).len(), 2);
    assert_eq!(needs(&mixed, Failed::Exclude).len(), 2);
    assert_eq!(needs(&mixed, Failed::Only), ["left out: 2 calls of which the log does not tell whether they failed"]);
    let both = two + &answer(403) + &answer(403);
    assert_eq!((needs(&both, Failed::Exclude).len(), needs(&both, Failed::Only).len()), (0, 2));
}

#[test]
fn terraform_says_which_answer_is_whose() {
    let expected = ["2 GET /zones/{zone_id}: (1 call)", "7 POST /zones/{zone_id}/dns_records: (refused)"];
    assert_eq!(needs(TERRAFORM_5, Failed::Include), expected);
    assert_eq!(needs(TERRAFORM_5, Failed::Only), expected[1..]);
    assert_eq!(needs(TERRAFORM_5, Failed::Exclude), expected[..1]);
    let json: String = [
        ("GET /client/v4/zones/$Z HTTP/1.1\\n> a: b", "1"),
        ("POST /client/v4/zones/$Z/dns_records HTTP/1.1", "2"),
        ("< HTTP/1.1 403 Forbidden\\n< a: b", "2"),
        ("< HTTP/1.1 200 OK", "1"),
    ]
    .iter()
    .map(|(message, key)| format!("{{\"@level\":\"debug\",\"@message\":\"\\n{message}\",\"@module\":\"cloudflare\",\"tf_req_id\":\"{key}\"}}\n"))
    .collect();
    assert_eq!(needs(&json, Failed::Only), ["2 POST /zones/{zone_id}/dns_records: (refused)"]);
    assert_eq!(
        needs(TERRAFORM_4, Failed::Include),
        ["3 POST /zones/{zone_id}/dns_records: (refused)", "11 GET /zones/{zone_id}/dns_records: (1 call)",]
    );
}

#[test]
fn curl_is_read_in_both_of_its_forms() {
    let expected = |at: [usize; 2]| {
        [
            format!("{} PUT /zones/{{zone_id}}/dns_records/{{dns_record_id}}: (refused)", at[0]),
            format!("{} GET /user/tokens/verify: (1 call)", at[1]),
            "left out: 1 call to others than Cloudflare's API".to_owned(),
        ]
    };
    assert_eq!(needs(CURL, Failed::Include), expected([5, 15]));
    assert_eq!(needs(TRACE, Failed::Include), expected([3, 13]));
    // A path wraps anywhere: without the joining the operation would be another.
    assert!(TRACE.contains("\n0040: "));
}

#[test]
fn an_sdks_three_lines_are_one_call() {
    assert_eq!(
        needs(PYTHON, Failed::Include),
        [
            "2 GET /zones: (1 call; the zone is taken to be the one that is called on)",
            "5 DELETE /zones/{zone_id}/dns_records/{dns_record_id}: (2 calls, 1 refused)",
            "11 PATCH /zones/{zone_id}/settings/{setting_id}: (refused)",
        ]
    );
    let info: String = PYTHON
        .lines()
        .filter(|line| line.contains("HTTP Request: ") && !line.contains("Sending"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(needs(&info, Failed::Include).len(), 2);
}

#[test]
fn lines_of_other_programs() {
    let text = "$ flarekeep emulate\n\
        \u{1b}[32mallow\u{1b}[0m 200 GET /zones/$Z/settings\n\
        deny  403 DELETE /client/v4/zones/$Z/dns_records/1 refused to a token (no-allow)\n\
        DEBUG:urllib3.connectionpool:https://api.cloudflare.com:443 \"POST /client/v4/zones/$Z/purge_cache HTTP/1.1\" 200 None\n\
        cloudflare-go [DEBUG] REQUEST Method:GET URI:https://api.cloudflare.com/client/v4/zones/$Z/dns_records?page=1 Headers:x Body:<nil>\n\
        cloudflare-go [DEBUG] RESPONSE URI:https://api.cloudflare.com/client/v4 StatusCode:403 Body:\"x\"\n\
        [log_1a2b] get https://api.cloudflare.com/client/v4/accounts/$A/members failed with status 404 in 12ms\n";
    assert_eq!(
        needs(text, Failed::Include),
        [
            "2 GET /zones/{zone_id}/settings: (1 call)",
            "3 DELETE /zones/{zone_id}/dns_records/{dns_record_id}: (refused)",
            "4 POST /zones/{zone_id}/purge_cache: (1 call)",
            "5 GET /zones/{zone_id}/dns_records: (refused)",
            "7 GET /accounts/{account_id}/members: (1 call)",
        ]
    );
    assert_eq!(needs(text, Failed::Only).len(), 3);
}

#[test]
fn an_audit_log_says_what_a_token_did() {
    let token: TokenId = "ed17574386854bf78a67040be0a770b0".parse().unwrap();
    let by = |text: &str, token| super::read("audit.json", text.as_bytes(), Failed::Include, token).unwrap();
    let found = |reading: &Reading| {
        let needs = reading.needs.iter().map(|need| format!("{} {}", need.origin, need.operation));
        let unread = reading.unread.iter().map(|unread| format!("{} {}", unread.origin, unread.what));
        needs.chain(unread).collect::<Vec<_>>()
    };
    let all = by(AUDIT, None);
    assert_eq!(
        found(&all),
        [
            "audit.json:4 POST /zones/{zone_id}/dns_records",
            "audit.json:14 POST /accounts/{account_id}/members",
            "audit.json:22 the audit log does not say the request of an entry: `update` in `workers`",
        ]
    );
    let named = all.zones.find(&crate::source::ZoneName::Name("example.com".into())).unwrap();
    assert_eq!((named.to_string(), all.zones.owner(named).unwrap().to_string()), (ZONE.into(), ACCOUNT.into()));
    let own = by(AUDIT, Some(token));
    assert_eq!(found(&own), found(&all)[..1]);
    assert_eq!(own.left_out[0].what, "2 calls that were not made with the token");
    // The same, an entry a line, as Logpush delivers it or as it lies in one line.
    let document: serde_json::Value = serde_json::from_str(AUDIT).unwrap();
    let entries = document["result"].as_array().unwrap();
    let lines: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
    assert_eq!(by(&lines, Some(token)).needs.len(), 1);
    assert_eq!(by(&document.to_string(), None).needs.len(), 2);
    assert_eq!(by(&serde_json::to_string_pretty(entries).unwrap(), None).needs.len(), 2);
    let logpush = format!(
        "{{\"AccountID\":\"{ACCOUNT}\",\"ActionResult\":\"failure\",\"ActionType\":\"create\",\"ResourceProduct\":\"dns\",\
         \"ActorTokenDetails\":{{\"token_id\":\"{token}\"}},\"Raw\":{{\"method\":\"POST\",\"uri\":\"/zones/{ZONE}/dns_records\"}}}}\n"
    );
    assert_eq!(by(&logpush, Some(token)).needs.len(), 1);
    let done = super::read("x", logpush.as_bytes(), Failed::Exclude, None).unwrap();
    assert!(done.needs.is_empty());
}

#[test]
fn what_holds_no_call_is_an_error_that_says_what_would() {
    for text in ["", "hello\nworld\n", "[INFO] nothing\n", "{\n  \"a\": 1\n}", "GET it done\nHTTP/1.1 200 OK\n", "[]"] {
        let error = super::read("x.log", text.as_bytes(), Failed::Include, None).unwrap_err().to_string();
        assert!(error.contains("nothing in it is a call") && error.contains("audit log"), "{text}: {error}");
    }
    let error =
        super::read("x.log", "{\n  \"result\": [\n    {\"raw\": x}]}".as_bytes(), Failed::Include, None).unwrap_err();
    assert_eq!((error.line, error.column), (Some(3), Some(13)));
}

#[test]
fn several_logs_in_one_file_are_the_sum_of_them() {
    let text = [WRANGLER, TERRAFORM_5, CURL, TRACE, PYTHON].concat();
    let operations = |text: &str| -> BTreeSet<String> {
        reading(&text.replace("$Z", ZONE).replace("$A", ACCOUNT), Failed::Include)
            .needs
            .iter()
            .map(|need| need.operation.to_string())
            .collect()
    };
    let parts =
        [WRANGLER, TERRAFORM_5, CURL, TRACE, PYTHON].iter().flat_map(|text| operations(text)).collect::<BTreeSet<_>>();
    assert_eq!(operations(&text), parts);
}

#[test]
fn no_secret_comes_out() {
    let secret = format!("cf{}_{}", "ut", "aB3".repeat(15));
    let text = format!(
        "> GET /client/v4/nowhere/{secret} HTTP/2\n> Host: api.cloudflare.com\n> Authorization: Bearer {secret}\n< HTTP/2 403\n\
         -- START CF API REQUEST: GET https://user:{secret}@api.cloudflare.com/client/v4/x?token={secret}\n\
         {{\"raw\":{{\"method\":\"GET\"}},\"action\":{{\"type\":\"{secret}\"}}}}\n"
    );
    let told = format!("{:?}", reading(&text, Failed::Include));
    assert!(!told.contains(&secret) && told.contains("hidden"), "{told}");
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_hostile_is_said(
        pick in 0..ALL.len(), at in any::<prop::sample::Index>(), length in 0usize..80, noise in "\\PC{0,30}|[\u{1b}\\[0-9a-zHTP/:\" .{}\\n]{0,60}",
    ) {
        let mut bytes = ALL[pick].as_bytes().to_vec();
        let at = at.index(bytes.len());
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, noise.bytes());
        match super::read("x.log", bytes.as_slice(), Failed::Include, None) {
            Ok(reading) => for unread in &reading.unread {
                prop_assert!(!unread.what.contains(flarekeep_catalogue::is_hostile), "{}", unread.what);
            },
            Err(error) => prop_assert!(error.line.is_some() || error.reason.contains("nothing in it")),
        }
    }

    #[test]
    fn without_its_line_a_call_is_no_need(skip in 0usize..8) {
        let lines: Vec<&str> = PYTHON.lines().collect();
        let without: String = lines.iter().enumerate().filter(|(at, _)| *at != skip).map(|(_, line)| format!("{line}\n")).collect();
        prop_assert!(needs(&without, Failed::Include).len() <= needs(PYTHON, Failed::Include).len());
        let none: String = lines.iter().filter(|line| !line.contains("DELETE")).map(|line| format!("{line}\n")).collect();
        prop_assert!(!needs(&none, Failed::Include).iter().any(|need| need.contains("DELETE")));
    }
}
