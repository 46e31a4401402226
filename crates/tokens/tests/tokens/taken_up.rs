//! Changes that another run takes up: with another credential, to other sinks, with standard output among them.

use std::path::Path;

use flarekeep_cloudflare::{Credential, NewToken, Owner};
use flarekeep_tokens::{
    Creation, End, Error, RescueError, Rotation, Sink, create, forget, lend, lent_name, orphans, resume_own,
    resume_unless_busy, rotate, successor,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use crate::support::{Fault, Line, Local, account_key, group, policy};

fn creation() -> Creation {
    let policies = vec![policy("allow", &account_key(), &[group("Workers R2 Storage Write")])];
    let token = NewToken { name: "kept".to_owned(), policies, ..NewToken::default() };
    Creation { owner: Owner::User, token, declared: None }
}

/// A line that is cut from this call on.
fn cut_from(n: usize) -> Line {
    Line::with(move |call| (call >= n).then_some(Fault::NotSent))
}

async fn is_alive(local: &Local, path: &Path) -> bool {
    local.is_alive(std::fs::read_to_string(path).unwrap().trim()).await
}

/// A rotation that stopped when its value was delivered, and the sink that has it.
async fn half_rotated(local: &Local, state: &Path) -> Sink {
    let path = state.join("value");
    let (old, value) = local.mint(&creation().token).await;
    std::fs::write(&path, value.expose_secret()).unwrap();
    let asked = Timestamp::now();
    let new = successor(&old, asked);
    let rotation = Rotation { owner: Owner::User, old, new, grace: None, declared: None, asked };
    let sink = Sink::File(path);
    // Its calls: the old token, the new one, whose the old value is, and then the trial.
    let desk = local.desk(&cut_from(4), state).await;
    let error = rotate(&desk, &rotation, std::slice::from_ref(&sink)).await.unwrap_err();
    assert!(matches!(error, Error::Unfinished { .. }), "{error:?}");
    sink
}

#[tokio::test]
async fn what_another_user_cannot_see_is_not_gone() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let Sink::File(path) = half_rotated(&local, state.path()).await else { panic!("a file") };
    let stranger = local.desk_of(local.stranger.clone(), &Line::good(), state.path()).await;
    assert!(resume_own(&stranger, None).await.unwrap().is_empty(), "it is not their own");
    let [entry] = &stranger.journal.unfinished().await.unwrap()[..] else { panic!("one is unfinished") };
    let outcome = resume_unless_busy(&stranger, entry).await.unwrap().unwrap();
    assert!(matches!(outcome, Err(Error::Unseen(_))), "{outcome:?}");
    assert_eq!(stranger.journal.unfinished().await.unwrap().len(), 1, "it stays open");
    assert_eq!(local.tokens().await.len(), 2);
    // Its own credential finishes it.
    let desk = local.desk(&Line::good(), state.path()).await;
    let [(_, Ok(resumed))] = &resume_own(&desk, None).await.unwrap()[..] else { panic!("it is taken up") };
    assert_eq!(resumed.end, Some(End::Done));
    assert!(local.tokens().await.len() == 1 && is_alive(&local, &path).await);
}

#[tokio::test]
async fn another_credential_of_the_same_user_finishes_with_a_value_of_its_own() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let user = format!("com.cloudflare.api.user.{}", local.emulator.facts().user_id);
    let groups = [
        policy("allow", &user, &[group("API Tokens Write")]),
        policy("allow", &account_key(), &[group("Workers R2 Storage Write")]),
    ];
    let minter = NewToken { name: "minter".to_owned(), policies: groups.to_vec(), ..NewToken::default() };
    let (minter, value) = local.mint(&minter).await;
    let Sink::File(path) = half_rotated(&local, state.path()).await else { panic!("a file") };
    let credential = Credential::token(value.expose_secret()).unwrap();
    let other = local.desk_of(credential, &Line::good(), state.path()).await;
    let [entry] = &other.journal.unfinished().await.unwrap()[..] else { panic!("one is unfinished") };
    // The value is at hand for the credential that began it: another value would make that one worthless.
    let outcome = resume_unless_busy(&other, entry).await.unwrap().unwrap();
    assert!(matches!(outcome, Err(Error::Rescue(RescueError::Closed(_)))), "{outcome:?}");
    // On another machine there is none.
    other.rescue.discard(entry.change.id).unwrap();
    let resumed = resume_unless_busy(&other, entry).await.unwrap().unwrap().unwrap();
    assert_eq!(resumed.end, Some(End::Done));
    assert!(resumed.remarks.iter().any(|remark| remark.contains("got another")), "{resumed:?}");
    let names: Vec<_> = local.tokens().await.into_iter().filter(|token| token.id != minter.id).collect();
    assert!(names.len() == 1 && names[0].name == "kept" && is_alive(&local, &path).await, "{names:?}");
}

#[tokio::test]
async fn what_is_forgotten_stays_as_it_is() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    half_rotated(&local, state.path()).await;
    let desk = local.desk(&cut_from(1), state.path()).await;
    let [entry] = &desk.journal.unfinished().await.unwrap()[..] else { panic!("one is unfinished") };
    assert!(forget(&desk, entry).await.unwrap());
    assert!(!forget(&desk, entry).await.unwrap(), "it is forgotten already");
    assert!(desk.journal.unfinished().await.unwrap().is_empty() && !desk.rescue.path(entry.change.id).exists());
    assert_eq!(local.tokens().await.len(), 2);
}

#[tokio::test]
async fn other_sinks_than_an_earlier_runs_are_not_taken_for_its() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| Sink::File(state.path().join(name)));
    // Stopped when the value was in `a`: the calls are the minting and the trial.
    let stopped = create(&local.desk(&cut_from(2), state.path()).await, &creation(), &[a]).await;
    assert!(matches!(stopped, Err(Error::Unfinished { .. })), "{stopped:?}");
    let desk = local.desk(&Line::good(), state.path()).await;
    let created = create(&desk, &creation(), &[b]).await.unwrap();
    assert!(!created.taken_up, "its value is where it was asked for");
    for name in ["a", "b"] {
        assert!(is_alive(&local, &state.path().join(name)).await, "{name}");
    }
    assert!(local.tokens().await.iter().all(|token| token.name == "kept"));
    assert!(desk.journal.unfinished().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_sink_that_fails_does_not_stand_in_the_way_of_another() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| Sink::File(state.path().join(name)));
    let stopped = create(&local.desk(&cut_from(2), state.path()).await, &creation(), &[a]).await;
    assert!(matches!(stopped, Err(Error::Unfinished { .. })), "{stopped:?}");
    std::fs::remove_file(state.path().join("a")).unwrap();
    std::fs::create_dir(state.path().join("a")).unwrap();
    let desk = local.desk(&Line::good(), state.path()).await;
    create(&desk, &creation(), &[b]).await.unwrap();
    assert!(is_alive(&local, &state.path().join("b")).await);
    assert_eq!(local.tokens().await.len(), 1, "the other one is undone");
    assert!(desk.journal.unfinished().await.unwrap().is_empty());
}

/// A machine with a journal of its own cannot know that a command runs elsewhere.
#[tokio::test]
async fn a_token_that_is_lent_elsewhere_is_no_orphan_until_it_has_ended() {
    let local = Local::start().await;
    let (here, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let now = Timestamp::now();
    let end = now + SignedDuration::from_mins(16);
    let desk = local.desk(&Line::good(), elsewhere.path()).await;
    let new = NewToken { name: lent_name("deploy"), expires_on: Some(end), ..creation().token };
    let loan = lend(&desk, Owner::User, &new).await.unwrap();
    // One that a run elsewhere left on its way to a sink.
    let (left, _) = local.mint(&NewToken { name: "ci (pending 0123abcd)".to_owned(), ..creation().token }).await;
    let desk = local.desk(&Line::good(), here.path()).await;
    let found = async |now| {
        let found = orphans(&desk, Owner::User, SignedDuration::ZERO, now).await.unwrap();
        found.into_iter().map(|token| token.id).collect::<Vec<_>>()
    };
    assert_eq!(found(now + SignedDuration::from_mins(15)).await, [left.id]);
    let late = found(end).await;
    assert!(late.contains(&loan.id()) && late.contains(&left.id), "{late:?}");
    loan.end().await.unwrap();
}

#[tokio::test]
async fn a_value_that_a_living_token_needs_is_not_overwritten() {
    let local = Local::start().await;
    let state = tempfile::tempdir().unwrap();
    let desk = local.desk(&Line::good(), state.path()).await;
    let path = state.path().join("value");
    let first = create(&desk, &creation(), &[Sink::File(path.clone())]).await.unwrap().token;
    // The same file in another spelling is the same file.
    for spelling in [path.clone(), state.path().join("./value"), state.path().join("locks/../value")] {
        let again = create(&desk, &creation(), &[Sink::File(spelling)]).await;
        assert!(matches!(again, Err(Error::Held { id, .. }) if id == first.id), "{again:?}");
    }
    assert!(local.tokens().await.len() == 1 && is_alive(&local, &path).await);
    assert_eq!(desk.journal.holdings().await.unwrap()[0].id, first.id);
    assert!(desk.journal.unfinished().await.unwrap().is_empty());
    // One that is gone needs its value no more.
    desk.manager.tokens(Owner::User).delete(first.id).await.unwrap();
    let second = create(&desk, &creation(), &[Sink::File(path.clone())]).await.unwrap().token;
    assert_eq!(desk.journal.holdings().await.unwrap()[0].id, second.id);
    assert!(is_alive(&local, &path).await);
    // Elsewhere there is nothing to lose.
    create(&desk, &creation(), &[Sink::File(state.path().join("other"))]).await.unwrap();
    assert!(is_alive(&local, &path).await);
}
