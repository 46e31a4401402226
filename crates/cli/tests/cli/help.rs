//! Help, version, completions and manual: what the program says of itself.

use crate::support::{Home, Run, shows};

/// The commands, as help names them.
const COMMANDS: &[&str] = &[
    "try",
    "plan",
    "permission",
    "permission list",
    "permission search",
    "permission show",
    "permission for",
    "permission export",
    "permission update",
    "permission diff",
    "recipe",
    "recipe list",
    "recipe show",
    "token",
    "token create",
    "token list",
    "token show",
    "token verify",
    "token roll",
    "token rotate",
    "token resume",
    "token orphans",
    "token revoke",
    "policy",
    "policy diff",
    "policy check",
    "policy reach",
    "policy simulate",
    "check",
    "audit",
    "audit accept",
    "audit rules",
    "audit explain",
    "why",
    "fix",
    "apply",
    "import",
    "exec",
    "record",
    "record replay",
    "record diff",
    "scan",
    "site",
    "site deploy",
    "site rollback",
    "site gc",
    "site import",
    "tenant",
    "tenant list",
    "tenant quota",
    "tenant remove",
    "tenant credentials",
    "emulate",
    "completions",
    "man",
    "platform",
    "platform deploy",
    "platform destroy",
    "domain",
    "domain add",
];

fn typed(line: &str) -> Run {
    Home::new().run(line)
}

#[test]
fn top_level() {
    shows!("help", typed("--help").ended(0));
    shows!("version", typed("--version").ended(0));
}

#[test]
fn each_command_explains_itself() {
    for command in COMMANDS {
        let run = typed(&format!("{command} --help")).ended(0);
        assert!(run.stderr.is_empty());
        insta::assert_snapshot!(format!("help_{}", command.replace(' ', "_")), run.shown());
    }
}

#[test]
fn no_command_is_missing_from_the_list() {
    let top = typed("--help").stdout;
    let listed = top.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    // What goes on in a second line is no command.
    let names = listed.lines().filter(|line| !line.starts_with("   "));
    let listed: Vec<&str> = names.filter_map(|line| line.split_whitespace().next()).collect();
    for command in listed.iter().filter(|command| **command != "help") {
        assert!(COMMANDS.contains(command), "`{command}` has no snapshot of its help");
    }
}

#[test]
fn bad_usage_is_status_2() {
    shows!("usage_no_command", typed("").ended(2));
    shows!("usage_unknown_command", typed("tokens").ended(2));
    shows!("usage_unknown_option", typed("plan --recipes x").ended(2));
    shows!("usage_bad_timeout", typed("token list --timeout 0").ended(2));
    shows!("usage_as_documented_without_recipe", typed("plan --as-documented").ended(2));
}

#[test]
fn completions_and_manual_are_there() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = typed(&format!("completions {shell}")).ended(0);
        assert!(run.stdout.contains("flarekeep") && run.stdout.len() > 1_000, "{shell}");
        assert!(run.stderr.is_empty());
    }
    let manual = typed("man").ended(0).stdout;
    assert!(manual.contains(".TH flarekeep") && manual.contains("emulate"), "{manual}");
    typed("completions cobol").ended(2);
}
