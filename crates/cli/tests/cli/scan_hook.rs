//! `examples/scan/pre-commit`, as git runs it: what is staged decides, whatever lies in the folder.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::{Home, fresh_value};

const HOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/scan/pre-commit");

fn git(home: &Home, arguments: &[&str]) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_flarekeep")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    Command::new("git")
        .env_clear()
        .env("PATH", format!("{}:{path}", program.display()))
        .current_dir(home.folder())
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_example_of_a_hook_stops_what_is_staged() {
    let home = Home::new();
    let value = fresh_value("cfut_");
    assert!(git(&home, &["init", "-q"]).status.success());
    std::fs::copy(HOOK, home.path(".git/hooks/pre-commit")).unwrap();

    home.write("a b/deploy.sh", &format!("TOKEN={value}\n"));
    git(&home, &["add", "-A"]);
    let stopped = git(&home, &["commit", "-q", "-m", "first"]);
    let said = [stopped.stdout, stopped.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(stopped.status.code(), Some(1), "{said}");
    assert!(said.contains("a b/deploy.sh:1:7") && said.contains("not committed") && !said.contains(&value), "{said}");

    // Taken out of what is staged; what lies in the folder is not committed.
    home.write("a b/deploy.sh", "TOKEN=$TOKEN\n");
    git(&home, &["add", "-A"]);
    home.write("a b/deploy.sh", &format!("TOKEN={value}\n"));
    let committed = git(&home, &["commit", "-q", "-m", "first"]);
    assert!(committed.status.success(), "{}", String::from_utf8_lossy(&committed.stderr));

    // A file that goes is none that is looked at, and a rule of the repository counts.
    git(&home, &["add", "-A"]);
    home.write("flarekeep-scan.toml", "[[allow]]\npath = 'a b/deploy.sh'\nbecause = 'it is dead'\n");
    let allowed = git(&home, &["commit", "-q", "-a", "-m", "second"]);
    assert!(allowed.status.success(), "{}", String::from_utf8_lossy(&allowed.stderr));
    git(&home, &["rm", "-q", "-f", "a b/deploy.sh"]);
    assert!(git(&home, &["commit", "-q", "-m", "third"]).status.success());
}
