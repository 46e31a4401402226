//! One request that shows whether a token may call an operation, and changes nothing.
//!
//! A read without an item in its path is tried as it is. Everything else goes by the catalogue's probe table: a request
//! that is authorised and then must fail. An answer that proves neither proves nothing: it is *unproven*.

use flarekeep_catalogue::{ActingRead, Method, Operation, Probe, ZoneId, acting_reads, probes};
use flarekeep_cloudflare::{self as api, Bytes, Client, RawAnswer};
use flarekeep_planner::Target;
use serde_json::Value;

use crate::error::Error;
use crate::why::Seen;

/// What one attempt showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The token may call the operation.
    Authorised,
    /// The token may not.
    Refused {
        /// Cloudflare's codes.
        codes: Vec<i64>,
        /// Its words, escaped.
        message: String,
    },
    /// The attempt proves nothing, or there is none that is safe.
    Unproven {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// Whether a token that may not be used any more is refused so, too.
    pub(crate) fn may_be_of_a_dead_token(&self) -> bool {
        matches!(self, Self::Refused { codes, .. } if codes.contains(&AUTHENTICATION_ERROR))
    }
}

/// `Authentication error`: of a valid token without the right, and in places of one that is none any more.
const AUTHENTICATION_ERROR: i64 = 10000;

/// A request that is ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    method: api::Method,
    path: String,
    body: Option<(String, Bytes)>,
    /// The codes that prove authorisation. A read that succeeds proves it as well.
    authorised: Vec<i64>,
    /// The codes that refuse here, beside those that refuse everywhere.
    refused: Vec<i64>,
    /// Whether the operation only reads: then its success is a proof.
    reads: bool,
    /// The zone that the answer must list.
    must_list: Option<ZoneId>,
}

/// The catalogue's probes, read once.
#[derive(Debug)]
pub(crate) struct Probes {
    probes: Vec<Probe>,
    acts: Vec<ActingRead>,
}

impl Probes {
    pub(crate) fn load() -> Result<Self, Error> {
        let broken = |error: toml::de::Error| Error::Probes(error.to_string());
        Ok(Self { probes: probes().map_err(broken)?, acts: acting_reads().map_err(broken)? })
    }

    /// The attempt for an operation, or why there is none.
    pub(crate) fn attempt(&self, operation: &Operation, target: &Target) -> Result<Attempt, String> {
        let name = operation.to_string();
        let probe = self.probes.iter().find(|probe| probe.operation == name);
        if operation.is_s3() {
            return Err("the S3 face takes signed requests, and is not tried yet".to_owned());
        }
        if let Some(act) = self.acts.iter().find(|act| act.operation == name) {
            return Err(format!("it is a GET, and no mere read: {}", act.does));
        }
        if probe.is_none() && operation.method.mutates() {
            return Err("no request is known that would try it and change nothing".to_owned());
        }
        let mut path = filled(operation, target, probe)?;
        if let Some(query) = probe.map(|probe| &probe.query).filter(|query| !query.is_empty()) {
            path = format!("{path}?{query}");
        }
        let account = target.account.map(|id| id.to_string()).unwrap_or_default();
        let body = |probe: &Probe| (probe.content_type.clone(), Bytes::from(probe.body_with(&account, random)));
        Ok(Attempt {
            method: method(operation.method),
            path,
            body: probe.filter(|probe| !probe.body.is_empty()).map(body),
            authorised: probe.map(|probe| probe.authorised.clone()).unwrap_or_default(),
            refused: probe.map(|probe| probe.refused.clone()).unwrap_or_default(),
            reads: !operation.mutates(),
            must_list: target.zone.filter(|_| name == "GET /zones"),
        })
    }
}

impl Attempt {
    /// Sends the request. A credential that Cloudflare refuses is an error; a call that it refuses is an outcome.
    pub(crate) async fn make(&self, client: &Client) -> Result<Outcome, Error> {
        if let Some(zone) = self.must_list {
            return lists(client, &self.path, zone).await;
        }
        let body = self.body.as_ref().map(|(content_type, body)| (content_type.as_str(), body.clone()));
        match client.raw(self.method.clone(), &self.path, body).await {
            Ok(answer) => self.interpret(&answer),
            Err(error) if is_lost(&error) => Ok(Outcome::Unproven { reason: error.to_string() }),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends the request, and gives what refused it as it came.
    pub(crate) async fn seen(&self, client: &Client) -> Result<Seen, Error> {
        let outcome = if let Some(zone) = self.must_list {
            lists(client, &self.path, zone).await
        } else {
            let body = self.body.as_ref().map(|(content_type, body)| (content_type.as_str(), body.clone()));
            match client.raw(self.method.clone(), &self.path, body).await {
                Ok(answer) => match (self.interpret(&answer), answer.refusal()) {
                    (Ok(Outcome::Refused { .. } | Outcome::Unproven { .. }), Some(refusal)) => {
                        Err(Error::Call(refusal))
                    }
                    (outcome, _) => outcome,
                },
                Err(error) if is_lost(&error) && error.status().is_none() => {
                    Ok(Outcome::Unproven { reason: error.to_string() })
                }
                Err(error) => Err(error.into()),
            }
        };
        match outcome {
            Ok(Outcome::Authorised) => Ok(Seen::Authorised),
            Ok(Outcome::Refused { .. }) => Ok(Seen::NotListed),
            Ok(Outcome::Unproven { reason }) => Ok(Seen::Unproven(reason)),
            Err(Error::Call(
                refusal @ (api::Error::Refused { .. }
                | api::Error::NotJson { .. }
                | api::Error::RateLimited { .. }
                | api::Error::Server { .. }),
            )) => Ok(Seen::Refused(refusal)),
            Err(error) => Err(error),
        }
    }

    fn interpret(&self, answer: &RawAnswer) -> Result<Outcome, Error> {
        let Some(refusal) = answer.refusal() else {
            return Ok(match self.reads {
                true => Outcome::Authorised,
                // INVARIANT: a probe cannot succeed. If Cloudflare changed so that it can, that must be said.
                false => Outcome::Unproven { reason: "the probe succeeded, which it never should".to_owned() },
            });
        };
        if self.authorised.iter().any(|code| refusal.has_code(*code)) {
            return Ok(Outcome::Authorised);
        }
        let refused_here = self.refused.iter().any(|code| refusal.has_code(*code));
        refused(refusal, refused_here)
    }
}

/// Whether the answer failed or was lost on its way. Of a write that would be alarming; an attempt changes nothing, whether
/// or not it arrived.
fn is_lost(error: &api::Error) -> bool {
    error.may_have_acted() || matches!(error, api::Error::Server { .. } | api::Error::AnswerLost { .. })
}

/// The outcome of a refusal that proves no authorisation.
fn refused(refusal: api::Error, refused_here: bool) -> Result<Outcome, Error> {
    if refusal.is_authentication() || refusal.is_location() {
        return Err(refusal.into());
    }
    let message = refusal.errors().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    Ok(match refused_here || refusal.is_permission() {
        true => Outcome::Refused { codes: refusal.codes().collect(), message },
        false => Outcome::Unproven { reason: format!("Cloudflare answered {message}") },
    })
}

/// A list of zones proves a right on a zone only if that zone is in it: a list may be filtered until it is empty.
async fn lists(client: &Client, path: &str, zone: ZoneId) -> Result<Outcome, Error> {
    const PAGES: u32 = 20;
    for page in 1..=PAGES {
        let answer = client.raw(api::Method::GET, &format!("{path}?per_page=50&page={page}"), None).await?;
        if let Some(refusal) = answer.refusal() {
            return refused(refusal, false);
        }
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Some(zones) = document["result"].as_array().filter(|zones| !zones.is_empty()) else {
            return Ok(Outcome::Refused { codes: Vec::new(), message: "the list does not hold the zone".to_owned() });
        };
        if zones.iter().any(|listed| listed["id"].as_str() == Some(&zone.to_string())) {
            return Ok(Outcome::Authorised);
        }
    }
    Ok(Outcome::Unproven { reason: format!("the zone is not among the first {} of the list", PAGES * 50) })
}

/// The operation's path with every parameter filled in.
fn filled(operation: &Operation, target: &Target, probe: Option<&Probe>) -> Result<String, String> {
    let mut path = String::new();
    for (position, segment) in operation.path().trim_start_matches('/').split('/').enumerate() {
        path.push('/');
        let Some(name) = segment.strip_prefix('{').map(|name| name.trim_end_matches('}')) else {
            path.push_str(segment);
            continue;
        };
        let owner = match position {
            1 if operation.names_account() => target.account.map(|id| id.to_string()),
            1 if operation.names_zone() => target.zone.map(|id| id.to_string()),
            _ => None,
        };
        if position == 1 && operation.names_zone() && owner.is_none() && target.every_zone {
            return Err("it is needed in every zone: name one with --zone to try it there".to_owned());
        }
        let value = owner.or_else(|| probe?.parameter(name, random));
        path.push_str(&value.ok_or_else(|| format!("no value for `{{{name}}}` is known that would change nothing"))?);
    }
    Ok(path)
}

/// A number that no thing carries as its id.
fn random() -> u128 {
    let half = || u128::from(getrandom::u64().unwrap_or_default());
    half() << 64 | half()
}

/// The method as the client names it.
pub(crate) fn method(method: Method) -> api::Method {
    match method {
        Method::Get => api::Method::GET,
        Method::Post => api::Method::POST,
        Method::Put => api::Method::PUT,
        Method::Patch => api::Method::PATCH,
        Method::Delete => api::Method::DELETE,
    }
}
