//! `flarekeep platform deploy`: shows the steps from what is there to a platform, asks, and takes them.

use std::time::Duration;

use flarekeep_cloudflare::Client;
use flarekeep_sites::infrastructure::{Builder, Built, Conflict, Step, Survey, Wanted, difference, survey};
use flarekeep_tokens::Sink;
use serde_json::{Value, json};

use super::{deployer, smoke, stopped, words};
use crate::arguments::{Delivery, PlatformDeploy};
use crate::consent::{self, Go, able_to_ask, confirm, destinations};
use crate::context::{Context, block_on};
use crate::error::{CommandError, Kind};
use crate::lend::Wish;
use crate::output::{CARE, GOOD, Output, plain, styled};
use crate::{CommandResult, Verdict, inferred, lend, limits};

pub(crate) fn run(context: &Context, arguments: &PlatformDeploy) -> CommandResult {
    let document = match &arguments.lent.with_token {
        None => {
            let client = block_on(super::client(context))?;
            let document = carry_out(context, arguments, &client)?;
            advise(context, &document);
            document
        }
        Some(name) => with_token(context, arguments, name)?,
    };
    context.output.document(&document);
    Ok(Verdict::Yes)
}

/// All of it under a token that is lent for it, and the deployer token beside.
fn with_token(context: &Context, arguments: &PlatformDeploy, name: &str) -> Result<Value, CommandError> {
    let consent = arguments.consent;
    limits::name(name)?;
    let sinks = sinks(context, arguments)?;
    let (context, manager, deployer) = block_on(async {
        let manager = context.manager()?;
        let wanted = super::wanted(context, &manager, &arguments.parts).await?;
        let context = super::placed(context, &wanted);
        let deployer = deployer::planned(&context, name).await?;
        Ok((context, manager, deployer))
    })?;
    let context = &context;
    let output = context.output;
    let wish = Wish::platform(name.to_owned());
    if consent.dry_run {
        let mut document = carry_out(context, arguments, &manager)?;
        let planned = block_on(lend::plan(context, &manager, &wish))?;
        let groups: Vec<&str> = planned.groups().collect();
        show(output, &planned.token.name, &groups, "for the command alone");
        inferred::warn(output, &planned.plan);
        document["with_token"] = json!({ "name": planned.token.name, "permissions": groups });
        if block_on(deployer::left(context, name))?.is_some() {
            output.note(format!("  the token {} is there already", plain(&deployer.token.name)));
        } else if !arguments.to.is_empty() {
            let to = destinations(&arguments.to, "its value");
            show(output, &deployer.token.name, &deployer.groups, &plain(&to));
            document["deployer"] = json!({ "name": deployer.token.name, "permissions": deployer.groups });
        }
        return Ok(document);
    }
    able_to_ask(consent)?;
    let mut document = lend::under(context, &wish, |context| {
        let client = block_on(super::client(context))?;
        carry_out(context, arguments, &client)
    })?;
    if sinks.is_empty() {
        if block_on(deployer::left(context, name))?.is_none() {
            let command = deployer::command(context, Some(name));
            output.note(format!("{command} makes a token that deploys sites, without a right to any zone"));
        }
    } else {
        let made = block_on(deployer::ensure(context, deployer, &sinks));
        document["deployer"] = made.map_err(|error| deployer::missing(error, context))?;
    }
    advise(context, &document);
    Ok(document)
}

/// The sinks of the deployer token, all of them proved: nothing is minted before that.
fn sinks(context: &Context, arguments: &PlatformDeploy) -> Result<Vec<Sink>, CommandError> {
    if arguments.to.is_empty() {
        return Ok(Vec::new());
    }
    if arguments.to.iter().any(Sink::prints) {
        return Err(CommandError::usage("--to - wants standard output, which this command's own lines are on").hint(
            "--to file:PATH or --to env:FILE; or flarekeep token create --recipe site-deployer --to - afterwards",
        ));
    }
    let delivery = Delivery { to: arguments.to.clone(), consent: arguments.consent };
    let sinks = consent::sinks(context, &delivery)?.unwrap_or_default();
    for sink in &sinks {
        sink.prove()?;
    }
    Ok(sinks)
}

fn show(output: Output, name: &str, groups: &[&str], what_for: &str) {
    output.note(format!("  {} token {}, {what_for}", styled(GOOD, "+"), plain(name)));
    groups.iter().for_each(|group| output.note(format!("      {group}")));
}

/// Shows the steps, asks, and takes them. What was done comes as a document.
fn carry_out(context: &Context, arguments: &PlatformDeploy, client: &Client) -> Result<Value, CommandError> {
    let output = context.output;
    let edge = smoke::edge(arguments.asked.edge.as_deref())?;
    block_on(async {
        let wanted = super::wanted(context, client, &arguments.parts).await?;
        let found = survey(client, &wanted).await?;
        let steps = difference(&wanted, &found).map_err(|conflicts| in_the_way(&conflicts))?;
        let signed = super::document(client, &wanted).await.unwrap_or(None).is_some();
        let lines: Vec<String> = steps.iter().map(|step| words::step(step, &wanted)).collect();
        let quota = found.quota.map(|quota| json!({ "used": quota.used, "allocated": quota.allocated }));
        let mut document = json!({
            "domain": wanted.domain,
            "steps": lines,
            "changed": !steps.is_empty(),
            "target": wanted.target(),
            "hostnames": quota,
        });
        output.note(format!("the platform {} in zone {}", plain(&wanted.domain), plain(&wanted.zone_name)));
        lines.iter().for_each(|line| output.note(format!("  {} {line}", styled(GOOD, "+"))));
        if steps.is_empty() && signed {
            if arguments.consent.dry_run {
                document["dry_run"] = json!(true);
            }
            output.line(format!("{} the platform {} stands; nothing to do", styled(GOOD, "ok"), plain(&wanted.domain)));
            document["smoke_test"] = smoke::test(context, &wanted.domain, edge, Duration::ZERO).await;
            return Ok(document);
        }
        if confirm(arguments.consent, "Take these steps?")? == Go::NoFurther {
            document["dry_run"] = json!(true);
            return Ok(document);
        }
        let under_way = take(output, client, &wanted, &found, &steps).await?;
        output.line(format!("{} the platform {} stands", styled(GOOD, "done"), plain(&wanted.domain)));
        for what in &under_way {
            output.line(format!("  {} {what}", styled(CARE, "under way")));
        }
        document["under_way"] = json!(under_way);
        document["smoke_test"] = smoke::test(context, &wanted.domain, edge, smoke::SPREADING).await;
        Ok(document)
    })
}

/// Takes the steps, and gives what Cloudflare is at still.
async fn take(
    output: Output,
    client: &Client,
    wanted: &Wanted,
    found: &Survey,
    steps: &[Step],
) -> Result<Vec<String>, CommandError> {
    let mut builder = Builder::new(client, wanted, found);
    let mut under_way = Vec::new();
    for (done, step) in steps.iter().enumerate() {
        let what = words::step(step, wanted);
        output.detail(&what);
        match builder.take(step).await {
            Ok(Built::Done) => {}
            Ok(Built::UnderWay) => under_way.push(what),
            Err(error) => {
                return Err(stopped(
                    error,
                    done,
                    &format!("{done} of {} steps are taken, and then: {what}", steps.len()),
                ));
            }
        }
    }
    builder
        .sign()
        .await
        .map_err(|error| stopped(error, steps.len(), "all steps are taken but the platform's own note"))?;
    Ok(under_way)
}

/// What comes next, where something was made.
fn advise(context: &Context, document: &Value) {
    let output = context.output;
    if document.get("under_way").is_none() {
        return;
    }
    if let (Some(used), Some(allocated)) =
        (&document["hostnames"]["used"].as_u64(), document["hostnames"]["allocated"].as_u64())
    {
        output.note(format!("custom hostnames: {used} of {allocated} in use"));
    }
    let target = plain(document["target"].as_str().unwrap_or_default());
    output.note(format!("customers point their domains to {target} (CNAME)"));
    output.note("flarekeep site deploy DIR TENANT puts a site there");
}

/// All that is in the way, each with what can be done.
fn in_the_way(conflicts: &[Conflict]) -> CommandError {
    let texts: Vec<String> = conflicts.iter().map(|conflict| plain(&conflict.to_string())).collect();
    let mut error = CommandError::new(Kind::Usage, texts.join("; "))
        .because("the platform changes nothing that it did not make, and nothing was changed");
    for conflict in conflicts {
        error = error.hint(match conflict {
            Conflict::OtherAccount { .. } => "--account must name the account that owns the zone; flarekeep permission for 'GET /zones' says what finds it".to_owned(),
            Conflict::NotActive { zone, .. } => format!("set the nameservers of {} at its registrar, as the dashboard shows them", plain(zone)),
            Conflict::OtherJurisdiction { bucket, found } => format!("--jurisdiction {} uses it; another --bucket than {bucket} leaves it alone", found.as_str()),
            Conflict::RecordTaken { name, .. } => format!("remove the record {}, or give the platform a name below the zone: --domain sites.…", plain(name)),
            Conflict::RouteTaken { pattern, .. } => format!("remove the route {}, or use a zone of its own for the platform", plain(pattern)),
            Conflict::FallbackTaken { origin } => format!("remove the fallback origin {}, or use a zone of its own for the platform", plain(origin)),
            Conflict::TooManyHosts { .. } => "use a zone of its own for the platform".to_owned(),
        });
    }
    error
}
