//! `flarekeep exec`.

use std::io::Read;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use flarekeep_tokens::host;
use secrecy::{ExposeSecret, SecretString};

use crate::support::{ACCOUNT, Deed, Local, Proxy, ZONE, answer, fresh_value, shows};

const R2: &str = "exec --operation 'POST /accounts/{account_id}/r2/buckets'";
/// Prints the status of a call of each path. The value is not among the arguments of curl.
const CALL: &str = r#"for path in "$@"; do
  printf 'header = "Authorization: Bearer %s"' "$CLOUDFLARE_API_TOKEN" |
    curl -s -K - -o /dev/null -w '%{http_code}\n' "$CLOUDFLARE_API_BASE_URL$path"
done
printf %s "$CLOUDFLARE_API_TOKEN" > taken
"#;

fn local() -> Local {
    let mut local = Local::start();
    local.home.call(&host(), "[host]");
    local.write("call.sh", CALL);
    local
}

/// Waits until a command has made this file.
fn wait_for(local: &Local, name: &str) {
    let begun = Instant::now();
    while !local.path(name).exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "there is no `{name}`");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn end_of(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// What a command's environment had, as `env` prints it.
fn environment(local: &Local) -> Vec<(String, String)> {
    let text = local.read("environment");
    text.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
}

fn of<'a>(environment: &'a [(String, String)], name: &str) -> Option<&'a str> {
    environment.iter().find(|(set, _)| set == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_command_may_do_its_work_and_nothing_else() {
    let local = local();
    let (scripts, records) = (format!("/accounts/{ACCOUNT}/workers/scripts"), format!("/zones/{ZONE}/dns_records"));
    let line = format!("exec --recipe wrangler-deploy --zone example.com -- sh call.sh {scripts} {records}");
    let run = local.run(&line).ended(0);
    assert_eq!(run.stdout, "200\n403\n");
    shows!("exec", run);
    assert!(!local.is_alive(&local.read("taken")) && local.tokens().is_empty());
}

#[test]
fn it_takes_four_calls() {
    let local = local();
    local.run(&format!("{R2} -- true")).ended(0);
    let calls: Vec<String> = local.calls().iter().map(|call| call.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(calls, ["POST", "GET", "DELETE", "GET"], "mint, try, revoke, prove: {:?}", local.calls());
}

#[test]
fn of_an_account_and_from_some_addresses() {
    let local = local();
    let run = local
        .run(&format!("{R2} --owner account --allow-ip 127.0.0.0/8 -v -- sh call.sh /accounts/{ACCOUNT}/r2/buckets"));
    assert_eq!(run.ended(0).stdout, "200\n");
    assert!(local.read("taken").starts_with("cfat_"));
    assert!(local.account_tokens().is_empty());
}

#[test]
fn the_status_is_that_of_the_command() {
    let local = local();
    for (command, status) in [("exit 7", 7), ("exit 255", 255), ("kill -KILL $$", 137), ("kill -TERM $$", 143)] {
        local.run(&format!("{R2} -- sh -c '{command}'")).ended(status);
        assert!(local.tokens().is_empty(), "{command}");
    }
    let run = local.run(&format!("{R2} --quiet -- sh -c 'echo out; echo err >&2; exit 3'")).ended(3);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("out\n", "err\n"), "with --quiet there is nothing else");
}

#[test]
fn what_cannot_be_run_is_known_before_anything_is_minted() {
    let local = local();
    shows!("exec_no_command", local.run(&format!("{R2} -- no-such-command --x")).failed(127));
    shows!("exec_not_executable", local.run(&format!("{R2} -- ./call.sh")).failed(126));
    assert!(local.calls().is_empty());
    // This shows only when it is started.
    local.write("broken", "#!/no/such/interpreter\n");
    Command::new("chmod").arg("+x").arg(local.path("broken")).status().unwrap();
    shows!("exec_no_interpreter", local.run(&format!("{R2} -- ./broken")).failed(126));
    assert!(local.tokens().is_empty());
}

#[test]
fn signals_reach_the_command() {
    let local = local();
    // Not HUP: where the tests run under `nohup` it is ignored, and a shell cannot trap what it began with ignored.
    let script = "n=0; trap \"n=\\$((n+1)); echo \\$n > got\\$n; [ \\$n -lt 2 ] || exit 3\" TERM; \
                  trap \"echo > usr1\" USR1; echo > ready; while :; do sleep 0.05; done";
    let child = local.type_(&format!("{R2} -- sh -c '{script}'")).start();
    wait_for(&local, "ready");
    for (signal, sign) in [("-USR1", "usr1"), ("-TERM", "got1"), ("-TERM", "got2")] {
        assert_eq!(local.tokens().len(), 1, "the command lives on, and so does its token");
        send(signal, &child);
        wait_for(&local, sign);
    }
    let (status, _) = end_of(child);
    assert_eq!(status, Some(3));
    assert!(local.tokens().is_empty());
}

#[test]
fn what_was_ignored_stays_so() {
    let local = local();
    let program = env!("CARGO_BIN_EXE_flarekeep");
    let script = "trap '' HUP; exec \"$0\" exec --recipe wrangler-r2 -- sh -c 'kill -HUP $$; exit 4'";
    let mut command = Command::new("sh");
    command.args(["-c", script, program]).current_dir(local.folder()).env("HOME", local.folder());
    command.env("CLOUDFLARE_API_BASE_URL", local.running.api_url()).env("CLOUDFLARE_ACCOUNT_ID", ACCOUNT);
    command.env("CLOUDFLARE_EMAIL", &local.facts.email).env("CLOUDFLARE_API_KEY", &local.facts.global_key);
    command.env_remove("XDG_STATE_HOME");
    assert_eq!(command.output().unwrap().status.code(), Some(4));
}

#[test]
fn of_a_run_that_is_killed_the_next_one_ends_the_token() {
    let local = local();
    let mut child = local.type_(&format!("{R2} -- sh -c 'echo $$ > pid; echo > ready; exec sleep 60'")).start();
    wait_for(&local, "ready");
    let [token] = &local.tokens()[..] else { panic!("one token was made") };
    assert!(token.name.starts_with(&format!("exec-sh-{} (pending ", host())), "{}", token.name);
    let life = token.expires_on.unwrap().duration_since(token.issued_on.unwrap()).as_secs();
    assert!((15 * 60..17 * 60).contains(&life), "{life}");
    // Others let it be, as long as its run lives.
    local.run(&format!("{R2} -- true")).ended(0);
    assert_eq!(local.tokens().len(), 1);
    send("-KILL", &child);
    assert_eq!(child.wait().unwrap().code(), None);
    // The command lives on, with a token that nobody watches.
    assert!(Command::new("kill").arg(local.read("pid").trim()).status().unwrap().success());
    assert_eq!(local.tokens().len(), 1);
    local.run(&format!("{R2} -- true")).ended(0).says("ended the token of a command whose run was stopped: exec-sh");
    assert!(local.tokens().is_empty());
    // And by hand.
    std::fs::remove_file(local.path("ready")).unwrap();
    let mut child = local.type_(&format!("{R2} -- sh -c 'echo $$ > pid; echo > ready; exec sleep 60'")).start();
    wait_for(&local, "ready");
    send("-KILL", &child);
    child.wait().unwrap();
    assert!(Command::new("kill").arg(local.read("pid").trim()).status().unwrap().success());
    let run = local.run("token resume").ended(0);
    assert!(run.stdout.contains("undone: the token of its command was ended"), "{}", run.shown());
    assert!(local.tokens().is_empty());
}

#[test]
fn the_environment_is_no_wider_than_the_token() {
    let mut local = local();
    local.home.set("FLAREKEEP_ADMIN_TOKEN", &fresh_value("cfut_"));
    local.home.set("CF_DNS_API_TOKEN", &fresh_value("cfut_"));
    local.home.set("AWS_ACCESS_KEY_ID", "kept");
    let script = "env > environment; tr \"\\0\" \" \" < /proc/$PPID/cmdline > arguments";
    let run = local.run(&format!("{R2} --variable DEPLOY_TOKEN -v -- sh -c '{script}'")).ended(0);
    let environment = environment(&local);
    let of = |name| of(&environment, name);
    let value = of("CLOUDFLARE_API_TOKEN").unwrap();
    assert!(value.starts_with("cfut_") && of("DEPLOY_TOKEN") == Some(value));
    assert_eq!((of("CLOUDFLARE_ACCOUNT_ID"), of("CLOUDFLARE_ZONE_ID")), (Some(ACCOUNT), Some(ZONE)));
    assert_eq!(of("CLOUDFLARE_BASE_URL"), Some(local.running.api_url().as_str()));
    for name in ["CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL", "FLAREKEEP_ADMIN_TOKEN", "CF_DNS_API_TOKEN"] {
        assert_eq!(of(name), None, "{name}");
        assert!(run.stderr.contains(name), "{name} is not told");
    }
    assert!(local.read("arguments").contains("exec --operation") && !local.read("arguments").contains(value));
    // R2 is made of buckets: whoever may make them is a pair of keys.
    assert_eq!(of("AWS_ACCESS_KEY_ID").map(str::len), Some(32));
    let mut state = Vec::new();
    for name in ["journal.sqlite", "journal.sqlite-wal"] {
        let path = local.path(".local/state/flarekeep").join(name);
        let _ = std::fs::File::open(path).map(|mut file| file.read_to_end(&mut state).unwrap());
    }
    assert!(!state.is_empty() && !state.windows(20).any(|part| part == &value.as_bytes()[5..25]));
    assert!(!local.path(".local/state/flarekeep/rescue").exists(), "a value that is lent needs no rescue");
}

#[test]
fn a_token_of_a_bucket_is_a_pair_of_keys() {
    let mut local = local();
    local.home.set("R2_ENDPOINT", "http://127.0.0.1:1");
    local.home.set("AWS_SESSION_TOKEN", "of another pair");
    local.run("exec --recipe upload-to-r2-bucket --bucket media -- sh -c 'env > environment'").ended(0);
    let environment = environment(&local);
    let of = |name| of(&environment, name);
    let value = SecretString::from(of("CLOUDFLARE_API_TOKEN").unwrap());
    let id = of("AWS_ACCESS_KEY_ID").unwrap();
    assert!(local.calls().iter().any(|call| call.starts_with("DELETE") && call.contains(id)), "the id is the key");
    assert_eq!(of("AWS_SECRET_ACCESS_KEY").unwrap(), sha256(value.expose_secret()));
    assert_eq!((of("AWS_REGION"), of("AWS_ENDPOINT_URL_S3")), (Some("auto"), Some("http://127.0.0.1:1")));
    assert_eq!(of("AWS_SESSION_TOKEN"), None);
}

/// By another implementation than the program's.
fn sha256(text: &str) -> String {
    use std::io::Write;
    let mut command = Command::new("sha256sum");
    let mut child = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

#[test]
fn programs_of_a_recipe_find_their_own_names() {
    let local = local();
    local.run("exec --recipe lego-dns01 -- sh -c 'env > environment'").ended(0);
    let environment = environment(&local);
    assert_eq!(of(&environment, "CF_DNS_API_TOKEN"), of(&environment, "CLOUDFLARE_API_TOKEN"));
}

#[test]
fn a_copy_is_no_wider_than_its_token() {
    let local = local();
    local.token(
        "--name story --operation 'POST /accounts/{account_id}/r2/buckets' --allow-ip 127.0.0.0/8 --expires 2999-01-31",
    );
    let child = local.type_("exec --token story --ttl 1h -- sh -c 'echo > ready; exec sleep 60'").start();
    wait_for(&local, "ready");
    let tokens = local.tokens();
    let (original, copy) = match &tokens[..] {
        [a, b] if a.name == "story" => (a, b),
        [a, b] => (b, a),
        _ => panic!("{} tokens", tokens.len()),
    };
    let meaning = |token: &flarekeep_cloudflare::Token| {
        let policies = token.policies.iter().map(|policy| (policy.resources.clone(), policy.permission_groups.clone()));
        (policies.collect::<Vec<_>>(), token.condition.clone())
    };
    assert_eq!(meaning(copy), meaning(original));
    assert!(copy.name.starts_with("exec-story-") && copy.expires_on < original.expires_on);
    send("-TERM", &child);
    assert_eq!(end_of(child).0, Some(143));
    assert_eq!(local.tokens().len(), 1, "the token itself lives on");
    shows!("exec_copy", local.run("exec --token story --allow-ip 127.0.0.1 -- true").ended(0));
    shows!("exec_copy_nowhere", local.run("exec --token story --allow-ip 203.0.113.7 -- true").failed(2));
    shows!("exec_copy_of_none", local.run("exec --token other -- true").failed(2));
}

#[test]
fn a_key_in_dot_env_does_not_go_before_the_token() {
    let local = local();
    local.write(".env", "CLOUDFLARE_EMAIL=ada@example.com\nexport CLOUDFLARE_API_KEY=0123\n");
    shows!("exec_dot_env", local.run(&format!("{R2} -- sh -c 'env > environment'")).ended(0));
    assert_eq!(of(&environment(&local), "CLOUDFLARE_API_KEY"), Some(""));
}

#[test]
fn a_report_says_what_was_done() {
    let local = local();
    let run = local.run(&format!("{R2} --report report.json -- sh -c 'exit 3'")).ended(3);
    assert!(run.stdout.is_empty());
    let report: serde_json::Value = serde_json::from_str(&local.read("report.json")).unwrap();
    assert_eq!((&report["exit_status"], &report["token"]["revoked"]), (&3.into(), &true.into()));
    assert_eq!(report["command"], "sh");
    shows!("exec_json", local.run(&format!("{R2} --json -- true")).failed(2));
    let before = local.calls().len();
    shows!("exec_report_nowhere", local.run(&format!("{R2} --report no/folder -- true")).failed(2));
    assert_eq!(local.calls().len(), before);
}

#[test]
fn a_dry_run_shows_the_token_and_runs_nothing() {
    let local = local();
    let before = local.emulator.state_hash();
    let line = "exec --recipe wrangler-deploy --dry-run -- sh -c 'echo > ran'";
    shows!("exec_dry_run", local.run(line).ended(0));
    assert_eq!(local.emulator.state_hash(), before);
    assert!(!local.path("ran").exists());
}

#[test]
fn bad_usage_is_told() {
    let local = local();
    shows!("exec_ttl", local.run(&format!("{R2} --ttl 48h -- true")).ended(2));
    shows!("exec_variable", local.run(&format!("{R2} --variable A=B -- true")).ended(2));
    shows!("exec_without_command", local.run(R2).ended(2));
    shows!("exec_without_work", local.run("exec -- true").failed(2));
    assert!(local.calls().is_empty());
}

#[test]
fn a_token_that_cannot_be_revoked_is_told_aloud() {
    let mut local = local();
    let refusal = r#"{"success":false,"errors":[{"code":9109,"message":"Unauthorized"}],"messages":[],"result":null}"#;
    let refusal = answer("403 Forbidden", "application/json", "", refusal);
    let proxy = Proxy::before(local.running.address(), move |request, _| match request.starts_with("DELETE") {
        true => Deed::Answer(refusal.clone()),
        false => Deed::Forward,
    });
    local.home.set("CLOUDFLARE_API_BASE_URL", &proxy.api_url());
    shows!("exec_left_alive", local.run(&format!("{R2} --quiet -- true")).failed(5));
    local.run(&format!("{R2} --quiet -- sh -c 'exit 3'")).failed(3);
    // With the first of them still unfinished, too.
    assert_eq!(local.tokens().len(), 2);
}
