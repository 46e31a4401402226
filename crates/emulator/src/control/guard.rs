//! Who may steer an emulator: programs, and no page that a browser shows.
//!
//! A page of any site can send requests to an address of this machine. It cannot help saying so: browsers add `Origin`
//! to what crosses sites and `Sec-Fetch-Site` to all; and a page whose own name was made to lead here (DNS rebinding)
//! calls the emulator by that name.

use std::net::IpAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};

use crate::http::{ApiError, OWN_FOREIGN};

/// Refuses what a page in a browser may have sent.
pub(super) fn check(headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
    if headers.contains_key(ORIGIN) || headers.get_all("sec-fetch-site").iter().any(|site| site != "none") {
        return Err(refused("a page in a browser may not steer the emulator"));
    }
    let hosts = headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default());
    let named = uri.authority().map(Authority::as_str);
    if !hosts.chain(named).all(is_local) {
        return Err(refused("the emulator is steered at `localhost` or at an IP address, and under no other name"));
    }
    Ok(())
}

/// Whether a host is an IP literal or `localhost`, with or without a port.
fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || literal.parse::<IpAddr>().is_ok()
}

fn refused(message: &str) -> ApiError {
    ApiError::new(403, OWN_FOREIGN, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_addresses_or_localhost() {
        for good in ["localhost", "LOCALHOST:8787", "127.0.0.1:1", "10.0.0.1", "[::1]:8787", "[::1]"] {
            assert!(is_local(good), "{good}");
        }
        for bad in ["evil.example:8787", "localhost.evil.example", "127.0.0.1.evil.example", "", "a b", "1.evil"] {
            assert!(!is_local(bad), "{bad}");
        }
    }
}
