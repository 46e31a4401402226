//! The baseline: a file beside the code with an audit's settings, what is left out, and what is accepted until when and why.

use std::path::{Path, PathBuf};

use flarekeep_audit::{Config, Settings};

use crate::arguments::KnownFindings;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::counted;
use crate::sources::file;

/// Where it is looked for, unless the command line says.
const USUAL: &str = "flarekeep-audit.toml";

/// Takes the baseline into the settings. One that is not named is read where it is there;
/// every report counts what it accepts.
pub(super) fn into(context: &Context, known: &KnownFindings, settings: &mut Settings) -> Result<(), CommandError> {
    let usual = || Some(PathBuf::from(USUAL)).filter(|path| path.is_file());
    let named = known.baseline.clone();
    let Some(path) = named.or_else(|| if known.no_baseline { None } else { usual() }) else { return Ok(()) };
    parse(&path, &file::text(&path)?)?.apply(settings);
    let accepted = counted(settings.baseline.len(), "acceptance");
    context.output.detail(format!(
        "{}: {accepted}, {}",
        file::name(&path),
        counted(settings.ignore.len(), "ignored kind")
    ));
    Ok(())
}

/// Reads the file's text.
pub(super) fn parse(path: &Path, text: &str) -> Result<Config, CommandError> {
    Config::parse(&file::name(path), text).map_err(|error| {
        CommandError::usage(error.to_string()).hint("flarekeep audit accept writes one; docs/audit.md describes it")
    })
}
