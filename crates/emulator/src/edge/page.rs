//! The pages that the edge answers by itself.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

/// What a page says: a header for programs, a status, and text.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// For the header `x-flarekeep-edge`.
    pub(super) cause: &'static str,
    pub(super) status: u16,
    /// Cloudflare's number, where it has one.
    pub(super) code: Option<u16>,
    pub(super) text: String,
}

/// The header that says who answered: the Worker with its version, or why none did.
pub(super) const HEADER: &str = "x-flarekeep-edge";

impl Page {
    /// No zone, no custom hostname and no Worker below `workers.dev` has the host.
    pub(super) fn unknown(host: &str) -> Self {
        Self::of(
            "unknown-host",
            530,
            Some(1016),
            format!("no zone and no custom hostname of this world has the host `{host}`"),
        )
    }

    pub(super) fn inactive(host: &str) -> Self {
        Self::of("inactive-hostname", 530, Some(1016), format!("the custom hostname `{host}` is not active yet"))
    }

    /// At Cloudflare the request would go to the origin.
    pub(super) fn nobody(host: &str) -> Self {
        let text = format!(
            "no route and no custom domain gives this path of `{host}` to a Worker, and there is no origin here"
        );
        Self::of("no-worker", 522, Some(522), text)
    }

    /// A route names a Worker that is not there any more.
    pub(super) fn no_script(script: &str) -> Self {
        Self::of("no-worker", 404, None, format!("there is no Worker `{script}`"))
    }

    pub(super) fn not_simulated(script: &str, what: &str) -> Self {
        Self::of("not-simulated", 501, None, format!("the Worker `{script}` has what is not simulated here: {what}"))
    }

    pub(super) fn threw(script: &str, error: &str) -> Self {
        Self::of("exception", 500, Some(1101), format!("the Worker `{script}` threw an exception: {error}"))
    }

    pub(super) fn not_started(script: &str, error: &str) -> Self {
        Self::of("not-started", 500, Some(1101), format!("the Worker `{script}` does not start: {error}"))
    }

    pub(super) fn outside(host: &str) -> Self {
        let text = format!("a Worker's fetch of `{host}` is kept inside: --edge-outbound any lets it out");
        Self::of("kept-inside", 523, None, text)
    }

    pub(super) fn bad(text: &str) -> Self {
        Self::of("bad-request", 400, None, text.to_owned())
    }

    pub(super) fn busy() -> Self {
        Self::of(
            "busy",
            503,
            None,
            "too many requests are under way, or Workers call each other in a circle".to_owned(),
        )
    }

    const fn of(cause: &'static str, status: u16, code: Option<u16>, text: String) -> Self {
        Self { cause, status, code, text }
    }

    /// As an answer, in plain text.
    pub(super) fn respond(self) -> Response<Body> {
        // What comes from a request or a Worker stands there without control characters.
        let said: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(4_000).collect();
        let code = self.code.map(|code| format!("error code: {code}\n")).unwrap_or_default();
        let mut response = Response::new(Body::from(format!("{code}flarekeep: {said}\n")));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(HEADER, HeaderValue::from_static(self.cause));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response
    }
}
