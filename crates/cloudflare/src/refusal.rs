//! What kind of refusal an error is.
//!
//! Cloudflare's statuses do not say: a bad credential is answered with 400, 401 or 403 by chance. Its codes do, together
//! with their messages, since several products use one number for several things.

use crate::envelope::ApiError;
use crate::error::Error;

impl Error {
    /// Whether Cloudflare refused the credential itself: unknown, malformed, missing or locked out.
    ///
    /// Decided by code and message, since the status of such answers is 400, 401 or 403 by chance. A 10000
    /// `Authentication error` is not among them: it mostly means that a valid token lacks the right.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.any_refusal(|error, status| {
            let says = |part: &str| contains(&error.message, part);
            match error.code {
                1000 => status == 401 || says("api token") || error.message.is_empty(),
                1001 => says("\"authorization\" header"),
                6003 | 6102 | 6103 | 6111 | 9103 | 9106 | 9107 => true,
                9109 => says("invalid access token") || says("auth failures"),
                10001 => says("authenticat"),
                _ => false,
            }
        })
    }

    /// Whether a credential that Cloudflare knows lacks the right to do this. A product may answer so to an invalid
    /// token too (10000): verifying the token settles it.
    #[must_use]
    pub fn is_permission(&self) -> bool {
        let r2 = self.call().is_some_and(|call| call.path().contains("/r2/"));
        self.any_refusal(|error, status| {
            let says = |part: &str| contains(&error.message, part);
            match error.code {
                7403 | 10000 => true,
                9109 => says("unauthorized"),
                10405 => status == 403 || says("authentication scheme"),
                10001 => says("not allowed for token"),
                1001 => says("common permission check"),
                1068 => says("permission"),
                10002 | 10003 => r2,
                _ => false,
            }
        })
    }

    /// Whether the token may not be used from this client's address.
    #[must_use]
    pub fn is_location(&self) -> bool {
        self.any_refusal(|error, _| error.code == 9109 && contains(&error.message, "from location"))
    }

    fn any_refusal(&self, test: impl Fn(&ApiError, u16) -> bool) -> bool {
        let Self::Refused { status, .. } = self else { return false };
        self.flattened().into_iter().any(|error| test(error, *status))
    }
}

fn contains(message: &str, part: &str) -> bool {
    message.to_ascii_lowercase().contains(part)
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::*;
    use crate::call::Call;

    fn refused(method: Method, path: &str, status: u16, code: i64, message: &str) -> Error {
        let error = ApiError { code, message: message.to_owned(), ..ApiError::default() };
        Error::Refused { call: Call::new(method, path), status, errors: vec![error] }
    }

    #[test]
    fn refusals_are_told_apart_by_code_and_message() {
        let kind = |status, code, message| {
            let error = refused(Method::GET, "/zones", status, code, message);
            (error.is_authentication(), error.is_permission(), error.is_location())
        };
        let (authentication, permission, location) = ((true, false, false), (false, true, false), (false, false, true));
        let neither = (false, false, false);
        let cases = [
            (401, 1000, "Invalid API Token", authentication),
            (400, 1001, "Missing \"Authorization\" header", authentication),
            (400, 6003, "Invalid request headers", authentication),
            (400, 6111, "", authentication),
            (403, 9103, "Unknown X-Auth-Key or X-Auth-Email", authentication),
            (400, 9106, "Authentication failed (status: 400)", authentication),
            (400, 9107, "Missing X-Auth-Key header", authentication),
            (403, 9109, "Invalid access token", authentication),
            (403, 9109, "Max auth failures reached, please wait", authentication),
            (403, 9109, "Unauthorized to access requested resource", permission),
            (403, 10000, "Authentication error", permission),
            (403, 10000, "Forbidden", permission),
            (403, 7403, "The given account is not valid or is not authorized to access this service", permission),
            (403, 10405, "Method not allowed for this authentication scheme", permission),
            (400, 1001, "Failed common permission check against resources. (Permission group: \"X\")", permission),
            (400, 1068, "Permission denied", permission),
            (403, 10001, "Method not allowed for token", permission),
            (403, 9109, "Cannot use the access token from location: 192.0.2.1", location),
            (400, 9109, "Invalid zone identifier", neither),
            (405, 10405, "method not allowed", neither),
            (500, 10001, "internal error", neither),
            (400, 1011, "Page Rules endpoint does not support account owned tokens.", neither),
            (403, 10003, "access denied", neither),
        ];
        for (status, code, message, expected) in cases {
            assert_eq!(kind(status, code, message), expected, "{code} {message}");
        }
        let bucket = refused(Method::GET, "/accounts/x/r2/buckets", 403, 10003, "AccessDenied");
        assert!(bucket.is_permission(), "the same number means that on R2");
    }
}
