//! The condition of a token on the client's address.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, de};

/// From which addresses a token may be used.
///
/// Cloudflare spells the key `request.ip` in its guides and `request_ip` in its schema. Both are read, the schema's is
/// written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Condition {
    /// The ranges; `None` for no condition.
    #[serde(default, alias = "request.ip", skip_serializing_if = "Option::is_none")]
    pub request_ip: Option<RequestIp>,
}

/// The address ranges of a condition. A list that is absent and one that is empty are not the same: an empty `within`
/// lets nobody in (cloudflare/terraform-provider-cloudflare#897).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestIp {
    /// Only these.
    #[serde(rename = "in", default, deserialize_with = "ranges", skip_serializing_if = "is_absent_or_empty")]
    pub within: Option<Vec<IpNet>>,
    /// None of these.
    #[serde(rename = "not_in", default, deserialize_with = "ranges", skip_serializing_if = "is_absent_or_empty")]
    pub not_within: Option<Vec<IpNet>>,
}

impl Condition {
    /// The condition with these ranges; `None` when both lists are empty, which means no condition at all.
    #[must_use]
    pub fn from_lists(within: Vec<IpNet>, not_within: Vec<IpNet>) -> Option<Self> {
        let some = |list: Vec<IpNet>| (!list.is_empty()).then_some(list);
        let ip = RequestIp { within: some(within), not_within: some(not_within) };
        (ip != RequestIp::default()).then_some(Self { request_ip: Some(ip) })
    }

    /// Whether it has a list of allowed ranges with nothing in it, so that the token works from nowhere.
    #[must_use]
    pub fn locks_everybody_out(&self) -> bool {
        self.request_ip.as_ref().is_some_and(|ip| ip.within.as_ref().is_some_and(Vec::is_empty))
    }
}

/// Whether there is nothing to be written: no condition, or one that says nothing, as the `{}` of an unrestricted token.
// The signature is serde's.
#[allow(clippy::ref_option)]
pub(crate) fn is_void(condition: &Option<Condition>) -> bool {
    let says_nothing = |ip: &RequestIp| is_absent_or_empty(&ip.within) && is_absent_or_empty(&ip.not_within);
    condition.as_ref().and_then(|condition| condition.request_ip.as_ref()).is_none_or(says_nothing)
}

// The signature is serde's.
#[allow(clippy::ref_option)]
fn is_absent_or_empty(list: &Option<Vec<IpNet>>) -> bool {
    list.as_ref().is_none_or(Vec::is_empty)
}

/// Ranges, among which a single address stands for itself.
fn ranges<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<IpNet>>, D::Error> {
    let Some(texts) = Option::<Vec<String>>::deserialize(from)? else { return Ok(None) };
    let range = |text: &String| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let ranges: Result<_, _> = texts.iter().map(range).collect();
    ranges.map(Some).map_err(|_| de::Error::custom("a text that is no address range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Condition {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn both_spellings_are_read_and_one_is_written() {
        let guide = read(r#"{"request.ip":{"in":["192.0.2.0/24","2001:db8::1"],"not_in":["192.0.2.7/32"]}}"#);
        let schema = read(r#"{"request_ip":{"in":["192.0.2.0/24","2001:db8::1/128"],"not_in":["192.0.2.7/32"]}}"#);
        assert_eq!(guide, schema);
        assert_eq!(
            serde_json::to_string(&guide).unwrap(),
            r#"{"request_ip":{"in":["192.0.2.0/24","2001:db8::1/128"],"not_in":["192.0.2.7/32"]}}"#
        );
    }

    #[test]
    fn an_empty_list_is_seen_and_never_written() {
        let locked = read(r#"{"request_ip":{"in":[],"not_in":[]}}"#);
        assert!(locked.locks_everybody_out());
        assert_eq!(serde_json::to_string(&locked).unwrap(), r#"{"request_ip":{}}"#);
        assert!(!read(r#"{"request_ip":{"not_in":["192.0.2.7/32"]}}"#).locks_everybody_out());
        for open in ["{}", r#"{"request_ip":null}"#, r#"{"request_ip":{"in":null}}"#] {
            assert!(!read(open).locks_everybody_out() && is_void(&Some(read(open))));
        }
    }

    #[test]
    fn a_condition_of_nothing_is_none() {
        assert_eq!(Condition::from_lists(Vec::new(), Vec::new()), None);
        let one = Condition::from_lists(vec!["192.0.2.0/24".parse().unwrap()], Vec::new()).unwrap();
        assert_eq!(serde_json::to_string(&one).unwrap(), r#"{"request_ip":{"in":["192.0.2.0/24"]}}"#);
    }

    #[test]
    fn a_range_that_is_none_is_an_error() {
        assert!(serde_json::from_str::<Condition>(r#"{"request_ip":{"in":["everywhere"]}}"#).is_err());
    }
}
