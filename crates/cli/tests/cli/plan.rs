//! `flarekeep plan`: needs no credential, no network, and says how it knows.

use crate::support::{ACCOUNT, Home, Local, ZONE, shows};

/// A home that knows the account and the zone, and nobody to call.
pub(crate) fn home() -> Home {
    let mut home = Home::new();
    home.set("CLOUDFLARE_ACCOUNT_ID", ACCOUNT);
    home.set("CLOUDFLARE_ZONE_ID", ZONE);
    home.set("CLOUDFLARE_API_BASE_URL", "http://127.0.0.1:1/client/v4");
    home.call(ACCOUNT, "[account]");
    home.call(ZONE, "[zone]");
    home
}

#[test]
fn table() {
    shows!("plan_recipe", home().run("plan --recipe saas-platform").ended(0));
    shows!("plan_recipe_nowhere", Home::new().run("plan --recipe saas-platform").ended(0));
}

#[test]
fn of_operations() {
    let template = "plan --operation 'POST /zones/{zone_id}/dns_records'";
    shows!("plan_operation", home().run(template).ended(0));
    let concrete = "plan --operation 'GET /client/v4/zones/dddd0000dddd0000dddd0000dddd0001/workers/routes'";
    let run = home().run(concrete).ended(0);
    assert!(run.stdout.contains("dddd0000dddd0000dddd0000dddd0001"), "the id of the path is the one that counts");
    shows!("plan_operation_concrete", run);
    let two = "plan --operation 'GET /accounts/{account_id}/workers/scripts' --operation 'PUT /accounts/{account_id}/workers/scripts/{script_name}'";
    shows!("plan_operations", home().run(two).ended(0));
}

#[test]
fn as_a_document() {
    let home = home();
    let operation = "--operation 'POST /zones/{zone_id}/dns_records'";
    let by_output = home.run(&format!("plan {operation} -o json")).ended(0);
    let by_json = home.run(&format!("plan {operation} --json")).ended(0);
    assert_eq!(by_output.json(), by_json.json());
    shows!("plan_json", by_json);
    let document = home.run("plan --recipe saas-platform --json").ended(0).json();
    assert_eq!(document["recipe"], "saas-platform");
    assert_eq!(document["grants"].as_array().map(Vec::len), Some(7), "{document:#}");
    let forgotten = document["documented"]["forgotten"].to_string();
    assert!(forgotten.contains("KV") && forgotten.contains("DNS"), "{forgotten}");
    // Without ids the places are words, and no stand-in id gets out.
    let words = Home::new().run("plan --recipe saas-platform --json").ended(0).stdout;
    assert!(words.contains("<account_id>") && words.contains("<zone_id>"));
    assert!(!words.contains("a0000000000000000000000000000000") && !words.contains("b0000000000000000000000000000000"));
}

#[test]
fn as_curl() {
    let home = home();
    let operation = "--operation 'POST /zones/{zone_id}/dns_records'";
    shows!("plan_curl", home.run(&format!("plan {operation} -o curl")).ended(0));
    shows!("plan_curl_account", home.run(&format!("plan {operation} -o curl --owner account")).ended(0));
}

#[test]
fn in_every_form() {
    let home = home();
    let limits = "--name shop-sites-prod --allow-ip 203.0.113.0/24 --expires 2999-01-31";
    for form in ["url", "steps", "curl", "terraform", "terraform-v4", "wrangler", "github"] {
        let run = home.run(&format!("plan --recipe saas-platform -o {form} {limits}")).ended(0);
        shows!(format!("plan_as_{form}"), run);
        let account = format!("plan --recipe saas-platform -o {form} --owner account");
        match form {
            "terraform-v4" => shows!("plan_as_terraform-v4_account", home.run(&account).failed(2)),
            form => shows!(format!("plan_as_{form}_account"), home.run(&account).ended(0)),
        }
    }
}

#[test]
fn a_link_stands_alone_on_the_first_line() {
    let home = home();
    let run = home.run("plan --operation 'POST /zones/{zone_id}/dns_records' -o url").ended(0);
    let link = run.stdout.lines().next().unwrap();
    assert_eq!(
        link,
        "https://dash.cloudflare.com/profile/api-tokens?permissionGroupKeys=%5B%7B%22key%22%3A%22dns%22%2C%22type%22%3A\
         %22edit%22%7D%5D&accountId=*&zoneId=all"
    );
    // Nothing with a documented key: no link that opens an empty form.
    shows!(
        "plan_as_url_without_key",
        home.run("plan --operation 'GET /zones/{zone_id}/load_balancers' -o url").ended(0)
    );
    shows!("plan_as_url_nowhere", Home::new().run("plan --recipe saas-platform -o url").ended(0));
}

#[test]
fn a_form_as_a_document() {
    let home = home();
    for form in ["url", "steps", "curl", "terraform", "wrangler", "github"] {
        let words = home.run(&format!("plan --recipe saas-platform --as-documented -o {form}")).ended(0).stdout;
        let document =
            home.run(&format!("plan --recipe saas-platform --as-documented -o {form} --json")).ended(0).json();
        assert_eq!(document["form"], form);
        assert!(words.starts_with(document["text"].as_str().unwrap()), "{words}");
        let by_hand = ["url", "wrangler"].contains(&form);
        assert_eq!(document["by_hand"].as_array().unwrap().is_empty(), !by_hand, "{document:#}");
    }
}

#[test]
fn limits_are_in_the_plan() {
    let home = home();
    let plan =
        "plan --operation 'POST /zones/{zone_id}/dns_records' --name 'a b' --allow-ip 203.0.113.7 --expires 2999-01-31";
    let document = home.run(&format!("{plan} --json")).ended(0).json();
    assert_eq!(document["name"], "a b");
    assert_eq!(document["condition"]["request_ip"]["in"][0], "203.0.113.7/32");
    assert_eq!(document["expires_on"], "2999-01-31T00:00:00Z");
    shows!("plan_limits", home.run(plan).ended(0));
    let none = home.run("plan --operation 'POST /zones/{zone_id}/dns_records' --json").ended(0).json();
    assert!(none["name"].is_null() && none["condition"].is_null() && none["expires_on"].is_null());
    for wrong in ["--name 'a\u{202e}b'", "--name ''", "--allow-ip nowhere", "--expires yesterday"] {
        home.run(&format!("plan --operation 'GET /zones/{{zone_id}}' -o steps {wrong}")).failed(2);
    }
}

#[test]
fn places_that_a_form_cannot_say() {
    let home = home();
    let bucket = "plan --operation 'PUT s3://{bucket_name}/{object_key}' --bucket media -o steps";
    shows!("plan_as_steps_bucket", home.run(bucket).ended(0));
    shows!("plan_as_steps_nowhere", Home::new().run("plan --operation 'GET /user/tokens' -o steps").ended(0));
    // The dashboard knows zones by name: nobody is asked for ids.
    let named = "--account 'Example Ltd' --zone example.org --operation 'POST /zones/{zone_id}/dns_records'";
    shows!("plan_as_url_by_name", Home::new().run(&format!("plan {named} -o url")).ended(0));
    let run = Home::new().run(&format!("plan {named} -o steps")).ended(0);
    assert!(run.stdout.contains("Specific zone > example.org\n"), "{}", run.stdout);
    let broken = "plan --zone 9a7806061c88ada191ed06f989cc3da --operation 'GET /zones/{zone_id}' -o url";
    Home::new().run(broken).failed(2);
    let unknown = "plan --operation 'GET /accounts/{account_id}/flagship/apps' -o";
    shows!("plan_as_terraform_without_id", home.run(&format!("{unknown} terraform")).ended(0));
    shows!("plan_as_curl_without_id", home.run(&format!("{unknown} curl")).ended(0));
}

/// A step runs what the recipe is about, and nothing else is taken for wrangler's work.
#[test]
fn a_workflow_runs_the_work() {
    let home = home();
    let step = |recipe: &str| {
        let text = home.run(&format!("plan --recipe {recipe} -o github")).ended(0).stdout;
        text.lines().find_map(|line| line.trim().strip_prefix("run: ")).unwrap().to_owned()
    };
    assert_eq!(step("wrangler-deploy"), "npx wrangler deploy");
    assert_eq!(step("wrangler-pages-deploy"), "npx wrangler pages deploy");
    assert!(!step("cert-manager-dns01").contains("wrangler"));
    let run = home.run("plan --recipe wrangler-deploy -o wrangler").ended(0);
    assert!(!run.stderr.contains("not known as wrangler's"), "{}", run.stderr);
    shows!("plan_as_github_bucket", home.run("plan --recipe rclone-r2 --bucket assets -o github").ended(0));
    shows!("plan_as_wrangler_bucket", home.run("plan --recipe rclone-r2 --bucket assets -o wrangler").ended(0));
    shows!("plan_as_github_nameless", home.run("plan --operation 'GET /zones/{zone_id}' -o github").ended(0));
}

#[test]
fn what_a_template_grants_everywhere() {
    let home = home();
    shows!("plan_beside_everywhere", home.run("plan --recipe template-read-billing").ended(0));
    let document = home.run("plan --recipe template-read-billing --json").ended(0).json();
    assert_eq!(document["documented"]["everywhere"], true);
}

#[test]
fn as_documented() {
    let home = home();
    shows!("plan_as_documented", home.run("plan --recipe saas-platform --as-documented").ended(0));
    let document = home.run("plan --recipe saas-platform --as-documented --json").ended(0).json();
    let groups: usize = document["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| policy["permission_groups"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(groups, 8, "the documents list eight: {document:#}");
    let curl = home.run("plan --recipe saas-platform --as-documented -o curl").ended(0).stdout;
    assert!(curl.contains("/user/tokens"), "{curl}");
    let curl = home.run("plan --recipe saas-platform --as-documented -o curl --owner account").ended(0).stdout;
    assert!(
        curl.contains(&format!("/accounts/{ACCOUNT}/tokens")),
        "a plan for the account's token calls the account:\n{curl}"
    );
}

#[test]
fn of_an_account() {
    let home = home();
    shows!(
        "plan_owner_account",
        home.run("plan --owner account --operation 'POST /accounts/{account_id}/r2/buckets'").ended(0)
    );
    // No account's token can do what only a user may.
    shows!("plan_owner_account_impossible", home.run("plan --owner account --operation 'GET /user/tokens'").ended(1));
}

#[test]
fn of_nothing() {
    shows!("plan_nothing", home().run("plan").failed(2));
}

#[test]
fn of_what_is_only_inferred() {
    let home = home();
    // The bucket forces the grant, and so hides that what the object's call accepts is a guess.
    let bucket = "--operation 'POST /accounts/{account_id}/r2/buckets'";
    let object = "--operation 'PUT /accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}'";
    shows!("plan_inferred", home.run(&format!("plan {bucket} {object}")).ended(0));
    let document = home.run(&format!("plan {bucket} {object} --json")).ended(0).json();
    assert_eq!(document["inferred"], serde_json::json!([1]));
    assert!(document["needs"][0].get("basis").is_none());
    assert_eq!(document["needs"][1]["basis"]["confidence"], "low");
    let many = [
        "GET /accounts/{account_id}/cloudforce-one/rules/tree",
        "POST /accounts/{account_id}/access/service_tokens/{service_token_id}/rotate",
        "GET /accounts/{account_id}/email/sending/suppression",
        "POST /accounts/{account_id}/email/sending/send",
        "GET /accounts/{account_id}/tokens/verify",
    ];
    let many = many.map(|operation| format!("--operation '{operation}'")).join(" ");
    shows!("plan_inferred_many", home.run(&format!("plan --owner account {many}")).ended(0));
    let curl = home.run(&format!("plan {bucket} {object} -o curl --quiet")).ended(0);
    assert!(curl.stderr.contains("buckets/{bucket_name}/objects/{object_key} accepts is inferred"), "{}", curl.stderr);
    let curl = home.run(&format!("plan {bucket} -o curl")).ended(0);
    assert!(!curl.stderr.contains("inferred"), "{}", curl.stderr);
    let curl = home.run(&format!("plan --owner account {many} -o curl")).ended(0);
    assert!(curl.stderr.contains("and 4 other operations accept is inferred"), "{}", curl.stderr);
    shows!("plan_inferred_verbose", home.run(&format!("plan --owner account {many} --verbose")).ended(0));
}

#[test]
fn of_names_that_are_looked_up() {
    let local = Local::start();
    let run = local.run("plan --zone example.org --operation 'POST /zones/{zone_id}/dns_records'").ended(0);
    shows!("plan_zone_by_name", run);
    shows!("plan_zone_unknown", local.run("plan --zone nowhere.test --operation 'GET /zones/{zone_id}'").failed(2));
}

#[test]
fn unknown_work_names_the_nearest() {
    let home = home();
    shows!("plan_unknown_recipe", home.run("plan --recipe saas-platfrom").failed(2));
    shows!("plan_unknown_operation", home.run("plan --operation 'POST /zones/{zone_id}/dns_record'").failed(2));
    shows!("plan_malformed_operation", home.run("plan --operation 'dns_records'").ended(2));
    home.run("plan --operation ''").ended(2);
    home.run("plan --operation 'FETCH /zones'").ended(2);
}

#[test]
fn of_objects_at_their_bucket() {
    let home = Home::new();
    let objects = "--operation 'PUT s3://{bucket_name}/{object_key}'";
    shows!("plan_bucket", home.run(&format!("plan {objects} --bucket eu/media")).ended(0));
    shows!("plan_bucket_unnamed", home.run(&format!("plan {objects}")).ended(0));
    shows!("plan_bucket_bad", home.run(&format!("plan {objects} --bucket Media!")).ended(2));
}

#[test]
fn of_work_on_every_zone() {
    let home = Home::new();
    let records = "plan --operation 'GET /zones' --operation 'POST /zones/{zone_id}/dns_records' --zone '*'";
    shows!("plan_every_zone", home.run(records).ended(0));
}

#[test]
fn names_without_a_credential_stay_names() {
    let home = Home::new();
    shows!("plan_by_name_nobody_asked", home.run("plan --recipe cert-manager-dns01 --zone example.com").ended(0));
}

#[test]
fn what_an_accounts_token_may_not_call_is_left_out_and_said() {
    let home = home();
    shows!("plan_left_out", home.run("plan --recipe prometheus-exporter --owner account").ended(0));
    home.run("plan --recipe prometheus-exporter --owner account -o curl").ended(0).says("left out, since no token");
}

#[test]
fn work_that_an_accounts_token_cannot_do_is_no_plan() {
    let home = home();
    shows!("plan_nothing_left", home.run("plan --recipe wrangler-whoami --owner account").failed(2));
    let rules = "plan --recipe octodns --with url-forwarding --owner account";
    shows!("plan_closed_products", home.run(rules).ended(1));
    home.run("plan --operation 'GET /accounts' --owner account").ended(1);
    shows!("plan_nothing_to_write", home.run("plan --operation 'GET /accounts' -o terraform").failed(2));
    home.run("plan --recipe octodns --zone '' -o url").failed(2).says("--zone is empty");
    let document = home.run("plan --recipe saas-platform --owner account --json").ended(0).json();
    assert_eq!(document["left_out"], serde_json::json!(["GET /accounts"]));
    shows!("plan_worker", home.run("plan --recipe wrangler-deploy --worker shop").ended(0));
}
