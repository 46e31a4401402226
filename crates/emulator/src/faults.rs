//! Faults that a test asks for: rules that say which requests, and what befalls them.
//!
//! A rule stands before everything else that looks at a request, its credential included, so that a client is tried as a
//! bad line or an overloaded server would try it.

mod act;
mod chance;
mod glob;
mod rules;

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Response};
use flarekeep_catalogue::TokenId;
use serde_json::{Map, Value, json};

use self::act::Course;
use self::rules::{Action, Rule, Seen};
pub use self::rules::{FaultError, FaultRules};
use crate::credential::hash;
use crate::emulator::Inner;
use crate::line;
use crate::state::State;

/// What a request was sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Api,
    S3,
    /// Workers that run.
    Edge,
}

/// The rules that hold now, each with its counts.
#[derive(Debug, Default)]
pub(crate) struct Armed(RwLock<Option<Arc<Set>>>);

#[derive(Debug)]
struct Set {
    rules: FaultRules,
    /// As many as there are rules.
    counts: Vec<Arc<Counts>>,
}

/// How often a rule was met, and how often it acted.
#[derive(Debug, Default)]
struct Counts {
    met: AtomicU64,
    hits: AtomicU64,
}

/// Lets a request through to `serve`, unless a rule has something else in mind.
pub(crate) async fn around<S, F>(emulator: &Arc<Inner>, face: Face, mut request: Request, serve: S) -> Response<Body>
where
    S: FnOnce(Request) -> F,
    F: Future<Output = Response<Body>>,
{
    let switch = line::arrived(&mut request);
    let Some(set) = emulator.control.faults.set_now() else { return serve(request).await };
    let course = set.course(face, &request, &emulator.state());
    act::run(course, switch, face, request, serve).await
}

impl Armed {
    pub(crate) fn new(rules: FaultRules) -> Self {
        let armed = Self::default();
        armed.set(rules);
        armed
    }

    /// Puts other rules in place of these; their counts begin at 0.
    pub(crate) fn set(&self, rules: FaultRules) {
        let counts = rules.rules.iter().map(|_| Arc::default()).collect();
        self.put(Set { rules, counts });
    }

    /// Adds a rule, which JSON holds; the others keep their counts.
    pub(crate) fn add(&self, rule: &[u8]) -> Result<(), FaultError> {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (rules, mut counts) = held.as_ref().map(|set| (set.rules.clone(), set.counts.clone())).unwrap_or_default();
        let rules = rules.with(rule)?;
        counts.push(Arc::default());
        *held = Some(Arc::new(Set { rules, counts }));
        Ok(())
    }

    /// Removes the rule of this name; false where there is none.
    pub(crate) fn remove(&self, name: &str) -> bool {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Some(set) = held.as_ref() else { return false };
        let kept = set.rules.rules.iter().zip(&set.counts).filter(|(rule, _)| rule.name != name);
        let (rules, counts): (Vec<_>, Vec<_>) = kept.map(|(rule, counts)| (rule.clone(), counts.clone())).unzip();
        let removed = rules.len() < set.rules.rules.len();
        let rules = FaultRules { seed: set.rules.seed, rules: Arc::new(rules) };
        *held = Some(Arc::new(Set { rules, counts }));
        removed
    }

    /// The rules as they were given, with their counts.
    pub(crate) fn show(&self) -> Value {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(set) = held.as_ref() else { return json!({"seed": 0, "rule": []}) };
        let shown = set.rules.rules.iter().zip(&set.counts).map(|(rule, counts)| {
            let mut shown: Map<String, Value> = rule.shown();
            shown.insert("met".to_owned(), counts.met.load(Ordering::Relaxed).into());
            shown.insert("hits".to_owned(), counts.hits.load(Ordering::Relaxed).into());
            Value::Object(shown)
        });
        json!({"seed": set.rules.seed, "rule": shown.collect::<Vec<_>>()})
    }

    fn put(&self, set: Set) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(set));
    }

    /// The rules; none where there is no rule at all.
    fn set_now(&self) -> Option<Arc<Set>> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|set| !set.counts.is_empty()).cloned()
    }
}

impl Set {
    /// What is to become of a request. Rules are asked in their order: delays add up, and the first of any other kind
    /// that acts is the last that is asked.
    fn course(&self, face: Face, request: &Request, state: &State) -> Course {
        let uri = request.uri();
        let seen = Seen {
            face,
            method: request.method().as_str(),
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
            token: token(face, request.headers(), uri.query().unwrap_or_default(), state),
        };
        let mut course = Course::default();
        for (rule, counts) in self.rules.rules.iter().zip(&self.counts) {
            let Some(met) = counts.befalls(rule, &seen, self.rules.seed) else { continue };
            course.rules.push(rule.name.clone());
            match &rule.action {
                Action::Delay(delay) => course.delay += delay.of(self.rules.seed, &rule.name, met),
                other => {
                    course.action = Some(other.clone());
                    break;
                }
            }
        }
        course.delay = course.delay.min(Duration::from_secs(600));
        course
    }
}

impl Counts {
    /// Counts a request that meets the rule; the count, where the rule acts.
    fn befalls(&self, rule: &Rule, seen: &Seen, seed: u64) -> Option<u64> {
        if !rule.on.is_met(seen) {
            return None;
        }
        let met = self.met.fetch_add(1, Ordering::Relaxed) + 1;
        let acts = rule.on.when.befalls(seed, &rule.name, met);
        acts.then(|| {
            self.hits.fetch_add(1, Ordering::Relaxed);
            met
        })
    }
}

/// The token whose credential is shown: by its value to the API, by its id to S3.
fn token(face: Face, headers: &HeaderMap, query: &str, state: &State) -> Option<TokenId> {
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    match face {
        Face::Api => {
            let (_, value) = header?.split_once(' ')?;
            Some(state.tokens.with_hash(&hash(value.trim().as_bytes()))?.stored.id)
        }
        Face::S3 => {
            let in_query = || query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="));
            let credential = match header {
                Some(header) => header.split(' ').find_map(|part| part.strip_prefix("Credential="))?,
                None => in_query()?,
            };
            credential.get(..32)?.parse().ok()
        }
        Face::Edge => None,
    }
}
