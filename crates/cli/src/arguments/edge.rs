//! The options of `flarekeep emulate` that run Workers.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;
use flarekeep_emulator::Outbound;

/// Workers run on workerd, which npm has. docs/emulator/edge.md.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running Workers")]
pub(crate) struct Edge {
    /// Run uploaded Workers on workerd, which `npm install workerd` brings
    #[arg(long)]
    pub(crate) edge: bool,
    /// Where Workers answer; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", requires = "edge")]
    pub(crate) edge_listen: SocketAddr,
    /// Where a Worker's own fetch may go: nowhere, or anywhere
    #[arg(long, default_value = "none", value_enum, requires = "edge")]
    edge_outbound: Where,
    /// The program workerd; without it PATH is searched, then `node_modules` here and above
    #[arg(long, value_name = "PATH", requires = "edge")]
    pub(crate) workerd: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Where {
    None,
    Any,
}

impl Edge {
    pub(crate) const fn outbound(&self) -> Outbound {
        match self.edge_outbound {
            Where::None => Outbound::None,
            Where::Any => Outbound::Any,
        }
    }
}
