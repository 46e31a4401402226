//! The token around its policies, and the envelope around the token.

use std::fmt;

use flarekeep_catalogue::TokenId;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::TokenDocument;
use super::text::{object, opt_text, text};
use crate::condition::{IpCondition, IpSet, parse_range};
use crate::token::{Policy, Status, UnixSeconds};

/// A token, a list of policies, or an answer that holds either.
pub(crate) struct Document(pub(crate) TokenDocument);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Whole).map(Self)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Result,
    Id,
    Name,
    Status,
    NotBefore,
    ExpiresOn,
    Condition,
    Policies,
    #[serde(other)]
    Other,
}

struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = TokenDocument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a token as the API returns it, or a list of policies")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<TokenDocument, A::Error> {
        let mut policies = Vec::new();
        while let Some(policy) = list.next_element()? {
            policies.push(policy);
        }
        Ok(TokenDocument { policies, ..empty() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TokenDocument, A::Error> {
        let mut token = empty();
        let (mut policies, mut answer) = (None, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::Result => answer = map.next_value::<Option<Document>>()?,
                Field::Id => token.id = map.next_value::<Id>()?.0,
                Field::Name => token.name = map.next_value()?,
                Field::Status => token.status = map.next_value::<Word>()?.0,
                Field::NotBefore => token.not_before = map.next_value::<Time>()?.0,
                Field::ExpiresOn => token.expires_on = map.next_value::<Time>()?.0,
                Field::Condition => {
                    token.ip = map.next_value::<Option<Condition>>()?.map(Condition::ip).unwrap_or_default();
                }
                Field::Policies => policies = Some(map.next_value::<Vec<Policy>>()?),
                Field::Other => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        match (policies, answer) {
            (Some(policies), _) => Ok(TokenDocument { policies, ..token }),
            (None, Some(Document(answer))) => Ok(answer),
            (None, None) => Err(de::Error::missing_field("policies")),
        }
    }
}

fn empty() -> TokenDocument {
    TokenDocument {
        id: None,
        name: None,
        status: Status::Active,
        not_before: None,
        expires_on: None,
        ip: IpCondition::default(),
        policies: Vec::new(),
    }
}

/// A field that is one string, read by the function behind the colon.
macro_rules! field {
    ($name:ident($inner:ty): $from:ident => $read:expr) => {
        struct $name($inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>($from: D) -> Result<Self, D::Error> {
                $read.map(Self)
            }
        }
    };
}

field!(Id(Option<TokenId>): from => opt_text(from, "a token's id", str::parse));
field!(Word(Status): from => opt_text(from, "a status", |word| Ok::<_, &str>(Status::from_word(word)))
    .map(|status| status.unwrap_or(Status::Active)));
field!(Time(Option<UnixSeconds>): from => opt_text(from, "a time of RFC 3339", UnixSeconds::parse));

field!(Condition(ConditionFields): from => object(from, "a condition: {\"request_ip\": {\"in\", \"not_in\"}}"));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionFields {
    #[serde(default, alias = "request.ip")]
    request_ip: Option<RequestIp>,
}

field!(RequestIp(RequestIpFields): from => object(from, "address ranges: {\"in\": […], \"not_in\": […]}"));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestIpFields {
    #[serde(rename = "in", default)]
    within: Option<Vec<Range>>,
    #[serde(rename = "not_in", default)]
    not_within: Option<Vec<Range>>,
}

field!(Range(ipnet::IpNet): from => text(from, "an address range", parse_range));

impl Condition {
    fn ip(self) -> IpCondition {
        let set = |list: Option<Vec<Range>>| list.map(|list| IpSet(list.into_iter().map(|range| range.0).collect()));
        let Some(RequestIp(ip)) = self.0.request_ip else { return IpCondition::default() };
        IpCondition { within: set(ip.within), not_within: set(ip.not_within) }
    }
}
