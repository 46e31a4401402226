//! `/__flarekeep/dns`: what names outside the world's zones hold.
//!
//! `GET` lists them, `PUT` adds `{"name", "type", "content"}`, and `DELETE` removes those that its body, of the same form,
//! names; `type` and `content` may be left out there. Two types are none of DNS: `HTTP` is what a web server answers, whose
//! name is the URL and whose content the body, and `EMAIL` with the content `approved` is that whoever gets a name's mail
//! has approved its certificate.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::foreign::{EMAIL, Foreign, HTTP};
use super::{names, rdata};
use crate::http::{Answer, ApiError, Outcome, is_hostname};
use crate::options::WrongMethod;
use crate::products::dns_records::lookup::Entry;
use crate::products::text;
use crate::state::State;

/// What is asked of the foreign names.
#[derive(Debug)]
pub(crate) enum Request {
    List,
    Put { name: String, record: Foreign },
    Delete { name: String, kind: Option<String>, content: Option<String> },
}

impl Request {
    /// Reads a request by its method and body.
    pub(crate) fn read(method: &Method, body: Option<&Map<String, Value>>) -> Result<Self, ApiError> {
        if *method == Method::GET {
            return Ok(Self::List);
        }
        let body = body.ok_or_else(|| bad("the body must be a JSON object with `name`, `type` and `content`"))?;
        let kind = text(body, "type").map(str::to_ascii_uppercase);
        let content = text(body, "content").map(|content| content.trim().to_owned());
        let name = text(body, "name").ok_or_else(|| bad("`name` is missing"))?;
        let name = if kind.as_deref() == Some(HTTP) || name.contains("://") {
            name.to_owned()
        } else {
            name.trim_end_matches('.').to_ascii_lowercase()
        };
        match *method {
            Method::DELETE => Ok(Self::Delete { name, kind, content }),
            Method::PUT => {
                let kind = kind.ok_or_else(|| bad("`type` is missing"))?;
                let content = content.ok_or_else(|| bad("`content` is missing"))?;
                let record = Foreign { kind, content };
                check(&name, &record)?;
                Ok(Self::Put { name, record })
            }
            _ => Err(ApiError::wrong_method(method.as_str(), WrongMethod::NotAvailable)),
        }
    }

    /// Whether it leaves everything as it is.
    pub(crate) const fn is_read(&self) -> bool {
        matches!(self, Self::List)
    }

    /// Does it.
    pub(crate) fn run(self, state: &mut State) -> Outcome {
        match self {
            Self::List => Ok(listed(state)),
            Self::Put { name, record } => {
                if record.kind != HTTP
                    && record.kind != EMAIL
                    && let Some(zone) = names::zone_of(state, &name)
                {
                    return Err(bad(&format!("`{name}` lies in the zone {}: make a DNS record there", zone.name)));
                }
                state.foreign_dns.insert(&name, record);
                Ok(listed(state))
            }
            Self::Delete { name, kind, content } => {
                state.foreign_dns.remove(&name, kind.as_deref(), content.as_deref());
                Ok(listed(state))
            }
        }
    }
}

fn listed(state: &State) -> Answer {
    let all = state.foreign_dns.all();
    let shown = all.map(|(name, record)| json!({"name": name, "type": record.kind, "content": record.content}));
    Answer::result(&shown.collect::<Vec<_>>().into())
}

fn check(name: &str, record: &Foreign) -> Result<(), ApiError> {
    let Foreign { kind, content } = record;
    match kind.as_str() {
        HTTP if name.starts_with("http://") => Ok(()),
        HTTP => Err(bad("the name of an HTTP answer is its URL, which begins with `http://`")),
        EMAIL if content == "approved" => Ok(()),
        EMAIL => Err(bad("the content of EMAIL can only be `approved`")),
        _ if !is_hostname(name) => Err(bad(&format!("`{name}` is no name"))),
        _ => {
            let entry = Entry { kind, content, ttl: 1, proxied: false, priority: None, data: None };
            rdata::data(&entry).map(|_| ()).ok_or_else(|| bad(&format!("`{content}` is no content of the type {kind}")))
        }
    }
}

fn bad(message: &str) -> ApiError {
    ApiError::new(400, crate::http::OWN_BAD_DNS, message)
}
