//! One token of a list.

use std::borrow::Cow;

use flarekeep_catalogue::{AccountId, GroupId, UserId};
use flarekeep_policy::{IpCondition, Policy, Resource, Status, document};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::fmt::temporal::Pieces;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::place_less;
use crate::text::shown;
use crate::token::{OwnedBy, TokenRecord};
use crate::world::Place;

/// A token as the API writes it, and what files say beside it. Policies and condition are read by the policy engine's
/// own reader.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(default, borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(default)]
    issued_on: Option<Time>,
    #[serde(default)]
    modified_on: Option<Time>,
    #[serde(default)]
    last_used_on: Option<Time>,
    #[serde(default)]
    not_before: Option<Time>,
    #[serde(default)]
    expires_on: Option<Time>,
    #[serde(default, borrow)]
    policies: Option<&'a RawValue>,
    #[serde(default, borrow)]
    condition: Option<&'a RawValue>,
    /// `user` or `account`, as `flarekeep token list --json` says.
    #[serde(default, borrow)]
    owner: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    account_id: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    user_id: Option<Cow<'a, str>>,
    /// Only accounts' tokens have it (SDK 7.3).
    #[serde(default)]
    creator_email_at_creation: Option<serde::de::IgnoredAny>,
}

/// A time; the empty string is none, as Terraform writes it. One behind the last that can be reckoned with is that last:
/// people write the end of the year 9999 for "never".
#[derive(Deserialize)]
#[serde(try_from = "Cow<'_, str>")]
struct Time(Option<Timestamp>);

impl TryFrom<Cow<'_, str>> for Time {
    type Error = &'static str;

    fn try_from(text: Cow<'_, str>) -> Result<Self, Self::Error> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let time = text.parse().ok().or_else(|| is_last(&text).then_some(Timestamp::MAX));
        time.map(|time| Self(Some(time))).ok_or("a time is written as in `2026-11-22T00:00:00Z`")
    }
}

/// Whether it is a time of the last days of the year 9999, which are behind jiff's last instant.
fn is_last(text: &str) -> bool {
    const LAST_DAYS: Date = date(9999, 12, 30);
    let pieces = Pieces::parse(text).ok();
    pieces.is_some_and(|pieces| pieces.date() >= LAST_DAYS && pieces.time().is_some() && pieces.offset().is_some())
}

/// A token as far as it can be read.
pub(super) struct Read {
    pub(super) record: TokenRecord,
    /// Why what it grants is not known.
    pub(super) lack: Option<Lack>,
}

/// Why it is not known what a token grants.
pub(super) enum Lack {
    /// Nothing is said of it.
    Silent,
    /// It is said to grant nothing.
    Empty,
    /// What is said cannot be read.
    Odd(String),
}

impl Lack {
    pub(super) fn words(&self) -> String {
        match self {
            Self::Silent => "the file does not say; Cloudflare's own list does".to_owned(),
            // One without groups was rather cut.
            Self::Empty => "its policies name no permission group, as those of no token that is of use".to_owned(),
            Self::Odd(why) => why.clone(),
        }
    }
}

/// Reads an entry of a list: a token whose grants cannot be read is kept without them.
///
/// # Errors
/// Why it is no token, as a clause.
pub(super) fn read(text: &str, place: Place) -> Result<Read, String> {
    let entry: Entry<'_> = serde_json::from_str(text).map_err(|error| place_less(&error))?;
    let (policies, ip, lack) = match entry.grants() {
        // A token is made of policies (the schema requires them): its condition is true all the same.
        Ok((policies, ip)) if policies.iter().all(|policy| policy.groups.is_empty()) => (None, ip, Some(Lack::Empty)),
        Ok((policies, ip)) => (Some(policies), ip, None),
        Err(lack) => (None, IpCondition::default(), Some(lack)),
    };
    Ok(Read { record: entry.record(policies, ip, place)?, lack })
}

impl Entry<'_> {
    /// What it grants, and from where. Times are read here: the engine takes none beyond the year 9999.
    fn grants(&self) -> Result<(Vec<Policy>, IpCondition), Lack> {
        let policies = self.policies.filter(|policies| policies.get() != "null").ok_or(Lack::Silent)?;
        let condition = self.condition.map_or("null", RawValue::get);
        let text = format!("{{\"policies\":{},\"condition\":{condition}}}", policies.get());
        let read = document::read(&text).map_err(|error| Lack::Odd(error.message))?;
        Ok((read.policies, read.ip))
    }

    /// # Errors
    /// Why it is no token, as a clause.
    fn record(&self, policies: Option<Vec<Policy>>, ip: IpCondition, place: Place) -> Result<TokenRecord, String> {
        let id = self.id.as_deref().ok_or("a token needs an `id`")?;
        let id = id.parse().map_err(|_| "the `id` is no token's id: 32 hexadecimal digits")?;
        let status_word = self.status.as_deref().unwrap_or("active").to_owned();
        let resources = policies.iter().flatten().flat_map(|policy| &policy.resources);
        let owner = self.owner(resources)?;
        let time = |time: &Option<Time>| time.as_ref().and_then(|time| time.0);
        Ok(TokenRecord {
            id,
            name: self.name.as_deref().unwrap_or_default().to_owned(),
            status: Status::from_word(&status_word),
            status_word,
            owner,
            issued_on: time(&self.issued_on),
            modified_on: time(&self.modified_on),
            last_used_on: time(&self.last_used_on),
            last_use_known: true,
            not_before: time(&self.not_before),
            expires_on: time(&self.expires_on),
            ip,
            policies,
            deprecated: self.policies.map(|policies| deprecated(policies.get())).unwrap_or_default(),
            place,
        })
    }

    /// Who owns it: what is said, else what follows from it. Only a user's token holds anything at a user.
    fn owner<'p>(&self, resources: impl Iterator<Item = &'p Resource> + Clone) -> Result<OwnedBy, String> {
        let account = self.account_id.as_deref().map(str::parse::<AccountId>).transpose();
        let account = account.map_err(|_| "the `account_id` is no account's id")?;
        let user = self.user_id.as_deref().map(str::parse::<UserId>).transpose();
        let user = user.map_err(|_| "the `user_id` is no user's id")?;
        let mut accounts = resources.clone().filter_map(account_of);
        let first = accounts.next();
        let only = first.filter(|first| accounts.all(|other| other == *first));
        let is_of_account = self.owner.as_deref() == Some("account") || self.creator_email_at_creation.is_some();
        Ok(match (self.owner.as_deref(), account, user) {
            (Some("user"), ..) => OwnedBy::User(user),
            (_, Some(account), _) => OwnedBy::Account(account),
            (_, None, _) if is_of_account => only.map_or(OwnedBy::Unknown, OwnedBy::Account),
            (_, None, Some(user)) => OwnedBy::User(Some(user)),
            _ => match resources.into_iter().find_map(user_of) {
                Some(user) => OwnedBy::User(Some(user)),
                None => OwnedBy::Unknown,
            },
        })
    }
}

fn account_of(resource: &Resource) -> Option<AccountId> {
    match resource {
        Resource::Account(account)
        | Resource::AllZonesOf(account)
        | Resource::ZoneOf(account, _)
        | Resource::AllBucketsOf(account) => Some(*account),
        Resource::Bucket(bucket) => Some(bucket.account),
        _ => None,
    }
}

fn user_of(resource: &Resource) -> Option<UserId> {
    match resource {
        Resource::User(user) => Some(*user),
        _ => None,
    }
}

/// The groups that the answer itself marks as deprecated (SDK 7.3: `meta.deprecated`, `meta.eol_at`). What is written in
/// another way says nothing.
fn deprecated(policies: &str) -> Vec<(GroupId, Option<String>)> {
    #[derive(Deserialize)]
    struct Grants {
        #[serde(default)]
        permission_groups: Vec<Reference>,
    }
    #[derive(Deserialize)]
    struct Reference {
        #[serde(default)]
        id: Value,
        #[serde(default)]
        meta: Value,
    }
    let policies: Vec<Grants> = serde_json::from_str(policies).unwrap_or_default();
    let references = policies.into_iter().flat_map(|policy| policy.permission_groups);
    let mut found: Vec<(GroupId, Option<String>)> = references
        .filter_map(|reference| {
            let id = reference.id.as_str()?.parse().ok()?;
            let text = |name: &str| reference.meta.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            let marked = reference.meta.get("deprecated").and_then(Value::as_bool) == Some(true)
                || text("deprecated").is_some_and(|word| !word.eq_ignore_ascii_case("false"));
            let end = text("eol_at").map(|end| shown(end).chars().take(40).collect());
            (marked || end.is_some()).then_some((id, end))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}
