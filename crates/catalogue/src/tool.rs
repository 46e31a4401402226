//! What the command line of a program calls: `wrangler kv key put`, `certbot certonly --dns-cloudflare`.
//!
//! The facts are those of `catalogue/commands.tsv`. Only the words of the command and its options are looked at; values
//! come back where the table says that one names a zone, a bucket or the like, and nothing else does.

mod arguments;
mod row;

use crate::operation::Operation;
use crate::recipe::Recipe;

use self::arguments::Arguments;
use self::row::{Row, rows};

/// What a command line calls.
#[derive(Debug, Clone)]
pub struct ToolCommand {
    /// The program and the command's words, in the table's spelling: `wrangler kv key put`.
    pub name: String,
    /// What it calls; nothing where it calls nothing of Cloudflare's API with an API token.
    pub calls: Vec<ToolCall>,
    /// Since which major version of the program it works on local data unless `--remote` is given; none where it always
    /// calls Cloudflare.
    pub local_since: Option<u32>,
    /// The values that say where the command works.
    pub names: Vec<(ToolName, String)>,
}

/// One thing that a command calls.
#[derive(Debug, Clone)]
pub enum ToolCall {
    /// An operation, and what the command uses it for.
    Operation {
        /// The operation.
        operation: &'static Operation,
        /// Why, as a clause.
        why: &'static str,
    },
    /// What a recipe with these options needs.
    Recipe(Box<Recipe>),
    /// What a recipe of the S3 face needs, if the remote that the command names is R2.
    Remote(Box<Recipe>),
    /// The recipe whose name is the value of an option of the command, as it was given.
    NamedRecipe(String),
    /// What this command calls is in a configuration of wrangler's.
    Wrangler(&'static str),
    /// What this command calls is in a folder of Terraform.
    Terraform(&'static str),
    /// It calls Cloudflare with another credential than an API token: why, as a clause.
    OtherCredential(&'static str),
    /// What it calls is not known: why, as a clause.
    Unread(&'static str),
}

/// What a value of a command line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolName {
    /// A zone, by its id or its name.
    Zone,
    /// Hosts whose zone is meant, with commas between them.
    Hosts,
    /// A bucket; behind `REMOTE:` for programs that have remotes.
    Bucket,
    /// A Worker.
    Worker,
    /// The URL of an S3 endpoint, whose host begins with the account's id.
    Endpoint,
    /// The folder that the program works in.
    Folder,
}

/// The table has the program and not the command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{program}` has no command of this name that is known")]
pub struct UnknownToolCommand {
    /// The program.
    pub program: &'static str,
}

/// The programs of which the table knows commands.
pub fn tools() -> impl Iterator<Item = &'static str> {
    rows().keys().copied()
}

/// What a program calls when it is run with these arguments; none where the table does not have the program.
///
/// ```
/// let arguments = ["kv", "key", "get", "greeting", "--remote"].map(str::to_owned);
/// let found = flarekeep_catalogue::tool_command("wrangler", &arguments).unwrap().unwrap();
/// assert_eq!((found.name.as_str(), found.calls.len()), ("wrangler kv key get", 1));
/// ```
pub fn tool_command(program: &str, arguments: &[String]) -> Result<Option<ToolCommand>, UnknownToolCommand> {
    let Some((&program, rows)) = rows().get_key_value(program) else { return Ok(None) };
    let with_value = rows.iter().find(|row| row.command == "(options)").map_or("", |row| row.calls);
    let arguments = Arguments::new(arguments, with_value);
    let longest = rows.iter().filter(|row| arguments.begin_with(row.command)).max_by_key(|row| row.words());
    let otherwise = || rows.iter().find(|row| row.command == "*");
    let Some(found) = longest.or_else(otherwise) else { return Err(UnknownToolCommand { program }) };
    let arguments = arguments.after(found.words());
    let chosen: Vec<&Row> =
        rows.iter().filter(|row| row.command == found.command && arguments.meet(row.when)).collect();
    let mut names = Vec::new();
    for name in chosen.iter().flat_map(|row| arguments.names(row.names)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let words = if found.command == "*" { "" } else { found.command };
    Ok(Some(ToolCommand {
        name: format!("{program} {words}").trim_end().to_owned(),
        calls: chosen.iter().flat_map(|row| row.calls(&arguments)).collect(),
        local_since: chosen.iter().find_map(|row| row.local.parse().ok()),
        names,
    }))
}

#[cfg(test)]
mod tests;
