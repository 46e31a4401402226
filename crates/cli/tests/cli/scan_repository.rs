//! `flarekeep scan .` in this repository: nothing but what `examples/leaks` plants.

use std::path::Path;
use std::process::Command;

#[test]
fn this_repository_holds_nothing_but_what_it_plants() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut git = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
        git.env_remove(name);
    }
    // What git does not track is nobody's: a build, somebody's own `.env`. An unpacked archive of the source has no list.
    let listed = git.current_dir(&root).args(["ls-files", "-z"]).output();
    let Some(listed) = listed.ok().filter(|listed| listed.status.success()) else {
        println!("not run: there is no git, or this is no repository");
        return;
    };
    let listed = String::from_utf8(listed.stdout).unwrap();
    let tracked: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty() && root.join(path).is_file()).collect();
    assert!(tracked.len() > 1_000, "{} files are no repository", tracked.len());

    let mut scan = Command::new(env!("CARGO_BIN_EXE_flarekeep"));
    let scan = scan.env_clear().current_dir(&root).args(["scan", "--json", "--"]).args(&tracked).output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&scan.stdout).unwrap();
    let found: Vec<&str> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["place"]["path"].as_str().unwrap())
        .collect();
    assert_eq!(scan.status.code(), Some(1));
    // A seed of the fuzzers is packed in a way that is not read.
    let unread = document["unread"].as_array().unwrap();
    assert!(unread.iter().all(|one| one["path"].as_str().unwrap().starts_with("fuzz/seeds/")), "{unread:?}");
    assert!(found.len() >= 13, "what is planted is not found: {found:?}");
    assert!(found.iter().all(|path| path.starts_with("examples/leaks/")), "{found:?}");
}
