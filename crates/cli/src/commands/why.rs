//! `flarekeep why`: the cause of a refusal, and the smallest mend.

use std::io::Read;

use flarekeep_cloudflare::Owner;
use flarekeep_planner::Target;
use flarekeep_tokens::{Answer, Cause, Confidence, Diagnosis, IdentityOwner, Why, explain_answer, identify, why};

use crate::arguments;
use crate::context::{Context, block_on, now};
use crate::error::CommandError;
use crate::output::{BAD, CARE, FAINT, GOOD, Output, STRONG, plain, styled};
use crate::place::{self, Wanted};
use crate::work::{Work, operation};
use crate::{CommandResult, Verdict};

/// The longest answer that is read from standard input.
const LONGEST_ANSWER: u64 = 1 << 20;

pub(crate) fn run(context: &Context, arguments: &arguments::Why) -> CommandResult {
    let (operation, ids) = operation(&arguments.operation)?;
    let work = Work::read(&arguments::Work {
        recipes: arguments.recipe.iter().cloned().collect(),
        ..arguments::Work::default()
    })?;
    let diagnosis = if arguments.input.is_some() {
        let target = match place::offline(context) {
            Some(target) => over(&ids, target),
            None => ids,
        };
        let plan = work.plan_unless_empty(&target)?;
        let question = Why { operation, target, plan: plan.as_ref(), manager: None, now: now() };
        explain_answer(&Answer(&answer()?), &question).ok_or_else(|| {
            CommandError::usage("standard input holds no error of Cloudflare's")
                .hint("give the body as it came: {\"success\":false,\"errors\":[{\"code\":…}]}")
        })?
    } else {
        block_on(async {
            let subject = context.subject()?;
            let wanted = if ids == Target::default() { Wanted::by(&[operation]) } else { Wanted::default() };
            let target = over(&ids, place::find(context, &subject, wanted).await?);
            let manager = context.optional_manager()?;
            let owner = match identify(&subject, target.account).await {
                Ok(identity) if identity.owner == IdentityOwner::Account => target.account.map(Owner::Account),
                _ => Some(Owner::User),
            };
            let plan = work.plan_unless_empty(&target)?;
            let manager = manager.as_ref().zip(owner);
            let question = Why { operation, target, plan: plan.as_ref(), manager, now: now() };
            Ok(why(&subject, &question).await?)
        })?
    };
    context.output.document(&diagnosis);
    show(context.output, &diagnosis);
    if diagnosis.mend.as_ref().is_some_and(|mend| mend.grant.is_some()) {
        let work = work.name().map_or(format!("--operation '{operation}'"), |name| format!("--recipe {name}"));
        context.output.note(styled(FAINT, format!("\nflarekeep fix {work} makes this change")));
    }
    Ok(Verdict::Yes)
}

/// Prints the diagnosis.
pub(crate) fn show(output: Output, diagnosis: &Diagnosis) {
    output.line(styled(STRONG, &diagnosis.operation));
    let style = if diagnosis.cause == Cause::NotRefused { GOOD } else { BAD };
    let sure = match diagnosis.confidence {
        Confidence::Proved => "",
        Confidence::Likely => ", most likely",
    };
    output.line(format!("  cause     {}{sure}: {}", styled(style, word(diagnosis.cause)), sentence(diagnosis.cause)));
    for evidence in &diagnosis.evidence {
        output.line(format!("  evidence  {}", place::in_words(&plain(evidence))));
    }
    if !diagnosis.accepts.is_empty() {
        const SHOWN: usize = 4;
        let shown: Vec<_> = diagnosis.accepts.iter().take(SHOWN).map(String::as_str).collect();
        let more = match diagnosis.accepts.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let inferred = if diagnosis.provenance.is_inferred() { styled(CARE, " (inferred)") } else { String::new() };
        output.line(format!("  accepts   any of {}{more}{inferred}", shown.join(", ")));
    }
    if let Some(mend) = &diagnosis.mend {
        output.line(format!("  mend      {}", styled(GOOD, place::in_words(&mend.advice))));
    }
}

/// The ids of the operation's path before those that were given otherwise.
fn over(ids: &Target, given: Target) -> Target {
    Target { account: ids.account.or(given.account), zone: ids.zone.or(given.zone), ..given }
}

fn answer() -> Result<Vec<u8>, CommandError> {
    let mut answer = Vec::new();
    std::io::stdin()
        .take(LONGEST_ANSWER)
        .read_to_end(&mut answer)
        .map_err(|error| CommandError::usage(format!("cannot read standard input: {error}")))?;
    Ok(answer)
}

fn word(cause: Cause) -> String {
    serde_json::to_value(cause).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn sentence(cause: Cause) -> &'static str {
    match cause {
        Cause::NotRefused => "the token may make this call",
        Cause::MissingGroup => "the token holds no permission group that this operation accepts",
        Cause::WrongScope => "a group is held at a kind of resource where it takes no effect",
        Cause::OtherResource => "a group that would do is held at another resource",
        Cause::MissingGrant => "a group that this operation accepts is missing, or held at another resource",
        Cause::WithheldByPolicy => "a policy of the token denies it, whatever others allow",
        Cause::UnknownToken => "Cloudflare does not know this value",
        Cause::Expired => "the token's time is over",
        Cause::NotYetValid => "the token's time has not come",
        Cause::Disabled => "the token is switched off",
        Cause::RevokedExposed => "Cloudflare revoked the token: its value was found in public",
        Cause::AddressNotAllowed => "the token may not be used from this address",
        Cause::AccountTokenNotSupported => "this endpoint takes no token that an account owns",
        Cause::MalformedCredential => "the credential is not written as one",
        Cause::WrongId => "an id in the path names nothing",
        Cause::RateLimited => "too many calls",
        Cause::NotAboutPermissions => "the answer is not about permissions",
    }
}
