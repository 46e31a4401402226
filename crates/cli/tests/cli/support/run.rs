//! One command in a folder of its own, and what it printed.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::secrets::{credentials_in, without_secrets};

/// A program that does not end is a failure, not a test that hangs.
const PATIENCE: Duration = Duration::from_secs(90);

/// The folder in which commands are typed, what they find in their environment, and the values that they must not print.
pub(crate) struct Home {
    folder: TempDir,
    environment: Vec<(String, String)>,
    /// What stands in place of a text in snapshots.
    words: Vec<(String, String)>,
    secrets: Mutex<Vec<String>>,
}

/// A command that is being typed.
pub(crate) struct Typed<'a> {
    home: &'a Home,
    line: String,
    words: Vec<String>,
    environment: Vec<(String, String)>,
    removed: Vec<String>,
    stdin: Vec<u8>,
    value_is_asked_for: bool,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    shown: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().display().to_string();
        let words = vec![(path, "[home]".to_owned()), (env!("CARGO_PKG_VERSION").to_owned(), "[version]".to_owned())];
        Self { folder, environment: Vec::new(), words, secrets: Mutex::new(Vec::new()) }
    }

    /// Sets a variable for all commands.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(set, _)| set != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Shows `word` in place of `text` in snapshots.
    pub(crate) fn call(&mut self, text: &str, word: &str) {
        self.words.push((text.to_owned(), word.to_owned()));
    }

    /// From now on no command may print this value.
    pub(crate) fn keep_secret(&self, value: &str) {
        self.secrets.lock().unwrap().push(value.to_owned());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// The value that an env file holds, under the usual key.
    #[track_caller]
    pub(crate) fn value_in(&self, name: &str) -> String {
        let content = self.read(name);
        let value = content.lines().find_map(|line| line.strip_prefix("CLOUDFLARE_API_TOKEN="));
        value.unwrap_or_else(|| panic!("{name} holds no token")).to_owned()
    }

    /// A command as it is typed: words, and single quotes around those with spaces.
    pub(crate) fn type_(&self, line: &str) -> Typed<'_> {
        let (environment, removed) = (self.environment.clone(), Vec::new());
        let words = words(line);
        let (stdin, value_is_asked_for) = (Vec::new(), false);
        Typed { home: self, line: line.to_owned(), words, environment, removed, stdin, value_is_asked_for }
    }

    pub(crate) fn run(&self, line: &str) -> Run {
        self.type_(line).run()
    }

    /// All values in the folder's files: a command that delivers one must not print it.
    fn delivered(&self) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let content = std::fs::read(entry.unwrap().path()).unwrap_or_default();
            found.extend(credentials_in(&String::from_utf8_lossy(&content)).into_iter().map(str::to_owned));
        }
        found
    }

    /// The text as it is the same in every run.
    fn worded(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.words {
            text = text.replace(from, to);
        }
        without_ids(&text)
    }
}

impl Typed<'_> {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(set, _)| set != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.environment.retain(|(set, _)| set != name);
        self.removed.push(name.to_owned());
        self
    }

    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_vec();
        self
    }

    /// Shows `[value]` for a value that the line itself holds. Only the line may: what is printed must not.
    pub(crate) fn hiding(mut self, value: &str) -> Self {
        self.line = self.line.replace(value, "[value]");
        self
    }

    /// The value was asked for: standard output may hold it, and standard error still must not.
    pub(crate) fn asking_for_the_value(mut self) -> Self {
        self.value_is_asked_for = true;
        self
    }

    /// Starts it and lets it run; the test ends it.
    pub(crate) fn start(self) -> std::process::Child {
        use std::process::Stdio;
        self.command().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_flarekeep"));
        command.args(&self.words).current_dir(self.home.folder());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let scrubbed =
                ["CLOUDFLARE_", "CF_", "WRANGLER_", "AWS_", "R2_", "FLAREKEEP_", "GIT_", "XDG_", "COLUMNS", "CLICOLOR"];
            if scrubbed.iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        command.env("NO_COLOR", "1").env("HOME", self.home.folder()).envs(environment);
        command
    }

    #[track_caller]
    pub(crate) fn run(self) -> Run {
        let mut command = assert_cmd::Command::from_std(self.command());
        command.timeout(PATIENCE).write_stdin(self.stdin);
        let begun = Instant::now();
        let output = command.output().unwrap();
        let took = begun.elapsed();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is text");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let status = output.status.code().expect("the program ended of itself and in time");

        let mut known = self.home.secrets.lock().unwrap().clone();
        known.extend(self.home.delivered());
        without_secrets("standard error", &stderr, &known);
        if !self.value_is_asked_for {
            without_secrets("standard output", &stdout, &known);
        }
        let printed = if self.value_is_asked_for { hidden(&stdout) } else { stdout.clone() };
        let shown =
            format!("$ flarekeep {}\nexit status {status}\n--- stdout\n{printed}--- stderr\n{stderr}", self.line);
        let shown = self.home.worded(&shown);
        without_secrets("the snapshot", &shown, &known);
        Run { status, stdout, stderr, took, shown }
    }
}

impl Run {
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Fails unless the program ended so.
    #[track_caller]
    pub(crate) fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}", self.shown);
        self
    }

    /// Fails unless standard error says this.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "nothing says `{text}`:\n{}", self.shown);
        self
    }

    /// An error as DESIGN.md wants it: status, what happened, and what to do next.
    #[track_caller]
    pub(crate) fn failed(self, status: i32) -> Self {
        let run = self.ended(status);
        assert!(run.stderr.contains("error: "), "no error is told:\n{}", run.shown);
        assert!(run.stderr.contains("hint: "), "no next step is told:\n{}", run.shown);
        assert!(!run.stderr.contains("panicked"), "{}", run.shown);
        run
    }

    /// The one document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no document: {error}\n{}", self.shown))
    }
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let mut word = String::new();
        loop {
            if let Some(quoted) = rest.strip_prefix('\'') {
                let (inner, after) = quoted.split_once('\'').expect("every quote is closed");
                word.push_str(inner);
                rest = after;
            } else {
                let end = rest.find([' ', '\'']).unwrap_or(rest.len());
                word.push_str(&rest[..end]);
                rest = &rest[end..];
            }
            if rest.is_empty() || rest.starts_with(' ') {
                break;
            }
        }
        words.push(word);
        rest = rest.trim_start();
    }
    words
}

fn hidden(text: &str) -> String {
    credentials_in(text).into_iter().fold(text.to_owned(), |text, value| text.replace(value, "[value]"))
}

/// The text without ids that differ from run to run. The ids of permission groups are facts and stay.
fn without_ids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let is_id = run == 32 && rest[..run].bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let is_group = || rest[..run].parse().ok().and_then(flarekeep_catalogue::group_by_id).is_some();
        out.push_str(if is_id && !is_group() { "[id]" } else { &rest[..run] });
        rest = &rest[run..];
        let gap = rest.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        out.push_str(&rest[..gap]);
        rest = &rest[gap..];
    }
    out
}

#[test]
fn a_line_is_split_as_a_shell_does_it() {
    assert_eq!(
        words("token create --to 'command:cat > x' a'b c'd"),
        ["token", "create", "--to", "command:cat > x", "ab cd"]
    );
}
