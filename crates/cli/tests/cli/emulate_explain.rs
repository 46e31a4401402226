//! `flarekeep emulate --explain`: the stream of decisions on standard error, in columns.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Home, without_secrets};

#[test]
fn each_decision_is_one_line_with_its_grounds() {
    let mut home = Home::new();
    let log = std::fs::File::create(home.path("log")).unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_flarekeep"))
        .args(["emulate", "--json", "--listen", "127.0.0.1:0", "--explain"])
        .current_dir(home.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .env("NO_COLOR", "1")
        .spawn()
        .unwrap();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let facts: Value = serde_json::from_str(&line).unwrap();
    let text = |name: &str| facts[name].as_str().unwrap().to_owned();
    let (account, zone) = (text("account_id"), facts["zones"][0]["id"].as_str().unwrap().to_owned());
    home.set("CLOUDFLARE_API_BASE_URL", &text("api"));
    home.set("CLOUDFLARE_ACCOUNT_ID", &account);
    home.set("CLOUDFLARE_ZONE_ID", &zone);
    home.set("CLOUDFLARE_EMAIL", &text("email"));
    home.set("CLOUDFLARE_API_KEY", &text("global_key"));
    home.keep_secret(&text("global_key"));
    let made = "token create --name dns --operation 'GET /zones/{zone_id}/dns_records' --to env:.env --yes";
    home.run(made).ended(0);
    home.run("check --operation 'POST /zones/{zone_id}/dns_records'").ended(1);
    let value = home.value_in(".env");
    process.kill().unwrap();
    process.wait().unwrap();

    let log = home.read("log");
    let path = format!("/client/v4/zones/{zone}/dns_records");
    let denied =
        format!("deny  403 POST   missing-group       {path}  needs DNS Write at zone {zone}; the token holds");
    let by_key = "allow 200 POST   global-key          /client/v4/user/tokens\n";
    assert!(log.contains(&denied), "{log}");
    assert!(log.contains(by_key) && log.contains(&path), "{log}");
    // How the new token verified itself.
    assert!(log.contains("allow 200 GET    any-token           /client/v4/user/tokens/verify  needs no"), "{log}");
    without_secrets("the log", &log, &[value, text("global_key")]);
    line.clear();
    std::io::Read::read_to_string(&mut out, &mut line).unwrap();
    assert_eq!(line, "", "standard output is the one document");
}
