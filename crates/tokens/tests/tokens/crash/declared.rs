//! `flarekeep apply` is killed: a file with a token to make, one to narrow in its place, one to replace and one to revoke.

use std::path::{Path, PathBuf};

use flarekeep_cloudflare::{BoxFuture, Token};
use flarekeep_tokens::declared::{
    CompareError, Comparison, Document, Kind as Change, Origin, Places, Sources, apply, compare,
};
use flarekeep_tokens::{Desk, Error, GroupIds, Kind as Does, is_pending_for, pending, resume_own};
use jiff::Timestamp;

use super::deadly::{Orders, Scene};
use super::scenarios::Scenario;
use super::stage::{Ended, Stage};
use crate::support::ZONE;

/// The names that the file declares, first and then.
const NAMES: [&str; 4] = ["gone", "made", "narrowed", "replaced"];

pub(crate) const APPLY: Scenario = Scenario {
    name: "apply",
    does: Does::Create,
    begins_with_one: false,
    always_works: false,
    leaves: 3,
    act: |scene| acted(scene),
};

/// As the command does: what is unfinished first, then the comparison, then the changes.
fn acted(scene: Scene) -> BoxFuture<'static, Result<(), Error>> {
    Box::pin(async move {
        for (_, outcome) in resume_own(&scene.desk, None).await? {
            outcome?;
        }
        let now = Timestamp::now();
        let comparison = compared(&scene.desk, &scene.folder, now).await?;
        applied(&scene.desk, &scene.folder, &comparison, now).await
    })
}

async fn applied(desk: &Desk, folder: &Path, comparison: &Comparison, now: Timestamp) -> Result<(), Error> {
    let mut failed = None;
    let ended = |outcome: flarekeep_tokens::declared::Outcome| failed = failed.take().or(outcome.result.err());
    apply(desk, &origin(folder), comparison, false, now, ended).await.unwrap();
    failed.map_or(Ok(()), Err)
}

async fn compared(desk: &Desk, folder: &Path, now: Timestamp) -> Result<Comparison, Error> {
    let document = Document::parse(&std::fs::read_to_string(file(folder)).unwrap()).unwrap();
    let places = Places::default();
    let mut declared = Vec::new();
    for token in &document.tokens {
        let placed = token.place(&places, &Sources::default(), now).unwrap();
        let ids = GroupIds::for_policies(&desk.manager, placed.owner, &placed.policies).await?;
        declared.push((placed.wanted(&ids)?, token.sinks.clone()));
    }
    compare(desk, declared, &places.ownership(), &origin(folder), true, now).await.map_err(|error| match error {
        CompareError::Failed(error) => error,
        other => panic!("{other}"),
    })
}

fn file(folder: &Path) -> PathBuf {
    folder.join("work").join("flarekeep.toml")
}

fn origin(folder: &Path) -> Origin {
    Origin { file: file(folder), project: None }
}

fn sink(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).join("value")
}

/// One declaration: its permissions, and whether its second sink is declared, too.
fn declaration(folder: &Path, name: &str, permissions: &str, second: bool) -> String {
    let mut sinks = format!("\"file:{}\"", sink(folder, name).display());
    if second {
        sinks += &format!(", \"env:{}:CF\"", folder.join(name).join(".env").display());
    }
    format!(
        "[token.{name}]\nname = \"{name}\"\nzones = [\"{ZONE}\"]\nexpires = \"90d\"\nsinks = [{sinks}]\n\
         [[token.{name}.grant]]\npermissions = [{permissions}]\n\n"
    )
}

/// What was there before an `apply` of the second file is killed.
struct Before {
    narrowed: String,
    narrowed_value: String,
    replaced: String,
}

/// The first file is applied, and the second written.
fn prepared(stage: &Stage) -> Before {
    stage.prepare();
    let folder = stage.folder();
    for name in NAMES {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
    let wide = "\"DNS Read\", \"DNS Write\"";
    let one = |name: &str, permissions: &str, second| declaration(folder, name, permissions, second);
    let first = one("gone", wide, false) + &one("narrowed", wide, false) + &one("replaced", wide, false);
    std::fs::write(file(folder), first).unwrap();
    stage.wait(async {
        let (desk, now) = (stage.desk().await, Timestamp::now());
        let comparison = compared(&desk, folder, now).await.unwrap();
        applied(&desk, folder, &comparison, now).await.unwrap();
        let second = one("made", wide, true) + &one("narrowed", "\"DNS Read\"", false) + &one("replaced", wide, true);
        std::fs::write(file(folder), second).unwrap();
        // As it is meant: or the test would say little.
        let kinds = compared(&desk, folder, now).await.unwrap().changes;
        let kinds: Vec<_> = kinds.iter().map(|change| (change.name(), change.difference.kind)).collect();
        let all = [
            ("made", Change::Create),
            ("narrowed", Change::Narrow),
            ("replaced", Change::Replace),
            ("gone", Change::Revoke),
        ];
        assert_eq!(kinds, all);
    });
    let living = stage.all();
    let id = |name: &str| living.iter().find(|token| token.name == name).unwrap().id.to_string();
    let narrowed_value = std::fs::read_to_string(sink(folder, "narrowed")).unwrap();
    Before { narrowed: id("narrowed"), narrowed_value, replaced: id("replaced") }
}

/// What is true at every moment.
fn check_between(stage: &Stage, story: &str) {
    let names: Vec<String> = stage.all().into_iter().map(|token| token.name).collect();
    let is_of = |declared: &str, name: &str| name == declared || is_pending_for(declared, name);
    for declared in NAMES {
        let alive = names.iter().filter(|name| is_of(declared, name)).count();
        assert!(alive <= 2, "{story}: more than two of {declared} live: {names:?}");
    }
    assert!(names.iter().all(|name| NAMES.iter().any(|declared| is_of(declared, name))), "{story}: {names:?}");
    for declared in ["narrowed", "replaced"] {
        assert!(works(stage, declared), "{story}: the sink of {declared} holds no value that works; {names:?}");
    }
    stage.check_secrecy(story);
}

fn works(stage: &Stage, name: &str) -> bool {
    let value = std::fs::read_to_string(sink(stage.folder(), name)).unwrap_or_default();
    stage.is_alive(value.trim_end())
}

/// What is true when the command has finished; and the same command has nothing to do then.
fn check_end(stage: &Stage, before: &Before, story: &str) {
    let mut living = stage.all();
    living.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<&str> = living.iter().map(|token| token.name.as_str()).collect();
    assert_eq!(names, ["made", "narrowed", "replaced"], "{story}");
    assert!(names.iter().all(|name| pending(name).is_none()));
    let folder = stage.folder();
    for name in ["made", "replaced"] {
        let first = std::fs::read_to_string(sink(folder, name)).unwrap();
        let env = std::fs::read_to_string(folder.join(name).join(".env")).unwrap();
        assert_eq!(env.trim_end().strip_prefix("CF="), Some(first.trim_end()), "{story}: the sinks of {name} differ");
        assert!(works(stage, name), "{story}: the sinks of {name} hold a dead value");
    }
    let [_, narrowed, replaced] = living.as_slice() else { unreachable!() };
    assert_eq!(narrowed.id.to_string(), before.narrowed, "{story}: it was to be changed in its place");
    assert_eq!(std::fs::read_to_string(sink(folder, "narrowed")).unwrap(), before.narrowed_value, "{story}");
    assert!(works(stage, "narrowed"), "{story}");
    let groups: usize = narrowed.policies.iter().map(|policy| policy.permission_groups.len()).sum();
    assert_eq!(groups, 1, "{story}: it allows more than is declared");
    assert_ne!(replaced.id.to_string(), before.replaced, "{story}");
    stage.check_at_rest(&living, story);
    stage.wait(async {
        let (desk, now) = (stage.desk().await, Timestamp::now());
        let comparison = compared(&desk, folder, now).await.unwrap();
        let drift: Vec<_> = comparison.changes.iter().filter(|change| change.difference.is_drift()).collect();
        assert!(drift.is_empty() && comparison.gone.is_empty(), "{story}: something is to be done: {comparison:?}");
        applied(&desk, folder, &comparison, now).await.unwrap();
    });
    let shown = |tokens: &[Token]| tokens.iter().map(|token| (token.id, token.modified_on)).collect::<Vec<_>>();
    let mut after = stage.all();
    after.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(shown(&after), shown(&living), "{story}: a run with nothing to do did something");
}

/// The same command again.
fn finishes(stage: &Stage, before: &Before, story: &str) {
    match stage.run(&stage.orders()) {
        Ended::Done => check_end(stage, before, story),
        other => panic!("{story}: run again, it does not finish: {other:?}"),
    }
}

#[test]
fn apply_is_killed_everywhere() {
    let stage = Stage::open(&APPLY, &[]);
    let mut points = 0;
    for at in 1.. {
        let before = prepared(&stage);
        let story = format!("apply, killed at {at}");
        match stage.run(&Orders { kill: Some(at), ..stage.orders() }) {
            Ended::Killed => points += 1,
            Ended::Done => {
                check_end(&stage, &before, &story);
                break;
            }
            Ended::Stopped(words) => panic!("{story}: it stopped of itself: {words}"),
        }
        check_between(&stage, &story);
        finishes(&stage, &before, &story);
    }
    println!("crash points of apply: {points}");
    assert!(points >= 70, "{points}");
}

/// Killed, and killed again while the next run does the rest; and killed a little after an answer was lost.
#[test]
fn apply_is_killed_twice_and_loses_answers() {
    let stage = Stage::open(&APPLY, &[]);
    let mut points = 0;
    for (first, second) in (5..100).step_by(8).flat_map(|first| [(first, 4), (first, 15), (first, 32)]) {
        let before = prepared(&stage);
        let story = format!("apply, killed at {first} and then at {second}");
        let ended = stage.run(&Orders { kill: Some(first), ..stage.orders() });
        if matches!(ended, Ended::Done) {
            break;
        }
        check_between(&stage, &story);
        let again = stage.run(&Orders { kill: Some(second), ..stage.orders() });
        check_between(&stage, &story);
        points += usize::from(matches!(again, Ended::Killed));
        finishes(&stage, &before, &story);
    }
    for lost in 1.. {
        let before = prepared(&stage);
        let story = format!("apply, answer {lost} lost");
        let ended = stage.run(&Orders { lose: Some(lost), after_loss: Some(3), ..stage.orders() });
        if matches!(ended, Ended::Done) && !stage.lost_one() {
            break;
        }
        points += 1;
        check_between(&stage, &story);
        finishes(&stage, &before, &story);
    }
    println!("crash points of apply, killed twice or after a lost answer: {points}");
    assert!(points >= 35, "{points}");
}
