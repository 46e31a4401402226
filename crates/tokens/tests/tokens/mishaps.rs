//! What somebody, or a run with other wishes, does to a token in the middle of its change.

use std::path::Path;
use std::time::Duration;

use flarekeep_cloudflare::{NewToken, Owner, Token};
use flarekeep_tokens::{Error, Grace, Rotation, Sink, Waiting, rotate_waiting, successor};
use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::support::{Line, Local, account_key, group, policy};

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
