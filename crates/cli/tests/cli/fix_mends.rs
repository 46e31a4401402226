//! `flarekeep fix` of what bars a token: address, end, start, status, what a policy denies; and without the right to.

use std::process::Command;
use std::sync::atomic::Ordering;

use flarekeep_cloudflare::{Effect, Owner, Status, TokenUpdate};

use crate::support::{Local, block_on, shows};

const RECORDS: &str = "--operation 'POST /zones/{zone_id}/dns_records'";

/// Shows what is the same at any time.
fn timeless(work: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.bind(work);
}

/// Changes the one token that there is, behind the program's back.
fn changed(local: &Local, change: impl FnOnce(&mut TokenUpdate)) {
    let token = local.tokens().remove(0);
    let mut update = TokenUpdate::from(&token);
    change(&mut update);
    block_on(local.admin().tokens(Owner::User).update(token.id, &update)).unwrap();
}

#[test]
fn a_switched_off_token() {
    let (local, _) = Local::with_a_clock();
    local.token(&format!("--name off {RECORDS}"));
    changed(&local, |update| update.status = Some(Status::Disabled));
    let before = local.emulator.state_hash();
    shows!("fix_off_refused", local.run("fix --operation 'GET /zones/{zone_id}/workers/routes' --yes").failed(2));
    assert_eq!(local.emulator.state_hash(), before);
    shows!("fix_enable", local.run("fix --enable --yes").ended(0));
    local.run(&format!("check {RECORDS}")).ended(0);
    shows!("fix_enable_again", local.run("fix --enable --yes").ended(0));
}

/// All that is wrong at once goes in one change.
#[test]
fn a_token_that_lacks_something_and_ended() {
    let (local, clock) = Local::with_a_clock();
    let value = local.token(&format!("--name short {RECORDS} --expires 2999-01-01"));
    let soon = jiff::Timestamp::from_second(clock.load(Ordering::Relaxed) - 60).unwrap();
    changed(&local, |update| {
        update.status = Some(Status::Disabled);
        update.expires_on = Some(soon);
    });
    let refused = local.run("fix --operation 'GET /zones/{zone_id}/workers/routes' --yes").failed(2);
    assert!(refused.stderr.contains("--enable --expires 90d"), "{}", refused.shown());
    let before = local.emulator.state_hash();
    local.run("fix --operation 'GET /zones/{zone_id}/workers/routes' --enable --yes").failed(2);
    assert_eq!(local.emulator.state_hash(), before, "nothing is done by halves");
    let line = "fix --operation 'GET /zones/{zone_id}/workers/routes' --enable --expires 2999-06-01 --yes";
    let run = local.run(line).ended(0);
    assert!(
        run.stdout.contains("+ Workers Routes Read") && run.stdout.contains("disabled → active"),
        "{}",
        run.shown()
    );
    local.run(&format!("check {RECORDS} --operation 'GET /zones/{{zone_id}}/workers/routes'")).ended(0);
    assert_eq!(local.value_in(".env"), value);
    // An end is moved back, never forth.
    let run = local.run("fix --expires 30d --yes").ended(0);
    assert!(run.stdout.contains("lacks nothing"), "{}", run.shown());
}

#[test]
fn a_token_before_its_time() {
    let (local, clock) = Local::with_a_clock();
    local.token(&format!("--name later {RECORDS}"));
    let start = jiff::Timestamp::from_second(clock.load(Ordering::Relaxed) + 3600).unwrap();
    changed(&local, |update| update.not_before = Some(start));
    let refused = local.run(&format!("fix {RECORDS} --yes")).failed(2);
    assert!(refused.stderr.contains("--not-before now"), "{}", refused.shown());
    local.run("fix --not-before now --yes").ended(0);
    local.run(&format!("check {RECORDS}")).ended(0);
}

/// Cloudflare does not say which token it bars: the only one that can be it is asked for, and never taken unasked.
#[test]
fn an_address_that_is_not_allowed() {
    let local = Local::start();
    local.token(&format!("--name far {RECORDS} --allow-ip 203.0.113.0/24"));
    timeless(|| shows!("fix_address_dry_run", local.run("fix --allow-ip 127.0.0.1 --dry-run").ended(0)));
    let before = local.emulator.state_hash();
    // Work alone does not mend it, and is not said to.
    let run = local.run(&format!("fix {RECORDS} --dry-run")).failed(2);
    assert!(run.stderr.contains("it bars 127.0.0.1") && run.stderr.contains("--allow-ip 127.0.0.1"), "{}", run.shown());
    timeless(|| shows!("fix_address_unnamed", local.run("fix --allow-ip 127.0.0.1 --yes").failed(2)));
    assert_eq!(local.emulator.state_hash(), before);
    timeless(|| shows!("fix_address", local.run("fix --token far --allow-ip 127.0.0.1 --yes").ended(0)));
    local.run(&format!("check {RECORDS}")).ended(0);
    let condition = local.tokens().remove(0).condition.unwrap().request_ip.unwrap().within.unwrap();
    let shown: Vec<String> = condition.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["203.0.113.0/24", "127.0.0.1/32"]);
    // One from where nobody tries it now.
    let run = local.run("fix --token far --allow-ip 198.51.100.7 --yes --json").ended(0).json();
    assert_eq!(run["changed"], true, "{run:#}");
}

/// With nothing but the barred token itself nobody can look: what to do is said all the same.
#[test]
fn an_address_that_is_not_allowed_and_no_other_credential() {
    let mut local = Local::start();
    local.token(&format!("--name far {RECORDS} --allow-ip 203.0.113.0/24"));
    local.forget_the_key();
    let before = local.emulator.state_hash();
    shows!("fix_address_by_hand", local.run("fix --allow-ip 127.0.0.1 --yes").ended(1));
    assert_eq!(local.emulator.state_hash(), before);
    local.run(&format!("fix {RECORDS} --yes")).failed(3);
}

#[test]
fn one_of_several_is_not_guessed() {
    let local = Local::start();
    for name in ["one", "two"] {
        local.token(&format!("--name {name} {RECORDS} --allow-ip 203.0.113.0/24"));
    }
    let run = local.run("fix --allow-ip 127.0.0.1 --dry-run").failed(2);
    assert!(run.stderr.contains("2 tokens of yours") && run.stderr.contains("(one)"), "{}", run.shown());
}

/// Where verifying tells nothing, an unknown value is not taken for a token that is off by chance and stays untouched.
#[test]
fn a_token_that_cloudflare_does_not_name() {
    let local = Local::start();
    local.token(&format!("--name off {RECORDS}"));
    changed(&local, |update| update.status = Some(Status::Disabled));
    let before = local.emulator.state_hash();
    let run = local.run("fix --enable --yes").failed(2);
    assert!(run.stderr.contains("--token"), "{}", run.shown());
    assert_eq!(local.emulator.state_hash(), before);
    local.run("fix --token off --enable --yes").ended(0);
    local.run(&format!("check {RECORDS}")).ended(0);
    // The value is another token's now: what is named is mended, and nothing is claimed of the value.
    local.token("--name other --operation 'GET /zones/{zone_id}/workers/routes'");
    let run = local.run("fix --token off --operation 'GET /zones/{zone_id}/workers/routes' --yes").ended(0);
    assert!(run.stdout.contains("was not tried"), "{}", run.shown());
}

/// An account's token is named with its owner, and a plan file says the work.
#[test]
fn an_accounts_token_and_a_plan() {
    let local = Local::start();
    let value = local.token(&format!("--name shared --owner account {RECORDS}"));
    let token = local.account_tokens().remove(0);
    let off = TokenUpdate { status: Some(Status::Disabled), ..TokenUpdate::from(&token) };
    block_on(local.admin().tokens(Owner::Account(local.facts.account_id)).update(token.id, &off)).unwrap();
    let plan = local
        .run(&format!("plan --owner account {RECORDS} --operation 'GET /zones/{{zone_id}}/workers/routes' -o json"));
    local.write("plan.json", &plan.ended(0).stdout);
    local.run("fix --token shared --owner account --plan plan.json --yes").failed(2).says("--enable");
    let run = local.run("fix --token shared --owner account --plan plan.json --enable --yes").ended(0);
    assert!(run.stdout.contains("+ Workers Routes Read"), "{}", run.shown());
    local.run("check --plan plan.json").ended(0);
    assert_eq!(local.value_in(".env"), value);
}

#[test]
fn what_a_policy_denies_is_given_back_only_when_asked() {
    let local = Local::start();
    local.token(&format!("--name dns {RECORDS}"));
    changed(&local, |update| {
        let mut deny = update.policies[0].clone();
        deny.effect = Effect::Deny;
        update.policies.push(deny);
    });
    let before = local.emulator.state_hash();
    local.run(&format!("fix {RECORDS} --yes")).failed(2).says("--undeny");
    assert_eq!(local.emulator.state_hash(), before);
    shows!("fix_undeny", local.run(&format!("fix {RECORDS} --undeny --dry-run")).ended(0));
    local.run(&format!("fix {RECORDS} --undeny --yes")).ended(0);
    local.run(&format!("check {RECORDS}")).ended(0);
}

/// Who may not gets the steps, and a call that another's shell can run: it makes the same change.
#[test]
fn by_hand() {
    let mut local = Local::start();
    let value = local.narrow_token();
    let admin = {
        local.run("token create --name minter --permission 'User:API Tokens:Edit' --to env:minter.env --yes").ended(0);
        local.value_in("minter.env")
    };
    local.forget_the_key();
    let before = local.emulator.state_hash();
    let document = local.run("fix --operation 'POST /zones/{zone_id}/dns_records' --yes --json").ended(1).json();
    assert_eq!(local.emulator.state_hash(), before);
    assert_eq!(document["changed"], false);
    let steps = document["by_hand"]["steps"].to_string();
    assert!(steps.contains("Zone > DNS > Edit"), "{steps}");
    let call = document["by_hand"]["call"].as_str().unwrap();
    let call = call.replace("https://api.cloudflare.com/client/v4", &local.running.api_url());
    if Command::new("jq").arg("--version").output().is_err() || Command::new("curl").arg("--version").output().is_err()
    {
        eprintln!("skipped: there is no jq or no curl");
        return;
    }
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", &call]).current_dir(local.folder()).env("FLAREKEEP_ADMIN_TOKEN", &admin);
    let output = shell.env_remove("http_proxy").env("no_proxy", "127.0.0.1").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"success\":true"), "{output:?}\n{call}");
    std::fs::remove_file(local.path("token.json")).unwrap();
    local.run("check --operation 'POST /zones/{zone_id}/dns_records' --operation 'POST /accounts/{account_id}/r2/buckets'").ended(0);
    assert_eq!(local.value_in(".env"), value);
}

/// A token that may read tokens and not write them: all of the change is written down.
#[test]
fn by_hand_where_the_token_can_be_read() {
    let mut local = Local::start();
    local.run("token create --name reader --permission 'User:API Tokens:Read' --to env:reader.env --yes").ended(0);
    let reader = local.value_in("reader.env");
    local.token(&format!("--name far {RECORDS} --allow-ip 203.0.113.0/24"));
    local.forget_the_key();
    let line = "fix --token far --allow-ip 127.0.0.1 --operation 'GET /zones/{zone_id}/workers/routes' --yes";
    let run = local.type_(line).env("FLAREKEEP_ADMIN_TOKEN", &reader).run().ended(1);
    timeless(|| shows!("fix_by_hand", run));
}
