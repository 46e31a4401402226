//! Plan files: `plan verify`, `--plan`, `--separate`, and the limits that they carry.

use serde_json::{Value, json};

use crate::plan::home;
use crate::support::{Home, Local, OTHER_ZONE, ZONE, shows};

/// Writes the plan that the command prints.
fn write(home: &Home, name: &str, command: &str) -> Value {
    let run = home.run(&format!("{command} -o json")).ended(0);
    std::fs::write(home.folder().join(name), &run.stdout).unwrap();
    run.json()
}

fn put(home: &Home, name: &str, document: &Value) {
    std::fs::write(home.folder().join(name), serde_json::to_string_pretty(document).unwrap()).unwrap();
}

const RECORDS: &str = "--operation 'POST /zones/{zone_id}/dns_records'";

#[test]
fn a_plan_that_holds() {
    let home = home();
    let document = write(&home, "plan.json", "plan --recipe saas-platform");
    shows!("plan_verify", home.run("plan verify plan.json").ended(0));
    shows!("plan_verify_json", home.run("plan verify plan.json --json").ended(0));
    // Words stand for ids that nobody named, and are the same question.
    let nowhere = Home::new();
    write(&nowhere, "plan.json", "plan --recipe saas-platform");
    nowhere.run("plan verify plan.json").ended(0);
    // In another form it is the plan that it was.
    let again = home.run("plan --plan plan.json --json").ended(0).json();
    for part in ["owner", "needs", "grants", "policies", "certificate", "free", "unproven", "impossible"] {
        assert_eq!(again[part], document[part], "{part}");
    }
    let (by_file, by_recipe) =
        ["--plan plan.json", "--recipe saas-platform"].map(|work| home.run(&format!("plan {work} -o curl"))).into();
    assert_eq!(
        by_file.ended(0).stdout.lines().filter(|line| !line.contains("name")).collect::<Vec<_>>(),
        by_recipe.ended(0).stdout.lines().filter(|line| !line.contains("name")).collect::<Vec<_>>()
    );
    shows!("plan_of_a_file", home.run("plan --plan plan.json").ended(0));
}

#[test]
fn a_plan_that_does_not_hold() {
    let home = home();
    let plan = write(&home, "plan.json", "plan --recipe saas-platform");
    let mut wider = plan.clone();
    wider["policies"][0]["permission_groups"][0] =
        json!({ "id": "4755a26eedb94da69e1066d98aa820be", "name": "DNS Write" });
    put(&home, "wider.json", &wider);
    shows!("plan_verify_wider", home.run("plan verify wider.json").ended(1));
    shows!("plan_of_a_wider_file", home.run("plan --plan wider.json").failed(2));
    home.run("check --plan wider.json").failed(2);
    let mut less = plan.clone();
    less["needs"].as_array_mut().unwrap().pop();
    put(&home, "less.json", &less);
    assert!(!home.run("plan verify less.json --json").ended(1).json()["faults"].as_array().unwrap().is_empty());
    let mut tomorrow = plan.clone();
    tomorrow["needs"][0]["operation"] = json!("GET /zones/{zone_id}/tomorrow");
    put(&home, "tomorrow.json", &tomorrow);
    shows!("plan_verify_other_catalogue", home.run("plan verify tomorrow.json").ended(1));
    let mut changed = plan;
    changed["certificate"]["facts"]["operations"][1]["provenance"] = json!("rumour");
    put(&home, "changed.json", &changed);
    shows!("plan_verify_changed", home.run("plan verify changed.json").ended(0));
    home.run("plan --plan changed.json").ended(0).says("rumour");
}

#[test]
fn what_is_no_plan() {
    let home = home();
    std::fs::write(home.folder().join("broken.json"), "{\n  \"format\": 1,\n  oops").unwrap();
    shows!("plan_verify_broken", home.run("plan verify broken.json").failed(2));
    std::fs::write(home.folder().join("package.json"), "{\"name\": \"shop\"}").unwrap();
    home.run("plan --plan package.json").failed(2);
    home.run("plan verify nowhere.json").failed(2);
    let documented = home.run("plan --recipe saas-platform --as-documented --json").ended(0).stdout;
    std::fs::write(home.folder().join("documented.json"), documented).unwrap();
    shows!("plan_verify_documented", home.run("plan verify documented.json").failed(2));
    home.run("plan --plan documented.json --recipe saas-platform").ended(2);
}

#[test]
fn words_are_filled_in_where_a_plan_is_used() {
    let nowhere = Home::new();
    let words = nowhere.run(&format!("plan {RECORDS} --operation 'GET /zones' -o json")).ended(0).stdout;
    assert!(words.contains("<zone_id>"));
    let local = Local::start();
    std::fs::write(local.folder().join("plan.json"), &words).unwrap();
    local.run("token create --plan plan.json --name shop-dns --to env:.env --yes").ended(0);
    let resources = format!("{:?}", local.tokens());
    assert!(resources.contains(ZONE) && !resources.contains("b0000000000000000000000000000000"), "{resources}");
    shows!("token_create_without_name", local.run("token create --plan plan.json --to env:.env --dry-run").failed(2));
    let mut unset = Local::start();
    unset.set("CLOUDFLARE_ZONE_ID", "");
    std::fs::write(unset.folder().join("plan.json"), &words).unwrap();
    let asked = unset.run("token create --plan plan.json --name shop-dns --to env:.env --yes").failed(2);
    assert!(asked.stderr.contains("--zone"), "{}", asked.stderr);
    let every = local.run("token create --plan plan.json --name shop-dns --zone '*' --to env:.env --yes").failed(2);
    assert!(every.stderr.contains("one zone"), "{}", every.stderr);
}

#[test]
fn a_token_is_made_checked_and_mended_by_a_plan() {
    let mut local = Local::start();
    let records =
        format!("plan {RECORDS} --allow-ip 127.0.0.0/8 --expires 2999-01-31 --not-before 2001-01-01 --name shop-dns");
    write(&local, "plan.json", &records);
    shows!("token_create_by_plan", local.run("token create --plan plan.json --to env:.env --dry-run").ended(0));
    local.run("token create --plan plan.json --to env:.env --yes").ended(0);
    let token = local.tokens().into_iter().find(|token| token.name == "shop-dns").unwrap();
    assert_eq!(token.expires_on.unwrap().to_string(), "2999-01-31T00:00:00Z");
    assert_eq!(token.not_before.unwrap().to_string(), "2001-01-01T00:00:00Z");
    assert!(format!("{:?}", token.condition).contains("127.0.0.0/8"));
    let over = local
        .run("token create --plan plan.json --name shop-other --expires 2998-01-31 --to env:.other --dry-run --json");
    let over = over.ended(0).json();
    assert_eq!(over["token"]["name"], "shop-other");
    assert_eq!(over["token"]["expires_on"], "2998-01-31T00:00:00Z");
    // The same plan asks more than a narrow token has, and mends it.
    local.narrow_token();
    let key = [local.facts.email.clone(), local.facts.global_key.clone()];
    local.home.set("CLOUDFLARE_API_KEY", &key[1]);
    local.home.set("CLOUDFLARE_EMAIL", &key[0]);
    local.run("check --plan plan.json").ended(1).says("flarekeep fix --plan plan.json");
    local.run("fix --plan plan.json --yes").ended(0);
    local.run("check --plan plan.json").ended(0);
}

/// What a plan file says and a token would not be made with is refused by all that read one.
#[test]
fn a_plan_file_says_nothing_that_is_passed_over() {
    let home = home();
    let sound = write(&home, "plan.json", &format!("plan {RECORDS} --allow-ip 203.0.113.0/24"));
    let mut changed = sound.clone();
    changed["condition"]["request_ip"]["not_in"] = json!(["203.0.113.7/32"]);
    put(&home, "shut.json", &changed);
    shows!("plan_verify_condition", home.run("plan verify shut.json").failed(2));
    home.run("policy check shut.json --denies 'POST /zones'").failed(2);
    let mut changed = sound.clone();
    changed["format"] = json!(99);
    put(&home, "format.json", &changed);
    home.run("plan verify format.json").failed(2);
    shows!("policy_check_plan_format", home.run("policy check format.json --denies 'POST /zones'").failed(2));
    let mut changed = sound.clone();
    changed["owner"] = json!("me");
    put(&home, "owner.json", &changed);
    home.run("policy check owner.json --denies 'POST /zones'").failed(2);
    for field in ["format", "needs", "certificate"] {
        changed.as_object_mut().unwrap().remove(field);
    }
    put(&home, "owner.json", &changed);
    shows!("policy_check_owner", home.run("policy check owner.json --denies 'POST /zones'").failed(2));
    home.run("policy check plan.json --denies 'POST /zones'").ended(0);
    let mut changed = sound;
    changed["expires_on"] = json!("never");
    changed["name"] = json!("shop\u{202e}");
    changed["certificate"]["weight"] = json!("little");
    put(&home, "words.json", &changed);
    shows!("plan_verify_words", home.run("plan verify words.json").failed(2));
    changed["certificate"]["weight"] = changed["certificate"]["bound"].clone();
    put(&home, "limits.json", &changed);
    shows!("plan_verify_limits", home.run("plan verify limits.json").ended(1));
}

#[test]
fn apart_is_narrower_than_together() {
    let home = home();
    let work = "--recipe cert-manager-dns01 --recipe wrangler-deploy --operation 'GET /zones/{zone_id}/settings'";
    shows!("plan_separate", home.run(&format!("plan {work} --separate")).ended(0));
    let document = home.run(&format!("plan {work} --separate --json")).ended(0).json();
    let plans = document["plans"].as_array().unwrap();
    assert_eq!(plans.len(), 3);
    let writes = |plan: &Value| plan["reach"]["writes"].as_u64().unwrap();
    assert!(plans.iter().all(|plan| writes(plan) < writes(&document["together"])), "{document:#}");
    put(&home, "one.json", &plans[1]);
    home.run("plan verify one.json").ended(0);
    home.run(&format!("plan {work} --separate -o curl")).failed(2);
    shows!("token_create_separate", home.run(&format!("token create {work} --separate --name x --to -")).failed(2));
}

#[test]
fn limits_are_read() {
    let home = home();
    let meta = r#"{"verifiable": true, "hooks": ["192.0.2.0/24"], "actions": ["198.51.100.0/25", "198.51.100.128/25", "198.51.100.7/32"]}"#;
    std::fs::write(home.folder().join("meta.json"), meta).unwrap();
    let plan = format!("plan {RECORDS}");
    shows!(
        "plan_limits_listed",
        home.run(&format!("{plan} --allow-ip @meta.json#actions --allow-ip 203.0.113.7 -v")).ended(0)
    );
    shows!("plan_limits_host_bits", home.run(&format!("{plan} --allow-ip 203.0.113.7/24")).failed(2));
    shows!("plan_limits_no_key", home.run(&format!("{plan} --allow-ip @meta.json")).failed(2));
    shows!("plan_limits_times", home.run(&format!("{plan} --not-before 2998-12-01 --expires 2999-01-31")).ended(0));
    shows!(
        "plan_limits_backwards",
        home.run(&format!("{plan} --not-before 2999-12-01 --expires 2999-01-31")).failed(2)
    );
    for form in ["terraform", "curl", "github", "wrangler", "url", "steps"] {
        let run = home.run(&format!("{plan} -o {form} --not-before 2998-12-01 --expires 2999-01-31")).ended(0);
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(all.contains("2998-12-01") && all.contains("2999-01-31"), "{form}: {all}");
    }
}

#[test]
fn groups_at_the_same_zones_are_one_policy() {
    let home = home();
    let zones = [ZONE, OTHER_ZONE];
    let calls =
        zones.map(|zone| format!("--operation 'POST /zones/{zone}/dns_records' --operation 'GET /zones/{zone}'"));
    let document = home.run(&format!("plan {} --json", calls.join(" "))).ended(0).json();
    let policies = document["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1, "{document:#}");
    assert_eq!(policies[0]["resources"].as_object().unwrap().len(), 2);
}
