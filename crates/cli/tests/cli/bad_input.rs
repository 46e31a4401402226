//! Ids that are none, places that are not there, and other input that nobody should be punished for.

use serde_json::json;

use crate::support::{Home, Local, shows};

const R2: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";

#[test]
fn an_id_that_is_no_id() {
    let local = Local::start();
    local.narrow_token();
    let short = "aaaa0000aaaa0000aaaa0000aaaa000";
    let wrong = "aaaa0000aaaa0000aaaa0000aaaa000g";
    shows!("bad_account_id", local.run(&format!("check {R2} --account {short}")).failed(2));
    shows!("bad_zone_id", local.run(&format!("check --recipe saas-platform --zone {wrong}")).failed(2));
    shows!(
        "bad_account_id_env",
        local.type_("token list --owner account").env("CLOUDFLARE_ACCOUNT_ID", short).run().failed(2)
    );
    let before = local.emulator.state_hash();
    local.run(&format!("token create --name x {R2} --account {wrong} --to env:x.env --yes")).failed(2);
    shows!("bad_token_id", local.run(&format!("token show {short}")).failed(2));
    local.run(&format!("token revoke {wrong} --yes")).failed(2);
    assert_eq!(local.emulator.state_hash(), before);
    // An id in an operation's path.
    shows!("bad_id_in_path", local.run(&format!("check --operation 'GET /zones/{short}/workers/routes'")).ended(2));
}

#[test]
fn a_place_that_is_not_there() {
    let local = Local::start();
    local.token("--recipe saas-platform");
    shows!("no_such_account", local.run("token list --owner account --account Acmee").failed(2));
    shows!("no_such_zone", local.run("check --recipe saas-platform --zone nowhere.test").failed(2));
    let nobody = "dddd0000dddd0000dddd0000dddd0001";
    shows!("unknown_account_id", local.run(&format!("token list --owner account --account {nobody}")).failed(2));
    // Names are data: they are encoded on their way, and escaped when they are shown.
    local.run("token list --owner account --account 'a&b=c#d%00/../x'").failed(2);
    let run =
        local.type_("token list --owner account").env("CLOUDFLARE_ACCOUNT_ID", "x\u{1b}[31m\u{202e}").run().failed(2);
    assert!(!run.stderr.contains('\u{1b}') && !run.stderr.contains('\u{202e}'));
}

#[test]
fn an_address_of_the_api_that_is_none() {
    let local = Local::start();
    shows!("api_url_insecure", local.run("token list --api-url http://api.example.com/client/v4").failed(2));
    shows!("api_url_nonsense", local.run("token list --api-url nonsense").failed(2));
    local.run("token list --api-url ftp://127.0.0.1/").failed(2);
    local.run("token list --api-url ''").failed(2);
}

#[test]
fn json_errors_are_documents() {
    let home = Home::new();
    shows!("error_json", home.run("plan --recipe saas-platfrom --json").failed(2));
    let document = home.run("plan --recipe saas-platfrom --json").failed(2).json();
    assert_eq!(document["error"]["kind"], "usage");
    assert_eq!(document["error"]["exit_status"], 2);
    let local = Local::start();
    let document = local.run("token show nobody --json").failed(2).json();
    assert_eq!(document["error"]["exit_status"], 2);
}

/// Arguments that are none are an error like any other.
#[test]
fn json_errors_of_arguments_are_documents() {
    let mut home = Home::new();
    shows!("error_json_value", home.run("audit --quota 101 --json").failed(2));
    shows!("error_json_missing", home.run("audit accept --json").failed(2));
    for line in [
        "--json",
        "token --json",
        "scan --json",
        "record --json",
        "recrod --json",
        "--json audit --jsno",
        "plan --json --output x",
    ] {
        let document = home.run(line).failed(2).json();
        assert_eq!((&document["error"]["kind"], &document["error"]["exit_status"]), (&json!("usage"), &json!(2)));
    }
    let value = crate::support::fresh_value("cfut_");
    home.call(&value, "VALUE");
    home.keep_secret(&value);
    let run = home.run(&format!("audit --quota {value} --json")).failed(2);
    assert!(run.json()["error"]["message"].as_str().unwrap().contains("[hidden]"), "{}", run.stdout);
    // What is behind `--` is another program's, and help is no error.
    assert_eq!(home.run("exec --quota -- gh --json").ended(2).stdout, "");
    assert!(home.run("audit --json --help").ended(0).stdout.contains("Usage: "));
    assert!(home.run("--json --version").ended(0).stdout.starts_with("flarekeep "));
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let home = Home::new();
    for line in [
        "recipe show saas-platform",
        "permission export --json",
        "plan --recipe saas-platform --json",
        "completions bash",
        "man",
        "--help",
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_flarekeep"));
        command.args(line.split(' ')).current_dir(home.folder()).stdin(std::process::Stdio::null());
        // A pipe whose reader is gone before the program starts.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !stderr.contains("error"), "{line}: {} {stderr}", output.status);
    }
}

#[test]
fn quiet_and_colour() {
    let local = Local::start();
    let run = local.run(&format!("token create --name x {R2} --to env:.env --yes --quiet")).ended(0);
    assert_eq!(run.stderr, "", "--quiet prints no remarks");
    let run = local.run("token list --quiet --verbose").ended(2);
    assert!(!run.stderr.contains('\u{1b}'));
    for line in ["token list", "plan --recipe saas-platform", "check --recipe saas-platform"] {
        let run = local.run(line);
        assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{}", run.shown());
    }
}

/// A zone by its name tells its owner: another account is not taken for it.
#[test]
fn a_zone_of_another_account() {
    let local = Local::start();
    let other = "dddd0000dddd0000dddd0000dddd0001";
    let line = format!("token create --recipe saas-platform --zone example.com --account {other} --to env:.env --yes");
    local.run(&line).failed(2).says("belongs to another account");
    assert!(local.tokens().is_empty());
}
