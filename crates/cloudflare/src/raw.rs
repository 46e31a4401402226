//! Any call, answered as it is: what probes are made of.

use std::fmt;

use bytes::Bytes;
use reqwest::Method;

use crate::answer::Answer;
use crate::call::Call;
use crate::client::Client;
use crate::envelope::ApiError;
use crate::error::Error;

/// An answer with nothing made of it. `Debug` shows the length of the body only.
#[derive(Clone)]
pub struct RawAnswer {
    call: Call,
    /// The HTTP status.
    pub status: u16,
    /// What the envelope says of success; `None` when the body is no envelope, as that of an object.
    pub success: Option<bool>,
    /// The errors of the envelope.
    pub errors: Vec<ApiError>,
    /// The messages of the envelope.
    pub messages: Vec<ApiError>,
    /// What the body says it is.
    pub content_type: Option<String>,
    /// The body, untouched.
    pub body: Bytes,
}

impl Client {
    /// Calls `path_and_query` with a body of the given content type. A refusal is an answer, not an error.
    ///
    /// Only a GET is repeated after a failure: every other method is sent once, whatever happens.
    ///
    /// # Errors
    /// When there is no answer of Cloudflare's, as [`crate::Request::raw`] lists.
    pub async fn raw(
        &self,
        method: Method,
        path_and_query: &str,
        body: Option<(&str, Bytes)>,
    ) -> Result<RawAnswer, Error> {
        let once = method != Method::GET;
        let mut request = self.request(method, path_and_query);
        if let Some((content_type, bytes)) = body {
            request = request.body(content_type, bytes);
        }
        if once { request.once().raw().await } else { request.raw().await }
    }
}

impl RawAnswer {
    pub(crate) fn new(answer: Answer) -> Self {
        let Answer { call, status, content_type, body, envelope, .. } = answer;
        let (success, errors, messages) = match envelope {
            Some(envelope) => (Some(envelope.success), envelope.errors, envelope.messages),
            None => (None, Vec::new(), Vec::new()),
        };
        Self { call, status, success, errors, messages, content_type, body }
    }

    /// The refusal that the answer is; `None` where Cloudflare did what was asked.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        let refused = self.success == Some(false) || self.success.is_none() && self.status >= 400;
        let (call, errors) = (self.call.clone(), self.errors.clone());
        refused.then_some(Error::Refused { call, status: self.status, errors })
    }
}

impl fmt::Debug for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawAnswer")
            .field("status", &self.status)
            .field("success", &self.success)
            .field("errors", &self.errors)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}
