//! What mends a refusal, in three forms.

use std::net::IpAddr;

use flarekeep_catalogue::{Group, TokenId};
use flarekeep_planner::{Choice, TokenEdit, dashboard_page, edit, roll_call};
use flarekeep_policy::{BucketKey, Effect, Grant, Owner, Policy, Resource, UnixSeconds};
use serde::Serialize;

use crate::diagnose::UNNAMED_USER;

/// The smallest change that mends a refusal.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Grant a group at a resource; the token's value stays.
    Grant {
        /// The group.
        group: &'static Group,
        /// Where.
        resource: Resource,
    },
    /// Take a group out of the policy that denies it.
    Undeny {
        /// The group.
        group: &'static Group,
        /// Where.
        resource: Resource,
    },
    /// Allow an address.
    AllowAddress(IpAddr),
    /// Give the token a later end, or none.
    MoveEnd,
    /// Give it an earlier beginning, or none.
    MoveStart,
    /// Switch it on.
    Enable,
    /// Another token: the value is dead, of the wrong kind, or never was one.
    NewToken {
        /// Whether an account must not own it.
        of_user: bool,
    },
    /// Nothing about the token: call the bucket at the endpoint of its jurisdiction.
    Endpoint(BucketKey),
    /// Nothing about the token: what the user does otherwise, in one line.
    Otherwise(&'static str),
}

/// A change in the three forms in which somebody can make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mend {
    /// What to do, in one line.
    pub advice: String,
    /// The command of this program that does it; none where there is none.
    pub command: Option<String>,
    /// The same by hand in the dashboard: a line a step.
    pub steps: Vec<String>,
    /// The API call as commands of a shell; a token that manages tokens is in `FLAREKEEP_ADMIN_TOKEN`.
    pub call: Option<String>,
}

/// The token that is mended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mended<'a> {
    pub(crate) id: Option<TokenId>,
    pub(crate) owner: Owner,
    /// The work, as the arguments of this program name it: `--operation 'GET /zones/{zone_id}'`.
    pub(crate) work: Option<&'a str>,
    pub(crate) now: Option<UnixSeconds>,
}

/// How much later a token ends that ended too early: by so many days, and no more than one.
const LONGER: i64 = 90;
const DAY: i64 = 86_400;

impl Mended<'_> {
    /// The three forms of a change.
    pub(crate) fn by(&self, change: &Change) -> Mend {
        let token = self.id.map(|id| format!(" --token {id}")).unwrap_or_default();
        let fix = |option: String| Some(format!("flarekeep fix{token} {option}"));
        let mut to_be = TokenEdit::of(self.owner, self.id);
        let (advice, command) = match change {
            Change::Grant { group, resource } => {
                let (resources, groups) = (vec![resource.clone()], vec![Grant::Group(group)]);
                to_be.draft.policies.push(Policy { effect: Effect::Allow, resources, groups });
                let command = self.work.map(|work| format!("flarekeep fix {work}"));
                (format!("grant {} at {}", group.name, place(resource)), command)
            }
            Change::Undeny { group, resource } => {
                to_be.lifts.push(Choice { group, resource: resource.clone() });
                let option = [self.work.unwrap_or_default(), "--undeny"].join(" ");
                let advice = format!("take {} at {resource} out of the policy that denies it", group.name);
                (advice, fix(option.trim().to_owned()))
            }
            Change::AllowAddress(address) => {
                let address = address.to_canonical();
                to_be.draft.allow_ips.push(address.into());
                let advice = format!("add {address} to the addresses that may use the token, or call from one of them");
                (advice, fix(format!("--allow-ip {address}")))
            }
            Change::MoveEnd => {
                let end = self.now.and_then(later);
                let day = end.as_deref().and_then(|end| end.split_once('T')).map(|(day, _)| day.to_owned());
                let option = format!("--expires {}", day.unwrap_or_else(|| format!("{LONGER}d")));
                to_be.draft.expires_on = end;
                ("give the token a later end, or make a new one".to_owned(), fix(option))
            }
            Change::MoveStart => {
                to_be.begun = true;
                ("wait for the token's beginning, or move it".to_owned(), fix("--not-before now".to_owned()))
            }
            Change::Enable => {
                to_be.enable = true;
                ("switch the token on again".to_owned(), fix("--enable".to_owned()))
            }
            Change::NewToken { of_user } => return self.another(*of_user),
            Change::Endpoint(bucket) => return otherwise(endpoint(bucket)),
            Change::Otherwise(advice) => return otherwise((*advice).to_owned()),
        };
        let forms = edit(&to_be);
        Mend { advice, command, steps: forms.steps, call: Some(forms.call) }
    }

    fn another(&self, of_user: bool) -> Mend {
        // Any user's, whoever it is.
        let owner = if of_user { Owner::User(UNNAMED_USER) } else { self.owner };
        let (link, menus) = dashboard_page(owner);
        let kind = if of_user { "a user's token" } else { "a new token" };
        let word = if matches!(owner, Owner::User(_)) { "user" } else { "account" };
        Mend {
            advice: match (of_user, self.id) {
                (true, _) => "use a user's token".to_owned(),
                (false, Some(_)) => {
                    "make a new token, or roll this one, and put its value in place of the old".to_owned()
                }
                (false, None) => "give the value as it was shown, or make a new token".to_owned(),
            },
            command: self.work.map(|work| format!("flarekeep token create {work} --owner {word}")),
            steps: vec![
                format!("Open {link} ({menus})"),
                format!("Create Token: {kind}, with the permissions that the work needs"),
            ],
            call: self.id.filter(|_| !of_user).map(|id| roll_call(self.owner, id)),
        }
    }
}

/// The day, in RFC 3339, on which a token ends that is needed for a while: the dashboard's form has whole days.
fn later(now: UnixSeconds) -> Option<String> {
    let days = now.0.checked_add(LONGER * DAY)?.div_euclid(DAY).checked_add(1)?;
    UnixSeconds(days.checked_mul(DAY)?).text()
}

/// What is no change of a token.
fn otherwise(advice: String) -> Mend {
    Mend { advice, command: None, steps: Vec::new(), call: None }
}

/// Where a bucket answers (docs: r2/reference/data-location).
fn endpoint(bucket: &BucketKey) -> String {
    let BucketKey { account, jurisdiction, name } = bucket;
    let label = if jurisdiction == "default" { String::new() } else { format!(".{jurisdiction}") };
    format!(
        "the token holds the bucket {name} of the jurisdiction {jurisdiction}, which answers at \
         https://{account}{label}.r2.cloudflarestorage.com alone: call it there"
    )
}

fn place(resource: &Resource) -> String {
    match resource {
        Resource::User(_) => "the user".to_owned(),
        resource => resource.to_string(),
    }
}
