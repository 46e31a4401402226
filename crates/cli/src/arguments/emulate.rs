//! The options of `flarekeep emulate`.

mod switches;

mod steering;

use std::net::SocketAddr;
use std::path::PathBuf;

pub(crate) use self::steering::Steering;
use super::edge::Edge;
use clap::Args;
use flarekeep_emulator::Options;

use self::switches::Switches;

use super::hostnames::HostnameArguments;

#[derive(Debug, Args)]
pub(crate) struct Emulate {
    /// The address to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,
    /// The port of R2's S3 face, at the same address; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) s3_port: u16,
    /// Keep the state in this folder; without it the state ends with the process
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Users, accounts, zones and what is in them, from a TOML file; docs/emulator/world.md
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<PathBuf>,
    /// Append each call to this file, as a line that `plan --recording` reads; docs/recording.md
    #[arg(long, value_name = "FILE")]
    pub(crate) recording: Option<PathBuf>,
    /// Say in the header `x-flarekeep-why` of each answer, and in the log, why it was allowed or refused
    #[arg(long)]
    pub(crate) explain: bool,
    /// Say of each operation whether it is simulated, instead of starting; -v lists every product
    #[arg(long, conflicts_with_all = ["listen", "s3_port", "state", "world", "recording"])]
    pub(crate) coverage: bool,
    #[command(flatten)]
    pub(crate) hostnames: HostnameArguments,
    #[command(flatten)]
    pub(crate) steering: Steering,
    #[command(flatten)]
    pub(crate) edge: Edge,
    #[command(flatten)]
    switches: Switches,
}

impl Emulate {
    /// The emulator's options as the switches say.
    pub(crate) fn options(&self) -> Options {
        Options { explain: self.explain, hostnames: self.hostnames.options(), ..self.switches.options() }
    }
}
