//! The world as files have it.

use std::path::Path;

use flarekeep_audit::read::{self, ReadError};
use flarekeep_audit::{OwnedBy, Usage, World};
use flarekeep_catalogue::TokenId;

use crate::arguments::{self, Recorded, Whose};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::plain;
use crate::sources::file;

/// The longest file that is read, in bytes: tens of thousands of tokens, or a state of Terraform's.
const LONGEST: u64 = 64 << 20;
/// What `--usage` takes for the API's audit logs.
pub(super) const LIVE: &str = "live";

/// The tokens of the files, and how they were used. Nobody is asked. Where a file does not say whose a token is, `--owner`
/// and `--account` do.
pub(super) fn read(context: &Context, arguments: &arguments::Audit) -> Result<World, CommandError> {
    refuse_two_readers(arguments)?;
    let owner = owner(context, arguments.owner)?;
    if arguments.used.usage.iter().any(|path| path.as_os_str() == LIVE) {
        return Err(CommandError::usage("--usage live asks Cloudflare, and --input asks nobody")
            .hint("give --usage FILE, or leave --input out"));
    }
    let mut world = World::default();
    for path in &arguments.input {
        let text = file::text_within(path, LONGEST)?;
        world.merge(read::tokens_json(&file::name(path), &text)?);
    }
    for token in world.tokens.iter_mut().filter(|token| token.owner == OwnedBy::Unknown) {
        token.owner = owner;
    }
    usage(arguments, &mut world)?;
    Ok(world)
}

/// Whose the tokens of files are, as the command line says.
fn owner(context: &Context, whose: Whose) -> Result<OwnedBy, CommandError> {
    let unsaid = || {
        CommandError::usage("--account takes an account's id here: nobody is asked for names")
            .hint("--owner account --account ID, the 32 digits in the addresses of the account's pages")
    };
    match (whose, context.place.account.as_deref()) {
        (Whose::User, _) => Ok(OwnedBy::User(None)),
        (_, Some(account)) => account.parse().map(OwnedBy::Account).map_err(|_| unsaid()),
        (Whose::Account, None) => Err(unsaid()),
        (Whose::All, None) => Ok(OwnedBy::Unknown),
    }
}

/// Adds what the files say of use.
pub(super) fn usage(arguments: &arguments::Audit, world: &mut World) -> Result<(), CommandError> {
    for path in arguments.used.usage.iter().filter(|path| path.as_os_str() != LIVE) {
        let text = file::text_within(path, LONGEST)?;
        let log = read::audit_log(&file::name(path), &text)?;
        world.unread.extend(log.unread);
        add(world, log.usage);
    }
    for Recorded { token, file: path } in &arguments.used.recording {
        let token = named(world, token)?;
        let text = file::text_within(path, LONGEST)?;
        add(world, read::recording(&file::name(path), &text, token)?);
    }
    Ok(())
}

/// Takes what was read of use into the world.
pub(super) fn add(world: &mut World, usage: Usage) {
    world.merge(World { usage: Some(usage), ..World::default() });
}

/// The token with this id, or the only one with this name.
fn named(world: &World, given: &str) -> Result<TokenId, CommandError> {
    if let Ok(id) = given.parse() {
        return Ok(id);
    }
    let mut named = world.tokens.iter().filter(|token| token.name == given).map(|token| token.id);
    match (named.next(), named.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => Err(CommandError::usage(format!("several tokens are called `{}`", plain(given)))
            .hint("--recording takes a token's id, too: flarekeep token list")),
        (None, _) => Err(CommandError::usage(format!("no token is called `{}`", plain(given)))
            .hint("--recording TOKEN=FILE, where the token is one that is audited")),
    }
}

/// Standard input can be only one of the files.
pub(super) fn refuse_two_readers(arguments: &arguments::Audit) -> Result<(), CommandError> {
    let recordings = arguments.used.recording.iter().map(|recorded| recorded.file.as_path());
    let files = arguments.input.iter().chain(&arguments.used.usage).map(AsRef::<Path>::as_ref).chain(recordings);
    if files.filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(CommandError::usage("standard input holds one document, and `-` is given twice")
            .hint("give the other as a file"));
    }
    Ok(())
}

impl From<ReadError> for CommandError {
    fn from(error: ReadError) -> Self {
        Self::usage(plain(&error.to_string())).hint("--input: the API's list of tokens, one token, `flarekeep token list --json`, Terraform's state; --usage: an audit log")
            .hint("docs/audit.md says what is read")
    }
}
