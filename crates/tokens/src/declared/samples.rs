//! Generated tokens for the tests: every kind of resource, groups of every scope and of none, both effects, addresses and
//! dates; and the same token as the API might write it another time.

use std::collections::BTreeMap;

use flarekeep_catalogue::{AccountId, GroupId, TokenId, UserId, ZoneId, resolve};
use flarekeep_cloudflare::{self as api, Token};
use flarekeep_policy::{BucketKey, Effect, Grant, Policy, Resource, document};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::document::End;
use super::wanted::Wanted;
use crate::translate::{GroupIds, policy_to_wire};

pub(super) const ACCOUNT: AccountId = AccountId::from_u128(0xa1);
const OTHER: AccountId = AccountId::from_u128(0xa2);

/// 2026-12-01, at which the tests take place.
pub(super) fn now() -> Timestamp {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

fn known_groups() -> Vec<Grant> {
    let names = [
        "DNS Write",
        "DNS Read",
        "Zone Read",
        "Zone Settings Write",
        "Workers Scripts Write",
        "Account Settings Read",
        "Workers R2 Storage Bucket Item Read",
        "Workers R2 Storage Bucket Item Write",
        "API Tokens Write",
        "Memberships Read",
    ];
    names.map(|name| Grant::Group(resolve(name).unwrap().0)).to_vec()
}

fn bucket(account: AccountId, jurisdiction: &str, name: &str) -> Resource {
    Resource::Bucket(BucketKey { account, jurisdiction: jurisdiction.to_owned(), name: name.to_owned() })
}

fn known_resources() -> Vec<Resource> {
    let zone = ZoneId::from_u128;
    vec![
        Resource::User(UserId::from_u128(0x41)),
        Resource::Account(ACCOUNT),
        Resource::Account(OTHER),
        Resource::AllAccounts,
        Resource::Zone(zone(1)),
        Resource::Zone(zone(2)),
        Resource::ZoneOf(ACCOUNT, zone(1)),
        Resource::AllZonesOf(ACCOUNT),
        Resource::AllZonesOf(OTHER),
        Resource::AllZones,
        bucket(ACCOUNT, "default", "media"),
        bucket(ACCOUNT, "eu", "media"),
        bucket(OTHER, "default", "media"),
        bucket(ACCOUNT, "default", "Not_a bucket"),
        Resource::AllBucketsOf(ACCOUNT),
        Resource::AllBucketsOf(OTHER),
    ]
}

fn odd_resources() -> Vec<Resource> {
    let account = format!("com.cloudflare.api.account.{ACCOUNT}");
    vec![
        Resource::read_nested(&account, "com.cloudflare.api.account.worker.script.*", "*").unwrap(),
        Resource::read("com.cloudflare.edge.worker.script.\"x\\y\"", "*").unwrap(),
        Resource::read(&account, "read").unwrap(),
    ]
}

fn policies(groups: Vec<Grant>, resources: Vec<Resource>) -> impl Strategy<Value = Vec<Policy>> {
    let groups = prop::sample::subsequence(groups, 1..=3);
    let resources = prop::sample::subsequence(resources, 1..=3);
    let effect = prop::bool::weighted(0.2).prop_map(|denies| if denies { Effect::Deny } else { Effect::Allow });
    let one = (effect, resources, groups).prop_map(|(effect, resources, groups)| Policy { effect, resources, groups });
    prop::collection::vec(one, 1..5)
}

fn condition() -> impl Strategy<Value = Value> {
    let texts = vec![
        "203.0.113.0/24",
        "203.0.113.7",
        "203.0.113.7/24",
        "203.0.113.128/25",
        "2001:db8::/32",
        "2001:db8::1",
        "0.0.0.0/1",
    ];
    let list = |least| prop::sample::subsequence(texts.clone(), least..=3);
    let lists = (prop::option::of(list(1)), prop::option::of(list(0)));
    lists.prop_map(|(within, not_within)| {
        let mut ip = serde_json::Map::new();
        within.map(|list| ip.insert("in".to_owned(), json!(list)));
        not_within.map(|list| ip.insert("not_in".to_owned(), json!(list)));
        json!({ "request_ip": ip })
    })
}

/// Seconds from now.
fn time(from: i64, to: i64) -> impl Strategy<Value = Option<Timestamp>> {
    prop::option::of((from..to).prop_map(|seconds| now().checked_add(SignedDuration::from_secs(seconds)).unwrap()))
}

fn named() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["ci", "shop-dns-prod", "Old token (2019)", "quote \" and \\ here", "ünïcode", "---"])
        .prop_map(str::to_owned)
}

fn token(policies: impl Strategy<Value = Vec<Policy>>) -> impl Strategy<Value = Token> {
    let terms = (condition(), time(-100_000, 100_000), time(200_000, 90_000_000), any::<bool>());
    (named(), 1..u128::MAX, policies, terms).prop_map(|(name, id, policies, (condition, begin, end, active))| {
        let wire: Vec<api::Policy> =
            policies.iter().flat_map(|policy| policy_to_wire(policy, &GroupIds::default()).unwrap()).collect();
        serde_json::from_value(json!({
            "id": TokenId::from_u128(id).to_string(),
            "name": name,
            "status": if active { "active" } else { "disabled" },
            "issued_on": "2026-11-01T00:00:00Z",
            "not_before": begin.map(|time| time.to_string()),
            "expires_on": end.map(|time| time.to_string()),
            "condition": condition,
            "policies": wire,
        }))
        .unwrap()
    })
}

/// A token of groups and resources of every kind.
pub(super) fn any_token() -> impl Strategy<Value = Token> {
    let mut groups = known_groups();
    // One that the catalogue does not have, and one that it has by name alone.
    groups.push(Grant::Unknown(GroupId::from_u128(0xdead)));
    let named = flarekeep_catalogue::groups().iter().find(|group| group.id.is_none()).unwrap();
    groups.push(document::grant(Some(GroupId::from_u128(0xbeef)), Some(named.name)).unwrap());
    token(policies(groups, [known_resources(), odd_resources()].concat()))
}

/// A token of which everything is known.
pub(super) fn known_token() -> impl Strategy<Value = Token> {
    token(policies(known_groups(), known_resources()))
}

/// What the file would say of a token.
pub(super) fn wanted(token: &Token, owner: api::Owner) -> Wanted {
    let ip = token.condition.clone().and_then(|condition| condition.request_ip).unwrap_or_default();
    Wanted {
        key: "it".to_owned(),
        name: token.name.clone(),
        id: None,
        owner,
        policies: token.policies.clone(),
        allow_ips: ip.within.unwrap_or_default(),
        deny_ips: ip.not_within.unwrap_or_default(),
        not_before: token.not_before,
        end: token.expires_on.map_or(End::Never, End::At),
        enabled: token.status == api::Status::Active,
        sinks: Vec::new(),
        rotate_every: None,
    }
}

/// The token as the API might write it another time: the choices are taken from `seed`.
pub(super) fn respelled(token: &Token, seed: u64) -> Token {
    let mut dice = Dice(seed | 1);
    let mut policies: Vec<api::Policy> = Vec::new();
    for policy in &token.policies {
        match dice.roll(3) {
            0 => policies.extend(
                policy
                    .permission_groups
                    .iter()
                    .map(|group| api::Policy { permission_groups: vec![group.clone()], ..policy.clone() }),
            ),
            1 => policies.extend(policy.resources.iter().map(|(key, value)| api::Policy {
                resources: BTreeMap::from([(key.clone(), value.clone())]),
                ..policy.clone()
            })),
            _ => policies.extend([policy.clone(), policy.clone()]),
        }
    }
    dice.shuffle(&mut policies);
    for (number, policy) in policies.iter_mut().enumerate() {
        policy.id = Some(format!("{number:032x}"));
        dice.shuffle(&mut policy.permission_groups);
        for group in &mut policy.permission_groups {
            if dice.roll(2) == 0 {
                group.name = None;
            }
        }
    }
    let mut condition = serde_json::to_value(&token.condition).unwrap();
    if let Some(fields) = condition.as_object_mut()
        && let Some(mut ip) = fields.remove("request_ip")
    {
        for list in ip.as_object_mut().unwrap().values_mut() {
            let list = list.as_array_mut().unwrap();
            dice.shuffle(list);
            for range in list.iter_mut() {
                let text = range.as_str().unwrap();
                let single = text.strip_suffix("/32").filter(|_| text.contains('.')).or(text.strip_suffix("/128"));
                match (single, text.split_once('/')) {
                    (Some(single), _) => *range = json!(single),
                    // Bits beyond the length mean nothing.
                    (None, Some(("203.0.113.0", length))) => *range = json!(format!("203.0.113.9/{length}")),
                    _ => {}
                }
            }
        }
        fields.insert(if dice.roll(2) == 0 { "request.ip" } else { "request_ip" }.to_owned(), ip);
    }
    let milliseconds = |time: Timestamp| time.checked_add(SignedDuration::from_millis(357)).unwrap();
    Token {
        policies,
        condition: serde_json::from_value(condition).unwrap(),
        not_before: token.not_before.map(milliseconds),
        expires_on: token.expires_on.map(milliseconds),
        modified_on: Some(now()),
        ..token.clone()
    }
}

/// A small generator of numbers (xorshift), so that one seed makes one spelling.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            let other = self.roll(at + 1);
            list.swap(at, other);
        }
    }
}
