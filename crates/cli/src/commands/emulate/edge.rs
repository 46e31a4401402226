//! Running Workers, where workerd is there.

use std::path::PathBuf;
use std::sync::Arc;

use flarekeep_emulator::{EdgeLine, EdgeOptions, Emulator, Running, find_workerd};

use crate::arguments;
use crate::error::{CommandError, Kind};
use crate::output::{FAINT, Output, plain, styled};

/// Serves the edge as well, if it is asked for and workerd is there; without workerd all else works, and this says what
/// is missing.
pub(super) async fn serve(
    output: Output,
    server: &mut Running,
    emulator: &Emulator,
    arguments: &arguments::Edge,
) -> Result<(), CommandError> {
    if !arguments.edge {
        return Ok(());
    }
    let Some(workerd) = arguments.workerd.clone().or_else(found) else {
        output
            .warn("workerd is not there, so no Worker runs: `npm install workerd` brings it, --workerd PATH names it");
        return Ok(());
    };
    if !arguments.edge_listen.ip().is_loopback() {
        output.warn("other machines can reach the Workers that run here");
    }
    let shown = plain(&workerd.display().to_string());
    let mut options = EdgeOptions::new(workerd);
    options.outbound = arguments.outbound();
    if !output.quiet {
        options.on_line = Some(Arc::new(move |line: &EdgeLine| {
            output.note(format!("{} {}", styled(FAINT, plain(&line.script)), plain(&line.text)));
        }));
    }
    server.serve_edge(emulator, arguments.edge_listen, options).await.map_err(|error| {
        let address = arguments.edge_listen;
        CommandError::new(Kind::Unreachable, format!("cannot run Workers at {address} with `{shown}`: {error}"))
            .hint("--workerd names the program, --edge-listen 127.0.0.1:0 takes any free port")
    })
}

/// workerd in PATH or in `node_modules`.
fn found() -> Option<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    find_workerd(std::env::var_os("PATH").as_deref(), &here)
}
