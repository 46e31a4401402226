//! The token for day to day, beside the one that a platform is made under: it deploys sites, and has no right to any zone.

use flarekeep_cloudflare::{NewToken, Owner};
use flarekeep_tokens::{Creation, Sink, Subject, create_since};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::commands::token::create::mention_namesakes;
use crate::consent::whereabouts;
use crate::context::Context;
use crate::desk;
use crate::error::{CommandError, Kind};
use crate::lend::{Wish, plan};
use crate::output::{GOOD, plain, styled};
use crate::{bucket, limits};

const RECIPE: &str = "site-deployer";

/// A deployer token that is to be made.
pub(super) struct Deployer {
    owner: Owner,
    pub(super) token: NewToken,
    pub(super) groups: Vec<&'static str>,
}

/// What it is called.
pub(super) fn name(of: &str) -> Result<String, CommandError> {
    limits::name(&format!("{of}-deployer"))
}

/// Plans it.
pub(super) async fn planned(context: &Context, of: &str) -> Result<Deployer, CommandError> {
    let planned = plan(context, &context.manager()?, &Wish::sites(false)).await?;
    let groups = planned.groups().collect();
    let token = NewToken { name: name(of)?, expires_on: None, ..planned.token };
    Ok(Deployer { owner: planned.owner, token, groups })
}

/// Makes it and delivers its value, unless there is one already. What became of it, as a document.
pub(super) async fn ensure(context: &Context, deployer: Deployer, sinks: &[Sink]) -> Result<Value, CommandError> {
    let Deployer { owner, token, .. } = deployer;
    let (output, asked, name) = (context.output, Timestamp::now(), token.name.clone());
    let manager = context.manager()?;
    let subject = Subject { api: manager.base_url().to_owned(), owner, name: name.clone() };
    let desk = desk::open(context, manager, Some(&subject)).await?;
    let document = |id: String, made: bool| json!({ "id": id, "name": name, "made": made });
    if let Some(found) = desk.manager.tokens(owner).list().await?.into_iter().find(|token| token.name == name) {
        output.note(format!("there is a token {} already, and none was made: {}", plain(&name), found.id));
        return Ok(document(found.id.to_string(), false));
    }
    mention_namesakes(output, &desk, owner, &name).await?;
    let created = create_since(&desk, &Creation { owner, token, declared: None }, sinks, Some(asked)).await?;
    created.remarks.iter().for_each(|remark| output.warn(plain(remark)));
    let places = plain(&whereabouts(sinks, "its value"));
    let line = format!("{} token {} ({}); {places}", styled(GOOD, "made"), created.token.id, plain(&name));
    output.beside(sinks.iter().any(Sink::prints), line);
    Ok(document(created.token.id.to_string(), true))
}

/// The failure to make it, when all else is done.
pub(super) fn missing(error: CommandError, context: &Context) -> CommandError {
    let mut partial = CommandError::new(
        Kind::Partial,
        format!("the platform stands, and its deployer token was not made: {}", error.message),
    );
    partial.reason = error.reason;
    partial.hints = error.hints;
    partial.hint(command(context, None))
}

/// The command that makes such a token.
pub(super) fn command(context: &Context, of: Option<&str>) -> String {
    let bucket = bucket::named(context).map_or_else(|_| "NAME".to_owned(), |bucket| bucket.to_string());
    let name = of.and_then(|of| name(of).ok()).map(|name| format!(" --name {}", plain(&name))).unwrap_or_default();
    format!("flarekeep token create --recipe {RECIPE} --bucket {bucket}{name} --to SINK")
}

/// The deployer token that is there, as a line to tell.
pub(super) async fn left(context: &Context, of: &str) -> Result<Option<String>, CommandError> {
    let name = name(of)?;
    let planned = plan(context, &context.manager()?, &Wish::sites(false)).await?;
    let all = context.manager()?.tokens(planned.owner).list().await?;
    let option = if planned.owner == Owner::User { "" } else { " --owner account" };
    Ok(all
        .into_iter()
        .find(|token| token.name == name)
        .map(|token| format!("the token {} is left: flarekeep token revoke {}{option}", plain(&name), token.id)))
}
