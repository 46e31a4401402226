//! Several sinks at once, and those that go through programs.

use crate::support::{Local, shows};

const R2: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";

#[test]
fn all_get_the_same_value() {
    let local = Local::start();
    let line = format!("token create --name x {R2} --to env:.env --to file:token --to 'command:cat >took' --yes");
    shows!("sinks_several", local.run(&line).ended(0));
    let value = local.value_in(".env");
    assert!(local.is_alive(&value));
    assert_eq!([local.read("token"), local.read("took")], [format!("{value}\n"), format!("{value}\n")]);
    let rolled = local.run("token roll x --to env:.env --to file:token --yes --json").ended(0);
    assert!(
        rolled.stdout.contains("\"CLOUDFLARE_API_TOKEN in .env\",") && rolled.stdout.contains("\"token\""),
        "{}",
        rolled.shown()
    );
    assert_eq!(local.read("token"), format!("{}\n", local.value_in(".env")));
    assert!(!local.is_alive(&value));
}

#[test]
fn one_that_cannot_take_it_stops_all() {
    let local = Local::start();
    let run =
        |line: &str| local.type_(&format!("token create --name x {R2} {line} --yes")).env("PATH", "/nowhere").run();
    shows!("sink_no_program", run("--to env:.env --to github:acme/shop").failed(2));
    run("--to env:.env --to wrangler:shop:CF").failed(2).says("npm install --global wrangler");
    shows!("sink_twice", run("--to env:.env --to env:.env:CLOUDFLARE_API_TOKEN").failed(2));
    shows!("sink_twice_in_two_spellings", run("--to file:.env --to env:./.env").failed(2));
    run("--to env:.env:A --to env:./.env:A").failed(2);
    run(&format!("--to file:{}", "x".repeat(256))).failed(2).says("the sink was tried before any token was made");
    shows!("sink_hostile_name", run("--to github:--help/x").ended(2));
    assert!(local.tokens().is_empty() && !local.path(".env").exists());
}
