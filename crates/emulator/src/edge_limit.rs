//! The limit of calls per second and address (200, Cloudflare's limits page of 2026-04-20), which the edge enforces: its
//! answer is no envelope. The form of the answer is that of Cloudflare's changelog of 2026-03-11: Problem Details
//! (RFC 9457) for clients that accept JSON, else a page.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, RETRY_AFTER};
use flarekeep_policy::UnixSeconds;
use serde_json::json;

use crate::http::Answer;

/// The calls of each address in the present second.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<(i64, HashMap<Option<IpAddr>, u32>)>);

impl Calls {
    /// Forgets what was counted.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Default::default();
    }

    /// Counts one call, and says whether it is within the limit.
    pub(crate) fn count(&self, from: Option<IpAddr>, limit: u32, at: UnixSeconds) -> bool {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if second.0 != at.0 {
            *second = (at.0, HashMap::new());
        }
        let calls = second.1.entry(from).or_default();
        *calls = calls.saturating_add(1);
        *calls <= limit
    }
}

/// The answer to a call too many.
pub(crate) fn refusal(headers: &HeaderMap, ray: &str) -> Answer {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let problem = accept.contains("application/problem+json");
    let answer = if problem || accept.contains("application/json") {
        let body = json!({
            "type": "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1015/",
            "title": "Error 1015: You are being rate limited",
            "status": 429,
            "detail": "more calls came from this address in one second than the limit allows",
            "instance": ray,
            "error_code": 1015,
            "retryable": true,
            "retry_after": 1,
        });
        let kind = if problem { "application/problem+json" } else { "application/json" };
        Answer::raw(body.to_string().into(), &format!("{kind}; charset=utf-8"))
    } else {
        let page = "<!DOCTYPE html><title>Error 1015</title><h1>Error 1015</h1><p>You are being rate limited</p>\n";
        Answer::raw(page.into(), "text/html; charset=UTF-8")
    };
    answer.with_status(429).header(RETRY_AFTER.as_str(), "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_for_each_second_and_address() {
        let calls = Calls::default();
        let count = |from: &str, at| calls.count(Some(from.parse().unwrap()), 2, UnixSeconds(at));
        let all = [count("::1", 5), count("::1", 5), count("::1", 5), count("::2", 5), count("::1", 6)];
        assert_eq!(all, [true, true, false, true, true]);
    }
}
