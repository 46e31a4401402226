//! What every recipe of the catalogue keeps to.

use std::collections::BTreeSet;

use flarekeep_catalogue::{Operation, Parameter, Recipe, Scope, recipe, recipe_names};

fn recipes() -> impl Iterator<Item = Recipe> {
    recipe_names().map(|name| recipe(name).unwrap_or_else(|error| panic!("{name}: {error}")))
}

#[test]
fn names_and_texts_are_in_the_house_style() {
    for recipe in recipes() {
        let name = &recipe.name;
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
        assert!(!recipe.title.is_empty() && !recipe.title.ends_with('.'), "{name}: {}", recipe.title);
        assert!(!recipe.source.is_empty(), "{name}");
        for need in &recipe.all_needs {
            assert!(starts_lower(&need.why) && !need.why.ends_with('.'), "{name}: {}: {}", need.operation, need.why);
        }
    }
}

/// Whether the first word is in lower case, or no word but an abbreviation.
fn starts_lower(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(char::is_lowercase) || letters.next().is_some_and(|second| !second.is_lowercase())
}

#[test]
fn no_need_is_there_twice() {
    for recipe in recipes() {
        let mut seen = BTreeSet::new();
        for need in &recipe.all_needs {
            // A pattern may name what a line before it names as well.
            let line = (need.operation.index, need.option.clone(), need.why.clone());
            assert!(seen.insert(line), "{}: {} twice", recipe.name, need.operation);
        }
    }
}

#[test]
fn the_parameters_are_those_that_the_needs_use() {
    for recipe in recipes().filter(|recipe| !recipe.parameters.is_empty()) {
        let uses = |parameter| recipe.all_needs.iter().any(|need| uses(need.operation, parameter));
        for parameter in [Parameter::Account, Parameter::Zone, Parameter::Bucket] {
            let declared = recipe.parameters.iter().any(|(known, _)| *known == parameter);
            // An account owns the bucket, and the zones where every zone is meant.
            let owns = parameter == Parameter::Account && (uses(Parameter::Bucket) || uses(Parameter::Zone));
            let may = uses(parameter) || owns;
            assert!(!declared || may, "{}: no need uses {parameter:?}", recipe.name);
            assert!(declared || !uses(parameter), "{}: {parameter:?} is not declared", recipe.name);
        }
    }
}

fn uses(operation: &Operation, parameter: Parameter) -> bool {
    let lists = |scope| {
        !operation.names_account()
            && !operation.names_zone()
            && !operation.is_s3()
            && operation.accepts().any(|group| group.scope == scope)
    };
    match parameter {
        Parameter::Account => operation.names_account() || operation.is_s3() || lists(Scope::Account),
        Parameter::Zone => operation.names_zone() || lists(Scope::Zone),
        Parameter::Bucket => operation.names_bucket(),
        Parameter::Worker => operation.path().contains("{script_name}"),
    }
}

/// The templates that Cloudflare's page gives on all accounts and all zones.
#[test]
fn what_reaches_everywhere_is_told_apart() {
    let places = |name: &str| recipe(name).unwrap().documented.unwrap().every_place();
    assert_eq!(places("template-read-billing"), Some("every account"));
    assert_eq!(places("template-wordpress"), Some("every account and zone"));
    assert_eq!(places("template-read-all-resources"), Some("every account and zone"));
    assert_eq!(places("cert-manager-dns01"), Some("every zone"));
    assert_eq!(places("template-edit-zone-dns"), None);
}

#[test]
fn a_recipe_of_wranglers_runs_wrangler_and_no_recipe_runs_more_than_plain_words() {
    for recipe in recipes().filter(|recipe| recipe.name.starts_with("wrangler-")) {
        assert!(recipe.command.is_some_and(|command| command.is_wranglers()), "{}", recipe.name);
    }
    let file = |run: &str| {
        format!("title = 'a'\nsource = 'b'\nrun = '{run}'\n[[need]]\noperation = 'GET /accounts'\nwhy = 'c'\n")
    };
    assert!(Recipe::parse("own", &file("sync-records --all")).is_ok());
    assert!(Recipe::parse("own", &file("echo ${{ secrets.OTHER }}")).is_err());
}
