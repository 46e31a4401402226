//! Where the tokens come from that policies are compared of: plans and tokens in files, standard input, the API.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flarekeep_catalogue::{AccountId, ZoneId};
use flarekeep_planner::{OwnerDocument, PlanDocument};
use flarekeep_policy::document::{self, TokenDocument};
use flarekeep_policy::{Owner, Ownership, Resource, Token};
use flarekeep_tokens::{find, token_from_wire};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::arguments::{self, Reading};
use crate::commands::token::account;
use crate::context::{Context, block_on, owner};
use crate::error::CommandError;
use crate::output::plain;
use crate::place::{self, SOME_USER};
use crate::sources::file;

/// A token, and what it is called in answers.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) token: Token,
}

/// The longest text that is read as a token, in bytes: ten thousand zones take less than one MiB.
const LONGEST: u64 = 64 << 20;

/// Reads each of them; standard input can be only one.
pub(crate) fn read(context: &Context, reading: &Reading, given: &[&str]) -> Result<Vec<Source>, CommandError> {
    if given.iter().filter(|given| **given == "-").count() > 1 {
        return Err(CommandError::usage("standard input holds one token, and `-` is given twice")
            .hint("give one of them as a file, or by its id or name"));
    }
    given.iter().map(|given| one(context, reading, given)).collect()
}

/// Which account owns a zone, as the command line says.
pub(crate) fn ownership(reading: &Reading) -> Result<Ownership, CommandError> {
    let pair = |text: &String| -> Result<(ZoneId, AccountId), CommandError> {
        let wrong = || {
            CommandError::usage(format!("`{}` is not a zone and its account", plain(text)))
                .hint("as in --zone-account ZONE_ID=ACCOUNT_ID, as often as needed")
        };
        let (zone, account) = text.split_once('=').ok_or_else(wrong)?;
        Ok((zone.parse().map_err(|_| wrong())?, account.parse().map_err(|_| wrong())?))
    };
    let mut ownership = Ownership::new();
    for (zone, account) in reading.zone_accounts.iter().map(pair).collect::<Result<Vec<_>, _>>()? {
        if ownership.insert(zone, account).is_some_and(|other| other != account) {
            return Err(CommandError::usage(format!("zone {zone} is said to be owned by two accounts"))
                .hint("give --zone-account once for each zone"));
        }
    }
    Ok(ownership)
}

fn one(context: &Context, reading: &Reading, given: &str) -> Result<Source, CommandError> {
    let path = Path::new(given);
    if given == "-" {
        let text = text(file::stdin()?.lock(), "standard input")?;
        return from_text(context, reading, "standard input", &text);
    }
    let is_named_like_a_file = given.contains(std::path::MAIN_SEPARATOR) || given.ends_with(".json");
    if is_named_like_a_file || path.is_file() {
        let name = plain(given);
        let file = File::open(path).map_err(|error| {
            CommandError::usage(format!("cannot read {name}"))
                .because(error.to_string())
                .hint("give a file with a plan or a token as JSON, `-`, or a token's id or name")
        })?;
        return from_text(context, reading, &name, &text(file, &name)?);
    }
    let (token, engine_owner) = block_on(async {
        let manager = context.manager()?;
        let target = account(context, &manager, reading.owner).await?;
        let owner = owner(reading.owner, &target)?;
        Ok((find(&manager.tokens(owner), given).await?, owner))
    })?;
    Ok(Source { name: format!("token {}", plain(&token.name)), token: token_from_wire(&token, engine_owner)? })
}

fn text(from: impl Read, name: &str) -> Result<String, CommandError> {
    let mut text = String::new();
    let read = from.take(LONGEST + 1).read_to_string(&mut text);
    read.map_err(|error| CommandError::usage(format!("cannot read {name}")).because(error.to_string()))?;
    if text.len() as u64 > LONGEST {
        return Err(CommandError::usage(format!("{name} is too long for a token: more than {} MiB", LONGEST >> 20)));
    }
    Ok(text)
}

/// The fields by which a plan is told from a token.
const OF_A_PLAN: [&str; 3] = ["format", "needs", "certificate"];

/// What a file may say beside what a token says.
#[derive(Deserialize)]
struct Owned {
    owner: OwnerDocument,
}

fn from_text(context: &Context, reading: &Reading, name: &str, text: &str) -> Result<Source, CommandError> {
    let (written, text) = (text, place::without_words(text));
    // What is no object is a list of policies, or no JSON: the reader of tokens says which.
    let fields: BTreeMap<String, IgnoredAny> = serde_json::from_str(&text).unwrap_or_default();
    let plan = match OF_A_PLAN.iter().any(|field| fields.contains_key(*field)) {
        true => Some(PlanDocument::parse(&text).map_err(|error| {
            CommandError::usage(format!("{name} is no plan: {}", plain(&error.to_string())))
                .hint("flarekeep plan … -o json writes one; docs/plan-format.md describes it")
        })?),
        false => None,
    };
    let document = document::read(&text).map_err(|mut error| {
        error.column = place::column_in_words(written, error.line, error.column);
        CommandError::usage(format!("{name} holds neither a plan nor a token"))
            .because(plain(&place::in_words(&error.to_string())))
            .hint("flarekeep plan … -o json writes a plan; a token is as the API returns it, or its list of policies")
    })?;
    let owner = match plan {
        Some(plan) => plan.plan.owner,
        None if fields.contains_key("owner") => stated_owner(&text, name)?,
        None => owner_of(context, reading, &document, name)?,
    };
    let named = document.name.as_deref().map(|token| format!(" ({})", plain(token))).unwrap_or_default();
    Ok(Source { name: format!("{name}{named}"), token: document.owned_by(owner) })
}

/// The owner that a file names.
fn stated_owner(text: &str, name: &str) -> Result<Owner, CommandError> {
    let wrong = |error: &dyn std::fmt::Display| {
        CommandError::usage(format!("{name} does not say who owns the token: {}", plain(&error.to_string())))
            .hint("as in \"owner\": {\"account\": ID}, or leave it out and give --owner")
    };
    match serde_json::from_str::<Owned>(text).map_err(|error| wrong(&error))?.owner {
        OwnerDocument::User(id) => id.parse().map(Owner::User).map_err(|error| wrong(&error)),
        OwnerDocument::Account(id) => id.parse().map(Owner::Account).map_err(|error| wrong(&error)),
    }
}

/// The owner of a token that does not say it, as the command line does.
fn owner_of(context: &Context, reading: &Reading, document: &TokenDocument, name: &str) -> Result<Owner, CommandError> {
    let wrong = |error: &dyn std::fmt::Display| CommandError::usage(format!("{name}: {}", plain(&error.to_string())));
    match reading.owner {
        arguments::Owner::User => Ok(Owner::User(document.user().unwrap_or(SOME_USER))),
        arguments::Owner::Account => {
            let given = place::given_account(context).map(str::parse).transpose();
            let given = given.map_err(|error: flarekeep_catalogue::BadId| {
                wrong(&error).hint("a token in a file is owned by an account that is given by its id")
            })?;
            given.or_else(|| only_account(&document.policies)).map(Owner::Account).ok_or_else(|| {
                CommandError::usage(format!("which account owns the token in {name} is not known"))
                    .hint("give --account ID")
            })
        }
    }
}

/// The account that the policies name, if they name just one.
pub(crate) fn only_account(policies: &[flarekeep_policy::Policy]) -> Option<AccountId> {
    let mut named = policies.iter().flat_map(|policy| &policy.resources).filter_map(|resource| match resource {
        Resource::Account(account)
        | Resource::ZoneOf(account, _)
        | Resource::AllZonesOf(account)
        | Resource::AllBucketsOf(account) => Some(*account),
        Resource::Bucket(bucket) => Some(bucket.account),
        _ => None,
    });
    let first = named.next()?;
    named.all(|account| account == first).then_some(first)
}
