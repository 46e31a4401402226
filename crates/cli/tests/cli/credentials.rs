//! Credentials that are missing, misplaced, mistyped or another owner's. No value of any is ever shown.

use crate::support::{ACCOUNT, Home, Local, fresh_value, shows};

const R2: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";

fn home() -> Home {
    let mut home = Home::new();
    // Nothing listens there: whatever is found out here is found out before any call.
    home.set("CLOUDFLARE_API_BASE_URL", "http://127.0.0.1:1/client/v4");
    home.set("CLOUDFLARE_ACCOUNT_ID", ACCOUNT);
    home
}

#[test]
fn none_at_all() {
    shows!("no_credential_create", home().run(&format!("token create --name x {R2} --to env:.env --yes")).failed(2));
    shows!("no_credential_verify", home().run("token verify").failed(2));
    for line in
        ["token list", "check --recipe saas-platform", "fix --recipe saas-platform", "why --operation 'GET /zones'"]
    {
        home().run(line).failed(2).says("no credential is given");
    }
}

#[test]
fn a_key_without_its_address() {
    let home = home();
    let key = fresh_value("cfk_");
    home.keep_secret(&key);
    shows!("key_without_email", home.type_("token list").env("CLOUDFLARE_API_KEY", &key).run().failed(2));
    home.type_("token list").env("CLOUDFLARE_GLOBAL_KEY", &key).run().failed(2);
    let run = home.type_("token list").env("CLOUDFLARE_API_KEY", &key).env("CLOUDFLARE_EMAIL", "nobody").run();
    shows!("key_with_bad_email", run.failed(2));
}

#[test]
fn the_global_key_as_a_token() {
    let home = home();
    let old_form = "0123456789abcdef0123456789abcdef01234";
    for key in [fresh_value("cfk_"), old_form.to_owned()] {
        home.keep_secret(&key);
        let run = home.type_("token verify").env("CLOUDFLARE_API_TOKEN", &key).run();
        shows!("global_key_as_token", run.failed(2).says("looks like a Global API key"));
        home.type_("token list").env("CLOUDFLARE_API_TOKEN", &key).run().failed(2);
    }
}

#[test]
fn a_token_as_the_global_key() {
    let home = home();
    for prefix in ["cfut_", "cfat_"] {
        let value = fresh_value(prefix);
        home.keep_secret(&value);
        let typed =
            home.type_("token list").env("CLOUDFLARE_EMAIL", "ada@example.com").env("CLOUDFLARE_API_KEY", &value);
        shows!("token_as_global_key", typed.run().failed(2).says("looks like an API token"));
    }
}

#[test]
fn stray_characters_around_a_token() {
    let home = home();
    let value = fresh_value("cfut_");
    home.keep_secret(&value);
    let verify = |text: String| home.type_("token verify").env("CLOUDFLARE_API_TOKEN", &text).run();
    shows!("stray_double_quotes", verify(format!("\"{value}\"")).failed(2).says("a double quote at position 1"));
    shows!("stray_single_quotes", verify(format!("'{value}'")).failed(2).says("a single quote at position 1"));
    shows!("stray_space_before", verify(format!(" {value}")).failed(2).says("a space at position 1"));
    shows!("stray_space_after", verify(format!("{value} ")).failed(2).says("a space at position 54"));
    shows!("stray_newline", verify(format!("{value}\n")).failed(2).says("a line break at position 54"));
    shows!("stray_bearer", verify(format!("Bearer {value}")).failed(2).says("starts with `Bearer`"));
    shows!("stray_control", verify(format!("\u{7}{value}")).failed(2).says("U+0007"));
    verify(format!("“{value}”")).failed(2);
    shows!("stray_origin_ca", verify("v1.0-0123456789abcdef".to_owned()).failed(2));
    // An unset variable and an empty one are the same.
    verify(String::new()).failed(2).says("no credential is given");
}

#[test]
fn a_value_that_was_cut_is_remarked_on() {
    let local = Local::start();
    let value = fresh_value("cfut_");
    local.keep_secret(&value);
    let cut = &value[..value.len() - 1];
    local.keep_secret(cut);
    let run = local.type_("token verify").env("CLOUDFLARE_API_TOKEN", cut).run();
    shows!("cut_token", run.failed(3).says("the token's checksum does not fit"));
}

#[test]
fn an_accounts_token_on_the_users_endpoints() {
    let mut local = Local::start();
    local.token(&format!("--name shared {R2} --owner account"));
    let run = local.type_("token verify").env_remove("CLOUDFLARE_ACCOUNT_ID").run();
    shows!("account_token_without_account", run.failed(2).says("its account is not named"));
    local.forget_the_key();
    shows!("account_token_lists_users_tokens", local.run("token list").failed(3));
    shows!(
        "account_token_creates_users_token",
        local.run(&format!("token create --name x {R2} --to env:x.env --yes")).failed(3)
    );
    // A token of the old form does not say whose it is: the user's endpoint knows nothing, the account's does not either.
    let old_form = "Ab-_".repeat(10);
    local.keep_secret(&old_form);
    let run = local.type_("token verify").env("CLOUDFLARE_API_TOKEN", &old_form).run();
    shows!("old_token_unknown", run.failed(3));
}

#[test]
fn what_cloudflare_does_not_know() {
    let local = Local::start();
    let value = fresh_value("cfut_");
    local.keep_secret(&value);
    shows!("unknown_token", local.type_("token verify").env("CLOUDFLARE_API_TOKEN", &value).run().failed(3));
    local.type_("check --recipe saas-platform").env("CLOUDFLARE_API_TOKEN", &value).run().failed(3);
    local.type_("fix --recipe saas-platform --yes").env("CLOUDFLARE_API_TOKEN", &value).run().failed(3);
    let key = fresh_value("cfk_");
    local.keep_secret(&key);
    shows!("unknown_key", local.type_("token list").env("CLOUDFLARE_API_KEY", &key).run().failed(3));
}

#[test]
fn a_key_among_the_arguments_is_warned_about() {
    let local = Local::start();
    // Typed by hand: the snapshot must not hold the line.
    let key = &local.facts.global_key;
    let run =
        local.type_(&format!("token list --email ada@example.com --global-key {key}")).env_remove("CLOUDFLARE_API_KEY");
    let run = run.hiding(key).run().ended(0);
    shows!("key_among_arguments", run);
}

#[test]
fn a_credential_typed_in_another_place_is_not_repeated() {
    let local = Local::start();
    let value = fresh_value("cfut_");
    local.keep_secret(&value);
    let lines = [
        "token show VALUE",
        "token show VALUE --json",
        "token revoke VALUE --yes",
        "token roll VALUE --to env:.env --yes",
        "token verify VALUE",
        "token create --name x --recipe saas-platform --to VALUE --yes",
        "token create --name x --recipe saas-platform --to vault:VALUE --yes",
        "token create --name x --recipe saas-platform --to env:.env:VALUE=1 --yes",
        "token create --name x --permission VALUE --to env:.env --yes",
        "token create --name x --recipe VALUE --to env:.env --yes",
        "token create --name x --recipe saas-platform --expires VALUE --to env:.env --yes",
        "token create --name x --recipe saas-platform --allow-ip VALUE --to env:.env --yes",
        "plan --operation VALUE",
        "plan --operation 'GET VALUE'",
        "recipe show VALUE",
        "token list --api-url VALUE",
        "token list --api-url https://user:VALUE@api.example",
        "token list --token-file VALUE",
        "token list --timeout VALUE",
        "plan --owner VALUE --recipe saas-platform",
        "VALUE",
        "--VALUE",
        "check --recipe saas-platform --zone VALUE",
        "token list --owner account --account VALUE",
        "emulate --world VALUE",
        "emulate --state /dev/null/VALUE --listen 127.0.0.1:0",
        "emulate --listen VALUE",
        "completions VALUE",
    ];
    for line in lines {
        let typed = local.type_(&line.replace("VALUE", &value)).env("CLOUDFLARE_API_TOKEN", "").hiding(&value);
        let run = typed.run();
        assert!(run.status != 0 || line.contains("--token-file"), "{}", run.shown());
        assert_ne!(run.status, 70, "{}", run.shown());
    }
    assert!(local.tokens().is_empty());
}

#[test]
fn from_a_file_of_the_folder() {
    let local = Local::start();
    let key = local.facts.global_key.clone();
    local.write(".env", &format!("CLOUDFLARE_EMAIL=ada@example.com\nCLOUDFLARE_GLOBAL_KEY=\"{key}\"\nOTHER=x\n"));
    let typed = local.type_("token list").env_remove("CLOUDFLARE_EMAIL").env_remove("CLOUDFLARE_API_KEY");
    typed.run().ended(0);
    // The environment goes before the file.
    let other = fresh_value("cfk_");
    local.type_("token list").env("CLOUDFLARE_API_KEY", &other).run().ended(3);
    // A line that cannot be read is not quoted.
    local.write(".env", &format!("CLOUDFLARE_API_TOKEN='{key}\n"));
    shows!("dot_env_unreadable", local.run("token list").failed(2));
}

/// A folder that is somebody else's says where the API is: the credentials of the environment do not go there.
#[test]
fn a_dot_env_redirects_nobody_elses_credential() {
    let local = Local::start();
    local.write(".env", "CLOUDFLARE_API_BASE_URL=https://api.example.com/client/v4\n");
    let line = local.type_("token list").env_remove("CLOUDFLARE_API_BASE_URL");
    line.run().failed(2).says("would send your credential to https://api.example.com");
    assert!(local.calls().is_empty());
    // Along with its own credential it may: the file is one world.
    let value = fresh_value("cfut_");
    let url = local.running.api_url();
    local.write(".env", &format!("CLOUDFLARE_API_BASE_URL={url}\nCLOUDFLARE_API_TOKEN={value}\n"));
    let line = local.type_("token verify").env_remove("CLOUDFLARE_API_BASE_URL").env_remove("CLOUDFLARE_API_KEY");
    line.hiding(&value).run().ended(3);
    assert!(!local.calls().is_empty());
}

#[test]
fn lines_of_dot_env_that_are_others_are_theirs() {
    let local = Local::start();
    local.write(".env", "GREETING=hello world\nFOO\nCLOUDFLARE_ACCOUNT_ID=aaaa0000aaaa0000aaaa0000aaaa0001\n");
    local.run("recipe list").ended(0);
    local.write(".env", "CLOUDFLARE_ACCOUNT_ID=hello world\n");
    local.run("recipe list").failed(2);
}
