//! `flarekeep audit` of files, and of a local Cloudflare.

use flarekeep_cloudflare::{NewToken, Owner, Policy};
use flarekeep_emulator::Options;
use serde_json::{Value, json};

use crate::support::{ACCOUNT, Home, Local, ZONE, answer, block_on, shows};
use crate::support::{Deed, Proxy};

const OTHER: &str = "aaaa0000aaaa0000aaaa0000aaaa0002";
const SETTINGS_READ: &str = "c1fde68c7bcc44588cbb6ddbc16d6480";
const DNS_WRITE: &str = "4755a26eedb94da69e1066d98aa820be";

/// Replaces times and fingerprints, which differ from run to run.
fn timeless(work: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\b20\d\d-\d\d-\d\d\b", "[day]");
    settings.add_filter(r"\b[0-9a-f]{16}\b", "[finding]");
    settings.bind(work);
}

/// A token of a list, as the API writes it.
fn token(number: u32, name: &str, more: &Value) -> Value {
    let mut token = json!({
        "id": format!("{number:032x}"), "name": name, "status": "active",
        "issued_on": "2026-01-01T00:00:00Z", "modified_on": "2026-01-01T00:00:00Z", "last_used_on": "2026-01-09T00:00:00Z",
        "policies": [{
            "id": "f267e341f3dd4697bd3b9f71dd96247f", "effect": "allow",
            "resources": {format!("com.cloudflare.api.account.zone.{ZONE}"): "*"},
            "permission_groups": [{"id": DNS_WRITE, "name": "DNS Write"}],
        }],
    });
    for (key, value) in more.as_object().unwrap() {
        token[key] = value.clone();
    }
    token
}

/// A world in a file that is read as of a day, so that its findings stay.
fn world(tokens: &[Value]) -> String {
    json!({ "as_of": "2026-01-10T00:00:00Z", "tokens": tokens }).to_string()
}

fn two() -> String {
    world(&[
        token(1, "shop-server-prod", &json!({"expires_on": "2026-03-01T00:00:00Z"})),
        token(2, "shop-old-ci", &json!({"status": "expired", "expires_on": "2026-01-05T00:00:00Z"})),
    ])
}

#[test]
fn files_are_audited_and_nobody_is_asked() {
    let home = Home::new();
    home.write("tokens.json", &two());
    shows!("audit_input", home.run("audit --input tokens.json"));
    shows!("audit_input_never", home.run("audit --input tokens.json --fail-on never --rule expired").ended(0));
    let run = home.run("audit --input tokens.json --json --fail-on never").ended(0);
    let document = run.json();
    assert_eq!(document["tokens"].as_array().map(Vec::len), Some(2));
    for form in ["json", "sarif", "markdown", "junit", "html"] {
        let run = home.run(&format!("audit --input tokens.json --fail-on never -o {form}")).ended(0);
        assert!(run.stdout.contains("shop-old-ci") && run.stdout.ends_with('\n'), "{form}");
    }
    home.run("audit --input tokens.json --fail-on never --report a.sarif --report a.html --quiet").ended(0);
    assert_eq!(serde_json::from_str::<Value>(&home.read("a.sarif")).unwrap()["version"], "2.1.0");
    assert!(home.read("a.html").starts_with("<!"));
    let same = home.type_("audit --input - --json --fail-on never").stdin(&two()).run().ended(0);
    assert_eq!(same.json()["tokens"].as_array().map(Vec::len), Some(2));
}

#[test]
fn whose_the_tokens_of_a_file_are_can_be_said() {
    let home = Home::new();
    home.write("tokens.json", &two());
    let owner = |line: &str| {
        let document = home.run(&format!("audit --input tokens.json --fail-on never --json {line}")).ended(0).json();
        document["tokens"][0]["owner"]["kind"].clone()
    };
    assert_eq!((owner(""), owner("--owner user")), (json!("unknown"), json!("user")));
    let line = format!("--owner account --account {ACCOUNT}");
    assert_eq!(owner(&line), "account");
    let table = home.run(&format!("audit --input tokens.json --fail-on never --rule expired {line}")).ended(0);
    assert!(table.stdout.contains(&format!("--owner account --account {ACCOUNT}")), "{}", table.stdout);
    home.run("audit --input tokens.json --owner account --account Acme").failed(2).says("takes an account's id here");
}

#[test]
fn tokens_of_files_are_left_out_by_their_owner() {
    let home = Home::new();
    let of = |account: &str| json!({"owner": "account", "account_id": account});
    let users = token(1, "users", &json!({"owner": "user"}));
    let (ones, others) = (token(2, "ones", &of(ACCOUNT)), token(3, "others", &of(OTHER)));
    let nobodys = token(4, "nobodys", &json!({}));
    // A copy that does not say whose it is.
    let copy = token(3, "others", &json!({}));
    home.write("said.json", &world(&[users, ones, others, copy]));
    home.write("nobodys.json", &world(&[nobodys]));
    home.write("base.toml", "[[accepted]]\nfinding = '0123456789abcdef'\nuntil = 2999-01-31\nbecause = 'x'\n");
    let audited = |line: &str| {
        let line = format!("audit --input said.json --fail-on never --json --baseline base.toml {line}");
        let document = home.run(&line).ended(0).json();
        let tokens = document["tokens"].as_array().unwrap().iter().map(|token| &token["name"]);
        let mut names: Vec<String> = tokens.map(|name| name.as_str().unwrap().to_owned()).collect();
        names.sort();
        (names.join(" "), document["stale_baseline"].as_array().map_or(0, Vec::len))
    };
    let is = |names: &str, stale: usize| (names.to_owned(), stale);
    assert_eq!(audited(""), is("ones others users", 1));
    assert_eq!(audited("--owner user"), is("users", 0));
    assert_eq!(audited("--owner account"), is("ones others", 0));
    assert_eq!(audited(&format!("--owner account --account {ACCOUNT}")), is("ones", 0));
    assert_eq!(audited(&format!("--account {ACCOUNT}")), is("ones users", 0));
    assert_eq!(audited("--input nobodys.json --owner user"), is("nobodys users", 0));
    home.run("audit --input nobodys.json --owner account").failed(2).says("--account names their account");
}

#[test]
fn what_is_no_list_of_tokens_is_said_to_be_none() {
    let home = Home::new();
    home.write("prose.json", "tokens: none\n");
    home.write("cut.json", &two()[..200]);
    home.write("kind.json", "{\"a\": 1}");
    home.write(
        "refusal.json",
        "{\"success\": false, \"errors\": [{\"code\": 9109, \"message\": \"Unauthorized\"}], \"result\": null}",
    );
    home.write("none.json", "[]");
    home.write("odd.json", &world(&[json!({"id": 5}), token(1, "shop-dns-prod", &json!({"policies": 7}))]));
    let secret = crate::support::fresh_value("cfut_");
    home.write("secrets.env", &format!("CLOUDFLARE_API_TOKEN={secret}\n"));
    home.keep_secret(&secret);
    shows!("audit_prose", home.run("audit --input prose.json").ended(2));
    shows!("audit_cut", home.run("audit --input cut.json").ended(2));
    shows!("audit_kind", home.run("audit --input kind.json").ended(2));
    shows!("audit_refusal", home.run("audit --input refusal.json").ended(2));
    shows!("audit_secrets", home.run("audit --input secrets.env").ended(2));
    shows!("audit_no_file", home.run("audit --input nowhere.json").ended(2));
    shows!("audit_no_tokens", home.run("audit --input none.json").ended(0));
    // What could not be read is no yes.
    shows!("audit_odd", home.run("audit --input odd.json --fail-on never").ended(5));
    home.run("audit --input odd.json --fail-on never --unread-ok").ended(0);
    let large = std::fs::File::create(home.path("large.json")).unwrap();
    large.set_len(100 << 20).unwrap();
    shows!("audit_large", home.run("audit --input large.json").ended(2));
}

/// A file that was cut down is no clean bill: what it does not say is named, and the answer is a part of one.
#[test]
fn what_a_file_does_not_say_is_no_yes() {
    let home = Home::new();
    let one = || token(1, "shop-dns-prod", &json!({}));
    let mut silent = one();
    silent.as_object_mut().unwrap().remove("policies");
    let info = json!({"page": 1, "per_page": 20, "count": 1, "total_count": 60});
    home.write("silent.json", &json!([silent]).to_string());
    home.write("page.json", &json!({"success": true, "result": [one()], "result_info": info}).to_string());
    home.write("refusal.json", &json!({"success": false, "errors": [{"code": 9109}], "result": []}).to_string());
    home.write("one.json", &json!([one()]).to_string());
    home.write("other.json", &json!([token(1, "shop-dns-prod", &json!({"status": "disabled"}))]).to_string());
    home.write("log.jsonl", "{\"actor\": null, \"raw\": null}\n{\"actor\": 17}\n");
    shows!("audit_silent", home.run("audit --input silent.json --fail-on never --rule no-expiry").ended(5));
    shows!("audit_page", home.run("audit --input page.json --fail-on never --rule no-expiry").ended(5));
    shows!(
        "audit_copies",
        home.run("audit --input one.json --input other.json --fail-on never --rule no-expiry").ended(5)
    );
    shows!(
        "audit_odd_log",
        home.run("audit --input one.json --usage log.jsonl --fail-on never --rule no-expiry").ended(5)
    );
    home.run("audit --input refusal.json").ended(2);
    home.run("audit --input one.json --fail-on never --rule no-expiry").ended(0);
}

#[test]
fn what_cannot_go_together_is_said_before_anybody_is_asked() {
    let home = Home::new();
    home.write("tokens.json", &two());
    for (name, line) in [
        ("audit_no_rule", "audit --input tokens.json --rule no-expirey"),
        ("audit_bad_ignore", "audit --input tokens.json --ignore no-expiry"),
        ("audit_two_forms", "audit --input tokens.json --json -o html"),
        ("audit_bad_ending", "audit --input tokens.json --report a.pdf"),
        ("audit_bad_finding", "audit accept 123 --until 90d --because x"),
        ("audit_accept_past", "audit accept 0123456789abcdef --until 2001-01-01 --because x"),
        ("audit_accept_no_reason", "audit accept 0123456789abcdef --until 90d --because ' '"),
        ("audit_two_stdin", "audit --input - --usage -"),
        ("audit_fix_stdin", "audit --fix --yes --usage -"),
        ("audit_live_of_file", "audit --input tokens.json --usage live"),
        ("audit_fix_of_file", "audit --input tokens.json --fix"),
        ("audit_dry_run_of_file", "audit --input tokens.json --dry-run"),
        ("audit_yes_of_file", "audit --input tokens.json --yes"),
        ("audit_dry_run_of_nothing", "audit --dry-run"),
    ] {
        shows!(name, home.run(line).ended(2));
    }
    shows!("audit_no_credential", home.run("audit").ended(2));
}

#[test]
fn findings_are_accepted_for_a_time_and_come_back() {
    let home = Home::new();
    let expired = json!({"status": "expired", "expires_on": "2026-01-05T00:00:00Z"});
    home.write("tokens.json", &world(&[token(1, "shop-dns-prod", &json!({})), token(2, "shop-old-ci", &expired)]));
    let findings = |line: &str| -> Vec<String> {
        let document = home.run(&format!("audit --input tokens.json --fail-on never --json {line}")).ended(0).json();
        let findings = document["findings"].as_array().unwrap().iter();
        findings.map(|finding| finding["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let all = findings("");
    let (first, last) = (all.first().unwrap(), all.last().unwrap());
    shows!(
        "audit_accept",
        home.run("audit accept 0123456789abcdef --until 2999-01-31 --because 'the vendor'").ended(0)
    );
    home.run("audit --input tokens.json --fail-on never --report audit.json").ended(0);
    home.run("audit accept 0123456789abcdef --from audit.json --until 2999-01-31 --because x")
        .failed(2)
        .says("holds no finding");
    home.run(&format!("audit accept {last} {first} --from audit.json --until 2999-01-31 --because 'ticket 4711'"))
        .ended(0);
    assert!(
        home.read("flarekeep-audit.toml").contains("token = \"shop-old-ci\""),
        "{}",
        home.read("flarekeep-audit.toml")
    );
    // What people wrote into the file stays, and rows are in order.
    let written = home
        .read("flarekeep-audit.toml")
        .replace("[[accepted]]\nfinding = \"0123", "# Ask the vendor.\n[[accepted]]\nfinding = \"0123");
    home.write(
        "flarekeep-audit.toml",
        &format!("{written}\n[[ignore]]\nrule = \"no-ip-condition\"\nbecause = \"no fixed address\"\n"),
    );
    home.run("audit accept 0123456789abcdef --until 2999-02-28 --because 'the vendor, again'").ended(0);
    let written = home.read("flarekeep-audit.toml");
    assert!(
        written.contains("# Ask the vendor.\n[[accepted]]\nfinding = \"0123456789abcdef\"\nuntil = 2999-02-28"),
        "{written}"
    );
    assert!(written.contains("[[ignore]]\nrule = \"no-ip-condition\""), "{written}");
    assert!(written.starts_with("# Findings of "), "{written}");
    let rows: Vec<&str> = written.lines().filter(|line| line.starts_with("finding")).collect();
    assert!(rows.len() == 3 && rows.is_sorted(), "{written}");
    assert!(!findings("").contains(first) && !findings("").contains(last));
    assert_eq!(findings("--no-baseline"), all);
    home.write("set.toml", "off = ['expired']\n[thresholds]\nexpires_soon_days = 90\n");
    assert_ne!(findings("--baseline set.toml"), all);
    let typed = findings("--baseline set.toml --expiring 14d --rule expired");
    assert!(typed == findings("--no-baseline --rule expired") && !typed.is_empty());
    home.write("other.toml", &format!("[[accepted]]\nfinding = \"{first}\"\nuntil = 2025-12-31\nbecause = \"x\"\n"));
    assert!(findings("--baseline other.toml").contains(first));
    // Over by the clock, and not yet as of the file's day.
    home.write("clock.toml", &format!("[[accepted]]\nfinding = \"{first}\"\nuntil = 2026-02-01\nbecause = \"x\"\n"));
    for baseline in ["other.toml", "clock.toml"] {
        let line = format!("audit --input tokens.json --fail-on never --json --baseline {baseline}");
        let run = home.run(&line).ended(0).says("it counts again");
        assert_eq!(run.json()["expired_acceptances"][0]["finding"], json!(first), "{baseline}");
        assert!(run.stdout.contains("it was accepted until"), "{baseline}");
    }
    home.write("wrong.toml", "[[accepted]]\nfinding = \"x\"\n");
    shows!("audit_wrong_baseline", home.run("audit --input tokens.json --baseline wrong.toml").ended(2));
}

/// An audit that looked at a part tells nobody to throw away what was accepted of the rest.
#[test]
fn what_was_not_looked_at_is_not_said_to_be_gone() {
    let home = Home::new();
    home.write("tokens.json", &world(&[token(1, "shop-dns-prod", &json!({}))]));
    let audit = "audit --input tokens.json --fail-on never --json";
    let all = home.run(audit).ended(0).json();
    for finding in all["findings"].as_array().unwrap() {
        let finding = finding["fingerprint"].as_str().unwrap();
        home.run(&format!("audit accept {finding} --until 2999-01-31 --because x")).ended(0);
    }
    for line in ["", "--rule expired", "--without-rule no-expiry"] {
        let run = home.run(&format!("{audit} {line}")).ended(0);
        assert_eq!((run.json()["stale_baseline"].clone(), run.stderr.as_str()), (json!([]), ""), "{line}");
    }
    home.run("audit accept 0123456789abcdef --until 2999-01-31 --because gone").ended(0);
    let run = home.run(&format!("{audit} --rule expired")).ended(0).says("findings that are there no more");
    assert_eq!(run.json()["stale_baseline"][0]["finding"], "0123456789abcdef");
}

#[test]
fn tokens_of_owners_that_were_left_out_are_not_said_to_be_gone() {
    let local = Local::start();
    local.home.write(
        "flarekeep-audit.toml",
        "[[accepted]]\nfinding = '0123456789abcdef'\nuntil = 2999-01-31\nbecause = 'x'\n",
    );
    let stale = |line: &str| {
        let document = local.run(&format!("audit --fail-on never --json {line}")).ended(0).json();
        document["stale_baseline"].as_array().map(Vec::len)
    };
    assert_eq!(stale(""), Some(1));
    for line in ["--owner user", "--owner account", &format!("--account {ACCOUNT}")] {
        assert_eq!(stale(line), Some(0), "{line}");
    }
}

#[test]
fn every_rule_is_listed_and_explained() {
    let home = Home::new();
    let rules = home.run("audit rules --json").ended(0).json();
    shows!("audit_rules", home.run("audit rules").ended(0));
    for rule in rules.as_array().unwrap() {
        let id = rule["id"].as_str().unwrap();
        let explained = home.run(&format!("audit explain {id}")).ended(0);
        assert!(explained.stdout.contains(rule["why"].as_str().unwrap()), "{id}");
    }
    shows!("audit_explain", home.run("audit explain no-expiry").ended(0));
    shows!("audit_explain_unknown", home.run("audit explain no-expirey").ended(2));
}

/// Two accounts: the user's tokens and those of each are read.
fn live() -> Local {
    let local = Local::in_world(Options::default(), &format!("[[account]]\nname = 'Beta'\nid = '{OTHER}'\n"));
    local
        .run("token create --name shop-dns-prod --operation 'POST /zones/{zone_id}/dns_records' --to env:.env --yes")
        .ended(0);
    for account in [ACCOUNT, OTHER] {
        let owner = Owner::Account(account.parse().unwrap());
        let policies: Vec<Policy> = serde_json::from_value(json!([{
            "effect": "allow", "resources": {format!("com.cloudflare.api.account.{account}"): "*"},
            "permission_groups": [{"id": SETTINGS_READ}],
        }]))
        .unwrap();
        for number in 0..60 {
            let new = NewToken { name: format!("ci-{number}"), policies: policies.clone(), ..NewToken::default() };
            block_on(local.admin().tokens(owner).create(&new)).unwrap();
        }
    }
    local
}

#[test]
fn all_tokens_of_the_user_and_of_every_account_are_read_in_no_more_calls_than_it_takes() {
    let local = live();
    let before = local.calls().len();
    let document = local.run("audit --json --fail-on never").ended(0).json();
    assert_eq!(document["tokens"].as_array().map(Vec::len), Some(121));
    let mut calls = local.calls().split_off(before);
    calls.sort();
    let tokens = |account: &str| format!("GET /client/v4/accounts/{account}/tokens 200");
    let mut wanted = vec![
        "GET /client/v4/accounts 200".to_owned(),
        "GET /client/v4/user/tokens 200".to_owned(),
        "GET /client/v4/zones 200".to_owned(),
        tokens(ACCOUNT),
        tokens(ACCOUNT),
        tokens(OTHER),
        tokens(OTHER),
    ];
    wanted.sort();
    assert_eq!(calls, wanted);
    let users = local.run("audit --json --fail-on never --owner user").ended(0).json();
    assert_eq!(users["tokens"].as_array().map(Vec::len), Some(1));
    let one = local.run("audit --json --fail-on never --owner account --account Beta").ended(0).json();
    assert_eq!(one["tokens"].as_array().map(Vec::len), Some(60));
    timeless(|| shows!("audit_live", local.run("audit --owner user")));
}

#[test]
fn what_the_credential_may_not_read_is_said_and_counted() {
    let mut local = live();
    local.run("token create --name reader --permission 'API Tokens Read' --to env:reader.env --yes").ended(0);
    local.forget_the_key();
    let value = local.value_in("reader.env");
    local.keep_secret(&value);
    let mut typed = local.type_("audit --fail-on never");
    typed = typed.env("CLOUDFLARE_API_TOKEN", &value);
    timeless(|| shows!("audit_in_part", typed.run().ended(5)));
    let narrow = local.type_("audit").env("CLOUDFLARE_API_TOKEN", &local.value_in(".env")).run();
    shows!("audit_refused", narrow.ended(3));
}

#[test]
fn an_accounts_token_is_told_to_name_its_account() {
    let mut local = Local::start();
    let line = "--owner account --name shop-audit-ci --permission 'Account API Tokens Read' --expires 30d";
    let value = local.token(line);
    local.forget_the_key();
    let typed = |line: &str| {
        let typed = local.type_(line).env("CLOUDFLARE_API_TOKEN", &value);
        typed.env("CLOUDFLARE_ACCOUNT_ID", "").run()
    };
    typed("audit").failed(2).says("--account ID names an account");
    let document = typed(&format!("audit --account {ACCOUNT} --fail-on never --json")).ended(0).json();
    assert_eq!(document["tokens"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_list_that_lies_is_not_believed() {
    let local = Local::start();
    local.token("--name shop-dns-prod --operation 'POST /zones/{zone_id}/dns_records' --expires 30d");
    let of = |entries: Value, info: Value| {
        let body = json!({"success": true, "errors": [], "messages": [], "result": entries, "result_info": info});
        Deed::Answer(answer("200 OK", "application/json", "", &body.to_string()))
    };
    let lies = [
        ("audit_lie_more", json!({"page": 1, "per_page": 50, "total_count": 70, "total_pages": 1})),
        ("audit_lie_endless", json!({"page": 1, "per_page": 50, "total_count": 50, "total_pages": 1_000_000})),
    ];
    for (name, info) in lies {
        let entries: Vec<Value> = (1..=50).map(|number| token(number, "shop-dns-prod", &json!({}))).collect();
        let proxy = Proxy::before(local.running.address(), move |request, number| match (request, number) {
            ("GET /user/tokens", 1) => of(json!(entries), info.clone()),
            ("GET /user/tokens", _) => of(json!([]), info.clone()),
            _ => Deed::Forward,
        });
        let url = proxy.api_url();
        let run = local.type_("audit --owner user --fail-on never --json").env("CLOUDFLARE_API_BASE_URL", &url).run();
        let document = run.json();
        assert_eq!(document["tokens"].as_array().map(Vec::len), Some(50));
        assert!(proxy.seen().len() < 40, "{:?}", proxy.seen().len());
        match name {
            "audit_lie_more" => {
                assert_eq!(run.status, 5);
                let unread = document["unread"].to_string();
                assert!(unread.contains("speaks of 70 tokens and holds 50 tokens"), "{unread}");
            }
            _ => assert_eq!(run.status, 0),
        }
    }
}

#[test]
fn a_list_without_policies_costs_a_call_for_each_token_of_it() {
    let local = Local::start();
    local.token("--name shop-dns-prod --operation 'POST /zones/{zone_id}/dns_records' --expires 30d");
    let id = local.tokens()[0].id.to_string();
    let body = json!({"success": true, "result": [{"id": id, "name": "shop-dns-prod", "status": "active"}],
        "result_info": {"page": 1, "per_page": 50, "total_count": 1}});
    let proxy = Proxy::before(local.running.address(), move |request, _| match request {
        "GET /user/tokens" => Deed::Answer(answer("200 OK", "application/json", "", &body.to_string())),
        _ => Deed::Forward,
    });
    let url = proxy.api_url();
    let run = local.type_("audit --owner user --fail-on never --json").env("CLOUDFLARE_API_BASE_URL", &url).run();
    assert_eq!(run.ended(0).json()["unread"], json!([]));
    assert!(proxy.seen().contains(&format!("GET /user/tokens/{}", local.tokens()[0].id)));
}
