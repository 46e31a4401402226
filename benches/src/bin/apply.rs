//! Whole processes that manage tokens, against a Cloudflare that takes 20 ms for every answer: `apply` of declared tokens
//! and of no change, `token rotate`, `token list`, `exec`.
//!
//! `apply FLAREKEEP` runs the program against `flarekeep emulate`, behind a proxy in this process that holds every answer
//! back for 20 ms after it came; the emulator's recording counts the calls. Beside each figure stands the least that the
//! latency alone allows, in the same run. The bounds of docs/performance.md are checked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use flarekeep_benches::shop::{ACCOUNT, LATENCY, Run, Shop, ZONE, median, milliseconds, says};

/// How many tokens the program changes at once (crates/cli, `apply`).
const AT_ONCE: usize = 8;
/// A hundred tokens, applied.
const LIMIT: Duration = Duration::from_secs(4);
/// What Cloudflare takes of one user in five minutes, and what the client sends without a pause.
const ALLOWANCE: usize = 1_200;
const BURST: usize = 550;
/// Rounds of what makes a hundred tokens, and of what is quick.
const ROUNDS: usize = 5;
const QUICK_ROUNDS: usize = 20;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [flarekeep] = arguments.as_slice() else {
        eprintln!("usage: apply FLAREKEEP");
        return ExitCode::from(2);
    };
    let flarekeep = std::fs::canonicalize(flarekeep).expect("the program is there");
    let mut held = applied(&flarekeep);
    held &= beside_others(&flarekeep);
    held &= single_commands(&flarekeep);
    ExitCode::from(u8::from(!held))
}

/// New tokens where there are none, and then no change. The emulator keeps to Cloudflare's limit.
fn applied(flarekeep: &Path) -> bool {
    println!("applied where there is none; each answer takes {} ms, {AT_ONCE} at once", LATENCY.as_millis());
    println!(
        "{:>7} {:>10} {:>13} {:>7} {:>7} {:>12} {:>7}",
        "tokens", "apply", "latency alone", "ratio", "calls", "no change", "calls"
    );
    let mut held = true;
    for tokens in [10, 100] {
        let runs: Vec<(Run, Run)> = (0..ROUNDS)
            .map(|_| {
                let shop = Shop::open(flarekeep, "on");
                declare(&shop, tokens);
                let (first, again) = (shop.run(&["apply", "--yes"]), shop.run(&["apply", "--yes"]));
                assert_eq!(living(&shop), tokens, "all are made");
                (first, again)
            })
            .collect();
        let (first, again) = (median(runs.iter().map(|run| run.0)), median(runs.iter().map(|run| run.1)));
        let bound = bound(first.calls, tokens);
        println!(
            "{tokens:>7} {:>7.0} ms {:>10.0} ms {:>7.2} {:>7} {:>9.0} ms {:>7}",
            milliseconds(first.time),
            milliseconds(bound),
            first.time.as_secs_f64() / bound.as_secs_f64(),
            first.calls,
            milliseconds(again.time),
            again.calls
        );
        held &= says(again.calls <= tokens.div_ceil(50).max(1), "at most one call per 50 tokens where nothing changed");
        if tokens == 100 {
            held &= says(first.time <= LIMIT, "a hundred tokens in at most 4 s");
            held &= says(
                first.calls < BURST && first.calls < ALLOWANCE,
                "fewer calls than the 1,200 of five minutes, and than the 550 that need no pause",
            );
        }
    }
    held
}

/// A hundred more beside others, up to four hundred. Each run keeps to the limit by itself, and all of them together do
/// not, so that the emulator's is off.
fn beside_others(flarekeep: &Path) -> bool {
    println!("\na hundred more beside those that live");
    println!("{:>7} {:>10} {:>7} {:>12} {:>7}", "living", "apply", "calls", "no change", "calls");
    let shop = Shop::open(flarekeep, "off");
    let mut held = true;
    for tokens in [100, 200, 300, 400] {
        declare(&shop, tokens);
        let first = shop.run(&["apply", "--yes"]);
        let again = median((0..ROUNDS).map(|_| shop.run(&["apply", "--yes"])));
        println!(
            "{:>7} {:>7.0} ms {:>7} {:>9.0} ms {:>7}",
            tokens - 100,
            milliseconds(first.time),
            first.calls,
            milliseconds(again.time),
            again.calls
        );
        held &= again.calls <= tokens / 50;
    }
    says(held, "at most one call per 50 tokens where nothing changed")
}

/// One token rotated, the list of ten, and a command under a token of its own beside the bare command.
fn single_commands(flarekeep: &Path) -> bool {
    println!("\nsingle commands, median of {QUICK_ROUNDS}, ten tokens living");
    let shop = Shop::open(flarekeep, "off");
    declare(&shop, 10);
    shop.run(&["apply", "--yes"]);
    let exec = ["exec", "--operation", "GET /zones/{zone_id}", "--account", ACCOUNT, "--zone", ZONE, "--", "true"];
    let account = ["--owner", "account", "--account", ACCOUNT];
    let list = [["token", "list"].as_slice(), &account].concat();
    let rotate = [["token", "rotate", "t000", "--yes"].as_slice(), &account].concat();
    let mut runs: [Vec<Run>; 4] = Default::default();
    for _ in 0..QUICK_ROUNDS {
        runs[0].push(shop.bare("true"));
        runs[1].push(shop.run(&exec));
        runs[2].push(shop.run(&list));
        runs[3].push(shop.run(&rotate));
    }
    let names = ["true, bare", "flarekeep exec … -- true", "flarekeep token list", "flarekeep token rotate NAME"];
    for (name, runs) in names.iter().zip(runs) {
        let run = median(runs);
        let alone = LATENCY * u32::try_from(run.calls).expect("few");
        println!(
            "{name:<28} {:>7.1} ms   {:>3} calls, {:>4} ms of latency",
            milliseconds(run.time),
            run.calls,
            alone.as_millis()
        );
    }
    assert_eq!(living(&shop), 10, "none is left behind");
    true
}

/// The least that the latency allows: the calls of the tokens, so many at once, after those that come before.
fn bound(calls: usize, tokens: usize) -> Duration {
    let each = calls / tokens;
    let before = calls - each * tokens;
    LATENCY * u32::try_from(before + each * tokens.div_ceil(AT_ONCE)).expect("few")
}

/// Writes flarekeep.toml: so many tokens of the account, each with a value of its own in `tokens.env`.
fn declare(shop: &Shop, tokens: usize) {
    let token = |number| {
        format!(
            "[token.t{number:03}]\noperations = [\"GET /zones/{{zone_id}}\"]\nsinks = [\"env:tokens.env:T{number:03}\"]\n"
        )
    };
    let defaults =
        format!("[defaults]\nowner = \"account\"\naccount = \"{ACCOUNT}\"\nzones = [\"{ZONE}\"]\nexpires = \"90d\"\n");
    let text = defaults + &(0..tokens).map(token).collect::<String>();
    std::fs::write(shop.folder().join("flarekeep.toml"), text).expect("the file is written");
}

/// How many values `tokens.env` has, each of them another.
fn living(shop: &Shop) -> usize {
    let text = std::fs::read_to_string(shop.folder().join("tokens.env")).expect("the sink");
    let mut values: Vec<&str> = text.lines().filter_map(|line| line.split_once('=')).map(|(_, value)| value).collect();
    values.sort_unstable();
    values.dedup();
    values.len()
}
