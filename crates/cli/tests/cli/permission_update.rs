//! `flarekeep permission update` and `diff`, and the alarm of a plan that rests on what has changed.

use flarekeep_catalogue::{Group, Scope, groups};
use serde_json::{Value, json};

use crate::support::{Deed, Home, Local, Proxy, answer, shows};

const OVERLAY: &str = ".local/share/flarekeep/overlay.json";
const RECORDS: &str = "/zones/{zone_id}/dns_records";
const LABEL: &str = "x-api-token-group";

/// Days differ from run to run.
fn dateless(work: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"20\d\d-\d\d-\d\d(T[0-9:]+Z)?", "[date]");
    settings.bind(work);
}

/// A small document that says of the DNS records what the catalogue says.
fn schema() -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Cloudflare API", "version": "4.0.0" },
        "paths": {
            RECORDS: {
                "parameters": [{ "name": "zone_id", "in": "path" }],
                "get": { LABEL: ["DNS Read", "DNS Write"], "security": [{ "api_token": [] }] },
                "post": { LABEL: ["Zone DNS Edit"] },
            },
        },
    })
}

/// The same, where the records want another group, an operation is new, and an unlabelled one has got a label.
fn changed_schema() -> Value {
    let mut schema = schema();
    schema["paths"][RECORDS]["post"] = json!({ LABEL: ["DNS Records Admin"] });
    schema["paths"]["/zones/{zone_id}/dns_records/{dns_record_id}/history"] = json!({ "get": { LABEL: ["DNS Read"] } });
    schema["paths"]["/accounts"] = json!({ "get": { LABEL: ["Account Settings Read"] } });
    schema
}

fn with_schema(home: &Home, schema: &Value) {
    home.write("openapi.json", &schema.to_string());
}

/// The live list of a user, as the API writes it, after `change`.
fn list(change: impl FnOnce(&mut Vec<Value>)) -> String {
    let entry = |group: &Group| {
        let id = group.id?.to_string();
        Some(json!({ "id": id, "name": group.name, "scopes": [group.scope.key()], "category": "other" }))
    };
    let mut list: Vec<Value> = groups().iter().filter_map(entry).collect();
    change(&mut list);
    let body = json!({ "success": true, "errors": [], "messages": [], "result": list }).to_string();
    answer("200 OK", "application/json", "", &body)
}

/// A world whose live list of permission groups is this.
fn listing(change: impl FnOnce(&mut Vec<Value>)) -> (Local, Proxy) {
    let (mut local, list) = (Local::start(), list(change));
    let proxy =
        Proxy::before(local.running.address(), move |request, _| match request.ends_with("/permission_groups") {
            true => Deed::Answer(list.clone()),
            false => Deed::Forward,
        });
    let url = proxy.api_url();
    local.set("CLOUDFLARE_API_BASE_URL", &url);
    local.call(&url, "[api]");
    (local, proxy)
}

fn named<'a>(list: &'a mut [Value], name: &str) -> &'a mut Value {
    list.iter_mut().find(|group| group["name"] == name).unwrap()
}

/// What changed in the list that most of the tests look at.
fn some_changes(list: &mut Vec<Value>) {
    named(list, "DNS Write")["name"] = "DNS Records Write".into();
    named(list, "Workers Routes Write")["scopes"] = json!([Scope::Account.key()]);
    list.retain(|group| group["name"] != "Zone Read");
    list.push(
        json!({ "id": "00000000000000000000000000000001", "name": "Teapots Write", "scopes": [Scope::Account.key()] }),
    );
}

#[test]
fn a_schema_that_says_the_same_is_no_news() {
    let home = Home::new();
    with_schema(&home, &schema());
    dateless(|| shows!("update_no_news", home.run("permission update --openapi openapi.json").ended(0)));
    dateless(|| shows!("diff_no_news", home.run("permission diff").ended(0)));
    let document = home.run("permission diff --json").ended(0).json();
    assert_eq!(document["changes"], json!([]));
    assert_eq!(document["overlay"]["operations"]["looked_at"], 2);
    // Nothing alarms a plan, and nothing is said of it.
    let plan = home.run("plan --operation 'POST /zones/{zone_id}/dns_records' --json").ended(0);
    assert_eq!((plan.json()["contradicted"].clone(), plan.stderr.as_str()), (json!([]), ""));
}

#[test]
fn a_changed_schema() {
    let home = Home::new();
    with_schema(&home, &changed_schema());
    dateless(|| shows!("update_dry_run", home.run("permission update --openapi openapi.json --dry-run").ended(0)));
    assert!(!home.path(".local").exists(), "a dry run writes nothing");
    dateless(|| shows!("update_openapi", home.run("permission update --openapi openapi.json").ended(0)));
    dateless(|| shows!("diff_openapi", home.run("permission diff").ended(1)));
    dateless(|| shows!("diff_openapi_json", home.run("permission diff --json").ended(1)));
    let kept: Value = serde_json::from_str(&home.read(OVERLAY)).unwrap();
    assert_eq!(kept["format"], 1);
    assert_eq!(kept["operations"]["operations"].as_array().unwrap().len(), 3);
}

#[cfg(unix)]
#[test]
fn the_file_can_be_read_by_all_and_nothing_else_lies_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    with_schema(&home, &schema());
    home.run("permission update --openapi openapi.json").ended(0);
    home.run("permission update --openapi openapi.json").ended(0);
    assert_eq!(std::fs::metadata(home.path(OVERLAY)).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(std::fs::read_dir(home.path(".local/share/flarekeep")).unwrap().count(), 1);
}

#[test]
fn the_emulators_list_gives_ids_that_nobody_has_published() {
    let local = Local::start();
    dateless(|| shows!("update_live", local.run("permission update").ended(0)));
    let changes = local.run("permission diff --json").ended(1).json()["changes"].clone();
    let learned = changes.as_array().unwrap();
    let nameless = groups().iter().filter(|group| group.id.is_none() && group.scope != Scope::Unknown).count();
    assert_eq!(learned.len(), nameless);
    assert!(learned.iter().all(|change| change["change"] == "id-learned"));
    // They deny nothing.
    let plan = local.run("plan --recipe saas-platform --json").ended(0);
    assert_eq!((plan.json()["contradicted"].clone(), plan.stderr.as_str()), (json!([]), ""));
}

#[test]
fn an_accounts_list_lacks_no_group_of_the_user() {
    let local = Local::start();
    let document = local.run("permission update --owner account --json").ended(0).json();
    assert_eq!(document["overlay"]["groups"]["owner"], "account");
    let changes = document["changes"].as_array().unwrap().clone();
    assert!(changes.iter().all(|change| change["change"] == "id-learned"), "{changes:?}");
}

#[test]
fn a_changed_list() {
    let (local, _proxy) = listing(some_changes);
    dateless(|| shows!("update_changed_list", local.run("permission update").ended(0)));
    dateless(|| shows!("diff_changed_list_json", local.run("permission diff --json").ended(1)));
}

#[test]
fn each_half_is_kept_while_the_other_is_renewed() {
    let (local, _proxy) = listing(some_changes);
    let halves = || {
        let kept: Value = serde_json::from_str(&local.read(OVERLAY)).unwrap();
        (kept["groups"].is_object(), kept["operations"].is_object())
    };
    with_schema(&local, &schema());
    local.run("permission update").ended(0);
    assert_eq!(halves(), (true, false));
    local.run("permission update --openapi openapi.json").ended(0);
    assert_eq!(halves(), (true, true));
    local.run("permission update").ended(0);
    assert_eq!(halves(), (true, true));
    std::fs::remove_file(local.path(OVERLAY)).unwrap();
    local.run("permission update --owner user --openapi openapi.json").ended(0);
    assert_eq!(halves(), (true, true));
}

#[test]
fn a_plan_that_rests_on_what_changed_says_so() {
    let (local, _proxy) = listing(some_changes);
    with_schema(&local, &changed_schema());
    local.run("permission update --owner user --openapi openapi.json").ended(0);
    let operations = "--operation 'POST /zones/{zone_id}/dns_records' --operation 'POST /zones/{zone_id}/workers/routes' \
                      --operation 'GET /accounts' --operation 'GET /zones/{zone_id}/settings'";
    dateless(|| shows!("alarm", local.run(&format!("plan {operations}")).ended(0)));
    let document = local.run(&format!("plan --json {operations}")).ended(0).json();
    let kinds: Vec<_> =
        document["contradicted"].as_array().unwrap().iter().map(|denied| &denied["contradiction"]).collect();
    assert_eq!(kinds, ["scope-moved", "not-accepted", "group-needed"]);
    assert!(document["contradicted"][1]["source"].as_str().unwrap().starts_with("openapi.json"));
    // The remark alone gives way to --quiet; the plan itself goes its way in every form.
    let run = local.run(&format!("plan --quiet -o curl {operations}")).ended(0).says("warning: ");
    assert!(run.stdout.contains("curl") && !run.stderr.contains("permission diff"), "{}", run.shown());
}

#[test]
fn a_documented_list_a_check_and_a_token_are_alarmed_as_well() {
    let (local, _proxy) = listing(some_changes);
    local.run("permission update").ended(0);
    let routes = "Workers Routes Write takes effect at: account, not zone";
    let documented = local.run("plan --recipe saas-platform --as-documented --json").ended(0).says(routes);
    assert_eq!(documented.json()["contradicted"].as_array().unwrap().len(), 2);
    let create = "token create --name x --recipe saas-platform --to env:.env --yes";
    local.run(create).ended(0).says(routes).says("Zone Read (c8fed203ed3043cba015a93ad1616f1f) is not listed any more");
    local.run("token create --name y --permission 'Zone:Workers Routes:Edit' --dry-run").ended(0).says(routes);
    local.run("check --recipe saas-platform").ended(0).says(routes);
    local.run("fix --recipe saas-platform --dry-run").ended(0).says(routes);
}

#[test]
fn a_great_alarm_is_cut_short() {
    let plan = "plan --recipe saas-platform --operation 'POST /accounts/{account_id}/queues' \
                --operation 'POST /accounts/{account_id}/pages/projects' --operation 'POST /zones/{zone_id}/purge_cache'";
    let planned = Local::start().run(&format!("{plan} --json")).ended(0).json()["policies"].to_string();
    let (local, _proxy) = listing(|list| list.retain(|group| !planned.contains(group["id"].as_str().unwrap())));
    local.run("permission update").ended(0);
    let run = local.run(plan);
    assert!(run.stderr.matches("is not listed any more").count() <= 8, "{}", run.shown());
    run.ended(0).says("more facts are contradicted");
}

#[test]
fn what_was_learned_answers_by_id_and_name() {
    let learned = "00000000000000000000000000000002";
    let nameless = groups().iter().find(|group| group.name == "AI Search Read" && group.id.is_none()).unwrap();
    let (local, _proxy) = listing(|list| {
        some_changes(list);
        list.push(json!({ "id": learned, "name": nameless.name, "scopes": [Scope::Account.key()] }));
    });
    local.run("permission show 'AI Search Read'").ended(0);
    local.run("permission show 'DNS Records Write'").failed(2);
    local.run("permission update").ended(0);
    let shown = |line: &str| local.run(line).ended(0);
    assert!(shown("permission show 'AI Search Read'").stdout.contains(&format!("{learned} (learned")));
    assert!(shown(&format!("permission show {learned}")).stdout.starts_with("AI Search Read\n"));
    let document = shown("permission show 'AI Search Read' --json").json();
    assert_eq!((&document["id"], &document["learned"][0]["id"]), (&Value::Null, &json!(learned)));
    // A new name means the group that has the id.
    let renamed = shown("permission show 'DNS Records Edit'").says("is taken as DNS Write: Cloudflare lists it so now");
    assert!(renamed.stdout.starts_with("DNS Write\n"), "{}", renamed.shown());
    local
        .run("token create --name x --permission 'DNS Records Write' --dry-run")
        .ended(0)
        .says("is taken as DNS Write");
    // Of a new group is known what the list says, and no more.
    let new = shown("permission show 'Teapots Write'");
    for spelling in ["teapots-edit", "00000000000000000000000000000001"] {
        assert_eq!(shown(&format!("permission show {spelling}")).stdout, new.stdout);
    }
    dateless(|| shows!("show_new_group", new));
    shown("permission show 'Teapots Write' --json").json();
    let refused = local.run("token create --name x --permission 'Teapots Write' --dry-run");
    refused.failed(2).says("what `Teapots Write` opens is not known");
    dateless(|| shows!("search_new_group", shown("permission search teapots")));
    assert!(shown("permission search 'dns records write'").stdout.contains("`DNS Records Write` (GET"));
    assert!(shown("permission search 'ai search read'").stdout.contains(&format!("{learned} (learned)")));
    let list = shown("permission list --scope account").says("the overlay has 1 new permission besides");
    assert!(list.stdout.contains(&format!("{learned} (learned)")));
    // What is gone is said.
    shown("permission show 'Zone Read'").says("is not listed any more");
}

#[test]
fn a_list_of_another_api_says_nothing_of_this_one() {
    let (mut local, proxy) = listing(some_changes);
    local.run("permission update").ended(0).says("only commands with the same API URL heed it");
    let plan = "plan --operation 'POST /zones/{zone_id}/workers/routes'";
    local.run(plan).ended(0).says("Workers Routes Write takes effect");
    let at = proxy.api_url();
    for other in ["https://api.cloudflare.com/client/v4", &at.replace("/client", "/other")] {
        local.set("CLOUDFLARE_API_BASE_URL", other);
        let run = local.run(plan).ended(0);
        assert!(!run.stderr.contains("Workers Routes Write takes effect"), "{}", run.shown());
        local.run("permission show 'DNS Records Write'").failed(2);
        local.run("permission diff").ended(1).says("the list is of another API than this command's");
    }
}

#[cfg(unix)]
#[test]
fn an_overlay_that_is_no_file_holds_nothing_up() {
    let home = Home::new();
    with_schema(&home, &schema());
    let path = home.path(OVERLAY);
    std::fs::create_dir_all(&path).unwrap();
    let told = |home: &Home| {
        home.run("plan --operation 'GET /zones'").ended(0).says("is no regular file");
        home.run("permission diff").failed(2).says("is no regular file");
        home.run("permission show 'DNS Write'").ended(0).says("is no regular file");
        home.run("permission update --openapi openapi.json").failed(2).says("is no regular file");
    };
    told(&home);
    std::fs::remove_dir(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    told(&home);
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    told(&home);
}

#[test]
fn without_an_overlay() {
    shows!("diff_without", Home::new().run("permission diff").failed(2));
    shows!("update_no_credential", Home::new().run("permission update").failed(2));
}

#[test]
fn a_damaged_overlay_is_named_and_made_anew() {
    let home = Home::new();
    std::fs::create_dir_all(home.path(".local/share/flarekeep")).unwrap();
    with_schema(&home, &schema());
    let plan = "plan --operation 'POST /zones/{zone_id}/dns_records'";
    home.write(OVERLAY, "{\"format\": 1, \"groups\": \u{1b}[2J");
    shows!("diff_damaged", home.run("permission diff").failed(2));
    shows!("plan_damaged", home.run(plan).ended(0));
    for damage in ["", "[]", "null", "{\"format\": 0}", "{\"format\": 1, \"groups\": {\"as_of\": 1}}", "\u{0}\u{ff}"] {
        home.write(OVERLAY, damage);
        home.run("permission diff").failed(2).says("is damaged");
        home.run(plan).ended(0).says("warning: ").says("flarekeep permission update makes it anew");
    }
    let update = home.run("permission update --openapi openapi.json").ended(0);
    dateless(|| shows!("update_damaged", update));
    home.run("permission diff").ended(0);
    // A later version's is not ours to overwrite.
    home.write(OVERLAY, "{\"format\": 2, \"news\": []}");
    shows!("diff_newer", home.run("permission diff").failed(2));
    home.run("permission update --openapi openapi.json").failed(2);
    assert_eq!(home.read(OVERLAY), "{\"format\": 2, \"news\": []}");
    home.run(plan).ended(0).says("warning: ");
}

#[test]
fn garbage_is_refused_and_what_was_there_stays() {
    let home = Home::new();
    with_schema(&home, &schema());
    home.run("permission update --openapi openapi.json").ended(0);
    let kept = home.read(OVERLAY);
    let hostile = |name: &str| json!({ "paths": { RECORDS: { "get": { LABEL: [name] } } } }).to_string();
    for garbage in [
        "",
        "openapi: 3.0.3\npaths: {}\n",
        "[]",
        "{}",
        "{\"paths\": {}}",
        "{\"paths\": {\"/pets\": {\"get\": {\"x-api-token-group\": [\"DNS Read\"]}}}}",
        "{\"paths\": {\"/zones\": {\"get\": {}}}}",
        "{\"paths\": {\"/zones\": {\"get\": {\"x-api-token-group\": {\"DNS Read\": true}}}}}",
        &hostile("\u{1b}]0;gotcha\u{7}"),
        &hostile(&"x".repeat(10_000)),
        &hostile(""),
        &format!("{{\"x\": {}", "[".repeat(100_000)),
    ] {
        home.write("garbage.json", garbage);
        let run = home.run("permission update --openapi garbage.json").failed(2);
        assert!(!run.stderr.contains('\u{1b}') && run.stderr.len() < 1_500, "{}", run.shown());
        assert_eq!(home.read(OVERLAY), kept);
    }
    home.write("garbage.json", "openapi: 3.0.3\npaths: {}\n");
    shows!("update_yaml", home.run("permission update --openapi garbage.json").failed(2));
    shows!("update_no_file", home.run("permission update --openapi nowhere.json").failed(2));
    home.run("permission update --openapi .").failed(2);
}

#[test]
fn a_hostile_list_is_refused_and_what_was_there_stays() {
    let spoilt: [fn(&mut Vec<Value>); 5] = [
        |list| list.clear(),
        |list| list[0]["name"] = "\u{1b}[2J".into(),
        |list| list[0]["name"] = "x".repeat(1_000_000).into(),
        |list| list[0]["id"] = list[1]["id"].clone(),
        |list| list[0]["id"] = "not an id".into(),
    ];
    for spoil in spoilt {
        let (local, _proxy) = listing(spoil);
        let run = local.run("permission update").failed(4);
        assert!(!run.stderr.contains('\u{1b}') && run.stderr.len() < 1_500, "{}", run.shown());
        assert!(!local.path(OVERLAY).exists(), "nothing is written");
    }
    let (local, _proxy) = listing(Vec::clear);
    shows!("update_empty_list", local.run("permission update").failed(4));
    // What a terminal would obey and no name may hold, in a text that is only shown.
    let (local, _proxy) = listing(|list| named(list, "DNS Write")["name"] = "DNS \u{202e}etirW".into());
    let run = local.run("permission update").ended(0);
    assert!(run.stdout.contains(r"DNS \u{202e}etirW"), "{}", run.shown());
}

#[test]
fn xdg_data_home_says_where_the_overlay_lies() {
    let home = Home::new();
    with_schema(&home, &changed_schema());
    let update = "permission update --openapi openapi.json";
    let data = home.path("data");
    home.type_(update).env("XDG_DATA_HOME", data.to_str().unwrap()).run().ended(0);
    assert!(data.join("flarekeep/overlay.json").exists() && !home.path(".local").exists());
    let there = home.type_("permission diff").env("XDG_DATA_HOME", data.to_str().unwrap()).run();
    there.ended(1);
    home.run("permission diff").failed(2);
    // A path that is not absolute, or empty, is as good as none.
    for none in ["data", ""] {
        home.type_("permission diff").env("XDG_DATA_HOME", none).run().failed(2);
    }
    // The folder that one stands in has no say in it.
    home.write(".env", &format!("XDG_DATA_HOME={}\n", data.display()));
    home.run("permission diff").failed(2);
    // Without any home there is no overlay, and plans are made all the same.
    shows!("update_homeless", home.type_(update).env("HOME", "").run().failed(2));
    home.type_("plan --operation 'GET /zones'").env("HOME", "").run().ended(0);
    // A home that cannot be written is said.
    home.write("file", "");
    let file = home.path("file");
    home.type_(update).env("XDG_DATA_HOME", file.to_str().unwrap()).run().failed(2);
}
