//! Answers and their envelopes.

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::{ApiError, Item};
use super::query::Page;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    content_type: HeaderValue,
    body: Bytes,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct Failure<'a> {
    success: bool,
    errors: &'a [Item],
    messages: [(); 0],
    result: (),
}

impl Answer {
    /// 200 with a result in the usual envelope.
    pub(crate) fn result(result: &Value) -> Self {
        Self::enveloped(&json!({"result": result, "success": true, "errors": [], "messages": []}))
    }

    /// 200 with one page of a list.
    pub(crate) fn page(all: Vec<Value>, page: Page) -> Self {
        let total = all.len();
        let items: Vec<Value> = all.into_iter().skip(page.skipped()).take(page.per_page).collect();
        let info = page.info(items.len(), total);
        Self::listed(&items.into(), &info)
    }

    /// 200 with one page of `total` items, of which only those of the page are shown.
    pub(crate) fn page_of<T>(
        items: impl Iterator<Item = T>,
        total: usize,
        page: Page,
        shown: impl FnMut(T) -> Value,
    ) -> Self {
        let items: Vec<Value> = items.skip(page.skipped()).take(page.per_page).map(shown).collect();
        let info = page.info(items.len(), total);
        Self::listed(&items.into(), &info)
    }

    /// 200 with a list and its `result_info`.
    pub(crate) fn listed(items: &Value, info: &Value) -> Self {
        let envelope = json!({"result": items, "success": true, "errors": [], "messages": [], "result_info": info});
        Self::enveloped(&envelope)
    }

    /// 200 with an envelope that is written already.
    pub(crate) fn json(envelope: String) -> Self {
        Self { status: StatusCode::OK, content_type: JSON, body: Bytes::from(envelope), headers: Vec::new() }
    }

    /// 200 with a body that is no envelope.
    pub(crate) fn raw(body: Bytes, content_type: &str) -> Self {
        let octets = HeaderValue::from_static("application/octet-stream");
        let content_type = HeaderValue::from_str(content_type).unwrap_or(octets);
        Self { status: StatusCode::OK, content_type, body, headers: Vec::new() }
    }

    /// Adds a header; a value that cannot be one is left out.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// Sets the status; one that is none becomes 500.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), ..self }
    }

    /// The body as it will be sent.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json_body(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if !self.content_type.is_empty() {
            headers.insert(CONTENT_TYPE, self.content_type);
        }
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }

    fn enveloped(envelope: &Value) -> Self {
        Self::json(envelope.to_string())
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        let failure = Failure { success: false, errors: &error.errors, messages: [], result: () };
        // Strings and numbers always serialize; an empty body would still carry the status.
        let mut answer = Self::json(serde_json::to_string(&failure).unwrap_or_default());
        answer.status = error.status;
        if let Some(seconds) = error.retry_after {
            answer.headers.push((RETRY_AFTER, HeaderValue::from(seconds)));
        }
        answer
    }
}
