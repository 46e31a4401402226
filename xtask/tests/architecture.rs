//! Keeps the house as `docs/architecture.md` draws it: the arrows point down, and the core is pure.

mod common;

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Each crate with those of the workspace that it may use, lowest first: a row names only rows above it.
/// Dev-dependencies are free: tests may bring the client and the emulator together.
const ARROWS: &[(&str, &[&str])] = &[
    ("flarekeep-catalogue", &[]),
    ("flarekeep-policy", &["flarekeep-catalogue"]),
    ("flarekeep-planner", &["flarekeep-catalogue", "flarekeep-policy"]),
    ("flarekeep-diagnosis", &["flarekeep-catalogue", "flarekeep-policy", "flarekeep-planner"]),
    ("flarekeep-cloudflare", &["flarekeep-catalogue", "flarekeep-policy"]),
    // Never cloudflare: a wrong field name must not agree with itself.
    ("flarekeep-emulator", &["flarekeep-catalogue", "flarekeep-policy"]),
    (
        "flarekeep-tokens",
        &[
            "flarekeep-catalogue",
            "flarekeep-policy",
            "flarekeep-planner",
            "flarekeep-diagnosis",
            "flarekeep-cloudflare",
        ],
    ),
    ("flarekeep-audit", &["flarekeep-catalogue", "flarekeep-policy", "flarekeep-planner"]),
    // The leak scan: detectors that are pure, and what walks, unpacks and asks git.
    ("flarekeep-scan", &["flarekeep-catalogue"]),
    // The proxy of `record`: it knows what credentials look like, and nothing of plans.
    ("flarekeep-proxy", &["flarekeep-catalogue"]),
    ("flarekeep-sites", &["flarekeep-catalogue", "flarekeep-policy", "flarekeep-planner", "flarekeep-cloudflare"]),
    (
        "flarekeep",
        &[
            "flarekeep-catalogue",
            "flarekeep-policy",
            "flarekeep-planner",
            "flarekeep-diagnosis",
            "flarekeep-cloudflare",
            "flarekeep-emulator",
            "flarekeep-tokens",
            "flarekeep-audit",
            "flarekeep-proxy",
            "flarekeep-scan",
            "flarekeep-sites",
        ],
    ),
    ("xtask", &[]),
];

/// The crates without a clock, a network, a file system or an environment, by folder.
const PURE: &[(&str, &str)] = &[
    ("flarekeep-catalogue", "catalogue"),
    ("flarekeep-policy", "policy"),
    ("flarekeep-planner", "planner"),
    ("flarekeep-diagnosis", "diagnosis"),
    ("flarekeep-audit", "audit"),
];

/// Libraries that reach outside of the process.
const IMPURE_LIBRARIES: &[&str] = &[
    "async-std",
    "axum",
    "dotenvy",
    "getrandom",
    "hyper",
    "mio",
    "object_store",
    "reqwest",
    "smol",
    "socket2",
    "sqlx",
    "tempfile",
    "tokio",
    "ureq",
];

/// What of the standard library reaches outside of the process, and what of it is mere data.
const IMPURE_STD: &[(&str, &[&str])] = &[
    ("env", &[]),
    ("fs", &[]),
    // A stream that is handed in is an argument; what opens one is not.
    ("io", &["BufRead", "BufReader", "Cursor", "ErrorKind", "Read"]),
    ("net", &["IpAddr", "Ipv4Addr", "Ipv6Addr", "AddrParseError"]),
    ("process", &[]),
    ("thread", &[]),
    ("time", &["Duration"]),
];

#[test]
fn arrows_point_down() {
    let rows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut faults = Vec::new();
    let members = members();
    for (name, dependencies) in &members {
        let Some(allowed) = rows.get(name.as_str()) else {
            faults.push(format!(
                "`{name}` has no row in ARROWS: decide which crates it may use (DESIGN and docs/architecture.md), and \
                 add the row to xtask/tests/architecture.rs"
            ));
            continue;
        };
        for dependency in dependencies.iter().filter(|dependency| members.contains_key(*dependency)) {
            if !allowed.contains(&dependency.as_str()) {
                faults.push(format!("`{name}` uses `{dependency}`, to which no arrow leads from it"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_itself_points_down() {
    for (at, (name, allowed)) in ARROWS.iter().enumerate() {
        for below in *allowed {
            let above = ARROWS[..at].iter().any(|(other, _)| other == below);
            assert!(above, "the row of `{name}` names `{below}`, which has no row above it");
        }
    }
}

#[test]
fn the_core_uses_no_library_that_does_input_or_output() {
    let members = members();
    for (name, _) in PURE {
        let dependencies = members.get(*name).unwrap_or_else(|| panic!("`{name}` is in the workspace"));
        for impure in IMPURE_LIBRARIES {
            assert!(!dependencies.iter().any(|used| used == impure), "`{name}` is pure, and uses `{impure}`");
        }
    }
}

#[test]
fn the_core_does_no_input_or_output() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for (path, file) in common::files() {
        let pure = PURE.iter().any(|(_, folder)| path.starts_with(&format!("crates/{folder}/src/")));
        if !pure || !path.ends_with(".rs") || path.ends_with("/tests.rs") || path.contains("/tests/") {
            continue;
        }
        seen += 1;
        let code = without_tests(&std::fs::read_to_string(file).expect("a source file"));
        faults.extend(impure_uses(&code).into_iter().map(|found| format!("{path} uses {found}")));
    }
    assert!(seen > 20, "only {seen} source files of the core were found");
    let rule = "the core is pure: the time, addresses and texts are arguments";
    assert!(faults.is_empty(), "{rule}\n{}", faults.join("\n"));
}

#[test]
fn impure_uses_are_seen() {
    let bad = [
        "use std::fs;",
        "let x = std::env::var(name);",
        "use std::time::{Duration, Instant};",
        "use std::{fmt, fs};",
        "use std::{net::TcpStream, fmt};",
        "use tokio::net::TcpStream;",
    ];
    for line in bad {
        assert!(!impure_uses(line).is_empty(), "{line}");
    }
    for line in ["use std::net::{IpAddr, Ipv4Addr};", "use std::time::Duration;", "env!(\"OUT_DIR\")", "use std::fmt;"]
    {
        assert!(impure_uses(line).is_empty(), "{line}");
    }
    let code = "//! std::fs\nfn a() {} // tokio\n#[cfg(test)]\nmod tests {\n    use std::env;\n}\nfn b() {}\n";
    assert_eq!(without_tests(code), "fn a() {}\nfn b() {}\n");
    assert_eq!(without_tests("#[cfg(test)]\nmod tests;\nmod b;\n"), "mod b;\n");
}

/// The crates of the workspace, each with what it uses outside of tests.
fn members() -> BTreeMap<String, Vec<String>> {
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let answer = Command::new(env!("CARGO")).args(arguments).current_dir(common::root()).output().expect("cargo runs");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let metadata: Value = serde_json::from_slice(&answer.stdout).expect("cargo's own JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
            let used = dependencies.filter(|dependency| dependency["kind"] != "dev");
            (text(&package["name"]), used.map(|dependency| text(&dependency["name"])).collect())
        })
        .collect()
}

/// The code without comments and without what is compiled for tests alone; rustfmt's layout is taken for granted.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            let indent = line.len() - line.trim_start().len();
            let ends = |line: &str| line.len() > indent && line[indent..].starts_with(['}', ';']);
            let Some(item) = lines.next() else { break };
            if !item.trim_end().ends_with([';', '}']) {
                lines.by_ref().find(|line| ends(line));
            }
            continue;
        }
        // `://` is an address in a string.
        let comment = line.match_indices("//").map(|(at, _)| at).find(|at| !line[..*at].ends_with(':'));
        let line = line[..comment.unwrap_or(line.len())].trim_end();
        if !line.is_empty() {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

fn impure_uses(code: &str) -> Vec<String> {
    let libraries = ["tokio::", "reqwest::"].into_iter().filter(|library| code.contains(library)).map(str::to_owned);
    let mut found: Vec<String> = libraries.collect();
    for (at, _) in code.match_indices("std::") {
        for path in paths(&code[at + "std::".len()..]) {
            let (module, item) = path.split_once("::").unwrap_or((&path, ""));
            let rule = IMPURE_STD.iter().find(|(impure, _)| *impure == module);
            if rule.is_some_and(|(_, data)| !data.contains(&item)) {
                found.push(format!("std::{path}"));
            }
        }
    }
    found
}

/// The paths at the start of the text, two segments deep, with braces spelled out: `net::{A, B}` is `net::A` and `net::B`.
fn paths(text: &str) -> Vec<String> {
    let Some(inside) = text.strip_prefix('{') else {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let (first, rest) = text.split_at(end);
        return match rest.strip_prefix("::") {
            Some(rest) => paths(rest).iter().map(|path| format!("{first}::{}", head(path))).collect(),
            None => vec![first.to_owned()],
        };
    };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.extend(paths(inside[start..at].trim()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

fn head(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}
