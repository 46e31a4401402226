//! Methods, paths and URLs.

use super::{PlainId, RecogniseError, Recognised, Remark, Subject, harmless, name, nothing};
use crate::host::API_HOST;
use crate::nearest::nearest;
use crate::operation::{Method, Operation, operations};
use crate::route::{Route, route};

const METHODS: [Method; 5] = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];
const DOCS_HOST: &str = "developers.cloudflare.com";

/// What a text says of the method.
#[derive(Clone, Copy)]
pub(super) enum Said {
    /// This one.
    Method(Method),
    /// None, and nothing tells: all are meant.
    Nothing,
    /// None, and a client would GET.
    Get,
}

/// A method and a path, a path, or a URL; nothing where the text is none of them.
pub(super) fn recognise(text: &str) -> Option<Result<Recognised, RecogniseError>> {
    if let Some((method, rest)) = text.split_once(char::is_whitespace)
        && let Ok(read) = method.parse()
        && let mut words = rest.split_whitespace()
        && let Some(target) = words.next().filter(|target| target.contains('/'))
    {
        let rest = words.next().is_some_and(|word| !word.starts_with("HTTP/"));
        let mut remarks = Vec::new();
        remarks.extend(method.eq_ignore_ascii_case("HEAD").then_some(Remark::HeadIsGet));
        remarks.extend(rest.then_some(Remark::Rest));
        if let Some(found) = by_template(Some(read), target) {
            return Some(Ok(Recognised { remarks, ..found }));
        }
        return Some(located(Subject::Operation, Said::Method(read), target, remarks));
    }
    if text.contains(char::is_whitespace) || !text.contains('/') {
        return None;
    }
    if let Some(found) = by_template(None, text) {
        return Some(Ok(found));
    }
    match text.contains("://") || text.starts_with(API_HOST) || text.starts_with(DOCS_HOST) {
        true => Some(located(Subject::Url, Said::Get, text, Vec::new())),
        false => Some(located(Subject::Path, Said::Nothing, text, Vec::new())),
    }
}

/// Operations that no request's path alone leads to are named by their template: `PUT s3://{bucket_name}/{object_key}`.
fn by_template(method: Option<Method>, path: &str) -> Option<Recognised> {
    let named = |operation: &&Operation| {
        !operation.is_routed() && operation.path() == path && method.is_none_or(|method| operation.method == method)
    };
    let found: Vec<_> = operations().iter().filter(named).collect();
    let first = found.first()?;
    let (subject, name) = match method {
        Some(_) => (Subject::Operation, first.to_string()),
        None => (Subject::Path, first.path().to_owned()),
    };
    Some(Recognised { operations: found, ..nothing(subject, name) })
}

/// The operations at a target: a path, or a URL.
pub(super) fn located(
    subject: Subject,
    said: Said,
    target: &str,
    mut remarks: Vec<Remark>,
) -> Result<Recognised, RecogniseError> {
    let target = target.trim_matches(['"', '\'', '`', '<', '>', ',']);
    let target = target.split('#').next().unwrap_or_default();
    let (target, query) = target.split_once('?').unwrap_or((target, ""));
    let path = match split_host(target) {
        Some((host, path)) if host.eq_ignore_ascii_case(DOCS_HOST) => return name::documentation(path),
        Some((host, path)) => path_at(host, path)?,
        // An API elsewhere whose URL lacks the scheme, or a path, with the slash before it or without.
        None => target.find("/client/v4/").and_then(|at| target.get(at..)).unwrap_or(target).to_owned(),
    };
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    let path = path.strip_prefix("/client/v4").filter(|rest| rest.starts_with('/')).unwrap_or(&path);
    if !query.is_empty() {
        remarks.push(Remark::Query);
    }
    let routes = routes(path);
    let named = match said {
        Said::Method(method) => routes_by(path, &[method]),
        Said::Get => routes.iter().copied().filter(|route| route.operation.method == Method::Get).collect(),
        Said::Nothing => routes.clone(),
    };
    let (chosen, others) = match (said, named.is_empty(), routes.is_empty()) {
        (Said::Method(method), true, _) => return Err(no_operation(method, path, &routes)),
        (_, true, true) => return Err(no_path(path)),
        (Said::Method(_), false, _) => (named, Vec::new()),
        (Said::Get, false, _) => {
            remarks.push(Remark::AssumedGet);
            let others = routes.iter().filter(|route| route.operation.method != Method::Get);
            (named, others.map(|route| route.operation).collect())
        }
        (Said::Get, true, false) => {
            remarks.push(Remark::AllMethods);
            (routes, Vec::new())
        }
        (Said::Nothing, ..) => (named, Vec::new()),
    };
    let Some(first) = chosen.first() else { return Err(no_path(path)) };
    let name = match chosen.len() {
        1 => first.operation.to_string(),
        _ => first.operation.path().to_owned(),
    };
    let plain = |value: &&str| harmless::is_plain(value);
    let ids = first.parameters().filter(|(_, value)| plain(value));
    Ok(Recognised {
        account: first.account().and_then(|id| id.parse().ok()),
        zone: first.zone().and_then(|id| id.parse().ok()),
        ids: ids.map(|(parameter, value)| PlainId { parameter, value: value.to_owned() }).collect(),
        operations: chosen.iter().map(|route| route.operation).collect(),
        others,
        remarks,
        ..nothing(subject, name)
    })
}

/// A URL's host and path. A shell's variable in the place of the host is one too: `$API/zones`.
fn split_host(target: &str) -> Option<(&str, &str)> {
    let rest = match target.split_once("://") {
        Some((_, rest)) => rest,
        None if [API_HOST, DOCS_HOST, "$"].iter().any(|host| target.starts_with(host)) => target,
        None => return None,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // Whatever stands before an `@` is a user with a password.
    let host = authority.rsplit('@').next().unwrap_or(authority);
    Some((host, path))
}

/// The path below the API at a host; an API elsewhere, as that of a local Cloudflare, is known by `/client/v4`.
fn path_at(host: &str, path: &str) -> Result<String, RecogniseError> {
    let name = host.split(':').next().unwrap_or(host);
    let variable = host.starts_with(['$', '{', '<']);
    if name.eq_ignore_ascii_case(API_HOST) || variable || path.starts_with("/client/v4/") {
        return Ok(path.to_owned());
    }
    Err(RecogniseError::Elsewhere { host: harmless::word(name) })
}

/// What is at a path, one for each method; only those of the template that fits best.
fn routes(path: &str) -> Vec<Route<'_>> {
    let mut routes = routes_by(path, &METHODS);
    let best = routes.iter().map(|route| shape(route.operation)).max();
    routes.retain(|route| Some(shape(route.operation)) == best);
    routes
}

fn routes_by<'a>(path: &'a str, methods: &[Method]) -> Vec<Route<'a>> {
    let mut routes: Vec<_> = methods.iter().filter_map(|method| route(*method, path)).collect();
    routes.sort_by_key(|route| route.operation.index);
    routes
}

/// Which segments of the template are literal: the more on the left, the better it fits.
fn shape(operation: &Operation) -> Vec<bool> {
    operation.path().split('/').map(|segment| !segment.contains('{')).collect()
}

fn no_operation(method: Method, path: &str, routes: &[Route<'_>]) -> RecogniseError {
    let given = format!("{method} {}", harmless::path(path));
    let there: Vec<String> = routes.iter().map(|route| route.operation.to_string()).collect();
    let nearest = match there.is_empty() {
        true => nearest(&given, operations().iter().map(ToString::to_string)),
        false => there,
    };
    RecogniseError::Operation { given, nearest }
}

fn no_path(path: &str) -> RecogniseError {
    let given = harmless::path(path);
    let nearest = nearest(&given, operations().iter().map(|operation| operation.path().to_owned()));
    RecogniseError::Path { given, nearest }
}
