//! A plan in the forms that people take it on in.

use std::collections::BTreeMap;

use flarekeep_planner::{Form, Plan, Rendered, Target, TokenDraft, render};
use flarekeep_policy::Policy;
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::arguments::{self, PlanForm};
use crate::context::Context;
use crate::error::CommandError;
use crate::inferred;
use crate::limits;
use crate::output::{CARE, Output, STRONG, plain, styled};
use crate::place;
use crate::work::{Work, engine_owner};

/// The form that is asked for; none for the table and the plan's own document.
pub(super) fn form(asked: PlanForm) -> Option<Form> {
    match asked {
        PlanForm::Table | PlanForm::Json => None,
        PlanForm::Url => Some(Form::Url),
        PlanForm::Steps => Some(Form::Steps),
        PlanForm::Curl => Some(Form::Curl),
        PlanForm::Terraform => Some(Form::Terraform),
        PlanForm::TerraformV4 => Some(Form::TerraformV4),
        PlanForm::Wrangler => Some(Form::Wrangler),
        PlanForm::Github => Some(Form::Github),
    }
}

/// Whether the reader of the form knows zones and accounts by their names, so that no id has to be asked for.
pub(super) fn knows_by_name(asked: PlanForm) -> bool {
    matches!(asked, PlanForm::Url | PlanForm::Steps)
}

/// The token that the plan is for.
pub(super) fn draft(
    context: &Context,
    arguments: &arguments::Plan,
    work: &Work,
    target: &Target,
    policies: Vec<Policy>,
) -> Result<TokenDraft, CommandError> {
    let held = limits::read(context.output, arguments.name.as_deref(), &arguments.limits, work.stated())?;
    Ok(TokenDraft {
        name: held.name,
        purpose: work.purpose(),
        command: work.recipe().and_then(|recipe| recipe.command.clone()),
        owner: engine_owner(work.owner(arguments.owner), target)?,
        policies,
        allow_ips: held.allow_ips,
        expires_on: held.expires_on.map(|time| time.to_string()),
        not_before: held.not_before.map(|time| time.to_string()),
        account: target.account,
        unnamed: place::stand_ins(),
        labels: labels(context, target),
        work: words(context, &arguments.work),
        as_documented: arguments.as_documented,
    })
}

/// Prints a form. What it leaves to be done by hand stands below a link; beside any other form it is a remark, so that
/// the form alone can go into a file.
pub(super) fn print(output: Output, form: Form, draft: &TokenDraft, plan: &Plan) -> Result<(), CommandError> {
    if draft.policies.is_empty() {
        return Err(CommandError::usage("there is no permission to write down")
            .because("any valid token may do this work, or none that is known")
            .hint("flarekeep plan without --output says which"));
    }
    let Rendered { form, text, by_hand } = render(form, draft).map_err(|error| {
        CommandError::usage(error.to_string())
            .hint("-o terraform writes it for version 5 of the provider, which has cloudflare_account_token")
            .hint("or leave --owner account out, for a token of the user")
    })?;
    let text = place::in_words(&text);
    let by_hand: Vec<String> = by_hand.iter().map(|step| place::in_words(step)).collect();
    output.document(&json!({ "form": form.word(), "text": text, "by_hand": by_hand }));
    output.line(&text);
    if form == Form::Url {
        output.line(format!("\n{}", styled(STRONG, "By hand, since no link can carry it:")));
        for (at, step) in by_hand.iter().enumerate() {
            output.line(format!("{:>3}. {step}", at + 1));
        }
    } else {
        by_hand.iter().for_each(|step| output.note(step));
    }
    // A documented list rests on its document, not on the plan.
    if !draft.as_documented {
        inferred::warn(output, plan);
    }
    remarks(output, &format!("{text}{}", by_hand.concat()), plan);
    Ok(())
}

/// What the form does not say of the plan.
fn remarks(output: Output, text: &str, plan: &Plan) {
    let operation = |need: usize| plan.needs.get(need).map(|need| need.operation.to_string()).unwrap_or_default();
    for impossible in &plan.impossible {
        output.warn(format!("{} cannot be met: {}", operation(impossible.need), impossible.reason));
    }
    for need in &plan.unproven {
        output.warn(format!("{}: nobody has published what it accepts", operation(*need)));
    }
    let unnamed = [("<account_id>", "--account"), ("<zone_id>", "--zone"), ("<bucket>", "--bucket")];
    let unnamed: Vec<_> = unnamed.into_iter().filter(|(word, _)| text.contains(word)).collect();
    if !unnamed.is_empty() {
        let (words, options): (Vec<&str>, Vec<&str>) = unnamed.into_iter().unzip();
        output.note(format!("nothing is named for {}: {}", words.join(", "), options.join(", ")));
    }
    if text.contains("<user_id>") {
        output.note("your own id goes where <user_id> is: GET /user says it");
    }
}

/// Writes the name and the limits into the plan's document.
pub(super) fn limits_into(document: &mut Value, draft: &TokenDraft) {
    document["name"] = json!(draft.name);
    document["condition"] = json!(draft.condition());
    document["expires_on"] = json!(draft.expires_on);
    document["not_before"] = json!(draft.not_before);
}

/// Prints the limits below the plan's table.
pub(super) fn show_limits(output: Output, draft: &TokenDraft) {
    output.line("");
    if let Some(addresses) = addresses(output, &draft.allow_ips) {
        output.line(format!("  from {addresses}"));
    }
    if let Some(time) = &draft.not_before {
        output.line(format!("  not before {time}"));
    }
    match &draft.expires_on {
        Some(time) => output.line(format!("  until {time}")),
        None => output.line(format!("  {}: --expires 90d gives it one", styled(CARE, "without an end"))),
    }
}

/// The ranges in one line, if there are any; the first of many.
pub(crate) fn addresses(output: Output, ranges: &[IpNet]) -> Option<String> {
    const SHOWN: usize = 8;
    let mut shown: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    let more = if output.verbose { 0 } else { shown.len().saturating_sub(SHOWN) };
    shown.truncate(shown.len() - more);
    let more = if more > 0 { format!(", and {more} more ranges (--verbose)") } else { String::new() };
    (!shown.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
}

/// What people call the places that they named.
fn labels(context: &Context, target: &Target) -> BTreeMap<String, String> {
    let account = (target.account.map(|id| id.to_string()), place::given_account(context));
    let zone = (target.zone.map(|id| id.to_string()), place::given_zone(context));
    let named = [account, zone].into_iter().filter_map(|(id, given)| Some((id?, given?)));
    named.filter(|(id, given)| id != given).map(|(id, given)| (id, plain(given))).collect()
}

/// The work and its places, as they were typed.
fn words(context: &Context, work: &arguments::Work) -> Vec<String> {
    let bucket = context.place.bucket.as_ref().map(|bucket| match bucket.jurisdiction.as_str() {
        "default" => bucket.name.clone(),
        jurisdiction => format!("{jurisdiction}/{}", bucket.name),
    });
    let one = [("--account", &context.place.account), ("--zone", &context.place.zone), ("--bucket", &bucket)];
    let one = one.into_iter().filter_map(|(option, value)| Some((option, value.clone()?)));
    let (recipes, others): (Vec<_>, Vec<_>) = work.typed().into_iter().partition(|(option, _)| *option == "--recipe");
    recipes.into_iter().chain(one).chain(others).flat_map(|(option, value)| [option.to_owned(), value]).collect()
}
