//! Drafts for the tests of the forms.

use flarekeep_catalogue::{AccountId, Group, GroupId, Scope, UserId, ZoneId, groups, resolve};
use flarekeep_policy::{BucketKey, Effect, Grant, Owner, Policy, Resource, parse_range};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::TokenDraft;

pub(crate) const ACCOUNT: AccountId = AccountId::from_u128(0xa1);
pub(crate) const USER: Owner = Owner::User(UserId::from_u128(0x41));
const ZONES: [ZoneId; 2] = [ZoneId::from_u128(0x21), ZoneId::from_u128(0x22)];

/// A draft that grants these groups, each where it takes effect.
pub(crate) fn draft_of(owner: Owner, names: &[&str]) -> TokenDraft {
    let policies = names.iter().map(|name| {
        let group = resolve(name).unwrap().0;
        Policy {
            effect: Effect::Allow,
            resources: vec![places(group.scope)[0].clone()],
            groups: vec![Grant::Group(group)],
        }
    });
    TokenDraft { policies: policies.collect(), ..bare(owner) }
}

fn bare(owner: Owner) -> TokenDraft {
    let work = vec!["--recipe".to_owned(), "saas-platform".to_owned()];
    TokenDraft { account: Some(ACCOUNT), work, ..TokenDraft::of(owner) }
}

fn places(scope: Scope) -> Vec<Resource> {
    let bucket = || BucketKey { account: ACCOUNT, jurisdiction: "default".to_owned(), name: "assets".to_owned() };
    match scope {
        Scope::User => vec![Resource::User(UserId::from_u128(0x41))],
        Scope::Account => vec![Resource::Account(ACCOUNT), Resource::AllAccounts],
        Scope::Zone => {
            let [first, second] = ZONES.map(Resource::Zone);
            vec![first, second, Resource::AllZonesOf(ACCOUNT), Resource::AllZones, Resource::ZoneOf(ACCOUNT, ZONES[0])]
        }
        Scope::Bucket => vec![Resource::Bucket(bucket()), Resource::AllBucketsOf(ACCOUNT)],
        Scope::FlagshipApp | Scope::Unknown => vec![Resource::parse("com.example.thing").unwrap()],
    }
}

/// Texts that mean something to a shell, to Terraform, to YAML, to a URL or to a terminal.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let pieces = [
        "'",
        "\"",
        "\\",
        "`",
        "$",
        "$(id)",
        "${",
        "${a}",
        "%{",
        "%{if true}",
        "{",
        "}",
        "\n",
        "\r",
        "\t",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "\u{1b}[2J",
        "#",
        " #",
        ": ",
        "- ",
        "&",
        "?",
        "%41",
        "+",
        " ",
        "é",
        "a",
        "b-c",
        "--to",
        "//",
        "/*",
        "*/",
        "<<EOT",
        "EOT",
        "!",
        "~",
        ";",
        "|",
    ];
    prop::collection::vec(select(pieces.to_vec()), 1..8).prop_map(|pieces| pieces.concat())
}

fn policy() -> impl Strategy<Value = Policy> {
    let scopes = [Scope::Account, Scope::Zone, Scope::Zone, Scope::Account, Scope::User, Scope::Bucket, Scope::Unknown];
    select(scopes.to_vec()).prop_flat_map(|scope| {
        let of_scope: Vec<&'static Group> = groups().iter().filter(|group| group.scope == scope).collect();
        let places = places(scope);
        let most = places.len();
        let effect = prop_oneof![9 => Just(Effect::Allow), 1 => Just(Effect::Deny)];
        let unknown = prop::option::weighted(0.1, any::<u128>().prop_map(|id| Grant::Unknown(GroupId::from_u128(id))));
        (effect, subsequence(places, 1..=most), prop::collection::vec(select(of_scope), 1..6), unknown).prop_map(
            |(effect, resources, mut groups, unknown)| {
                groups.sort_by_key(|group| group.index);
                groups.dedup();
                let groups = groups.into_iter().map(Grant::Group).chain(unknown).collect();
                Policy { effect, resources, groups }
            },
        )
    })
}

/// Drafts of every kind, with names that mean harm.
pub(crate) fn drafts() -> impl Strategy<Value = TokenDraft> {
    let ranges = ["203.0.113.0/24", "198.51.100.7", "2001:db8::/32"].map(|range| parse_range(range).unwrap());
    let time = || prop::option::of(Just("2999-01-31T00:00:00Z".to_owned()));
    (
        prop::option::of(hostile()),
        prop::option::of(Just("saas-platform".to_owned())),
        select(vec![USER, Owner::Account(ACCOUNT)]),
        prop::collection::vec(policy(), 1..5),
        subsequence(ranges.to_vec(), 0..=3),
        (time(), time(), any::<bool>()),
    )
        .prop_map(|(name, purpose, owner, policies, allow_ips, (expires_on, not_before, as_documented))| {
            TokenDraft { name, purpose, policies, allow_ips, expires_on, not_before, as_documented, ..bare(owner) }
        })
}
