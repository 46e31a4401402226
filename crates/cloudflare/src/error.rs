//! Why a call failed, and whether it may have acted all the same.

use std::fmt;
use std::time::Duration;

use reqwest::Method;

use crate::call::Call;
use crate::envelope::{ApiError, Envelope};
use crate::shape::CredentialFault;

/// A call that failed. Texts that came from the server are escaped, cut, and free of anything that looks like a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Cloudflare answered that it will not do it.
    #[error("cloudflare refused `{call}` (HTTP {status}): {}", Listed(errors))]
    Refused {
        /// The call.
        call: Call,
        /// The HTTP status. It says little: the codes of the errors do.
        status: u16,
        /// Why, in Cloudflare's words.
        errors: Vec<ApiError>,
    },
    /// The answer is not the API's JSON: something between here and Cloudflare wrote it, or Cloudflare's edge.
    #[error("`{call}` was answered with HTTP {status} and {} instead of the API's JSON: `{excerpt}`",
        content_type.as_deref().unwrap_or("no content type"))]
    NotJson {
        /// The call.
        call: Call,
        /// The HTTP status.
        status: u16,
        /// What the answer says it is.
        content_type: Option<String>,
        /// Its beginning; empty where the answer might hold a new secret.
        excerpt: String,
    },
    /// No connection could be made; nothing was sent.
    #[error("the server could not be reached for `{call}`: {detail}")]
    Unreachable {
        /// The call.
        call: Call,
        /// Why.
        detail: String,
    },
    /// No complete answer came in time.
    #[error("`{call}` was not answered in time: {detail}{}", call.doubt())]
    TimedOut {
        /// The call.
        call: Call,
        /// What was waited for.
        detail: String,
    },
    /// The connection broke after the call may have been sent.
    #[error("the connection broke before `{call}` was answered: {detail}{}", call.doubt())]
    AnswerLost {
        /// The call.
        call: Call,
        /// How it broke.
        detail: String,
    },
    /// Too many calls: Cloudflare did not look at this one.
    #[error("cloudflare's rate limit stopped `{call}`{}", After(*retry_after))]
    RateLimited {
        /// The call.
        call: Call,
        /// How long Cloudflare asks to wait, when it says so.
        retry_after: Option<Duration>,
    },
    /// Cloudflare failed on its side.
    #[error("cloudflare failed on its side at `{call}` (HTTP {status}): {}{}", Listed(errors), call.doubt())]
    Server {
        /// The call.
        call: Call,
        /// The HTTP status, 500 or above.
        status: u16,
        /// What it says about it.
        errors: Vec<ApiError>,
    },
    /// A redirect, which is not followed: a credential must not travel to where an answer points.
    #[error("`{call}` was answered with a redirect (HTTP {status}), which is not followed: is the base URL right?")]
    Redirected {
        /// The call.
        call: Call,
        /// The HTTP status.
        status: u16,
    },
    /// Cloudflare said yes, and the result cannot be read. A change has been made.
    #[error("the answer to `{call}` is not what the API documents: {detail}")]
    Malformed {
        /// The call.
        call: Call,
        /// Which field, and what is wrong with it.
        detail: String,
    },
    /// The base URL is plain http to another machine.
    #[error(
        "http to `{host}` would send the credential in clear over the network: use https (http is for this machine only)"
    )]
    InsecureUrl {
        /// The host.
        host: String,
    },
    /// The base URL cannot be used at all.
    #[error("the base URL cannot be used: {detail}")]
    BadUrl {
        /// What is wrong with it.
        detail: String,
    },
    /// The caller asked for something that must not be sent.
    #[error("the call was not sent: {detail}")]
    Unsendable {
        /// What is wrong with it.
        detail: String,
    },
    /// The credential cannot be one.
    #[error(transparent)]
    BadCredential(#[from] CredentialFault),
    /// The client could not be set up, as without root certificates.
    #[error("the client could not be set up: {detail}")]
    Setup {
        /// Why.
        detail: String,
    },
}

impl Error {
    /// The refusal in an answer's body that somebody saw, as one that `method` at `path` got; `None` where the body holds
    /// none. The status was not seen and is 0.
    #[must_use]
    pub fn in_answer(method: Method, path: &str, body: &[u8]) -> Option<Self> {
        let envelope = Envelope::read(body, "").filter(|envelope| !envelope.success)?;
        Some(Self::Refused { call: Call::new(method, path), status: 0, errors: envelope.errors })
    }

    /// The codes of all errors that Cloudflare gave, those of their chains behind each.
    pub fn codes(&self) -> impl Iterator<Item = i64> + '_ {
        self.flattened().into_iter().map(|error| error.code)
    }

    /// Whether Cloudflare gave this code. Codes are not unique: 10007 is a missing Worker here, a missing key there.
    #[must_use]
    pub fn has_code(&self, code: i64) -> bool {
        self.codes().any(|given| given == code)
    }

    /// The HTTP status, when there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::NotJson { status, .. } => Some(*status),
            Self::Server { status, .. } | Self::Redirected { status, .. } => Some(*status),
            Self::RateLimited { .. } => Some(429),
            _ => None,
        }
    }

    /// Whether the call can have changed something although it failed. Always false for reads.
    #[must_use]
    pub fn may_have_acted(&self) -> bool {
        let Some(call) = self.call() else { return false };
        let acted = match self {
            Self::TimedOut { .. } | Self::AnswerLost { .. } | Self::Server { .. } | Self::Malformed { .. } => true,
            // Below 500 somebody refused it; a success that is no JSON is a success of somebody's.
            Self::NotJson { status, .. } => *status >= 500 || *status < 300,
            _ => false,
        };
        acted && !call.is_read()
    }

    /// The call that failed; `None` when the client itself could not be made or nothing could be sent.
    #[must_use]
    pub fn call(&self) -> Option<&Call> {
        match self {
            Self::Refused { call, .. } | Self::NotJson { call, .. } | Self::Unreachable { call, .. } => Some(call),
            Self::TimedOut { call, .. } | Self::AnswerLost { call, .. } | Self::RateLimited { call, .. } => Some(call),
            Self::Server { call, .. } | Self::Redirected { call, .. } | Self::Malformed { call, .. } => Some(call),
            _ => None,
        }
    }

    /// What Cloudflare said, when it said something.
    #[must_use]
    pub fn errors(&self) -> &[ApiError] {
        match self {
            Self::Refused { errors, .. } | Self::Server { errors, .. } => errors,
            _ => &[],
        }
    }

    pub(crate) fn flattened(&self) -> Vec<&ApiError> {
        self.errors().iter().flat_map(ApiError::with_chain).collect()
    }
}

/// The errors in one line: the first few, since a server may send a thousand.
struct Listed<'a>(&'a [ApiError]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        let all: Vec<_> = self.0.iter().flat_map(ApiError::with_chain).collect();
        if all.is_empty() {
            return f.write_str("it gave no reason");
        }
        for (index, error) in all.iter().take(SHOWN).enumerate() {
            let gap = if index == 0 { "" } else { "; " };
            write!(f, "{gap}{error}")?;
        }
        match all.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

struct After(Option<Duration>);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(wait) => write!(f, ": try again in {} s", wait.as_secs_f32().ceil()),
            None => f.write_str(": try again in some minutes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::*;

    #[test]
    fn a_chain_counts_and_is_shown() {
        let chained = ApiError {
            code: 6003,
            message: "Invalid request headers".to_owned(),
            error_chain: vec![ApiError { code: 6111, message: "Invalid format".to_owned(), ..ApiError::default() }],
            ..ApiError::default()
        };
        let error =
            Error::Refused { call: Call::new(Method::GET, "/user?x=1"), status: 400, errors: vec![chained.clone(); 3] };
        assert_eq!(error.codes().collect::<Vec<_>>(), [6003, 6111, 6003, 6111, 6003, 6111]);
        assert_eq!(
            error.to_string(),
            "cloudflare refused `GET /user` (HTTP 400): Invalid request headers (code 6003); Invalid format (code 6111); \
             Invalid request headers (code 6003); Invalid format (code 6111); and 2 more"
        );
    }

    #[test]
    fn only_writes_may_have_acted() {
        let lost = |method| Error::AnswerLost { call: Call::new(method, "/zones"), detail: "reset".to_owned() };
        assert!(!lost(Method::GET).may_have_acted());
        assert!(lost(Method::POST).may_have_acted());
        assert!(lost(Method::POST).to_string().ends_with("; it may have been carried out"));
        let refused = Error::Refused { call: Call::new(Method::POST, "/zones"), status: 403, errors: Vec::new() };
        assert!(!refused.may_have_acted());
        assert!(!Error::Unreachable { call: Call::new(Method::POST, "/x"), detail: String::new() }.may_have_acted());
    }
}
