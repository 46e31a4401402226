//! The condition on the client's address.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// A list of address ranges in a condition, kept apart from "no list": an empty list lets nobody in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct IpSet(pub Vec<IpNet>);

impl IpSet {
    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(&address))
    }
}

/// From which addresses a token may be used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct IpCondition {
    /// Only these, where the list is given. The API takes an empty one and then lets nobody in
    /// (cloudflare/terraform-provider-cloudflare#897).
    pub within: Option<IpSet>,
    /// None of these.
    pub not_within: Option<IpSet>,
}

impl IpCondition {
    /// Whether a client at `address` may use the token. An unknown address passes only where there is no condition.
    #[must_use]
    pub fn admits(&self, address: Option<IpAddr>) -> bool {
        if self.within.is_none() && self.not_within.as_ref().is_none_or(|set| set.0.is_empty()) {
            return true;
        }
        let Some(address) = address.map(|address| address.to_canonical()) else { return false };
        self.within.as_ref().is_none_or(|set| set.contains(address))
            && self.not_within.as_ref().is_none_or(|set| !set.contains(address))
    }
}

/// A text that is neither an address nor a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address range: write it as in `203.0.113.0/24`, one address as `203.0.113.7/32`")]
pub struct BadAddress(String);

/// Reads an address range; a single address stands for itself, and [`canonical`] is done to all.
pub fn parse_range(text: &str) -> Result<IpNet, BadAddress> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map(canonical)
        .map_err(|_| BadAddress(text.escape_debug().take(60).collect()))
}

/// The bits of an IPv6 address before the IPv4 address inside it (`::ffff:0:0/96`).
const MAPPED: u8 = 96;

/// A range of IPv4 addresses inside IPv6 as the range of IPv4 addresses that it is, as clients' addresses are read; any
/// other range as it stands.
#[must_use]
pub fn canonical(range: IpNet) -> IpNet {
    let IpNet::V6(inside) = range else { return range };
    let v4 = inside.network().to_ipv4_mapped();
    let length = inside.prefix_len().checked_sub(MAPPED);
    let net = v4.zip(length).and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    net.map_or(range, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[&str]) -> Option<IpSet> {
        Some(IpSet(ranges.iter().map(|range| parse_range(range).unwrap()).collect()))
    }

    fn admits(condition: &IpCondition, address: &str) -> bool {
        condition.admits(Some(address.parse().unwrap()))
    }

    #[test]
    fn exceptions_are_carved_out_of_the_list() {
        let condition = IpCondition { within: set(&["203.0.113.0/24"]), not_within: set(&["203.0.113.7"]) };
        assert!(admits(&condition, "203.0.113.8"));
        assert!(!admits(&condition, "203.0.113.7"));
        assert!(!admits(&condition, "198.51.100.1"));
        assert!(!condition.admits(None));
    }

    #[test]
    fn an_empty_list_lets_nobody_in_and_no_list_everybody() {
        assert!(!admits(&IpCondition { within: set(&[]), not_within: set(&[]) }, "203.0.113.7"));
        assert!(admits(&IpCondition::default(), "203.0.113.7"));
        assert!(IpCondition { within: None, not_within: set(&[]) }.admits(None));
    }

    #[test]
    fn an_ipv4_address_inside_ipv6_is_the_ipv4_address() {
        let condition = IpCondition { within: set(&["203.0.113.0/24"]), not_within: None };
        assert!(admits(&condition, "::ffff:203.0.113.9"));
        for mapped in ["::ffff:203.0.113.7", "::ffff:203.0.113.7/128", "::ffff:203.0.113.0/120", "::ffff:0:0/96"] {
            let condition = IpCondition { within: None, not_within: set(&[mapped]) };
            assert!(!admits(&condition, "203.0.113.7"), "{mapped}");
            assert!(admits(&condition, "2001:db8::1"), "{mapped}");
        }
        let all = IpCondition { within: None, not_within: set(&["::/0"]) };
        assert!(admits(&all, "203.0.113.7") && !admits(&all, "2001:db8::1"));
    }
}
