//! `flarekeep token create --by-hand`: a person makes the token in the dashboard; the program says how, and takes the
//! value from there: it shows that the value is alive and does the work, and delivers it.

use std::io::Read;
use std::path::Path;

use flarekeep_cloudflare::Credential;
use flarekeep_tokens::{IdentityOwner, Payload, Sink, identify};
use secrecy::SecretString;
use serde_json::json;

use crate::arguments::{self, Owner, PlanForm, TokenCreate};
use crate::commands::{check, plan};
use crate::consent::{destinations, on_terminal, sinks};
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::naming;
use crate::output::{BAD, FAINT, GOOD, plain, styled};
use crate::sources::file;
use crate::work::Work;
use crate::{CommandResult, Verdict};

/// More than the longest value that Cloudflare's schema allows (80 characters), with what a file may hold around it.
const LONGEST: u64 = 4096;

pub(crate) fn run(context: &Context, arguments: &TokenCreate) -> CommandResult {
    if !arguments.permissions.is_empty() {
        return Err(CommandError::usage("--by-hand shows the steps of a piece of work, and --permission is none")
            .hint("name the work: --recipe, --operation, or a file that holds it"));
    }
    let from = arguments.by_hand.value_from.as_deref();
    if from.is_none() {
        let work = Work::read_in(context, &arguments.work)?.required()?;
        plan::of_work(context, &steps(arguments, &work)?, work)?;
        if context.output.json || arguments.delivery.consent.dry_run || !on_terminal() {
            context.output.note(styled(
                FAINT,
                "\nthe same command with --value-from - and --to SINK takes the value, checks it and delivers it",
            ));
            return Ok(Verdict::Yes);
        }
    }
    let Some(sinks) = sinks(context, &arguments.delivery)? else { return Ok(Verdict::Yes) };
    let proved = sinks.iter().map(Sink::prove).collect::<Result<Vec<_>, _>>()?;
    let value = match from {
        Some(from) => read(from)?,
        None => dialoguer::Password::new()
            .with_prompt("The token's value, which the dashboard shows once")
            .interact()
            .map_err(|_| no_value())?
            .into(),
    };
    let Checked { passes, id } = checked(context, arguments, &value)?;
    if !passes {
        context.output.document(&json!({ "token": { "id": id }, "passes": false, "delivered_to": null }));
        context.output.note(format!(
            "{}: add in the dashboard what is missing (the value stays the same), and run this command again",
            styled(BAD, "not delivered")
        ));
        return Ok(Verdict::No);
    }
    for sink in proved {
        sink.deliver_and_prove(id.parse().map_or_else(|_| Payload::from(&value), |id| Payload::of_token(id, &value)))?;
    }
    context.output.document(&json!({ "token": { "id": id }, "passes": true, "delivered_to": sinks.iter().map(ToString::to_string).collect::<Vec<_>>() }));
    let line =
        format!("{} {}", styled(GOOD, "delivered"), plain(&destinations(&sinks, &format!("the value of token {id}"))));
    context.output.beside(sinks.iter().any(Sink::prints), line);
    Ok(Verdict::Yes)
}

struct Checked {
    passes: bool,
    id: String,
}

/// Whether the value is a live token that does the work; what could not be proved is said and no reason to stop.
fn checked(context: &Context, arguments: &TokenCreate, value: &SecretString) -> Result<Checked, CommandError> {
    let credential = Credential::token(secrecy::ExposeSecret::expose_secret(value))?;
    if credential.checksum() == Some(false) {
        context.output.warn("the value's checksum does not fit: it is probably mistyped or cut short");
    }
    let mut work = Work::read_in(context, &arguments.work)?.required()?;
    block_on(async {
        let subject = context.client(credential)?;
        let target = work.find_places(context, &subject, work.wanted()).await?;
        let identity = identify(&subject, target.account).await?;
        let owner = match identity.owner {
            IdentityOwner::User => Owner::User,
            IdentityOwner::Account => Owner::Account,
        };
        if owner != work.owner(arguments.owner) {
            context.output.warn(format!("the token is owned by the {}, and another owner was asked for", word(owner)));
        }
        let plan = work.plan(&target, owner)?;
        let tests = work.recipe().map(|recipe| recipe.tests.as_slice());
        let report = check::tested(context.output, &subject, &plan, tests, &target).await?;
        check::show(context.output, &report);
        Ok(Checked { passes: identity.is_active() && !report.misses(), id: identity.id.to_string() })
    })
}

const fn word(owner: Owner) -> &'static str {
    match owner {
        Owner::User => "user",
        Owner::Account => "account",
    }
}

/// The plan whose steps are shown.
fn steps(arguments: &TokenCreate, work: &Work) -> Result<arguments::Plan, CommandError> {
    let name = match &arguments.name {
        Some(name) => Some(name.clone()),
        None => naming::built(&arguments.naming, work)?,
    };
    Ok(arguments::Plan {
        verb: None,
        work: arguments.work.clone(),
        separate: false,
        as_documented: arguments.as_documented,
        owner: arguments.owner,
        name,
        limits: arguments.limits.clone(),
        output: PlanForm::Steps,
    })
}

/// The value from a file or standard input, without the newline at its end.
fn read(from: &Path) -> Result<SecretString, CommandError> {
    let mut text = String::new();
    let read = match from.to_str() {
        Some("-") => file::stdin()?.lock().take(LONGEST).read_to_string(&mut text),
        _ => std::fs::File::open(from).and_then(|file| file.take(LONGEST).read_to_string(&mut text)),
    };
    read.map_err(|error| {
        CommandError::usage(format!("cannot read the value from `{}`: {error}", plain(&from.display().to_string())))
            .hint("--value-from FILE, or --value-from - for standard input")
    })?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(no_value()),
        value => Ok(value.into()),
    }
}

fn no_value() -> CommandError {
    CommandError::usage("no value is given").hint("--value-from -, and the token's value on standard input")
}
