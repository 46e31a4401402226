//! What mends a refusal, in three forms.

use std::net::IpAddr;

use flarekeep_catalogue::{Group, TokenId};
use flarekeep_planner::{dashboard_choice, dashboard_page, policy_documents};
use flarekeep_policy::{BucketKey, Effect, Grant, Owner, Policy, Resource};
use serde::Serialize;
use serde_json::{Value, json};

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
    /// The API call: method, path and body, the credential left to the environment.
    pub call: Option<String>,
}

/// The token that is mended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mended<'a> {
    pub(crate) id: Option<TokenId>,
    pub(crate) owner: Owner,
    /// The work, as the arguments of this program name it: `--operation 'GET /zones/{zone_id}'`.
    pub(crate) work: Option<&'a str>,
}

/// Stands where nobody knows the token's id.
const SOME_ID: &str = "TOKEN_ID";

impl Mended<'_> {
    /// The three forms of a change.
    pub(crate) fn by(&self, change: &Change) -> Mend {
        let fix = self.work.map(|work| format!("flarekeep fix {work}"));
        let token = self.id.map(|id| format!(" --token {id}")).unwrap_or_default();
        let edit = |advice: String, option: String, steps: Vec<String>, filter: String| Mend {
            advice,
            command: Some(format!("flarekeep fix{token} {option}")),
            steps: self.edited(steps),
            call: Some(self.update(&filter)),
        };
        match change {
            Change::Grant { group, resource } => self.grant(group, resource, fix),
            Change::Undeny { group, resource } => edit(
                format!("take {} at {resource} out of the policy that denies it", group.name),
                [self.work.unwrap_or_default(), "--undeny"].join(" ").trim().to_owned(),
                vec![format!(
                    "the form shows no policy that denies: leave the other rows as they are, and take {} away by the call \
                     below",
                    group.name
                )],
                undeny(group),
            ),
            Change::AllowAddress(address) => edit(
                format!("add {address} to the addresses that may use the token, or call from one of them"),
                format!("--allow-ip {address}"),
                vec![format!("Client IP Address Filtering: Is in > add {address}")],
                format!(
                    ".condition.request_ip.in = ((.condition.request_ip.in // []) + [\"{}\"] | unique)",
                    range(*address)
                ),
            ),
            Change::MoveEnd => edit(
                "give the token a later end, or make a new one".to_owned(),
                "--expires 90d".to_owned(),
                vec!["TTL: End date > a later day, or none".to_owned()],
                "del(.expires_on) | .status = \"active\"".to_owned(),
            ),
            Change::MoveStart => edit(
                "wait for the token's beginning, or move it".to_owned(),
                "--not-before now".to_owned(),
                vec!["TTL: Start date > an earlier day, or none".to_owned()],
                "del(.not_before)".to_owned(),
            ),
            Change::Enable => Mend {
                advice: "switch the token on again".to_owned(),
                command: Some(format!("flarekeep fix{token} --enable")),
                steps: self.row("Enable"),
                call: Some(self.update(".status = \"active\"")),
            },
            Change::NewToken { of_user } => self.another(*of_user),
            Change::Endpoint(bucket) => Mend { advice: endpoint(bucket), command: None, steps: Vec::new(), call: None },
            Change::Otherwise(advice) => {
                Mend { advice: (*advice).to_owned(), command: None, steps: Vec::new(), call: None }
            }
        }
    }

    fn grant(&self, group: &'static Group, resource: &Resource, fix: Option<String>) -> Mend {
        let policy =
            Policy { effect: Effect::Allow, resources: vec![resource.clone()], groups: vec![Grant::Group(group)] };
        let documents: Vec<Value> = policy_documents(&policy)
            .into_iter()
            .map(|document| {
                let id = group.id.map_or_else(|| "GROUP_ID".to_owned(), |id| id.to_string());
                json!({"effect": "allow", "resources": document.resources, "permission_groups": [{"id": id}]})
            })
            .collect();
        let mut steps = Vec::new();
        match group.dashboard() {
            Some(row) => steps.push(format!("Permissions: Add more > {row}")),
            None => steps.push(format!("the form has no row for {}: take the call below", group.name)),
        }
        steps.extend(dashboard_choice(resource));
        let mut call = self.update(&format!(".policies += {}", Value::Array(documents)));
        if group.id.is_none() {
            call = format!(
                "# GROUP_ID: the id of {}, which nobody has published; {}/permission_groups lists it\n{call}",
                group.name,
                self.path()
            );
        }
        Mend {
            advice: format!("grant {} at {}", group.name, place(resource)),
            command: fix,
            steps: self.edited(steps),
            call: Some(call),
        }
    }

    fn another(&self, of_user: bool) -> Mend {
        let owner = if of_user || matches!(self.owner, Owner::User(_)) { "user" } else { "account" };
        let (link, menus) = self.page(of_user);
        let kind = if of_user { "a user's token" } else { "a new token" };
        Mend {
            advice: match (of_user, self.id) {
                (true, _) => "use a user's token".to_owned(),
                (false, Some(_)) => {
                    "make a new token, or roll this one, and put its value in place of the old".to_owned()
                }
                (false, None) => "give the value as it was shown, or make a new token".to_owned(),
            },
            command: self.work.map(|work| format!("flarekeep token create {work} --owner {owner}")),
            steps: vec![
                format!("{link} ({menus})"),
                format!("Create Token: {kind}, with the permissions that the work needs"),
            ],
            call: self
                .id
                .filter(|_| !of_user)
                .map(|id| format!("{}\\\n  -X PUT '{API}{}/{id}/value' -H @- --json '{{}}'", auth(), self.path())),
        }
    }

    /// The steps of an edit in the dashboard, about these.
    fn edited(&self, steps: Vec<String>) -> Vec<String> {
        let mut all = self.row("Edit");
        all.extend(steps);
        all.push("Continue to summary > Update token; its value stays".to_owned());
        all
    }

    fn row(&self, what: &str) -> Vec<String> {
        let (link, menus) = self.page(false);
        let id = self.id.map(|id| format!(" (id {id})")).unwrap_or_default();
        vec![format!("{link} ({menus})"), format!("the token's row{id} > … > {what}")]
    }

    fn page(&self, of_user: bool) -> (&'static str, &'static str) {
        let of = |user: bool| match user {
            true => Owner::User(flarekeep_catalogue::UserId::from_u128(0)),
            false => self.owner,
        };
        dashboard_page(of(of_user))
    }

    fn path(&self) -> String {
        match self.owner {
            Owner::User(_) => "/user/tokens".to_owned(),
            Owner::Account(account) => format!("/accounts/{account}/tokens"),
        }
    }

    /// The call that reads the token, changes it, and writes it back: an update replaces all of it.
    fn update(&self, filter: &str) -> String {
        let id = self.id.map_or_else(|| SOME_ID.to_owned(), |id| id.to_string());
        let url = format!("{API}{}/{id}", self.path());
        let filter = filter.replace('\'', r"'\''");
        format!(
            "{auth}'{url}' -s -H @- |\n  jq '.result | {{name, status, policies, condition, not_before, expires_on}} \
             | del(.policies[].id) | with_entries(select(.value != null)) | {filter}' > token.json\n\
             {auth}-X PUT '{url}' -H @- --json @token.json",
            auth = auth(),
        )
    }
}

const API: &str = "https://api.cloudflare.com/client/v4";

/// The credential goes through a pipe: an argument can be read by every user of the machine.
fn auth() -> String {
    "printf 'Authorization: Bearer %s' \"$CLOUDFLARE_API_TOKEN\" |\n  curl ".to_owned()
}

/// The filter that takes a group out of the policies that deny it, and away with those that deny nothing more.
fn undeny(group: &Group) -> String {
    let id = group.id.map_or_else(|| "GROUP_ID".to_owned(), |id| id.to_string());
    format!(
        ".policies |= (map(if .effect == \"deny\" then .permission_groups |= map(select(.id != \"{id}\")) else . end) \
         | map(select(.permission_groups != [])))"
    )
}

/// The range that holds an address alone, as the API takes it.
fn range(address: IpAddr) -> String {
    let address = address.to_canonical();
    format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 })
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
