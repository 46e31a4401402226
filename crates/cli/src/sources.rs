//! Files that hold needs: read, and the files that they lead to.

pub(crate) mod file;
mod follow;

use std::path::Path;

use flarekeep_catalogue::{BadId, TokenId};
use flarekeep_planner::source::calls::Failed;
use flarekeep_planner::source::{
    Origin, Reading, SourceError, Unread, har, log, recording, terraform, workflow, wrangler,
};

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
///
/// `account_given` says that the caller names the account.
pub(crate) fn read(arguments: &Sources, account_given: bool) -> Result<Vec<Source>, CommandError> {
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
            let reading = follow::followed(path, reader(path, arguments, account_given)?, account_given);
            sources.push(Source { name: file::name(path), reading });
        }
    }
    Ok(sources)
}

type Reader = fn(&Path, &Sources, bool) -> Result<Reading, CommandError>;

fn wrangler(path: &Path, arguments: &Sources, account_given: bool) -> Result<Reading, CommandError> {
    if let Some(command) = arguments.commands.iter().find(|command| !wrangler::knows(command)) {
        return Err(CommandError::usage(format!("what `wrangler {}` calls is not recorded", plain(command)))
            .hint("--for takes commands of wrangler's, with commas between them: --for deploy,tail,d1"));
    }
    let environment = arguments.environment.as_deref();
    let account = if account_given { wrangler::Account::Set } else { wrangler::Account::Unset };
    let asked = wrangler::Asked { environment, commands: &arguments.commands, account, followed: false };
    let (name, text) = (file::name(path), file::text(path)?);
    wrangler::read(&name, &text, &asked).map_err(|error| match wrangler::environments(&name, &text) {
        Ok(known) if environment.is_some_and(|asked| !known.iter().any(|known| known == asked)) => {
            let hint = known.first().map(|known| format!("--env {}", plain(known)));
            CommandError::usage(error.to_string()).hint(hint.unwrap_or("leave --env out".to_owned()))
        }
        _ => error.into(),
    })
}

fn terraform(path: &Path, _: &Sources, _: bool) -> Result<Reading, CommandError> {
    if path.is_dir() {
        return Ok(terraform_folder(path, path, path, None)?.0);
    }
    if path.extension().is_some_and(|extension| extension == "tf") {
        return Err(CommandError::usage(format!("`{}` is one file of a configuration", file::name(path)))
            .because("its variables and data sources can stand in the others of its folder")
            .hint("name the folder"));
    }
    Ok(terraform::read_json(&file::name(path), file::open(path)?)?)
}

/// A folder of Terraform, and how many bytes its files have; `shown` is what people call it, and no link leads out of
/// `base`.
///
/// A module comes with what its call gives its variables.
fn terraform_folder(
    path: &Path,
    shown: &Path,
    base: &Path,
    arguments: Option<&[(String, Option<String>)]>,
) -> Result<(Reading, usize), CommandError> {
    let ends = [".tf", ".tofu", ".tfvars", ".tf.json", ".tfvars.json"];
    let file::Folder { files, outside } = file::folder(path, shown, base, &ends)?;
    let mut reading = match arguments {
        Some(arguments) => terraform::read_module(&files, arguments)?,
        None => terraform::read_hcl(&files)?,
    };
    reading.unread.extend(outside.into_iter().map(|name| {
        let origin = Origin { source: name, line: None, item: None };
        Unread {
            origin,
            what: "the file is not read: it is a link that leads out of the folder of the work".to_owned(),
        }
    }));
    Ok((reading, files.iter().map(|(_, text)| text.len()).sum()))
}

fn workflow(path: &Path, _: &Sources, _: bool) -> Result<Reading, CommandError> {
    Ok(workflow::read_commands(&file::name(path), &file::text(path)?)?)
}

fn recording(path: &Path, arguments: &Sources, _: bool) -> Result<Reading, CommandError> {
    Ok(recording::read(&file::name(path), file::open(path)?, failed(arguments))?)
}

fn har(path: &Path, arguments: &Sources, _: bool) -> Result<Reading, CommandError> {
    Ok(har::read(&file::name(path), file::open(path)?, failed(arguments))?)
}

fn log(path: &Path, arguments: &Sources, _: bool) -> Result<Reading, CommandError> {
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
