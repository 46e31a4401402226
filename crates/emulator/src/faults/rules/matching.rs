//! Which requests a rule is about, and which of them it befalls.

use flarekeep_catalogue::{Method, Operation, TokenId, operation, operations, route};
use serde_json::{Map, Value};

use super::super::Face;
use super::super::chance::fraction;
use super::super::glob::Glob;
use super::Problem;
use crate::log::printable;

const KEYS: [&str; 9] = ["face", "method", "path", "operation", "token", "nth", "every", "first", "probability"];
const API: &str = "/client/v4";

/// The requests that a rule is about: those that meet all that is named.
#[derive(Debug, Default)]
pub(in crate::faults) struct Matching {
    pub(super) face: Option<Face>,
    method: Option<String>,
    path: Option<Glob>,
    operation: Option<&'static Operation>,
    token: Option<TokenId>,
    pub(in crate::faults) when: When,
}

/// Which of these requests, counted from 1.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(in crate::faults) enum When {
    #[default]
    Always,
    Nth(u64),
    Every(u64),
    First(u64),
    Probability(f64),
}

/// A request, as rules look at it. What few rules ask for is found when one does.
pub(in crate::faults) struct Seen<'a> {
    pub(in crate::faults) face: Face,
    pub(in crate::faults) method: &'a str,
    pub(in crate::faults) path: &'a str,
    pub(in crate::faults) query: &'a str,
    /// The token whose credential is shown, whether or not it will be found good.
    pub(in crate::faults) token: Option<TokenId>,
}

impl Matching {
    /// Reads the table `match`; without it every request is meant.
    pub(super) fn read(given: Option<&Value>) -> Result<Self, Problem> {
        let Some(given) = given else { return Ok(Self::default()) };
        let Some(table) = given.as_object() else { return Err(Problem::of("match", "must be a table")) };
        if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let known = format!("is not known: there are {}", KEYS.join(", "));
            return Err(Problem::of(&printable(key, 40), known).within("match"));
        }
        Self::of(table).map_err(|problem| problem.within("match"))
    }

    fn of(table: &Map<String, Value>) -> Result<Self, Problem> {
        let face = match text(table, "face")? {
            None => None,
            Some("api") => Some(Face::Api),
            Some("s3") => Some(Face::S3),
            Some("edge") => Some(Face::Edge),
            Some(_) => return Err(Problem::of("face", "must be api, s3 or edge")),
        };
        let is_method =
            |method: &str| (1..=20).contains(&method.len()) && method.bytes().all(|b| b.is_ascii_uppercase());
        let method = match text(table, "method")?.map(str::to_ascii_uppercase) {
            Some(method) if !is_method(&method) => return Err(Problem::of("method", "must be a method such as POST")),
            method => method,
        };
        let path = text(table, "path")?.map(below_api).map(Glob::parse).transpose();
        let path = path.map_err(|problem| Problem::of("path", problem))?;
        let named = text(table, "operation")?
            .map(|name| operation(name).map_err(|error| Problem::of("operation", error.to_string())));
        let operation = named.transpose()?;
        let faced = operation.map(|operation| if operation.is_s3() { Face::S3 } else { Face::Api });
        if let (Some(face), Some(faced)) = (face, faced)
            && face != faced
        {
            return Err(Problem::of("operation", "is of the other face"));
        }
        let token = text(table, "token")?
            .map(|id| id.parse::<TokenId>().map_err(|error| Problem::of("token", error.to_string())));
        Ok(Self { face: face.or(faced), method, path, operation, token: token.transpose()?, when: When::read(table)? })
    }

    /// Whether a request is one of those that the rule is about.
    pub(in crate::faults) fn is_met(&self, seen: &Seen) -> bool {
        self.face.is_none_or(|face| face == seen.face)
            && self.method.as_ref().is_none_or(|method| method == seen.method)
            && self.path.as_ref().is_none_or(|path| path.is_met(below_api(seen.path)))
            && self.token.is_none_or(|token| seen.token == Some(token))
            && self.operation.is_none_or(|wanted| seen.operation().is_some_and(|called| called.index == wanted.index))
    }
}

impl When {
    fn read(table: &Map<String, Value>) -> Result<Self, Problem> {
        let given: Vec<&str> =
            ["nth", "every", "first", "probability"].into_iter().filter(|key| table.contains_key(*key)).collect();
        let (key, value) = match given.as_slice() {
            [] => return Ok(Self::Always),
            [key] => (*key, table.get(*key)),
            [first, second, ..] => return Err(Problem::of(second, format!("excludes `{first}`"))),
        };
        if key == "probability" {
            let chance = value.and_then(Value::as_f64).filter(|chance| (0.0..=1.0).contains(chance));
            return chance.map(Self::Probability).ok_or_else(|| Problem::of(key, "must be a number from 0 to 1"));
        }
        let number = value.and_then(Value::as_u64).filter(|number| *number > 0);
        let number = number.ok_or_else(|| Problem::of(key, "must be a whole number, 1 or more"))?;
        Ok(match key {
            "nth" => Self::Nth(number),
            "every" => Self::Every(number),
            _ => Self::First(number),
        })
    }

    /// Whether the request that met the rule as the `met`-th is befallen.
    pub(in crate::faults) fn befalls(self, seed: u64, rule: &str, met: u64) -> bool {
        match self {
            Self::Always => true,
            Self::Nth(nth) => met == nth,
            Self::Every(every) => met.is_multiple_of(every),
            Self::First(first) => met <= first,
            Self::Probability(chance) => fraction(seed, rule, met, 0) < chance,
        }
    }
}

impl Seen<'_> {
    /// What is called, as far as method, path and query tell.
    fn operation(&self) -> Option<&'static Operation> {
        match self.face {
            Face::Api => {
                let method: Method = self.method.parse().ok()?;
                route(method, self.path.strip_prefix(API)?).map(|route| route.operation)
            }
            Face::S3 => self.s3_operation(),
            Face::Edge => None,
        }
    }

    /// Of the operations of this method and this depth, the one most of whose queries are there. HEAD is GET, and a
    /// list of the older kind is the newer one.
    fn s3_operation(&self) -> Option<&'static Operation> {
        let method = if self.method == "HEAD" { "GET" } else { self.method };
        let depth = |path: &str| path.split('/').filter(|part| !part.is_empty()).count().min(2);
        let has = |wanted: &str| {
            self.query.split('&').any(|given| given == wanted || given.split('=').next() == Some(wanted))
        };
        let lists = method == "GET" && self.method != "HEAD" && depth(self.path) == 1;
        let fitting = operations().iter().filter(|operation| operation.is_s3() && operation.method.as_str() == method);
        let scored = fitting.filter_map(|operation| {
            let (path, query) = operation.path().split_once('?').unwrap_or((operation.path(), ""));
            let path = path.strip_prefix("s3://").unwrap_or(path);
            let mut wanted = query.split('&').filter(|part| !part.is_empty());
            let usual_list = lists && query == "list-type=2";
            let fits = depth(path) == depth(self.path) && (usual_list || wanted.all(has));
            // A list without any query is one all the same, and the last choice of those that have one.
            fits.then(|| {
                (if usual_list { 1 } else { 2 * query.split('&').filter(|part| !part.is_empty()).count() }, operation)
            })
        });
        scored.max_by_key(|(score, _)| *score).map(|(_, operation)| operation)
    }
}

/// A path without the API's base, so that a pattern may be written either way.
fn below_api(path: &str) -> &str {
    path.strip_prefix(API).filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

fn text<'a>(table: &'a Map<String, Value>, key: &'static str) -> Result<Option<&'a str>, Problem> {
    let Some(value) = table.get(key) else { return Ok(None) };
    value.as_str().map(Some).ok_or_else(|| Problem::of(key, "must be text"))
}
