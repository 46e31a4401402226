//! `check` and `check --discover` as whole processes, against a Cloudflare that takes 20 ms for every answer.
//!
//! `check FLAREKEEP` makes a token for the recipe of the SaaS platform and checks it: the probes go out together, so that
//! what it takes is a few round trips. Beside each figure stand its calls, and what they would take one after the other.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use flarekeep_benches::shop::{ACCOUNT, LATENCY, Shop, median, milliseconds, says};

const ROUNDS: usize = 21;
const RECIPE: [&str; 4] = ["--recipe", "saas-platform", "--zone", "example.com"];

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [flarekeep] = arguments.as_slice() else {
        eprintln!("usage: check FLAREKEEP");
        return ExitCode::from(2);
    };
    let flarekeep = std::fs::canonicalize(flarekeep).expect("the program is there");
    let mut shop = Shop::open(&flarekeep, "off");
    let create = ["token", "create", "--name", "bench", "--to", "file:token", "--expires", "1d", "--yes"];
    shop.run(&[create.as_slice(), &RECIPE, &["--account", ACCOUNT]].concat());
    shop.use_token("token");

    println!("each answer takes {} ms; medians of {ROUNDS}", LATENCY.as_millis());
    let check = measured(&shop, "check --recipe saas-platform", &[["check"].as_slice(), &RECIPE].concat());
    measured(&shop, "check --discover", &["check", "--discover"]);
    measured(
        &shop,
        "why --operation, of a call that is let through",
        &["why", "--operation", "GET /zones/{zone_id}", "--zone", "example.com"],
    );
    let bound = 3 * LATENCY + Duration::from_millis(50);
    ExitCode::from(u8::from(!says(check <= bound, "the platform's recipe in three round trips and 50 ms")))
}

fn measured(shop: &Shop, name: &str, arguments: &[&str]) -> Duration {
    let run = median((0..ROUNDS).map(|_| shop.run(arguments)));
    println!(
        "{name:<48} {:>6.0} ms   {:>3} calls, {:>4} ms in a row",
        milliseconds(run.time),
        run.calls,
        (LATENCY * u32::try_from(run.calls).expect("few")).as_millis()
    );
    run.time
}
