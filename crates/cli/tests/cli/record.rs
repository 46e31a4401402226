//! `flarekeep record`, with the real curl as the command's client.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{ACCOUNT, Home, Local, ZONE, shows};

/// Calls each `METHOD:PATH` of Cloudflare's own address, and prints the status. The value is not among curl's arguments.
const CALL: &str = r#"for call in "$@"; do
  printf 'header = "Authorization: Bearer %s"' "$CLOUDFLARE_API_TOKEN" |
    curl -s -K - -A "${AGENT:-curl}" -o /dev/null -w '%{http_code}\n' -X "${call%%:*}" "https://api.cloudflare.com/client/v4${call#*:}"
done
"#;

fn local() -> Local {
    let local = Local::start();
    local.write("call.sh", CALL);
    local
}

/// The folders of runs that there are.
fn folders(home: &Home) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(home.path(".local/state/flarekeep/record")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("run-")).collect()
}

fn lines(home: &Home, name: &str) -> Vec<Value> {
    home.read(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_command_yields_the_plan_that_it_needs() {
    let local = local();
    let value = local.token("--name wide --recipe wrangler-deploy --operation 'POST /zones/{zone_id}/dns_records'");
    let work = format!("GET:/zones?name=example.com POST:/zones/{ZONE}/dns_records PATCH:/zones/{ZONE}/settings/ssl");
    let line = format!("record --out calls.jsonl --plan-out plan.json -- sh call.sh {work}");
    let run = local.type_(&line).env("CLOUDFLARE_API_TOKEN", &value).run().ended(0);
    shows!("record", run);
    let calls = lines(&local, "calls.jsonl");
    assert_eq!(calls.len(), 3);
    let wanted = format!("https://api.cloudflare.com/client/v4/zones/{ZONE}/settings/ssl");
    assert_eq!((calls[2]["url"].as_str(), calls[2]["status"].as_u64()), (Some(wanted.as_str()), Some(403)));
    assert_eq!(calls[0]["credential"], "user-token");
    for file in ["calls.jsonl", "plan.json"] {
        assert_eq!(std::fs::metadata(local.path(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
        assert!(!local.read(file).contains(&value));
    }
    local.run("plan verify plan.json").ended(0);
    let recorded = local.run("plan --recording calls.jsonl -o json").ended(0).json();
    let written: Value = serde_json::from_str(&local.read("plan.json")).unwrap();
    assert_eq!(recorded["policies"], written["policies"]);
    assert!(folders(&local).is_empty());
}

#[test]
fn what_is_asked_about_a_run_is_asked_where_its_calls_went() {
    let local = local();
    let value = local.narrow_token();
    let api = local.running.api_url();
    let line = format!("record --to {api} --json -- sh call.sh GET:/accounts/{ACCOUNT}/r2/buckets");
    let typed = local.type_(&line).env_remove("CLOUDFLARE_API_BASE_URL").env("CLOUDFLARE_API_TOKEN", &value);
    let document = typed.run().ended(0).json();
    assert_eq!(document["token"]["name"], "story");
    assert_eq!(document["token"]["lacks"], serde_json::json!([]));
}

#[test]
fn a_local_cloudflare_needs_no_account_and_shows_no_credential() {
    let home = Home::new();
    home.write("call.sh", &format!("{CALL}env > environment\n"));
    let value = crate::support::fresh_value("cfut_");
    let typed = home.type_("record --to emulator --json -- sh call.sh GET:/zones GET:/user/tokens/verify");
    let typed = typed.env("CLOUDFLARE_API_TOKEN", &value).env("CLOUDFLARE_API_KEY", "0").env("AWS_PROFILE", "work");
    let run = typed.asking_for_the_value().run().ended(0);
    let environment = home.read("environment");
    // The local one's own token is in the file: no other test is to find it there.
    std::fs::remove_file(home.path("environment")).unwrap();
    assert!(
        !environment.contains(&value)
            && !environment.contains("CLOUDFLARE_API_KEY=")
            && !environment.contains("AWS_PROFILE=")
    );
    assert!(environment.contains("\nAWS_ENDPOINT_URL_S3=https://"));
    assert!(run.stderr.contains("200\n200\n"), "{}", run.stderr);
    let document = run.json();
    assert_eq!(document["calls"], serde_json::json!({ "made": 2, "failed": 0, "set_aside": 0 }));
    assert_eq!(document["plan"]["grants"][0]["group"], "Zone Read");
    assert_eq!((&document["exit_status"], &document["token"]), (&serde_json::json!(0), &Value::Null));
}

#[test]
fn the_command_keeps_its_status_and_its_streams() {
    let home = Home::new();
    let run = home.run("record --to emulator -- sh -c 'echo out; echo err >&2; exit 7'").ended(7);
    assert!(run.stdout.starts_with("out\n") && run.stderr.contains("err\n"));
    shows!("record_nothing", run);
    assert_eq!(home.run("record --to emulator --quiet -- sh -c 'kill -TERM $$'").status, 143);
}

#[test]
fn calls_that_failed_are_what_a_token_lacks() {
    let mut local = local();
    let value = local.narrow_token();
    local.forget_the_key();
    let line = format!(
        "record --fails-only --json -- sh call.sh GET:/accounts/{ACCOUNT}/r2/buckets GET:/zones/{ZONE}/dns_records"
    );
    let document = local.type_(&line).env("CLOUDFLARE_API_TOKEN", &value).run().ended(0).json();
    let grants = document["plan"]["grants"].as_array().unwrap();
    assert_eq!(grants.iter().map(|grant| grant["group"].as_str().unwrap()).collect::<Vec<_>>(), ["DNS Read"]);
}

#[test]
fn what_wrangler_asks_after_a_refusal_is_no_need() {
    let mut local = local();
    let value = local.narrow_token();
    local.forget_the_key();
    let work = format!(
        "GET:/user/tokens/verify GET:/zones/{ZONE}/dns_records GET:/user GET:/memberships?page=1 GET:/accounts/{ACCOUNT}/r2/buckets GET:/user"
    );
    let line = format!("record --out calls.jsonl --json -- sh call.sh {work}");
    let typed = local.type_(&line).env("CLOUDFLARE_API_TOKEN", &value).env("AGENT", "wrangler/4.164.0");
    let document = typed.run().ended(0).json();
    assert_eq!(document["calls"]["set_aside"], 2);
    let needs: Vec<_> =
        document["plan"]["needs"].as_array().unwrap().iter().map(|need| need["operation"].as_str().unwrap()).collect();
    let wanted = [
        "GET /user/tokens/verify",
        "GET /zones/{zone_id}/dns_records",
        "GET /accounts/{account_id}/r2/buckets",
        "GET /user",
    ];
    assert_eq!(needs, wanted);
    let asides: Vec<bool> = lines(&local, "calls.jsonl").iter().map(|line| line["aside"] == "look-up").collect();
    assert_eq!(asides, [false, false, true, true, false, false]);
    let again = local.run("plan --recording calls.jsonl -o json").ended(0).json();
    assert_eq!(again["needs"].as_array().unwrap().len(), 4);
}

#[test]
fn killed_it_leaves_whole_lines_and_no_key_and_the_next_run_clears_up() {
    let home = Home::new();
    // Renamed when it is whole.
    home.write("call.sh", &format!("{CALL}printenv SSL_CERT_FILE > finding; mv finding found\nexec sleep 60\n"));
    let mut child = home.type_("record --to emulator --out calls.jsonl -- sh call.sh GET:/zones GET:/zones").start();
    let begun = Instant::now();
    while !home.path("found").exists() || home.read("calls.jsonl").lines().count() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the command did not get there");
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let [left] = folders(&home).try_into().unwrap();
    assert!(home.read("found").starts_with(&left.display().to_string()));
    assert_eq!(std::fs::metadata(&left).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(&left).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains("PRIVATE KEY"));
    }
    assert_eq!(lines(&home, "calls.jsonl").len(), 2);
    home.run("record --to emulator --out calls.jsonl --quiet -- true").ended(0);
    assert!(folders(&home).is_empty());
}

#[test]
fn what_cannot_be_is_told_before_the_command_is_run() {
    let home = Home::new();
    home.write("notes.txt", "a list of things\n");
    for (line, status, says) in [
        ("record --out notes.txt", 2, "something else than a recording"),
        ("record --out none/calls.jsonl", 2, "cannot write the recording"),
        ("record --out -", 2, "`-` is none"),
        ("record --plan-out -", 2, "`-` is none"),
        ("record --out same.json --plan-out same.json", 2, "name one file"),
        ("record --plan-out none/plan.json", 2, "cannot write"),
        ("record --world world.toml", 2, "--to emulator"),
        ("record --to http://example.com/client/v4", 2, "in clear"),
        ("record --to emulator --world none.toml", 2, "cannot read"),
    ] {
        home.run(&format!("{line} -- touch ran")).failed(status).says(says);
    }
    home.run("record --to emulator -- no-such-program-is-here").failed(127);
    assert!(!home.path("ran").exists() && folders(&home).is_empty());
    assert_eq!(home.read("notes.txt"), "a list of things\n");
}

#[test]
fn what_is_nobodys_business_goes_through_the_users_own_proxy() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let own = format!("http://ada:pass@{}", listener.local_addr().unwrap());
    let proxy = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).unwrap();
        stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&head[..length]).to_ascii_lowercase()
    });
    let home = Home::new();
    let command = "curl -s https://some.example/; curl -s https://api.cloudflare.com/client/v4/ips";
    let typed = home.type_(&format!("record --to emulator --out calls.jsonl --quiet -- sh -c '{command}'"));
    let typed = typed.env("HTTPS_PROXY", &own).env("https_proxy", &own).env("NO_PROXY", "").env("no_proxy", "");
    typed.run().ended(0);
    let asked = proxy.join().unwrap();
    assert!(asked.starts_with("connect some.example:443 http/1.1\r\n"), "{asked}");
    assert!(asked.contains("proxy-authorization: basic ywrhonbhc3m=") && !asked.contains("flarekeep"), "{asked}");
    // The tunnel is nowhere in the recording; the call of the API, which needed no proxy of the user's, is.
    assert_eq!(lines(&home, "calls.jsonl").len(), 1);
    assert!(!home.read("calls.jsonl").contains("some.example"));
}

#[test]
fn a_client_that_asks_for_no_proxy_is_given_an_address() {
    let home = Home::new();
    let command = r#"curl -s --noproxy "*" -o /dev/null "$CLOUDFLARE_API_BASE_URL/ips""#;
    home.run(&format!("record --to emulator --base-url --out calls.jsonl --quiet -- sh -c '{command}'")).ended(0);
    assert_eq!(lines(&home, "calls.jsonl")[0]["url"], "https://api.cloudflare.com/client/v4/ips");
}

#[test]
fn a_recording_is_replayed_under_its_plan_and_under_less() {
    let local = local();
    let value = local.narrow_token();
    std::fs::remove_file(local.path(".env")).unwrap();
    let work =
        format!("GET:/zones POST:/zones/{ZONE}/dns_records GET:/accounts/{ACCOUNT}/r2/buckets GET:/user/tokens/verify");
    let line = format!("record --out calls.jsonl --plan-out plan.json --quiet -- sh call.sh {work}");
    local.type_(&line).env("CLOUDFLARE_API_TOKEN", &value).run().ended(0);
    shows!("record_replay", local.run("record replay calls.jsonl").ended(0));
    // A plan that lacks something, and one that holds more than the calls need.
    local.write(
        "less.jsonl",
        &local.read("calls.jsonl").lines().take(1).map(|line| format!("{line}\n")).collect::<String>(),
    );
    let less = local.run("plan --recording less.jsonl -o json").ended(0).stdout;
    local.write("less.json", &less);
    let run = local.run("record replay calls.jsonl --plan less.json --json").ended(1);
    assert_eq!(run.json()["refused"].as_array().unwrap().len(), 2);
    let spare = local.run("record replay less.jsonl --plan plan.json --json").ended(1).json();
    assert_eq!(spare["spare"].as_array().unwrap().len(), 2, "{spare}");
    // A token that is there, as the API writes it: what it withholds stays withheld when a grant of it is left out.
    let token = format!(
        r#"{{"name": "ci", "policies": [{{"effect": "allow", "resources": {{"com.cloudflare.api.account.zone.{ZONE}": "*"}},
            "permission_groups": [{{"name": "DNS Write"}}]}}]}}"#
    );
    local.write("token.json", &token);
    let under = local.run("record replay less.jsonl --token token.json --json").ended(1).json();
    assert_eq!(under["under"], "token.json (ci)");
    assert_eq!(under["refused"].as_array().unwrap().len(), 1, "{under}");
    local.run("record replay less.jsonl --token token.json --plan plan.json").ended(2);
    local.run("record replay less.jsonl --token missing.json").failed(2);
    local.write("none.jsonl", "");
    local.run("record replay none.jsonl").failed(2).says("none.jsonl").says("it holds no call");
    local.run("record replay - --plan -").failed(2).says("are both standard input");
    local.run("record replay calls.json").failed(2);
}

#[test]
fn two_recordings_are_compared_with_their_plans() {
    let home = Home::new();
    let zone = format!("https://api.cloudflare.com/client/v4/zones/{ZONE}");
    let account = format!("https://api.cloudflare.com/client/v4/accounts/{ACCOUNT}");
    let line = |method: &str, url: &str, status: u16| {
        format!("{}\n", serde_json::json!({ "method": method, "url": url, "status": status }))
    };
    let old = [
        line("GET", &format!("{zone}/dns_records?page=1"), 200),
        line("GET", &format!("{account}/r2/buckets"), 200),
        line("PUT", &format!("{account}/workers/scripts/shop"), 200),
    ];
    home.write("old.jsonl", &old.concat());
    // More calls of the same, and one that a retry mended.
    let same = [&old[..], &[old[0].clone(), line("GET", &format!("{account}/r2/buckets"), 503)]].concat().concat();
    home.write("same.jsonl", &same);
    assert_eq!(home.run("record diff old.jsonl same.jsonl --json").ended(0).json()["same"], true);
    let new = [
        old[0].clone(),
        line("GET", &format!("{account}/r2/buckets"), 403),
        line("DELETE", &format!("{zone}/dns_records/{ZONE}"), 200),
        r#"{"method":"GET","url":"/user","aside":"look-up"}"#.to_owned(),
    ];
    home.write("new.jsonl", &new.concat());
    shows!("record_diff", home.run("record diff old.jsonl new.jsonl").ended(1));
    let document = home.type_("record diff old.jsonl - --json").stdin(&new.concat()).run().ended(1).json();
    assert_eq!(document["calls"]["otherwise"][0]["new"], serde_json::json!([403]));
    assert_eq!((document["calls"]["new"].as_array().unwrap().len(), &document["same"]), (1, &Value::Bool(false)));
    assert_eq!(document["plan"]["added"][0]["group"], "DNS Write");
    home.write("notes.txt", "a list of things\n");
    home.run("record diff old.jsonl notes.txt").failed(2);
    home.run("record diff old.jsonl none.jsonl").failed(2);
    home.run("record diff - -").failed(2);
}

#[test]
fn a_recording_is_replayed_from_standard_input() {
    let home = Home::new();
    let call = r#"{"method":"GET","url":"https://api.cloudflare.com/client/v4/zones","status":200}"#;
    let document = home.type_("record replay - --json").stdin(call).run().ended(0).json();
    assert_eq!((&document["refused"], document["without"].as_array().unwrap().len()), (&serde_json::json!([]), 1));
}

#[test]
fn a_plan_goes_where_a_link_leads_and_into_a_pipe() {
    let home = Home::new();
    home.write("kept/plan.json", "{}");
    std::os::unix::fs::symlink("kept/plan.json", home.path("link.json")).unwrap();
    home.write("call.sh", CALL);
    home.run("record --to emulator --plan-out link.json --quiet -- sh call.sh GET:/zones").ended(0);
    assert!(home.path("link.json").symlink_metadata().unwrap().is_symlink());
    home.run("plan verify kept/plan.json").ended(0);
    let run = home.run("record --to emulator --plan-out /dev/stderr --json -- true").ended(0);
    assert!(run.stderr.contains("\"grants\": []"), "{}", run.stderr);
}

#[test]
fn calls_of_the_s3_face_are_replayed_with_signatures_of_their_own() {
    let home = Home::new();
    let r2 = format!("{ACCOUNT}.r2.cloudflarestorage.com");
    let object = "s3://{bucket_name}/{object_key}";
    let line = |method: &str, host: &str, path: &str, operation: &str| {
        format!(
            "{{\"method\":\"{method}\",\"url\":\"https://{host}{path}\",\"status\":200,\"operation\":\"{operation}\"}}\n"
        )
    };
    let calls = [
        line("PUT", &r2, "/media/a%20b/k", &format!("PUT {object}")),
        line("PUT", &format!("media.{r2}"), "/k", &format!("PUT {object}?partNumber&uploadId")),
        line("POST", &r2, "/media/k", &format!("POST {object}?uploads")),
        line("POST", &r2, "/media", "POST s3://{bucket_name}?delete"),
        line("HEAD", &format!("{ACCOUNT}.eu.r2.cloudflarestorage.com"), "/other/k", &format!("GET {object}")),
        line("GET", &r2, "/media/%2E%2E/k", &format!("GET {object}")),
    ];
    home.write("calls.jsonl", &calls.concat());
    let run = home.run("record replay calls.jsonl --json").ended(0).json();
    assert_eq!((&run["calls"], &run["refused"]), (&5.into(), &serde_json::json!([])), "{run}");
    let refused = |grant: usize| run["without"][grant]["refused"].as_array().unwrap().len();
    // Four of the one bucket, one of the other.
    assert_eq!([refused(0), refused(1)].iter().sum::<usize>(), 5, "{run}");
    assert_eq!(run["left_out"].as_array().unwrap().len(), 1, "{run}");
}

/// Runs a line of the shell in which `flarekeep` is this program.
fn in_shell(home: &Home, line: &str) -> std::process::Output {
    let line = line.replace("flarekeep", env!("CARGO_BIN_EXE_flarekeep"));
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]).current_dir(home.folder()).env_clear();
    shell.envs([("PATH", std::env::var("PATH").unwrap()), ("HOME", home.folder().display().to_string())]);
    shell.output().unwrap()
}

#[test]
fn a_plan_goes_to_standard_output_behind_what_is_there() {
    let home = Home::new();
    home.write("call.sh", CALL);
    let line = "flarekeep record --to emulator --quiet --plan-out /dev/stdout -- sh call.sh GET:/zones > out.txt";
    assert!(in_shell(&home, line).status.success());
    let out = home.read("out.txt");
    let (printed, plan) = out.split_once('{').unwrap();
    assert_eq!(printed, "200\n");
    let plan: Value = serde_json::Deserializer::from_str(&format!("{{{plan}")).into_iter().next().unwrap().unwrap();
    assert_eq!(plan["grants"].as_array().unwrap().len(), 1);
}

#[test]
fn the_commands_own_status_goes_before_an_answer_that_cannot_be_written() {
    let home = Home::new();
    for (line, status) in [("exit 7", 7), ("exit 0", 5)] {
        let run = in_shell(&home, &format!("flarekeep record --to emulator -- sh -c '{line}' > /dev/full"));
        assert_eq!(run.status.code(), Some(status), "{line}");
        assert!(String::from_utf8_lossy(&run.stderr).contains("could not be written"), "{line}");
    }
}

#[test]
fn a_part_of_a_bucket_is_not_the_bucket() {
    let home = Home::new();
    let s3 = r#"for call in "$@"; do
      printf 'user = "%s:%s"' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" |
        curl -s --aws-sigv4 'aws:amz:auto:s3' -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -K - -o answer \
          -X "${call%%:*}" "$AWS_ENDPOINT_URL_S3${call#*:}"
    done"#;
    home.write("s3.sh", s3);
    let work = "PUT:/media?tagging= DELETE:/media?policy PUT:/media/key?tagging GET:/media?acl";
    let run = home.run(&format!("record --to emulator --out calls.jsonl --json -- sh s3.sh {work}")).ended(0).json();
    assert_eq!((&run["calls"]["made"], &run["plan"]["grants"]), (&Value::from(4), &Value::Array(Vec::new())));
    assert!(lines(&home, "calls.jsonl")[0]["url"].as_str().unwrap().ends_with("/media?tagging"));
    let again = home.run("plan --recording calls.jsonl -o json").json();
    assert_eq!(again["grants"].as_array().map(Vec::len).unwrap_or_default(), 0, "{again}");
}

#[test]
fn what_an_emulator_recorded_of_r2_is_replayed_and_both_parts_of_graphql_are() {
    let home = Home::new();
    let call = |method: &str, url: &str, operation: &str| {
        format!("{}\n", serde_json::json!({ "method": method, "url": url, "operation": operation, "status": 200 }))
    };
    let s3 = call("PUT", "http://127.0.0.1:9000/media/key", "PUT s3://{bucket_name}/{object_key}");
    let document = home.type_("record replay - --json").stdin(&s3).run().ended(0).json();
    assert_eq!((&document["calls"], &document["left_out"]), (&Value::from(1), &Value::Array(Vec::new())));
    assert_eq!(document["without"][0]["refused"].as_array().unwrap().len(), 1, "{document}");
    let graphql = "https://api.cloudflare.com/client/v4/graphql";
    let both = ["account", "zone"].map(|part| call("POST", graphql, &format!("POST /graphql#{part}"))).concat();
    let document = home.type_("record replay - --json").stdin(&both).run().ended(0).json();
    assert_eq!((&document["calls"], &document["spare"]), (&Value::from(2), &Value::Array(Vec::new())));
}

#[test]
fn a_full_disk_leaves_whole_lines() {
    /// In the blocks of POSIX's `ulimit`: more than the certificates of the run need.
    const BLOCKS: usize = 4096;
    let home = Home::new();
    home.write("call.sh", CALL);
    let line = "{\"method\":\"GET\",\"url\":\"https://api.cloudflare.com/client/v4/user\",\"status\":200}\n";
    let mut before = line.repeat(BLOCKS * 512 / line.len() - 1);
    // What is left has room for half of a line.
    before.insert_str(1, &" ".repeat(BLOCKS * 512 - 60 - before.len()));
    home.write("calls.jsonl", &before);
    let record = "record --to emulator --out calls.jsonl -- sh call.sh GET:/zones";
    let run = in_shell(&home, &format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec flarekeep {record}"));
    let (told, shown) = (String::from_utf8_lossy(&run.stderr), String::from_utf8_lossy(&run.stdout));
    assert!(run.status.success() && told.contains("the recording is incomplete"), "{told}");
    assert!(shown.contains("1 call of Cloudflare"), "{shown}");
    assert!(home.read("calls.jsonl") == before, "a line was cut");
}
