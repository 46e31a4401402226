//! Whole processes: `flarekeep --version`, `flarekeep plan` and questions to the catalogue, beside a bare clap program (the
//! limit) and, where they are installed, terraform and wrangler.
//!
//! `start_up FLAREKEEP` runs the programs in turns. Memory is measured in a process of its own for each program, since
//! the system only tells the peak over all children.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};

const ROUNDS: usize = 41;

/// How many milliseconds a question to the catalogue may take, as a whole process.
const QUESTION: f64 = 15.0;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [flag, program @ ..] if flag == "--peak" => println!("{}", peak(program)),
        [flarekeep] => compare(Path::new(flarekeep)),
        _ => {
            eprintln!("usage: start_up FLAREKEEP");
            std::process::exit(2);
        }
    }
}

struct Program {
    name: String,
    line: Vec<String>,
    seconds: Vec<f64>,
}

fn compare(flarekeep: &Path) {
    let bare = std::env::current_exe().unwrap().with_file_name("bare_clap");
    let mut programs = vec![program("bare clap --version (the limit)", &bare, &["--version"])];
    programs.push(program("flarekeep --version", flarekeep, &["--version"]));
    programs.push(program("flarekeep plan --recipe saas-platform", flarekeep, &["plan", "--recipe", "saas-platform"]));
    for (name, arguments) in [
        ("flarekeep permission show Zone:DNS:Edit", ["permission", "show", "Zone:DNS:Edit"]),
        ("flarekeep permission search 'dns edit'", ["permission", "search", "dns edit"]),
    ] {
        programs.push(program(name, flarekeep, &arguments));
    }
    for (name, arguments) in [("terraform", ["version"]), ("wrangler", ["--version"])] {
        match found(name) {
            Some(path) => programs.push(program(&format!("{name} {}", arguments[0]), &path, &arguments)),
            None => println!("{name} is not installed: left out"),
        }
    }
    for _ in 0..ROUNDS {
        for program in &mut programs {
            let start = Instant::now();
            run(&program.line);
            program.seconds.push(start.elapsed().as_secs_f64());
        }
    }
    let limit = median(&programs[0].seconds);
    let mut held = true;
    for program in &programs {
        let ratios: Vec<f64> = program.seconds.iter().zip(&programs[0].seconds).map(|(a, b)| a / b).collect();
        let (time, ratio, memory) = (median(&program.seconds), median(&ratios), peak_of(&program.line));
        println!("{:<40} {:>8.2} ms   x{ratio:<7.2} {memory:>7.1} MiB at most", program.name, time * 1e3);
        if program.name.starts_with("flarekeep permission") {
            let holds = time * 1e3 <= QUESTION && memory <= 16.0;
            held &= holds;
            println!("  {} at most {QUESTION} ms and 16 MiB", if holds { "ok  " } else { "MISS" });
        }
        let most = match program.name.as_str() {
            "flarekeep --version" => 2.0,
            name if name.starts_with("flarekeep plan") => 4.0,
            _ => continue,
        };
        let holds = ratio <= most && memory <= 16.0;
        held &= holds;
        println!("  {} at most x{most} of {:.2} ms and 16 MiB", if holds { "ok  " } else { "MISS" }, limit * 1e3);
    }
    std::process::exit(i32::from(!held));
}

fn program(name: &str, path: &Path, arguments: &[&str]) -> Program {
    let line = std::iter::once(path.display().to_string()).chain(arguments.iter().map(|text| (*text).to_owned()));
    Program { name: name.to_owned(), line: line.collect(), seconds: Vec::new() }
}

fn run(line: &[String]) {
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().expect("the program starts").success(), "{line:?} failed");
}

/// The peak memory of the program, in MiB, measured by a fresh process of this one.
fn peak_of(line: &[String]) -> f64 {
    let output = Command::new(std::env::current_exe().unwrap()).arg("--peak").args(line).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

fn peak(line: &[String]) -> f64 {
    for _ in 0..5 {
        run(line);
    }
    getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() as f64 / 1024.0
}

fn found(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
