//! `flarekeep check --discover`: what does the token hold, where nobody can read its policies?

use std::collections::BTreeMap;

use flarekeep_tokens::{Discovered, Discovery, GroupAt, Open, WhyOpen, discover};

use super::progress_bar;
use crate::arguments::Discover;
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, GOOD, Output, plain, styled};
use crate::place::{self, Wanted};
use crate::{CommandResult, Verdict};

/// Fewer are not enough to ask anything after the token was found, and to make sure at the end that it still lives.
const LEAST: usize = 6;

pub(super) fn run(context: &Context, arguments: &Discover) -> CommandResult {
    if arguments.budget < LEAST {
        return Err(CommandError::usage(format!("a budget of {} requests is too small", arguments.budget))
            .because(format!("{LEAST} are the least: the first tell who the token is, and where it can be asked"))
            .hint("leave --budget out: it is 100 then"));
    }
    let found = block_on(async {
        let subject = context.subject()?;
        let given = place::find(context, &subject, Wanted::default()).await?;
        let (budget, thorough) = (arguments.budget, arguments.thorough);
        let wanted = Discovery { account: given.account, zone: given.zone, budget, thorough };
        let bar = progress_bar(context.output);
        bar.set_length(budget as u64);
        let found = discover(&subject, &wanted, |asked| bar.set_position(asked as u64)).await;
        bar.finish_and_clear();
        Ok(found?)
    })?;
    context.output.document(&found);
    show(context.output, &found);
    Ok(Verdict::Yes)
}

fn show(output: Output, found: &Discovered) {
    let owner = format!("{:?}", found.token.owner).to_lowercase();
    let status = plain(&found.token.status);
    let requests = format!("{} requests of {}, none of which changes anything", found.requests, found.budget);
    output.line(format!("token {} ({status}, owned by the {owner}); {requests}", found.token.id));
    output.line(match found.read_itself {
        true => "it may read itself: this is what its policies say".to_owned(),
        false => "it may not read itself: this is what its calls show, where no policy of it denies".to_owned(),
    });
    for place in &found.places {
        output.line(match place.reached {
            Some(true) => format!("  {} {}", styled(GOOD, "reached       "), place.place),
            Some(false) => format!("  {} {}", styled(BAD, "no call let in"), place.place),
            None => format!("  {} {}", styled(CARE, "unproven      "), place.place),
        });
    }
    if found.contradictory {
        output.line(styled(
            CARE,
            "\nthe answers contradict each other: a policy denies, or the token was changed meanwhile",
        ));
    }
    list(output, "holds", &found.held, true);
    list(output, "is denied", &found.denied, true);
    for one_of in &found.one_of {
        let title = format!("holds at least one of these: {} is open to it", one_of.operation);
        list(output, &title, &one_of.groups, true);
    }
    if found.read_itself {
        return;
    }
    list(output, "cannot hold", &found.excluded, output.verbose);
    show_open(output, &found.open);
    let nothing_more = found.excluded.is_empty() && found.open.is_empty();
    let more = !(output.verbose || nothing_more);
    if more {
        output.line(styled(FAINT, "\n--verbose lists them all"));
    }
    if found.open.iter().any(|open| open.why == WhyOpen::Unasked) {
        output.note(styled(FAINT, "--thorough asks about what is unlikely, too; --budget NUMBER says how often"));
    }
}

fn list(output: Output, title: &str, groups: &[GroupAt], all: bool) {
    if groups.is_empty() {
        return;
    }
    if !all {
        output.line(format!("\n{title}: {} at {}", count(groups.len()), places(groups.iter())));
        return;
    }
    output.line(format!("\n{title}"));
    output.line(table(2, None, groups.iter().map(|one| [one.group.clone(), format!("at {}", one.place)])));
}

fn count(groups: usize) -> String {
    if groups == 1 { "1 group".to_owned() } else { format!("{groups} groups") }
}

/// The places with how many groups each has.
fn places<'a>(groups: impl Iterator<Item = &'a GroupAt>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    groups.for_each(|one| *counts.entry(one.place.as_str()).or_default() += 1);
    counts.iter().map(|(place, count)| format!("{place} ({count})")).collect::<Vec<_>>().join(", ")
}

fn show_open(output: Output, open: &[Open]) {
    if open.is_empty() {
        return;
    }
    output.line("\nnot known".to_owned());
    let kinds = [
        (WhyOpen::Hidden, "every call that they open is open to it anyway"),
        (WhyOpen::Unproven, "no safe call, or the answers proved nothing"),
        (WhyOpen::Unasked, "not asked about"),
    ];
    for (why, words) in kinds {
        let of_kind: Vec<&Open> = open.iter().filter(|open| open.why == why).collect();
        if of_kind.is_empty() {
            continue;
        }
        output.line(format!("  {}: {words}", count(of_kind.len())));
        if output.verbose {
            let rows = of_kind.iter().map(|open| [open.group.group.clone(), format!("at {}", open.group.place)]);
            output.line(table(4, None, rows));
        }
    }
}
