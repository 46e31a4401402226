//! What is repeated, how often, and after how long, in virtual time over a scripted transport.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flarekeep_cloudflare::{Error, Method, Notice, Owner, Stage};
use support::{Reply, Scripted, good, json, refused, reply};
use tokio::time::Instant;

const TOKEN_ID: &str = "ed17574386854bf78a67040be0a770b0";
const USER: &str = r#"{"id":"7c5dae5552338874e5053f2534d2767a","email":"a@example.com"}"#;

fn limited(retry_after: &str) -> Reply {
    reply(429, "text/html", "error code: 1015").header("retry-after", retry_after)
}

#[tokio::test(start_paused = true)]
async fn a_read_survives_two_failures_of_any_kind() {
    let failures = [
        Err(Stage::NotSent),
        Err(Stage::Ambiguous),
        Err(Stage::TimedOut),
        Ok(refused(500, 10001, "internal error")),
        Ok(reply(503, "text/html", "<html>")),
        Ok(limited("1")),
    ];
    for failure in failures {
        let script = Scripted::new([failure.clone(), failure.clone(), Ok(good(USER))]);
        assert_eq!(script.client().user().await.unwrap().email.as_deref(), Some("a@example.com"), "{failure:?}");
        assert_eq!(script.count(), 3);
    }
    let script = Scripted::new([Err(Stage::Ambiguous)]);
    assert!(script.client().user().await.is_err());
    assert_eq!(script.count(), 3, "and not a third");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_never_repeated() {
    for reply in [refused(403, 10000, "Authentication error"), refused(400, 7003, "Could not route"), json(200, "[]")] {
        let script = Scripted::new([Ok(reply)]);
        script.client().user().await.unwrap_err();
        assert_eq!(script.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_is_repeated_only_when_it_cannot_have_acted() {
    let attempts = async |outcome: Result<Reply, Stage>, safe: Option<bool>| {
        let script = Scripted::new([outcome, Ok(good("null"))]);
        let mut request = script.client().request(Method::POST, "/x");
        if let Some(safe) = safe {
            request = request.retry_safe(safe);
        }
        let _ = request.done().await;
        script.count()
    };
    for doubtful in [Err(Stage::Ambiguous), Err(Stage::TimedOut), Ok(refused(502, 0, "")), Ok(reply(500, "", ""))] {
        assert_eq!(attempts(doubtful.clone(), None).await, 1, "{doubtful:?}");
        assert_eq!(attempts(doubtful.clone(), Some(false)).await, 1, "{doubtful:?}");
        assert_eq!(attempts(doubtful.clone(), Some(true)).await, 2, "{doubtful:?}");
    }
    for certain in [Err(Stage::NotSent), Ok(limited("1"))] {
        assert_eq!(attempts(certain.clone(), None).await, 2, "{certain:?}");
        assert_eq!(attempts(certain.clone(), Some(false)).await, 2, "{certain:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_roll_is_not_repeated_and_an_update_is() {
    let script = Scripted::new([Err(Stage::TimedOut), Ok(good("\"new\""))]);
    let id = TOKEN_ID.parse().unwrap();
    let error = script.client().tokens(Owner::User).roll(id).await.unwrap_err();
    assert!(error.may_have_acted());
    assert_eq!(script.count(), 1);
    let script = Scripted::new([Err(Stage::TimedOut), Ok(good("null"))]);
    script.client().request(Method::PUT, "/x").done().await.unwrap();
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_answer_was_lost_and_that_then_finds_nothing_is_done() {
    let gone = || Ok(refused(404, 1003, "token not found"));
    let id = TOKEN_ID.parse().unwrap();
    let script = Scripted::new([Err(Stage::Ambiguous), gone()]);
    script.client().tokens(Owner::User).delete(id).await.unwrap();
    let script = Scripted::new([gone()]);
    let error = script.client().tokens(Owner::User).delete(id).await.unwrap_err();
    assert_eq!(error.status(), Some(404), "at the first attempt it is an error");
}

#[tokio::test(start_paused = true)]
async fn cloudflare_is_waited_for_as_long_as_it_asks() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let notices = told.clone();
    let script = Scripted::new([Ok(limited("42")), Ok(good(USER))]);
    let client = script.builder().on_notice(move |notice| notices.lock().unwrap().push(notice)).build().unwrap();
    let start = Instant::now();
    client.user().await.unwrap();
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(42) && waited <= Duration::from_secs(43), "{waited:?}");
    let told = told.lock().unwrap();
    let [Notice::Retrying { call, failed: 1, wait, reason }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(call.to_string(), "GET /user");
    assert!(*wait >= Duration::from_secs(42));
    assert_eq!(reason, "cloudflare's rate limit stopped `GET /user`: try again in 42 s");
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_more_than_a_minute_is_reported() {
    let script = Scripted::new([Ok(limited("61"))]);
    let error = script.client().user().await.unwrap_err();
    assert!(matches!(error, Error::RateLimited { retry_after: Some(wait), .. } if wait.as_secs() == 61), "{error}");
    assert_eq!(script.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_global_limit_is_known_by_its_code_too() {
    let script = Scripted::new([Ok(refused(400, 971, "Please wait and consider throttling")), Ok(good(USER))]);
    script.client().user().await.unwrap();
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn calls_are_held_back_when_nothing_is_left() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let notices = told.clone();
    let script = Scripted::new([Ok(good(USER).header("ratelimit", r#""default";r=0;t=30"#)), Ok(good(USER))]);
    let client = script.builder().on_notice(move |notice| notices.lock().unwrap().push(notice)).build().unwrap();
    let start = Instant::now();
    client.user().await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 0);
    client.user().await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 30);
    assert!(matches!(told.lock().unwrap()[..], [Notice::Pacing { .. }]));
}

#[tokio::test]
async fn a_call_can_be_made_from_any_task() {
    let client = Scripted::new([Ok(good(USER))]).client();
    tokio::spawn(async move { client.user().await }).await.unwrap().unwrap();
}
