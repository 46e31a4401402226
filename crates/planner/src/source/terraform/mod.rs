//! Terraform: what a plan, a state or a configuration calls of Cloudflare.
//!
//! Which operations a type of Cloudflare's provider calls when it is created, read, changed and removed is a table of the
//! catalogue. A plan says what is done with each resource; a state and a configuration do not, so that each resource
//! counts with its whole life.

mod address;
mod document;
mod hcl;
mod input;
mod known;
mod lenient;
mod life;
mod plan;
mod reference;
mod state;
#[cfg(test)]
mod tests;

use std::io::Read;

use super::{Reading, SourceError};

/// Reads what `terraform show -json` makes of a plan or of a state, or a state as Terraform stores it; which it is the
/// file says.
///
/// `name` is the file's, for origins and errors. Errors have the line and the column, and no value of the file.
pub fn read_json(name: &str, input: impl Read) -> Result<Reading, SourceError> {
    let document = input::document(name, input)?;
    if let Some(version) = document.format_version.as_deref()
        && !matches!(version.split('.').next(), Some("0" | "1"))
    {
        return Err(input::whole(name, "its format is of another version than 0 and 1, which are read"));
    }
    let is_plan = document.resource_changes.is_some() || document.planned_values.is_some();
    match (&document.values, &document.resources) {
        _ if is_plan => Ok(plan::read(name, &document)),
        (Some(values), _) => Ok(state::shown_state(name, &values.root_module)),
        (None, Some(resources)) if document.version.0.as_deref() == Some("4") => Ok(state::stored(name, resources)),
        // An empty state is shown with nothing but its version.
        (None, None) if document.format_version.0.is_some() => Ok(Reading::default()),
        _ if document.lineage.0.is_some() || document.version.0.is_some() => Err(input::whole(
            name,
            "it is a state as another version of Terraform stores it: give what `terraform show -json` makes of it",
        )),
        _ => Err(input::whole(name, "it is neither a plan nor a state: `terraform show -json` writes both")),
    }
}

/// Reads the files of a folder of Terraform: each a name and a text, in the order of their names.
///
/// What is read of a file its name says, as Terraform takes it. Errors have the line and the column.
pub fn read_hcl(files: &[(String, String)]) -> Result<Reading, SourceError> {
    hcl::read(files, None)
}

/// The same of a folder that is a module: `arguments` are its variables as the call gives them, each with its value where
/// that is known. Files of values are not read, as Terraform reads those of the root alone.
pub fn read_module(files: &[(String, String)], arguments: &[(String, Option<String>)]) -> Result<Reading, SourceError> {
    hcl::read(files, Some(arguments))
}
