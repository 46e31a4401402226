//! What somebody, or a run with other wishes, does to a token in the middle of its change.

use std::path::Path;
use std::time::Duration;

use flarekeep_cloudflare::{Credential, NewToken, Owner, Status, Token, TokenUpdate};
use flarekeep_tokens::{
    Desk, End, Error, Grace, Rotation, Sink, Step, Waiting, resume_own, resume_unless_busy, roll, rotate,
    rotate_waiting, successor,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use crate::support::{Fault, Line, Local, account_key, group, policy};

fn new_token() -> NewToken {
    let policies = vec![policy("allow", &account_key(), &[group("Workers R2 Storage Write")])];
    NewToken { name: "kept".to_owned(), policies, ..NewToken::default() }
}

async fn is_alive(local: &Local, path: &Path) -> bool {
    local.is_alive(std::fs::read_to_string(path).unwrap().trim()).await
}

/// A token whose value is in this file.
async fn held(local: &Local, path: &Path) -> (Token, Sink) {
    let (token, value) = local.mint(&new_token()).await;
    std::fs::write(path, value.expose_secret()).unwrap();
    (token, Sink::File(path.to_owned()))
}

fn rotation(old: &Token) -> Rotation {
    let asked = Timestamp::now();
    let new = successor(old, asked);
    Rotation { owner: Owner::User, old: old.clone(), new, grace: None, declared: None, asked }
}

/// What stopped a change half way.
fn stopped<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Error {
    let Err(Error::Unfinished { stopped, .. }) = outcome else { panic!("{outcome:?}") };
    *stopped
}

#[tokio::test]
async fn an_old_token_stays_whose_successor_somebody_deletes() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let (old, sink) = held(&local, &state.path().join("value")).await;
    let desk = local.desk(&Line::good(), state.path()).await;
    let grace = Some(Grace { seconds: 2, until_used: false });
    let rotation = Rotation { grace, ..rotation(&old) };
    let sinks = [sink];
    let deleted = async {
        tokio::time::sleep(Duration::from_millis(1000)).await;
        let all = local.tokens().await;
        let new = all.iter().find(|token| token.id != old.id && token.name == "kept").expect("it is named");
        local.admin().tokens(Owner::User).delete(new.id).await.unwrap();
    };
    let (rotated, ()) = tokio::join!(rotate_waiting(&desk, &rotation, &sinks, Waiting::Out(None)), deleted);
    assert!(matches!(stopped(rotated), Error::NoSuccessor { .. }));
    assert!(local.tokens().await.iter().any(|token| token.id == old.id), "no token is left");
}

/// A line that is cut from this call on.
fn cut_from(n: usize) -> Line {
    Line::with(move |call| (call >= n).then_some(Fault::NotSent))
}

/// The file can be read and not be written any more: a folder is in its place.
fn breaks(path: &Path) {
    std::fs::remove_file(path).unwrap();
    std::fs::create_dir(path).unwrap();
}

async fn unfinished(desk: &Desk) -> usize {
    desk.journal.unfinished().await.unwrap().len()
}

/// A token that may make and roll tokens, and its value as a credential.
async fn manager(local: &Local) -> (Token, Credential) {
    let user = format!("com.cloudflare.api.user.{}", local.emulator.facts().user_id);
    let policies = vec![policy("allow", &user, &[group("API Tokens Write")])];
    let (token, value) = local.mint(&NewToken { name: "manager".to_owned(), policies, ..NewToken::default() }).await;
    (token, Credential::token(value.expose_secret()).unwrap())
}

/// A roll whose value was made and went nowhere: the line broke, or so it seems.
async fn half_rolled(local: &Local, state: &Path) -> (Token, Sink, Desk) {
    let path = state.join("value");
    let (token, sink) = held(local, &path).await;
    // Its calls: the token, the roll, and then the trial.
    let desk = local.desk(&cut_from(3), state).await;
    let outcome = roll(&desk, Owner::User, &token, std::slice::from_ref(&sink)).await;
    assert!(matches!(outcome, Err(Error::Unfinished { .. })), "{outcome:?}");
    (token, sink, local.desk(&Line::good(), state).await)
}

#[tokio::test]
async fn a_roll_that_is_refused_leaves_the_value_of_an_earlier_one() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let (token, sink, desk) = half_rolled(&local, state.path()).await;
    let [entry] = &desk.journal.unfinished().await.unwrap()[..] else { panic!("one is unfinished") };
    let (rescue, elsewhere) = (desk.rescue.path(entry.change.id), Sink::File(state.path().join("elsewhere")));
    let nothing = vec![policy("allow", &account_key(), &[group("Stream Read")])];
    let (_, powerless) =
        local.mint(&NewToken { name: "powerless".to_owned(), policies: nothing, ..NewToken::default() }).await;
    let powerless = Credential::token(powerless.expose_secret()).unwrap();
    for weak in [
        local.desk_of(powerless, &Line::good(), state.path()).await,
        local.desk(&cut_from(1), state.path()).await,
        local.desk(&cut_from(2), state.path()).await,
    ] {
        roll(&weak, Owner::User, &token, std::slice::from_ref(&elsewhere)).await.unwrap_err();
        assert!(rescue.exists() && unfinished(&desk).await == 1, "{}", unfinished(&desk).await);
    }
    let Sink::File(path) = &sink else { panic!("a file") };
    resume_own(&desk, None).await.unwrap().pop().unwrap().1.unwrap();
    assert!(is_alive(&local, path).await);
}

#[tokio::test]
async fn a_roll_that_succeeds_takes_the_place_of_an_earlier_one() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let (token, sink, _) = half_rolled(&local, state.path()).await;
    let (_, credential) = manager(&local).await;
    let other = local.desk_of(credential, &Line::good(), state.path()).await;
    // To the same sink, whose earlier value this credential cannot have.
    roll(&other, Owner::User, &token, std::slice::from_ref(&sink)).await.unwrap();
    let Sink::File(path) = &sink else { panic!("a file") };
    assert!(is_alive(&local, path).await && unfinished(&other).await == 0);
}

#[tokio::test]
async fn a_roll_that_was_refused_is_not_taken_for_one_that_may_have_been_done() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("value");
    let (old, sink) = held(&local, &path).await;
    let desk = local.desk(&cut_from(4), state.path()).await;
    rotate(&desk, &rotation(&old), std::slice::from_ref(&sink)).await.unwrap_err();
    // Another machine has no rescue file; the line breaks when it rolls: before that it looks whether the token is there.
    let elsewhere = tempfile::tempdir().unwrap();
    let cut = local.desk(&cut_from(2), state.path()).await;
    let cut = Desk { rescue: local.desk(&Line::good(), elsewhere.path()).await.rescue, ..cut };
    let [(entry, outcome)] = &resume_own(&cut, None).await.unwrap()[..] else { panic!("one is unfinished") };
    assert!(outcome.is_err(), "{outcome:?}");
    let desk = local.desk(&Line::good(), state.path()).await;
    let entries = desk.journal.unfinished().await.unwrap();
    assert!(entries[0].steps.contains(&Step::Unrolled) && !entries[0].progress().rolling, "{:?}", entries[0].steps);
    let resumed = resume_unless_busy(&desk, entry).await.unwrap().unwrap().unwrap();
    assert!(resumed.end == Some(End::Done) && resumed.remarks.is_empty(), "{resumed:?}");
    assert!(is_alive(&local, &path).await);
}

#[tokio::test]
async fn a_rotation_that_was_taken_up_is_done_again_for_other_wishes() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("value");
    for wish in ["none", "end", "policies"] {
        local.clear().await;
        let (old, sink) = held(&local, &path).await;
        let desk = local.desk(&cut_from(4), state.path()).await;
        rotate(&desk, &rotation(&old), std::slice::from_ref(&sink)).await.unwrap_err();
        let mut wished = rotation(&old);
        match wish {
            "end" => wished.new.expires_on = Some(wished.asked + SignedDuration::from_hours(24 * 7)),
            "policies" => {
                wished.new.policies = vec![policy("allow", &account_key(), &[group("Workers R2 Storage Read")])];
            }
            _ => {}
        }
        let desk = local.desk(&Line::good(), state.path()).await;
        let rotated = rotate(&desk, &wished, std::slice::from_ref(&sink)).await.unwrap();
        assert_eq!(rotated.by_another, wish == "none", "{wish}");
        let second = |time: Option<Timestamp>| time.map(Timestamp::as_second);
        assert_eq!(second(rotated.token.expires_on), second(wished.new.expires_on), "{wish}");
        let groups = |policies: &[flarekeep_cloudflare::Policy]| format!("{:?}", policies[0].permission_groups[0].id);
        assert_eq!(groups(&rotated.token.policies), groups(&wished.new.policies), "{wish}");
        assert!(local.tokens().await.len() == 1 && is_alive(&local, &path).await, "{wish}");
        assert_eq!(unfinished(&desk).await, 0);
    }
}

#[tokio::test]
async fn a_successor_begins_no_earlier_and_lives_no_longer() {
    let local = Local::start().await;
    let (made, _) = local.mint(&new_token()).await;
    let now = Timestamp::now();
    let days = |days: i64| now + SignedDuration::from_hours(24 * days);
    let token = |begin: i64, issued: i64| Token {
        not_before: Some(days(begin)),
        issued_on: Some(days(issued)),
        expires_on: Some(days(30)),
        ..made.clone()
    };
    let new = successor(&token(10, -5), now);
    assert_eq!((new.not_before, new.expires_on), (Some(days(10)), Some(days(30))));
    let new = successor(&token(-5, -10), now);
    assert_eq!((new.not_before, new.expires_on), (None, Some(days(35))));
    // It begins before it was made: that was no life.
    let new = successor(&token(-1000, -10), now);
    assert_eq!((new.not_before, new.expires_on), (None, Some(days(40))));
}

#[tokio::test]
async fn a_rotation_whose_sink_fails_goes_on_to_others() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let at = |name: &str| state.path().join(name);
    let (old, a) = held(&local, &at("a")).await;
    std::fs::write(at("b"), "").unwrap();
    let [b, c] = ["b", "c"].map(|name| Sink::File(at(name)));
    let desk = local.desk(&Line::good(), state.path()).await;
    // It takes the proof, and fails at the value.
    let path = at("b");
    let listener: flarekeep_tokens::Listener = std::sync::Arc::new(move |_, step: &Step| {
        if *step == (Step::Delivering { sink: 1 }) {
            breaks(&path);
        }
    });
    let broken = Desk { listener: Some(listener), ..desk.clone() };
    assert!(matches!(stopped(rotate(&broken, &rotation(&old), &[a.clone(), b]).await), Error::Undelivered(_)));
    rotate(&desk, &rotation(&old), &[a, c]).await.unwrap();
    assert!(is_alive(&local, &at("a")).await && is_alive(&local, &at("c")).await);
    assert_eq!((local.tokens().await.len(), unfinished(&desk).await), (1, 0));
}

#[tokio::test]
async fn a_disabled_token_is_not_rolled_and_one_that_is_disabled_meanwhile_is_finished() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let (token, sink, desk) = half_rolled(&local, state.path()).await;
    let update = TokenUpdate { status: Some(Status::Disabled), ..TokenUpdate::from(&token) };
    local.admin().tokens(Owner::User).update(token.id, &update).await.unwrap();
    let (_, resumed) = resume_own(&desk, None).await.unwrap().pop().unwrap();
    let resumed = resumed.unwrap();
    assert!(resumed.end == Some(End::Done) && resumed.remarks[0].contains("disabled"), "{resumed:?}");
    let outcome = roll(&desk, Owner::User, &token, &[sink]).await;
    assert!(matches!(outcome, Err(Error::DisabledRoll(_))), "{outcome:?}");
    assert_eq!(unfinished(&desk).await, 0);
}

#[tokio::test]
async fn a_manager_rolls_and_rotates_itself() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join("value");
    let sinks = [Sink::File(path.clone())];
    let (token, credential) = manager(&local).await;
    let desk = local.desk_of(credential, &Line::good(), state.path()).await;
    roll(&desk, Owner::User, &token, &sinks).await.unwrap();
    assert!(is_alive(&local, &path).await && unfinished(&desk).await == 0);
    // Stopped before the trial: it goes on as the credential that is dead.
    let value = || Credential::token(std::fs::read_to_string(&path).unwrap().trim()).unwrap();
    let cut = local.desk_of(value(), &cut_from(3), state.path()).await;
    let known_by = value();
    stopped(roll(&cut, Owner::User, &token, &sinks).await);
    let desk = local.desk_of(known_by, &Line::good(), state.path()).await;
    resume_own(&desk, None).await.unwrap().pop().unwrap().1.unwrap();
    assert!(is_alive(&local, &path).await && unfinished(&desk).await == 0);
    let desk = local.desk_of(value(), &Line::good(), state.path()).await;
    let rotated = rotate(&desk, &rotation(&token), &sinks).await.unwrap();
    assert!(rotated.token.id != token.id && is_alive(&local, &path).await);
    assert_eq!((local.tokens().await.len(), unfinished(&desk).await), (1, 0));
}

#[tokio::test]
async fn a_sink_that_holds_a_dead_value_is_not_as_it_was_before() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let (old, sink) = held(&local, &state.path().join("value")).await;
    let desk = local.desk(&cut_from(4), state.path()).await;
    rotate(&desk, &rotation(&old), &[sink]).await.unwrap_err();
    for token in local.tokens().await.iter().filter(|token| token.id != old.id) {
        local.admin().tokens(Owner::User).delete(token.id).await.unwrap();
    }
    let desk = local.desk(&Line::good(), state.path()).await;
    let (_, resumed) = resume_own(&desk, None).await.unwrap().pop().unwrap();
    let resumed = resumed.unwrap();
    assert!(resumed.end == Some(End::Undone) && resumed.holds_dead, "{resumed:?}");
}
