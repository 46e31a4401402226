//! `flarekeep scan`: what is found is told without its value, in every form.

use std::process::Command;

use crate::support::{Home, fresh_value, shows};

/// A value of the older form. A letter and a digit in turn, so that it has both and is never taken for a name.
fn legacy() -> String {
    fresh_value("cfut_")[5..45].chars().enumerate().map(|(at, c)| if at % 8 == 7 { '7' } else { c }).collect()
}

/// A home whose snapshots name the fingerprint of `value` by a word, since values differ from run to run.
fn home(values: &[(&str, &str)]) -> Home {
    let mut home = Home::new();
    for (value, word) in values {
        home.keep_secret(value);
        home.call(&flarekeep_scan::fingerprint(value), &format!("[{word}]"));
    }
    home
}

#[test]
fn what_leaked_is_told() {
    let (user, legacy) = (fresh_value("cfut_"), legacy());
    let home = home(&[(&user, "print of user"), (&legacy, "print of legacy")]);
    home.write("src/deploy.sh", &format!("#!/bin/sh\nexport CLOUDFLARE_API_TOKEN={user}\n"));
    home.write("wrangler.toml", &format!("api_token = '{legacy}'\n"));
    home.write("again.txt", &user);
    home.write("clean.txt", "CLOUDFLARE_API_TOKEN=$TOKEN\n");
    shows!("scan", home.run("scan .").ended(1));
    shows!("scan_json", home.run("scan . --json").ended(1));
    shows!("scan_high", home.run("scan wrangler.toml clean.txt --confidence high").ended(0));
    let sarif = home.run("scan . -o sarif").ended(1).json();
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 3);
    let region = &sarif["runs"][0]["results"][1]["locations"][0]["physicalLocation"];
    assert_eq!(region["artifactLocation"]["uri"], "src/deploy.sh");
    assert_eq!((region["region"]["startLine"].as_u64(), region["region"]["startColumn"].as_u64()), (Some(2), Some(29)));
}

#[test]
fn nothing_is_a_yes() {
    let home = Home::new();
    home.write("a.txt", "nothing\n");
    shows!("scan_nothing", home.run("scan .").ended(0));
    shows!("scan_no_path", home.run("scan nowhere").failed(2));
    shows!("scan_no_history", home.run("scan --git -").failed(2));
    shows!("scan_no_repository", home.run("scan --git .").failed(2));
}

/// What would be passed over in silence is refused.
#[test]
fn options_that_say_nothing_together_are_refused() {
    let home = Home::new();
    home.write("a.txt", "nothing\n");
    home.run("scan . -o sarif --json").failed(2).says("--output asks for another");
    home.run("scan . -o json --json").ended(0).json();
    home.run("scan . --to env:x").failed(2).says("none is made");
    home.run("scan . --respond revoke --yes --to env:x").failed(2).says("none is made");
    home.run("scan . --record x").ended(2).says("--respond <HOW>");
}

#[test]
fn standard_input_and_the_environment_are_read() {
    let value = fresh_value("cfat_");
    let home = home(&[(&value, "print")]);
    let run = home.type_("scan -").stdin(&format!("a\n  {value}\n")).run().ended(1);
    assert!(run.stdout.contains("(standard input):2:3"), "{}", run.shown());
    let run = home.type_("scan --env").env("SOME_NAME", &value).run().ended(1);
    assert!(run.stdout.contains("(environment):"), "{}", run.shown());
}

#[test]
fn history_is_read() {
    let (value, told) = (fresh_value("cfut_"), fresh_value("cfut_"));
    let home = home(&[(&value, "print"), (&told, "print of told")]);
    let git = |line: &str| {
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        let done = Command::new("git").current_dir(home.folder()).args(who).args(line.split(' ')).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git("init -q");
    home.write("a.env", &format!("TOKEN={value}\n"));
    git("add a.env");
    git("commit -q -m first");
    std::fs::remove_file(home.path("a.env")).unwrap();
    git(&format!("commit -q -a -m {told}"));
    let run = home.run("scan --git .").ended(1);
    assert!(run.stdout.contains(":a.env:1:7") && run.stdout.contains("not in HEAD any more"), "{}", run.shown());
    let message =
        run.stdout.contains(":(message):1:1") && run.stdout.contains("in a commit message, in the history of HEAD");
    assert!(message, "{}", run.shown());
    home.run("scan .").ended(0);
}

#[test]
fn what_was_accepted_is_told_no_more() {
    let value = fresh_value("cfut_");
    let home = home(&[(&value, "print")]);
    home.write("a.txt", &value);
    home.run("scan a.txt --write-baseline known.json").ended(1);
    shows!("scan_baseline", home.run("scan a.txt --baseline known.json").ended(0));
    home.write("flarekeep-scan.toml", "[[allow]]\npath = 'a.txt'\nbecause = 'it is dead'\n");
    shows!("scan_accepted", home.run("scan a.txt").ended(0));
    home.write("bad.toml", "[[allow]]\npath = 'a.txt'\nbecause = ''\n");
    shows!("scan_bad_rules", home.run("scan a.txt --allow-file bad.toml").failed(2));
    shows!("scan_bad_baseline", home.run("scan a.txt --baseline bad.toml").failed(2));
}

/// SARIF holds to its schema, and no name of a file reaches the terminal as it is, whatever it is made of.
#[test]
fn names_of_files_are_anything() {
    let value = fresh_value("cfut_");
    let home = home(&[(&value, "print")]);
    for name in
        ["a b%41.txt", "x:y/é?#.txt", "esc\u{1b}[31mred\r\nnext\u{202e}", "\"quoted\" <&>.txt", &format!("{value}.txt")]
    {
        home.write(name, &value);
    }
    let run = home.run("scan .").ended(1);
    assert!(!run.stdout.contains(['\u{1b}', '\r', '\u{202e}']) && !run.stdout.contains("\nnext"), "{}", run.shown());
    assert!(run.stdout.contains("cfut_….txt:1:1"), "{}", run.shown());
    let json = home.run("scan . --json").ended(1);
    assert!(!json.stdout.contains(['\u{1b}', '\u{202e}']));
    assert_eq!(json.json()["findings"].as_array().unwrap().len(), 5);

    let sarif = home.run("scan . -o sarif").ended(1).json();
    let schema = include_str!("../../../audit/tests/sarif/sarif-schema-2.1.0.json");
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.enable_format_assertions();
    compiler.add_resource("schema.json", serde_json::from_str(schema).unwrap()).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    schemas.validate(&sarif, index).unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 5);
}
