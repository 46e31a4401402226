//! The options that tests steer an emulator with.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

/// What can be changed while it runs too, below `/__flarekeep/`. docs/emulator/control.md says how.
#[derive(Debug, Args)]
#[command(next_help_heading = "For tests")]
pub(crate) struct Steering {
    /// The emulated time at the start, such as 2027-01-01T00:00:00Z; it runs on from there
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<Timestamp>,
    /// Delay, refuse or break off calls, by the rules of a TOML file; docs/emulator/faults.md
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// How many decisions GET /__flarekeep/decisions remembers; 0 for none
    #[arg(long, value_name = "COUNT", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub(crate) decisions: u32,
}
