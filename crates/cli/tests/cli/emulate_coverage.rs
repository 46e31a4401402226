//! `flarekeep emulate --coverage`.

use std::collections::BTreeSet;

use crate::support::{Home, shows};

#[test]
fn the_summary_is_short() {
    let home = Home::new();
    let said = home.run("emulate --coverage").ended(0);
    let out = said.stdout.as_str();
    assert!(out.contains("operations are simulated") && out.lines().count() < 80, "{out}");
    for product in ["DNS Records for a Zone", "Zone", "R2 S3 API"] {
        assert!(out.lines().any(|line| line.trim_start().starts_with(product)), "{product}: {out}");
    }
    shows!("emulate_coverage_with_listen", home.run("emulate --coverage --listen 127.0.0.1:0").ended(2));
}

#[test]
fn the_document_holds_every_operation() {
    let document = Home::new().run("emulate --coverage --json").ended(0).json();
    let operations = document["operations"].as_array().unwrap();
    assert_eq!(operations.len(), flarekeep_catalogue::operations().len());
    let count = |word: &str| operations.iter().filter(|one| one["coverage"] == word).count();
    assert_eq!(document["total"], operations.len());
    assert_eq!((&document["simulated"], &document["schema"]), (&count("simulated").into(), &count("schema").into()));
    assert_eq!(document["not_simulated"], count("not simulated"));
    assert!(count("simulated") > 80 && count("schema") > 2_500 && count("not simulated") < 400);
    let known: BTreeSet<&str> = operations.iter().map(|one| one["authorisation"].as_str().unwrap()).collect();
    for word in ["any-token", "derived-high", "documented", "schema", "unknown", "unlabelled"] {
        assert!(known.contains(word), "{word}: {known:?}");
    }
}
