//! From a request to its answer: route, authentication, authorisation, and only then validation and effect.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderValue, Method as HttpMethod, Response, Uri, request};
use flarekeep_catalogue::{AccountId, Method, Operation, Route, ZoneId, route};
use flarekeep_policy as policy;

use super::answer::Answer;
use super::body;
use super::call::{Call, Caller, Trace};
use super::error::{ApiError, OWN_NOT_SIMULATED};
use super::pass::{Pass, Stopped};
use crate::answers;
use crate::authentication::{self, Credential, Denial};
use crate::authorisation;
use crate::edge_limit;
use crate::emulator::{self, Inner};
use crate::log::{Behind, CredentialKind, Part, Seen, Verdict};
use crate::options::{BadZoneId, Options, WrongMethod};
use crate::products::{self, Handler, graphql};
use crate::rate_limit::Standing;
use crate::refusal;
use crate::state::State;
use crate::upload_ticket::{self, Opened};
use crate::why::{self, Grounds};

const BASE: &str = "/client/v4";

/// Answers one request.
pub(crate) async fn serve(emulator: Arc<Inner>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let seen = emulator.is_listened_to().then(|| Seen::of(&parts));
    let mut trail = Trail { told: seen.is_some(), ray: emulator.ray(), ..Trail::default() };
    let answer = answered(&emulator, parts, body, &mut trail).await.unwrap_or_else(|error| {
        let error = error.dated(emulator.options.unrouted);
        trail.verdict.errors = error.errors.iter().map(|item| item.code).collect();
        Answer::from(error)
    });
    let status = answer.status.as_u16();
    let mut response = answer.into_response();
    stamp(&emulator, &mut trail, response.headers_mut());
    let why = emulator.options.explain.then(|| why::line(&trail.verdict));
    if let Some(Ok(why)) = why.as_deref().map(HeaderValue::from_str) {
        response.headers_mut().insert(why::HEADER, why);
    }
    if let Some(seen) = seen {
        emulator.tell(trail.verdict, &seen, status, why);
    }
    response
}

/// What became of a call, for the log and the headers.
#[derive(Default)]
struct Trail {
    /// Whether somebody listens, so that the sentence is worth its making.
    told: bool,
    /// The id of the answer.
    ray: String,
    verdict: Verdict,
    standing: Option<Standing>,
}

/// An operation and the place that its path names.
struct Target<'a> {
    route: Route<'a>,
    account: Option<AccountId>,
    zone: Option<ZoneId>,
    /// Whether the world holds the account and the zone.
    exists: bool,
}

async fn answered(
    emulator: &Arc<Inner>,
    parts: request::Parts,
    body: Body,
    trail: &mut Trail,
) -> Result<Answer, ApiError> {
    let request::Parts { method, uri, headers, extensions, .. } = parts;
    let ip = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if let Some(limit) = emulator.options.address_limit
        && !emulator.edge.count(ip, limit, emulator.now())
    {
        trail.verdict.cause = "address-limited";
        body::drain(body).await;
        return Ok(edge_limit::refusal(&headers, &emulator.ray()));
    }
    let state = emulator.state();
    let admitted = Target::find(&method, &uri, &state, &emulator.options).and_then(|target| {
        trail.verdict.operation = Some(target.route.operation);
        let pass = admit(emulator, &state, &headers, &target, ip, trail)?;
        Ok((target, pass))
    });
    let (target, pass) = match admitted {
        Ok(admitted) => admitted,
        Err(denial) => {
            trail.verdict.cause = denial.cause;
            if !body.is_end_stream() {
                body::drain(body).await;
            }
            return Err(denial.error);
        }
    };
    if graphql::is_graphql(target.route.operation) {
        return query(emulator, &pass, body, trail).await;
    }
    trail.verdict.allowed = true;
    if !target.exists {
        return Err(ApiError::could_not_route(uri.path()));
    }
    let mut parameters = Vec::new();
    for (name, value) in target.route.parameters() {
        parameters.push((name, body::decoded(value).ok_or_else(|| ApiError::could_not_route(uri.path()))?));
    }
    let (operation, account, zone) = (target.route.operation, target.account, target.zone);
    let body = if body.is_end_stream() { Bytes::new() } else { body::read(operation, body).await? };
    let parts = body::parts(&headers, &body).await;
    let mut call = Call {
        operation,
        caller: pass.caller.clone(),
        account,
        zone,
        at: emulator.now(),
        ip,
        options: emulator.options.clone(),
        trace: if operation.method == Method::Get {
            Trace::default()
        } else {
            Trace { ray: trail.ray.clone(), uri: uri.to_string() }
        },
        parameters,
        query: uri.query().map(ToOwned::to_owned),
        headers,
        body,
        parts,
    };
    let handler = products::handler(operation);
    if let Some(Handler::Write(write)) = handler {
        let (again, path) = (pass.clone(), uri.path().to_owned());
        let written = emulator.alter(move |state| {
            admit_again(&mut call, &again, state, &path)?;
            emulator::written(write, &call, state).map_err(Stopped::Failed)
        });
        return written.await.map_err(|stopped| stop(emulator, &pass, stopped, trail));
    }
    let now = emulator.state();
    if !Arc::ptr_eq(&now, &state) {
        admit_again(&mut call, &pass, &now, uri.path()).map_err(|stopped| stop(emulator, &pass, stopped, trail))?;
    }
    match handler {
        Some(Handler::Read(read)) => read(&call, &now),
        Some(Handler::Own(own)) => own(emulator.clone(), call).await,
        _ => answers::of_call(&call).ok_or_else(|| products::not_simulated(operation)),
    }
}

/// Decides again on the state that the call is about to meet, and takes what is found there.
fn admit_again(call: &mut Call, pass: &Pass, state: &State, path: &str) -> Result<(), Stopped> {
    let held = pass.hold(state, call.at, &call.options).map_err(Stopped::Denied)?;
    if !held.exists {
        return Err(ApiError::could_not_route(path).into());
    }
    call.caller = held.caller;
    if call.zone.is_some() {
        call.account = held.account;
    }
    Ok(())
}

/// The answer to a call that was stopped late, noted in the trail.
fn stop(emulator: &Inner, pass: &Pass, stopped: Stopped, trail: &mut Trail) -> ApiError {
    let denial = match stopped {
        Stopped::Failed(error) => return error,
        Stopped::Denied(denial) => denial,
    };
    trail.verdict.allowed = false;
    trail.verdict.cause = denial.cause;
    let state = emulator.state();
    trail.verdict.why = match &pass.caller {
        Caller::Token(shown) if emulator.options.explain => state.tokens.with_id(shown.stored.id).map(|record| {
            let caller = Caller::Token(record.clone());
            let zone = pass.zone.and_then(|id| state.world.zone(id));
            let account = pass.account.or(zone.map(|zone| zone.account));
            let request = pass.request(&caller, account, emulator.now());
            let grounds = Grounds::of(record, &request);
            let mended = authorisation::is_mended_by_groups(&caller, &request, &state, Some(&denial));
            if mended { grounds } else { grounds.without_remedy() }
        }),
        _ => None,
    };
    denial.error
}

/// GraphQL: what must be granted is in the body.
async fn query(emulator: &Inner, pass: &Pass, body: Body, trail: &mut Trail) -> Result<Answer, ApiError> {
    let called = pass.operation;
    let body = body::read(called, body).await?;
    let (state, at, ip) = (emulator.state(), emulator.now(), pass.ip);
    let state = state.as_ref();
    let held = pass.hold(state, at, &emulator.options);
    let held = held.map_err(|denial| stop(emulator, pass, Stopped::Denied(denial), trail))?;
    let caller = &held.caller;
    let query = graphql::Query::read(&body, &state.world, called);
    if let Some(limit) = emulator.options.graphql_limit.filter(|_| emulator.options.rate_limit.is_some())
        && let (_, Err(error)) = emulator.graphql_limiter.count(caller, limit, at)
    {
        trail.verdict.cause = "rate-limited";
        return Err(error);
    }
    if trail.told {
        let part = |part: &graphql::Part| Part { operation: part.operation, path: None };
        trail.verdict.parts = query.parts.iter().map(part).collect();
    }
    for part in &query.parts {
        trail.verdict.operation = Some(part.operation);
        let request = authorisation::request(part.operation, caller, (part.account, part.zone), ip, at);
        if let (Caller::Token(record), true) = (caller, trail.told) {
            trail.verdict.grounds = Some(Behind::token(record, &request));
        }
        match decided(emulator, state, caller, &request, trail) {
            Ok(cause) => trail.verdict.cause = cause,
            Err(denial) => {
                trail.verdict.cause = denial.cause;
                return Ok(part.refusal(at.0));
            }
        }
    }
    trail.verdict.allowed = true;
    query.answer()
}

/// Authentication, rate limit, authorisation, in this order. What a GraphQL query needs is known only from its body.
fn admit(
    emulator: &Inner,
    state: &State,
    headers: &HeaderMap,
    target: &Target,
    ip: Option<IpAddr>,
    trail: &mut Trail,
) -> Result<Pass, Denial> {
    let operation = target.route.operation;
    let at = emulator.now();
    if let Some(admitted) = upload_ticket::admit(operation, target.account, headers, state, at.0) {
        let Opened { caller, operation, account, kind } = admitted?;
        let pass = Pass { caller, operation, account: Some(account), zone: None, ip, ticket: Some(kind) };
        let_in(emulator, state, &pass, Some(account), trail)?;
        trail.verdict.cause = "upload-ticket";
        return Ok(pass);
    }
    let credential = authentication::presented(headers, operation, &emulator.options)?;
    if matches!(credential, Credential::Bearer(_)) {
        trail.verdict.credential = CredentialKind::UnknownToken;
    }
    let identified = authentication::identify(credential, state, operation, &emulator.options);
    let caller = identified.map_err(|denial| locked_out(emulator, denial, operation, ip))?;
    // A zone's account is looked up again with the zone.
    let account = target.account.filter(|_| target.route.account().is_some());
    let pass = Pass { caller, operation, account, zone: target.zone, ip, ticket: None };
    let_in(emulator, state, &pass, target.account, trail)?;
    Ok(pass)
}

/// What follows authentication: whether the credential can be used, rate limit, authorisation. `account` is that of the
/// path or the one that owns the zone.
fn let_in(
    emulator: &Inner,
    state: &State,
    pass: &Pass,
    account: Option<AccountId>,
    trail: &mut Trail,
) -> Result<(), Denial> {
    let Pass { caller, operation, .. } = pass;
    match caller {
        Caller::Key(_) => trail.verdict.credential = CredentialKind::GlobalKey,
        Caller::Token(record) => trail.verdict.note(record),
    }
    let at = emulator.now();
    let request = pass.request(caller, account, at);
    if let Err(denial) = authentication::usable(caller, &request, &emulator.options) {
        if let (Caller::Token(record), true) = (caller, emulator.options.explain) {
            trail.verdict.why = Some(Grounds::of(record, &request));
        }
        return Err(denial);
    }
    if let Caller::Token(record) = caller {
        record.touch(at);
        if trail.told {
            trail.verdict.grounds = Some(Behind::token(record, &request));
        }
    }
    if let Some(limit) = emulator.options.rate_limit {
        let (standing, counted) = emulator.limiter.count(caller, limit, at);
        trail.standing = Some(standing);
        counted.map_err(|error| Denial { cause: "rate-limited", error })?;
    }
    if !graphql::is_graphql(operation) {
        trail.verdict.cause = decided(emulator, state, caller, &request, trail)?;
    }
    Ok(())
}

/// The answer to an unknown credential, once there were too many of them from its address.
fn locked_out(emulator: &Inner, denial: Denial, operation: &Operation, ip: Option<IpAddr>) -> Denial {
    let limit = emulator.options.lock_out;
    let locked = limit.is_some_and(|limit| emulator.failures.count(ip, limit, emulator.now()));
    match refusal::locked_out(operation).filter(|_| locked) {
        Some(error) => Denial { cause: "locked-out", error },
        None => denial,
    }
}

/// The decision on one operation, with its grounds where they are asked for.
fn decided(
    emulator: &Inner,
    state: &State,
    caller: &Caller,
    request: &policy::Request,
    trail: &mut Trail,
) -> Result<&'static str, Denial> {
    let decision = authorisation::authorise(caller, request, &state.world, &emulator.options);
    if let (Caller::Token(record), true) = (caller, emulator.options.explain) {
        let grounds = Grounds::of(record, request);
        let mended = authorisation::is_mended_by_groups(caller, request, state, decision.as_ref().err());
        trail.verdict.why = Some(if mended { grounds } else { grounds.without_remedy() });
    }
    decision
}

impl<'a> Target<'a> {
    fn find(method: &HttpMethod, uri: &'a Uri, state: &State, options: &Options) -> Result<Self, Denial> {
        let route =
            routed(method, uri.path(), options.wrong_method).map_err(|error| Denial { cause: "no-route", error })?;
        let bad_id = || Denial { cause: "bad-id", error: ApiError::could_not_route(uri.path()) };
        let bad_zone = || match options.bad_zone_id {
            BadZoneId::CouldNotRoute => bad_id(),
            BadZoneId::InvalidIdentifier => {
                Denial { cause: "bad-id", error: ApiError::new(400, 9109, "Invalid zone identifier") }
            }
        };
        let account = route.account().map(id::<AccountId>).map(|id| id.ok_or_else(bad_id)).transpose()?;
        let zone = route.zone().map(id::<ZoneId>).map(|id| id.ok_or_else(bad_zone)).transpose()?;
        let known_zone = zone.and_then(|id| state.world.zone(id));
        let exists = zone.is_none() || known_zone.is_some();
        let exists = exists && account.is_none_or(|id| state.world.account(id).is_some());
        Ok(Self { route, account: account.or(known_zone.map(|zone| zone.account)), zone, exists })
    }
}

fn routed<'a>(method: &HttpMethod, path: &'a str, wrong: WrongMethod) -> Result<Route<'a>, ApiError> {
    const ALL: [Method; 5] = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];
    let path = path.strip_prefix(BASE).ok_or_else(ApiError::no_route)?;
    if let Some(found) = method.as_str().parse().ok().and_then(|method| route(method, path)) {
        return Ok(found);
    }
    let other = ALL.into_iter().any(|method| route(method, path).is_some());
    Err(if other { ApiError::wrong_method(method.as_str(), wrong) } else { ApiError::no_route() })
}

/// An id in a path. Digits may be percent-encoded, as anything in a path may.
fn id<T: std::str::FromStr>(segment: &str) -> Option<T> {
    segment.parse().ok().or_else(|| body::decoded(segment)?.parse().ok())
}

/// The headers that every answer has.
fn stamp(emulator: &Inner, trail: &mut Trail, headers: &mut HeaderMap) {
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(value)) {
            headers.insert(name, value);
        }
    };
    set("cf-ray", std::mem::take(&mut trail.ray));
    if let Some(limit) = emulator.options.rate_limit {
        let Standing { remaining, resets } = trail.standing.unwrap_or_else(|| Standing::fresh(limit));
        set("ratelimit", format!("\"default\";r={remaining};t={resets}"));
        set("ratelimit-policy", format!("\"default\";q={};w={}", limit.calls, limit.window.as_secs()));
    }
    if trail.verdict.errors.contains(&OWN_NOT_SIMULATED) {
        set("x-flarekeep-simulated", "no".to_owned());
        // The official SDKs repeat a 5xx unless they are told that it is of no use.
        set("x-should-retry", "false".to_owned());
    }
}
