//! Which hostnames a list is to hold.

use super::CustomHostname;
use super::shown::word;
use crate::http::{ApiError, Call};
use crate::state::State;

/// The filters of the query. An order is one of them: by the certificate's status.
pub(super) struct Filter {
    exact: Option<String>,
    contained: Option<String>,
    start: Option<String>,
    id: Option<String>,
    ssl_status: Option<String>,
    status: Option<String>,
    wildcard: Option<bool>,
    authority: Option<String>,
    origin: Option<String>,
    pub(super) by_status: bool,
}

impl Filter {
    pub(super) fn read(call: &Call) -> Result<Self, ApiError> {
        let lower = |name: &str| call.query(name).map(|text| text.to_ascii_lowercase());
        let filter = Self {
            exact: lower("hostname").or_else(|| lower("hostname.exact")),
            contained: lower("hostname.contain").or_else(|| lower("hostname.contains")),
            start: lower("hostname.startsWith"),
            id: lower("id"),
            ssl_status: lower("ssl_status"),
            status: lower("hostname_status"),
            wildcard: lower("wildcard").and_then(|text| text.parse().ok()),
            authority: lower("certificate_authority"),
            origin: lower("custom_origin_server"),
            by_status: lower("order").is_some_and(|order| order == "ssl_status"),
        };
        if filter.contained.as_ref().is_some_and(|part| part.len() > 255) {
            let message = "Invalid hostname.contain query parameter. The hostname.contain query parameter has to be smaller \
                           than 256 characters in length.";
            return Err(ApiError::new(400, 1437, message));
        }
        if filter.id.is_some() && (filter.exact.is_some() || filter.contained.is_some() || filter.start.is_some()) {
            let message = "Cannot specify other filter parameters in addition to `id`. Only one must be specified. Check \
                           your input and try again.";
            return Err(ApiError::new(400, 1438, message));
        }
        Ok(filter)
    }

    /// The one name that is asked for.
    pub(super) fn exact(&self) -> Option<&str> {
        self.exact.as_deref()
    }

    pub(super) fn admits(&self, hostname: &CustomHostname, call: &Call, state: &State) -> bool {
        let draft = &hostname.draft;
        let is = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|wanted| wanted == own);
        let origin = draft.extra.get("custom_origin_server").and_then(serde_json::Value::as_str);
        is(&self.exact, &draft.hostname)
            && self.contained.as_ref().is_none_or(|part| draft.hostname.contains(part.as_str()))
            && self.start.as_ref().is_none_or(|start| draft.hostname.starts_with(start.as_str()))
            && is(&self.id, &hostname.id)
            && self.wildcard.is_none_or(|wildcard| wildcard == draft.wildcard)
            && is(&self.authority, &draft.authority)
            && self.origin.as_deref().is_none_or(|wanted| origin.is_some_and(|own| own.eq_ignore_ascii_case(wanted)))
            && self.has_status(hostname, call, state)
    }

    fn has_status(&self, hostname: &CustomHostname, call: &Call, state: &State) -> bool {
        if self.status.is_none() && self.ssl_status.is_none() {
            return true;
        }
        let course = hostname.standing(call, state).course;
        self.status.as_ref().is_none_or(|wanted| *wanted == word(course.hostname))
            && self.ssl_status.as_ref().is_none_or(|wanted| *wanted == word(course.ssl))
    }
}
