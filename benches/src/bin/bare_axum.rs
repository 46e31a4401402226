//! The least that an axum server can be: what a call of the emulator is held against.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, put};

#[tokio::main]
async fn main() {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8788".into());
    let body = r#"{"result":{"id":"0123456789abcdef0123456789abcdef","status":"active"},"success":true,"errors":[],"messages":[]}"#;
    let app = Router::new()
        // Reads what it is given, and forgets it.
        .route("/sink", put(|given: Bytes| async move { given.len().to_string() }))
        .fallback(get(move || async move { ([(CONTENT_TYPE, "application/json")], body) }));
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
