//! `flarekeep platform status`: what is there, and what is missing or differs. Nothing is changed.

use flarekeep_cloudflare::Jurisdiction;
use flarekeep_sites::infrastructure::{Survey, Wanted, difference, survey};
use serde_json::{Value, json};

use super::{tenants, words};
use crate::arguments::Parts;
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{BAD, CARE, GOOD, plain, styled};
use crate::{CommandResult, Verdict};

/// So many tenants are counted; more are said to be more.
const MOST_TENANTS: usize = 10_000;

pub(crate) fn run(context: &Context, parts: &Parts) -> CommandResult {
    let (verdict, document) = look(context, parts)?;
    context.output.document(&document);
    Ok(verdict)
}

/// Tells it, and gives the document.
pub(super) fn look(context: &Context, parts: &Parts) -> Result<(Verdict, Value), CommandError> {
    let output = context.output;
    block_on(async {
        let client = super::client(context).await?;
        let wanted = super::wanted(context, &client, parts).await?;
        let found = survey(&client, &wanted).await?;
        let tenants = match found.bucket {
            Some(_) => tenants(&client, &wanted, MOST_TENANTS).await?.len(),
            None => 0,
        };
        let (steps, conflicts) = match difference(&wanted, &found) {
            Ok(steps) => (steps.iter().map(|step| words::step(step, &wanted)).collect(), Vec::new()),
            Err(conflicts) => (Vec::new(), conflicts.iter().map(|conflict| plain(&conflict.to_string())).collect()),
        };
        let stands = steps.is_empty() && conflicts.is_empty();
        let parts = parts_of(&wanted, &found);
        let document = json!({
            "domain": wanted.domain,
            "stands": stands,
            "parts": parts.iter().map(|(part, name, state)| json!({ "part": part, "name": name, "state": state })).collect::<Vec<_>>(),
            "tenants": tenants,
            "hostnames": found.quota.map(|quota| json!({ "used": quota.used, "allocated": quota.allocated })),
            "missing": steps,
            "in_the_way": conflicts,
        });
        output.line(format!("the platform {} in zone {}", plain(&wanted.domain), plain(&wanted.zone_name)));
        output.line("");
        let row = |(part, name, state): &(&str, String, String)| [(*part).to_owned(), plain(name), plain(state)];
        output.line(table(2, None, parts.iter().map(row)));
        output.line(format!("\n  tenants: {tenants}{}", if tenants == MOST_TENANTS { " or more" } else { "" }));
        for step in &steps {
            output.line(format!("  {} {step}", styled(CARE, "to do")));
        }
        for conflict in &conflicts {
            output.line(format!("  {} {conflict}", styled(BAD, "in the way")));
        }
        if stands {
            output.line(format!("  {} all parts are as they should be", styled(GOOD, "ok")));
            return Ok((Verdict::Yes, document));
        }
        output.note(match conflicts.is_empty() {
            true => "flarekeep platform deploy takes these steps",
            false => "flarekeep platform deploy says what can be done about each, and changes nothing until then",
        });
        Ok((Verdict::No, document))
    })
}

/// Each part, what it is called, and how it is.
fn parts_of(wanted: &Wanted, found: &Survey) -> Vec<(&'static str, String, String)> {
    const MISSING: &str = "missing";
    let state = |there: bool, words: &str| if there { words.to_owned() } else { MISSING.to_owned() };
    let bucket = found.bucket.as_ref().map_or(MISSING.to_owned(), |(bucket, jurisdiction)| {
        let location = bucket.location.as_ref().map(|location| format!(", in {location}")).unwrap_or_default();
        match jurisdiction {
            Jurisdiction::Default => format!("there{location}"),
            other => format!("there, in the jurisdiction {}", other.as_str()),
        }
    });
    let records = wanted.records().map(|record| {
        let of_name = found.records.iter().find(|found| found.name.eq_ignore_ascii_case(&record.name));
        let words = of_name.map_or(MISSING.to_owned(), |found| {
            format!("{} {}{}", found.kind, found.content, if found.proxied { ", proxied" } else { "" })
        });
        ("record", record.name, words)
    });
    let routes = found.routes.iter().filter(|route| route.script.as_ref() == Some(&wanted.worker));
    let routes: Vec<&str> = routes.map(|route| route.pattern.as_str()).collect();
    let fallback = found.fallback.as_ref().and_then(|found| found.status.clone()).unwrap_or(MISSING.to_owned());
    let mut parts = vec![
        ("zone", wanted.zone_name.clone(), found.zone.status.clone().unwrap_or_default()),
        ("bucket", wanted.bucket.clone(), bucket),
        ("namespace", wanted.namespace.clone(), state(found.namespace.is_some(), "there")),
        ("router", wanted.worker.clone(), state(found.script.is_some(), "deployed")),
        ("route", "*/*".to_owned(), state(routes.contains(&"*/*"), "to the router")),
        ("fallback origin", wanted.fallback(), fallback),
    ];
    parts.splice(4..4, records);
    parts
}
