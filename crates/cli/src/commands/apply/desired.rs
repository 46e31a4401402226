//! What the declarations ask for, with every name looked up once.

use std::path::{Path, PathBuf};

use flarekeep_cloudflare::{Client, Owner};
use flarekeep_planner::source::ZoneName;
use flarekeep_planner::{Plan, Target};
use flarekeep_policy::{BucketKey, Ownership};
use flarekeep_tokens::declared::{BucketRef, Declared, DeclaredError, Names, Placed, Places, Sources, Wanted, Whose};
use flarekeep_tokens::{GroupIds, Sink};
use jiff::Timestamp;

use crate::arguments;
use crate::context::Context;
use crate::error::{CommandError, Kind};
use crate::output::plain;
use crate::sources::file;
use crate::{inferred, place, plan_file, recipes};

/// What is asked for, and who owns which zone.
pub(super) struct Desired {
    pub(super) tokens: Vec<(Wanted, Vec<Sink>)>,
    pub(super) ownership: Ownership,
}

/// Reads the work of each declaration and makes it a token to be wanted.
pub(super) async fn desired(
    context: &Context,
    client: &Client,
    declared: &[&Declared],
    path: &Path,
    now: Timestamp,
) -> Result<Desired, CommandError> {
    let places = looked_up(client, declared).await?;
    let mut placed = Vec::new();
    for token in declared {
        let sources = sources(context, client, token, &places, path).await.map_err(|error| of(token, path, error))?;
        let one = token.place(&places, &sources, now).map_err(|error| refused(token, path, &error))?;
        if let Some(plan) = &one.plan {
            inferred::warn(context.output, plan);
        }
        placed.push(one);
    }
    if placed.iter().any(Placed::names_the_user) {
        let user = client.user().await?.id;
        placed.iter_mut().for_each(|one| one.name_the_user(user));
    }
    let folder = folder_of(path)?;
    let mut tokens: Vec<Option<(Wanted, Vec<Sink>)>> = vec![None; placed.len()];
    let mut owners: Vec<Owner> = Vec::new();
    for one in &placed {
        if owners.contains(&one.owner) {
            continue;
        }
        owners.push(one.owner);
        let policies: Vec<_> =
            placed.iter().filter(|other| other.owner == one.owner).flat_map(|one| one.policies.clone()).collect();
        let ids = GroupIds::for_policies(client, one.owner, &policies).await?;
        for (wanted, other) in tokens.iter_mut().zip(&placed).filter(|(_, other)| other.owner == one.owner) {
            // As the journal spells them: a later run may be typed in another folder.
            let sinks: Vec<Sink> = other.declared.sinks.iter().map(|sink| sink.clone().absolute(&folder)).collect();
            let spelled = sinks.iter().map(Sink::spelling).collect();
            *wanted = Some((Wanted { sinks: spelled, ..other.wanted(&ids)? }, sinks));
        }
    }
    let tokens: Vec<_> = tokens.into_iter().flatten().collect();
    refuse_namesakes(&tokens)?;
    Ok(Desired { tokens, ownership: places.ownership() })
}

/// The folder of the file, to which the paths in it are relative.
pub(super) fn folder_of(file: &Path) -> Result<PathBuf, CommandError> {
    Ok(super::canonical(file)?.parent().map(Path::to_owned).unwrap_or_default())
}

/// An account by its id and by its name is one: two declarations can then name one token.
fn refuse_namesakes(tokens: &[(Wanted, Vec<Sink>)]) -> Result<(), CommandError> {
    for (at, (one, _)) in tokens.iter().enumerate() {
        let same = |(other, _): &&(Wanted, Vec<Sink>)| {
            other.owner == one.owner && other.name == one.name && (other.id.is_none() || one.id.is_none())
        };
        if let Some((other, _)) = tokens.iter().skip(at + 1).find(same) {
            return Err(CommandError::usage(plain(&format!(
                "the tokens `{}` and `{}` are both named `{}`",
                one.key, other.key, one.name
            )))
            .hint("give one of them another name = \"…\""));
        }
    }
    Ok(())
}

async fn looked_up(client: &Client, declared: &[&Declared]) -> Result<Places, CommandError> {
    let names = Names::of(declared.iter().copied());
    let mut places = Places::default();
    for name in names.accounts {
        let id = place::account(client, &name).await.map_err(by_id)?;
        places.accounts.insert(name, id);
    }
    for name in names.zones {
        let found = place::zone_named(client, &ZoneName::Name(name.clone())).await.map_err(by_id)?;
        places.zones.insert(name, found);
    }
    Ok(places)
}

/// A name that was not found, or that several places have: the file has no options to name it by.
fn by_id(error: CommandError) -> CommandError {
    let named = error.kind == Kind::Usage;
    if named {
        CommandError { hints: vec!["write its id in the place of its name".to_owned()], ..error }
    } else {
        error
    }
}

async fn sources(
    context: &Context,
    client: &Client,
    token: &Declared,
    places: &Places,
    path: &Path,
) -> Result<Sources, CommandError> {
    let recipes = token.purpose.recipes.iter().map(|name| recipes::find(name)).collect::<Result<_, _>>()?;
    let plan = match &token.purpose.plan {
        Some(plan) => {
            let folder = path.parent().unwrap_or_else(|| Path::new(""));
            Some(planned(context, client, token, places, &folder.join(plan)).await?)
        }
        None => None,
    };
    Ok(Sources { recipes, plan })
}

/// The plan of a file, with the token's places for its words.
async fn planned(
    context: &Context,
    client: &Client,
    token: &Declared,
    places: &Places,
    path: &Path,
) -> Result<Plan, CommandError> {
    let stated = plan_file::verified(path)?;
    stated.tell_changes(context.output);
    let whose = match token.whose {
        Whose::User => arguments::Owner::User,
        Whose::Account => arguments::Owner::Account,
    };
    let wrong = |error: DeclaredError| CommandError::usage(plain(&error.to_string()));
    let named = |what: &str, key: &str| {
        CommandError::usage(format!("the plan `{}` is for one {what}", file::name(path)))
            .hint(format!("{key} = \"…\", and one only"))
    };
    let account = places.account_of(token).map_err(wrong)?.or_else(|| stated.account());
    let wanted = stated.wanted();
    let zone = match (token.zones.as_slice(), wanted.zone) {
        ([one], _) => one.zone.as_deref().map(|text| places.zone(text)).transpose().map_err(wrong)?,
        ([], false) => None,
        _ => return Err(named("zone", "zones")),
    };
    let account = account.or(zone.and_then(|(_, owner)| owner));
    if wanted.account && account.is_none() {
        return Err(named("account", "account"));
    }
    let bucket = match (token.buckets.as_slice(), account) {
        ([BucketRef::One { jurisdiction, name }], Some(account)) => {
            Some(BucketKey { account, jurisdiction: jurisdiction.clone(), name: name.clone() })
        }
        ([], _) if !wanted.bucket => None,
        _ => return Err(named("bucket", "buckets")),
    };
    if wanted.zone && zone.is_none() {
        return Err(named("zone", "zones"));
    }
    let target = Target { account, zone: zone.map(|(id, _)| id), every_zone: false, bucket };
    let mut known = Vec::new();
    for name in stated.named_zones() {
        if let ZoneName::Name(text) = &name {
            let id = match places.zone(text) {
                Ok((id, _)) => id,
                Err(_) => place::zone_named(client, &name).await?.0,
            };
            known.push((place::stand_in_for(text), id));
        }
    }
    let id_of = |zone| known.iter().find(|(stand_in, _)| *stand_in == zone).map_or(zone, |(_, id)| *id);
    stated.plan(&target, id_of, whose)
}

fn refused(token: &Declared, path: &Path, error: &DeclaredError) -> CommandError {
    let failed = CommandError::usage(plain(&error.to_string()));
    let failed = match error.hint() {
        Some(hint) => failed.hint(plain(&hint)),
        None => failed.hint("flarekeep plan shows what a piece of work needs"),
    };
    of(token, path, failed)
}

/// The error, and the declaration that it is about.
fn of(token: &Declared, path: &Path, error: CommandError) -> CommandError {
    let message =
        format!("{}, line {}, token `{}`: {}", file::name(path), token.line, plain(&token.key), error.message);
    CommandError { message, ..error }
}
