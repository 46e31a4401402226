//! GitHub workflows, as the needs of the commands and actions in their steps.
//!
//! YAML is read by saphyr-parser: it is kept, permissive in licence, a parser of events with their places and nothing else,
//! so that what is built from them is bounded here.

mod step;
mod yaml;

use std::rc::Rc;

use self::step::Surroundings;
use self::yaml::Node;
use super::shell::{self, State};
use super::{Reading, SourceError};

/// How many steps are read: aliases can make more of them than anybody wrote.
const MOST_STEPS: usize = 10_000;
/// How much more text of commands and environments aliases may make than the workflow has itself, in bytes.
const MOST_REPEATED: usize = 1 << 20;

/// What may still be read.
struct Left {
    steps: usize,
    bytes: usize,
}

/// Reads a workflow or a shell script, whichever the name or the first line says it is.
pub fn read_commands(name: &str, text: &str) -> Result<Reading, SourceError> {
    let ends = |ending: &str| name.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case(ending));
    if ends("yml") || ends("yaml") {
        return read(name, text);
    }
    if shell::is_script(text) {
        return shell::read(name, text);
    }
    if text.starts_with("#!") {
        return Err(fault(name, Some(1), "its first line names an interpreter that is no shell"));
    }
    if ["sh", "bash", "zsh", "ksh"].iter().any(|ending| ends(ending)) {
        return shell::read(name, text);
    }
    if text.lines().any(|line| line.trim_end() == "jobs:") {
        return read(name, text);
    }
    Err(fault(
        name,
        None,
        "it is neither a GitHub workflow (`.yml`, `.yaml`) nor a shell script (`.sh`, or `#!` and a shell)",
    ))
}

/// Reads a GitHub workflow, whose commands run in the folder of its repository.
///
/// ```
/// use flarekeep_planner::source::workflow;
///
/// let text = "jobs:\n  list:\n    runs-on: ubuntu-latest\n    steps:\n      - run: npx wrangler kv namespace list\n";
/// let reading = workflow::read("list.yml", text).unwrap();
/// assert_eq!(reading.needs[0].origin.to_string(), "list.yml:5");
/// ```
pub fn read(name: &str, text: &str) -> Result<Reading, SourceError> {
    let document = yaml::parse(text).map_err(|found| SourceError {
        source: name.to_owned(),
        line: Some(found.line),
        column: Some(found.column),
        reason: found.reason.to_owned(),
    })?;
    let document = document.ok_or_else(|| fault(name, Some(1), "it is empty"))?;
    let jobs = document.key("jobs").filter(|jobs| !jobs.pairs().is_empty());
    let Some(jobs) = jobs else {
        return Err(fault(name, Some(document.line), "it is no GitHub workflow: it has no `jobs`"));
    };
    let mut reading = Reading::default();
    let mut left = Left { steps: MOST_STEPS, bytes: text.len() + MOST_REPEATED };
    let workflow = Surroundings::default().within(&document);
    for (_, job) in jobs.pairs() {
        job_of(name, &mut reading, job, &workflow, &mut left);
    }
    Ok(reading)
}

fn job_of(name: &str, reading: &mut Reading, job: &Rc<Node>, workflow: &Surroundings, left: &mut Left) {
    let mut state = State::new(name);
    let Some(bytes) = left.bytes.checked_sub(step::size(job)) else {
        state.lines = shell::Lines::At(job.line);
        state.unread(1, "aliases make more of the workflow than is read");
        reading.merge(state.reading);
        return;
    };
    left.bytes = bytes;
    let surroundings = workflow.within(job);
    // The folder and the variables of a shell end with its step; needs and files are the job's.
    if let Some(uses) = job.key("uses") {
        step::reusable(&mut state, job, uses);
    }
    for step in job.key("steps").map(|steps| steps.items()).unwrap_or_default() {
        if left.steps == 0 {
            state.lines = shell::Lines::At(step.line);
            state.unread(1, "the workflow has more steps than are read");
            break;
        }
        let Some(bytes) = left.bytes.checked_sub(step::size(step)) else {
            state.lines = shell::Lines::At(step.line);
            state.unread(1, "aliases make more of the workflow than is read");
            break;
        };
        *left = Left { steps: left.steps - 1, bytes };
        step::read(&mut state, step, &surroundings);
    }
    reading.merge(state.reading);
}

fn fault(name: &str, line: Option<usize>, reason: &str) -> SourceError {
    SourceError { source: name.to_owned(), line, column: line.map(|_| 1), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
