//! Errors as the API answers them. Codes are Cloudflare's unless they begin with 1990.

use axum::http::StatusCode;
use serde::Serialize;

use crate::emulator::Unwritten;
use crate::options::{Unrouted, WrongMethod};

/// Authorised, but the emulator does not simulate the operation.
pub(crate) const OWN_NOT_SIMULATED: u32 = 199_001;
/// Nobody has published which groups the operation accepts.
pub(crate) const OWN_UNLABELLED: u32 = 199_002;
/// The owner holds as many tokens as it may; Cloudflare's own code is unknown.
pub(crate) const OWN_QUOTA: u32 = 199_003;
/// The emulator could not write its state; nothing was changed.
const OWN_STORAGE: u32 = 199_004;
/// The body is larger than the emulator takes, or than it has room for, or ended early.
pub(super) const OWN_TOO_LARGE: u32 = 199_005;
/// A foreign name cannot be set so.
pub(crate) const OWN_BAD_DNS: u32 = 199_021;
/// The zone's plan does not hold it; Cloudflare's own code is unknown.
pub(crate) const OWN_PLAN: u32 = 199_022;

/// A call that steers the emulator asks for what cannot be.
pub(crate) const OWN_CONTROL: u32 = 199_006;
/// A call that steers the emulator may come from a page in a browser.
pub(crate) const OWN_FOREIGN: u32 = 199_007;
/// What a call that steers the emulator names is not there.
pub(crate) const OWN_NOT_THERE: u32 = 199_008;
/// A fault that a rule asked for.
pub(crate) const OWN_FAULT: u32 = 199_009;

/// An error answer.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) errors: Vec<Item>,
    /// Seconds after which to try again.
    pub(crate) retry_after: Option<u64>,
}

/// One entry of `errors`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Item {
    pub(crate) code: u32,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) error_chain: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) documentation_url: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, errors: vec![Item::new(code, message)], retry_after: None }
    }

    /// Adds a cause to the last error's chain.
    pub(crate) fn chain(mut self, code: u32, message: impl Into<String>) -> Self {
        if let Some(last) = self.errors.last_mut() {
            last.error_chain.push(Item::new(code, message));
        }
        self
    }

    /// Adds a second error.
    pub(crate) fn and(mut self, code: u32, message: impl Into<String>) -> Self {
        self.errors.push(Item::new(code, message));
        self
    }

    pub(crate) fn documented_at(mut self, url: String) -> Self {
        if let Some(first) = self.errors.first_mut() {
            first.documentation_url = Some(url);
        }
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// No operation has this path.
    pub(crate) fn no_route() -> Self {
        Self::new(400, 7000, "No route for that URI")
    }

    /// The path holds an id that is none, or one of nothing.
    pub(crate) fn could_not_route(path: &str) -> Self {
        let path = crate::log::printable(path, 200);
        let message = format!("Could not route to {path}, perhaps your object identifier is invalid?");
        Self::new(404, 7003, message).and(7000, "No route for that URI")
    }

    /// The path is an operation's, the method is not.
    pub(crate) fn wrong_method(method: &str, answer: WrongMethod) -> Self {
        match answer {
            WrongMethod::NotAvailable => {
                let method = crate::log::printable(method, 20);
                Self::new(405, 7001, format!("Method {method} not available for that URI."))
            }
            WrongMethod::NotAllowed => Self::new(405, 10405, "Method not allowed"),
        }
    }

    /// The same with the status that code 7003 formerly had, where it is that.
    pub(crate) fn dated(mut self, unrouted: Unrouted) -> Self {
        if unrouted == Unrouted::BadRequest && self.errors.first().is_some_and(|first| first.code == 7003) {
            self.status = StatusCode::BAD_REQUEST;
        }
        self
    }

    /// There is no room for another object.
    pub(crate) fn full(capacity: u64) -> Self {
        let message =
            format!("the emulator keeps objects in memory, and at most {capacity} bytes of them: delete some");
        Self::new(413, OWN_TOO_LARGE, message)
    }

    /// The state could not be written.
    pub(crate) fn storage() -> Self {
        Self::new(500, OWN_STORAGE, "the emulator could not write its state; nothing was changed")
    }
}

impl From<Unwritten> for ApiError {
    fn from(_: Unwritten) -> Self {
        Self::storage()
    }
}

impl Item {
    fn new(code: u32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), error_chain: Vec::new(), documentation_url: None }
    }
}
