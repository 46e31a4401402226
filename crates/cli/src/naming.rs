//! What a new token is called: as typed, or built of its parts, or as the plan file has it, or by what it is for.

use flarekeep_planner::{is_customary, name_of, usual_name};

use crate::arguments::Naming;
use crate::error::CommandError;
use crate::limits;
use crate::output::{Output, plain};
use crate::work::Work;

/// The name that the options build; none where they say nothing of one. The purpose is the work's unless one is given.
pub(crate) fn built(parts: &Naming, work: &Work) -> Result<Option<String>, CommandError> {
    let (Some(project), Some(environment)) = (&parts.project, &parts.stage) else { return Ok(None) };
    let purpose = parts.purpose.clone().or_else(|| work.purpose()).ok_or_else(|| {
        CommandError::usage("what the token is for is not said, and its name is to say it")
            .hint("--purpose dns-updater, as in shop-dns-updater-prod")
    })?;
    name_of(project, &purpose, environment).map(Some).map_err(|error| {
        CommandError::usage(plain(&error.to_string()))
            .because("a part has lower-case letters, digits, and single hyphens between them")
            .hint("as in --project shop --purpose dns-updater --environment prod; --name takes any other name")
    })
}

/// The name: the given one, with a remark where it is not by custom; else the usual one.
pub(crate) fn chosen(output: Output, given: Option<String>, work: &Work) -> Result<String, CommandError> {
    if let Some(name) = given {
        if !is_customary(&name) {
            output.note(format!(
                "the name `{}` is not {{project}}-{{purpose}}-{{environment}}, which says whose a token is and what for",
                plain(&name)
            ));
        }
        return Ok(name);
    }
    let name = work.purpose().map(|purpose| usual_name(&purpose)).ok_or_else(|| {
        CommandError::usage("the token has no name")
            .hint("--project shop --purpose dns --environment prod names it shop-dns-prod")
            .hint("or --name, by custom {project}-{purpose}-{environment}, for example --name shop-dns-prod")
    })?;
    limits::name(&name)
}
