//! `flarekeep audit`: what could go wrong with tokens, and what each reaches.

mod accept;
mod baseline;
mod collect;
mod form;
mod input;
mod lists;
mod live;
mod logs;
mod mends;
mod record;
mod rules;
mod settings;

use std::collections::HashMap;
use std::mem::take;

use flarekeep_audit::{Audit, Looked, Settings, World, audit_with};
use flarekeep_catalogue::TokenId;
use serde_json::Value;

use crate::arguments::{self, AuditVerb};
use crate::context::{Context, block_on_beside_work};
use crate::output::{counted, plain};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &arguments::Audit) -> CommandResult {
    match &arguments.verb {
        Some(AuditVerb::Accept(arguments)) => accept::run(context, arguments),
        Some(AuditVerb::Rules) => rules::list(context.output),
        Some(AuditVerb::Explain { rule }) => rules::explain(context.output, rule),
        None => look(context, arguments),
    }
}

fn look(context: &Context, arguments: &arguments::Audit) -> CommandResult {
    form::refuse_clashes(context, &arguments.answer)?;
    input::refuse_two_readers(arguments)?;
    // What is wrong with the settings is said before anybody is asked anything.
    let settings = settings::read(context, arguments)?;
    if !arguments.input.is_empty() {
        let world = input::read(context, arguments)?;
        let found = audited(&world, settings, HashMap::new());
        // Pages that are missing and copies that differ are known when all files are.
        return answer(context, arguments, &found, found.unread.len(), None);
    }
    if arguments.fix.fix {
        mends::able_to_ask(arguments.fix)?;
    }
    block_on_beside_work(async {
        let manager = context.manager()?;
        let mut collected = collect::collect(context, &manager, arguments, &settings).await?;
        let found = audited(&collected.world, settings.clone(), take(&mut collected.looked));
        if !arguments.fix.fix {
            let verdict = answer(context, arguments, &found, collected.holes, None);
            // The process ends: nobody needs what many small texts took.
            std::mem::forget((collected, found));
            return verdict;
        }
        mends::run(context, &manager, arguments, (collected, found), &settings).await
    })
}

/// The audit of a world, at the time that its files want to be read at.
fn audited(world: &World, mut settings: Settings, looked: HashMap<TokenId, Box<Looked>>) -> Audit {
    if let Some(as_of) = world.as_of {
        settings.now = as_of;
    }
    audit_with(world, &settings, looked)
}

/// Prints what was found, and says whether it is bad. `mends` is what `--fix` made, or would.
fn answer(
    context: &Context,
    arguments: &arguments::Audit,
    found: &Audit,
    holes: usize,
    mends: Option<&Value>,
) -> CommandResult {
    form::print(context, &arguments.answer, found, mends)?;
    tell(context, found, form::says_what_is_unread(context, &arguments.answer));
    Ok(verdict(arguments, found, holes))
}

/// Findings make the answer a no; where there are none, tokens that nobody could read do not make it a yes.
fn verdict(arguments: &arguments::Audit, found: &Audit, holes: usize) -> Verdict {
    let answer = &arguments.answer;
    let is_bad = answer.fail_on.severity().is_some_and(|severity| found.counts.at_least(severity) > 0);
    match (is_bad, holes > 0 && !answer.unread_ok) {
        (true, _) => Verdict::No,
        (false, true) => Verdict::Partly,
        (false, false) => Verdict::Yes,
    }
}

/// What whoever keeps the baseline should know, and what could not be read where the answer itself does not say it.
fn tell(context: &Context, found: &Audit, is_said: bool) {
    let output = context.output;
    for unread in found.unread.iter().filter(|_| !is_said) {
        output.warn(format!("not read: {}: {}", plain(&unread.what), plain(&unread.why)));
    }
    for over in &found.expired_acceptances {
        output.warn(format!("finding {} was accepted until {}: it counts again", over.finding, over.until));
    }
    if !found.stale_baseline.is_empty() {
        let rows = counted(found.stale_baseline.len(), "acceptance");
        output.note(format!("{rows} of findings that are there no more: their rows of the baseline can go"));
        for stale in &found.stale_baseline {
            output.detail(format!("  {} ({})", stale.finding, plain(&stale.because)));
        }
    }
}
