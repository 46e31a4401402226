//! A fault at every call of every step: no token is left alive whose value nobody has, or the error names it.

use std::path::Path;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{NewToken, Owner};
use flarekeep_tokens::{
    Creation, End, Error, Rotation, Sink, SinkError, create, resume_own, revoke, roll, rotate, successor,
};

use crate::support::postgres::fast_folder;
use crate::support::{Fault, Line, Local, account_key, group, policy};

/// As many calls as the longest story of one command has, repeats included.
const DEEP: usize = 12;

/// In memory where that can be: each story has a journal of its own, and waits for its disk at every step.
fn state_folder() -> tempfile::TempDir {
    tempfile::tempdir_in(fast_folder()).unwrap()
}

fn new_token() -> NewToken {
    let policies = vec![policy("allow", &account_key(), &[group("Workers R2 Storage Write")])];
    NewToken { name: "kept".to_owned(), policies, ..NewToken::default() }
}

/// Faults at one call, at two, and from one on for ever.
fn stories() -> Vec<(String, Line)> {
    let mut stories: Vec<(String, Line)> = vec![("no fault".to_owned(), Line::with(|_| None))];
    for first in Fault::ALL {
        for n in 1..=DEEP {
            stories.push((format!("{first:?} at {n}"), Line::with(move |call| (call == n).then_some(first))));
            stories.push((format!("{first:?} from {n} on"), Line::with(move |call| (call >= n).then_some(first))));
        }
    }
    // Two faults: those that leave doubt, with each other and with an outage behind.
    for first in [Fault::LostAfterActing, Fault::LostBeforeActing, Fault::EmptyAfterActing] {
        for second in Fault::ALL {
            for n in 1..=3 {
                for m in n + 1..=n + 3 {
                    let rule = move |call| match call {
                        _ if call == n => Some(first),
                        _ if call == m => Some(second),
                        _ => None,
                    };
                    stories.push((format!("{first:?} at {n}, {second:?} at {m}"), Line::with(rule)));
                    let rule = move |call| if call == n { Some(first) } else { (call >= m).then_some(second) };
                    stories.push((format!("{first:?} at {n}, {second:?} from {m} on"), Line::with(rule)));
                }
            }
        }
    }
    stories
}

fn value_in(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|content| content.trim_end().to_owned())
}

/// The value in the file works, and its token is the only one.
async fn holds_the_one_token(local: &Local, path: &Path, id: TokenId, told: &dyn Fn() -> String) {
    let alive: Vec<(TokenId, String)> = local.tokens().await.into_iter().map(|token| (token.id, token.name)).collect();
    assert_eq!(alive, [(id, "kept".to_owned())], "{}", told());
    let value = value_in(path).unwrap_or_else(|| panic!("nothing was delivered: {}", told()));
    assert!(local.is_alive(&value).await, "the delivered value is dead: {}", told());
}

fn creation() -> Creation {
    Creation { owner: Owner::User, token: new_token(), declared: None }
}

#[tokio::test]
async fn a_creation_loses_no_token() {
    let local = Local::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    let sinks = [Sink::File(path.clone())];
    let (mut points, mut delivered, mut clean, mut unfinished) = (0, 0, 0, 0);
    for (story, line) in stories() {
        local.clear().await;
        let _ = std::fs::remove_file(&path);
        let state = state_folder();
        let outcome = create(&local.desk(&line, state.path()).await, &creation(), &sinks).await;
        points += 1;
        let told = || format!("{story}: {outcome:?}\n{}", line.log());
        let desk = local.desk(&Line::good(), state.path()).await;
        let open = desk.journal.unfinished().await.unwrap().len();
        match &outcome {
            Ok(created) => {
                delivered += 1;
                assert_eq!(open, 0, "{}", told());
                holds_the_one_token(&local, &path, created.token.id, &told).await;
                continue;
            }
            Err(Error::Unfinished { .. }) => {
                unfinished += 1;
                assert_eq!(open, 1, "{}", told());
            }
            Err(_) => {
                clean += 1;
                assert_eq!((open, value_in(&path)), (0, None), "{}", told());
                assert!(local.tokens().await.is_empty(), "an orphan is left: {}", told());
            }
        }
        // The same command, run again over a good line, finishes.
        let again = create(&desk, &creation(), &sinks).await.unwrap_or_else(|error| panic!("{error:?}: {}", told()));
        assert!(desk.journal.unfinished().await.unwrap().is_empty(), "{}", told());
        holds_the_one_token(&local, &path, again.token.id, &told).await;
    }
    println!("create: {points} points: {delivered} delivered, {clean} left nothing, {unfinished} were finished later");
    assert!(
        delivered > 100 && clean > 20 && unfinished > 20,
        "{delivered} {clean} {unfinished}: the faults reach every end"
    );
}

#[tokio::test]
async fn what_an_earlier_run_made_is_not_taken_for_something_else() {
    let local = Local::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    let sinks = [Sink::File(path.clone())];
    // The line breaks when the mark is to be taken off, after the delivery.
    let line = Line::with(|call| (call >= 3).then_some(Fault::NotSent));
    let stopped = create(&local.desk(&line, folder.path()).await, &creation(), &sinks).await;
    assert!(matches!(stopped, Err(Error::Unfinished { .. })), "{stopped:?}");
    let mut other = creation();
    other.token.policies = vec![policy("allow", &account_key(), &[group("Workers R2 Storage Read")])];
    let desk = local.desk(&Line::good(), folder.path()).await;
    let refused = create(&desk, &other, &sinks).await;
    let [earlier] = &local.tokens().await[..] else { panic!("one token was made") };
    assert!(matches!(refused, Err(Error::Held { id, .. }) if id == earlier.id), "{refused:?}");
    assert!(local.is_alive(&value_in(&path).unwrap()).await, "what the earlier run made is finished, and stays");
    let again = desk.journal.unfinished().await.unwrap();
    assert!(again.is_empty(), "{again:?}");
}

#[tokio::test]
async fn a_creation_whose_sink_fails_loses_no_token() {
    let local = Local::start().await;
    let (mut points, mut clean, mut unfinished) = (0, 0, 0);
    for (story, line) in stories() {
        local.clear().await;
        let state = state_folder();
        let desk = local.desk(&line, state.path()).await;
        let outcome = create(&desk, &creation(), &[Sink::Command("false".to_owned())]).await;
        points += 1;
        let told = || format!("{story}: {outcome:?}\n{}", line.log());
        if matches!(outcome.as_ref().expect_err(&story), Error::Unfinished { .. }) {
            unfinished += 1;
            let desk = local.desk(&Line::good(), state.path()).await;
            for (_, resumed) in resume_own(&desk, None).await.unwrap() {
                assert_eq!(resumed.unwrap().end, Some(End::Undone), "{}", told());
            }
        } else {
            clean += 1;
        }
        assert!(local.tokens().await.is_empty(), "an orphan is left: {}", told());
    }
    println!("create with a broken sink: {points} points: {clean} left nothing, {unfinished} were undone later");
    assert!(clean > 100 && unfinished > 20, "{clean} {unfinished}");
}

#[tokio::test]
async fn a_roll_ends_with_a_value_that_works() {
    let local = Local::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    let sinks = [Sink::File(path.clone())];
    let (mut points, mut rolled, mut untouched, mut unfinished) = (0, 0, 0, 0);
    for (story, line) in stories() {
        local.clear().await;
        let (token, old) = local.mint(&new_token()).await;
        let old = secrecy::ExposeSecret::expose_secret(&old).to_owned();
        std::fs::write(&path, format!("{old}\n")).unwrap();
        let state = state_folder();
        let outcome = roll(&local.desk(&line, state.path()).await, Owner::User, &token, &sinks).await;
        points += 1;
        let told = || format!("{story}: {outcome:?}\n{}", line.log());
        let desk = local.desk(&Line::good(), state.path()).await;
        match &outcome {
            Ok(_) => {
                rolled += 1;
                assert!(!local.is_alive(&old).await, "the old value lives: {}", told());
            }
            Err(Error::Unfinished { .. }) => {
                unfinished += 1;
                roll(&desk, Owner::User, &token, &sinks).await.unwrap_or_else(|error| panic!("{error:?}: {}", told()));
            }
            Err(_) => {
                untouched += 1;
                assert_eq!(value_in(&path).unwrap(), old, "{}", told());
            }
        }
        assert!(desk.journal.unfinished().await.unwrap().is_empty(), "{}", told());
        holds_the_one_token(&local, &path, token.id, &told).await;
    }
    println!("roll: {points} points: {rolled} rolled, {untouched} untouched, {unfinished} were finished later");
    assert!(rolled > 100 && untouched > 0 && unfinished > 20, "{rolled} {untouched} {unfinished}");
}

#[tokio::test]
async fn a_rotation_always_leaves_a_value_that_works() {
    let local = Local::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    let sinks = [Sink::File(path.clone())];
    let (mut points, mut rotated, mut untouched, mut unfinished) = (0, 0, 0, 0);
    for (story, line) in stories() {
        local.clear().await;
        let (old, value) = local.mint(&new_token()).await;
        std::fs::write(&path, secrecy::ExposeSecret::expose_secret(&value)).unwrap();
        let state = state_folder();
        let now = jiff::Timestamp::now();
        let rotation = Rotation {
            owner: Owner::User,
            new: successor(&old, now),
            old: old.clone(),
            grace: None,
            declared: None,
            asked: now,
        };
        let outcome = rotate(&local.desk(&line, state.path()).await, &rotation, &sinks).await;
        points += 1;
        let told = || format!("{story}: {outcome:?}\n{}", line.log());
        assert!(local.is_alive(&value_in(&path).unwrap()).await, "the sink holds a dead value: {}", told());
        assert!(local.tokens().await.len() <= 2, "more than two live: {}", told());
        let desk = local.desk(&Line::good(), state.path()).await;
        let id = match outcome {
            Ok(ref done) => {
                rotated += 1;
                done.token.id
            }
            Err(Error::Unfinished { .. }) => {
                unfinished += 1;
                let again = rotate(&desk, &rotation, &sinks).await;
                again.unwrap_or_else(|error| panic!("{error:?}: {}", told())).token.id
            }
            Err(_) => {
                untouched += 1;
                old.id
            }
        };
        assert!(desk.journal.unfinished().await.unwrap().is_empty(), "{}", told());
        holds_the_one_token(&local, &path, id, &told).await;
    }
    println!("rotate: {points} points: {rotated} rotated, {untouched} untouched, {unfinished} were finished later");
    assert!(rotated > 100 && untouched > 20 && unfinished > 20, "{rotated} {untouched} {unfinished}");
}

#[tokio::test]
async fn a_revocation_that_succeeds_has_revoked() {
    let local = Local::start().await;
    let (mut points, mut ended) = (0, 0);
    for (story, line) in stories() {
        local.clear().await;
        let (token, _) = local.mint(&new_token()).await;
        let state = state_folder();
        let outcome = revoke(&local.desk(&line, state.path()).await, Owner::User, &token).await;
        points += 1;
        if outcome.is_ok() {
            ended += 1;
            assert!(local.tokens().await.is_empty(), "{story}: {}", line.log());
        }
    }
    println!("revoke: {points} points, {ended} revoked");
    assert!(ended > 100 && ended < points);
}

#[tokio::test]
async fn a_sink_is_tried_before_anything_is_sent() {
    let local = Local::start().await;
    let folder = tempfile::tempdir().unwrap();
    let line = Line::with(|_| None);
    let desk = local.desk(&line, folder.path()).await;
    let (token, _) = local.mint(&new_token()).await;
    let before = local.emulator.state_hash();
    for sink in [
        Sink::File(folder.path().join("nowhere/value")),
        Sink::File(folder.path().to_owned()),
        Sink::EnvFile { path: folder.path().join("nowhere/.env"), key: "A".to_owned() },
        Sink::Command("no-such-command-here".to_owned()),
    ] {
        let sinks = [Sink::File(folder.path().join("good")), sink];
        assert!(matches!(create(&desk, &creation(), &sinks).await, Err(Error::Sink(_))), "{sinks:?}");
        assert!(matches!(roll(&desk, Owner::User, &token, &sinks).await, Err(Error::Sink(_))), "{sinks:?}");
    }
    assert_eq!((line.calls(), local.emulator.state_hash()), (0, before));
}

#[tokio::test]
async fn no_error_holds_a_value() {
    let local = Local::start().await;
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken");
    let desk = local.desk(&Line::good(), folder.path()).await;
    // The command takes the value, so that the test knows it, and fails all the same.
    let sink = Sink::Command(format!("cat > '{}'; exit 3", taken.display()));
    let error = create(&desk, &creation(), &[sink]).await.unwrap_err();
    let value = value_in(&taken).unwrap();
    assert!(value.starts_with("cfut_"));
    assert!(matches!(&error, Error::Undelivered(SinkError::CommandFailed { .. })));
    assert!(!format!("{error} {error:?}").contains(&value[5..20]));
    assert!(local.tokens().await.is_empty());
}
