//! The care for an env file after it got a token: whoever keeps it where git would take it is told, at every delivery.

use crate::support::Local;

const R2: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";
const SAYS: &str = "git does not ignore";

/// A home that is a repository, with these files.
fn repository(files: &[(&str, &str)]) -> Local {
    let local = Local::start();
    let status = std::process::Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(local.folder())
        .env_remove("GIT_DIR")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .status()
        .unwrap();
    assert!(status.success());
    files.iter().for_each(|(name, content)| local.write(name, content));
    local
}

#[track_caller]
fn warns(local: &Local, file: &str) -> bool {
    assert!(!local.path(file).exists(), "the file is not there before");
    let run = local.run(&format!("token create --name shop-r2-prod {R2} --to env:{file} --yes")).ended(0);
    assert!(local.path(file).exists());
    if run.stderr.contains(SAYS) {
        assert!(run.stderr.contains(&format!("`{file}`")), "{}", run.shown());
    }
    run.stderr.contains(SAYS)
}

#[test]
fn a_file_that_is_not_there_yet_here_and_in_a_folder_below() {
    let local = repository(&[("deploy/README", ""), ("deploy/prod/README", "")]);
    for file in [".env", "deploy/.env", "deploy/prod/.env", "deploy/../other.env"] {
        assert!(warns(&local, file), "{file}");
    }
}

#[test]
fn an_ignored_file_is_nothing_to_speak_of_wherever_the_rule_stands() {
    let local = repository(&[
        (".gitignore", ".env\n!deploy/loud/.env\n"),
        ("deploy/README", ""),
        ("deploy/loud/README", ""),
        ("own/.gitignore", "*.secret\n"),
    ]);
    for file in [".env", "deploy/.env", "own/x.secret"] {
        assert!(!warns(&local, file), "{file}");
    }
    for file in ["deploy/loud/.env", "x.secret"] {
        assert!(warns(&local, file), "{file}");
    }
}

#[test]
fn outside_of_a_repository_nothing_is_said() {
    assert!(!warns(&Local::start(), ".env"));
}

#[test]
fn a_roll_says_it_again() {
    let local = repository(&[]);
    local.token(&format!("--name shop-r2-prod {R2}"));
    local.run("token roll shop-r2-prod --to env:.env --yes").ended(0).says(SAYS);
    local.write(".gitignore", ".env\n");
    let run = local.run("token roll shop-r2-prod --to env:.env --yes").ended(0);
    assert!(!run.stderr.contains(SAYS), "{}", run.shown());
}
