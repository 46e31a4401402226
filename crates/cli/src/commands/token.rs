//! `flarekeep token …`.

mod by_hand;
mod care;
pub(crate) mod create;
mod list;
mod orphans;
mod ownership;
pub(in crate::commands) mod r2_keys;
mod remind;
mod resume;
pub(crate) mod revoke;
pub(crate) mod roll;
mod rotate;
mod show;
mod switch;
mod update;
mod verify;

use flarekeep_cloudflare::Client;
use flarekeep_planner::Target;
use flarekeep_tokens::Switch;

use crate::CommandResult;
use crate::arguments::{Owner, Token};
use crate::context::Context;
use crate::desk;
use crate::error::CommandError;
use crate::place::{self, Wanted};

pub(crate) fn run(context: &Context, arguments: &Token) -> CommandResult {
    if matches!(arguments, Token::List { .. } | Token::Show(_)) {
        desk::mention_unfinished(context)?;
    }
    match arguments {
        Token::Create(arguments) if arguments.by_hand.by_hand => by_hand::run(context, arguments),
        Token::Create(arguments) => create::run(context, arguments),
        Token::List(arguments) => list::run(context, arguments),
        Token::Remind(arguments) => remind::run(context, arguments),
        Token::Show(arguments) => show::run(context, arguments),
        Token::Verify => verify::run(context),
        Token::Rotate(arguments) => rotate::run(context, arguments),
        Token::Resume(arguments) => resume::run(context, arguments),
        Token::Orphans(arguments) => orphans::run(context, arguments),
        Token::Roll(arguments) => roll::run(context, arguments),
        Token::Update(arguments) => update::run(context, arguments),
        Token::Disable(arguments) => switch::run(context, arguments, Switch::Off),
        Token::Enable(arguments) => switch::run(context, arguments, Switch::On),
        Token::Revoke(arguments) => revoke::run(context, arguments),
        Token::R2Keys(arguments) => r2_keys::run(context, arguments),
    }
}

/// The account whose tokens are meant, where they are an account's; nothing is looked up for a user's.
pub(crate) async fn account(context: &Context, manager: &Client, owner: Owner) -> Result<Target, CommandError> {
    match owner {
        Owner::User => Ok(Target::default()),
        Owner::Account => place::find(context, manager, Wanted { account: true, ..Wanted::default() }).await,
    }
}
