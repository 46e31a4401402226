//! A set of client addresses as ranges that do not touch, so that one set can be taken from another.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::condition::{IpCondition, IpSet};

/// A set of addresses. An IPv4 address inside IPv6 (`::ffff:203.0.113.7`) is the IPv4 address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressSet {
    v4: Ranges,
    v6: Ranges,
}

/// Shown where the set holds them: the addresses that documentation uses (RFC 5737, RFC 3849).
const EXAMPLES: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)),
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// The IPv6 addresses that stand for IPv4 ones: no client has them once its address is read.
const MAPPED: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

impl AddressSet {
    /// Every address.
    #[must_use]
    pub fn all() -> Self {
        let v6 = Ranges(vec![(0, u128::MAX)]).minus(&Ranges(vec![MAPPED]));
        Self { v4: Ranges(vec![(0, u128::from(u32::MAX))]), v6 }
    }

    /// The addresses that a condition admits.
    #[must_use]
    pub fn admitted(condition: &IpCondition) -> Self {
        let all = Self::all();
        let within = match &condition.within {
            // INVARIANT: the mapped block stays outside, whatever ranges are listed.
            Some(set) => all.minus(&all.minus(&Self::listed(set))),
            None => all,
        };
        condition.not_within.as_ref().map_or_else(|| within.clone(), |set| within.minus(&Self::listed(set)))
    }

    /// Those of this set that are not in `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self { v4: self.v4.minus(&other.v4), v6: self.v6.minus(&other.v6) }
    }

    /// Whether no address is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.v4.0.is_empty() && self.v6.0.is_empty()
    }

    /// How many addresses of IPv4 and of IPv6 are in it; all of IPv6 are one fewer than there are, as more has no number here.
    #[must_use]
    pub fn counts(&self) -> (u128, u128) {
        let count = |ranges: &Ranges| {
            ranges.0.iter().fold(0_u128, |sum, (low, high)| sum.saturating_add((high - low).saturating_add(1)))
        };
        (count(&self.v4), count(&self.v6))
    }

    /// One address of the set: one that documentation uses if there is one, else the lowest.
    #[must_use]
    pub fn example(&self) -> Option<IpAddr> {
        let known = EXAMPLES.into_iter().find(|address| self.contains(*address));
        let v4 = || self.v4.0.first().and_then(|(low, _)| v4(*low));
        let v6 = || self.v6.0.first().map(|(low, _)| IpAddr::V6(Ipv6Addr::from_bits(*low)));
        known.or_else(v4).or_else(v6)
    }

    /// Whether an address, which must be in its own form, is in the set.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.contains(u128::from(address.to_bits())),
            IpAddr::V6(address) => self.v6.contains(address.to_bits()),
        }
    }

    fn listed(set: &IpSet) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for range in &set.0 {
            match range {
                IpNet::V4(net) => v4.push((net.network().to_bits().into(), net.broadcast().to_bits().into())),
                IpNet::V6(net) => v6.push((net.network().to_bits(), net.broadcast().to_bits())),
            }
        }
        Self { v4: Ranges::joined(v4), v6: Ranges::joined(v6) }
    }
}

impl fmt::Display for AddressSet {
    /// The ranges, lowest first, as in `203.0.113.0 to 203.0.113.255`; IPv4 before IPv6.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v4 = self.v4.0.iter().filter_map(|(low, high)| Some((v4(*low)?, v4(*high)?)));
        let v6 =
            self.v6.0.iter().map(|(low, high)| (Ipv6Addr::from_bits(*low).into(), Ipv6Addr::from_bits(*high).into()));
        for (at, (low, high)) in v4.chain(v6).enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            match low == high {
                true => write!(f, "{comma}{low}")?,
                false => write!(f, "{comma}{low} to {high}")?,
            }
        }
        Ok(())
    }
}

fn v4(bits: u128) -> Option<IpAddr> {
    u32::try_from(bits).ok().map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
}

/// Ranges with both ends in, ascending, that neither overlap nor touch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    fn joined(mut ranges: Vec<(u128, u128)>) -> Self {
        ranges.sort_unstable();
        let mut joined: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match joined.last_mut() {
                Some((_, end)) if low <= end.saturating_add(1) => *end = high.max(*end),
                _ => joined.push((low, high)),
            }
        }
        Self(joined)
    }

    fn contains(&self, address: u128) -> bool {
        let after = self.0.partition_point(|(low, _)| *low <= address);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, high)| address <= *high)
    }

    fn minus(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        let mut cuts = other.0.iter().peekable();
        for (low, high) in &self.0 {
            let mut from = Some(*low);
            while let (Some(start), Some((cut_low, cut_high))) = (from, cuts.peek()) {
                if cut_low > high {
                    break;
                }
                if *cut_high >= start {
                    if *cut_low > start {
                        left.push((start, cut_low - 1));
                    }
                    from = cut_high.checked_add(1).filter(|next| next <= high);
                }
                // A cut that goes beyond this range may cut the next as well.
                if cut_high > high {
                    break;
                }
                cuts.next();
            }
            left.extend(from.map(|start| (start, *high)));
        }
        Self(left)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::condition::parse_range;

    fn lists() -> impl Strategy<Value = Option<IpSet>> {
        let texts = vec![
            "0.0.0.0/0",
            "::/0",
            "203.0.113.0/24",
            "203.0.113.0/25",
            "203.0.113.128/25",
            "203.0.113.7",
            "255.255.255.255",
            "0.0.0.0/1",
            "2001:db8::/32",
            "2001:db8::1",
            "::ffff:203.0.113.0/120",
            "::fffe:ffff:ffff/128",
            "ffff::/16",
        ];
        let range = prop::sample::select(texts).prop_map(|text| parse_range(text).unwrap());
        prop::option::weighted(0.7, prop::collection::vec(range, 0..5).prop_map(IpSet))
    }

    fn condition() -> impl Strategy<Value = IpCondition> {
        (lists(), lists()).prop_map(|(within, not_within)| IpCondition { within, not_within })
    }

    /// Membership changes at the ends of ranges only: each end with its neighbours, and the ends of all there is.
    fn critical(conditions: &[&IpCondition]) -> Vec<IpAddr> {
        let lists = conditions.iter().flat_map(|condition| [&condition.within, &condition.not_within]).flatten();
        let mut all =
            vec![IpAddr::from([0u8; 4]), IpAddr::from([255u8; 4]), IpAddr::from([0u8; 16]), IpAddr::from([255u8; 16])];
        all.push("::1:0:0:0".parse().unwrap());
        for range in lists.flat_map(|set| &set.0) {
            match range {
                IpNet::V4(net) => all.extend([net.network(), net.broadcast()].into_iter().flat_map(|end| {
                    let bits = end.to_bits();
                    [bits.saturating_sub(1), bits, bits.saturating_add(1)]
                        .map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
                })),
                IpNet::V6(net) => all.extend([net.network(), net.broadcast()].into_iter().flat_map(|end| {
                    let bits = end.to_bits();
                    [bits.saturating_sub(1), bits, bits.saturating_add(1)]
                        .map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)))
                })),
            }
        }
        all.into_iter().map(|address| address.to_canonical()).collect()
    }

    proptest! {
        #[test]
        fn sets_hold_what_conditions_admit_and_differences_are_exact(a in condition(), b in condition()) {
            let (left, right) = (AddressSet::admitted(&a), AddressSet::admitted(&b));
            let mut differs = false;
            for address in critical(&[&a, &b]) {
                prop_assert_eq!(left.contains(address), a.admits(Some(address)), "{}", address);
                differs |= a.admits(Some(address)) && !b.admits(Some(address));
            }
            let example = left.minus(&right).example();
            prop_assert_eq!(example.is_some(), differs);
            if let Some(address) = example {
                prop_assert!(a.admits(Some(address)) && !b.admits(Some(address)));
            }
        }
    }

    #[test]
    fn addresses_are_counted_once_however_often_they_are_listed() {
        let ranges = ["203.0.113.0/24", "203.0.113.0/25", "198.51.100.7", "2001:db8::/126"];
        let within = IpSet(ranges.into_iter().map(|text| parse_range(text).unwrap()).collect());
        let condition = IpCondition { within: Some(within), not_within: None };
        assert_eq!(AddressSet::admitted(&condition).counts(), (257, 4));
        assert_eq!(AddressSet::all().counts().0, 1 << 32);
    }

    #[test]
    fn a_set_is_shown_as_its_ranges() {
        let set = |text: &str| AddressSet::listed(&IpSet(vec![parse_range(text).unwrap()]));
        let left = set("203.0.113.0/29").minus(&set("203.0.113.3"));
        assert_eq!(left.to_string(), "203.0.113.0 to 203.0.113.2, 203.0.113.4 to 203.0.113.7");
    }
}
