//! `flarekeep exec --guard`, with the real curl as the command.

use std::collections::BTreeMap;

use flarekeep_catalogue::resolve;
use flarekeep_cloudflare::{Effect, GroupReference, NewToken, Owner, Policy, ResourceValue};
use flarekeep_emulator::Options;

use crate::support::{ACCOUNT, Local, ZONE, block_on, shows};

/// Calls each `METHOD:PATH` of Cloudflare's own address, prints the status, and keeps what it was given and what it was told.
const CALL: &str = r#"for call in "$@"; do
  printf 'header = "Authorization: Bearer %s"' "$CLOUDFLARE_API_TOKEN" |
    curl -s --path-as-is -K - -o answer -w '%{http_code}\n' -X "${call%%:*}" "https://api.cloudflare.com/client/v4${call#*:}"
done
printf %s "$CLOUDFLARE_API_TOKEN" > taken
env > environment
"#;
/// The same for R2's S3 face: it signs with what it was given.
const S3: &str = r#"for call in "$@"; do
  printf 'user = "%s:%s"' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" |
    curl -s --aws-sigv4 'aws:amz:auto:s3' -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -K - -o answer -w '%{http_code}\n' \
      -X "${call%%:*}" -d "$BODY" "$AWS_ENDPOINT_URL_S3${call#*:}"
done
"#;

fn local() -> Local {
    let mut local = Local::start();
    local.home.call(&flarekeep_tokens::host(), "[host]");
    local.write("call.sh", CALL);
    local
}

/// The paths that the command's calls had at the emulator, past those that exec makes itself.
fn reached(local: &Local, part: &str) -> usize {
    local.calls().iter().filter(|call| call.contains(part)).count()
}

#[test]
fn the_command_never_has_the_token_and_does_its_work() {
    let local = local();
    let (scripts, records) = (format!("/accounts/{ACCOUNT}/workers/scripts"), format!("/zones/{ZONE}/dns_records"));
    let crooked = format!("/zones/{ZONE}/workers/routes/../../{ZONE}/dns_records");
    let line = format!(
        "exec --guard --recipe wrangler-deploy --zone example.com -- sh call.sh GET:{scripts} GET:{records} GET:{crooked} GET:/user/tokens/verify"
    );
    let typed = local.type_(&line).env("TF_VAR_cloudflare_api_key", &local.facts.global_key);
    let run = typed.run().ended(0);
    assert_eq!(run.stdout, "200\n403\n403\n200\n");
    shows!("exec_guard", run);
    let taken = local.read("taken");
    assert!(taken.len() == 40 && !local.is_alive(&taken), "what the command had is worth nothing");
    let environment = local.read("environment");
    assert!(!environment.contains(&local.facts.global_key) && !environment.contains("cfut_"));
    assert_eq!((reached(&local, "/workers/scripts"), reached(&local, "/dns_records")), (1, 0));
    assert!(local.tokens().is_empty());
}

#[test]
fn a_refusal_is_cloudflares_own_with_a_reason() {
    let local = local();
    let line = format!("exec --guard --operation 'GET /zones' -- sh call.sh POST:/zones/{ZONE}/purge_cache");
    local.run(&line).ended(0).says("refused: POST");
    let answer: serde_json::Value = serde_json::from_str(&local.read("answer")).unwrap();
    assert_eq!(
        (&answer["success"], &answer["errors"][0]["code"]),
        (&serde_json::json!(false), &serde_json::json!(10000))
    );
    let words = answer["errors"][0]["message"].as_str().unwrap();
    assert!(words.contains("flarekeep's guard") && words.contains("POST /zones/{zone_id}/purge_cache"), "{words}");
}

#[test]
fn a_guard_that_only_tells_lets_cloudflare_decide() {
    let local = local();
    let records = format!("/zones/{ZONE}/dns_records");
    let line = format!("exec --guard=log --recipe wrangler-deploy --zone example.com -- sh call.sh GET:{records}");
    let run = local.run(&line).ended(0).says("would be refused: GET");
    assert_eq!(run.stdout, "403\n");
    assert_eq!(reached(&local, "/dns_records"), 1);
}

#[test]
fn keys_of_r2_are_kept_as_well() {
    let buckets = "[[bucket]]\nname = 'media'\n[[bucket]]\nname = 'other'\n";
    let mut local = Local::in_world(Options::default(), buckets);
    block_on(local.running.serve_s3(&local.emulator, ([127, 0, 0, 1], 0).into())).unwrap();
    let endpoint = local.running.s3_endpoint().unwrap();
    local.home.set("R2_ENDPOINT", &endpoint);
    local.write("s3.sh", S3);
    let line = "exec --guard --operation 'PUT s3://{bucket_name}/{object_key}' --bucket media -- sh s3.sh PUT:/media/key GET:/media/key PUT:/other/key";
    let run = local.type_(line).env("BODY", "some bytes").run().ended(0);
    assert_eq!(run.stdout, "200\n200\n403\n", "{}", run.stderr);
    assert!(local.read("answer").contains("AccessDenied") && run.stderr.contains("refused: PUT /other/key"));
}

#[test]
fn what_is_beside_the_api_gets_no_token() {
    let local = local();
    // The path would be that of an operation, below `/client/v4`.
    let command = r#"printf "header = \"Authorization: Bearer %s\"" "$CLOUDFLARE_API_TOKEN" | curl -s -K - -w "%{http_code}" https://api.cloudflare.com/zones"#;
    let run = local.run(&format!("exec --guard --operation 'GET /zones' -- sh -c '{command}'")).ended(0);
    assert!(run.stdout.ends_with("403") && run.stdout.contains("is not below /client/v4"), "{}", run.stdout);
}

#[test]
fn an_upload_that_is_refused_gets_its_answer() {
    // Over HTTP/2 an answer before the end of the body reads as a stream that broke, to some clients now and then.
    let mut local = Local::in_world(Options::default(), "[[bucket]]\nname = 'media'\n[[bucket]]\nname = 'other'\n");
    block_on(local.running.serve_s3(&local.emulator, ([127, 0, 0, 1], 0).into())).unwrap();
    let endpoint = local.running.s3_endpoint().unwrap();
    local.home.set("R2_ENDPOINT", &endpoint);
    local.write("s3.sh", S3);
    let calls = "PUT:/other/key ".repeat(40);
    let line = format!(
        "exec --guard --operation 'PUT s3://{{bucket_name}}/{{object_key}}' --bucket media -- sh s3.sh {calls}"
    );
    let run = local.type_(&line).env("BODY", &"some bytes".repeat(5000)).run().ended(0);
    assert_eq!(run.stdout, "403\n".repeat(40));
}

#[test]
fn a_token_that_makes_tokens_is_told_of() {
    let local = local();
    let run =
        |operation: &str| local.run(&format!("exec --guard --operation '{operation}' --dry-run -- true")).ended(0);
    run("PUT /user/tokens/{token_id}/value").says("the guard keeps none");
    assert!(!run("GET /zones").stderr.contains("the guard keeps none"));
}

#[test]
fn a_guard_that_cannot_be_is_told_before_a_token_is_made() {
    let local = local();
    let run =
        local.type_("exec --guard --operation 'GET /zones' -- touch ran").env("R2_ENDPOINT", "http://r2.example:9000");
    run.run().failed(2).says("in clear");
    assert!(!local.path("ran").exists() && reached(&local, "POST /user/tokens") == 0);
}

#[test]
fn a_token_of_two_accounts_is_guarded_in_both() {
    let (other, zone) = ("b0".repeat(16), "b1".repeat(16));
    let more = format!(
        "[[account]]\nname = 'Other'\nid = '{other}'\n\
         [[zone]]\nname = 'other.example'\nid = '{zone}'\naccount = 'Other'\n\
         [[zone]]\nname = 'third.example'\nid = '{}'\naccount = 'Other'\n",
        "b2".repeat(16)
    );
    let local = Local::in_world(Options::default(), &more);
    local.write("call.sh", CALL);
    let all = BTreeMap::from([("com.cloudflare.api.account.zone.*".to_owned(), "*".to_owned())]);
    let place = |account: &str| (format!("com.cloudflare.api.account.{account}"), ResourceValue::Nested(all.clone()));
    let (group, _) = resolve("DNS Read").unwrap();
    let policy = Policy {
        id: None,
        effect: Effect::Allow,
        resources: BTreeMap::from([place(ACCOUNT), place(&other)]),
        permission_groups: vec![GroupReference { id: group.id.unwrap(), name: None }],
    };
    let both = NewToken { name: "both".to_owned(), policies: vec![policy], ..NewToken::default() };
    block_on(local.admin().tokens(Owner::User).create(&both)).unwrap();
    let work = format!("GET:/zones/{ZONE}/dns_records GET:/zones/{zone}/dns_records GET:/zones/{zone}/settings");
    let run = local.run(&format!("exec --guard --token both -- sh call.sh {work}")).ended(0);
    assert_eq!(run.stdout, "200\n200\n403\n", "{}", run.stderr);
}

#[test]
fn what_is_told_of_the_variables_is_what_the_command_finds() {
    let local = local();
    let line = "exec --guard --operation 'GET /zones' --report report.json -v -- sh call.sh";
    let run = local.run(line).ended(0);
    let report: serde_json::Value = serde_json::from_str(&local.read("report.json")).unwrap();
    let names = |key: &str| -> Vec<String> {
        report["variables"][key].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let found = local.read("environment");
    let finds = |name: &str| found.lines().any(|line| line.starts_with(&format!("{name}=")));
    assert!(
        names("set").iter().all(|name| finds(name)) && !names("removed").iter().any(|name| finds(name)),
        "{report}"
    );
    assert!(names("set").contains(&"HTTPS_PROXY".to_owned()));
    assert!(run.stderr.contains("minted") && !run.stderr.contains('{'), "{}", run.stderr);
    // What is only shown leaves a report as it is.
    local.write("report.json", "before");
    local.run("exec --operation 'GET /zones' --report report.json --dry-run -- true").ended(0);
    assert_eq!(local.read("report.json"), "before");
}
