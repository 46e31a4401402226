//! `flarekeep permission`: needs no credential and no network.

use serde_json::Value;

use crate::support::{Home, shows};

#[test]
fn list() {
    let home = Home::new();
    shows!("permission_list_user", home.run("permission list --scope user").ended(0));
    shows!("permission_list_bucket", home.run("permission list --scope bucket").ended(0));
    shows!("permission_list_flagship", home.run("permission list --scope flagship-app").ended(0));
    shows!("permission_list_category", home.run("permission list --scope zone --category dns").ended(0));
    shows!("permission_list_nothing", home.run("permission list --scope user --category media").ended(0));
    let all = home.run("permission list --quiet").ended(0);
    assert_eq!((all.stdout.lines().count(), all.stderr.as_str()), (401, ""));
    let document = home.run("permission list --json").ended(0).json();
    assert_eq!(document.as_array().map(Vec::len), Some(400));
    let inferred: Vec<&Value> =
        document.as_array().unwrap().iter().filter(|group| group["provenance"] == "scope-inferred").collect();
    assert!(inferred.len() == 32 && inferred.iter().all(|group| group["id"].is_null() && group["scope"].is_string()));
}

#[test]
fn list_of_a_category_that_is_none() {
    let home = Home::new();
    shows!("permission_list_bad_category", home.run("permission list --category nonsense").failed(2));
    home.run("permission list --category ''").failed(2);
    home.run("permission list --scope galaxy").ended(2);
}

#[test]
fn search() {
    let home = Home::new();
    shows!("permission_search_dns_edit", home.run("permission search dns edit").ended(0));
    shows!("permission_search_worker_routes", home.run("permission search 'worker routes'").ended(0));
    shows!("permission_search_r2", home.run("permission search r2").ended(0));
    shows!("permission_search_typos", home.run("permission search wrokers scrpts").ended(0));
    shows!("permission_search_synonym", home.run("permission search custom hostname edit --quiet").ended(0));
    shows!("permission_search_operations", home.run("permission search leaked credential").ended(0));
    shows!("permission_search_id", home.run("permission search 4755a26eed").ended(0));
    shows!("permission_search_json", home.run("permission search purge --json").ended(0));
    let few = home.run("permission search zone").ended(0).stdout.lines().count();
    assert!(home.run("permission search zone --verbose").ended(0).stdout.lines().count() > few);
}

#[test]
fn search_that_finds_nothing() {
    let home = Home::new();
    shows!("permission_search_nothing", home.run("permission search xyzzyplugh").ended(1));
    let document = home.run("permission search xyzzyplugh --json").ended(1).json();
    assert_eq!(document["found"], Value::Array(Vec::new()));
    let hostile = home.run("permission search '\u{1b}[31m\u{202e}'").ended(1);
    assert!(!hostile.stdout.contains('\u{1b}') && !hostile.stdout.contains('\u{202e}'));
    home.run("permission search").ended(2);
}

#[test]
fn search_without_a_word() {
    let home = Home::new();
    shows!("permission_search_empty", home.run("permission search ''").failed(2));
    for text in ["' '", "'' ''", "'\u{202e}'", "'>'"] {
        home.run(&format!("permission search {text}")).failed(2);
    }
}

#[test]
fn show() {
    let home = Home::new();
    let run = home.run("permission show Zone:DNS:Edit").ended(0);
    assert_eq!(run.stdout, home.run("permission show 'Zone > DNS > Edit'").ended(0).stdout);
    assert_eq!(run.stdout, home.run("permission show com.cloudflare.api.account.zone DNS Write").ended(0).stdout);
    assert_eq!(run.stdout, home.run("permission show 4755a26eedb94da69e1066d98aa820be --quiet").ended(0).stdout);
    shows!("permission_show_dns_write", run);
    let verbose = home.run("permission show Zone:DNS:Edit --verbose").ended(0).stdout;
    assert!(verbose.contains("DELETE /zones/{zone_id}/dns_records/{dns_record_id}") && !verbose.contains("more (--"));
}

/// Recipes that call hundreds of operations are named, and not planned.
#[test]
fn show_of_what_reads_everything() {
    let shown = Home::new().run("permission show DNS Read").ended(0).stdout;
    let (_, unplanned) = shown.split_once("recipes of hundreds of calls, some of which accept it\n").unwrap();
    assert!(unplanned.contains("template-read-all-resources"), "{unplanned}");
}

/// Of some groups little is known, and that is said.
#[test]
fn show_of_groups_with_gaps() {
    let home = Home::new();
    shows!("permission_show_renamed", home.run("permission show Cache Rules Edit").ended(0));
    shows!("permission_show_user", home.run("permission show Memberships Write").ended(0));
    shows!("permission_show_bucket", home.run("permission show Workers R2 Storage Bucket Item Read").ended(0));
    shows!("permission_show_scope_inferred", home.run("permission show DLS: Write").ended(0));
    shows!("permission_show_name_only", home.run("permission show AI Gateway Metadata Read").ended(0));
    shows!("permission_show_no_level", home.run("permission show Account API Gateway").ended(0));
    shows!("permission_show_inferred", home.run("permission show Workers Containers Write").ended(0));
}

/// A remark on the spelling is a remark; what is uncertain about the name is a part of the answer.
#[test]
fn show_of_spellings_that_call_for_a_remark() {
    let home = Home::new();
    let run = home.run("permission show Account:Cloudflare R2:Edit").ended(0);
    assert!(
        run.stderr.contains("Cloudflare writes Workers R2 Storage") && run.stdout.starts_with("Workers R2 Storage")
    );
    let quiet = home.run("permission show Account:Cloudflare R2:Edit --quiet").ended(0);
    assert_eq!((quiet.stdout, quiet.stderr.as_str()), (run.stdout, ""));
    let uncertain = home.run("permission show Zone:Page Shield:Edit --quiet").ended(0).stdout;
    assert!(uncertain.starts_with("Domain Page Shield\n"), "{uncertain}");
    assert!(uncertain.contains("may also mean the zone group Page Shield Write, id 87065285ab38463481e72815eefd18c3"));
    shows!("permission_show_uncertain", home.run("permission show zaraz edit").ended(0));
}

#[test]
fn show_of_a_name_that_means_several_asks() {
    let home = Home::new();
    shows!("permission_show_ambiguous", home.run("permission show Logs Read").failed(2));
    shows!("permission_show_ambiguous_page", home.run("permission show page shield edit").failed(2));
    let document = home.run("permission show Logs Read --json").failed(2).json();
    for hint in document["error"]["hints"].as_array().unwrap() {
        home.run(hint.as_str().unwrap().strip_prefix("flarekeep ").unwrap()).ended(0);
    }
}

#[test]
fn show_of_nothing() {
    let home = Home::new();
    shows!("permission_show_unknown", home.run("permission show Workers Scrpts Write").failed(2));
    shows!("permission_show_unknown_words", home.run("permission show custom hostname").failed(2));
    home.run("permission show ''").failed(2);
    home.run("permission show").ended(2);
    let hostile = home.run("permission show '\u{1b}[31m\u{202e}'").failed(2);
    assert!(!hostile.stderr.contains('\u{1b}') && !hostile.stderr.contains('\u{202e}'));
}

#[test]
fn show_as_a_document() {
    let home = Home::new();
    let document = home.run("permission show Zone:DNS:Edit --json").ended(0).json();
    assert_eq!(document["id"], "4755a26eedb94da69e1066d98aa820be");
    assert_eq!(document["spellings"]["dashboard"], "Zone > DNS > Edit");
    assert_eq!(document["spellings"]["api"], "DNS Write");
    let listed = |key: &str| document[key].as_array().unwrap().len();
    assert!(listed("reads") >= 20 && listed("writes") >= 25 && listed("neighbours") >= 8);
    let recipes = document["recipes"]["planned"].to_string();
    assert!(recipes.contains("cert-manager-dns01"), "{recipes}");
    assert!(document["terraform"].to_string().contains("cloudflare_dns_record"));
    shows!("permission_show_json", home.run("permission show Memberships Write --json").ended(0));
}

/// The recipes that are said to be planned with a group are.
#[test]
fn recipes_that_are_named_are_planned_with_it() {
    let home = Home::new();
    for name in ["Cache Purge", "Zone:Zone:Read", "Workers R2 Storage Write"] {
        let document = home.run(&format!("permission show '{name}' --json")).ended(0).json();
        for (key, expected) in [("planned", true), ("accepted", false)] {
            for recipe in document["recipes"][key].as_array().unwrap() {
                let shown = home.run(&format!("recipe show {} --json", recipe.as_str().unwrap())).ended(0).json();
                let planned =
                    shown["grants"].as_array().unwrap().iter().any(|grant| grant["group"] == document["name"]);
                assert_eq!(planned, expected, "{name}: {recipe}");
            }
        }
    }
}

#[test]
fn export() {
    let home = Home::new();
    shows!("permission_export_words", home.run("permission export").failed(2));
    let run = home.run("permission export --json").ended(0);
    assert!(run.stderr.is_empty());
    assert_eq!(run.stdout, home.run("permission export --json --quiet").ended(0).stdout, "the order is stable");
    let document = run.json();
    assert_eq!(document["format"], 1);
    let list = |key: &str| document[key].as_array().unwrap();
    assert_eq!(list("groups").len(), 400);
    assert_eq!(list("documented_names").len(), 184);
    assert!(list("operations").len() > 3_454 && list("terraform_types").len() > 700);
    let name = |group: &Value| (group["name"].as_str().unwrap().to_owned(), group["scope"].as_str().map(str::to_owned));
    let dns = list("operations")
        .iter()
        .find(|operation| operation["method"] == "POST" && operation["path"] == "/zones/{zone_id}/dns_records")
        .unwrap();
    let accepted: Vec<_> = dns["accepts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|at| name(&list("groups")[at.as_u64().unwrap() as usize]))
        .collect();
    assert_eq!(accepted, [("DNS Write".to_owned(), Some("zone".to_owned()))]);
    // Every number points into its list.
    let points = |row: &Value, key: &str, into: &str| {
        row[key].as_array().unwrap().iter().all(|at| (at.as_u64().unwrap() as usize) < list(into).len())
    };
    assert!(list("operations").iter().all(|operation| points(operation, "accepts", "groups")));
    assert!(list("terraform_types").iter().all(|row| points(row, "documented", "groups")));
    for name in list("documented_names") {
        let group = &list("groups")[name["group"].as_u64().unwrap() as usize];
        assert!(group["id"].is_string() && (name["exact"] == false || group["name"] == name["api"]), "{name}");
    }
    let at = |row: &Value, key: &str, into: &str| list(into)[row[key].as_u64().unwrap() as usize].clone();
    let key = list("template_keys").iter().find(|row| row["key"] == "dns" && row["type"] == "edit").unwrap();
    assert_eq!((name(&at(key, "group", "groups")).0.as_str(), &key["status"]), ("DNS Write", &"documented".into()));
    assert!(list("sdk_methods").iter().all(|row| points(row, "operations", "operations")));
    assert!(list("sdk_methods").len() > 1_000 && list("template_keys").len() > 50);
    // What is said of the recipes is what `recipe list` and `recipe show` say.
    let named = |row: &Value| row["name"].clone();
    let listed = home.run("recipe list --json").ended(0).json();
    let listed: Vec<Value> = listed.as_array().unwrap().iter().map(named).collect();
    assert_eq!(list("recipes").iter().map(named).collect::<Vec<_>>(), listed);
    for recipe in list("recipes")
        .iter()
        .filter(|row| ["saas-platform", "cert-manager-dns01"].iter().any(|name| row["name"] == **name))
    {
        let shown = home.run(&format!("recipe show {} --json", recipe["name"].as_str().unwrap())).ended(0).json();
        let calls = |need: &Value| {
            let operation = at(need, "operation", "operations");
            format!("{} {}", operation["method"].as_str().unwrap(), operation["path"].as_str().unwrap())
        };
        let needs = recipe["needs"].as_array().unwrap();
        let shown = shown["needs"].as_array().unwrap();
        assert!(!needs.is_empty() && needs.len() == shown.len());
        assert!(
            needs
                .iter()
                .zip(shown)
                .all(|(need, shown)| shown["operation"] == calls(need) && shown["why"] == need["why"])
        );
    }
    // An inferred operation says from what, a published one does not.
    let inferred: Vec<_> = list("operations").iter().filter(|row| row["inferred"] == true).collect();
    assert!(inferred.len() > 400 && inferred.iter().all(|row| row["basis"]["evidence"].is_string()));
    assert!(list("operations").iter().all(|row| row["inferred"] == true || row["basis"].is_null()));
    assert!(list("operations").iter().any(|row| row["closed_to_account_tokens"] == true));
    // The document as it begins, and one of each list.
    let first = |key: &str| list(key).first().cloned().unwrap();
    let mut recipe = list("recipes").iter().find(|row| row["name"] == "saas-platform").cloned().unwrap();
    recipe["needs"].as_array_mut().unwrap().truncate(1);
    recipe["tests"].as_array_mut().unwrap().truncate(1);
    let sample = serde_json::json!({
        "keys": document.as_object().unwrap().keys().collect::<Vec<_>>(),
        "source": first("sources"), "group": first("groups"), "operation": first("operations"),
        "documented_name": first("documented_names"), "uncertain_name": first("uncertain_names"),
        "alias": first("aliases"), "terraform_type": first("terraform_types"),
        "inferred_operation": inferred.first(), "template_key": first("template_keys"),
        "sdk_method": first("sdk_methods"), "recipe": recipe,
    });
    insta::assert_snapshot!("permission_export_sample", serde_json::to_string_pretty(&sample).unwrap());
}
