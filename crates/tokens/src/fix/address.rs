//! Allowing an address: the list grows by it, and an exception that holds it shrinks by it, neither by more.

use flarekeep_cloudflare::{Condition, RequestIp};
use flarekeep_policy::canonical;
use ipnet::IpNet;

/// The condition under which the ranges may use the token, too; none where it limits nothing any more.
pub(super) fn allowing(condition: Option<&Condition>, ranges: &[IpNet]) -> Option<Condition> {
    let Some(before) = condition.and_then(|condition| condition.request_ip.as_ref()) else { return condition.cloned() };
    let mut ip = before.clone();
    for range in ranges.iter().copied().map(read) {
        if let Some(within) = ip.within.as_mut().filter(|within| !hold(within, range)) {
            within.push(range);
        }
        if let Some(exceptions) = &mut ip.not_within {
            *exceptions = exceptions.iter().flat_map(|exception| without(*exception, range)).collect();
        }
    }
    // A list without an exception is not written, and means the same.
    ip.not_within = ip.not_within.filter(|exceptions| !exceptions.is_empty());
    (ip != RequestIp::default()).then_some(Condition { request_ip: Some(ip) })
}

/// A range as clients' addresses are compared with it.
fn read(range: IpNet) -> IpNet {
    canonical(range).trunc()
}

/// Whether the ranges together hold all of this one: several can where none of them does alone.
fn hold(ranges: &[IpNet], range: IpNet) -> bool {
    let ranges: Vec<IpNet> = ranges.iter().copied().map(read).collect();
    IpNet::aggregate(&ranges).iter().any(|one| one.contains(&range))
}

/// What is left of an exception: itself where it has nothing of the hole, else the fewest ranges around it.
fn without(exception: IpNet, hole: IpNet) -> Vec<IpNet> {
    let whole = read(exception);
    if hole.contains(&whole) {
        return Vec::new();
    }
    if !whole.contains(&hole) {
        return vec![exception];
    }
    // From the hole up to the whole: at each step the other half stays.
    let (mut around, mut inner) = (Vec::new(), hole);
    while inner != whole {
        let Some(outer) = inner.supernet() else { break };
        around.extend(outer.subnets(inner.prefix_len()).into_iter().flatten().filter(|half| *half != inner));
        inner = outer;
    }
    around
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use flarekeep_policy::{IpCondition, IpSet, parse_range};
    use proptest::prelude::*;

    use super::*;

    fn engine(condition: Option<&Condition>) -> IpCondition {
        let ip = condition.and_then(|condition| condition.request_ip.clone()).unwrap_or_default();
        let set = |ranges: Vec<IpNet>| IpSet(ranges.into_iter().map(canonical).collect());
        IpCondition { within: ip.within.map(set), not_within: ip.not_within.map(set) }
    }

    /// A range of the 256 addresses around 203.0.113.0, some written as IPv6, some with bits behind their length.
    fn range() -> impl Strategy<Value = IpNet> {
        (any::<u8>(), 24_u8..=32, any::<bool>()).prop_map(|(last, length, mapped)| {
            let text = match mapped {
                true => format!("::ffff:203.0.113.{last}/{}", length + 96),
                false => format!("203.0.113.{last}/{length}"),
            };
            text.parse().unwrap()
        })
    }

    fn ranges() -> impl Strategy<Value = Option<Vec<IpNet>>> {
        prop::option::of(prop::collection::vec(range(), 0..5))
    }

    proptest! {
        /// Address by address: who was let in is let in, who asked is let in, and nobody else is.
        #[test]
        fn just_the_ranges_are_let_in(within in ranges(), not_within in ranges(), asked in prop::collection::vec(range(), 1..3)) {
            let before = Condition { request_ip: Some(RequestIp { within, not_within }) };
            let after = allowing(Some(&before), &asked);
            let (old, new) = (engine(Some(&before)), engine(after.as_ref()));
            for last in 0..=255 {
                let address = IpAddr::V4(Ipv4Addr::new(203, 0, 113, last));
                let asks = asked.iter().any(|range| canonical(*range).contains(&address));
                prop_assert_eq!(new.admits(Some(address)), old.admits(Some(address)) || asks, "{}", address);
            }
            let elsewhere: IpAddr = "198.51.100.1".parse().unwrap();
            prop_assert_eq!(new.admits(Some(elsewhere)), old.admits(Some(elsewhere)));
        }
    }

    #[test]
    fn a_hole_in_an_exception_leaves_the_fewest_ranges() {
        let net = |text: &str| parse_range(text).unwrap();
        let before = Condition::from_lists(Vec::new(), vec![net("203.0.113.0/30"), net("198.51.100.0/24")]);
        let after = allowing(before.as_ref(), &[net("203.0.113.2")]).unwrap().request_ip.unwrap();
        let expected = vec![net("203.0.113.3"), net("203.0.113.0/31"), net("198.51.100.0/24")];
        assert_eq!((after.within, after.not_within), (None, Some(expected)));
        // The last exception leaves with its list, and then nothing limits the token.
        let before = Condition::from_lists(Vec::new(), vec![net("203.0.113.2")]);
        assert_eq!(allowing(before.as_ref(), &[net("203.0.113.0/24")]), None);
        assert_eq!(allowing(None, &[net("203.0.113.2")]), None);
    }
}
