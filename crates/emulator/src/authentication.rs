//! Who calls: reading the headers and finding the credential.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use flarekeep_catalogue::Operation;
use flarekeep_policy::{Cause, Request};

use crate::credential::hash;
use crate::http::{ApiError, Caller};
use crate::options::{BarredAnswer, NoCredential, Options, VerifyDenied};
use crate::refusal;
use crate::state::State;

/// Why a call goes no further: the word for the log, and the answer.
#[derive(Debug)]
pub(crate) struct Denial {
    pub(crate) cause: &'static str,
    pub(crate) error: ApiError,
}

/// What the headers show.
#[derive(Clone, Copy)]
pub(crate) enum Credential<'a> {
    Bearer(&'a str),
    Key { email: &'a str, key: &'a str },
}

/// Reads the credential from the headers. A bearer token wins over a key.
pub(crate) fn presented<'a>(
    headers: &'a HeaderMap,
    operation: &Operation,
    options: &Options,
) -> Result<Credential<'a>, Denial> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let malformed = || bad(refusal::malformed_bearer(operation, options));
        return value.to_str().ok().and_then(bearer).map(Credential::Bearer).ok_or_else(malformed);
    }
    if refusal::is_verify(operation) {
        let error = ApiError::new(400, 1001, "Missing \"Authorization\" header");
        return Err(Denial { cause: "no-credential", error });
    }
    let header = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let (email, key) = match (header("x-auth-email"), header("x-auth-key")) {
        (Some(email), Some(key)) => (email, key),
        (Some(_), None) => return Err(missing(9107, "Missing X-Auth-Key header")),
        (None, Some(_)) => return Err(missing(9106, "Missing X-Auth-Email header")),
        (None, None) if options.no_credential == NoCredential::NamesEmail => {
            let error = ApiError::new(403, 9106, "Missing X-Auth-Email header");
            return Err(Denial { cause: "no-credential", error });
        }
        (None, None) => return Err(missing(9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")),
    };
    let headers_invalid = || ApiError::new(400, 6003, "Invalid request headers");
    if !is_global_key(key) {
        return Err(bad(headers_invalid().chain(6103, "Invalid format for X-Auth-Key header")));
    }
    if !email.contains('@') {
        return Err(bad(headers_invalid().chain(6102, "Invalid format for X-Auth-Email header")));
    }
    Ok(Credential::Key { email, key })
}

/// Finds the caller that a credential belongs to.
pub(crate) fn identify(
    credential: Credential,
    state: &State,
    operation: &Operation,
    options: &Options,
) -> Result<Caller, Denial> {
    match credential {
        Credential::Bearer(value) => match state.tokens.with_hash(&hash(value.as_bytes())) {
            Some(record) => Ok(Caller::Token(record.clone())),
            None => Err(Denial { cause: "unknown-credential", error: refusal::unknown_token(operation, options) }),
        },
        Credential::Key { email, key } => {
            // Compared by hash, so that the time tells nothing of the key.
            let given = hash(key.as_bytes());
            let mut users = state.world.users.iter().filter(|user| user.email.eq_ignore_ascii_case(email));
            users.find(|user| hash(user.global_key.as_bytes()) == given).map(|user| Caller::Key(user.id)).ok_or_else(
                || Denial {
                    cause: "unknown-credential",
                    error: ApiError::new(options.disputed.unknown_key, 9103, "Unknown X-Auth-Key or X-Auth-Email"),
                },
            )
        }
    }
}

/// Refuses a token that cannot be used now or from here, whatever it grants.
pub(crate) fn usable(caller: &Caller, request: &Request, options: &Options) -> Result<(), Denial> {
    let Caller::Token(record) = caller else { return Ok(()) };
    let Some(cause) = record.compiled.barred(request) else { return Ok(()) };
    let verify = refusal::is_verify(request.operation);
    let error = if cause == Cause::AddressNotAllowed {
        match (verify, options.verify_when_address_denied) {
            (true, VerifyDenied::Answered) => return Ok(()),
            (true, VerifyDenied::InvalidToken) => refusal::invalid_api_token(options),
            _ => {
                let from = request.ip.map_or_else(|| "unknown".to_owned(), |ip| ip.to_canonical().to_string());
                ApiError::new(403, 9109, format!("Cannot use the access token from location: {from}"))
            }
        }
    } else {
        match (verify, options.barred) {
            (true, BarredAnswer::StatusOnVerify) => return Ok(()),
            (true, _) => refusal::invalid_api_token(options),
            (false, BarredAnswer::AuthenticationError) => ApiError::new(401, 10000, "Authentication error"),
            (false, _) => ApiError::new(403, 9109, "Invalid access token"),
        }
    };
    Err(Denial { cause: cause.word(), error })
}

/// Whether a text has the form of a Global API key: `cfk_`, 40 letters and digits, 8 hexadecimal digits; or, of the
/// older kind, 37 to 45 hexadecimal digits.
pub(crate) fn is_global_key(text: &str) -> bool {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    match text.strip_prefix("cfk_") {
        Some(rest) => {
            let bytes = rest.as_bytes();
            bytes.len() == 48
                && bytes.iter().take(40).all(u8::is_ascii_alphanumeric)
                && bytes.iter().skip(40).all(|byte| is_hex(*byte))
        }
        None => (37..=45).contains(&text.len()) && text.bytes().all(is_hex),
    }
}

/// The token of a well-formed `Authorization` header: 40 to 80 letters, digits, hyphens and underscores.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    // A Global API key of the older kind has 37 digits and fails here, as it does at Cloudflare.
    (scheme.eq_ignore_ascii_case("bearer") && is_token_value(token)).then_some(token)
}

/// Whether a text has the form of a token's value.
pub(crate) fn is_token_value(text: &str) -> bool {
    (40..=80).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn missing(code: u32, message: &str) -> Denial {
    Denial { cause: "no-credential", error: ApiError::new(400, code, message) }
}

fn bad(error: ApiError) -> Denial {
    Denial { cause: "bad-credential", error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{Kind, fresh_value};

    #[test]
    fn bearer_headers_are_read_with_care() {
        let token = fresh_value(Kind::UserToken);
        assert_eq!(bearer(&format!("Bearer {token}")), Some(token.as_str()));
        assert_eq!(bearer(&format!("bearer  {token} ")), Some(token.as_str()));
        for bad in ["", "Bearer", "Bearer ", "Bearer short", &format!("Bearer \"{token}\""), &format!("Basic {token}")]
        {
            assert_eq!(bearer(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_token_is_no_global_key() {
        assert!(is_global_key(&fresh_value(Kind::GlobalKey)));
        assert!(is_global_key(&"a1".repeat(20)[..37]));
        assert!(!is_global_key(&fresh_value(Kind::UserToken)));
        assert!(!is_global_key(&"Z".repeat(40)));
    }
}
