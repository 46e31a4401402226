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
fn an_unknown_recipe_names_the_nearest() {
    shows!("recipe_show_unknown", Home::new().run("recipe show saas-platfrom").failed(2));
}
