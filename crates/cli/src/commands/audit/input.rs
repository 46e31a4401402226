//! The world as files have it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use flarekeep_audit::read::{self, ReadError};
use flarekeep_audit::{OwnedBy, Usage, World};
use flarekeep_catalogue::{AccountId, TokenId};

use crate::arguments::{self, Recorded, Whose};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::plain;
use crate::sources::file;

/// The longest file that is read, in bytes: tens of thousands of tokens, or a state of Terraform's.
const LONGEST: u64 = 64 << 20;
/// What `--usage` takes for the API's audit logs.
pub(super) const LIVE: &str = "live";

/// The tokens of the files, and how they were used. Nobody is asked. `--owner` and `--account` leave tokens out, and say
/// whose a token is where the file does not.
pub(super) fn read(context: &Context, arguments: &arguments::Audit) -> Result<World, CommandError> {
    let account = account(context)?;
    if arguments.used.usage.iter().any(|path| path.as_os_str() == LIVE) {
        return Err(CommandError::usage("--usage live asks Cloudflare, and --input asks nobody")
            .hint("give --usage FILE, or leave --input out"));
    }
    let mut world = World::default();
    for path in &arguments.input {
        let text = file::text_within(path, LONGEST)?;
        world.merge(read::tokens_json(&file::name(path), &text)?);
    }
    say_whose_copies_are(&mut world);
    leave_out(&mut world, arguments.owner, account);
    say_whose(&mut world, arguments.owner, account)?;
    usage(arguments, &mut world)?;
    Ok(world)
}

/// The account that the command line names.
fn account(context: &Context) -> Result<Option<AccountId>, CommandError> {
    let id = context.place.account.as_deref().map(str::parse).transpose();
    id.map_err(|_| {
        CommandError::usage("--account takes an account's id here: nobody is asked for names")
            .hint("--owner account --account ID, the 32 digits in the addresses of the account's pages")
    })
}

/// Leaves out the tokens of other owners than those that are asked for.
fn leave_out(world: &mut World, whose: Whose, account: Option<AccountId>) {
    let is_asked_for = |owner: OwnedBy| match owner {
        OwnedBy::User(_) => whose != Whose::Account,
        OwnedBy::Account(id) => whose != Whose::User && account.is_none_or(|asked| asked == id),
        OwnedBy::Unknown => true,
    };
    let others = world.tokens.iter().filter(|token| !is_asked_for(token.owner));
    let others: HashSet<TokenId> = others.map(|token| token.id).collect();
    world.is_part |= !others.is_empty();
    world.tokens.retain(|token| !others.contains(&token.id));
}

/// Says whose a token is where no file does.
fn say_whose(world: &mut World, whose: Whose, account: Option<AccountId>) -> Result<(), CommandError> {
    let said = match (whose, account) {
        (Whose::User, _) => Some(OwnedBy::User(None)),
        (_, Some(account)) => Some(OwnedBy::Account(account)),
        (Whose::Account, None) => None,
        (Whose::All, None) => Some(OwnedBy::Unknown),
    };
    let unsaid = || {
        CommandError::usage("no file says whose some of the tokens are: --account names their account")
            .hint("--owner account --account ID, the 32 digits in the addresses of the account's pages")
    };
    for token in world.tokens.iter_mut().filter(|token| token.owner == OwnedBy::Unknown) {
        token.owner = said.ok_or_else(unsaid)?;
    }
    Ok(())
}

/// A token that was read twice is whose one of its copies says.
fn say_whose_copies_are(world: &mut World) {
    let known = world.tokens.iter().filter(|token| token.owner != OwnedBy::Unknown);
    let known: HashMap<TokenId, OwnedBy> = known.map(|token| (token.id, token.owner)).collect();
    for token in world.tokens.iter_mut().filter(|token| token.owner == OwnedBy::Unknown) {
        token.owner = known.get(&token.id).copied().unwrap_or(OwnedBy::Unknown);
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

/// Standard input can be only one of the files, and none where they are read again after mends.
pub(super) fn refuse_two_readers(arguments: &arguments::Audit) -> Result<(), CommandError> {
    let recordings = arguments.used.recording.iter().map(|recorded| recorded.file.as_path());
    let files = arguments.input.iter().chain(&arguments.used.usage).map(AsRef::<Path>::as_ref).chain(recordings);
    let from_stdin = files.filter(|path| path.as_os_str() == "-").count();
    if from_stdin > 1 {
        return Err(CommandError::usage("standard input holds one document, and `-` is given twice")
            .hint("give the other as a file"));
    }
    if arguments.fix.fix && from_stdin > 0 {
        return Err(CommandError::usage("--fix audits twice, and standard input can be read once")
            .hint("give a file in the place of `-`"));
    }
    Ok(())
}

impl From<ReadError> for CommandError {
    fn from(error: ReadError) -> Self {
        Self::usage(plain(&error.to_string())).hint("--input: the API's list of tokens, one token, `flarekeep token list --json`, Terraform's state; --usage: an audit log")
            .hint("docs/audit.md says what is read")
    }
}
