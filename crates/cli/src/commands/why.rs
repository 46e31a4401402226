//! `flarekeep why`: the causes of a refusal, and the smallest mend.

mod show;
mod text;

use flarekeep_catalogue::Operation;
use flarekeep_diagnosis::{Diagnosis, Refusal, pasted};
use flarekeep_planner::{Plan, Target};
use flarekeep_tokens::{Why, why, why_seen, why_told};
use serde::Serialize;
use serde_json::json;

pub(crate) use self::show::show;
use self::text::Text;
use crate::arguments;
use crate::context::{Context, block_on, now};
use crate::error::CommandError;
use crate::output::{FAINT, styled};
use crate::place::{self, Wanted};
use crate::work::{Work, operation};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &arguments::Why) -> CommandResult {
    let named = arguments.operation.as_deref().map(operation).transpose()?;
    let work = Work::read(&arguments::Work {
        recipes: arguments.recipe.iter().cloned().collect(),
        ..arguments::Work::default()
    })?;
    let asked = Asked { context, arguments, named, work };
    match (text::given(arguments)?, &asked.named) {
        (Some(given), _) => asked.of_text(&given),
        (None, Some((operation, ids))) => asked.live(operation, ids),
        (None, None) => Err(CommandError::usage("no refused call is named")
            .hint("give --operation 'GET /zones/{zone_id}', or --log FILE")),
    }
}

/// A refusal of a log, explained.
#[derive(Debug, Serialize)]
struct Entry {
    /// The line of the log, from 1.
    line: Option<usize>,
    #[serde(flatten)]
    diagnosis: Diagnosis,
}

/// What is asked.
struct Asked<'a> {
    context: &'a Context,
    arguments: &'a arguments::Why,
    named: Option<(&'static Operation, Target)>,
    work: Work,
}

impl Asked<'_> {
    /// Repeats the call by a request that changes nothing.
    fn live(&self, operation: &'static Operation, ids: &Target) -> CommandResult {
        let context = self.context;
        let diagnosis = block_on(async {
            let subject = context.subject()?;
            let wanted = if *ids == Target::default() { Wanted::by(&[operation]) } else { Wanted::default() };
            let target = over(ids, place::find(context, &subject, wanted).await?);
            let manager = context.optional_manager()?;
            let plan = self.work.plan_unless_empty(&target)?;
            let words = self.words(operation, ids);
            let question = Why {
                plan: plan.as_ref(),
                arguments: Some(&words),
                manager: manager.as_ref(),
                now: now(),
                patient: self.arguments.ask,
            };
            Ok(why(&subject, operation, &target, &question).await?)
        })?;
        context.output.document(&diagnosis);
        show(context.output, &diagnosis, true);
        Ok(Verdict::Yes)
    }

    /// Explains the refusals of a text.
    fn of_text(&self, given: &Text) -> CommandResult {
        let mut refusals = pasted::read(&given.text);
        refusals.iter_mut().for_each(|refusal| self.complete(refusal));
        if refusals.is_empty() {
            let none = CommandError::usage("the text holds no error of Cloudflare's");
            let none = match given.left_out() {
                Some(remark) => none.because(remark),
                None => none,
            };
            return Err(none
                .hint("give the body as it came: {\"success\":false,\"errors\":[{\"code\":…}]}")
                .hint("or what the tool printed, with the lines before and after its error"));
        }
        let more = refusals.len() - 1;
        if self.arguments.log.is_none() {
            refusals.truncate(1);
        }
        let entries = refusals.iter().map(|refusal| {
            let diagnosis = if self.arguments.ask { self.asked(refusal)? } else { self.told(refusal)? };
            Ok(Entry { line: refusal.line, diagnosis })
        });
        let entries = entries.collect::<Result<Vec<Entry>, CommandError>>()?;
        let output = self.context.output;
        if let Some(remark) = given.left_out() {
            output.note(styled(FAINT, remark));
        }
        if self.arguments.log.is_some() {
            output.document(&json!({ "diagnoses": entries }));
        } else if let Some(entry) = entries.first() {
            output.document(&entry.diagnosis);
        }
        for (at, entry) in entries.iter().enumerate() {
            if at > 0 {
                output.line("");
            }
            if let (Some(line), Some(_)) = (entry.line, &self.arguments.log) {
                output.line(styled(FAINT, format!("line {line}")));
            }
            show(output, &entry.diagnosis, self.arguments.ask);
        }
        if self.arguments.log.is_none() && more > 0 {
            output.note(styled(FAINT, format!("\nthe text holds {more} more: --log - shows all")));
        }
        Ok(Verdict::Yes)
    }

    /// What the command line says of a refusal, and the text does not.
    fn complete(&self, refusal: &mut Refusal) {
        if let Some((operation, ids)) = &self.named {
            refusal.operation = refusal.operation.or(Some(operation));
            refusal.target.account = refusal.target.account.or(ids.account);
            refusal.target.zone = refusal.target.zone.or(ids.zone);
        } else if let [one] = pasted::operations(refusal).as_slice() {
            refusal.operation = Some(one);
        }
        let given = |text: Option<&str>| text.map(str::to_owned);
        let account = given(place::given_account(self.context)).and_then(|text| text.parse().ok());
        let zone = given(place::given_zone(self.context)).and_then(|text| text.parse().ok());
        let operation = refusal.operation;
        let concerns = |of: fn(&Operation) -> bool| operation.is_none_or(of);
        if concerns(Operation::concerns_zone) {
            refusal.target.zone = refusal.target.zone.or(zone);
        }
        refusal.target.account = refusal.target.account.or(account);
    }

    /// Explains a refusal without a call: what it does not name is stood in for.
    fn told(&self, refusal: &Refusal) -> Result<Diagnosis, CommandError> {
        let known = refusal.target.clone();
        let mut refusal = refusal.clone();
        let guessed = refusal.operation.is_none().then(|| strictest(&pasted::operations(&refusal))).flatten();
        refusal.operation = refusal.operation.or(guessed);
        if let Some(operation) = refusal.operation {
            let anywhere = place::anywhere();
            let target = &mut refusal.target;
            if operation.concerns_zone() {
                target.zone = target.zone.or(anywhere.zone);
            }
            target.account = target.account.or(anywhere.account);
            target.bucket = target.bucket.clone().or(anywhere.bucket.filter(|_| operation.names_bucket()));
        }
        let plan = self.plan(&refusal.target)?;
        let words = refusal.operation.map(|operation| self.words(operation, &known));
        let mut diagnosis = why_told(&refusal, &self.question(plan.as_ref(), words.as_deref()));
        if guessed.is_some() {
            let remark = "the text names no method: what this operation accepts, the others at the path accept, too";
            diagnosis.evidence.push(remark.to_owned());
        }
        Ok(diagnosis)
    }

    /// The same with the calls that tell the causes apart.
    fn asked(&self, refusal: &Refusal) -> Result<Diagnosis, CommandError> {
        block_on(async {
            let subject = self.context.subject()?;
            let manager = self.context.optional_manager()?;
            let plan = self.plan(&refusal.target)?;
            let words = refusal.operation.map(|operation| self.words(operation, &refusal.target));
            let question =
                Why { manager: manager.as_ref(), patient: true, ..self.question(plan.as_ref(), words.as_deref()) };
            Ok(why_seen(&subject, refusal, &question).await?)
        })
    }

    fn question<'a>(&self, plan: Option<&'a Plan>, words: Option<&'a str>) -> Why<'a> {
        Why { plan, arguments: words, manager: None, now: now(), patient: false }
    }

    fn plan(&self, target: &Target) -> Result<Option<Plan>, CommandError> {
        if self.work.is_empty() {
            return Ok(None);
        }
        // A recipe is about more places than the call.
        let anywhere = place::offline(self.context).unwrap_or_else(place::anywhere);
        self.work.plan_unless_empty(&over(target, anywhere))
    }

    /// The arguments by which `flarekeep fix` knows the work.
    fn words(&self, operation: &Operation, seen: &Target) -> String {
        let mut words = vec![match self.work.name() {
            Some(name) => format!("--recipe {name}"),
            None => match &self.arguments.operation {
                Some(text) if self.named.as_ref().is_some_and(|(named, _)| *named == operation) => {
                    format!("--operation '{}'", text.replace('\'', r"'\''"))
                }
                _ => format!("--operation '{operation}'"),
            },
        }];
        let place = &self.context.place;
        // The ids that the text names, where the command line names none; an operation may hold its own.
        let open = |id: &String| words.iter().all(|word| !word.contains(id.as_str()));
        let account = seen.account.filter(|_| operation.names_account()).map(|id| id.to_string()).filter(open);
        let zone = seen.zone.filter(|_| operation.names_zone()).map(|id| id.to_string()).filter(open);
        let (account, zone) = (place.account.clone().or(account), place.zone.clone().or(zone));
        for (option, value) in [("--account", account), ("--zone", zone)] {
            let is_plain =
                |value: &str| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
            words.extend(value.map(|value| match is_plain(&value) {
                true => format!("{option} {value}"),
                false => format!("{option} '{}'", value.replace('\'', r"'\''")),
            }));
        }
        words.join(" ")
    }
}

/// Of the operations that answer at a path the one whose groups all the others accept: its mend mends whichever it was.
fn strictest(operations: &[&'static Operation]) -> Option<&'static Operation> {
    let opens = |one: &Operation, other: &Operation| one.accepts().all(|group| other.accepts_group(group));
    let labelled: Vec<&'static Operation> =
        operations.iter().copied().filter(|operation| operation.accepts().next().is_some()).collect();
    labelled.iter().copied().find(|one| labelled.iter().all(|other| opens(one, other)))
}

/// The ids of the operation's path before those that were given otherwise.
fn over(ids: &Target, given: Target) -> Target {
    Target {
        account: ids.account.or(given.account),
        zone: ids.zone.or(given.zone),
        bucket: ids.bucket.clone().or(given.bucket),
        ..given
    }
}
