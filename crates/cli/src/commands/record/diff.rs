//! `flarekeep record diff`: what two recordings call, how that ends, and what it changes in the plan.

use std::collections::BTreeSet;
use std::path::Path;

use flarekeep_planner::source::calls::{Calls, Failed};
use flarekeep_planner::source::{Zones, recording};
use serde_json::{Value, json};

use super::ends::{Called, Ends, in_words as ends_in_words};
use crate::arguments::{Owner, RecordDiff};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, GOOD, Output, STRONG, counted, styled};
use crate::sources::{Source, file};
use crate::work::Work;
use crate::{CommandResult, Verdict, place};

/// A permission, and where.
type Grant = (String, String);

pub(super) fn run(context: &Context, arguments: &RecordDiff) -> CommandResult {
    let [old, new] = [&arguments.old, &arguments.new];
    if [old, new].iter().all(|path| file::name(path) == "standard input") {
        return Err(CommandError::usage("both recordings are standard input").hint("name a file for one of them"));
    }
    let (old, new) = (Side::read(context, old)?, Side::read(context, new)?);
    let difference = Difference::of(&old, &new);
    context.output.document(&difference.document(&old, &new));
    difference.show(context.output, &old, &new);
    Ok(Verdict::yes_if(difference.is_none()))
}

/// A recording, and the plan that it yields.
struct Side {
    name: String,
    ends: Ends,
    grants: BTreeSet<Grant>,
}

/// What differs.
struct Difference<'a> {
    new: Vec<&'a Called>,
    gone: Vec<&'a Called>,
    /// What both call, with another end.
    otherwise: Vec<&'a Called>,
    added: Vec<&'a Grant>,
    dropped: Vec<&'a Grant>,
}

impl Side {
    fn read(context: &Context, path: &Path) -> Result<Self, CommandError> {
        let name = file::name(path);
        let (mut ends, mut calls) = (Ends::default(), Calls::new(&name, Failed::Include));
        recording::each(&name, file::open(path)?, |call| match call {
            Some(call) => {
                ends.take(call);
                calls.add(call);
            }
            None => calls.leave_out_look_up(),
        })?;
        let mut work = Work::of_source(Source { name: name.clone(), reading: calls.finish() }, Zones::default());
        let target = work.imagine_places(context, place::offline(context).unwrap_or_default());
        let plan = work.plan(&target, Owner::User)?;
        let grant = |grant: &flarekeep_planner::Grant| {
            (grant.group.name.to_owned(), place::in_words(&grant.resource.to_string()))
        };
        Ok(Self { name, ends, grants: plan.grants.iter().map(grant).collect() })
    }
}

impl<'a> Difference<'a> {
    fn of(old: &'a Side, new: &'a Side) -> Self {
        let beyond = |one: &'a Ends, other: &'a Ends| one.calls().filter(|call| other.of(call).is_none()).collect();
        Self {
            new: beyond(&new.ends, &old.ends),
            gone: beyond(&old.ends, &new.ends),
            otherwise: new
                .ends
                .calls()
                .filter(|call| old.ends.of(call).is_some_and(|ends| Some(ends) != new.ends.of(call)))
                .collect(),
            added: new.grants.difference(&old.grants).collect(),
            dropped: old.grants.difference(&new.grants).collect(),
        }
    }

    fn is_none(&self) -> bool {
        let calls = [&self.new, &self.gone, &self.otherwise];
        calls.iter().all(|calls| calls.is_empty()) && self.added.is_empty() && self.dropped.is_empty()
    }

    fn document(&self, old: &Side, new: &Side) -> Value {
        let calls = |calls: &[&Called], ends: &Ends| -> Vec<Value> {
            let row =
                |call: &&Called| json!({ "operation": call.operation, "place": call.place, "ended": ends.of(call) });
            calls.iter().map(row).collect()
        };
        let otherwise = self.otherwise.iter().map(|call| {
            json!({ "operation": call.operation, "place": call.place, "old": old.ends.of(call), "new": new.ends.of(call) })
        });
        let grants = |grants: &[&Grant]| -> Vec<Value> {
            grants.iter().map(|(group, place)| json!({ "group": group, "place": place })).collect()
        };
        json!({
            "same": self.is_none(),
            "old": old.name,
            "new": new.name,
            "calls": {
                "new": calls(&self.new, &new.ends),
                "gone": calls(&self.gone, &old.ends),
                "otherwise": otherwise.collect::<Vec<_>>(),
            },
            "plan": { "added": grants(&self.added), "dropped": grants(&self.dropped) },
        })
    }

    fn show(&self, output: Output, old: &Side, new: &Side) {
        output.line(format!("old  {}\nnew  {}", styled(STRONG, &old.name), styled(STRONG, &new.name)));
        if self.is_none() {
            return output.line(format!("\n{}", styled(GOOD, "both call the same, and it ends the same")));
        }
        let show = |word: String, calls: &[&Called], ended: &dyn Fn(&Called) -> String| {
            if calls.is_empty() {
                return;
            }
            output.line(format!("\n{word}: {}", counted(calls.len(), "operation")));
            let row = |call: &&Called| [call.operation.clone(), ended(call), styled(FAINT, &call.place)];
            output.line(table(2, None, calls.iter().map(row)));
        };
        let at = |side: &Side, call: &Called| ends_in_words(side.ends.of(call));
        show(styled(BAD, "new"), &self.new, &|call| at(new, call));
        show(styled(CARE, "gone"), &self.gone, &|call| at(old, call));
        let both = |call: &Called| format!("{} → {}", at(old, call), at(new, call));
        show(styled(CARE, "ends otherwise"), &self.otherwise, &both);
        self.show_plan(output);
    }

    fn show_plan(&self, output: Output) {
        if self.added.is_empty() && self.dropped.is_empty() {
            return output.line(format!("\nthe plan: {}", styled(GOOD, "the same")));
        }
        let row =
            |sign: String, (group, resource): &Grant| [sign, group.clone(), styled(FAINT, format!("at {resource}"))];
        let added = self.added.iter().map(|grant| row(styled(BAD, "+"), grant));
        let dropped = self.dropped.iter().map(|grant| row(styled(CARE, "-"), grant));
        output.line("\nthe plan");
        output.line(table(2, None, added.chain(dropped)));
    }
}
