//! Whether a token's limits limit anything: its end, and the addresses that may use it.

use std::sync::LazyLock;

use flarekeep_policy::{AddressSet, IpCondition, IpSet, parse_range};
use jiff::Timestamp;

use super::days;
use crate::settings::Settings;
use crate::token::TokenRecord;

/// So many addresses are nobody's own: a /8 of IPv4, a /16 of IPv6.
const NOBODYS: (u128, u128) = (1 << 24, 1 << 112);

/// What of a token's limits is none.
pub(super) struct Unlimited {
    /// It has no end, or one that is further off than the settings allow.
    pub(super) end: bool,
    /// Nearly any address may use it.
    pub(super) addresses: bool,
}

/// What of the token's limits is none.
pub(super) fn unlimited(token: &TokenRecord, settings: &Settings) -> Unlimited {
    let end = token.expires_on.is_none_or(|end| is_far(end, settings));
    Unlimited { end, addresses: is_open(&token.ip) }
}

/// Whether an end is so far off that it is none.
pub(super) fn is_far(end: Timestamp, settings: &Settings) -> bool {
    days(settings.now, end) > i64::from(settings.thresholds.far_end_days)
}

/// Whether a token has a condition on addresses, whatever it admits.
pub(super) fn has_condition(ip: &IpCondition) -> bool {
    ip.within.is_some() || ip.not_within.as_ref().is_some_and(|set| !set.0.is_empty())
}

/// Whether so many addresses of the public Internet are admitted that they are nobody's own: counted over the whole set, so
/// that many ranges are as wide as one.
pub(super) fn is_open(ip: &IpCondition) -> bool {
    let mut barred = PRIVATE.clone();
    barred.0.extend(ip.not_within.iter().flat_map(|set| set.0.iter().copied()));
    let public = AddressSet::admitted(&IpCondition { within: ip.within.clone(), not_within: Some(barred) });
    let (v4, v6) = public.counts();
    v4 >= NOBODYS.0 || v6 >= NOBODYS.1
}

/// Networks that nobody comes from by the Internet (RFC 1918, RFC 6598, RFC 4193).
static PRIVATE: LazyLock<IpSet> = LazyLock::new(|| {
    let ranges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];
    IpSet(ranges.into_iter().filter_map(|range| parse_range(range).ok()).collect())
});
