//! What a command has around it while its calls go through a proxy of ours: the folder of the run, and variables.

mod variables;

use std::path::Path;
use std::process::Command;

use flarekeep_proxy::{Authority, Proxy, RunFolder, Trusted};

use self::variables::{Way, named_files, variables};
use crate::environment::{self, state_folder};
use crate::error::CommandError;
use crate::output::Output;

/// Below the user's own state: the folders of runs.
const FOLDER: &str = "record";

/// The files of a run, in a folder that goes when this is dropped.
pub(crate) struct RunFiles {
    _folder: RunFolder,
    /// All that is trusted.
    all: String,
    /// What is trusted beside the system's roots.
    beside: String,
}

/// The variables of a command whose calls go through a proxy.
pub(crate) struct Around(Vec<(&'static str, String)>);

impl RunFiles {
    /// Writes them, for a proxy with this authority.
    pub(crate) fn new(authority: &Authority) -> Result<Self, CommandError> {
        let parent = state_folder().map(|folder| folder.join(FOLDER)).ok_or_else(|| {
            CommandError::usage("there is no place for the certificate of the run").hint("set HOME or XDG_STATE_HOME")
        })?;
        let failed = |error: std::io::Error| {
            CommandError::usage(format!(
                "cannot write the certificate of the run below `{}`: {error}",
                parent.display()
            ))
            .hint("XDG_STATE_HOME names a folder that can be written")
        };
        let named = named_files(set);
        let trusted = Trusted::read(&named.iter().map(Path::new).collect::<Vec<_>>());
        let certificate = authority.certificate();
        let folder = RunFolder::new(&parent).map_err(failed)?;
        let write = |name: &str, content: &str| {
            folder.write(name, content).map(|path| path.to_string_lossy().into_owned()).map_err(failed)
        };
        let all = write("trusted.pem", &trusted.all_and(&certificate))?;
        let beside = write("beside.pem", &trusted.named_and(&certificate))?;
        Ok(Self { _folder: folder, all, beside })
    }
}

impl Around {
    pub(crate) fn new(files: &RunFiles, proxy: &Proxy, base_url: bool) -> Self {
        let api = base_url.then(|| proxy.api_url());
        let way = Way { proxy: &proxy.url(), all: &files.all, beside: &files.beside, api: api.as_deref() };
        Self(variables(&way, set, environment::dot_env_sets))
    }

    /// Puts the variables into the environment of a command.
    pub(crate) fn put_into(&self, command: &mut Command) {
        command.envs(self.0.iter().map(|(name, value)| (name, value)));
    }

    pub(crate) fn tell(&self, output: Output) {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| *name).collect();
        output.detail(format!("set for the command: {}", names.join(", ")));
    }
}

/// The names of the variables of a command that is given no other address for the API.
pub(crate) fn names() -> Vec<&'static str> {
    let way = Way { proxy: "", all: "", beside: "", api: None };
    variables(&way, set, environment::dot_env_sets).into_iter().map(|(name, _)| name).collect()
}

fn set(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
