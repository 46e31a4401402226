//! Timing in turns: every contender runs once a round, so that a drift of the machine meets all alike.

pub mod shop;

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Rounds of one comparison; the median over them is reported.
const ROUNDS: usize = 31;
/// How long one contender runs in one round.
const SLICE: Duration = Duration::from_millis(20);

/// Something that is timed: a name, and one step of work.
pub struct Contender<'a> {
    /// What is printed.
    pub name: &'a str,
    /// One step, told how many went before it; its result is kept from the optimiser.
    pub step: Box<dyn FnMut(usize) -> bool + 'a>,
}

/// Times the contenders in turns and prints the median of each, with its ratio to the first, round by round.
/// Returns the medians in nanoseconds.
pub fn compare(title: &str, contenders: &mut [Contender<'_>]) -> Vec<f64> {
    let mut times = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    let mut ratios = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    let steps: Vec<u32> = contenders.iter_mut().map(|contender| steps_in_a_slice(contender)).collect();
    for _ in 0..ROUNDS {
        let round: Vec<f64> =
            contenders.iter_mut().zip(&steps).map(|(contender, steps)| time(contender, *steps)).collect();
        for (at, nanoseconds) in round.iter().enumerate() {
            times[at].push(*nanoseconds);
            ratios[at].push(nanoseconds / round[0]);
        }
    }
    println!("{title}");
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    for ((contender, nanoseconds), ratios) in contenders.iter().zip(&medians).zip(ratios) {
        println!("  {:<44} {:>12.1} ns   x{:.2}", contender.name, nanoseconds, median(ratios));
    }
    medians
}

fn steps_in_a_slice(contender: &mut Contender<'_>) -> u32 {
    let mut steps = 1u32;
    loop {
        let nanoseconds = time(contender, steps) * f64::from(steps);
        if nanoseconds > SLICE.as_nanos() as f64 / 2.0 || steps > 1 << 26 {
            return steps;
        }
        steps *= 2;
    }
}

fn time(contender: &mut Contender<'_>, steps: u32) -> f64 {
    let start = Instant::now();
    for step in 0..steps as usize {
        black_box((contender.step)(step));
    }
    start.elapsed().as_nanos() as f64 / f64::from(steps)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
