//! Files that hold needs: read, and the files that they lead to.

pub(crate) mod file;
mod follow;

use std::path::Path;

use flarekeep_catalogue::{BadId, TokenId};
use flarekeep_planner::source::calls::Failed;
use flarekeep_planner::source::{Reading, SourceError, har, log, recording, terraform, workflow, wrangler};

use crate::arguments::{self, Sources};
use crate::error::CommandError;
use crate::output::plain;

/// What one source gave.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// What people call it: the file's name as it was given.
    pub(crate) name: String,
    /// Its needs, and those of the files that it leads to.
    pub(crate) reading: Reading,
}

/// Reads all the sources that are named, in the order of the options.
pub(crate) fn read(arguments: &Sources) -> Result<Vec<Source>, CommandError> {
    let mut sources = Vec::new();
    let kinds: [(&[_], Reader); 6] = [
        (&arguments.wrangler, wrangler),
        (&arguments.terraform, terraform),
        (&arguments.workflow, workflow),
        (&arguments.recording, recording),
        (&arguments.har, har),
        (&arguments.log, log),
    ];
    for (paths, reader) in kinds {
        for path in paths {
            let reading = follow::followed(path, reader(path, arguments)?);
            sources.push(Source { name: file::name(path), reading });
        }
    }
    Ok(sources)
}

type Reader = fn(&Path, &Sources) -> Result<Reading, CommandError>;

fn wrangler(path: &Path, arguments: &Sources) -> Result<Reading, CommandError> {
    if let Some(command) = arguments.commands.iter().find(|command| !wrangler::knows(command)) {
        return Err(CommandError::usage(format!("what `wrangler {}` calls is not recorded", plain(command)))
            .hint("--for takes commands of wrangler's, with commas between them: --for deploy,tail,d1"));
    }
    let asked = wrangler::Asked { environment: arguments.environment.as_deref(), commands: &arguments.commands };
    Ok(wrangler::read(&file::name(path), &file::text(path)?, &asked)?)
}

fn terraform(path: &Path, _: &Sources) -> Result<Reading, CommandError> {
    if path.is_dir() {
        return terraform_folder(path, path);
    }
    if path.extension().is_some_and(|extension| extension == "tf") {
        return Err(CommandError::usage(format!("`{}` is one file of a configuration", file::name(path)))
            .because("its variables and data sources can stand in the others of its folder")
            .hint("name the folder"));
    }
    Ok(terraform::read_json(&file::name(path), file::open(path)?)?)
}

/// A folder of Terraform; `shown` is what people call it.
fn terraform_folder(path: &Path, shown: &Path) -> Result<Reading, CommandError> {
    Ok(terraform::read_hcl(&file::folder(path, shown, &TERRAFORM)?)?)
}

/// The endings of what is read of a folder of Terraform.
const TERRAFORM: [&str; 5] = [".tf", ".tofu", ".tfvars", ".tf.json", ".tfvars.json"];

/// A module of a folder of Terraform, with what its call gives its variables.
fn terraform_module(
    path: &Path,
    shown: &Path,
    arguments: &[(String, Option<String>)],
) -> Result<Reading, CommandError> {
    Ok(terraform::read_module(&file::folder(path, shown, &TERRAFORM)?, arguments)?)
}

fn workflow(path: &Path, _: &Sources) -> Result<Reading, CommandError> {
    Ok(workflow::read_commands(&file::name(path), &file::text(path)?)?)
}

fn recording(path: &Path, arguments: &Sources) -> Result<Reading, CommandError> {
    Ok(recording::read(&file::name(path), file::open(path)?, failed(arguments))?)
}

fn har(path: &Path, arguments: &Sources) -> Result<Reading, CommandError> {
    Ok(har::read(&file::name(path), file::open(path)?, failed(arguments))?)
}

fn log(path: &Path, arguments: &Sources) -> Result<Reading, CommandError> {
    Ok(log::read(&file::name(path), file::open(path)?, failed(arguments), token(arguments)?)?)
}

fn failed(arguments: &Sources) -> Failed {
    match arguments.failed {
        arguments::Failed::Include => Failed::Include,
        arguments::Failed::Exclude => Failed::Exclude,
        arguments::Failed::Only => Failed::Only,
    }
}

/// The token of which an audit log is read.
fn token(arguments: &Sources) -> Result<Option<TokenId>, CommandError> {
    let id = arguments.audit_token.as_deref().map(str::parse).transpose();
    id.map_err(|error: BadId| CommandError::usage(error.to_string()).hint("flarekeep token list shows the ids"))
}

impl From<SourceError> for CommandError {
    fn from(error: SourceError) -> Self {
        Self::usage(error.to_string()).hint("docs/sources.md says what is read of each kind of file")
    }
}
