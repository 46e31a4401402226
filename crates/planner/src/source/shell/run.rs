//! A script's commands, one after the other.

use super::dress::{Undressed, base_name, undressed};
use super::folder::joined;
use super::parse::{Command, Item, Malformed, parse};
use super::state::{Lines, State, Variable, is_open};
use super::tool::{Asked, read as tool};
use super::{curl, word::Word};
use crate::source::FollowKind;

/// How deep a command may hold the text of other commands: `bash -c '…'`.
const DEEPEST: usize = 8;

/// Programs that run what is not in the script, for which a word says so.
const OPAQUE: &[&str] = &[
    "make",
    "just",
    "task",
    "node",
    "deno",
    "python",
    "python3",
    "ruby",
    "perl",
    "php",
    "tsx",
    "ts-node",
    "docker",
    "podman",
    "ansible-playbook",
    "pulumi",
    "cdktf",
    "sst",
    "nx",
    "turbo",
    "lerna",
    "gradle",
    "mvn",
    "rake",
    "go",
    "cargo",
];

/// Reads a script's text into what is known.
pub(in crate::source) fn run(state: &mut State<'_>, text: &str) -> Result<(), Malformed> {
    nested(state, text, 0)
}

fn nested(state: &mut State<'_>, text: &str, depth: usize) -> Result<(), Malformed> {
    let mut folders = Vec::new();
    for item in parse(text)? {
        match item {
            Item::Enter => folders.push(state.folder.clone()),
            Item::Leave => {
                if let Some(folder) = folders.pop() {
                    state.folder = folder;
                }
            }
            Item::Loop(name) => {
                state.variables.insert(name, Variable::Varies);
            }
            Item::Command(command) => one(state, &command, depth),
        }
    }
    Ok(())
}

fn one(state: &mut State<'_>, command: &Command, depth: usize) {
    if command.words.is_empty() {
        for (name, value) in &command.assignments {
            state.assign(name.clone(), value, command.conditional);
        }
        return;
    }
    // The assignments before a command hold for it alone.
    let mut before = Vec::new();
    for (name, value) in &command.assignments {
        before.push((name.clone(), state.variables.get(name).cloned()));
        state.assign(name.clone(), value, false);
    }
    let expanded = state.expand(&command.words);
    let words = &expanded.words;
    match undressed(words) {
        Undressed::Nothing => {}
        Undressed::PackageScript(script) => package_script(state, command.line, script),
        Undressed::Program { name, arguments, version } => {
            let program = Program { path: name, name: base_name(name), arguments, version, varies: expanded.varies };
            execute(state, command, &program, depth);
        }
    }
    for (name, value) in before {
        match value {
            Some(value) => state.variables.insert(name, value),
            None => state.variables.remove(&name),
        };
    }
}

struct Program<'a> {
    path: &'a str,
    name: &'a str,
    arguments: &'a [String],
    version: Option<u32>,
    varies: bool,
}

fn execute(state: &mut State<'_>, command: &Command, program: &Program<'_>, depth: usize) {
    let (line, arguments) = (command.line, program.arguments);
    match program.name {
        "cd" | "pushd" => change_folder(state, arguments),
        "popd" => state.folder = None,
        "export" | "readonly" | "declare" | "local" | "typeset" => export(state, command),
        "unset" => {
            for name in arguments {
                state.variables.remove(name);
            }
        }
        "bash" | "sh" | "zsh" | "dash" | "ksh" => shell(state, command, arguments, depth),
        "eval" => text_of_commands(state, line, &arguments.join(" "), depth),
        "source" | "." => script(state, line, arguments.first().map_or("", String::as_str)),
        "curl" => curl::read(state, line, arguments, program.varies),
        _ if tool(state, line, Asked { program: program.name, arguments, version: program.version }) => {}
        _ if program.path.ends_with(".sh") || program.path.ends_with(".bash") || program.path.starts_with("./") => {
            script(state, line, program.path);
        }
        _ => other(state, line, program),
    }
}

/// A program that nothing is known of.
fn other(state: &mut State<'_>, line: usize, program: &Program<'_>) {
    let (name, arguments) = (program.name, program.arguments);
    if name.starts_with('$') {
        // `$WRANGLER deploy`: what is run is in a variable that is not known.
        if let Some((first, rest)) = arguments.split_first()
            && flarekeep_catalogue::tools().any(|tool| tool == first)
        {
            tool(state, line, Asked { program: first, arguments: rest, version: None });
        } else if name.to_ascii_lowercase().contains("wrangler") || name.to_ascii_lowercase().contains("curl") {
            state.unread(line, "the program that is run is in a variable");
        }
        return;
    }
    let behind = arguments.iter().position(|word| word == "--").and_then(|at| arguments.get(at + 1..));
    if let Some((first, rest)) = behind.and_then(<[String]>::split_first)
        && tool(state, line, Asked { program: base_name(first), arguments: rest, version: None })
    {
        return;
    }
    let mentions = arguments.iter().any(|word| word.contains("api.cloudflare.com"));
    if mentions && !["echo", "printf", "grep", "jq", "sed"].contains(&name) {
        state.unread(line, format!("`{}` calls Cloudflare's API, and how is not read", plain(name)));
        return;
    }
    let runs_a_file = arguments.first().is_some_and(|word| !word.starts_with('-'));
    let opaque = OPAQUE.contains(&name)
        && match name {
            "docker" | "podman" => arguments.first().is_some_and(|word| word == "run"),
            "go" | "cargo" => arguments.first().is_some_and(|word| word == "run"),
            "make" => true,
            _ => runs_a_file,
        };
    if opaque {
        state.unread(line, format!("what `{name}` runs is in other files, which are not read"));
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(40).collect()
}

fn change_folder(state: &mut State<'_>, arguments: &[String]) {
    let target = arguments.iter().find(|word| !word.starts_with('-'));
    state.folder = match (target, state.folder.as_deref()) {
        (Some(target), Some(folder)) => joined(folder, target),
        _ => None,
    };
}

fn export(state: &mut State<'_>, command: &Command) {
    for (name, value) in command.words.iter().skip(1).filter_map(Word::assignment) {
        state.assign(name, &value, command.conditional);
    }
}

/// `bash -c '…'`, `bash deploy.sh`, `bash <<EOF`.
fn shell(state: &mut State<'_>, command: &Command, arguments: &[String], depth: usize) {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let option = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        if option.is_some_and(|letters| letters.ends_with('c')) {
            let text = words.next().map_or("", String::as_str);
            return text_of_commands(state, command.line, text, depth);
        }
        if word == "-o" || word == "-O" || option.is_some_and(|letters| letters.ends_with('o')) {
            words.next();
        } else if !word.starts_with('-') {
            return script(state, command.line, word);
        }
    }
    if command.here_document {
        state.unread(command.line, "the commands in a here-document are not read");
    }
}

fn text_of_commands(state: &mut State<'_>, line: usize, text: &str, depth: usize) {
    if text.is_empty() || text == "$_" {
        return;
    }
    let lines = state.lines;
    state.lines = Lines::At(state.origin(line).line.unwrap_or(line));
    let read = if depth < DEEPEST { nested(state, text, depth + 1).is_ok() } else { false };
    state.lines = lines;
    if !read {
        state.unread(line, "the commands in a text cannot be read");
    }
}

fn script(state: &mut State<'_>, line: usize, path: &str) {
    if path.is_empty() || path.starts_with('/') && !is_open(path) {
        return;
    }
    let Some(folder) = state.folder.clone() else {
        return state.unread(line, "a script is run from a folder that depends on the run");
    };
    match joined(&folder, path) {
        Some(path) => state.follow(line, FollowKind::Script { folder }, path),
        None => state.unread(line, "which script is run is in a variable"),
    }
}

fn package_script(state: &mut State<'_>, line: usize, script: &str) {
    match state.folder.clone() {
        Some(folder) if !is_open(script) => {
            state.follow(line, FollowKind::PackageScript { script: script.to_owned() }, folder);
        }
        _ => state.unread(line, "which script of `package.json` is run depends on the run"),
    }
}
