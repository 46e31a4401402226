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
    "bun",
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
];

/// Programs that run the command among their words: what is behind `--` is a command for others too.
const RUNNERS: &[&str] = &[
    "op",
    "poetry",
    "uv",
    "uvx",
    "pipx",
    "pipenv",
    "find",
    "parallel",
    "retry",
    "flock",
    "doppler",
    "chronic",
    "dotenvx",
    "direnv",
    "aws-vault",
    "infisical",
    "mise",
    "asdf",
    "strace",
    "script",
    "su",
    "runuser",
    "watch",
    "nix",
    "nix-shell",
];

/// Programs of which no word is run.
const QUIET: &[&str] = &[
    "echo",
    "printf",
    "grep",
    "egrep",
    "rg",
    "jq",
    "yq",
    "sed",
    "awk",
    "which",
    "type",
    "hash",
    "man",
    "cp",
    "mv",
    "rm",
    "ln",
    "ls",
    "cat",
    "tee",
    "tar",
    "unzip",
    "zip",
    "chmod",
    "chown",
    "mkdir",
    "touch",
    "test",
    "[",
    "[[",
    "apt",
    "apt-get",
    "apk",
    "brew",
    "dnf",
    "yum",
    "pip",
    "pip3",
    "gem",
    "git",
    "gh",
    "kill",
    "pkill",
    "killall",
    "pgrep",
    "systemctl",
    "service",
    "diff",
    "head",
    "tail",
    "read",
    "set",
    "shift",
    "return",
    "exit",
    "true",
    "false",
    ":",
    "let",
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
    dispatch(state, command, &expanded.words, expanded.varies, depth);
    for (name, value) in before {
        match value {
            Some(value) => state.variables.insert(name, value),
            None => state.variables.remove(&name),
        };
    }
}

fn dispatch(state: &mut State<'_>, command: &Command, words: &[String], varies: bool, depth: usize) {
    match undressed(words) {
        Undressed::Nothing => {}
        Undressed::PackageScript { script, arguments, folder } => {
            package_script(state, command.line, script, &arguments, folder);
        }
        Undressed::OtherPackage => {
            state.unread(command.line, "what is run is in another package of the workspace, which is not looked for");
        }
        Undressed::Program { name, arguments, version } => {
            let program = Program { path: name, name: base_name(name), arguments, version, varies };
            execute(state, command, &program, depth);
        }
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
        _ => other(state, command, program, depth),
    }
}

/// A program that nothing is known of.
fn other(state: &mut State<'_>, command: &Command, program: &Program<'_>, depth: usize) {
    let (line, name, arguments) = (command.line, program.name, program.arguments);
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
    if QUIET.contains(&name) {
        if ["go", "cargo"].contains(&name) && arguments.first().is_some_and(|word| word == "run") {
            state.unread(line, format!("what `{name}` runs is in other files, which are not read"));
        }
        return;
    }
    if let Some(inner) = inner_command(name, arguments) {
        if depth < DEEPEST {
            dispatch(state, command, inner, program.varies, depth + 1);
        } else {
            state.unread(line, "the commands in a command cannot be read");
        }
        return;
    }
    if let Some(text) = arguments.iter().find(|word| names_a_tool(word)) {
        if RUNNERS.contains(&name) {
            text_of_commands(state, line, text, depth);
        } else {
            state.unread(line, format!("what `{}` does with a command that it is given is not known", plain(name)));
        }
        return;
    }
    let mentions = arguments.iter().any(|word| word.contains("api.cloudflare.com"));
    if mentions {
        state.unread(line, format!("`{}` calls Cloudflare's API, and how is not read", plain(name)));
        return;
    }
    let runs_a_file = arguments.first().is_some_and(|word| !word.starts_with('-'));
    let opaque = OPAQUE.contains(&name)
        && match name {
            "docker" | "podman" => arguments.first().is_some_and(|word| word == "run"),
            "make" => true,
            _ => runs_a_file,
        };
    if opaque {
        state.unread(line, format!("what `{name}` runs is in other files, which are not read"));
    }
}

/// The command that a program runs: what is behind `--`, or begins with a program that is known.
fn inner_command<'a>(name: &str, arguments: &'a [String]) -> Option<&'a [String]> {
    if let Some(at) = arguments.iter().position(|word| word == "--") {
        return arguments.get(at + 1..).filter(|behind| !behind.is_empty());
    }
    if name == "ssh" {
        return None;
    }
    let runs = |word: &String| {
        is_tool(base_name(word))
            || RUNNERS.contains(&name)
                && ["npx", "bunx", "pnpx", "npm", "pnpm", "yarn", "bun", "bash", "sh"].contains(&base_name(word))
    };
    let at = arguments.iter().position(runs)?;
    let found = arguments.get(at..)?;
    // Alone, the word may name a folder or a file as well.
    (RUNNERS.contains(&name) || found.len() > 1).then_some(found)
}

fn is_tool(word: &str) -> bool {
    word == "curl" || flarekeep_catalogue::tools().any(|tool| tool == word)
}

/// Whether a word is a text in which a program that is known is called; for `ssh`, it may be the program itself.
fn names_a_tool(word: &str) -> bool {
    word.len() < 4096 && word.split_whitespace().any(|part| is_tool(base_name(part)))
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
    let systems = ["/etc/", "/usr/", "/dev/", "/proc/"].iter().any(|folder| path.starts_with(folder));
    if path.is_empty() || systems && !is_open(path) {
        return;
    }
    if path.starts_with(['/', '~']) && !is_open(path) {
        return state.unread(line, "a script outside the folder of the work is not read");
    }
    let Some(folder) = state.folder.clone() else {
        return state.unread(line, "a script is run from a folder that depends on the run");
    };
    match joined(&folder, path) {
        Some(path) => state.follow(line, FollowKind::Script { folder }, path),
        None => state.unread(line, "which script is run is in a variable"),
    }
}

fn package_script(state: &mut State<'_>, line: usize, script: &str, arguments: &[&str], folder: Option<&str>) {
    let folder = state.folder.as_deref().and_then(|from| joined(from, folder.unwrap_or(".")));
    match folder {
        Some(folder) if !is_open(script) => {
            let arguments = arguments.iter().map(|&word| word.to_owned()).collect();
            state.follow(line, FollowKind::PackageScript { script: script.to_owned(), arguments }, folder);
        }
        _ => state.unread(line, "which script of `package.json` is run depends on the run"),
    }
}
