//! `flarekeep permission for`.

use crate::support::{Home, fresh_value, shows};

const URL: &str = "https://api.cloudflare.com/client/v4/zones/9a7806061c88ada191ed06f989cc3dac/dns_records";

fn run(what: &str) -> crate::support::Run {
    Home::new().run(&format!("permission for {what}"))
}

#[test]
fn an_operation_a_path_and_an_operation_id() {
    shows!("permission_for_operation", run("'PUT /zones/{zone_id}/dns_records/{id}'").ended(0));
    shows!("permission_for_path", run("/accounts/{account_id}/r2/buckets").ended(0));
    shows!("permission_for_operation_id", run("dns-records-for-a-zone-update-dns-record").ended(0));
    shows!("permission_for_s3", run("s3:PutObject").ended(0));
    // Words need no quotes.
    let quoted = run("'PUT /zones/{zone_id}/dns_records/{id}'").stdout;
    assert_eq!(run("put zones/{zone_id}/dns_records/{id}").stdout, quoted);
}

#[test]
fn every_way_in_which_a_list_is_read() {
    shows!("permission_for_many", run("'GET /zones/{zone_id}'").ended(0));
    assert!(run("'GET /zones/{zone_id}' --verbose").ended(0).stdout.lines().count() > 35);
    shows!(
        "permission_for_all_of",
        run("'POST /accounts/{account_id}/dls/regional_services/prefix_bindings'").ended(0)
    );
    shows!("permission_for_any_token", run("'GET /accounts'").ended(0));
    shows!("permission_for_unlabelled", run("'POST /accounts'").ended(0));
    shows!("permission_for_ruleset", run("'PUT /zones/{zone_id}/rulesets/{id}'").ended(0));
    shows!("permission_for_parts", run("'POST /graphql'").ended(0));
    shows!("permission_for_inferred", run("'PUT /zones/{zone_id}/ai-security/settings'").ended(0));
}

#[test]
fn a_method_of_an_sdk() {
    shows!("permission_for_sdk", run("dns.records.update").ended(0));
    shows!("permission_for_sdk_both", run("'client.firewall.access_rules.list()'").ended(0));
    let typescript = run("dns.records.update").stdout;
    assert_eq!(run("'client.DNS.Records.Update(ctx, id)'").stdout, typescript);
}

#[test]
fn a_terraform_type() {
    shows!("permission_for_terraform", run("cloudflare_workers_route").ended(0));
    shows!("permission_for_terraform_address", run("cloudflare_dns_record.www").ended(0));
    shows!("permission_for_terraform_lives", run("'resource \"cloudflare_ruleset\" \"waf\"'").ended(0));
    shows!("permission_for_terraform_former", run("cloudflare_record").ended(0));
    shows!("permission_for_terraform_nothing", run("cloudflare_zone_tracing").ended(0));
    shows!("permission_for_terraform_zone", run("data.cloudflare_zone").ended(0));
}

/// The commands that are named are there, for every kind of life.
#[test]
fn the_next_command_of_a_terraform_type_works() {
    let home = Home::new();
    for what in ["cloudflare_workers_route", "cloudflare_ruleset", "cloudflare_zones", "cloudflare_api_token"] {
        let run = home.run(&format!("permission for {what}")).ended(0);
        let hints: Vec<&str> = run.stderr.lines().filter_map(|line| line.strip_prefix("flarekeep ")).collect();
        assert!(!hints.is_empty(), "{what}");
        for hint in hints {
            home.run(&hint.replace("ZONE", "9a7806061c88ada191ed06f989cc3dac")).ended(0);
        }
    }
}

#[test]
fn a_url() {
    let run = run(&format!("'{URL}?name=a&type=b'")).ended(0);
    shows!("permission_for_url", run);
    // The zone of the path goes into the next command.
    assert!(run.stderr.contains("--zone 9a7806061c88ada191ed06f989cc3dac"));
}

#[test]
fn a_curl_command_keeps_its_token_for_itself() {
    let home = Home::new();
    let token = fresh_value("cfut_");
    home.keep_secret(&token);
    let command = format!("curl {URL} -H \"Authorization: Bearer {token}\" --json \"{{}}\"");
    let line = format!("permission for '{command}'");
    shows!("permission_for_curl", home.type_(&line).hiding(&token).run().ended(0));
    shows!("permission_for_curl_stdin", home.type_("permission for -").stdin(&command).run().ended(0));
    home.type_(&format!("{line} --json")).hiding(&token).run().ended(0).json();
    // Nor does it come back in an error.
    for broken in [
        format!("curl -H \"Authorization: Bearer {token}\""),
        format!("curl {URL}/nowhere/{token} -u x:{token}"),
        format!("curl https://{token}@example.com/{token}"),
        format!("Authorization: Bearer {token}"),
        token.clone(),
    ] {
        home.type_(&format!("permission for '{broken}'")).hiding(&token).run().failed(2);
        home.type_("permission for -").stdin(&broken).run().failed(2);
    }
}

#[test]
fn bad_input() {
    shows!("permission_for_unknown_path", run("'GET /zones/{zone_id}/dns_recrods'").failed(2));
    shows!("permission_for_unknown_method", run("'DELETE /zones/{zone_id}/dns_records'").failed(2));
    shows!("permission_for_unknown_sdk", run("client.dns.record.update").failed(2));
    shows!("permission_for_unknown_type", run("cloudflare_worker_route").failed(2));
    shows!("permission_for_unknown_word", run("dns").failed(2));
    shows!("permission_for_permission", run("'DNS Write'").failed(2));
    shows!("permission_for_elsewhere", run("https://dash.cloudflare.com/profile").failed(2));
    shows!("permission_for_s3_url", run("https://abc.r2.cloudflarestorage.com/bucket/key").failed(2));
    shows!("permission_for_no_url", run("'curl -sS'").failed(2));
    shows!("permission_for_words", run("'let me in'").failed(2));
    shows!("permission_for_empty", run("''").failed(2));
    run("'\u{1b}[2J\u{202e}'").failed(2);
    Home::new().type_("permission for -").stdin(&"a/".repeat(600_000)).run().failed(2);
}

#[test]
fn json() {
    shows!("permission_for_json", run("'DELETE /zones/{zone_id}/workers/routes/{id}' --json").ended(0));
    let document = run("cloudflare_workers_route --json").ended(0).json();
    assert_eq!(document["recognised_as"], "Terraform type");
    let resource = &document["terraform"][1];
    assert_eq!(resource["kind"], "resource");
    let life = &resource["lives"][0];
    assert_eq!(life["permissions"][0]["group"]["name"], "Workers Routes Write");
    assert_eq!(life["permissions"].as_array().unwrap().len(), 1);
    assert_eq!(life["documented_not_needed"][0], "Workers Routes Read");
    assert_eq!(run("dns --json").failed(2).json()["error"]["kind"], "usage");
}
