//! The parent's side: an emulator, folders, children, and what must be true between and after their runs.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use flarekeep_cloudflare::Owner;
use flarekeep_cloudflare::Token;
use flarekeep_tokens::{Desk, End, KeyPair, Kind as Does, Sink, create, is_pending_for, pending, resume_own};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::ORDERS;
use super::deadly::{Blow, Orders};
use super::scenarios::{NAME, Scenario, creation};
use crate::support::{Line, Local};

const SIGKILL: i32 = 9;

/// The kinds of sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Env,
    Command,
    /// The R2 keys in an env file.
    Keys,
}

impl Kind {
    /// What can go wrong with it.
    pub(crate) fn blows(self) -> &'static [Blow] {
        match self {
            Self::File | Self::Env | Self::Keys => &[Blow::Refuses],
            Self::Command => &[Blow::Refuses, Blow::TakesAndFails, Blow::KillsBefore, Blow::KillsAfter],
        }
    }
}

/// How a child ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Killed,
    Done,
    Stopped(String),
}

/// Where scenarios are acted out.
pub(crate) struct Stage {
    scenario: &'static str,
    does: Does,
    begins_with_one: bool,
    always_works: bool,
    leaves: usize,
    kinds: Vec<Kind>,
    local: Local,
    runtime: Runtime,
    folder: TempDir,
    old: std::cell::RefCell<Option<String>>,
}

impl Stage {
    pub(crate) fn open(scenario: &Scenario, sinks: &[Kind]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let local = runtime.block_on(Local::start());
        // Memory, where there is some: every journal write is synced.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() };
        Self {
            scenario: scenario.name,
            does: scenario.does,
            begins_with_one: scenario.begins_with_one,
            always_works: scenario.always_works,
            leaves: scenario.leaves,
            kinds: sinks.to_vec(),
            local,
            runtime,
            folder,
            old: std::cell::RefCell::default(),
        }
    }

    /// Empty folders, no tokens; and then the one that was there before, by the journal of the same folder.
    pub(crate) fn prepare(&self) {
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        for folder in ["state", "output", "work"] {
            std::fs::create_dir(self.path(folder)).unwrap();
        }
        self.mend();
        self.runtime.block_on(async {
            self.local.clear().await;
            let old = if self.begins_with_one {
                let desk = self.local.desk(&Line::good(), &self.path("state")).await;
                Some(create(&desk, &creation(), &self.sinks()).await.unwrap().token.id.to_string())
            } else {
                None
            };
            self.old.replace(old);
        });
    }

    /// Every sink works.
    pub(crate) fn mend(&self) {
        for place in 0..self.kinds.len() {
            std::fs::create_dir_all(self.path(&format!("sink{place}"))).unwrap();
            let file = self.file(place);
            if file.is_dir() {
                std::fs::remove_dir(&file).unwrap();
                let _ = std::fs::rename(file.with_extension("away"), &file);
            }
        }
    }

    pub(crate) fn orders(&self) -> Orders {
        let facts = self.local.emulator.facts();
        Orders {
            scenario: self.scenario.to_owned(),
            api: self.local.api_url(),
            email: facts.email,
            key: facts.global_key,
            state: self.path("state"),
            sinks: self.sinks().iter().map(Sink::spelling).collect(),
            old: self.old.borrow().clone(),
            lost: self.path("work").join("lost"),
            ..Orders::default()
        }
    }

    /// Runs the command in a process of its own, and looks through what it printed.
    pub(crate) fn run(&self, orders: &Orders) -> Ended {
        let blow = orders.sink.map(|(place, blow)| (place, blow.word()));
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["crash::child", "--exact", "--nocapture", "--quiet"])
            .current_dir(self.path("work"))
            .env(ORDERS, orders.write())
            .env("BLOW", blow.map_or(String::new(), |(place, word)| format!("{place}{word}")))
            .output()
            .unwrap();
        let words = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!holds_value(words.as_bytes()), "a value was printed");
        match (output.status.signal(), output.status.code()) {
            (Some(SIGKILL), _) => Ended::Killed,
            (None, Some(0)) => Ended::Done,
            _ => Ended::Stopped(words),
        }
    }

    /// Whether the last run lost an answer.
    pub(crate) fn lost_one(&self) -> bool {
        self.path("work").join("lost").exists()
    }

    /// Whether the command has done all of its work, though nobody was told.
    fn has_finished(&self) -> bool {
        self.runtime.block_on(async {
            let desk = self.local.desk(&Line::good(), &self.path("state")).await;
            let last = desk.journal.last_finished(&desk.subject(Owner::User, NAME)).await.unwrap();
            desk.journal.unfinished().await.unwrap().is_empty()
                && last
                    .is_some_and(|(entry, _)| entry.change.kind == self.does && entry.progress().end == Some(End::Done))
        })
    }

    /// The same command, run again, finishes; where it had finished there is nothing to do again.
    pub(crate) fn finishes(&self, story: &str) {
        if self.has_finished() {
            return self.check_end(story);
        }
        if self.leaves == 0 {
            self.leaves_nothing(story);
        }
        match self.run(&self.orders()) {
            Ended::Done => self.check_end(story),
            other => panic!("{story}: run again, it does not finish: {other:?}"),
        }
    }

    /// Whoever comes next ends the token that a killed run had lent, whatever it does then.
    fn leaves_nothing(&self, story: &str) {
        self.wait(async {
            for (entry, outcome) in resume_own(&self.desk().await, None).await.unwrap() {
                outcome.unwrap_or_else(|error| panic!("{story}: {:?} is not taken up: {error}", entry.change));
            }
        });
        self.check_end(&format!("{story}, taken up"));
    }

    /// What is true at every moment.
    pub(crate) fn check_between(&self, story: &str) {
        let living = self.living();
        assert!(living.len() <= 2, "{story}: more than two live: {living:?}");
        if self.always_works {
            for place in 0..self.kinds.len() {
                let works = self.value(place).is_some_and(|value| self.works(place, &value, &living));
                assert!(works, "{story}: sink {place} holds no value that works; {living:?}");
            }
        }
        self.check_secrecy(story);
    }

    /// What is true when the command has finished.
    pub(crate) fn check_end(&self, story: &str) {
        let living = self.living();
        assert_eq!(living.len(), self.leaves, "{story}: {living:?}");
        assert!(living.iter().all(|(_, name)| pending(name).is_none()), "{story}: a mark is left: {living:?}");
        for place in 0..self.kinds.len() {
            let value = self.value(place).unwrap_or_else(|| panic!("{story}: sink {place} holds nothing"));
            assert!(self.works(place, &value, &living), "{story}: sink {place} holds a dead value");
            self.check_keys(story, place, &value);
        }
        let living = self.all().into_iter().filter(|token| living.iter().any(|(id, _)| *id == token.id.to_string()));
        self.check_at_rest(&living.collect::<Vec<_>>(), story);
    }

    /// Nothing is under way: no change is unfinished, the journal knows these tokens and no others, no value is kept.
    pub(crate) fn check_at_rest(&self, living: &[Token], story: &str) {
        self.wait(async {
            let desk = self.desk().await;
            let unfinished = desk.journal.unfinished().await.unwrap();
            assert!(unfinished.is_empty(), "{story}: {unfinished:?}");
            let mut known: Vec<_> = desk.journal.holdings().await.unwrap().iter().map(|holding| holding.id).collect();
            let mut there: Vec<_> = living.iter().map(|token| token.id).collect();
            known.sort();
            there.sort();
            assert_eq!(known, there, "{story}: the journal knows other tokens than there are");
        });
        let rescue = self.path("state").join("rescue");
        let left: Vec<_> =
            std::fs::read_dir(rescue).map(|files| files.map(|file| file.unwrap().path()).collect()).unwrap_or_default();
        assert!(left.is_empty(), "{story}: a rescue file is left: {left:?}");
        self.check_secrecy(story);
    }

    /// No value is in any file but the sinks.
    pub(crate) fn check_secrecy(&self, story: &str) {
        let key = self.local.emulator.facts().global_key;
        for file in files(self.folder.path()) {
            // SQLite removes files of its own when the last connection goes.
            let Ok(content) = std::fs::read(&file) else { continue };
            assert!(!contains(&content, key.as_bytes()), "{story}: the key is in {}", file.display());
            let is_sink = file.file_name().is_some_and(|name| {
                ["value", "value.new", "value.away", ".env", ".away", ".env.away"].iter().any(|sink| name == *sink)
            });
            assert!(is_sink || !holds_value(&content), "{story}: a value is in {}", file.display());
        }
    }

    /// Every token of the user.
    pub(crate) fn all(&self) -> Vec<Token> {
        self.wait(self.local.admin().tokens(Owner::User).list()).unwrap()
    }

    /// A desk of the parent's own, over a good line, with the journal of the children.
    pub(crate) async fn desk(&self) -> Desk {
        self.local.desk(&Line::good(), &self.path("state")).await
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Where everything is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The tokens of the scenario's name, marked or not.
    fn living(&self) -> Vec<(String, String)> {
        let all = self.all();
        let is_ours = |name: &str| name == NAME || is_pending_for(NAME, name);
        all.into_iter().filter(|token| is_ours(&token.name)).map(|token| (token.id.to_string(), token.name)).collect()
    }

    pub(crate) fn is_alive(&self, value: &str) -> bool {
        self.runtime.block_on(self.local.is_alive(value))
    }

    /// Whether what the sink holds is of a token that lives.
    fn works(&self, place: usize, value: &str, living: &[(String, String)]) -> bool {
        match self.kinds[place] {
            Kind::Keys => {
                living.iter().any(|(id, _)| value.strip_prefix(id.as_str()).is_some_and(|rest| rest.len() == 65))
            }
            _ => self.runtime.block_on(self.local.is_alive(value)),
        }
    }

    /// Keys are those of the value that other sinks hold.
    fn check_keys(&self, story: &str, place: usize, keys: &str) {
        let beside = |other: &usize| *other != place && self.kinds[*other] != Kind::Keys;
        let other = (0..self.kinds.len()).find(beside).filter(|_| self.kinds[place] == Kind::Keys);
        let Some(value) = other.and_then(|other| self.value(other)) else { return };
        let id = keys.split(':').next().unwrap_or_default();
        let pair = KeyPair::derived(id.parse().unwrap(), &SecretString::from(value));
        let expected = format!("{id}:{}", pair.secret_access_key.expose_secret());
        assert!(keys == expected, "{story}: sink {place} holds the keys of another value");
    }

    /// What the sink holds.
    fn value(&self, place: usize) -> Option<String> {
        let file = self.file(place);
        let content =
            std::fs::read_to_string(&file).or_else(|_| std::fs::read_to_string(file.with_extension("away"))).ok()?;
        let value = match self.kinds[place] {
            Kind::File | Kind::Command => content.as_str(),
            Kind::Keys => {
                let of = |name: &str| content.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
                return Some(format!("{}:{}", of("AWS_ACCESS_KEY_ID")?, of("AWS_SECRET_ACCESS_KEY")?));
            }
            Kind::Env => content.lines().find_map(|line| line.strip_prefix("CF="))?,
        };
        Some(value.trim_end().to_owned()).filter(|value| !value.is_empty())
    }

    fn file(&self, place: usize) -> PathBuf {
        let name = match self.kinds[place] {
            Kind::File | Kind::Command => "value",
            Kind::Env => ".env",
            // No name of a file that may hold a value.
            Kind::Keys => "keys",
        };
        self.path(&format!("sink{place}")).join(name)
    }

    fn sinks(&self) -> Vec<Sink> {
        self.kinds
            .iter()
            .enumerate()
            .map(|(place, kind)| match kind {
                Kind::File => Sink::File(self.file(place)),
                Kind::Env => Sink::EnvFile { path: self.file(place), key: "CF".to_owned() },
                Kind::Keys => format!("r2-keys:env:{}", self.file(place).display()).parse().unwrap(),
                Kind::Command => Sink::Command(command(place, &self.file(place), &self.path("output"))),
            })
            .collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A command that takes the value whole or not at all, writes down the arguments of all processes of its user that it
/// sees, and does what `BLOW` says of its place.
fn command(place: usize, file: &Path, output: &Path) -> String {
    let (file, output) = (file.display(), output.display());
    format!(
        "case \"$BLOW\" in {place}Refuses) exit 3;; {place}KillsBefore) kill -KILL $PPID; exit 3;; esac; \
         cat > '{file}.new' && mv '{file}.new' '{file}'; \
         cat /proc/$PPID/cmdline /proc/$$/cmdline > '{output}/arguments{place}'; \
         case \"$BLOW\" in {place}TakesAndFails) exit 3;; {place}KillsAfter) kill -KILL $PPID;; esac"
    )
}

/// A command that has the value in its environment, and does as [`command`] does; `BLOW` says of place 0 whether it kills
/// the caller.
pub(crate) fn borrower(output: &Path) -> String {
    format!(
        "test -n \"$CLOUDFLARE_API_TOKEN\" || exit 9; \
         cat /proc/$PPID/cmdline /proc/$$/cmdline > '{}/arguments'; \
         case \"$BLOW\" in 0Kills*) kill -KILL $PPID;; esac",
        output.display()
    )
}

/// Whether there is what looks like a token's value: the prefix of one and what follows.
fn holds_value(content: &[u8]) -> bool {
    const SHORTEST: usize = 20;
    ["cfut_", "cfat_"].iter().any(|prefix| {
        content.windows(prefix.len() + SHORTEST).any(|part| {
            part.starts_with(prefix.as_bytes()) && part[prefix.len()..].iter().all(u8::is_ascii_alphanumeric)
        })
    })
}

fn contains(content: &[u8], part: &[u8]) -> bool {
    content.windows(part.len()).any(|window| window == part)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn values_are_recognised() {
    assert!(holds_value(format!("x cfut_{} y", "a1".repeat(24)).as_bytes()));
    assert!(!holds_value(b"cfut_ and nothing") && !holds_value(b""));
}
