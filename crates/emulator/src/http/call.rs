//! One authorised call, as handlers see it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use flarekeep_catalogue::{AccountId, Operation, UserId, ZoneId};
use flarekeep_policy::{Owner, UnixSeconds};
use serde_json::{Map, Value};

use super::body::{self, Part};
use super::query::{self, Page, Sizes};
use crate::options::Options;
use crate::state::tokens::Record;

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// A user by its Global API key.
    Key(UserId),
    /// A token.
    Token(Arc<Record>),
}

impl Caller {
    /// The user that calls; none for an account's token.
    pub(crate) fn user(&self) -> Option<UserId> {
        match self {
            Self::Key(user) => Some(*user),
            Self::Token(record) => match record.stored.owner {
                Owner::User(user) => Some(user),
                Owner::Account(_) => None,
            },
        }
    }
}

/// One call that is authorised. It owns what it holds, since writes run on another thread where the state is on disk.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: &'static Operation,
    pub(crate) caller: Caller,
    /// The account in the path, or the one that owns the zone in the path.
    pub(crate) account: Option<AccountId>,
    /// The zone in the path.
    pub(crate) zone: Option<ZoneId>,
    pub(crate) at: UnixSeconds,
    /// The client's address.
    pub(crate) ip: Option<IpAddr>,
    pub(crate) options: Arc<Options>,
    /// What the audit log says of the request; empty for calls that change nothing.
    pub(crate) trace: Trace,
    pub(super) parameters: Vec<(&'static str, String)>,
    pub(super) query: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) parts: Option<Vec<Part>>,
}

/// A request as the audit log names it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace {
    /// The id of the answer.
    pub(crate) ray: String,
    /// Path and query, as they came.
    pub(crate) uri: String,
}

impl Call {
    /// A call that came over no wire: what a world holds from the beginning is made so. `place` is the account and the
    /// zone.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn made(
        operation: &'static Operation,
        caller: Caller,
        place: (Option<AccountId>, Option<ZoneId>),
        parameters: Vec<(&'static str, String)>,
        headers: HeaderMap,
        body: Bytes,
        at: UnixSeconds,
        options: Arc<Options>,
    ) -> Self {
        let (account, zone) = place;
        Self {
            operation,
            caller,
            account,
            zone,
            at,
            ip: None,
            options,
            parameters,
            query: None,
            trace: Trace::default(),
            headers,
            body,
            parts: None,
        }
    }

    /// A parameter of the path, decoded; empty where the template has none of this name.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(given, _)| *given == name).map_or("", |(_, value)| value)
    }

    /// A parameter of the query, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        query::parameter(self.query.as_deref(), name)
    }

    /// All values of a query parameter that may be given several times, decoded.
    pub(crate) fn queries(&self, name: &str) -> Vec<String> {
        query::parameters(self.query.as_deref(), name)
    }

    /// Whether the query has a parameter, with a value or without.
    pub(crate) fn has_query(&self, name: &str) -> bool {
        let pairs = self.query.as_deref().unwrap_or_default().split('&');
        pairs.into_iter().any(|pair| pair.split('=').next() == Some(name))
    }

    /// Whether the query asks for descending order.
    pub(crate) fn descending(&self) -> bool {
        self.query("direction").is_some_and(|direction| direction.eq_ignore_ascii_case("desc"))
    }

    /// The page that is asked for.
    pub(crate) fn page(&self, default: usize, least: usize, most: usize) -> Page {
        Page::of(self.query.as_deref(), Sizes { default, least, most })
    }

    /// A header that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The content type without its parameters, in lower case; empty where there is none.
    pub(crate) fn content_type(&self) -> String {
        let whole = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        whole.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The body as it came.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as a JSON object, whatever its content type says.
    pub(crate) fn object(&self) -> Option<Map<String, Value>> {
        body::object(&self.body)
    }

    /// The body as any JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The parts of the body, where it is a multipart form.
    pub(crate) fn parts(&self) -> Option<&[Part]> {
        self.parts.as_deref()
    }
}
