//! The other end of a KV binding, as workerd speaks to it.
//!
//! Facts: cloudflare/workerd, src/workerd/api/kv.c++. `GET`, `PUT` and `DELETE /<key>?urlencoded=true` with
//! `CF-KV-Metadata`; a list is `GET /`, several values are `POST /bulk/get`. A Worker is shown the status with its words.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, Response, StatusCode, Uri};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flarekeep_catalogue::AccountId;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::emulator::Inner;
use crate::http::ApiError;
use crate::products::kv::binding::{self, Held};

const METADATA: &str = "cf-kv-metadata";
const EXPIRATION: &str = "cf-expiration";
/// Beyond the largest value, so that what is larger is answered by its own error.
const LONGEST: usize = 26 << 20;

type Outcome = Result<Response<Body>, Failure>;

/// A status with its words.
struct Failure(u16, String);

/// Answers one call of a binding at this namespace.
pub(super) async fn answer(emulator: &Arc<Inner>, place: (AccountId, String), request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let outcome = match to_bytes(body, LONGEST).await {
        Err(_) => Err(Failure(413, "Value length exceeds limit of 26214400.".to_owned())),
        Ok(body) => match (&parts.method, parts.uri.path()) {
            (&Method::GET, "/" | "") => list(emulator, &place, &parts.uri),
            (&Method::POST, "/bulk/get") => several(emulator, &place, &body),
            (&Method::GET, path) => key(path).and_then(|key| get(emulator, &place, &key)),
            (&Method::PUT, path) => match key(path) {
                Ok(key) => put(emulator, place, key, &parts, body).await,
                Err(failure) => Err(failure),
            },
            (&Method::DELETE, path) => match key(path) {
                Ok(key) => delete(emulator, place, key).await,
                Err(failure) => Err(failure),
            },
            _ => Err(Failure(405, "Method Not Allowed".to_owned())),
        },
    };
    outcome.unwrap_or_else(Failure::respond)
}

fn get(emulator: &Inner, place: &(AccountId, String), key: &str) -> Outcome {
    let held = binding::value(&emulator.state(), (place.0, &place.1), key, emulator.now().0)?;
    let held = held.ok_or_else(|| Failure(404, "Not Found".to_owned()))?;
    let mut response = Response::new(Body::from(held.value));
    let headers = response.headers_mut();
    if let Some(end) = held.expiration {
        headers.insert(EXPIRATION, HeaderValue::from(end));
    }
    if let Some(metadata) = held.metadata.and_then(|metadata| HeaderValue::try_from(metadata.to_string()).ok()) {
        headers.insert(METADATA, metadata);
    }
    Ok(response)
}

async fn put(
    emulator: &Arc<Inner>,
    place: (AccountId, String),
    key: String,
    parts: &axum::http::request::Parts,
    value: Bytes,
) -> Outcome {
    let number = |name: &str| {
        let given = query(&parts.uri, name);
        given.map(|text| text.parse::<i64>().map_err(|_| Failure(400, format!("Invalid {name}")))).transpose()
    };
    let (expiration, ttl) = (number("expiration")?, number("expiration_ttl")?);
    let metadata = parts.headers.get(METADATA).map(|text| serde_json::from_slice(text.as_bytes()));
    let metadata = metadata.transpose().map_err(|_| Failure(400, "Metadata is no JSON".to_owned()))?;
    let (held, now) = (Held { value, metadata, expiration }, emulator.now().0);
    let put = emulator.alter(move |state| binding::put(state, (place.0, &place.1), &key, held, ttl, now));
    written(put.await)
}

async fn delete(emulator: &Arc<Inner>, place: (AccountId, String), key: String) -> Outcome {
    written(emulator.alter(move |state| binding::remove(state, (place.0, &place.1), &key)).await)
}

fn written(done: Result<(), ApiError>) -> Outcome {
    done?;
    Ok(Response::new(Body::empty()))
}

fn list(emulator: &Inner, place: &(AccountId, String), uri: &Uri) -> Outcome {
    const MOST: usize = 1_000;
    let limit = query(uri, "key_count_limit").map_or(Ok(MOST), |text| text.parse());
    let limit = limit.ok().filter(|limit| (1..=MOST).contains(limit));
    let limit = limit.ok_or_else(|| Failure(400, "Invalid key_count_limit: specify 1 to 1000".to_owned()))?;
    let after = query(uri, "cursor").filter(|cursor| !cursor.is_empty()).map(|cursor| {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        bytes.ok_or_else(|| Failure(400, "Invalid cursor".to_owned()))
    });
    let after = after.transpose()?;
    let prefix = query(uri, "prefix").unwrap_or_default();
    let (state, now) = (emulator.state(), emulator.now().0);
    let (keys, more) = binding::keys(&state, (place.0, &place.1), (&prefix, after.as_deref()), limit, now)?;
    let shown = |(name, expiration, metadata): &(String, Option<i64>, Option<Value>)| {
        let mut shown = Map::from_iter([("name".to_owned(), json!(name))]);
        if let Some(end) = expiration {
            shown.insert("expiration".to_owned(), json!(end));
        }
        if let Some(metadata) = metadata {
            // workerd reads it from a text.
            shown.insert("metadata".to_owned(), json!(metadata.to_string()));
        }
        Value::from(shown)
    };
    let mut page = json!({"keys": keys.iter().map(shown).collect::<Vec<_>>(), "list_complete": !more});
    if let (Some(page), Some((last, ..)), true) = (page.as_object_mut(), keys.last(), more) {
        page.insert("cursor".to_owned(), URL_SAFE_NO_PAD.encode(last).into());
    }
    Ok(Response::new(Body::from(page.to_string())))
}

/// Several values in one call.
fn several(emulator: &Inner, place: &(AccountId, String), body: &[u8]) -> Outcome {
    const MOST: usize = 100;
    let bad = |text: &str| Failure(400, text.to_owned());
    let asked = serde_json::from_slice::<Value>(body).map_err(|_| bad("Bad Request"))?;
    let keys = asked.get("keys").and_then(Value::as_array).ok_or_else(|| bad("Bad Request"))?;
    if keys.is_empty() {
        return Err(bad("You must request a minimum of 1 key"));
    }
    if keys.len() > MOST {
        return Err(Failure(400, format!("You can request a maximum of {MOST} keys")));
    }
    let kind = asked.get("type").and_then(Value::as_str).unwrap_or("text");
    if !matches!(kind, "text" | "json") {
        return Err(bad("Not a valid type. Use \"json\" or \"text\""));
    }
    let with_metadata = asked.get("withMetadata").and_then(Value::as_bool).unwrap_or_default();
    let (state, now) = (emulator.state(), emulator.now().0);
    let mut values = Map::new();
    for key in keys.iter().filter_map(Value::as_str) {
        let value = match binding::value(&state, (place.0, &place.1), key, now)? {
            None => Value::Null,
            Some(held) => {
                let value = match kind {
                    "json" => serde_json::from_slice(&held.value)
                        .map_err(|_| bad("At least one of the requested keys corresponds to a non-json value"))?,
                    _ => Value::from(String::from_utf8_lossy(&held.value)),
                };
                match with_metadata {
                    true => json!({"value": value, "metadata": held.metadata}),
                    false => value,
                }
            }
        };
        values.insert(key.to_owned(), value);
    }
    Ok(Response::new(Body::from(Value::from(values).to_string())))
}

/// The key that a path names.
fn key(path: &str) -> Result<String, Failure> {
    let key = percent_decode_str(path.strip_prefix('/').unwrap_or(path)).decode_utf8();
    key.map(std::borrow::Cow::into_owned).map_err(|_| Failure(400, "Could not URL-decode key name".to_owned()))
}

fn query(uri: &Uri, name: &str) -> Option<String> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.into_iter().find(|(given, _)| *given == name)?.1.replace('+', " ");
    percent_decode_str(&value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let message = error.errors.first().map(|item| item.message.clone()).unwrap_or_default();
        Self(error.status.as_u16(), message)
    }
}

impl Failure {
    fn respond(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.1.clone()));
        *response.status_mut() = StatusCode::from_u16(self.0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Ok(words) = hyper::ext::ReasonPhrase::try_from(self.1.into_bytes()) {
            response.extensions_mut().insert(words);
        }
        response
    }
}
