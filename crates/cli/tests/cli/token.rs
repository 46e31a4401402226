//! `flarekeep token list|show|verify|roll|revoke`.

use crate::support::{Local, shows};

const R2: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";

/// Replaces times, which differ from run to run, for the snapshots of this file.
fn timeless(work: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\b20\d\d-\d\d-\d\d\b", "[day]");
    settings.bind(work);
}

#[test]
fn list() {
    let local = Local::start();
    shows!("token_list_empty", local.run("token list").ended(0));
    assert_eq!(local.run("token list --json").ended(0).json(), serde_json::json!([]));
    local.token(&format!("--name b-second {R2}"));
    local.token(&format!("--name a-first {R2} --expires 2999-01-31"));
    local.token(&format!("--name shared {R2} --owner account"));
    timeless(|| {
        shows!("token_list", local.run("token list").ended(0));
        shows!("token_list_account", local.run("token list --owner account").ended(0));
        shows!("token_list_json", local.run("token list --json").ended(0));
    });
}

#[test]
fn show() {
    let local = Local::start();
    local.token(&format!("--name story {R2} --allow-ip 127.0.0.1 --expires 2999-01-31 --permission 'DNS Read'"));
    local.token(&format!("--name shared {R2} --owner account"));
    let id = local.tokens()[0].id;
    timeless(|| {
        let by_name = local.run("token show story").ended(0);
        let by_id = local.run(&format!("token show {id}")).ended(0);
        assert_eq!(by_name.stdout, by_id.stdout);
        shows!("token_show", by_name);
        shows!("token_show_json", local.run("token show story --json").ended(0));
        shows!("token_show_account", local.run("token show shared --owner account").ended(0));
    });
    shows!("token_show_unknown", local.run("token show stroy").failed(2));
    // An id that no token has.
    local.run(&format!("token show {}", "0".repeat(32))).ended(2);
    local.run(&format!("token create --name story {R2} --to file:second --yes")).ended(0);
    shows!("token_show_many", local.run("token show story").failed(2));
}

#[test]
fn verify() {
    let local = Local::start();
    let value = local.narrow_token();
    shows!("token_verify", local.run("token verify").ended(0));
    let document = local.run("token verify --json").ended(0).json();
    assert_eq!(document["status"], "active");
    assert_eq!(document["owner"], "user");
    assert_eq!(document["id"], local.tokens()[0].id.to_string());
    local.write("token", &format!("{value}\n"));
    std::fs::remove_file(local.path(".env")).unwrap();
    local.run("token verify --token-file token").ended(0);
    shows!("token_verify_missing_file", local.run("token verify --token-file nowhere").ended(2));
    // Only a Global API key is given: it is no token.
    shows!("token_verify_global_key", local.run("token verify").failed(2));
}

#[test]
fn verify_of_an_account() {
    let local = Local::start();
    local.token(&format!("--name shared {R2} --owner account"));
    shows!("token_verify_account", local.run("token verify").ended(0));
    let run = local.type_("token verify").env_remove("CLOUDFLARE_ACCOUNT_ID").run();
    shows!("token_verify_account_unnamed", run.failed(2));
}

#[test]
fn roll() {
    let local = Local::start();
    let old = local.narrow_token();
    let id = local.tokens()[0].id;
    shows!("token_roll_without_yes", local.run("token roll story --to env:.env").failed(2));
    shows!("token_roll_without_sink", local.run("token roll story --yes").failed(2));
    shows!("token_roll_dry_run", local.run("token roll story --dry-run").ended(0));
    assert!(local.is_alive(&old));
    shows!("token_roll", local.run("token roll story --to env:.env --yes").ended(0));
    let new = local.value_in(".env");
    assert_ne!(old, new);
    assert!(!local.is_alive(&old) && local.is_alive(&new));
    let run = local.run(&format!("token roll {id} --to env:.env --yes --json")).ended(0);
    assert_eq!(run.json()["id"], id.to_string());
    shows!("token_roll_json", run);
    let run = local.type_("token roll story --to - --yes").asking_for_the_value().run().ended(0);
    assert!(local.is_alive(run.stdout.strip_suffix('\n').unwrap()));
    shows!("token_roll_stdout", run);
    local.run("token roll story --to - --yes --json").failed(2);
    assert_eq!(local.tokens().len(), 1);
}

#[test]
fn roll_of_an_account() {
    let local = Local::start();
    let old = local.token(&format!("--name shared {R2} --owner account"));
    local.run("token roll shared --to env:.env --yes").ended(2);
    local.run("token roll shared --owner account --to env:.env --yes").ended(0);
    let new = local.value_in(".env");
    assert!(new.starts_with("cfat_") && local.is_alive(&new) && !local.is_alive(&old));
}

#[test]
fn revoke() {
    let local = Local::start();
    let value = local.narrow_token();
    timeless(|| {
        shows!("token_revoke_without_yes", local.run("token revoke story").failed(2));
        shows!("token_revoke_dry_run", local.run("token revoke story --dry-run").ended(0));
        assert!(local.is_alive(&value));
        let run = local.run("token revoke story --yes").ended(0);
        assert!(!local.is_alive(&value) && local.tokens().is_empty());
        shows!("token_revoke", run);
    });
    shows!("token_revoke_twice", local.run("token revoke story --yes").failed(2));
    local.token(&format!("--name shared {R2} --owner account"));
    let document = local.run("token revoke shared --owner account --yes --json").ended(0).json();
    assert_eq!(document["revoked"], true);
    assert!(local.account_tokens().is_empty());
    // The dead token says so, with the status of a refused credential.
    shows!("token_verify_dead", local.run("token verify").failed(3));
}

#[test]
fn hostile_names_are_escaped() {
    let local = Local::start();
    let manager = local.admin();
    let name = "evil\u{1b}[31m\u{202e}name".to_owned();
    let policies = {
        local.narrow_token();
        local.tokens()[0].policies.clone()
    };
    let new = flarekeep_cloudflare::NewToken { name, policies, ..Default::default() };
    // The emulator may refuse such a name, as Cloudflare may; where it takes it, nothing of it reaches a terminal raw.
    if crate::support::block_on(manager.tokens(flarekeep_cloudflare::Owner::User).create(&new)).is_ok() {
        for line in ["token list", "token show story"] {
            let run = local.run(line);
            assert!(!run.stdout.contains('\u{1b}') && !run.stdout.contains('\u{202e}'), "{}", run.shown());
        }
    }
}
