//! One step of a workflow: commands, or an action.

use std::rc::Rc;

use flarekeep_catalogue::{ToolCall, tool_command};

use super::yaml::{Node, Value};
use crate::source::Place;
use crate::source::shell::{Asked, Lines, State, Variable, Variables, joined, major, read_tool, run};

/// What a workflow, a job and a step say for the commands in them.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    environment: Rc<Variables>,
    /// The text of the environment's values, which says whether it holds a credential of Cloudflare's.
    speaks_of_cloudflare: bool,
    shell: Option<String>,
    folder: Option<String>,
}

impl Surroundings {
    /// With what a node says itself.
    pub(super) fn within(&self, node: &Node) -> Self {
        let mut found = self.clone();
        let mut environment = Variables::over(Rc::clone(&self.environment));
        for (name, value) in node.key("env").map(|env| env.pairs()).unwrap_or_default() {
            let (Some(name), Some(value)) = (name.text(), value.text()) else { continue };
            found.speaks_of_cloudflare |= is_cloudflares(name) || is_cloudflares(value);
            let value = if value.contains("${{") { Variable::Open } else { Variable::Known(value.to_owned()) };
            environment.insert(name.to_owned(), value);
        }
        if node.key("env").is_some() {
            found.environment = Rc::new(environment);
        }
        if let Some(run) = node.key("defaults").and_then(|defaults| defaults.key("run")) {
            found.shell = run.text_of("shell").map(str::to_owned).or(found.shell);
            found.folder = run.text_of("working-directory").map(str::to_owned).or(found.folder);
        }
        found
    }
}

/// How much there is to read in a job or a step, in bytes: its environment, its commands, its inputs.
pub(super) fn size(node: &Node) -> usize {
    let text = |node: &Node| node.text().map_or(0, str::len);
    let pairs = |key: &str| {
        let pairs = node.key(key).map(|node| node.pairs()).unwrap_or_default();
        pairs.iter().map(|(key, value)| text(key) + text(value)).sum::<usize>()
    };
    node.text_of("run").map_or(0, str::len) + pairs("env") + pairs("with")
}

/// Reads a step.
pub(super) fn read(state: &mut State<'_>, step: &Rc<Node>, job: &Surroundings) {
    let surroundings = job.within(step);
    state.variables = Variables::over(Rc::clone(&surroundings.environment));
    state.wrangler = None;
    if let Some(script) = step.key("run") {
        let folder = step.text_of("working-directory").or(surroundings.folder.as_deref()).unwrap_or(".");
        let name = step.text_of("shell").or(surroundings.shell.as_deref()).unwrap_or("bash");
        state.folder = joined("", folder);
        let program = name.split_whitespace().next().unwrap_or("bash");
        if ["bash", "sh"].contains(&program) {
            commands(state, script);
        } else {
            state.lines = Lines::At(script.line);
            state.unread(1, "commands for another shell than bash and sh are not read");
        }
    }
    if let Some(uses) = step.key("uses") {
        state.lines = Lines::At(uses.line);
        action(state, step, uses.text().unwrap_or_default(), &surroundings);
    }
}

/// Reads a job that is another workflow's: it gets no secret but those that are handed to it.
pub(super) fn reusable(state: &mut State<'_>, job: &Node, uses: &Node) {
    state.lines = Lines::At(uses.line);
    let Some(secrets) = job.key("secrets") else { return };
    let handed = secrets.text() == Some("inherit") || speaks_of_cloudflare(secrets);
    if handed {
        state.unread(
            1,
            "the workflow that the job uses is not read, and may call Cloudflare: name it with --workflow too",
        );
    }
}

fn commands(state: &mut State<'_>, script: &Node) {
    let Value::Text { text, literal } = &script.value else { return };
    state.lines = lines_of(script.line, text, *literal);
    if let Err(malformed) = run(state, text) {
        state.unread(malformed.line, format!("the commands cannot be read: {}", malformed.reason));
    }
}

/// Where the lines of a text are, whose first line that is not empty is `line`.
fn lines_of(line: usize, text: &str, literal: bool) -> Lines {
    let empty = text.bytes().take_while(|byte| *byte == b'\n').count();
    if literal { Lines::From(line.saturating_sub(empty)) } else { Lines::At(line) }
}

/// An action of the marketplace, or of the repository.
fn action(state: &mut State<'_>, step: &Node, uses: &str, surroundings: &Surroundings) {
    let name = uses.split('@').next().unwrap_or(uses).to_ascii_lowercase();
    let empty = Node { line: step.line, value: Value::Map(Vec::new()) };
    let with = step.key("with").map_or(&empty, |with| with);
    match name.as_str() {
        "cloudflare/wrangler-action" => return wrangler_action(state, uses, with),
        "cloudflare/pages-action" => {
            let arguments = ["pages", "deploy"].map(str::to_owned);
            read_tool(state, 1, Asked { program: "wrangler", arguments: &arguments, version: None });
            return;
        }
        _ => {}
    }
    let owner = name.split('/').next().unwrap_or_default();
    for known in [name.clone(), format!("{owner}/*")] {
        let Ok(Some(found)) = tool_command("github-action", &[known]) else { continue };
        for call in found.calls {
            if let ToolCall::Operation { operation, why } = call {
                let zone = with.text_of("zone").or_else(|| with.text_of("cf_zone"));
                let zone = zone
                    .and_then(|zone| zone.parse().ok())
                    .or_else(|| state.known("CLOUDFLARE_ZONE").and_then(|zone| zone.parse().ok()));
                let place = Place { zone: zone.map(crate::source::ZoneName::Id), ..Place::default() };
                state.need(1, operation, place, why);
            }
        }
        return;
    }
    // An action gets a credential by its inputs or its environment, or not at all.
    let given = surroundings.speaks_of_cloudflare || speaks_of_cloudflare(with) || is_cloudflares(&name);
    if given {
        state.unread(1, "the action may call Cloudflare, and what it calls is not known");
    }
}

/// Cloudflare's own action: it runs wrangler, `deploy` unless told otherwise (its documentation).
fn wrangler_action(state: &mut State<'_>, uses: &str, with: &Node) {
    let line = state.lines;
    state.folder = joined("", with.text_of("workingDirectory").unwrap_or("."));
    state.wrangler = with.text_of("wranglerVersion").and_then(major).or_else(|| default_version(uses));
    if let Some(account) = with.text_of("accountId") {
        let value = if account.contains("${{") { Variable::Open } else { Variable::Known(account.to_owned()) };
        state.variables.insert("CLOUDFLARE_ACCOUNT_ID".to_owned(), value);
    } else if state.variables.get("CLOUDFLARE_ACCOUNT_ID").is_none() {
        state.unread(
            1,
            "no account id is given: where the configuration has none either, wrangler asks for the list of accounts",
        );
    }
    if let Some(before) = with.key("preCommands") {
        commands(state, before);
    }
    let environment = with.text_of("environment").filter(|name| !name.is_empty());
    let environment = environment.map(|name| if name.contains("${{") { "$ENVIRONMENT" } else { name });
    if with.text_of("secrets").is_some_and(|secrets| !secrets.trim().is_empty()) {
        state.lines = line;
        let arguments = ["secret", "bulk"].map(str::to_owned);
        read_tool(state, 1, Asked { program: "wrangler", arguments: &arguments, version: None });
    }
    // Each line of the command is one of wrangler's.
    let (text, lines) = match with.key("command").map(|node| (&node.value, node)) {
        Some((Value::Text { text, literal }, node)) if !text.trim().is_empty() => {
            (text.as_str(), lines_of(node.line, text, *literal))
        }
        _ => ("deploy", line),
    };
    state.lines = lines;
    let mut script = String::new();
    for command in text.split('\n') {
        if !command.trim().is_empty() {
            script.push_str("wrangler ");
            script.push_str(command.trim());
            if let Some(environment) = environment.filter(|_| !command.contains("--env")) {
                script.push_str(" --env ");
                script.push_str(environment);
            }
        }
        script.push('\n');
    }
    if let Err(malformed) = run(state, &script) {
        state.unread(malformed.line, "the command of the action cannot be read");
    }
    if let Some(after) = with.key("postCommands") {
        commands(state, after);
    }
}

/// The major version of wrangler that the action installs where none is named: 4 by its fourth version.
fn default_version(uses: &str) -> Option<u32> {
    let action = uses.split_once('@').and_then(|(_, version)| major(version))?;
    (action == 4).then_some(4)
}

/// Whether any key or value of a node names Cloudflare.
fn speaks_of_cloudflare(node: &Node) -> bool {
    let named = |node: &Rc<Node>| node.text().is_some_and(is_cloudflares);
    node.pairs().iter().any(|(key, value)| named(key) || named(value))
}

fn is_cloudflares(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("cloudflare") || text.starts_with("cf_") || text.contains(".cf_") || text.contains("wrangler")
}
