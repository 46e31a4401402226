//! `flarekeep record`, killed at many moments: what it leaves opens nothing, and goes with the next run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::Home;

/// Says that it runs, and calls until nobody answers: nothing of it outlives the proxy for long.
const CALL: &str = r#"touch "$1"
for call in 1 2 3 4 5 6 7 8 9 10 11 12; do
  curl -s -o /dev/null https://api.cloudflare.com/client/v4/zones || exit
done
"#;

/// When a run is killed.
#[derive(Debug)]
enum Moment {
    /// So long after it was started.
    After(Duration),
    /// When its folder is there.
    Folder,
    /// When what its command trusts is there.
    Roots,
    /// When its command runs.
    Command,
    /// When so many calls of it were written down.
    Calls(usize),
}

impl Moment {
    fn has_come(&self, home: &Home, round: usize, begun: Instant, before: usize) -> bool {
        match self {
            Self::After(time) => begun.elapsed() >= *time,
            Self::Folder => !runs(home).is_empty(),
            Self::Roots => runs(home).iter().any(|run| run.join("trusted.pem").exists()),
            Self::Command => home.path(&format!("runs-{round}")).exists(),
            Self::Calls(count) => lines(home).len() >= before + count,
        }
    }
}

#[test]
fn whenever_it_is_killed_whole_lines_are_left_and_nothing_that_opens_anything() {
    let home = Home::new();
    home.write("call.sh", CALL);
    let mut moments = vec![Moment::Folder, Moment::Roots, Moment::Command];
    moments.extend([1, 2, 3, 5, 8].map(Moment::Calls));
    moments.extend((0..12).map(|step| Moment::After(Duration::from_millis(15 * step))));
    for (round, moment) in moments.iter().enumerate() {
        let before = lines(&home).len();
        let begun = Instant::now();
        let mut child =
            home.type_(&format!("record --to emulator --out calls.jsonl -- sh call.sh runs-{round}")).start();
        while !moment.has_come(&home, round, begun, before) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{moment:?} did not come");
            assert!(child.try_wait().unwrap().is_none(), "it ended before {moment:?}");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(runs(&home).len() <= 1, "{moment:?}");
        // What anybody could be made to trust is in the folder of the run, and no key is anywhere.
        for file in files(home.folder()) {
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap_or_default()).into_owned();
            assert!(!text.contains("PRIVATE KEY"), "{moment:?}: {}", file.display());
            let in_run = file.components().any(|part| part.as_os_str().to_string_lossy().starts_with("run-"));
            assert!(in_run || !text.contains("BEGIN CERTIFICATE"), "{moment:?}: {}", file.display());
        }
        lines(&home);
        home.run("record --to emulator --out calls.jsonl --quiet -- true").ended(0);
        assert_eq!(runs(&home), Vec::<PathBuf>::new(), "{moment:?}");
    }
    home.run("plan --recording calls.jsonl -o json").ended(0);
}

/// The recording's lines, each of them whole.
fn lines(home: &Home) -> Vec<Value> {
    let text = std::fs::read_to_string(home.path("calls.jsonl")).unwrap_or_default();
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The folders of runs that there are.
fn runs(home: &Home) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(home.path(".local/state/flarekeep/record")) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("run-"))).collect()
}

/// All files below a folder. Some go while they are looked for.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
