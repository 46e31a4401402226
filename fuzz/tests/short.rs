//! The short form: every target with its seeds, and with changes of them, on any Rust and within seconds.
//! `FLAREKEEP_CASES` says how many changes of each seed; `FLAREKEEP_SEED` which ones, and `FLAREKEEP_TARGET`
//! takes one target alone.

use std::path::{Path, PathBuf};

use fastrand::Rng;
use flarekeep_fuzz::{TARGETS, Target};

/// What turns up in files of every kind: words that a blind change would hardly ever write.
const WORDS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    ":",
    ",",
    "\n",
    "\t",
    "\u{0}",
    "\u{1b}[31m",
    "é",
    "${{",
    "}}",
    "<<EOF\n",
    "\\",
    "//",
    "/*",
    "#",
    "null",
    "-1",
    "1e999",
    "&a *a",
];

#[test]
fn no_change_of_a_seed_breaks_a_reader() {
    let cases: usize = number("FLAREKEEP_CASES").unwrap_or(300);
    let mut rng = Rng::with_seed(number("FLAREKEEP_SEED").unwrap_or(1) as u64);
    let only = std::env::var("FLAREKEEP_TARGET").ok();
    for target in TARGETS.iter().filter(|target| only.as_deref().is_none_or(|only| only == target.name)) {
        let seeds: Vec<Vec<u8>> = seeds(target);
        assert!(!seeds.is_empty(), "{} has no seed", target.name);
        for seed in &seeds {
            (target.run)(seed);
            for _ in 0..cases {
                (target.run)(&changed(seed, &seeds, &mut rng));
            }
        }
        println!("{}: {} seeds, {} changes of each", target.name, seeds.len(), cases);
    }
}

/// Writes the seeds of `FLAREKEEP_TARGET` into the folder `FLAREKEEP_SEEDS`, for cargo-fuzz to begin with.
#[test]
#[ignore = "a part of fuzz/run"]
fn write_seeds() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is set by fuzz/run"));
    let (name, folder) = (variable("FLAREKEEP_TARGET"), variable("FLAREKEEP_SEEDS"));
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    for (at, seed) in seeds(target).iter().enumerate() {
        std::fs::write(Path::new(&folder).join(format!("seed-{at}")), seed).expect("a folder that can be written");
    }
}

/// The seeds of a target: its own, and the files of the repository that are of its kind.
fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    let read = |path: PathBuf| std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let files = target.files.iter().map(|path| read(root.join(path)));
    target.texts.iter().map(|text| text.as_bytes().to_vec()).chain(files).collect()
}

/// One to eight changes: bytes, pieces that are left out, doubled, moved or taken from another seed, and words.
fn changed(seed: &[u8], seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..rng.usize(1..=8) {
        let at = rng.usize(0..=data.len());
        let piece = piece(&data, rng);
        match rng.u8(0..7) {
            0 if at < data.len() => data[at] = rng.u8(..),
            1 if at < data.len() => data[at] ^= 1 << rng.u8(0..8),
            2 => drop(data.drain(piece)),
            3 => {
                let copy = data[piece].to_vec();
                data.splice(at..at, copy);
            }
            4 => {
                let other = &seeds[rng.usize(0..seeds.len())];
                let range = self::piece(other, rng);
                data.splice(at..at, other[range].to_vec());
            }
            5 => data.truncate(at),
            _ => {
                let word = WORDS[rng.usize(0..WORDS.len())];
                data.splice(at..at, word.bytes().cycle().take(word.len() * rng.usize(1..=3)));
            }
        }
    }
    data
}

fn piece(data: &[u8], rng: &mut Rng) -> std::ops::Range<usize> {
    let from = rng.usize(0..=data.len());
    from..(from + rng.usize(0..=64)).min(data.len())
}

fn number(variable: &str) -> Option<usize> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}
