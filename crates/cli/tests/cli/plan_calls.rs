//! `flarekeep plan --har`, `--recording` and `--log`: from calls that were made to a plan.

use crate::support::{ACCOUNT, Home, ZONE, shows};

const EXAMPLE: &str = include_str!("../../../../examples/har/release.har");
const PLAN: &str = include_str!("../../../../examples/har/plan.txt");
const WRANGLER: &str = include_str!("../../../planner/src/source/log/samples/wrangler.log");
const AUDIT: &str = include_str!("../../../planner/src/source/log/samples/audit.json");

/// A home with the example's files, as in the repository, and nobody to call.
fn home() -> Home {
    let mut home = Home::new();
    home.set("CLOUDFLARE_API_BASE_URL", "http://127.0.0.1:1/client/v4");
    home.write("examples/har/release.har", EXAMPLE);
    home
}

#[test]
fn the_example_has_the_plan_beside_it() {
    let run = home().run("plan --har examples/har/release.har").ended(0);
    assert_eq!(run.stdout, PLAN, "examples/har/plan.txt is what the command prints");
}

#[test]
fn failed_calls_count_or_not() {
    let home = home();
    shows!("plan_har_verbose", home.run("plan --har examples/har/release.har -v").ended(0));
    shows!("plan_har_failed_only", home.run("plan --har examples/har/release.har --failed only").ended(0));
    let without = home.run("plan --har examples/har/release.har --failed exclude").ended(0);
    assert!(!without.stdout.contains("DNS Write"), "{}", without.stdout);
}

#[test]
fn a_recording_comes_from_a_pipe_too() {
    let home = home();
    let recording = format!(
        "{{\"method\":\"GET\",\"url\":\"http://127.0.0.1:8787/client/v4/zones?name=example.com\",\"status\":200}}\n\
         {{\"method\":\"POST\",\"url\":\"http://127.0.0.1:8787/client/v4/zones/{ZONE}/dns_records\",\"status\":403,\"errors\":[10000]}}\n\
         {{\"method\":\"PUT\",\"url\":\"http://127.0.0.1:8788/site/a.txt\",\"status\":200,\"operation\":\"PUT s3://{{bucket_name}}/{{object_key}}\"}}\n"
    );
    let typed = home.type_(&format!("plan --recording - --account {ACCOUNT}")).stdin(&recording);
    shows!("plan_recording", typed.run().ended(0));
    let typed = home.type_("plan --recording -").stdin("GET /user\n");
    shows!("plan_recording_malformed", typed.run().ended(2));
}

#[test]
fn logs_are_known_by_what_stands_in_them() {
    let home = home();
    home.write("deploy.log", WRANGLER);
    shows!("plan_log", home.run("plan --log deploy.log").ended(0));
    home.write("audit.json", AUDIT);
    let by = "--audit-token ed17574386854bf78a67040be0a770b0";
    shows!("plan_log_audit", home.run(&format!("plan --log audit.json {by}")).ended(0));
    home.write("other.log", "hello\n");
    shows!("plan_log_unknown", home.run("plan --log other.log").ended(2));
    shows!("plan_log_no_token", home.run("plan --log audit.json --audit-token shop").ended(2));
}

/// Who reads standard input first reads all of it: the second would find no call there.
#[test]
fn standard_input_is_one_file() {
    let home = home();
    let call = "{\"method\": \"GET\", \"url\": \"https://api.cloudflare.com/client/v4/zones\", \"status\": 200}\n";
    let typed = |line: &str| home.type_(line).stdin(call).run();
    shows!("plan_two_stdin", typed("plan --recording - --recording -").ended(2));
    for line in [
        "plan --recording - --log -",
        "plan --recording - --allow-ip @-",
        "check --har examples/har/release.har --recording - --recording -",
    ] {
        typed(line).failed(2).says("`-` is given twice");
    }
    assert!(typed("plan --recording -").ended(0).stdout.contains("Zone Read"));
    typed(&format!("token create --name x --recording - --by-hand --account {ACCOUNT}"))
        .ended(0)
        .says("takes the value");
}
