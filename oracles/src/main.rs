//! The engine against cedar-policy: generated tokens and calls are answered by both, and the answers must be equal.
//!
//! ```text
//! cargo run --release -- [CASES] [SEED]
//! ```
//!
//! What goes to the engine is JSON lines, as `flarekeep policy simulate --batch` reads them. What goes to Cedar is made
//! from the same draws, by the rules of Cloudflare's documentation, and shares nothing with the engine but the
//! catalogue's facts: which groups an operation accepts, and at which scope a group takes effect.

mod cedar;
mod draw;
mod random;

use std::process::ExitCode;
use std::time::Instant;

use flarekeep_policy::{Answer, Batch, UnixSeconds};

use self::cedar::Oracle;
use self::random::Random;

/// Calls for each token: Cedar takes longest to read its policies, and the engine compiles a token that comes again.
const CALLS: u64 = 10;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let cases = arguments.next().and_then(Result::ok).unwrap_or(50_000);
    let seed = arguments.next().and_then(Result::ok).unwrap_or(1);
    let start = Instant::now();
    let mut random = Random::new(seed);
    let mut batch = Batch::new(UnixSeconds(0));
    let (mut done, mut allowed, mut differences) = (0, 0, 0);
    while done < cases {
        let operation = draw::operation(&mut random);
        let token = draw::token(&mut random, operation);
        let oracle = Oracle::new(&token);
        for _ in 0..CALLS.min(cases - done) {
            // Most calls are of the operation for which the groups were drawn, so that both answers are common.
            let operation = if random.one_in(4) { draw::operation(&mut random) } else { operation };
            let call = draw::call(&mut random, operation);
            let line = draw::line(&token, &call);
            let ours = batch.answer(line.as_bytes()).map(Answer::allow);
            let theirs = oracle.allows(&call);
            if ours != Ok(theirs) {
                differences += 1;
                println!("seed {seed}: flarekeep says {ours:?}, cedar-policy {theirs}, of\n{line}");
            }
            done += 1;
            allowed += u64::from(theirs);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{done} cases (seed {seed}), {allowed} of them allowed: {differences} differences, in {seconds:.0} s");
    let telling = allowed * 10 > done && allowed * 10 < done * 9;
    if !telling {
        println!("the cases do not tell: too few answers of one kind");
    }
    ExitCode::from(u8::from(differences > 0 || !telling))
}
