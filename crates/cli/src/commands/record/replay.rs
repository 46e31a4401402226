//! `flarekeep record replay`: the calls of a recording on a local Cloudflare, under a plan or a token, and under that less any one grant.

mod objects;
mod script;
mod stage;
mod tried;

use std::path::Path;

use flarekeep_catalogue::AccountId;
use flarekeep_planner::Plan;
use flarekeep_planner::source::calls::Failed;
use flarekeep_planner::source::{Zones, recording};
use serde_json::{Value, json};

use self::script::Script;
use self::stage::{Found, replayed};
use self::tried::Tried;
use crate::arguments::{self, Place, Replay};
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{BAD, GOOD, STRONG, counted, plain, styled};
use crate::sources::{Source, file};
use crate::work::Work;
use crate::{CommandResult, Verdict, place};

/// The longest recording that is made again, in bytes: a million calls.
const LONGEST: u64 = 256 << 20;

pub(super) fn run(context: &Context, arguments: &Replay) -> CommandResult {
    let name = file::name(&arguments.file);
    if arguments.plan.as_deref().is_some_and(|plan| file::name(plan) == name) {
        return Err(CommandError::usage(format!("the recording and the plan are both {name}"))
            .hint("name a file of its own for each"));
    }
    let text = file::text_within(&arguments.file, LONGEST)?;
    let mut script = Script::read(&name, &text)?;
    if script.is_empty() {
        let why =
            if script.left_out.is_empty() { "it holds no call" } else { "of none of its calls a permission is known" };
        return Err(CommandError::usage(format!("{name}: there is nothing that can be made again"))
            .because(why)
            .hint("flarekeep plan --recording FILE says what its calls need"));
    }
    let tried = match &arguments.token {
        Some(token) => Tried::token(context, token)?,
        None => Tried::plan(&plan(&mut script, context, arguments, &text)?),
    };
    script.house(&tried);
    let found = block_on(replayed(&script, &tried))?;
    Ok(found.tell(context, &arguments.file, &script, &tried))
}

/// The plan that is tried: that of the arguments, else the recording's own.
fn plan(script: &mut Script, context: &Context, arguments: &Replay, text: &str) -> Result<Plan, CommandError> {
    let account = place::given_account(context).and_then(|text| text.parse().ok());
    let account = account.or(script.accounts.first().copied());
    let place = Place { account: account.map(|id: AccountId| id.to_string()), ..context.place.clone() };
    let context = &context.placed(place, None);
    let mut work = match &arguments.plan {
        Some(plan) => planned(context, plan)?,
        None => Work::of_source(recorded(&arguments.file, text)?, Zones::default()),
    };
    let target = place::offline(context).unwrap_or_default();
    let target = work.imagine_places(context, target);
    let plan = work.plan(&target, arguments::Owner::User)?;
    script.accounts.extend(plan.needs.iter().filter_map(|need| need.resource.account));
    Ok(plan)
}

fn planned(context: &Context, plan: &Path) -> Result<Work, CommandError> {
    Work::read_in(context, &arguments::Work { plan: Some(plan.to_owned()), ..arguments::Work::default() })
}

/// The recording as a source: its text is read once, since it may be standard input.
fn recorded(file: &Path, text: &str) -> Result<Source, CommandError> {
    let name = file::name(file);
    let reading = recording::read(&name, text.as_bytes(), Failed::Include)?;
    Ok(Source { name, reading })
}

impl Found {
    fn tell(&self, context: &Context, file: &Path, script: &Script, tried: &Tried) -> Verdict {
        let output = context.output;
        let spare: Vec<&String> =
            self.without.iter().filter(|(_, refused)| refused.is_empty()).map(|(grant, _)| grant).collect();
        let left_out: Vec<String> =
            script.left_out.iter().map(|(why, count)| format!("{} {why}", counted(*count, "call"))).collect();
        output.document(&json!({
            "recording": file.display().to_string(),
            "under": tried.name,
            "calls": script.calls.len() + script.signed.len(),
            "refused": self.refused,
            "without": self.without.iter().map(|(grant, refused)| json!({ "grant": grant, "refused": refused })).collect::<Vec<Value>>(),
            "spare": spare,
            "left_out": left_out,
        }));
        let calls = counted(script.calls.len() + script.signed.len(), "different call");
        output.line(format!(
            "{}: {calls}, made again on a local Cloudflare",
            styled(STRONG, plain(&file.display().to_string()))
        ));
        let under = format!("under {}, {}", tried.name, counted(tried.len(), "permission"));
        match self.refused.as_slice() {
            [] => output.line(format!("{under}: {}", styled(GOOD, "none is refused"))),
            some => output.line(format!("{under}: {}", styled(BAD, format!("{} refused", some.len())))),
        }
        self.refused.iter().for_each(|call| output.line(format!("  {call}")));
        let row = |(grant, refused): &(String, Vec<String>)| {
            let what = match refused.first() {
                Some(first) => format!("{} refused: {first}", refused.len()),
                None => styled(BAD, "nothing is refused"),
            };
            [format!("without {grant}"), what]
        };
        output.line(table(2, None, self.without.iter().map(row)));
        left_out.iter().for_each(|what| output.line(format!("  not made again: {what}")));
        Verdict::yes_if(self.refused.is_empty() && (spare.is_empty() || !script.left_out.is_empty()))
    }
}
