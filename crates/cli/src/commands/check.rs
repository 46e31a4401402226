//! `flarekeep check`: does the token meet the needs of the work?

mod discover;
mod refused;

use std::io::IsTerminal;

use flarekeep_catalogue::NamedTest;
use flarekeep_cloudflare::Client;
use flarekeep_planner::{Need, Plan, Target};
use flarekeep_tokens::{
    Check, CheckReport, Identity, IdentityOwner, Section, Test, Verdict as Outcome, check, identify,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments;
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, GOOD, Output, plain, styled};
use crate::overlay;
use crate::work::Work;
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &arguments::Check) -> CommandResult {
    if arguments.discover.discover {
        return discover::run(context, &arguments.discover);
    }
    let mut work = Work::read_in(context, &arguments.work)?;
    let beyond = refused::read(context, &arguments.refused)?;
    if beyond.is_empty() {
        work = work.required()?;
    }
    let report = block_on(async {
        let subject = context.subject()?;
        let target = work.find_places(context, &subject, work.wanted().and(beyond.wanted())).await?;
        let token = identify(&subject, target.account).await?;
        let owner = match token.owner {
            IdentityOwner::User => arguments::Owner::User,
            IdentityOwner::Account => arguments::Owner::Account,
        };
        let plan = work.plan(&target, owner)?;
        work.tell_left_out(context.output, owner);
        overlay::alarm_of(context, &plan);
        let refused = refused::needs(&beyond, &plan, &target, owner)?;
        let tests = work.recipe().map(|recipe| recipe.tests.as_slice());
        let question = Question { named: tests.unwrap_or_default(), refused: &refused, token: Some(token) };
        tested_for(context.output, &subject, &plan, question, &target).await
    })?;
    context.output.document(&report);
    show(context.output, &report);
    if report.lacks_a_grant() {
        let typed = typed(&arguments.work);
        context.output.note(styled(FAINT, format!("\nflarekeep fix {typed} adds what is missing")));
    }
    Ok(Verdict::yes_if(report.passes()))
}

/// The work as it was typed.
fn typed(work: &arguments::Work) -> String {
    let bare = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "./_-:@,".contains(c));
    let quoted = |text: &str| if bare(text) { text.to_owned() } else { format!("'{}'", plain(text)) };
    work.typed().iter().map(|(option, value)| format!("{option} {}", quoted(value))).collect::<Vec<_>>().join(" ")
}

/// Checks a token against a plan, with a progress bar where somebody watches.
pub(crate) async fn tested(
    output: Output,
    subject: &Client,
    plan: &Plan,
    named: Option<&[NamedTest]>,
    target: &Target,
) -> Result<CheckReport, CommandError> {
    let question = Question { named: named.unwrap_or_default(), refused: &[], token: None };
    tested_for(output, subject, plan, question, target).await
}

/// What is checked beside the plan.
struct Question<'a> {
    named: &'a [NamedTest],
    refused: &'a [Need],
    token: Option<Identity>,
}

async fn tested_for(
    output: Output,
    subject: &Client,
    plan: &Plan,
    question: Question<'_>,
    target: &Target,
) -> Result<CheckReport, CommandError> {
    let bar = progress_bar(output);
    let Question { named, refused, token } = question;
    let question = Check { plan, named, target: target.clone(), refused, token };
    let report = check(subject, &question, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })
    .await;
    bar.finish_and_clear();
    Ok(report?)
}

fn progress_bar(output: Output) -> ProgressBar {
    if output.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("  testing {bar:30} {pos}/{len}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Prints the report.
pub(crate) fn show(output: Output, report: &CheckReport) {
    let owner = format!("{:?}", report.token.owner).to_lowercase();
    output.line(format!("token {} ({}, owned by the {owner})\n", report.token.id, plain(&report.token.status)));
    // Where only writes are asked for, they are what is tested, and each is listed.
    let only_writes = report.tests.total == 0;
    if !only_writes {
        output.line(rows(&report.tests.tests, true));
        output.line(format!("\n  {} tests passed", score(&report.tests)));
    }
    show_rest(output, "writes", &report.writes, only_writes);
    show_rest(output, "other reads", &report.reads, false);
    show_refused(output, &report.refused);
    if report.misses() && !output.verbose && !only_writes {
        output.line(styled(FAINT, "  --verbose lists them all"));
    }
}

/// A section in one line. What is missing is said by the named tests already, or by `--verbose`, or here with `all`; what
/// could not be proved is always listed.
fn show_rest(output: Output, name: &str, section: &Section, all: bool) {
    if section.total == 0 {
        return;
    }
    output.line(format!("  {} {name} proven, each by a request that changes nothing", score(section)));
    let listed = section.tests.iter().filter(|test| all || output.verbose || test.result == Outcome::Unproven);
    let listed: Vec<Test> = listed.cloned().collect();
    if !listed.is_empty() {
        output.line(rows(&listed, false));
    }
}

/// What must be refused: what is not is always listed.
fn show_refused(output: Output, section: &Section) {
    if section.total == 0 {
        return;
    }
    let listed = section.tests.iter().filter(|test| output.verbose || test.result != Outcome::Pass);
    let listed: Vec<Test> = listed.cloned().collect();
    output.line(format!("  {} refused, of what must be", score(section)));
    if !listed.is_empty() {
        output.line(rows(&listed, false));
    }
}

fn score(section: &Section) -> String {
    let style = if section.passed == section.total { GOOD } else { BAD };
    styled(style, format!("{}/{}", section.passed, section.total))
}

fn rows(tests: &[Test], named: bool) -> String {
    table(
        if named { 2 } else { 4 },
        None,
        tests.iter().map(|test| {
            let (style, word) = match test.result {
                Outcome::Pass => (GOOD, "pass"),
                Outcome::Missing => (BAD, "MISSING"),
                Outcome::Allowed => (BAD, "ALLOWED"),
                Outcome::Unproven => (CARE, "unproven"),
            };
            [styled(style, word), if named { test.name.clone() } else { test.operation.clone() }, advice(test)]
        }),
    )
}

fn advice(test: &Test) -> String {
    match (&test.grant, &test.detail) {
        (Some(grant), _) => format!("add {} at {}", grant.group, grant.place),
        (None, Some(detail)) => plain(detail),
        (None, None) => styled(FAINT, &test.operation),
    }
}
