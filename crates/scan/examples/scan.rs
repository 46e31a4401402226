//! Scans the paths that are given, and says how long it took.
use std::path::PathBuf;
use std::time::Instant;

fn main() {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let begun = Instant::now();
    let options = flarekeep_scan::walk::Options {
        respect_ignore_files: std::env::var_os("NO_IGNORE").is_none(),
        ..Default::default()
    };
    let tally = flarekeep_scan::walk::walk(&paths, options);
    let took = begun.elapsed();
    for finding in &tally.findings {
        println!(
            "{:<7} {:<18} {} {} — {}",
            finding.confidence,
            finding.form.rule,
            finding.place,
            finding.masked(),
            finding.why
        );
    }
    println!(
        "{} texts, {:.1} MB, {} binaries, {} unread, {took:?}",
        tally.texts,
        tally.bytes as f64 / 1e6,
        tally.binaries,
        tally.unread.len()
    );
}
