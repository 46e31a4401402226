//! `flarekeep recipe`.

use crate::support::{Home, shows};

#[test]
fn list() {
    let home = Home::new();
    shows!("recipe_list", home.run("recipe list").ended(0));
    shows!("recipe_list_json", home.run("recipe list --json").ended(0));
}

#[test]
fn show() {
    let home = Home::new();
    shows!("recipe_show", home.run("recipe show saas-platform").ended(0));
    let document = home.run("recipe show saas-platform --json").ended(0).json();
    assert_eq!(document["name"], "saas-platform");
    let needs = document["needs"].as_array().unwrap();
    assert!(needs.len() > 30);
    for need in needs {
        assert!(need["operation"].is_string() && !need["why"].as_str().unwrap().is_empty(), "{need}");
    }
}

#[test]
fn a_template_that_reaches_everywhere_shows_that() {
    let home = Home::new();
    shows!("recipe_show_everywhere", home.run("recipe show template-wordpress").ended(0));
    let document = home.run("recipe show template-wordpress --json").ended(0).json();
    assert_eq!(document["documented"]["everywhere"], true);
}

#[test]
fn an_unknown_recipe_names_the_nearest() {
    shows!("recipe_show_unknown", Home::new().run("recipe show saas-platfrom").failed(2));
}

const OWN: &str = r#"
title = "Sync records"
source = "our own script"
[parameters]
zone = "the zone that is synced"
[options]
hostnames = "custom hostnames too"
[[need]]
operation = "GET /zones/{zone_id}/dns_records"
why = "see what is there"
[[need]]
operation = "POST /zones/{zone_id}/custom_hostnames"
why = "add a hostname"
option = "hostnames"
[documented]
source = "our wiki"
groups = ["Zone:DNS:Edit"]
"#;

#[test]
fn own_recipes_are_found_by_name_and_by_path() {
    let home = Home::new();
    home.write("recipes/sync.toml", OWN);
    home.write(".config/flarekeep/recipes/nightly.toml", &OWN.replace("Sync records", "Sync them at night"));
    home.write("elsewhere.toml", OWN);
    let listed = home.run("recipe list").ended(0).stdout;
    assert!(listed.contains("Your own\n  nightly  Sync them at night\n  sync     Sync records\n"), "{listed}");
    shows!("recipe_show_own", home.run("recipe show sync").ended(0));
    shows!("recipe_plan_own", home.run("plan --recipe nightly --with hostnames").ended(0));
    home.run("plan --recipe ./elsewhere.toml").ended(0);
}

#[test]
fn a_file_takes_no_name_of_the_catalogue() {
    let home = Home::new();
    home.write("recipes/saas-platform.toml", OWN);
    assert!(home.run("recipe show saas-platform").ended(0).stdout.contains("static sites"));
    assert!(home.run("recipe show recipes/saas-platform.toml").ended(0).stdout.contains("Sync records"));
}

#[test]
fn what_is_wrong_with_a_recipe_is_said() {
    let home = Home::new();
    home.write("recipes/sync.toml", OWN);
    shows!("recipe_no_option", home.run("plan --recipe sync --with hosts").failed(2));
    home.write("broken.toml", "title = \"\u{1b}[2J\nneed = 3");
    shows!("recipe_broken", home.run("recipe show broken.toml").failed(2));
    home.write("odd.toml", &OWN.replace("/dns_records", "/dns_recrods"));
    shows!("recipe_unknown_operation", home.run("recipe show odd.toml").failed(2));
    shows!("recipe_no_file", home.run("recipe show missing.toml").failed(2));
    home.write("recipes/broken.toml", "nothing");
    home.run("recipe list").ended(0).says("broken.toml");
}

/// `./recipes` is read in any checkout: what lies there must neither reach the terminal nor hold anything up.
#[test]
fn a_hostile_recipe_is_refused_and_stops_nothing() {
    let home = Home::new();
    let escapes = OWN.replace("our wiki", "wiki\\u001b]52;c;cHduZWQ=\\u0007");
    home.write("recipes/escapes.toml", &escapes);
    shows!("recipe_escapes", home.run("plan --recipe escapes").failed(2));
    home.write("recipes/turning.toml", &OWN.replace("see what is there", "see\u{202e}what"));
    home.run("recipe show turning").failed(2).says("control character");
    // The name of a file, and a key, have one line.
    home.write("two\nlines.toml", OWN);
    home.run("recipe show 'two\nlines.toml'").failed(2).says("`name` holds a control character");
    home.write("recipes/key.toml", &OWN.replace("hostnames = ", "\"host\\rnames\" = "));
    home.run("recipe show key").failed(2).says("control character");
    home.write("recipes/none.toml", "title = \"t\"\nsource = \"s\"\nneed = []");
    home.run("plan --recipe none").failed(2).says("states no need");
    let many = "[[need]]\noperation = \"GET /accounts/{account_id}/**\"\nwhy = \"w\"\n".repeat(15_000);
    home.write("recipes/many.toml", &format!("title = \"t\"\nsource = \"s\"\n{many}"));
    home.run("recipe show many").failed(2).says("more than 5000 needs");
    std::fs::create_dir(home.path("recipes/folder.toml")).unwrap();
    home.run("recipe show recipes/folder.toml").failed(2).says("is no file");
    let listed = home.run("recipe list").ended(0);
    assert!(listed.took.as_secs() < 20 && listed.stderr.contains("escapes.toml"), "{}", listed.stderr);
}
