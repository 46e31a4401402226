//! `flarekeep platform destroy`: takes away what the platform is made of, and nothing else.

use flarekeep_cloudflare::Client;
use flarekeep_sites::infrastructure::{Removal, destroy, survey};
use serde_json::json;

use super::{deployer, stopped, tenants, words};
use crate::arguments::PlatformDestroy;
use crate::consent::{Go, able_to_ask, confirm};
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::lend::{self, Wish};
use crate::output::{BAD, CARE, GOOD, counted, plain, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &PlatformDestroy) -> CommandResult {
    let Some(name) = &arguments.lent.with_token else { return carry_out(context, arguments) };
    let (context, client, left) = block_on(async {
        let manager = context.manager()?;
        let wanted = super::wanted(context, &manager, &arguments.parts).await?;
        let context = super::placed(context, &wanted);
        let left = deployer::left(&context, name).await?;
        Ok((context, manager, left))
    })?;
    let verdict = match arguments.consent.dry_run {
        true => carry_out_with(&context, arguments, &client)?,
        false => {
            able_to_ask(arguments.consent)?;
            lend::under(&context, &Wish::platform(name.clone()), |context| carry_out(context, arguments))?
        }
    };
    left.into_iter().for_each(|line| context.output.note(line));
    Ok(verdict)
}

fn carry_out(context: &Context, arguments: &PlatformDestroy) -> CommandResult {
    let client = block_on(super::client(context))?;
    carry_out_with(context, arguments, &client)
}

fn carry_out_with(context: &Context, arguments: &PlatformDestroy, client: &Client) -> CommandResult {
    let output = context.output;
    block_on(async {
        let wanted = super::wanted(context, client, &arguments.parts).await?;
        let found = survey(client, &wanted).await?;
        let (document, tenants, hosts) = match found.bucket {
            Some(_) => (
                super::document(client, &wanted).await?,
                tenants(client, &wanted, 1_000).await?,
                super::hosts(client, &wanted).await?,
            ),
            None => (None, Vec::new(), Vec::new()),
        };
        if let (Some(first), false) = (tenants.first(), arguments.force) {
            return Err(CommandError::usage(format!(
                "there {} {}, {} among them",
                if tenants.len() == 1 { "is" } else { "are" },
                counted(tenants.len(), "tenant"),
                plain(first)
            ))
            .because("their sites would be gone with the platform")
            .hint("flarekeep tenant remove SLUG removes one; --force removes the platform with all of them"));
        }
        let removals = Removal::of(&wanted, &found, document.as_ref(), hosts);
        let lines: Vec<String> =
            removals.iter().map(|removal| words::removal(removal, &wanted, tenants.len())).collect();
        if removals.is_empty() {
            output.document(&json!({ "domain": wanted.domain, "removed": lines }));
            output.line(format!("nothing is left of the platform {}", plain(&wanted.domain)));
            return Ok(Verdict::Yes);
        }
        output.note(format!("the platform {} in zone {}", plain(&wanted.domain), plain(&wanted.zone_name)));
        lines.iter().for_each(|line| output.note(format!("  {} {line}", styled(BAD, "-"))));
        if !tenants.is_empty() {
            let lose = if tenants.len() == 1 { "loses its site" } else { "lose their sites" };
            output.note(styled(CARE, format!("  {} {lose}", counted(tenants.len(), "tenant"))));
        }
        if confirm(arguments.consent, "Take all of this away?")? == Go::NoFurther {
            output.document(&json!({ "domain": wanted.domain, "removed": lines, "dry_run": true }));
            return Ok(Verdict::Yes);
        }
        for (done, (removal, line)) in removals.iter().zip(&lines).enumerate() {
            output.detail(format!("removing {line}"));
            let all = removals.len();
            let failed = |error| stopped(error, done, &format!("{done} of {all} are removed, and then: {line}"));
            destroy(client, &wanted, removal).await.map_err(failed)?;
        }
        output.document(&json!({ "domain": wanted.domain, "removed": lines }));
        output.line(format!("{} the platform {}", styled(GOOD, "removed"), plain(&wanted.domain)));
        Ok(Verdict::Yes)
    })
}
