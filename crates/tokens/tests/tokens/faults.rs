//! A fault at every call of every step: no token is left alive whose value nobody has, or the error names it.

use std::path::Path;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{NewToken, Owner};
use flarekeep_tokens::{Created, Creation, Error, Sink, SinkError, create, revoke, roll};

use crate::support::{Fault, Line, Local, account_key, group, policy};

/// As many calls as the longest story of one command has, repeats included.
const DEEP: usize = 9;

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

/// The ids and names that an error gives its reader.
fn names(error: &Error) -> String {
    match error {
        Error::Orphaned { id, .. } | Error::RolledUndelivered { id, .. } | Error::RollDoubtful { id, .. } => {
            assert!(error.to_string().contains(&id.to_string()));
        }
        Error::Doubtful { name, .. } => assert!(error.to_string().contains(name.as_str())),
        _ => {}
    }
    error.to_string()
}

fn value_in(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|content| content.trim_end().to_owned())
}

#[tokio::test]
async fn a_creation_loses_no_token() {
    let local = Local::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    let creation = Creation { owner: Owner::User, token: new_token() };
    let (mut points, mut delivered, mut named, mut clean) = (0, 0, 0, 0);
    for (story, line) in stories() {
        local.clear().await;
        let _ = std::fs::remove_file(&path);
        let outcome = create(&local.through(&line), &creation, &Sink::File(path.clone())).await;
        points += 1;
        let alive = local.tokens().await;
        let told = || format!("{story}: {outcome:?}\n{}\nalive: {alive:?}", line.log());
        match &outcome {
            Ok(Created { token, .. }) => {
                delivered += 1;
                let value = value_in(&path).unwrap_or_else(|| panic!("nothing was delivered: {}", told()));
                assert!(local.is_alive(&value).await, "the delivered value is dead: {}", told());
                assert!(alive.len() == 1 && alive[0].id == token.id, "an orphan is left: {}", told());
            }
            Err(error) => {
                assert_eq!(value_in(&path), None, "a failure delivered something: {}", told());
                let words = names(error);
                for orphan in &alive {
                    let is_named = words.contains(&orphan.name) || words.contains(&orphan.id.to_string());
                    assert!(is_named, "an orphan is not named: {}", told());
                }
                if alive.is_empty() { clean += 1 } else { named += 1 }
            }
        }
    }
    println!(
        "create: {points} points: {delivered} delivered, {clean} failed and left nothing, {named} failed and named the token"
    );
    assert!(delivered > 100 && clean > 20 && named > 20, "{delivered} {clean} {named}: the faults reach every end");
}

#[tokio::test]
async fn a_creation_whose_sink_fails_loses_no_token() {
    let local = Local::start().await;
    let creation = Creation { owner: Owner::User, token: new_token() };
    let (mut points, mut clean, mut named) = (0, 0, 0);
    for (story, line) in stories() {
        local.clear().await;
        let outcome = create(&local.through(&line), &creation, &Sink::Command("false".to_owned())).await;
        points += 1;
        let alive = local.tokens().await;
        let told = || format!("{story}: {outcome:?}\n{}\nalive: {alive:?}", line.log());
        let words = names(outcome.as_ref().expect_err(&format!("nothing took the value: {story}")));
        for orphan in &alive {
            let is_named = words.contains(&orphan.name) || words.contains(&orphan.id.to_string());
            assert!(is_named, "an orphan is not named: {}", told());
        }
        if alive.is_empty() { clean += 1 } else { named += 1 }
    }
    println!("create with a broken sink: {points} points: {clean} left nothing, {named} named the token");
    assert!(clean > 100 && named > 20, "{clean} {named}");
}

#[tokio::test]
async fn a_roll_ends_with_a_value_that_works_or_says_that_none_does() {
    let local = Local::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    let (mut points, mut rolled, mut untouched, mut named) = (0, 0, 0, 0);
    for (story, line) in stories() {
        local.clear().await;
        let (token, old) = local.mint(&new_token()).await;
        let old = secrecy::ExposeSecret::expose_secret(&old).to_owned();
        std::fs::write(&path, format!("{old}\n")).unwrap();
        let outcome = roll(&local.through(&line).tokens(Owner::User), &token, &Sink::File(path.clone())).await;
        points += 1;
        let alive: Vec<TokenId> = local.tokens().await.iter().map(|token| token.id).collect();
        assert_eq!(alive, [token.id], "{story}: a roll makes and ends no token");
        let held = value_in(&path).unwrap();
        let works = local.is_alive(&held).await;
        let told = || format!("{story}: {outcome:?}\n{}", line.log());
        match &outcome {
            Ok(_) => {
                rolled += 1;
                assert!(works && held != old, "the new value is not there: {}", told());
                assert!(!local.is_alive(&old).await, "the old value lives: {}", told());
            }
            Err(_) if works => {
                untouched += 1;
                assert_eq!(held, old, "{}", told());
            }
            Err(error) => {
                named += 1;
                assert!(names(error).contains(&token.id.to_string()), "the token is not named: {}", told());
                let says = matches!(error, Error::RollDoubtful { .. } | Error::RolledUndelivered { .. });
                assert!(says, "that the old value is dead is not said: {}", told());
            }
        }
    }
    println!("roll: {points} points: {rolled} rolled, {untouched} untouched, {named} named the token");
    assert!(rolled > 100 && untouched > 5 && named > 20, "{rolled} {untouched} {named}");
}

#[tokio::test]
async fn a_revocation_that_succeeds_has_revoked() {
    let local = Local::start().await;
    let (mut points, mut ended) = (0, 0);
    for (story, line) in stories() {
        local.clear().await;
        let (token, _) = local.mint(&new_token()).await;
        let outcome = revoke(&local.through(&line).tokens(Owner::User), &token).await;
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
    let client = local.through(&line);
    let creation = Creation { owner: Owner::User, token: new_token() };
    let (token, _) = local.mint(&new_token()).await;
    let before = local.emulator.state_hash();
    for sink in [
        Sink::File(folder.path().join("nowhere/value")),
        Sink::File(folder.path().to_owned()),
        Sink::EnvFile { path: folder.path().join("nowhere/.env"), key: "A".to_owned() },
        Sink::Command("no-such-command-here".to_owned()),
    ] {
        assert!(matches!(create(&client, &creation, &sink).await, Err(Error::Sink(_))), "{sink:?}");
        assert!(matches!(roll(&client.tokens(Owner::User), &token, &sink).await, Err(Error::Sink(_))), "{sink:?}");
    }
    assert_eq!((line.calls(), local.emulator.state_hash()), (0, before));
}

#[tokio::test]
async fn no_error_holds_a_value() {
    let local = Local::start().await;
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken");
    let creation = Creation { owner: Owner::User, token: new_token() };
    // The command takes the value, so that the test knows it, and fails all the same.
    let sink = Sink::Command(format!("cat > '{}'; exit 3", taken.display()));
    let error = create(&local.admin(), &creation, &sink).await.unwrap_err();
    let value = value_in(&taken).unwrap();
    assert!(value.starts_with("cfut_"));
    assert!(matches!(&error, Error::Undelivered(SinkError::CommandFailed { .. })));
    assert!(!format!("{error} {error:?}").contains(&value[5..20]));
    assert!(local.tokens().await.is_empty());
}
