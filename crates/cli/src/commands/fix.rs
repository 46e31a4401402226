//! `flarekeep fix`: gives the token what it lacks, takes away what bars it, and checks again.

mod again;
mod by_hand;
mod named;

use flarekeep_cloudflare as api;
use flarekeep_planner::{Plan, Target};
use flarekeep_policy::Ownership;
use flarekeep_tokens::{Error, Fix, Obstacle, Wish, propose, settle, token_from_wire};
use serde_json::{Value, json};

use self::again::Proof;
use self::by_hand::Without;
use self::named::Named;
use crate::arguments;
use crate::commands::policy::Difference;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on, now};
use crate::error::CommandError;
use crate::inferred;
use crate::limits;
use crate::output::{BAD, CARE, GOOD, Output, plain, styled};
use crate::overlay;
use crate::place;
use crate::work::Work;
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &arguments::Fix) -> CommandResult {
    let mut work = Work::read_in(context, &arguments.work)?;
    let held = limits::read(context.output, None, &arguments.mends.limits(), None)?;
    if work.is_empty() && !arguments.mends.is_any() {
        return Err(nothing_asked());
    }
    block_on(async {
        let manager = context.manager()?;
        let target = match (work.is_empty(), place::given_account(context)) {
            (false, _) => {
                let wanted = work.wanted();
                work.find_places(context, &manager, wanted).await?
            }
            // Where there is no work no zone is meant, and nobody is asked for one.
            (true, None) => Target::default(),
            (true, Some(text)) => Target { account: Some(place::account(&manager, text).await?), ..Target::default() },
        };
        let named = named::named(context, &manager, arguments, &target).await?;
        let plan = (!work.is_empty()).then(|| work.plan(&target, named.whose())).transpose()?;
        if let Some(plan) = &plan {
            overlay::alarm_of(context, plan);
        }
        let wish = Wish {
            work: plan.as_ref(),
            undeny: arguments.mends.undeny,
            allow: held.allow_ips,
            expires_on: held.expires_on,
            not_before: held.not_before,
            enable: arguments.mends.enable,
            ..Wish::default()
        };
        let job = Job { context, arguments, manager, work: &work, plan: plan.as_ref(), target, named, wish };
        job.done().await
    })
}

fn nothing_asked() -> CommandError {
    CommandError::usage("what is to be mended is not said")
        .hint("the work that the token is to do: --recipe NAME, --operation 'POST /zones/{zone_id}/dns_records', --plan FILE")
        .hint("or what bars it: --allow-ip ADDRESS, --expires 90d, --not-before now, --enable")
        .hint("flarekeep why --operation '…' says what it is, and ends in the command that mends it")
}

/// A mend, with all that was found out for it.
struct Job<'a> {
    context: &'a Context,
    arguments: &'a arguments::Fix,
    manager: api::Client,
    work: &'a Work,
    plan: Option<&'a Plan>,
    target: Target,
    named: Named,
    wish: Wish<'a>,
}

impl Job<'_> {
    async fn done(&self) -> CommandResult {
        let output = self.context.output;
        let Some(id) = self.named.id else { return self.left_to_others(None).await };
        let fix = match propose(&self.manager, self.named.owner, id, &self.wish, now()).await {
            Err(Error::Call(refusal)) if refusal.is_permission() => return self.left_to_others(None).await,
            answer => answer?,
        };
        let difference = Difference::between(&fix.token, &fix.after(), fix.owner(), &self.ownership())?;
        let document = |more: Value| {
            let mut document = difference.document();
            document["token"] = json!({ "id": id.to_string(), "name": fix.token.name });
            document["added"] = json!(fix.added);
            document["lifted"] = json!(fix.lifted);
            document["changed"] = json!(false);
            for (key, value) in more.as_object().into_iter().flatten() {
                document[key] = value.clone();
            }
            document
        };
        show(output, &fix);
        if !fix.is_nothing() {
            difference.show_changes(output);
        }
        self.refuse_obstacles(&fix)?;
        if fix.is_nothing() {
            output.document(&document(json!({ "check": null })));
            return Ok(Verdict::Yes);
        }
        if let Some(plan) = self.plan {
            inferred::warn(output, plan);
        }
        let only_grants = !fix.added.is_empty() && fix.lifted.is_empty() && !self.arguments.mends.is_any();
        let question = if only_grants { "Add these permissions?" } else { "Change this token?" };
        if self.named.is_guessed && self.arguments.consent.yes {
            return Err(named::not_named(&fix.token, &self.arguments.mends));
        }
        if confirm(self.arguments.consent, question)? == Go::NoFurther {
            output.document(&document(json!({ "check": null, "dry_run": true })));
            return Ok(Verdict::Yes);
        }
        match settle(&self.manager, &fix).await {
            Err(Error::Call(refusal)) if refusal.is_permission() && !is_ceiling(&refusal) => {
                return self.left_to_others(Some(&fix)).await;
            }
            answer => drop(answer?),
        }
        let Proof { check, life, error } = self.proof(&fix).await?;
        output.document(&document(json!({ "changed": true, "check": check, "seen": life })));
        error.map_or(Ok(Verdict::Yes), Err)
    }

    /// Who may make the change, and how: exit status 1.
    async fn left_to_others(&self, fix: Option<&Fix>) -> CommandResult {
        let without = Without { context: self.context, named: &self.named, wish: &self.wish, fix };
        let grants = match fix {
            Some(fix) => fix.additions.clone(),
            None => self.missing().await,
        };
        without.tell(grants, self.target.account)?;
        Ok(Verdict::No)
    }

    /// Which account owns the zone that the work is about.
    fn ownership(&self) -> Ownership {
        self.target.zone.zip(self.target.account).into_iter().collect()
    }

    /// Fails where the token could not be used even then, before anything is changed.
    fn refuse_obstacles(&self, fix: &Fix) -> Result<(), CommandError> {
        let admits =
            |address| token_from_wire(&fix.after(), fix.owner()).is_ok_and(|after| after.ip.admits(Some(address)));
        let barred = self.named.barred.filter(|address| !admits(*address));
        let mut options: Vec<String> = fix.obstacles.iter().map(|obstacle| option(obstacle).to_owned()).collect();
        options.extend(barred.map(|address| format!("--allow-ip {address}")));
        let from_here = || barred.map(|address| format!("it bars {address}"));
        let Some(first) = fix.obstacles.first().map(words).or_else(from_here) else { return Ok(()) };
        Err(CommandError::usage(format!("the token would still be refused: {first}"))
            .because("what bars a token is mended along with what it lacks, in one change")
            .hint(format!("the same command with {}", options.join(" "))))
    }
}

/// Whether the change was refused for what it grants, not for who makes it.
fn is_ceiling(refusal: &api::Error) -> bool {
    refusal.has_code(1001)
}

/// The option that takes an obstacle away.
fn option(obstacle: &Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Disabled => "--enable",
        Obstacle::Ended(_) => "--expires 90d",
        Obstacle::NotBegun(_) => "--not-before now",
        Obstacle::Nowhere => "--allow-ip ADDRESS",
    }
}

fn words(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Disabled => "it is switched off".to_owned(),
        Obstacle::Ended(Some(end)) => format!("it ended at {end}"),
        Obstacle::Ended(None) => "it ended".to_owned(),
        Obstacle::NotBegun(start) => format!("it begins at {start}"),
        Obstacle::Nowhere => "its list of allowed addresses is empty, so that it works from nowhere".to_owned(),
    }
}

/// Prints what would be done.
pub(crate) fn show(output: Output, fix: &Fix) {
    let name = plain(&fix.token.name);
    if fix.is_nothing() {
        output.line(format!("token {} ({name}) lacks nothing of what was asked for", fix.token.id));
        return;
    }
    output.line(format!("token {} ({name}), its value unchanged:", fix.token.id));
    for grant in &fix.lifted {
        output.line(format!("  {} denial of {} at {}", styled(BAD, "-"), grant.group, grant.place));
    }
    for grant in &fix.added {
        output.line(format!("  {} {} at {}", styled(GOOD, "+"), grant.group, grant.place));
    }
    for obstacle in &fix.obstacles {
        output.line(format!("  {} {}", styled(CARE, "!"), words(obstacle)));
    }
}
