//! `flarekeep try`.

use std::time::Duration;

use crate::support::{Home, shows};

/// The story's own world has ids, releases and a port that no test knows; the support takes the ids, this the rest.
fn portless(work: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\b[0-9][0-9a-hjkmnp-tv-z]{15}\b", "[release]");
    settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:[port]");
    settings.bind(work);
}

#[test]
fn in_words() {
    let run = Home::new().run("try").ended(0);
    assert!(run.took < Duration::from_secs(10), "{:?}", run.took);
    assert!(run.stderr.is_empty(), "{}", run.stderr);
    portless(|| shows!("try", run));
}

#[test]
fn as_a_document() {
    let home = Home::new();
    let run = home.run("try --json").ended(0);
    assert!(run.took < Duration::from_secs(10), "{:?}", run.took);
    let document = run.json();
    for field in ["plan", "check_before", "why", "check_after", "rolled", "rotated", "platform", "opened", "revoked"] {
        assert!(document[field].is_object(), "{field} is not there");
    }
    assert_eq!((&document["check_before"]["passed"], &document["check_before"]["total"]), (&4.into(), &8.into()));
    assert_eq!((&document["check_after"]["passed"], &document["check_after"]["total"]), (&8.into(), &8.into()));
    let writes = &document["check_after"]["writes"];
    assert!(writes["passed"] == writes["total"] && writes["total"].as_u64() > Some(15), "{writes}");
    assert_eq!(document["why"]["findings"][0]["cause"], "missing-group");
    assert_eq!(document["rolled"], serde_json::json!({"old_value": "dead", "new_value": "alive"}));
    assert_eq!(document["rotated"], serde_json::json!({"old_token": "dead", "successor": "alive"}));
    assert_eq!(document["revoked"]["value"], "dead");
    assert_eq!(document["platform"]["domain"], "example.com");
    let moved = |field: &str| (document[field]["files"].clone(), document[field]["uploaded"].clone());
    assert_eq!((moved("deployed"), moved("deployed_again")), ((6.into(), 6.into()), (6.into(), 1.into())));
    assert_eq!(document["opened"]["title"], "Water, hot, and nothing else.");
    assert_eq!(document["rolled_back"]["release"], document["deployed"]["release"]);
    assert_eq!(document["rolled_back"]["opened"]["release"], document["deployed"]["release"]);
    let left: Vec<_> = std::fs::read_dir(home.folder()).unwrap().collect();
    assert!(left.is_empty(), "nothing is left where it was typed: {left:?}");
}
