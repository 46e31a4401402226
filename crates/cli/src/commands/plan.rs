//! `flarekeep plan`: the smallest permissions that a piece of work needs.

pub(crate) mod form;
mod separate;
mod verify;

use flarekeep_catalogue::{Documented, Need as RecipeNeed, Recipe};
use flarekeep_planner::source::Unread;
use flarekeep_planner::{
    Comparison, Grant, Need, Options, Plan, Target, TokenDraft, as_documented, compare_documented, plan_document,
    policy_documents,
};
use flarekeep_policy::Owner;
use serde_json::{Value, json};

use crate::arguments::{self, PlanForm, PlanVerb};
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::inferred;
use crate::output::table::table;
use crate::output::{CARE, FAINT, GOOD, Output, STRONG, counted, plain, styled};
use crate::secret;
use crate::work::{Work, engine_owner};
use crate::{CommandResult, Verdict};
use crate::{overlay, place};

pub(crate) fn run(context: &Context, arguments: &arguments::Plan) -> CommandResult {
    if let Some(PlanVerb::Verify { file }) = &arguments.verb {
        return verify::run(context, file);
    }
    of_work(context, arguments, Work::read_in(context, &arguments.work)?.required()?)
}

/// The plan of a work that is read: its files may be standard input, which nobody can read again.
pub(crate) fn of_work(context: &Context, arguments: &arguments::Plan, mut work: Work) -> CommandResult {
    if let Some(file) = &work.file {
        file.tell_changes(context.output);
    }
    let target = place_of(context, &mut work, form::knows_by_name(arguments.output))?;
    let output = Output { json: context.output.json || arguments.output == PlanForm::Json, ..context.output };
    if arguments.separate {
        return separate::run(context, arguments, &work, &target, output);
    }
    let owner = work.owner(arguments.owner);
    let plan = work.plan(&target, owner)?;
    let documented = work.recipe().filter(|_| arguments.as_documented);
    let policies = match documented {
        Some(recipe) => as_documented(recipe, &target, engine_owner(owner, &target)?)?,
        None => plan.policies(),
    };
    let draft = form::draft(context, arguments, &work, &target, policies)?;
    let facts = match documented {
        Some(_) => overlay::facts_of_policies(&draft.policies),
        None => overlay::facts_of_plan(&plan),
    };
    let contradicted = overlay::alarm(context, &facts);
    match (form::form(arguments.output), documented) {
        (Some(form), _) => {
            work.tell_left_out(output, owner);
            if let Some(nothing) = nothing_found(&work, &plan) {
                output.warn(nothing);
            }
            form::print(output, form, &draft, &plan)?;
        }
        (None, Some(recipe)) => show_policies(output, recipe, &draft, &contradicted),
        (None, None) => {
            let mut document = document(&plan, work.recipe(), &target)?;
            form::limits_into(&mut document, &draft);
            document["contradicted"] = json!(contradicted);
            unread_into(&mut document, &work);
            document["left_out"] = work.left_out(owner).iter().map(ToString::to_string).collect();
            output.document(&document);
            for source in &work.sources {
                let needs = counted(source.reading.needs.len(), "call");
                output.line(format!("{}: {needs}", styled(STRONG, &source.name)));
            }
            match nothing_found(&work, &plan) {
                Some(nothing) => output.line(styled(CARE, nothing)),
                None => show(output.part(), &plan, work.recipe(), &target)?,
            }
            show_unread(output, &work);
            form::show_limits(output, &draft);
        }
    }
    if let Some(worker) = &context.place.worker {
        // Groups for one Worker exist since 2026 (docs: workers/authorization); nobody has published their ids.
        context.output.note(format!(
            "the permissions reach {} and every other Worker of the account: those for one Worker have no published id",
            plain(worker)
        ));
    }
    Ok(Verdict::yes_if(plan.impossible.is_empty()))
}

/// Where files were read and no need was found, the words for that: an empty plan is the smallest, and no answer.
fn nothing_found(work: &Work, plan: &Plan) -> Option<String> {
    let names: Vec<String> = work.sources.iter().map(|source| plain(&source.name)).collect();
    let found_nothing = !names.is_empty() && plan.needs.is_empty();
    found_nothing.then(|| format!("nothing in {} calls Cloudflare, as far as it can be read", names.join(", ")))
}

/// Where the work is done. Names are looked up where that is of use to the reader and there is a credential to ask with.
pub(super) fn place_of(context: &Context, work: &mut Work, by_name: bool) -> Result<Target, CommandError> {
    match place::offline(context) {
        Some(target) if by_name || !work.names_zones(context, &target) => Ok(work.imagine_places(context, target)),
        _ if by_name => Ok(work.imagine_places(context, place::by_name(context)?)),
        _ if !secret::is_given(context) => {
            let target = work.imagine_places(context, place::by_name(context)?);
            context.output.note("no credential is given: names are not looked up, and ids are left open");
            Ok(target)
        }
        _ => block_on(async { work.find_places(context, &context.manager()?, work.wanted()).await }),
    }
}

/// The plan as a document, with what a recipe's documents say beside it.
pub(crate) fn document(plan: &Plan, recipe: Option<&Recipe>, target: &Target) -> Result<Value, CommandError> {
    let mut document = serde_json::to_value(plan_document(plan)).unwrap_or_default();
    document["recipe"] = json!(recipe.map(|recipe| &recipe.name));
    if let Some(recipe) = recipe.filter(|recipe| recipe.documented.is_some()) {
        let beside = compare_documented(plan, recipe, target)?;
        document["documented"] = json!({
            "source": recipe.documented.as_ref().map(|documented| &documented.source),
            "everywhere": recipe.documented.as_ref().map(|documented| documented.everywhere),
            "left_out": beside.left_out.iter().map(|left| json!({
                "group": left.choice.group.name,
                "because": left.to_string(),
            })).collect::<Vec<_>>(),
            "forgotten": beside.forgotten.iter().map(|forgotten| forgotten.choice.group.name).collect::<Vec<_>>(),
        });
    }
    Ok(worded(document))
}

/// Prints the plan.
pub(crate) fn show(output: Output, plan: &Plan, recipe: Option<&Recipe>, target: &Target) -> Result<(), CommandError> {
    output.document(&document(plan, recipe, target)?);
    if let Some(recipe) = recipe {
        output.line(format!("{}: {}", styled(STRONG, &recipe.name), recipe.title));
    }
    if !plan.impossible.is_empty() {
        let met = plan.needs.len() - plan.impossible.len();
        output.line(styled(CARE, format!("{met} of {} can be met", counted(plan.needs.len(), "need"))));
    }
    let (needs, permissions) = (counted(plan.needs.len(), "need"), counted(plan.grants.len(), "permission"));
    output.line(format!("{needs}, {permissions}: {}", proof(plan)));
    for resource in resources(plan) {
        output.line(format!("\n  at {}", place::in_words(&resource.to_string())));
        let grants = plan.grants.iter().filter(|grant| grant.resource == *resource);
        let row = |grant: &Grant| [grant.group.name.to_owned(), purpose(plan, grant), line_of(plan, grant)];
        output.line(table(4, None, grants.map(row)));
    }
    if output.verbose {
        let row = |need: &Need| {
            let operation = need.operation.to_string();
            // Of a call, what is known of its purpose is what was called.
            let why = need.why.strip_prefix(&operation).unwrap_or(&need.why).trim_start();
            [operation, plain(why), styled(FAINT, plain(&need.origin))]
        };
        output.line("\n  the needs:");
        output.line(table(4, None, plan.needs.iter().map(row)));
    }
    if let Some(recipe) = recipe {
        left_out(output, plan, recipe);
    }
    open_ends(output, plan);
    if let Some(recipe) = recipe.filter(|recipe| recipe.documented.is_some()) {
        beside_the_documents(output, recipe, &compare_documented(plan, recipe, target)?);
    }
    Ok(())
}

/// What stands behind the claim that the plan is the smallest; the separate checker is asked every time.
pub(crate) fn proof(plan: &Plan) -> String {
    match flarekeep_planner::verify(&plan.needs, &Options::new(plan.owner), plan) {
        Ok(()) if plan.certificate.optimal => styled(GOOD, "no smaller set does (certificate verified)"),
        Ok(()) => styled(CARE, "they do; that no smaller set does was not proved within the search's budget"),
        Err(_) => styled(CARE, "the certificate does not hold; this is a defect of flarekeep, please report it"),
    }
}

/// The resources of the grants, each once.
pub(crate) fn resources(plan: &Plan) -> Vec<&flarekeep_policy::Resource> {
    let mut resources: Vec<_> = plan.grants.iter().map(|grant| &grant.resource).collect();
    resources.dedup();
    resources
}

/// What a grant is for: its foremost need, and how many more.
fn purpose(plan: &Plan, grant: &Grant) -> String {
    let why = foremost(plan, grant)
        .map(|need| if need.why.is_empty() { need.operation.to_string() } else { plain(&brief(&need.why)) });
    let more = match grant.needs.len() {
        0 | 1 => String::new(),
        many => styled(FAINT, format!(", and {} more", many - 1)),
    };
    let inferred = if grant.inferred { styled(CARE, " (inferred)") } else { String::new() };
    format!("{}{more}{inferred}", why.unwrap_or_default())
}

/// A reason up to where it explains itself; `--verbose` lists the needs with all of it.
fn brief(why: &str) -> String {
    const SHORT: usize = 60;
    let end = [": ", "; "].iter().filter_map(|mark| why.find(mark)).min().filter(|_| why.len() > SHORT);
    let short = end.and_then(|end| why.get(..end)).unwrap_or(why);
    let is_open = short.rfind('(') > short.rfind(')');
    format!("{short}{}", if is_open { ")" } else { "" })
}

/// Where the need stands that [`purpose`] names, if it is from a file.
fn line_of(plan: &Plan, grant: &Grant) -> String {
    let origin = foremost(plan, grant).map(|need| need.origin.as_str()).unwrap_or_default();
    let from_a_file = !origin.starts_with("recipe `") && origin != "--operation";
    if from_a_file { styled(FAINT, plain(origin)) } else { String::new() }
}

/// A need that only the grant meets; one that changes something if there is any.
fn foremost<'a>(plan: &'a Plan, grant: &Grant) -> Option<&'a Need> {
    let needs = || grant.sole.iter().chain(&grant.needs).filter_map(|at| plan.needs.get(*at));
    needs().find(|need| need.operation.mutates()).or_else(|| needs().next())
}

/// What the sources speak of and nobody can know from them.
pub(super) fn show_unread(output: Output, work: &Work) {
    let row = |unread: &Unread| {
        [styled(CARE, "not read"), format!("{}: {}", plain(&unread.origin.to_string()), plain(&unread.what))]
    };
    listed(output, work.unread().map(row).collect());
    let row = |left: &Unread| {
        [styled(FAINT, "passed over"), format!("{}: {}", plain(&left.origin.to_string()), plain(&left.what))]
    };
    listed(output, work.no_needs().map(row).collect());
}

pub(super) fn unread_into(document: &mut Value, work: &Work) {
    let entry = |unread: &Unread| json!({ "origin": unread.origin.to_string(), "what": unread.what });
    document["unread"] = work.unread().map(entry).collect();
    document["passed_over"] = work.no_needs().map(entry).collect();
}

/// What the plan cannot promise.
fn open_ends(output: Output, plan: &Plan) {
    let unproven =
        plan.unproven.iter().filter_map(|at| plan.needs.get(*at)).map(|need| {
            [styled(CARE, "unproven"), format!("{}: nobody has published what it accepts", need.operation)]
        });
    listed(output, unproven.collect());
    let impossible = plan.impossible.iter().map(|impossible| {
        let operation = plan.needs.get(impossible.need).map(|need| need.operation.to_string()).unwrap_or_default();
        [styled(CARE, "impossible"), format!("{operation}: {}", impossible.reason)]
    });
    listed(output, impossible.collect());
    let inferred = plan.inferred_needs();
    inferred::show(output, inferred.iter().filter_map(|at| plan.needs.get(*at)).map(|need| need.operation));
}

/// What the work calls with a user's token, and an account's token may not.
fn left_out(output: Output, plan: &Plan, recipe: &Recipe) {
    let for_users = recipe.needs().filter(|need| need.user_only && matches!(plan.owner, Owner::Account(_)));
    let because = "no token that an account owns may call it";
    let row = |need: &RecipeNeed| [styled(FAINT, "left out"), format!("{}: {because}", need.operation)];
    listed(output, for_users.map(row).collect());
}

/// Remarks below the plan.
fn listed(output: Output, rows: Vec<[String; 2]>) {
    if !rows.is_empty() {
        output.line("");
        first(output, 2, rows);
    }
}

/// The first of the rows, or all with `--verbose`.
fn first(output: Output, indent: usize, mut rows: Vec<[String; 2]>) {
    const SHOWN: usize = 8;
    let more = if output.verbose { 0 } else { rows.len().saturating_sub(SHOWN) };
    rows.truncate(rows.len() - more);
    output.line(table(indent, None, rows));
    if more > 0 {
        output.line(styled(FAINT, format!("{}and {more} more (--verbose)", " ".repeat(indent))));
    }
}

fn beside_the_documents(output: Output, recipe: &Recipe, beside: &Comparison) {
    if let Some(documented) = &recipe.documented {
        output.line(format!("\n  beside {}:", documented.source));
    }
    let left_out = beside.left_out.iter().map(|left| ["not needed".to_owned(), place::in_words(&left.to_string())]);
    let forgotten = beside.forgotten.iter().map(|forgotten| {
        let needs = counted(forgotten.needs.len(), "need");
        ["forgotten".to_owned(), format!("{}: for {needs}", forgotten.choice.group.name)]
    });
    let places = recipe.documented.as_ref().and_then(Documented::every_place);
    let wider = places.map(|places| ["more".to_owned(), format!("on {places}, not only the one that is named")]);
    let rows: Vec<_> = wider.into_iter().chain(forgotten).chain(left_out).collect();
    match rows.is_empty() {
        true => output.line("    just the same"),
        false => first(output, 4, rows),
    }
    output.line(styled(FAINT, "    --as-documented takes their list"));
}

fn show_policies(output: Output, recipe: &Recipe, draft: &TokenDraft, contradicted: &[Value]) {
    let documents: Vec<_> = draft.policies.iter().flat_map(policy_documents).collect();
    let mut document = worded(json!({ "recipe": recipe.name, "as_documented": true, "policies": documents }));
    form::limits_into(&mut document, draft);
    document["contradicted"] = json!(contradicted);
    output.document(&document);
    for policy in &draft.policies {
        for resource in &policy.resources {
            output.line(format!("  at {}", place::in_words(&resource.to_string())));
        }
        for group in policy.known_groups() {
            output.line(format!("    {}", group.name));
        }
    }
    form::show_limits(output, draft);
}

/// The document with words for the stand-ins.
fn worded(document: Value) -> Value {
    let text = place::in_words(&document.to_string());
    serde_json::from_str(&text).unwrap_or(document)
}
