//! The least that a command-line program can be: what a start of ours is held against.

use clap::Parser;

/// Prints its name.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A word
    #[arg(long)]
    word: Option<String>,
}

fn main() {
    let arguments = Arguments::parse();
    println!("{}", arguments.word.as_deref().unwrap_or("bare"));
}
