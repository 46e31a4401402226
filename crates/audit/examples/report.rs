//! An audit as a library user makes one, without the command line:
//! `cargo run -p flarekeep-audit --example report -- tokens.json html > report.html`.

use std::process::ExitCode;

use flarekeep_audit::{Audit, Settings, audit, read, report};
use jiff::Timestamp;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (file, form) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_else(|| "table".to_owned()));
    match run(&file, &form) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn run(file: &str, form: &str) -> Result<String, String> {
    let render: fn(&Audit) -> String = match form {
        "table" => report::table,
        "json" => report::json,
        "sarif" => report::sarif,
        "markdown" => report::markdown,
        "junit" => report::junit,
        "html" => report::html,
        other => return Err(format!("`{other}` is no form: table, json, sarif, markdown, junit, html")),
    };
    let text = std::fs::read_to_string(file).map_err(|error| format!("`{file}` cannot be read: {error}"))?;
    let world = read::tokens_json(file, &text).map_err(|error| error.to_string())?;
    let now = world.as_of.unwrap_or_else(Timestamp::now);
    Ok(render(&audit(&world, &Settings::new(now))))
}
