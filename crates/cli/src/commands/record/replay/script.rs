//! What a recording holds that can be made again, and the world that it happens in.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{AccountId, Operation, Rule, ZoneId, operation};
use flarekeep_cloudflare::Method;
use flarekeep_emulator::World;
use flarekeep_planner::source::calls::locate_call;
use flarekeep_planner::source::recording::LOOK_UP;
use flarekeep_policy::{BucketKey, Resource};
use serde::Deserialize;

use super::objects::Signed;
use super::tried::Tried;
use crate::error::CommandError;

/// A line of a recording, as far as it is replayed.
#[derive(Deserialize)]
struct Line {
    method: String,
    url: String,
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    aside: Option<String>,
}

/// A call that is made again, without its body: the local Cloudflare decides before it looks at that.
pub(super) struct Repeated {
    pub(super) method: Method,
    /// Below `/client/v4`, with its query.
    pub(super) path: String,
    pub(super) operation: &'static Operation,
}

/// A call of either face.
enum Again {
    Call(Repeated),
    Signed(Signed),
}

/// What a recording holds.
#[derive(Default)]
pub(super) struct Script {
    pub(super) calls: Vec<Repeated>,
    /// Those of R2's S3 face.
    pub(super) signed: Vec<Signed>,
    pub(super) accounts: BTreeSet<AccountId>,
    pub(super) zones: BTreeSet<ZoneId>,
    /// By account, jurisdiction and name.
    pub(super) buckets: BTreeSet<BucketKey>,
    /// What is not made again, and how often.
    pub(super) left_out: BTreeMap<&'static str, usize>,
}

impl Script {
    pub(super) fn read(name: &str, text: &str) -> Result<Self, CommandError> {
        let mut script = Self::default();
        let mut seen = BTreeSet::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line: Line = serde_json::from_str(line).map_err(|_| {
                CommandError::usage(format!("{name}: line {} is no call of a recording", number + 1))
                    .hint("docs/recording.md describes recordings")
            })?;
            match script.repeated(&line) {
                Ok(Again::Call(call)) => {
                    let path = call.path.split('?').next().unwrap_or_default().to_owned();
                    // The two parts of GraphQL have one path.
                    if seen.insert((format!("{} {}", call.method, call.operation), path)) {
                        script.calls.push(call);
                    }
                }
                Ok(Again::Signed(call)) => {
                    if seen.insert((call.operation.to_string(), format!("{}{}", call.host, call.path))) {
                        script.signed.push(call);
                    }
                }
                Err(why) => *script.left_out.entry(why).or_default() += 1,
            }
        }
        Ok(script)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.signed.is_empty()
    }

    /// Where something is granted, something has to be, even if no call goes there.
    pub(super) fn house(&mut self, tried: &Tried) {
        for resource in tried.resources() {
            match resource {
                Resource::Zone(zone) => drop(self.zones.insert(*zone)),
                Resource::ZoneOf(account, zone) => {
                    self.zones.insert(*zone);
                    self.accounts.insert(*account);
                }
                Resource::Bucket(bucket) => drop(self.buckets.insert(bucket.clone())),
                Resource::Account(account) | Resource::AllZonesOf(account) | Resource::AllBucketsOf(account) => {
                    self.accounts.insert(*account);
                }
                Resource::User(_) | Resource::AllAccounts | Resource::AllZones | Resource::Other(_) => {}
            }
        }
        self.accounts.extend(self.buckets.iter().map(|bucket| bucket.account));
    }

    fn repeated(&mut self, line: &Line) -> Result<Again, &'static str> {
        if line.aside.as_deref() == Some(LOOK_UP) {
            return Err("wrangler's own, to say who it is");
        }
        let named = line.operation.as_deref().and_then(|text| operation(text).ok());
        let located = locate_call(named, &line.method, &line.url).ok_or("to others than the API")?;
        let operation = named.or(located.operations.first().copied()).ok_or("that no known operation answers")?;
        if operation.is_s3() || located.is_s3 {
            let call = Signed::read(&line.method, &line.url, operation)?;
            self.accounts.extend(call.account);
            self.buckets.extend(call.bucket());
            return Ok(Again::Signed(call));
        }
        if matches!(operation.rule, Rule::Unlabelled | Rule::AnyToken) {
            return Err("of which no permission is known");
        }
        self.accounts.extend(located.account);
        self.zones.extend(located.zone);
        let path = line.url.split_once("/client/v4").map_or(line.url.as_str(), |(_, path)| path).to_owned();
        let method = Method::from_bytes(line.method.as_bytes()).map_err(|_| "of no known method")?;
        Ok(Again::Call(Repeated { method, path, operation }))
    }

    /// The accounts and zones of the calls. Who owns which zone no call says: the first account has them all.
    pub(super) fn world(&self) -> Result<World, CommandError> {
        let id = |id: &dyn std::fmt::Display| format!("id = \"{id}\"\n");
        let mut text = String::from("[[user]]\nemail = \"admin@example.com\"\n");
        for (number, account) in self.accounts.iter().enumerate() {
            text += &format!("[[account]]\nname = \"Account {number}\"\n{}", id(account));
        }
        if self.accounts.is_empty() {
            text += "[[account]]\nname = \"Account 0\"\n";
        }
        for (number, zone) in self.zones.iter().enumerate() {
            text += &format!("[[zone]]\nname = \"zone-{number}.example\"\naccount = \"Account 0\"\n{}", id(zone));
        }
        for bucket in &self.buckets {
            let owner = self.accounts.iter().position(|account| *account == bucket.account).unwrap_or_default();
            let (name, jurisdiction) = (&bucket.name, &bucket.jurisdiction);
            text += &format!(
                "[[bucket]]\nname = {name:?}\naccount = \"Account {owner}\"\njurisdiction = {jurisdiction:?}\n"
            );
        }
        World::from_toml(&text)
            .map_err(|error| CommandError::usage(format!("no world can be made of the recording: {error}")))
    }
}
