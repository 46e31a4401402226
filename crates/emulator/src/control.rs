//! What steers the emulator and is no part of Cloudflare: `/__flarekeep/`, at the API's address.
//!
//! It needs no credential, counts for no rate limit and is in no log. Its answers have the API's envelope.

pub(crate) mod clock;
pub(crate) mod decisions;
mod guard;
pub(crate) mod snapshots;

use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::Request;
use axum::http::header::EXPECT;
use axum::http::{Method, Response};
use serde_json::{Map, Value, json};

use self::clock::Timekeeper;
use self::decisions::Decisions;
use self::snapshots::Snapshots;
use crate::dns::control as foreign;
use crate::emulator::{Inner, TokenFact};
use crate::faults::{Armed, FaultRules};
use crate::http::{self, Answer, ApiError, OWN_CONTROL, OWN_NOT_THERE, Outcome};
use crate::options::Options;
use crate::products::{audit_logs, d1};
use crate::state::State;

/// Where it is.
const ROOT: &str = "/__flarekeep";
/// The largest body.
const LARGEST: usize = 1 << 20;

/// What is steered: the time, the faults, and the states to go back to.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) clock: Timekeeper,
    pub(crate) decisions: Decisions,
    pub(crate) faults: Armed,
    snapshots: Snapshots,
    /// The state before the first call.
    seeded: Arc<State>,
    /// The tokens that it holds.
    pub(crate) tokens: Vec<TokenFact>,
}

/// The body of a call: a JSON object, or nothing.
pub(super) struct Body(Map<String, Value>);

impl Control {
    /// For an emulator that begins with this state.
    pub(crate) fn new(options: &Options, seeded: &State, tokens: Vec<TokenFact>) -> Self {
        Self {
            clock: Timekeeper::new(options.clock.clone(), options.now),
            decisions: Decisions::new(options.decisions),
            faults: Armed::new(options.faults.clone().unwrap_or_default()),
            snapshots: Snapshots::default(),
            seeded: Arc::new(audit_logs::apart(seeded)),
            tokens,
        }
    }
}

/// Whether a path is of the control surface.
pub(crate) fn is_control(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers one request of the control surface.
pub(crate) async fn serve(emulator: Arc<Inner>, request: Request) -> Response<HttpBody> {
    answered(&emulator, request).await.unwrap_or_else(Answer::from).into_response()
}

async fn answered(emulator: &Arc<Inner>, request: Request) -> Outcome {
    let (parts, body) = request.into_parts();
    guard::check(&parts.headers, &parts.uri)?;
    if let Some(name) = parts.uri.path().strip_prefix(ROOT).and_then(|path| path.strip_prefix("/d1/")) {
        // D1's imports and exports: whoever was told the name may use it, and its files are large.
        let put = parts.method == Method::PUT;
        if put && !d1::awaits(&emulator.state(), name) {
            // Who waits for leave to send is given none.
            if !parts.headers.contains_key(EXPECT) {
                http::drain(body).await;
            }
            return Err(d1::no_such_file());
        }
        let put = if put { Some(http::whole(body).await?) } else { None };
        return d1::upload(emulator, name, put).await;
    }
    let bytes = axum::body::to_bytes(body, LARGEST).await;
    let bytes = bytes.map_err(|_| bad(&format!("the body ended early or is larger than {LARGEST} bytes")))?;
    let path = parts.uri.path().strip_prefix(ROOT).unwrap_or_default();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let query = |name: &str| http::parameter(parts.uri.query(), name);
    let control = &emulator.control;
    let result = match (segments.as_slice(), &parts.method) {
        ([], &Method::GET) => overview(emulator),
        (["health"], &Method::GET) => json!({"status": "ok"}),
        (["reset"], &Method::POST) => {
            Body::read(&bytes)?.only(&[])?;
            reset(emulator).await?
        }
        (["snapshot" | "snapshots"], &Method::POST) => control.snapshots.take(emulator, &Body::read(&bytes)?)?,
        (["snapshots"], &Method::GET) => control.snapshots.show(),
        (["snapshots"], &Method::DELETE) => control.snapshots.remove(None)?,
        (["snapshots", name], &Method::DELETE) => control.snapshots.remove(Some(name))?,
        (["restore"], &Method::POST) => restore(emulator, &Body::read(&bytes)?).await?,
        (["clock"], &Method::GET) => clock::show(emulator),
        (["clock"], &Method::POST) => clock::change(emulator, &Body::read(&bytes)?)?,
        (["decisions"], &Method::GET) => control.decisions.show(query("since").as_deref(), query("last").as_deref())?,
        (["decisions"], &Method::DELETE) => {
            control.decisions.clear();
            json!({})
        }
        (["dns"], method) => return dns(emulator, method, &bytes).await,
        (["faults"], &Method::GET) => control.faults.show(),
        (["faults"], &Method::PUT) => {
            control.faults.set(FaultRules::from_json(&bytes).map_err(|error| bad(&error.to_string()))?);
            control.faults.show()
        }
        (["faults"], &Method::POST) => {
            control.faults.add(&bytes).map_err(|error| bad(&error.to_string()))?;
            control.faults.show()
        }
        (["faults"], &Method::DELETE) => {
            control.faults.set(FaultRules::default());
            control.faults.show()
        }
        (["faults", name], &Method::DELETE) => {
            let missing = || ApiError::new(404, OWN_NOT_THERE, "there is no rule of this name");
            control.faults.remove(name).then(|| control.faults.show()).ok_or_else(missing)?
        }
        (
            []
            | ["health" | "reset" | "snapshot" | "snapshots" | "restore" | "clock" | "decisions" | "faults"]
            | ["snapshots" | "faults", _],
            _,
        ) => return Err(ApiError::wrong_method(parts.method.as_str(), emulator.options.wrong_method)),
        _ => return Err(ApiError::new(404, OWN_NOT_THERE, format!("nothing is here: GET {ROOT}/ says what there is"))),
    };
    Ok(Answer::result(&result))
}

/// What names hold that are in no zone of the emulator.
async fn dns(emulator: &Arc<Inner>, method: &Method, body: &[u8]) -> Outcome {
    let request = foreign::Request::read(method, http::object(body).as_ref())?;
    if request.is_read() {
        return request.run(&mut State::clone(&emulator.state()));
    }
    emulator.alter(move |state| request.run(state)).await
}

/// Back to the beginning: the seeded state, the clock and the faults of the start, fresh rate limits.
pub(crate) async fn reset(emulator: &Arc<Inner>) -> Result<Value, ApiError> {
    put(emulator, emulator.control.seeded.clone()).await?;
    let control = &emulator.control;
    control.clock.reset();
    control.faults.set(emulator.options.faults.clone().unwrap_or_default());
    emulator.forget_calls();
    Ok(json!({}))
}

async fn restore(emulator: &Arc<Inner>, body: &Body) -> Result<Value, ApiError> {
    body.only(&["name"])?;
    let name = body.text("name")?.ok_or_else(|| bad("`name` says which snapshot"))?;
    put(emulator, emulator.control.snapshots.state(name)?).await?;
    Ok(json!({"name": name}))
}

/// Puts a state in place of the present one, as lastingly as any write.
async fn put(emulator: &Arc<Inner>, state: Arc<State>) -> Result<(), ApiError> {
    let change = move |draft: &mut State| {
        *draft = audit_logs::apart(&state);
        Ok(())
    };
    emulator.alter(change).await
}

fn overview(emulator: &Inner) -> Value {
    let calls = [
        ("GET", "health", "whether it answers"),
        ("POST", "reset", "back to the seeded world, with the clock and the faults of the start"),
        ("POST", "snapshot", "keep the state: {\"name\"} or none"),
        ("POST", "restore", "go back to a snapshot: {\"name\"}"),
        ("GET", "snapshots", "those that are kept; DELETE forgets all, DELETE snapshots/NAME one"),
        ("GET", "clock", "the emulated time"),
        ("POST", "clock", "{\"now\": TIME}, {\"advance\": \"90d\"}, {\"freeze\": true}, {\"reset\": true}"),
        ("GET", "faults", "the rules, with how often each was met"),
        (
            "PUT",
            "faults",
            "other rules: {\"seed\", \"rule\": […]}; POST adds one, DELETE removes all, DELETE faults/NAME one",
        ),
        ("GET", "dns", "what foreign names hold; PUT {\"name\", \"type\", \"content\"} adds, DELETE takes away"),
        ("GET", "decisions", "the last decisions: ?since=NUMBER, ?last=COUNT; DELETE forgets them"),
    ];
    let calls =
        calls.map(|(method, path, what)| json!({"method": method, "path": format!("{ROOT}/{path}"), "what": what}));
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "calls": calls,
        "clock": clock::show(emulator),
        "snapshots": emulator.control.snapshots.show(),
    })
}

impl Body {
    fn read(bytes: &[u8]) -> Result<Self, ApiError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        http::object(bytes).map(Self).ok_or_else(|| bad("the body must be a JSON object"))
    }

    /// Refuses keys that nobody reads.
    fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        match self.0.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(bad(&format!("`{}` is not known here", crate::log::printable(key, 40)))),
            None => Ok(()),
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| bad(&format!("`{name}` must be text")))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| bad(&format!("`{name}` must be true or false")))
    }
}

/// Whether a text may name a snapshot or a rule.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// The answer to what cannot be meant.
fn bad(message: &str) -> ApiError {
    ApiError::new(400, OWN_CONTROL, message)
}
