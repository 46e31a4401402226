//! Which names can be custom hostnames and origins. Codes and messages are those of cloudflare-for-saas' page
//! reference/status-codes/custom-hostnames.

use std::net::IpAddr;

use crate::dns::names::{at, is_within, zone_of};
use crate::http::{ApiError, Call, is_hostname};
use crate::options::ReservedNames;
use crate::state::State;

/// A hostname in lower case, if it can be one of this zone.
pub(super) fn check_hostname(given: &str, call: &Call, state: &State) -> Result<String, ApiError> {
    let name = given.to_ascii_lowercase();
    let bad = |code, message: &str| Err(ApiError::new(400, code, message));
    if !given.is_ascii() {
        return bad(
            1408,
            "Custom hostnames with non-ASCII characters are not supported. Check your input and try again.",
        );
    }
    if !is_name(name.strip_prefix("*.").unwrap_or(&name)) {
        return bad(
            1407,
            "Invalid custom hostname. Custom hostnames have to be smaller than 256 characters in length, cannot be IP \
             addresses, cannot contain any special characters.",
        );
    }
    if let Some(zone) = call.zone.and_then(|id| state.world.zone(id))
        && zone.name == name
    {
        // That it is refused is documented; with which code is not.
        return bad(1411, "Custom hostnames may not be the name of their zone. Check your input and try again.");
    }
    match reserved(&name).filter(|_| call.options.hostnames.reserved == ReservedNames::Refuse) {
        None => Ok(name),
        Some(Reserved::Top) => bad(
            1409,
            "Reserved top domain custom hostnames, such as 'test', 'example', 'invalid' or 'localhost', is not supported. \
             Check your input and try again.",
        ),
        Some(Reserved::Example) => bad(
            1411,
            "Custom hostnames ending in example.com, example.net, or example.org are prohibited. Check your input and \
             try again.",
        ),
    }
}

/// Whether a name can be the origin of a custom hostname: one of the zone's records of an address.
pub(super) fn check_origin(given: &str, call: &Call, state: &State) -> Result<(), ApiError> {
    let name = given.to_ascii_lowercase();
    let bad = |code, message: &str| Err(ApiError::new(400, code, message));
    if !given.is_ascii() {
        return bad(
            1416,
            "Custom origin hostnames with non-ASCII characters are not supported. Check your input and try again.",
        );
    }
    if name.starts_with("*.") {
        return bad(1420, "Wildcard custom origin hostnames are not supported. Check your input and try again.");
    }
    if !is_name(&name) {
        return bad(
            1415,
            "Invalid custom origin hostname. Custom origin hostnames have to be smaller than 256 characters in length, \
             cannot be IP addresses, cannot contain any special characters.",
        );
    }
    match reserved(&name).filter(|_| call.options.hostnames.reserved == ReservedNames::Refuse) {
        None => {}
        Some(Reserved::Top) => {
            return bad(
                1417,
                "Reserved top domain custom origin hostnames, such as 'test', 'example', 'invalid' or 'localhost', is not \
                 supported. Check your input and try again.",
            );
        }
        Some(Reserved::Example) => {
            return bad(
                1419,
                "Custom origin hostnames ending in example.com, example.net, or example.org are prohibited. Check your \
                 input and try again.",
            );
        }
    }
    let here = zone_of(state, &name).is_some_and(|zone| Some(zone.id) == call.zone);
    let addressed = at(state, &name).entries.iter().any(|entry| matches!(entry.kind, "A" | "AAAA" | "CNAME"));
    if !(here && addressed) {
        let zone = call.zone.map(|zone| zone.to_string()).unwrap_or_default();
        let message = format!(
            "The custom origin hostname you specified does not exist on Cloudflare as a DNS record (A, AAAA or CNAME) in \
             your zone:{zone}. Check your input and try again."
        );
        return Err(ApiError::new(400, 1421, message));
    }
    Ok(())
}

/// Why a name is no customer's.
#[derive(Debug, PartialEq, Eq)]
enum Reserved {
    Top,
    Example,
}

fn reserved(name: &str) -> Option<Reserved> {
    if ["example.com", "example.net", "example.org"].iter().any(|reserved| is_within(name, reserved)) {
        return Some(Reserved::Example);
    }
    let top = ["test", "example", "invalid", "localhost"].iter().any(|reserved| is_within(name, reserved));
    top.then_some(Reserved::Top)
}

fn is_name(name: &str) -> bool {
    is_hostname(name) && name.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_tests_are_known() {
        assert_eq!(reserved("www.example.org"), Some(Reserved::Example));
        assert_eq!(reserved("shop.acme.example"), Some(Reserved::Top));
        assert_eq!(reserved("notexample.com"), None);
        assert!(is_name("www.acme.com") && !is_name("192.0.2.1") && !is_name("-") && !is_name("acme"));
    }
}
