//! `flarekeep token r2-keys`. That S3 clients work with what it delivers is shown by conformance/boto3_r2.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use crate::support::{ACCOUNT, Local, shows};

/// An endpoint, since the local API is not Cloudflare's own.
const AT: &str = "--endpoint http://127.0.0.1:9000";

/// The variables of an env file, whose secrets are never printed from now on.
fn variables(local: &Local, file: &str) -> BTreeMap<String, String> {
    let content = local.read(file);
    let lines = content.lines().filter_map(|line| line.split_once('='));
    let variables: BTreeMap<_, _> = lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        variables.get(name).into_iter().for_each(|secret| local.keep_secret(secret));
    }
    variables
}

/// A token for the bucket `media` in `.env`, and its id.
fn with_token() -> (Local, String, String) {
    let mut local = Local::start();
    let value = local.token("--name media --recipe rclone-r2 --bucket media");
    local.forget_the_key();
    let id = local.tokens()[0].id.to_string();
    (local, value, id)
}

#[test]
fn of_the_token_in_use() {
    let (local, value, id) = with_token();
    let run = local.run(&format!("token r2-keys --to env:r2.env {AT}")).ended(0);
    let keys = variables(&local, "r2.env");
    assert_eq!(keys["AWS_ACCESS_KEY_ID"], id);
    assert!(keys["AWS_SECRET_ACCESS_KEY"].len() == 64 && !run.stderr.contains(&keys["AWS_SECRET_ACCESS_KEY"]));
    assert_eq!((&*keys["AWS_ENDPOINT_URL_S3"], &*keys["AWS_REGION"]), ("http://127.0.0.1:9000", "auto"));
    assert_eq!(keys.len(), 4);
    assert!(!local.read("r2.env").contains(&value), "the value is not stored");
    assert_eq!(std::fs::metadata(local.path("r2.env")).unwrap().permissions().mode() & 0o777, 0o600);
    shows!("r2_keys", run);
    // Once more changes nothing, and the keys alone may be wanted.
    let before = local.read("r2.env");
    local.run(&format!("token r2-keys --to env:r2.env {AT}")).ended(0);
    assert_eq!(local.read("r2.env"), before);
    local.run("token r2-keys --to env:bare.env --keys-only").ended(0);
    assert_eq!(variables(&local, "bare.env").len(), 2);
    shows!("r2_keys_json", local.run(&format!("token r2-keys --to env:r2.env {AT} --json")).ended(0));
    shows!("r2_keys_no_endpoint", local.run("token r2-keys --to env:r2.env").ended(0));
    // Any other sink gets the lines.
    local.run(&format!("token r2-keys --to file:keys {AT}")).ended(0);
    assert_eq!(local.read("keys"), before);
    local.run(&format!("token r2-keys --to 'command:cat >took' {AT}")).ended(0);
    assert_eq!(local.read("took"), before);
}

#[test]
fn on_standard_output_there_are_lines_for_a_shell() {
    let (local, _, _) = with_token();
    local.run(&format!("token r2-keys --to env:r2.env {AT}")).ended(0);
    let printed = local.type_(&format!("token r2-keys --to - {AT}")).asking_for_the_value().run().ended(0);
    assert_eq!(printed.stdout, local.read("r2.env"));
}

#[test]
fn of_a_token_that_is_known_needs_no_call() {
    let (local, _, id) = with_token();
    let before = local.calls().len();
    local.run(&format!("token r2-keys --to env:r2.env --key-id {id}")).ended(0);
    assert_eq!(variables(&local, "r2.env")["AWS_ACCESS_KEY_ID"], id);
    let line = format!("token r2-keys --temporary 1h --bucket media --to env:temporary.env --key-id {id} {AT}");
    local.run(&line).ended(0);
    assert_eq!(local.calls().len(), before, "{:?}", &local.calls()[before..]);
    // Cloudflare's own endpoint is known from the account, and the bucket's jurisdiction is a part of it.
    let run = local
        .type_(&format!("token r2-keys --temporary 1h --bucket eu/media --to env:temporary.env --key-id {id}"))
        .env_remove("CLOUDFLARE_API_BASE_URL")
        .run()
        .ended(0);
    let keys = variables(&local, "temporary.env");
    assert_eq!(keys["AWS_ENDPOINT_URL_S3"], format!("https://{ACCOUNT}.eu.r2.cloudflarestorage.com"));
    drop(run);
}

#[test]
fn of_a_token_that_is_dead() {
    let (local, _, id) = with_token();
    local.run("token r2-keys --to env:none.env --key-id nothing").ended(2);
    crate::support::block_on(local.admin().tokens(flarekeep_cloudflare::Owner::User).delete(id.parse().unwrap()))
        .unwrap();
    shows!("r2_keys_dead", local.run(&format!("token r2-keys --to env:none.env {AT}")).failed(3));
    assert!(!local.path("none.env").exists());
}

#[test]
fn of_a_new_token() {
    let local = Local::start();
    let line =
        format!("token r2-keys --create --bucket media --read-only --expires 2999-01-31 --to env:r2.env {AT} --yes");
    shows!("r2_keys_create", local.run(&line).ended(0));
    let [token] = &local.tokens()[..] else { panic!("one token was made") };
    let keys = variables(&local, "r2.env");
    assert_eq!((token.name.as_str(), &keys["AWS_ACCESS_KEY_ID"]), ("flarekeep-r2-media", &token.id.to_string()));
    let groups: Vec<_> = token.policies.iter().flat_map(|policy| &policy.permission_groups).collect();
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].name.as_deref(), Some("Workers R2 Storage Bucket Item Read"));
    for file in std::fs::read_dir(local.folder()).unwrap() {
        let content = std::fs::read_to_string(file.unwrap().path()).unwrap_or_default();
        assert!(!content.contains("cfut_"), "the value is forgotten");
    }
    let run = local.run(&format!(
        "token r2-keys --create --bucket eu/media --owner account --name shop-media-prod --to env:r2.env {AT} --yes --json"
    ));
    let run = run.ended(0);
    let [token] = &local.account_tokens()[..] else { panic!("one token was made") };
    let group = &token.policies[0].permission_groups[0];
    assert_eq!(group.name.as_deref(), Some("Workers R2 Storage Bucket Item Write"));
    assert!(token.policies[0].resources.contains_key(&format!("com.cloudflare.edge.r2.bucket.{ACCOUNT}_eu_media")));
    assert_eq!(run.json()["access_key_id"], token.id.to_string());
    shows!("r2_keys_create_json", run);
}

/// The journal knows where the keys are: a rotation brings those of the successor, and never a value.
#[test]
fn a_rotation_brings_the_keys_of_the_successor() {
    let local = Local::start();
    local.run(&format!("token r2-keys --create --bucket media --to env:r2.env {AT} --yes")).ended(0);
    let before = variables(&local, "r2.env");
    shows!("r2_keys_rotate", local.run("token rotate flarekeep-r2-media --yes").ended(0));
    let [token] = &local.tokens()[..] else { panic!("one token lives") };
    let after = variables(&local, "r2.env");
    assert_eq!(after["AWS_ACCESS_KEY_ID"], token.id.to_string());
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        assert_ne!(before[name], after[name], "{name}");
    }
    assert_eq!((&*after["AWS_ENDPOINT_URL_S3"], after.len()), ("http://127.0.0.1:9000", 4));
    assert!(!local.read("r2.env").contains("cfut_"));
}

#[test]
fn keys_are_a_sink_like_any_other() {
    let local = Local::start();
    let line =
        "token create --name media --recipe rclone-r2 --bucket media --to env:.env --to r2-keys:env:r2.env --yes";
    shows!("r2_keys_sink", local.run(line).ended(0));
    let value = local.read(".env").trim().rsplit('=').next().unwrap_or_default().to_owned();
    local.keep_secret(&value);
    // What the token itself derives is the same.
    local.type_("token r2-keys --to env:own.env --keys-only").env("CLOUDFLARE_API_TOKEN", &value).run().ended(0);
    assert_eq!(variables(&local, "r2.env"), variables(&local, "own.env"));
    for line in [
        "token r2-keys --create --bucket media --to r2-keys:env:r2.env --keys-only --yes",
        "token create --name media --recipe rclone-r2 --bucket media --to r2-keys:env:r2.env:MY_KEY --yes",
        "token create --name media --recipe rclone-r2 --bucket media --to r2-keys:- --yes --json",
    ] {
        local.run(line).failed(2);
    }
    assert_eq!(local.tokens().len(), 1);
}

#[test]
fn a_new_token_whose_keys_are_not_delivered_is_revoked() {
    let local = Local::start();
    let before = local.emulator.state_hash();
    for sink in ["env:nowhere/.env", "env:.env:MY_KEY"] {
        local.run(&format!("token r2-keys --create --bucket media --to {sink} {AT} --yes")).failed(2);
    }
    shows!(
        "r2_keys_chosen_name",
        local.run(&format!("token r2-keys --create --bucket media --to env:.env:MY_KEY {AT} --yes")).failed(2)
    );
    local.run(&format!("token r2-keys --create --bucket media --to env:.env {AT}")).failed(2);
    shows!("r2_keys_create_no_bucket", local.run("token r2-keys --create --to env:.env --yes").failed(2));
    shows!(
        "r2_keys_create_dry_run",
        local.run(&format!("token r2-keys --create --bucket media --to env:.env {AT} --dry-run")).ended(0)
    );
    assert_eq!(local.emulator.state_hash(), before);
    local.run(&format!("token r2-keys --create --bucket media --to command:false {AT} --yes")).failed(5);
    assert!(local.tokens().is_empty());
}

#[test]
fn temporary_ones_signed_here() {
    let (local, value, id) = with_token();
    let line = "token r2-keys --temporary 15m --bucket media --prefix tenants/a/ --object shared/manifest.json";
    let begun = jiff::Timestamp::now().as_second();
    let run = local.run(&format!("{line} --to env:r2.env {AT} --json")).ended(0);
    let keys = variables(&local, "r2.env");
    assert_eq!(keys["AWS_ACCESS_KEY_ID"], id);
    assert!(
        keys.len() == 5 && keys["AWS_SECRET_ACCESS_KEY"].len() == 64 && keys["AWS_SESSION_TOKEN"].starts_with("and0L")
    );
    let ends: jiff::Timestamp = run.json()["expires_on"].as_str().unwrap().parse().unwrap();
    assert!((900..960).contains(&(ends.as_second() - begun)), "{ends}");
    assert!(!local.read("r2.env").contains(&value));
    assert!(!run.stdout.contains(&keys["AWS_SECRET_ACCESS_KEY"]) && !run.stdout.contains(&keys["AWS_SESSION_TOKEN"]));
    assert!(!local.calls().iter().any(|call| call.contains("temp-access")));
    let run = local.run(&format!("{line} --to env:r2.env {AT}")).ended(0);
    assert!(run.shown().contains("signed here"), "{}", run.shown());
    // Narrow unless asked, and said where it is wide.
    let wide = "token r2-keys --temporary 1h --bucket media --permission admin-read-write --prefix a --to env:r2.env";
    let run = local.run(&format!("{wide} {AT} --dry-run")).ended(0);
    shows!("r2_keys_temporary_dry_run", run);
    let run = local.run(&format!("token r2-keys --temporary 1h --bucket media --to env:r2.env {AT} --dry-run --json"));
    assert_eq!(run.ended(0).json()["keys"]["permission"], "object-read-only");
}

#[test]
fn temporary_ones_from_the_api() {
    let local = Local::start();
    local.run("token r2-keys --create --bucket media --to env:parent.env --keys-only --yes").ended(0);
    let id = variables(&local, "parent.env")["AWS_ACCESS_KEY_ID"].clone();
    // The Global API key has no keys of its own.
    let line = "token r2-keys --temporary 1h --bucket media --to env:r2.env";
    shows!("r2_keys_api_no_parent", local.run(line).failed(2));
    let run = local.run(&format!("{line} --key-id {id} {AT} --json")).ended(0);
    assert_eq!(
        (run.json()["signed_by"].clone(), run.json()["access_key_id"].clone()),
        ("api".into(), id.clone().into())
    );
    assert!(variables(&local, "r2.env")["AWS_SESSION_TOKEN"].len() > 100);
    // A token that holds no right to write R2 is refused.
    let narrow = local.token("--name media --recipe rclone-r2 --bucket media");
    let run = local.type_(&format!("{line} --by api {AT}")).env("CLOUDFLARE_API_TOKEN", &narrow).run();
    shows!("r2_keys_api_refused", run.failed(3));
}

#[test]
fn what_makes_no_keys() {
    let (local, _, _) = with_token();
    shows!("r2_keys_no_bucket", local.run(&format!("token r2-keys --temporary 1h --to env:r2.env {AT}")).failed(2));
    shows!("r2_keys_no_place", local.run("token r2-keys --temporary 1h --bucket media --to env:r2.env").failed(2));
    shows!("r2_keys_no_expiry", local.run(&format!("token r2-keys --expires 1d --to env:r2.env {AT}")).failed(2));
    for line in [
        "token r2-keys --temporary 8d --bucket media --to env:r2.env",
        "token r2-keys --temporary 1h --create --bucket media --to env:r2.env",
        "token r2-keys --prefix a/ --bucket media --to env:r2.env",
        "token r2-keys --temporary 1h --bucket media --prefix '' --to env:r2.env",
        "token r2-keys --temporary 1h --bucket media --to env:r2.env --endpoint https://example.com/path",
        "token r2-keys --to - --json",
        "token r2-keys",
    ] {
        local.run(line).ended(2);
    }
    assert!(!local.path("r2.env").exists());
}
