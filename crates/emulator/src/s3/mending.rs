//! Answers of s3s that R2 words otherwise.

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use s3s::{HttpResponse, s3_error};

use super::body::Shared;
use super::fault::coded;
use super::front::{Parameters, answer};
use super::signing::Signed;

/// The answer as R2 gives it.
pub(super) fn mended(response: HttpResponse, head: &(Method, Uri, HeaderMap), body: &Shared) -> Response<Body> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return match status {
            StatusCode::NOT_MODIFIED => response.map(|_| Body::empty()),
            _ => response.map(Body::new),
        };
    }
    let text = response.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let is = |code: &str| text.contains(&format!("<Code>{code}</Code>"));
    let (method, uri, headers) = head;
    if status == StatusCode::INTERNAL_SERVER_ERROR && body.is_another() {
        return answer(coded(400, "XAmzContentSHA256Mismatch", MISMATCH));
    }
    if is("NotImplemented") && text.contains("<Message>Unknown operation</Message>") || is("MethodNotAllowed") {
        return answer(coded(404, "RouteNotFound", "No route matches this url."));
    }
    if is("AccessDenied") && text.contains("<Message>Request has expired</Message>") {
        return answer(coded(403, "ExpiredRequest", "Request has expired"));
    }
    if is("SignatureDoesNotMatch")
        && let Ok(signed) = Signed::read(headers, &Parameters::read(uri.query()))
    {
        let said = "The request signature we calculated does not match the signature you provided. Check your secret \
                    access key and signing method.";
        let fields = signed.explained(method, uri, headers);
        return with_fields(answer(s3_error!(SignatureDoesNotMatch, "{said}")), said, &fields);
    }
    response.map(Body::new)
}

/// What R2 says of a body that is not the one whose hash was signed.
pub(super) const MISMATCH: &str = "The provided 'x-amz-content-sha256' header does not match what was computed.";

/// Adds elements to an error.
fn with_fields(response: Response<Body>, said: &str, fields: &[(&str, String)]) -> Response<Body> {
    let fields: String = fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value))).collect();
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>SignatureDoesNotMatch</Code><Message>{said}</Message>\
         {fields}</Error>"
    );
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Bytes::from(text)))
}

fn escaped(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace('"', "&quot;").replace('\'', "&apos;")
}
