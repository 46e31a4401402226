//! No text that the crate makes ever holds a credential, whatever a server sends back.

mod support;

use flarekeep_cloudflare::{Client, Credential, Error, HttpRequest, Method, NewToken, Owner, Stage};
use support::{Reply, Scripted, credential, good, json, refused, reply, token_value};

const TOKEN_ID: &str = "ed17574386854bf78a67040be0a770b0";

/// Another value than the client's own: what a server could show of a token that it just made.
fn foreign_value() -> String {
    format!("cfat_{}", "Qz7".repeat(16))
}

fn assert_clean(text: &str) {
    for secret in [token_value(), foreign_value()] {
        assert!(!text.contains(&secret) && !text.contains(&secret[5..30]), "{text}");
    }
}

fn assert_error_clean(error: &Error) {
    assert_clean(&format!("{error} {error:?} {error:#?}"));
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        assert_clean(&format!("{cause} {cause:?}"));
        source = cause.source();
    }
}

/// Answers of a server, or something in between, that sends secrets back wherever it can.
fn echoes() -> Vec<Result<Reply, Stage>> {
    let both = format!("{} and {}", token_value(), foreign_value());
    let envelope = serde_json::json!({"success": false, "errors": [{
        "code": 1000, "message": both, "documentation_url": both, "source": {"pointer": both},
        "error_chain": [{"code": 1, "message": both}]
    }], "messages": [{"code": 1, "message": both}], "result": both});
    vec![
        Err(Stage::NotSent),
        Err(Stage::Ambiguous),
        Err(Stage::TimedOut),
        Err(Stage::TooLarge),
        Ok(json(400, envelope.to_string())),
        Ok(json(500, envelope.to_string())),
        Ok(refused(403, 10000, &both)),
        Ok(reply(502, &both, format!("<html>{both}"))),
        Ok(reply(200, "application/json", format!("{{\"success\":true,\"result\":{{\"value\":\"{both}\""))),
        Ok(reply(404, "text/plain", both.clone())),
        Ok(json(302, "{}").header("location", format!("https://example.com/{}", token_value()))),
        Ok(reply(429, "text/plain", both.clone()).header("retry-after", "100")),
        Ok(good(&format!("\"{both}\""))),
        Ok(good(&format!("{{\"id\":\"{both}\",\"value\":\"\"}}"))),
        Ok(good("[]")),
    ]
}

#[tokio::test(start_paused = true)]
async fn no_error_shows_a_secret() {
    for outcome in echoes() {
        let client = Scripted::new([outcome]).client();
        let tokens = client.tokens(Owner::User);
        let id = TOKEN_ID.parse().unwrap();
        assert_error_clean(&client.user().await.unwrap_err());
        assert_error_clean(&tokens.get(id).await.unwrap_err());
        assert_error_clean(&tokens.create(&NewToken::default()).await.unwrap_err());
        if let Err(error) = tokens.roll(id).await {
            assert_error_clean(&error);
        }
        match client.raw(Method::GET, "/x", None).await {
            Ok(answer) => assert_clean(&format!("{answer:?}")),
            Err(error) => assert_error_clean(&error),
        }
        let path = format!("/accounts/{}/x?q={}", token_value(), token_value());
        let request = client.request(Method::GET, &path);
        assert_clean(&format!("{request:?}"));
        if let Err(error) = request.send::<Vec<u8>>().await {
            assert_error_clean(&error);
        }
    }
}

/// A secret in a value that is not of a known shape is known by being the client's own.
#[tokio::test(start_paused = true)]
async fn a_short_credential_is_hidden_too() {
    let credential = Credential::token("s3cret/of.a+new-shape").unwrap();
    let script = Scripted::new([Ok(refused(400, 1, "what is s3cret/of.a+new-shape?"))]);
    let client = Client::builder(credential).transport(script).build().unwrap();
    let error = client.user().await.unwrap_err();
    assert_eq!(error.to_string(), "cloudflare refused `GET /user` (HTTP 400): what is [hidden]? (code 1)");
}

#[tokio::test]
async fn no_debug_text_shows_a_secret() {
    let key = Credential::global_key("a@example.com", &"0a1".repeat(13)).unwrap();
    assert_eq!(format!("{key:?}"), "Credential(Global API key, hidden)");
    assert_clean(&format!("{:?}", Client::builder(credential())));
    let script = Scripted::new([Ok(good("null"))]);
    let client = script.client();
    assert_clean(&format!("{client:?} {:?} {:?}", client.tokens(Owner::User), client.zones()));
    client.request(Method::POST, "/x").json(&token_value()).done().await.unwrap();
    let seen = &script.seen()[0];
    let request = HttpRequest {
        method: Method::POST,
        url: "https://api.example/x".parse().unwrap(),
        headers: seen.headers.clone(),
        body: seen.body.clone().into(),
    };
    let shown = format!("{request:?}");
    assert!(shown.contains("Sensitive"), "{shown}");
    assert_clean(&shown);
}
