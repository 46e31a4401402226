//! `flarekeep emulate`, as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::support::{Home, fresh_value, shows, without_secrets};

/// An emulator in another process, killed when it is dropped.
pub(crate) struct Emulator {
    process: Child,
    /// Its first line, read.
    pub(crate) facts: Value,
}

impl Emulator {
    pub(crate) fn start(home: &Home, options: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flarekeep"));
        command.args("emulate --json --listen 127.0.0.1:0".split(' ')).args(options.split_whitespace());
        let mut process = command
            .current_dir(home.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .env("NO_COLOR", "1")
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let facts = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"));
        Self { process, facts }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.facts[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.facts))
    }

    /// Lets the home's commands speak to it, as the words on its greeting say.
    fn set_up(&self, home: &mut Home) {
        home.set("CLOUDFLARE_API_BASE_URL", self.text("api"));
        home.set("CLOUDFLARE_ACCOUNT_ID", self.text("account_id"));
        home.set("CLOUDFLARE_ZONE_ID", self.facts["zones"][0]["id"].as_str().unwrap());
        home.set("CLOUDFLARE_EMAIL", self.text("email"));
        home.set("CLOUDFLARE_API_KEY", self.text("global_key"));
        home.keep_secret(self.text("global_key"));
    }

    /// SIGKILL: no handler runs.
    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn terminate(&mut self) -> ExitStatus {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.process.wait().unwrap()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_id(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[test]
fn the_first_line_is_all_that_a_script_needs() {
    let mut home = Home::new();
    let mut emulator = Emulator::start(&home, "");
    let keys: Vec<_> = emulator.facts.as_object().unwrap().keys().map(String::as_str).collect();
    for key in ["api", "s3", "account_id", "zones", "email", "global_key"] {
        assert!(keys.contains(&key), "{key} is not among {keys:?}");
    }
    let api = emulator.text("api");
    let port = api.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.strip_suffix("/client/v4"));
    assert!(port.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0)), "{api}");
    assert!(emulator.text("s3").starts_with("http://127.0.0.1:") && !api.starts_with(emulator.text("s3")));
    assert!(is_id(&emulator.facts["account_id"]) && is_id(&emulator.facts["zones"][0]["id"]));
    assert_eq!(emulator.facts["zones"][0]["name"], "example.com");
    emulator.set_up(&mut home);
    home.run("token create --recipe saas-platform --to env:.env --yes").ended(0);
    home.run("check --recipe saas-platform").ended(0);
    assert_eq!(emulator.terminate().code(), Some(0), "a service ends well at SIGTERM");
}

#[test]
fn dns_is_answered_where_it_is_asked_for() {
    let home = Home::new();
    assert!(Emulator::start(&home, "").facts.get("dns").is_none());
    let emulator = Emulator::start(&home, "--dns-listen 127.0.0.1:0");
    let address: std::net::SocketAddr = emulator.text("dns").parse().unwrap();
    assert!(address.ip().is_loopback() && address.port() > 0);
    std::net::TcpStream::connect(address).unwrap();
}

#[test]
fn the_world_is_as_the_file_says() {
    let mut home = Home::new();
    let key = fresh_value("cfk_");
    let world = format!(
        "[[account]]\nname = 'Acme'\nid = 'aaaa0000aaaa0000aaaa0000aaaa0007'\n\
         [[user]]\nemail = 'grace@example.com'\nglobal_key = '{key}'\n\
         [[zone]]\nname = 'one.test'\n[[zone]]\nname = 'two.test'\nid = 'bbbb0000bbbb0000bbbb0000bbbb0007'\n"
    );
    home.write("world.toml", &world);
    let emulator = Emulator::start(&home, "--world world.toml");
    assert_eq!(emulator.text("account_id"), "aaaa0000aaaa0000aaaa0000aaaa0007");
    assert_eq!((emulator.text("email"), emulator.text("global_key")), ("grace@example.com", key.as_str()));
    let zones: Vec<_> =
        emulator.facts["zones"].as_array().unwrap().iter().map(|zone| zone["name"].as_str().unwrap()).collect();
    assert_eq!(zones, ["one.test", "two.test"]);
    emulator.set_up(&mut home);
    home.run("token list --account Acme --owner account").ended(0);
}

#[test]
fn a_bad_world_names_the_line_and_never_the_key() {
    let home = Home::new();
    let emulate = "emulate --listen 127.0.0.1:0 --world";
    shows!("emulate_world_missing", home.run(&format!("{emulate} nowhere.toml")).ended(2));
    home.write("id.toml", "[[account]]\nname = 'Acme'\nid = 'no id'\n");
    shows!("emulate_world_bad_id", home.run(&format!("{emulate} id.toml")).ended(2));
    home.write("empty.toml", "");
    shows!("emulate_world_empty", home.run(&format!("{emulate} empty.toml")).ended(2));
    let key = fresh_value("cfk_");
    let bad = format!("{key}x");
    home.keep_secret(&key);
    home.write("key.toml", &format!("[[account]]\nname = 'A'\n[[user]]\nemail = 'a@b.c'\nglobal_key = '{bad}'\n"));
    home.run(&format!("{emulate} key.toml")).ended(2);
    // A syntax error behind the key: TOML's own message would quote the line.
    home.write("syntax.toml", &format!("[[user]]\nemail = 'a@b.c'\nglobal_key = '{key}' x\n"));
    home.run(&format!("{emulate} syntax.toml")).ended(2);
    home.write("type.toml", &format!("[[user]]\nemail = 'a@b.c'\nglobal_key = ['{key}']\n"));
    home.run(&format!("{emulate} type.toml")).ended(2);
}

#[test]
fn an_address_that_is_taken() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut home_with_words = home;
    home_with_words.call(&address, "127.0.0.1:[port]");
    shows!("emulate_taken", home_with_words.run(&format!("emulate --listen {address}")).failed(4));
    home_with_words.run("emulate --listen nowhere").ended(2);
    let port = taken.local_addr().unwrap().port();
    home_with_words.call(&format!("--s3-port {port}"), "--s3-port [port]");
    shows!(
        "emulate_s3_taken",
        home_with_words.run(&format!("emulate --listen 127.0.0.1:0 --s3-port {port}")).failed(4)
    );
}

#[test]
fn the_state_outlives_a_sigkill() {
    let mut home = Home::new();
    let emulator = Emulator::start(&home, "--state kept");
    emulator.set_up(&mut home);
    let (account, key) = (emulator.text("account_id").to_owned(), emulator.text("global_key").to_owned());
    home.run("token create --recipe saas-platform --to env:.env --yes").ended(0);
    let value = home.value_in(".env");
    // The folder belongs to one process at a time.
    shows!("emulate_state_in_use", home.run("emulate --listen 127.0.0.1:0 --state kept").failed(2));
    emulator.kill();

    let emulator = Emulator::start(&home, "--state kept");
    assert_eq!((emulator.text("account_id"), emulator.text("global_key")), (account.as_str(), key.as_str()));
    emulator.set_up(&mut home);
    home.run("token verify").ended(0);
    home.run("check --recipe saas-platform").ended(0);
    home.run("token revoke flarekeep-saas-platform --yes").ended(0);
    emulator.kill();

    let emulator = Emulator::start(&home, "--state kept");
    emulator.set_up(&mut home);
    home.run("token verify").ended(3);
    // No value of a token is on disk in clear.
    for entry in std::fs::read_dir(home.path("kept")).unwrap() {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&content).contains(&value), "the state holds the token's value");
    }
}

#[test]
fn a_state_that_cannot_be_read() {
    let home = Home::new();
    home.write("file", "");
    shows!("emulate_state_no_folder", home.run("emulate --listen 127.0.0.1:0 --state file").failed(2));
}

#[test]
fn the_log_tells_why_and_holds_no_value() {
    let mut home = Home::new();
    let log = std::fs::File::create(home.path("log")).unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_flarekeep"))
        .args(["emulate", "--json", "--listen", "127.0.0.1:0", "--verbose"])
        .current_dir(home.folder())
        .stdout(Stdio::piped())
        .stderr(log)
        .env("NO_COLOR", "1")
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let emulator = Emulator { process, facts: serde_json::from_str(&line).unwrap() };
    emulator.set_up(&mut home);
    home.run("token create --name r2 --operation 'POST /accounts/{account_id}/r2/buckets' --to env:.env --yes")
        .ended(0);
    home.run("check --operation 'POST /zones/{zone_id}/dns_records'").ended(1);
    let value = home.value_in(".env");
    let (email, key) = (emulator.text("email").to_owned(), emulator.text("global_key").to_owned());
    emulator.kill();
    let log = home.read("log");
    assert!(log.contains("deny  403 POST /client/v4/zones/"), "{log}");
    assert!(
        log.contains("needs DNS Write at zone") && log.contains("the token holds Workers R2 Storage Write"),
        "{log}"
    );
    assert!(!log.contains(&email));
    without_secrets("the log", &log, &[value, key]);
}

#[test]
fn a_recording_holds_a_line_for_each_call_and_no_value() {
    let mut home = Home::new();
    let start = |home: &Home| Emulator::start(home, "--quiet --recording calls.jsonl");
    let emulator = start(&home);
    emulator.set_up(&mut home);
    let made = "token create --name r2 --operation 'POST /accounts/{account_id}/r2/buckets' --to env:.env --yes";
    home.run(made).ended(0);
    home.run("check --operation 'POST /zones/{zone_id}/dns_records'").ended(1);
    let (value, key) = (home.value_in(".env"), emulator.text("global_key").to_owned());
    let zone = format!("{}/zones/{}", emulator.text("api"), emulator.facts["zones"][0]["id"].as_str().unwrap());
    emulator.kill();
    let text = home.read("calls.jsonl");
    without_secrets("the recording", &text, &[value, key]);
    let calls: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let refused = calls.iter().find(|call| call["status"] == 403).unwrap_or_else(|| panic!("{text}"));
    assert_eq!((&refused["method"], &refused["errors"]), (&"POST".into(), &serde_json::json!([10000])));
    assert_eq!(refused["url"], format!("{zone}/dns_records"));
    assert!(
        calls.iter().all(|call| call["at"].as_str().is_some_and(|at| at.ends_with('Z')) && call["operation"].is_null())
    );
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(home.path("calls.jsonl")).unwrap().permissions().mode() & 0o777, 0o600);

    // Another run appends.
    start(&home).kill();
    let emulator = start(&home);
    emulator.set_up(&mut home);
    home.run("token list").ended(0);
    emulator.kill();
    assert!(home.read("calls.jsonl").starts_with(&text) && home.read("calls.jsonl").len() > text.len());
    shows!(
        "emulate_recording_no_folder",
        home.run("emulate --listen 127.0.0.1:0 --recording none/calls.jsonl").failed(2)
    );
}

#[test]
fn the_greeting_is_for_people() {
    let home = Home::new();
    let mut process = Command::new(env!("CARGO_BIN_EXE_flarekeep"))
        .args(["emulate", "--listen", "127.0.0.1:0"])
        .current_dir(home.folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .env("NO_COLOR", "1")
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let greeting: Vec<String> =
        lines.by_ref().map(Result::unwrap).take_while(|line| !line.contains("Ctrl-C")).collect();
    process.kill().unwrap();
    process.wait().unwrap();
    for name in [
        "CLOUDFLARE_API_BASE_URL=",
        "CLOUDFLARE_ACCOUNT_ID=",
        "CLOUDFLARE_ZONE_ID=",
        "CLOUDFLARE_API_KEY=",
        "AWS_ENDPOINT_URL_S3=",
    ] {
        assert!(greeting.iter().any(|line| line.contains(name)), "{name} is not greeted with: {greeting:?}");
    }
}
