//! The client over a real connection: what it sends, and what it makes of a server that misbehaves.

mod support;

use std::time::Duration;

use flarekeep_cloudflare::{Bytes, Client, Credential, DEFAULT_BASE_URL, Error, Method, Owner, RetrySettings};
use support::{Server, credential, cutting_server, good, json, quick, refused, reply, token_value};

const TOKEN_ID: &str = "ed17574386854bf78a67040be0a770b0";

#[tokio::test]
async fn a_token_goes_out_as_bearer_with_our_name() {
    let server = Server::start([good(r#"{"id":"ed17574386854bf78a67040be0a770b0","status":"active"}"#)]).await;
    let verified = server.client().tokens(Owner::User).verify().await.unwrap();
    assert_eq!(verified.id.to_string(), TOKEN_ID);
    let seen = &server.seen()[0];
    assert_eq!(seen.line(), "GET /client/v4/user/tokens/verify");
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {}", token_value()).as_str()));
    assert_eq!(seen.header("user-agent"), Some(concat!("flarekeep/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(seen.header("x-auth-key"), None);
}

#[tokio::test]
async fn a_global_key_goes_out_with_its_address() {
    let server = Server::start([good(r#"{"id":"ed17574386854bf78a67040be0a770b0"}"#)]).await;
    let key = "0a".repeat(18) + "f";
    let credential = Credential::global_key("ops@example.com", &key).unwrap();
    let client = Client::new(&format!("{}/", server.base_url()), credential).unwrap();
    client.user().await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!(seen.line(), "GET /client/v4/user");
    assert_eq!((seen.header("x-auth-email"), seen.header("x-auth-key")), (Some("ops@example.com"), Some(key.as_str())));
    assert_eq!(seen.header("authorization"), None);
}

#[tokio::test]
async fn html_from_a_gateway_is_repeated_and_then_shown_shortly() {
    let page = format!("<html>\r\n<title>502 Bad Gateway\u{1b}[31m</title>{}", "x ".repeat(5_000));
    let server = Server::start([reply(502, "text/html", page)]).await;
    let error = server.client().user().await.unwrap_err();
    assert_eq!(server.seen().len(), 3);
    let Error::NotJson { status: 502, content_type, excerpt, .. } = &error else { panic!("{error}") };
    assert_eq!(content_type.as_deref(), Some("text/html"));
    assert!(excerpt.starts_with(r"<html>\r\n<title>502 Bad Gateway\u{1b}[31m"), "{excerpt}");
    assert!(excerpt.chars().count() <= 121);
}

#[tokio::test]
async fn a_cut_connection_is_ambiguous_and_a_write_is_not_repeated() {
    for partial in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"succ"] {
        let (address, count) = cutting_server(partial).await;
        let builder = Client::builder(credential()).base_url(&format!("http://{address}")).retry(quick());
        let client = builder.build().unwrap();

        let error = client.request(Method::POST, "/x").json(&1).send::<()>().await.unwrap_err();
        assert!(matches!(error, Error::AnswerLost { .. }) && error.may_have_acted(), "{error:?}");
        assert_eq!(*count.lock().unwrap(), 1, "POST once");

        let error = client.user().await.unwrap_err();
        assert!(matches!(error, Error::AnswerLost { .. }) && !error.may_have_acted(), "{error:?}");
        assert_eq!(*count.lock().unwrap(), 4, "GET three times");

        let error = client.tokens(Owner::User).roll(TOKEN_ID.parse().unwrap()).await.unwrap_err();
        assert!(error.may_have_acted());
        assert_eq!(*count.lock().unwrap(), 5, "roll once, though it is a PUT");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_a_post_is_tried_again() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = std::sync::Arc::new(std::sync::Mutex::new(0));
    let count = told.clone();
    let client = Client::builder(credential())
        .base_url(&format!("http://{closed}"))
        .retry(quick())
        .on_notice(move |_| *count.lock().unwrap() += 1)
        .build()
        .unwrap();
    let error = client.request(Method::POST, "/x").send::<()>().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && !error.may_have_acted(), "{error:?}");
    assert_eq!(*told.lock().unwrap(), 2);
}

#[tokio::test]
async fn a_slow_answer_times_out() {
    let server = Server::start([good("null").after(Duration::from_secs(20))]).await;
    let retry = RetrySettings { attempts: 2, ..quick() };
    let client = server.builder().timeout(Duration::from_millis(150)).retry(retry).build().unwrap();
    let error = client.request(Method::POST, "/x").send::<()>().await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }) && error.may_have_acted(), "{error:?}");
    assert_eq!(server.seen().len(), 1);
    assert!(matches!(client.user().await.unwrap_err(), Error::TimedOut { .. }));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_huge_answer_is_not_read_to_its_end() {
    let server = Server::start([reply(200, "application/json", vec![b' '; 17 << 20])]).await;
    let error = server.client().user().await.unwrap_err();
    assert!(matches!(&error, Error::Malformed { detail, .. } if detail.contains("16 MiB")), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Server::start([good("null")]).await;
    let server = Server::start([json(302, "{}").header("location", format!("{}/user", other.base_url()))]).await;
    let error = server.client().user().await.unwrap_err();
    assert!(matches!(error, Error::Redirected { status: 302, .. }), "{error}");
    assert!(other.seen().is_empty());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_raw_call_takes_refusals_and_bodies_as_they_are() {
    let server = Server::start([
        reply(200, "application/octet-stream", vec![0u8, 159, 146, 150]),
        refused(400, 1001, "no"),
        reply(403, "text/html", "<p>blocked"),
        reply(503, "text/html", "later"),
    ])
    .await;
    let client = server.client();
    let object = client.raw(Method::GET, "/accounts/a/r2/buckets/b/objects/k%2Fx?y=1", None).await.unwrap();
    assert_eq!((object.status, object.success, &object.body[..]), (200, None, &[0u8, 159, 146, 150][..]));
    let body = Some(("text/plain", Bytes::from_static(b"hello")));
    let no = client.raw(Method::POST, "/user/tokens", body).await.unwrap();
    assert_eq!((no.status, no.success, no.errors[0].code), (400, Some(false), 1001));
    assert!(matches!(client.raw(Method::PUT, "/x", None).await, Err(Error::NotJson { status: 403, .. })));
    assert!(matches!(client.raw(Method::DELETE, "/x", None).await, Err(Error::NotJson { status: 503, .. })));
    let seen = server.seen();
    assert_eq!(seen.len(), 4, "a write is sent once whatever happens");
    assert_eq!(seen[0].line(), "GET /client/v4/accounts/a/r2/buckets/b/objects/k%2Fx?y=1");
    assert_eq!((seen[1].header("content-type"), &seen[1].body[..]), (Some("text/plain"), &b"hello"[..]));
}

#[test]
fn a_client_for_cloudflare_itself_can_be_made() {
    assert_eq!(Client::new(DEFAULT_BASE_URL, credential()).unwrap().base_url(), DEFAULT_BASE_URL);
    assert!(matches!(Client::new("http://192.0.2.1/client/v4", credential()), Err(Error::InsecureUrl { .. })));
    let by_hand = Credential::Token("with space".into());
    assert!(matches!(Client::new(DEFAULT_BASE_URL, by_hand), Err(Error::BadCredential(_))));
}
