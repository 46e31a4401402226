//! `flarekeep policy simulate`: one decision with its cause, and files of them. Nobody is asked.

use crate::support::{Home, Run, fresh_value, shows};

const ACCOUNT: &str = "023e105f4ecef8ad9ca31a8372d0c353";
const ZONE: &str = "5a1b105f4ecef8ad9ca31a8372d0c353";
const USER: &str = "7c5dae5552338874e5053f2534d2767a";

/// DNS Write at one zone, Workers Routes Write at an account where it takes no effect, and no API tokens.
fn token() -> String {
    format!(
        r#"{{"id":"ed17574386854bf78a67040be0a770b0","name":"ci","status":"active","expires_on":"2027-01-01T00:00:00Z",
"condition":{{"request_ip":{{"in":["203.0.113.0/24"]}}}},
"policies":[
{{"effect":"allow","resources":{{"com.cloudflare.api.account.zone.{ZONE}":"*"}},
 "permission_groups":[{{"id":"4755a26eedb94da69e1066d98aa820be","name":"DNS Write"}}]}},
{{"effect":"allow","resources":{{"com.cloudflare.api.account.{ACCOUNT}":"*","com.cloudflare.api.user.{USER}":"*"}},
 "permission_groups":[{{"id":"28f4b596e7d643029c524985477ae49a","name":"Workers Routes Write"}}]}},
{{"effect":"deny","resources":{{"com.cloudflare.api.user.{USER}":"*"}},
 "permission_groups":[{{"id":"686d18d5ac6c441c867cbf6771e58a0a","name":"API Tokens Write"}}]}}]}}"#
    )
}

fn home() -> Home {
    let home = Home::new();
    home.write("token.json", &token());
    home.write("answer.json", &format!("{{\"result\":{},\"success\":true}}", token()));
    home.write("broken.json", "{\"policies\":[\n {\"effect\":\"maybe\"}]}");
    home
}

fn simulate(home: &Home, file: &str, call: &str, rest: &str) -> Run {
    let (method, path) = call.split_once(' ').unwrap();
    let path = path.replace("ZONE", ZONE);
    home.run(&format!("policy simulate {file} --method {method} --path {path} --at 2026-11-22T00:00:00Z {rest}"))
}

#[test]
fn one_decision_and_what_stands_behind_it() {
    let home = home();
    let here = format!("--ip 203.0.113.7 --account {ACCOUNT}");
    let shown = |name: &str, call: &str, rest: &str, status: i32| {
        let run = simulate(&home, "token.json", call, rest).ended(status);
        shows!(format!("policy_simulate_{name}"), run);
    };
    shown("allowed", "POST /client/v4/zones/ZONE/dns_records?x=1", &here, 0);
    shown("wrong_scope", "POST /zones/ZONE/workers/routes", &here, 1);
    shown("missing", "POST /zones/ZONE/purge_cache", &here, 1);
    shown("denied", "POST /user/tokens", &here, 1);
    shown("elsewhere", "GET /zones/00000000000000000000000000000001/dns_records", &here, 1);
    shown("address", "POST /zones/ZONE/dns_records", "--ip 198.51.100.1", 1);
    shown("no_operation", "POST /zones/ZONE/dns_recrods", &here, 1);
    shown("json", "POST /zones/ZONE/workers/routes", &format!("{here} --json"), 1);
    shown("no_operation_json", "BREW /coffee", "--json", 1);
}

#[test]
fn the_token_is_read_from_an_answer_and_from_standard_input() {
    let home = home();
    let call = "POST /zones/ZONE/dns_records";
    let file = simulate(&home, "token.json", call, "--ip 203.0.113.7").ended(0).stdout;
    assert_eq!(simulate(&home, "answer.json", call, "--ip 203.0.113.7").ended(0).stdout, file);
    let typed = format!("policy simulate - --method POST --path /zones/{ZONE}/dns_records --ip 203.0.113.7");
    assert_eq!(home.type_(&typed).stdin(&token()).run().ended(0).stdout, file);
}

#[test]
fn bad_input_is_told_with_its_place() {
    let home = home();
    let call = "GET /zones/ZONE/dns_records";
    shows!("policy_simulate_broken", simulate(&home, "broken.json", call, "").failed(2));
    simulate(&home, "absent.json", call, "").failed(2).says("cannot read absent.json");
    simulate(&home, "token.json", "GET /zones/example.com", "").failed(2).says("is not a zone id");
    simulate(&home, "token.json", call, "--account example").failed(2).says("is not an account id");
    home.run("policy simulate --method GET").ended(2);
    home.write("words.json", "[\n {\"<account_id>\": 1, \"<zone_id of example.com>\": wrong}]");
    // The columns are those of the file, which has words where ids are read.
    let column = " {\"<account_id>\": 1, \"<zone_id of example.com>\": w".len();
    simulate(&home, "words.json", call, "").failed(2).says(&format!("line 2, column {column}: "));
    simulate(&home, "token.json", call, &format!("--owner account --account {ACCOUNT} --user {USER}")).failed(2);
    home.run("policy simulate --batch calls.jsonl --owner account").failed(2);
    home.run("policy simulate token.json --batch calls.jsonl").ended(2);
}

fn calls() -> String {
    let token = token().replace('\n', "");
    let line = |method: &str, path: &str, rest: &str| {
        format!(r#"{{"token":{token},"method":"{method}","path":"{path}","ip":"203.0.113.7"{rest}}}"#)
    };
    let records = format!("/zones/{ZONE}/dns_records");
    [
        line("POST", &records, r#","at":"2026-11-22T00:00:00Z""#),
        line("POST", &records, r#","at":"2028-11-22T00:00:00Z","account":null"#),
        line("BREW", &records, ""),
        "{\"token\":{}}".to_owned(),
        line("POST", "/user/tokens", &format!(r#","at":"2026-11-22T00:00:00Z","user":"{USER}""#)),
    ]
    .join("\n")
}

#[test]
fn a_batch_answers_line_by_line() {
    let home = home();
    home.write("calls.jsonl", &calls());
    shows!("policy_simulate_batch", home.run("policy simulate --batch calls.jsonl").ended(2));
    let json = home.run("policy simulate --batch calls.jsonl --json").ended(2).stdout;
    assert!(
        json.lines().count() == 5 && json.lines().all(|line| line.starts_with('{') && line.ends_with('}')),
        "{json}"
    );
    let good: String = calls().lines().filter(|line| line.len() > 20).map(|line| format!("{line}\n")).collect();
    let run = home.type_("policy simulate --batch - --json").stdin(&good).run().ended(0);
    assert!(run.stderr.is_empty() && run.stdout.lines().count() == 4, "{}", run.shown());
    shows!("policy_simulate_batch_absent", home.run("policy simulate --batch absent.jsonl").failed(2));
    assert_eq!(home.type_("policy simulate --batch -").stdin("").run().ended(0).stdout, "");
}

#[test]
fn a_plan_is_read_with_its_words() {
    let home = home();
    let plan = home.run("plan --operation 'POST /zones/{zone_id}/dns_records' -o json").ended(0).stdout;
    home.write("plan.json", &plan);
    let run = |path: &str| home.run(&format!("policy simulate plan.json --method POST --path '{path}'"));
    shows!("policy_simulate_plan", run("/zones/<zone_id>/dns_records").ended(0));
    run(&format!("/zones/{ZONE}/dns_records")).ended(1);
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_be_written_is_an_error() {
    let home = home();
    home.write("calls.jsonl", calls().lines().next().unwrap());
    for line in ["policy reach token.json", "policy reach token.json --json", "policy simulate --batch calls.jsonl"] {
        let to = |sink: &str| {
            let line = format!("{} {line} {sink}", env!("CARGO_BIN_EXE_flarekeep"));
            std::process::Command::new("sh").args(["-c", &line]).current_dir(home.folder()).output().unwrap()
        };
        let full = to(">/dev/full");
        assert_eq!(full.status.code(), Some(5), "{line}");
        assert!(String::from_utf8_lossy(&full.stderr).contains("could not be written"), "{line}");
        assert_eq!(to("| true; exit 0").status.code(), Some(0), "{line}");
    }
}

/// A run fails if its output holds a credential.
#[test]
fn a_value_in_anothers_place_is_not_repeated() {
    let home = home();
    let value = fresh_value("cfut_");
    home.keep_secret(&value);
    let (path, token) = (format!("/zones/{ZONE}/dns_records"), token().replace('\n', ""));
    let lines = [
        format!(r#"{{"token":"{value}","method":"GET","path":"{path}"}}"#),
        format!(r#"{{"token":"\n{value}\u001b{}","method":"GET","path":"{path}"}}"#, &value[5..45]),
        format!(r#"{{"token":{token},"method":"GET","path":"/zones/{value}"}}"#),
        format!(r#"{{"token":{token},"method":"GET","path":"{path}","account":"{value}"}}"#),
        format!(r#"{{"token":{},"method":"GET","path":"{path}"}}"#, token.replace("allow", &value)),
        format!(r#"{{"token":{},"method":"GET","path":"{path}"}}"#, token.replace(ZONE, &value)),
        format!(r#""{value}""#),
    ];
    home.write("calls.jsonl", &lines.join("\n"));
    let run = home.run("policy simulate --batch calls.jsonl").ended(2);
    assert_eq!(run.stdout.matches("{\"error\":").count(), lines.len(), "{}", run.shown());
    assert!(run.stdout.contains("[hidden]"), "{}", run.shown());
    let typed = |path: &str| {
        let line = format!("policy simulate token.json --method GET --path {path}{value}");
        home.type_(&line).hiding(&value).run()
    };
    assert!(typed("/").ended(1).stdout.contains("GET /[hidden]"));
    typed("/zones/").failed(2).says("[hidden]");
}

#[test]
fn the_order_is_kept_over_many_blocks() {
    let home = home();
    let calls = calls();
    let lines: Vec<&str> = calls.lines().collect();
    // Some five blocks: the third line has another answer than the first.
    let text: String = (0..9000).map(|n| format!("{}\n", lines[if n % 7 == 3 { 2 } else { 0 }])).collect();
    home.write("many.jsonl", &text);
    let run = home.run("policy simulate --batch many.jsonl").ended(0);
    assert_eq!(run.stdout.lines().count(), 9000);
    for (n, answer) in run.stdout.lines().enumerate() {
        assert_eq!(answer.contains("no-operation"), n % 7 == 3, "line {n}: {answer}");
    }
}
