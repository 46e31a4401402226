//! Killed at every step: real processes, SIGKILL, and what is true right after and once the same command ran again.
//!
//! The test runs its own binary as a child (the test [`child`] with [`ORDERS`] set), which acts at a desk whose journal
//! and transport kill their own process at the step that they were told. A [`Scenario`] is what the child does; one that
//! others need is a row of [`SCENARIOS`] more.

mod deadly;
mod declared;
mod scenarios;
mod stage;

use self::deadly::{Blow, Orders};
use self::scenarios::{SCENARIOS, Scenario, scenario};
use self::stage::{Ended, Kind, Stage};

/// In the child's environment: what it is to do. Its test does nothing without.
const ORDERS: &str = "FLAREKEEP_CRASH_ORDERS";

/// What is acted out in a process of its own.
#[test]
fn child() {
    let Some(orders) = std::env::var(ORDERS).ok().map(|orders| Orders::read(&orders)) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(async { (scenario(&orders.scenario).act)(orders.scene().await).await });
    if let Err(error) = outcome {
        eprintln!("stopped: {error}");
        std::process::exit(1);
    }
}

/// Kills the scenario's process at every step, once, and lets the same command run again. Gives the number of points.
fn killed_everywhere(scenario: &Scenario, sinks: &[Kind]) -> usize {
    let stage = Stage::open(scenario, sinks);
    for at in 1.. {
        stage.prepare();
        let story = format!("{} {sinks:?}, killed at {at}", scenario.name);
        match stage.run(&Orders { kill: Some(at), ..stage.orders() }) {
            Ended::Killed => {}
            Ended::Done => {
                stage.check_end(&story);
                return at - 1;
            }
            Ended::Stopped(words) => panic!("{story}: it stopped of itself: {words}"),
        }
        stage.check_between(&story);
        stage.finishes(&story);
    }
    0
}

#[test]
fn create_is_killed_everywhere() {
    let create = scenario("create");
    let points: usize = [&[Kind::File][..], &[Kind::Keys, Kind::File], &[Kind::Env, Kind::File, Kind::Command]]
        .into_iter()
        .map(|sinks| killed_everywhere(create, sinks))
        .sum();
    println!("crash points of create: {points}");
    assert!(points >= 50, "{points}");
}

#[test]
fn rotate_is_killed_everywhere() {
    let rotate = scenario("rotate");
    let points: usize = [
        &[Kind::Env][..],
        &[Kind::Keys],
        &[Kind::Keys, Kind::File],
        &[Kind::Command, Kind::File],
        &[Kind::File, Kind::Env, Kind::Command],
    ]
    .into_iter()
    .map(|sinks| killed_everywhere(rotate, sinks))
    .sum();
    println!("crash points of rotate: {points}");
    assert!(points >= 100, "{points}");
}

#[test]
fn rotate_with_a_time_of_grace_is_killed_everywhere() {
    let points = killed_everywhere(scenario("rotate-grace"), &[Kind::Env]);
    println!("crash points of rotate with a time of grace: {points}");
    assert!(points >= 35, "{points}");
}

#[test]
fn roll_is_killed_everywhere() {
    let roll = scenario("roll");
    let points: usize = [&[Kind::Command][..], &[Kind::File, Kind::Env, Kind::Command]]
        .into_iter()
        .map(|sinks| killed_everywhere(roll, sinks))
        .sum();
    println!("crash points of roll: {points}");
    assert!(points >= 50, "{points}");
}

#[test]
fn exec_is_killed_everywhere() {
    let exec = scenario("exec");
    let mut points = killed_everywhere(exec, &[]);
    // While the command runs, too.
    let stage = Stage::open(exec, &[]);
    stage.prepare();
    let ended = stage.run(&Orders { sink: Some((0, Blow::KillsBefore)), ..stage.orders() });
    assert!(matches!(ended, Ended::Killed), "{ended:?}");
    assert_eq!(stage.all().len(), 1, "the token was lent when its lender was killed");
    stage.check_between("exec, killed while its command ran");
    stage.finishes("exec, killed while its command ran");
    points += 1;
    println!("crash points of exec: {points}");
    assert!(points >= 20, "{points}");
}

/// Killed, and killed again while what the first run left is taken up: a sample of all pairs.
#[test]
fn killed_twice() {
    let mut points = 0;
    for scenario in SCENARIOS {
        // A command may have the value though nobody knows: what is hardest to undo.
        let stage = Stage::open(scenario, scenario.takes(&[Kind::Command]));
        let mut ended = false;
        for first in (1..).step_by(7) {
            for second in (1 + first % 3..).step_by(7) {
                stage.prepare();
                let story = format!("{}, killed at {first} and then at {second}", scenario.name);
                ended = !matches!(stage.run(&Orders { kill: Some(first), ..stage.orders() }), Ended::Killed);
                if ended {
                    break;
                }
                stage.check_between(&story);
                let again = stage.run(&Orders { kill: Some(second), ..stage.orders() });
                if let Ended::Stopped(words) = &again {
                    panic!("{story}: it stopped of itself: {words}");
                }
                stage.check_between(&story);
                stage.finishes(&story);
                if matches!(again, Ended::Done) {
                    break;
                }
                points += 1;
            }
            if ended {
                break;
            }
        }
    }
    // Killed by the very command that has the value, and at every step of what comes next.
    let stage = Stage::open(scenario("rotate"), &[Kind::Command]);
    for second in 1..=20 {
        stage.prepare();
        let story = format!("rotate, killed by its sink and then at {second}");
        let first = stage.run(&Orders { sink: Some((0, Blow::KillsAfter)), ..stage.orders() });
        assert!(matches!(first, Ended::Killed), "{story}: {first:?}");
        stage.check_between(&story);
        let again = stage.run(&Orders { kill: Some(second), ..stage.orders() });
        stage.check_between(&story);
        stage.finishes(&story);
        if matches!(again, Ended::Done) {
            break;
        }
        points += 1;
    }
    println!("crash points of runs that were killed twice: {points}");
    assert!(points >= 40, "{points}");
}

/// An answer is lost, the run goes on, and is killed a little later.
#[test]
fn killed_after_a_lost_answer() {
    let mut points = 0;
    for scenario in SCENARIOS {
        let stage = Stage::open(scenario, scenario.takes(&[Kind::File]));
        for lost in 1.. {
            stage.prepare();
            let story = format!("{}, answer {lost} lost", scenario.name);
            // Where the run ends before it is killed, it has ended well, or it says that it is unfinished.
            let ended = stage.run(&Orders { lose: Some(lost), kill: None, after_loss: Some(3), ..stage.orders() });
            if matches!(ended, Ended::Done) && !stage.lost_one() {
                break;
            }
            points += 1;
            stage.check_between(&story);
            stage.finishes(&story);
        }
    }
    println!("crash points after a lost answer: {points}");
    assert!(points >= 20, "{points}");
}

/// Each sink fails, at each place among up to three; and the command of a sink kills its caller.
#[test]
fn each_sink_fails() {
    let rows: [&[Kind]; 9] = [
        &[Kind::File],
        &[Kind::Env],
        &[Kind::Command],
        &[Kind::Keys],
        &[Kind::Command, Kind::Keys],
        &[Kind::File, Kind::Command],
        &[Kind::Command, Kind::Env],
        &[Kind::Env, Kind::File, Kind::Command],
        &[Kind::Command, Kind::Env, Kind::File],
    ];
    let mut points = 0;
    for scenario in SCENARIOS {
        for sinks in rows {
            let sinks = scenario.takes(sinks);
            let stage = Stage::open(scenario, sinks);
            for (place, kind) in sinks.iter().enumerate() {
                for blow in kind.blows() {
                    stage.prepare();
                    let story = format!("{} {sinks:?}, sink {place} {blow:?}", scenario.name);
                    let ended = stage.run(&Orders { sink: Some((place, *blow)), ..stage.orders() });
                    assert!(!matches!(ended, Ended::Done), "{story}: it says that it is done");
                    points += 1;
                    stage.check_between(&story);
                    stage.mend();
                    stage.finishes(&story);
                }
            }
        }
    }
    println!("crash points of sinks: {points}");
    assert!(points >= 50, "{points}");
}
