//! `flarekeep apply` and `flarekeep import`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flarekeep_cloudflare::{Condition, Owner, Token, TokenUpdate};

use crate::support::{Deed, Local, Proxy, answer, block_on, shows};

const EXAMPLE: &str = include_str!("../../../../examples/flarekeep.toml");

/// The example with a date in the place of an age, so that no snapshot depends on the day.
fn dated() -> String {
    EXAMPLE.replace("expires = \"90d\" ", "expires = \"2099-01-31\" ")
}

/// A local Cloudflare with the five tokens of the example.
fn applied() -> Local {
    let mut local = Local::start();
    local.write("flarekeep.toml", &dated());
    local.run("apply --yes").ended(0);
    hide_ids(&mut local);
    local
}

/// Ids of tokens are another each time.
fn hide_ids(local: &mut Local) {
    for token in all(local) {
        local.home.call(&token.id.to_string(), &format!("[id of {}]", token.name));
    }
}

fn all(local: &Local) -> Vec<Token> {
    let mut all = [local.tokens(), local.account_tokens()].concat();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn named(local: &Local, name: &str) -> Token {
    all(local).into_iter().find(|token| token.name == name).unwrap_or_else(|| panic!("no {name}"))
}

/// Changes a token of the account behind the program's back.
fn change(local: &Local, name: &str, change: impl FnOnce(&mut TokenUpdate)) {
    let token = named(local, name);
    let mut update = TokenUpdate::from(&token);
    change(&mut update);
    block_on(local.admin().tokens(Owner::Account(local.facts.account_id)).update(token.id, &update)).unwrap();
}

/// Fails unless the run ended well and its answer holds the text.
#[track_caller]
fn answers(local: &Local, line: &str, text: &str) {
    let run = local.run(line).ended(0);
    assert!(run.shown().contains(text), "{}", run.shown());
}

/// The calls that a run makes.
fn calls(local: &Local, run: impl FnOnce()) -> Vec<String> {
    let before = local.calls().len();
    run();
    local.calls().split_off(before)
}

/// The value behind a key of `tokens.env`.
fn value(local: &Local, key: &str) -> String {
    let text = local.read("tokens.env");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key}=")));
    line.unwrap_or_else(|| panic!("no {key}")).to_owned()
}

#[test]
fn five_tokens_are_made_and_left_alone() {
    let local = Local::start();
    local.write("flarekeep.toml", EXAMPLE);
    shows!("apply_dry_run", local.run("apply --dry-run").ended(0));
    assert!(all(&local).is_empty());
    shows!("apply_create", local.run("apply --yes").ended(0));
    let names: Vec<String> = all(&local).into_iter().map(|token| token.name).collect();
    assert_eq!(
        names,
        ["DNS editor (office)", "shop-certificates-prod", "shop-deploy-prod", "shop-purge-prod", "shop-uploads-prod"]
    );
    for key in ["CF_DNS_TOKEN", "CF_DEPLOY_TOKEN", "CF_PURGE_TOKEN", "CF_UPLOADS_TOKEN", "CF_EDITOR_TOKEN"] {
        let value = value(&local, key);
        assert_eq!(local.is_alive(&value), key != "CF_DNS_TOKEN", "{key}: an address is asked of one");
    }
    assert_eq!(local.read("deploy.token").trim(), value(&local, "CF_DEPLOY_TOKEN"));
    let calls = calls(&local, || {
        shows!("apply_unchanged", local.run("apply").ended(0));
    });
    // Two owners, and three names to look up.
    assert_eq!(calls.iter().filter(|call| call.contains("/tokens")).count(), 2, "{calls:?}");
    assert_eq!(calls.len(), 5, "{calls:?}");
    local.run("apply --check").ended(0);
}

#[test]
fn narrowed_and_widened_in_place() {
    let local = applied();
    let before = named(&local, "shop-uploads-prod");
    local.write(
        "flarekeep.toml",
        &dated().replace("\"Workers R2 Storage Bucket Item Write\"", "\"Workers R2 Storage Bucket Item Read\""),
    );
    shows!("apply_narrow", local.run("apply --yes --no-widen").ended(0));
    let narrowed = named(&local, "shop-uploads-prod");
    assert_eq!((narrowed.id, narrowed.expires_on), (before.id, before.expires_on), "the value and the end stay");
    local.write("flarekeep.toml", &dated());
    shows!("apply_no_widen", local.run("apply --yes --no-widen").ended(1));
    assert_eq!(named(&local, "shop-uploads-prod").policies, narrowed.policies);
    shows!("apply_widen", local.run("apply --yes").ended(0));
    local.run("apply --check").ended(0);
    assert!(local.is_alive(&value(&local, "CF_UPLOADS_TOKEN")));
}

#[test]
fn drift_behind_our_back_is_seen_and_mended() {
    let local = applied();
    change(&local, "shop-deploy-prod", |update| {
        update.condition = Condition::from_lists(vec!["192.0.2.0/24".parse().unwrap()], Vec::new());
        update.expires_on = None;
    });
    change(&local, "shop-purge-prod", |update| {
        let deploy = named(&local, "shop-deploy-prod");
        update.policies.extend(deploy.policies);
    });
    shows!("apply_drift", local.run("apply --check").ended(1));
    let document = local.run("apply --check --json").ended(1).json();
    assert_eq!(document["in_sync"], false);
    let changes: Vec<&str> =
        document["tokens"].as_array().unwrap().iter().filter_map(|one| one["change"].as_str()).collect();
    assert_eq!(changes, ["unchanged", "change", "unchanged", "narrow", "unchanged"]);
    answers(&local, "apply --only purge --yes", "1 to narrow");
    answers(&local, "apply --yes", "1 to change");
    local.run("apply --check").ended(0);
}

#[test]
fn what_is_not_declared_any_more_is_revoked() {
    let local = applied();
    // Somebody else's token of the same owner is nobody's business.
    local
        .run("token create --owner account --name other --operation 'GET /zones/{zone_id}' --to file:other --yes")
        .ended(0);
    let text = dated();
    let (kept, _) = text.split_once("# A user's token").unwrap();
    local.write("flarekeep.toml", kept);
    local.run("apply --only deploy --check").ended(0);
    shows!("apply_revoke", local.run("apply --yes").ended(0));
    let names: Vec<String> = all(&local).into_iter().map(|token| token.name).collect();
    assert_eq!(names, ["other", "shop-certificates-prod", "shop-deploy-prod", "shop-purge-prod", "shop-uploads-prod"]);
    local.run("apply --check").ended(0);
}

#[test]
fn a_new_sink_and_another_owner_need_a_successor() {
    let local = applied();
    let (old, deploy) = (value(&local, "CF_PURGE_TOKEN"), value(&local, "CF_DEPLOY_TOKEN"));
    let text = dated()
        .replace("\"env:tokens.env:CF_PURGE_TOKEN\"", "\"env:tokens.env:CF_PURGE_TOKEN\", \"file:purge.token\"")
        .replace("[token.deploy]\n", "[token.deploy]\nowner = \"user\"\n");
    local.write("flarekeep.toml", &text);
    shows!("apply_replace", local.run("apply --yes").ended(0));
    assert!(!local.is_alive(&old) && !local.is_alive(&deploy));
    assert_eq!(local.read("purge.token").trim(), value(&local, "CF_PURGE_TOKEN"));
    assert!(local.is_alive(&value(&local, "CF_PURGE_TOKEN")) && local.is_alive(&value(&local, "CF_DEPLOY_TOKEN")));
    assert_eq!(all(&local).len(), 5);
    local.run("apply --check").ended(0);
}

#[test]
fn a_file_is_one_however_it_is_spelled() {
    let mut local = applied();
    let text = dated();
    let (kept, _) = text.split_once("# A user's token").unwrap();
    std::fs::create_dir(local.path("other")).unwrap();
    local.write("flarekeep.toml", kept);
    answers(&local, "apply ./flarekeep.toml --dry-run", "1 to revoke");
    answers(&local, "apply other/../flarekeep.toml --dry-run", "1 to revoke");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../flarekeep.toml", local.path("other/linked.toml")).unwrap();
        answers(&local, "apply other/linked.toml --dry-run", "1 to revoke");
    }
    // Emptied: all of them are shown, and none is revoked without --prune.
    local.write("flarekeep.toml", "[defaults]\nproject = \"shop\"\n");
    local.run("apply --check").ended(1);
    hide_ids(&mut local);
    shows!("apply_emptied", local.run("apply --yes").ended(0));
    assert_eq!(all(&local).len(), 5);
    assert_eq!(local.run("apply --yes --json").ended(0).json()["in_sync"], false);
    answers(&local, "apply --yes --prune", "applied 5 changes");
    assert!(all(&local).is_empty());
}

#[test]
fn what_failed_keeps_what_it_may_have_been() {
    let local = applied();
    let renamed = dated()
        .replace("[token.purge]", "[token.flush]")
        .replace("\"env:tokens.env:CF_PURGE_TOKEN\"", "\"command:cat > tried; exit 1\"");
    local.write("flarekeep.toml", &renamed);
    // A renamed declaration makes a token: its old one does not count.
    shows!("apply_no_widen_create", local.run("apply --yes --no-widen").ended(1));
    shows!("apply_kept", local.run("apply --yes").ended(5));
    assert!(local.is_alive(&value(&local, "CF_PURGE_TOKEN")));
    assert_eq!(all(&local).len(), 5);
}

#[test]
fn a_disabled_token_gets_no_new_value() {
    let local = applied();
    local.run("token disable shop-purge-prod --owner account --yes").ended(0);
    let text = dated().replace("\"env:tokens.env:CF_PURGE_TOKEN\"", "\"env:tokens.env:CF_FLUSH_TOKEN\"");
    local.write("flarekeep.toml", &text);
    local.run("apply --yes").ended(2).says("flarekeep token enable 'shop-purge-prod'");
    local.run("token enable shop-purge-prod --owner account --yes").ended(0);
    answers(&local, "apply --yes", "1 to replace");
}

#[test]
fn the_example_has_its_world() {
    use flarekeep_emulator::World;
    let world = World::from_toml(include_str!("../../../../examples/world.toml")).unwrap();
    assert!(world.accounts.iter().any(|account| account.name == "Acme"));
    for name in ["example.com", "example.org"] {
        assert!(world.zones.iter().any(|zone| zone.name == name), "{name}");
    }
}

#[test]
fn mistakes_are_told_before_anything_is_asked() {
    let local = Local::start();
    let work = "recipe = \"cert-manager-dns01\"\nzones = [\"example.com\"]\nsinks = [\"env:tokens.env:X\"]\n";
    let shown = [
        ("apply_bad_key", format!("[token.x]\n{work}sink = \"env:.env\"\n")),
        (
            "apply_bad_range",
            format!("[token.x]\n{work}allow_ips = [\n    \"203.0.113.0/24\",\n    \"203.0.113.7/24\",\n]\n"),
        ),
        ("apply_namesakes", format!("[token.x]\n{work}[token.y]\nname = \"x\"\n{work}")),
        ("apply_shared_sink", format!("[token.x]\n{work}[token.y]\n{work}")),
        ("apply_no_unit", format!("[token.x]\n{work}expires = 90\n")),
        ("apply_no_place", "[token.x]\nrecipe = \"cert-manager-dns01\"\nsinks = [\"env:tokens.env:X\"]\n".to_owned()),
        ("apply_no_zone", format!("[token.x]\n{}", work.replace("example.com", "example.net"))),
        ("apply_no_recipe", format!("[token.x]\n{}", work.replace("cert-manager-dns01", "cert-manager"))),
        ("apply_no_sink", "[token.x]\nrecipe = \"cert-manager-dns01\"\nzones = [\"example.com\"]\n".to_owned()),
    ];
    for (name, text) in shown {
        local.write("flarekeep.toml", &text);
        shows!(name, local.run("apply --yes").ended(2));
    }
    shows!("apply_no_file", local.run("apply other.toml").ended(2));
    shows!("apply_only_unknown", local.run("apply --only y").ended(2));
    assert!(all(&local).is_empty());
}

#[test]
fn a_sink_that_cannot_be_written_stops_all_before_the_first() {
    let local = Local::start();
    local.write("flarekeep.toml", &dated().replace("file:deploy.token", "file:no/such/folder/token"));
    let calls = calls(&local, || {
        local.run("apply --yes").ended(2).says("no/such/folder/token");
    });
    assert!(!calls.iter().any(|call| call.starts_with("POST")), "{calls:?}");
}

#[test]
fn more_than_cloudflare_takes_is_refused_before_the_first() {
    let local = Local::start();
    let token = |number: usize| {
        format!(
            "[token.t{number}]\noperations = [\"GET /zones/{{zone_id}}\"]\nzones = [\"example.com\"]\nsinks = [\"env:tokens.env:T{number}\"]\n"
        )
    };
    local.write("flarekeep.toml", &(0..51).map(token).collect::<String>());
    local.run("apply --yes").ended(2).says("there would be 51 tokens, and a user has 50 at most");
    assert!(all(&local).is_empty());
}

#[test]
fn a_hundred_tokens_and_two_calls_to_see_that_nothing_changed() {
    let local = Local::start();
    let token = |number: usize| {
        format!(
            "[token.t{number:02}]\noperations = [\"GET /zones/{{zone_id}}\"]\nsinks = [\"env:tokens.env:T{number:02}\"]\n"
        )
    };
    let defaults = format!(
        "[defaults]\nowner = \"account\"\naccount = \"{}\"\nzones = [\"{}\"]\nexpires = \"90d\"\n",
        crate::support::ACCOUNT,
        crate::support::ZONE
    );
    local.write("flarekeep.toml", &(defaults + &(0..100).map(token).collect::<String>()));
    answers(&local, "apply --yes", "applied 100 changes");
    assert_eq!(local.account_tokens().len(), 100);
    assert_eq!(local.read("tokens.env").lines().count(), 100);
    let calls = calls(&local, || {
        answers(&local, "apply --yes", "No changes");
    });
    assert_eq!(calls.len(), 2, "{calls:?}");
}

/// A file that names one sink for two tokens would be refused.
#[test]
fn a_sink_is_imported_with_the_token_that_it_got_last() {
    let local = Local::start();
    for name in ["first", "second"] {
        let line = format!("token create --name {name} --operation 'GET /zones/{{zone_id}}' --to file:value --yes");
        local.run(&line).ended(0);
    }
    local.run("import").ended(0);
    let text = local.read("flarekeep.toml");
    let (first, second) = text.split_once("[token.second]").unwrap();
    assert!(!first.contains("file:value") && second.contains("sinks = [\"file:value\"]"), "{text}");
    local.run("apply --check").ended(0);
}

#[test]
fn what_is_imported_needs_no_change() {
    let local = applied();
    std::fs::remove_file(local.path("flarekeep.toml")).unwrap();
    shows!("import", local.run("import --owner user --owner account").ended(0));
    shows!("import_text", local.run("import --owner user --owner account --out -").ended(0));
    shows!("import_there", local.run("import").ended(2));
    answers(&local, "apply --check", "No changes: 5 tokens as declared.");
    local.run("apply --yes").ended(0);
    let document = local.run("import --owner account shop-purge-prod --out one.toml --json").ended(0).json();
    assert_eq!(document["tokens"].as_array().unwrap().len(), 1);
    shows!("import_unknown", local.run("import --owner account shop-purge-prd --out two.toml").ended(2));
}

/// Stopped between the new owner's token and the end of the old one, the next run ends the old one.
#[test]
fn another_owner_is_finished_by_the_next_run() {
    let mut local = Local::start();
    let declared = |owner: &str| {
        format!(
            "[token.moved]\nname = \"moved\"\nowner = \"{owner}\"\naccount = \"Acme\"\nexpires = \"2099-01-31\"\n\
             operations = [\"POST /accounts/{{account_id}}/r2/buckets\"]\nsinks = [\"env:.env\"]\n"
        )
    };
    let refusal = r#"{"success":false,"errors":[{"code":9109,"message":"Unauthorized"}],"messages":[],"result":null}"#;
    let refusal = answer("403 Forbidden", "application/json", "", refusal);
    let refuses = Arc::new(AtomicBool::new(false));
    let flag = refuses.clone();
    let proxy = Proxy::before(local.running.address(), move |request, _| {
        let refused = request.starts_with("DELETE") && flag.load(Ordering::Relaxed);
        if refused { Deed::Answer(refusal.clone()) } else { Deed::Forward }
    });
    local.home.set("CLOUDFLARE_API_BASE_URL", &proxy.api_url());
    local.write("flarekeep.toml", &declared("user"));
    local.run("apply --yes").ended(0);
    local.write("flarekeep.toml", &declared("account"));
    refuses.store(true, Ordering::Relaxed);
    local.run("apply --yes").failed(3);
    assert_eq!((local.tokens().len(), local.account_tokens().len()), (1, 1), "both live");
    refuses.store(false, Ordering::Relaxed);
    local.run("apply --check").ended(1);
    answers(&local, "apply --yes", "1 to revoke");
    assert_eq!((local.tokens().len(), local.account_tokens().len()), (0, 1));
    assert!(local.is_alive(&local.value_in(".env")));
    local.run("apply --check").ended(0);
}
