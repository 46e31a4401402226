//! A file of simulated calls: beside counting its lines and beside reading its JSON and forgetting it, both over the same
//! bytes. Once with a token of its own in every line, once with 100 tokens that come again.
//!
//! With the program as the argument the whole of it is timed, too, from a file on every core.

use std::fmt::Write as _;
use std::process::{Command, Stdio, exit};
use std::time::Instant;

use flarekeep_benches::{Contender, compare};
use flarekeep_catalogue::{AccountId, UserId, ZoneId, groups};
use flarekeep_policy::{Batch, UnixSeconds};
use serde::de::IgnoredAny;

/// Lines in a block, which is what one step answers; and blocks, which come in turn.
const LINES: usize = 1000;
const BLOCKS: usize = 100;
/// Lines of the file that the whole program answers.
const WHOLE: usize = 1_000_000;
/// At least so many lines a second, from a file.
const BOUND: f64 = 500_000.0;

fn main() {
    let program = std::env::args_os().nth(1);
    let mut held = true;
    for (name, tokens) in [("a token of its own in every line", usize::MAX), ("100 tokens", 100)] {
        let blocks: Vec<String> = (0..BLOCKS).map(|block| text(block * LINES, LINES, tokens)).collect();
        let bytes = blocks.iter().map(String::len).sum::<usize>() / (BLOCKS * LINES);
        let block = |step: usize| blocks[step % BLOCKS].as_str();
        let (mut batch, mut out) = (Batch::new(UnixSeconds(0)), String::new());
        let medians = compare(
            &format!("{LINES} lines of {bytes} bytes, {name}, one thread"),
            &mut [
                Contender {
                    name: "their newlines counted",
                    step: Box::new(|step| block(step).bytes().filter(|byte| *byte == b'\n').count() == LINES),
                },
                Contender {
                    name: "their JSON read and forgotten (the limit)",
                    step: Box::new(|step| {
                        block(step).lines().all(|line| serde_json::from_str::<IgnoredAny>(line).is_ok())
                    }),
                },
                Contender {
                    name: "flarekeep, line in, answer out",
                    step: Box::new(|step| {
                        out.clear();
                        batch.answer_lines(block(step).as_bytes(), 1, &mut out).malformed == 0
                    }),
                },
            ],
        );
        let rates: Vec<f64> = medians.iter().map(|nanoseconds| LINES as f64 / nanoseconds * 1e9).collect();
        let bytes = bytes as f64;
        for (name, rate) in ["newlines", "JSON", "flarekeep"].iter().zip(&rates) {
            println!("  {name:<10} {rate:>12.0} lines/s on one core, {:>6.0} MB/s", rate * bytes / 1e6);
        }
        println!("  to the limit: {:.2}", medians[2] / medians[1]);
        if let Some(program) = &program {
            held &= whole(program, tokens);
        }
    }
    exit(i32::from(!held));
}

/// Times the program over a file, five times; its answers go nowhere.
fn whole(program: &std::ffi::OsStr, tokens: usize) -> bool {
    let path = std::env::temp_dir().join(format!("flarekeep-batch-{}.jsonl", std::process::id()));
    let text: String = text(0, WHOLE, tokens);
    std::fs::write(&path, &text).unwrap();
    let mut rates: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let status = Command::new(program)
                .args(["policy", "simulate", "--batch"])
                .arg(&path)
                .stdout(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success());
            WHOLE as f64 / start.elapsed().as_secs_f64()
        })
        .collect();
    std::fs::remove_file(&path).unwrap();
    rates.sort_by(f64::total_cmp);
    let (median, best) = (rates[2], rates[4]);
    let holds = median >= BOUND;
    println!(
        "{} the whole program: {median:.0} lines/s (best {best:.0}; at least {BOUND:.0}), {:.0} MB/s",
        if holds { "ok  " } else { "MISS" },
        median * text.len() as f64 / WHOLE as f64 / 1e6
    );
    holds
}

/// Lines `first..first + count`; every token comes again after so many.
fn text(first: usize, count: usize, tokens: usize) -> String {
    let mut text = String::new();
    for n in first..first + count {
        line(n, n % tokens, &mut text);
    }
    text
}

/// One call: half of them are allowed. The token has two policies, a condition and its dates, as the API returns it.
fn line(n: usize, token: usize, out: &mut String) {
    let id = |n: usize| (n as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let (zone, account) = (ZoneId::from_u128(id(token)), AccountId::from_u128(id(token / 7)));
    let user = UserId::from_u128(id(token / 3) ^ 1);
    let group = |name: &str| {
        let group = groups().iter().find(|group| group.name == name).unwrap();
        format!("{{\"id\":\"{}\",\"name\":\"{name}\"}}", group.id.unwrap())
    };
    let (dns, zones, workers) = (group("DNS Write"), group("Zone Read"), group("Workers Scripts Write"));
    let tail = ["dns_records", "workers/routes"][n % 2];
    writeln!(
        out,
        "{{\"token\":{{\"id\":\"{:032x}\",\"name\":\"ci-{token}\",\"status\":\"active\",\"issued_on\":\"2026-01-01T00:00:00Z\",\"modified_on\":\"2026-01-01T00:00:00Z\",\"expires_on\":\"2027-01-01T00:00:00Z\",\
         \"policies\":[{{\"id\":\"{:032x}\",\"effect\":\"allow\",\"resources\":{{\"com.cloudflare.api.account.zone.{zone}\":\"*\"}},\"permission_groups\":[{dns},{zones}]}},\
         {{\"id\":\"{:032x}\",\"effect\":\"allow\",\"resources\":{{\"com.cloudflare.api.account.{account}\":\"*\"}},\"permission_groups\":[{workers}]}}]}},\
         \"method\":\"POST\",\"path\":\"/zones/{zone}/{tail}\",\"account\":\"{account}\",\"user\":\"{user}\",\"ip\":\"203.0.113.7\",\"at\":\"2026-11-22T00:00:00Z\"}}",
        id(token), id(token) ^ 3, id(token) ^ 5
    )
    .unwrap();
}
