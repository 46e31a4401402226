//! `flarekeep record replay`: the calls of a recording on a local Cloudflare, under a plan or a token, and under that less any one grant.

mod objects;
mod tried;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use flarekeep_catalogue::{AccountId, Operation, Rule, ZoneId, operation};
use flarekeep_cloudflare::{Bytes, Client, CreatedToken, Credential, Method, NewToken, Owner};
use flarekeep_emulator::{Emulator, Facts, Options, Server, World};
use flarekeep_planner::Plan;
use flarekeep_planner::source::calls::{Failed, locate};
use flarekeep_planner::source::recording::LOOK_UP;
use flarekeep_planner::source::{Zones, recording};
use flarekeep_policy::{BucketKey, Policy, Resource};
use flarekeep_tokens::{GroupIds, policy_to_wire};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::{self, Place, Replay};
use crate::commands::token::create::name_the_user;
use crate::context::{Context, block_on};
use crate::error::{CommandError, Kind};
use crate::output::table::table;
use crate::output::{BAD, GOOD, STRONG, counted, plain, styled};
use crate::sources::{Source, file};
use crate::work::Work;
use crate::{CommandResult, Verdict, place};

use self::objects::{Objects, Signed};
use self::tried::Tried;

/// The codes by which calls are refused for want of a permission (docs/emulator.md).
const REFUSALS: [u32; 4] = [7403, 9109, 10000, 199_002];

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
struct Repeated {
    method: Method,
    /// Below `/client/v4`, with its query.
    path: String,
    operation: &'static Operation,
}

/// A call of either face.
enum Again {
    Call(Repeated),
    Signed(Signed),
}

/// What a recording holds.
#[derive(Default)]
struct Script {
    calls: Vec<Repeated>,
    /// Those of R2's S3 face.
    signed: Vec<Signed>,
    accounts: BTreeSet<AccountId>,
    zones: BTreeSet<ZoneId>,
    /// By account, jurisdiction and name.
    buckets: BTreeSet<BucketKey>,
    /// What is not made again, and how often.
    left_out: BTreeMap<&'static str, usize>,
}

pub(super) fn run(context: &Context, arguments: &Replay) -> CommandResult {
    let text = file::text(&arguments.file)?;
    let mut script = Script::read(&text)?;
    if script.is_empty() {
        return Err(CommandError::usage(format!(
            "`{}` holds no call that can be made again",
            file::name(&arguments.file)
        ))
        .because("of none of its calls a permission is known")
        .hint("flarekeep plan --recording FILE says what its calls need"));
    }
    let tried = match &arguments.token {
        Some(token) => Tried::token(context, token)?,
        None => Tried::plan(&script.plan(context, arguments, &text)?),
    };
    script.house(&tried);
    let found = block_on(replayed(&script, &tried))?;
    Ok(found.tell(context, &arguments.file, &script, &tried))
}

fn planned(context: &Context, plan: &Path) -> Result<Work, CommandError> {
    Work::read_in(context, &arguments::Work { plan: Some(plan.to_owned()), ..arguments::Work::default() })
}

/// The recording as a source: its text is read once, since it may be standard input.
fn recorded(file: &Path, text: &str) -> Result<Source, CommandError> {
    let name = file::name(file);
    let reading = recording::read(&name, text.as_bytes(), Failed::Include)?;
    Ok(Source { name, reading })
}

impl Script {
    fn read(text: &str) -> Result<Self, CommandError> {
        let mut script = Self::default();
        let mut seen = BTreeSet::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line: Line = serde_json::from_str(line).map_err(|_| {
                CommandError::usage(format!("line {} is no call of a recording", number + 1))
                    .hint("docs/recording.md describes recordings")
            })?;
            match script.repeated(&line) {
                Ok(Again::Call(call)) => {
                    let path = call.path.split('?').next().unwrap_or_default().to_owned();
                    if seen.insert((call.method.to_string(), path)) {
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

    fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.signed.is_empty()
    }

    /// The plan that is tried: that of the arguments, else the recording's own.
    fn plan(&mut self, context: &Context, arguments: &Replay, text: &str) -> Result<Plan, CommandError> {
        let account = place::given_account(context).and_then(|text| text.parse().ok());
        let account = account.or(self.accounts.first().copied());
        let place = Place { account: account.map(|id: AccountId| id.to_string()), ..context.place.clone() };
        let context = &context.placed(place, None);
        let mut work = match &arguments.plan {
            Some(plan) => planned(context, plan)?,
            None => Work::of_source(recorded(&arguments.file, text)?, Zones::default()),
        };
        let target = place::offline(context).unwrap_or_default();
        let target = work.imagine_places(context, target);
        let plan = work.plan(&target, arguments::Owner::User)?;
        self.accounts.extend(plan.needs.iter().filter_map(|need| need.resource.account));
        Ok(plan)
    }

    /// Where something is granted, something has to be, even if no call goes there.
    fn house(&mut self, tried: &Tried) {
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
        let located = locate(Some(&line.method), &line.url).ok_or("to others than the API")?;
        let named = line.operation.as_deref().and_then(|text| operation(text).ok());
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
    fn world(&self) -> Result<World, CommandError> {
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

/// What was refused.
struct Found {
    /// Under what is tried.
    refused: Vec<String>,
    /// Under that less a grant: the grant, and what was refused.
    without: Vec<(String, Vec<String>)>,
}

async fn replayed(script: &Script, tried: &Tried) -> Result<Found, CommandError> {
    let failed = |error: std::io::Error| {
        CommandError::new(Kind::Unreachable, format!("cannot start the local Cloudflare: {error}"))
    };
    let emulator = Emulator::new(script.world()?, Options { rate_limit: None, ..Options::default() });
    let facts = emulator.facts();
    let mut running = Server::start(emulator.clone(), ([127, 0, 0, 1], 0).into()).await.map_err(failed)?;
    running.serve_s3(&emulator, ([127, 0, 0, 1], 0).into()).await.map_err(failed)?;
    let objects = Objects::at(running.s3_endpoint().unwrap_or_default())?;
    let stage = Stage { api: running.api_url(), facts, objects };
    let refused = stage.refused(script, &tried.policies).await?;
    let mut without = Vec::new();
    for (name, policies) in tried.without_each() {
        without.push((name, stage.refused(script, &policies).await?));
    }
    running.shutdown().await;
    Ok(Found { refused, without })
}

/// A local Cloudflare with the accounts and zones of a recording.
struct Stage {
    api: String,
    facts: Facts,
    objects: Objects,
}

impl Stage {
    /// The calls that are refused to a token with these policies.
    async fn refused(&self, script: &Script, policies: &[Policy]) -> Result<Vec<String>, CommandError> {
        let manager = self.client(Credential::global_key(&self.facts.email, &self.facts.global_key)?)?;
        let mut policies = policies.to_vec();
        if policies.is_empty() {
            let signed = script.signed.iter().map(|call| call.operation);
            return Ok(script.calls.iter().map(|call| call.operation).chain(signed).map(ToString::to_string).collect());
        }
        name_the_user(&manager, &mut policies).await?;
        let ids = GroupIds::for_policies(&manager, Owner::User, &policies).await?;
        let wire = policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect::<Result<Vec<_>, _>>()?.concat();
        let new = NewToken { name: "replay".to_owned(), policies: wire, ..NewToken::default() };
        let CreatedToken { token, value } = manager.tokens(Owner::User).create(&new).await?;
        let client = self.client(Credential::token(value.expose_secret())?)?;
        let mut refused = Vec::new();
        for call in &script.calls {
            let answer = client.raw(call.method.clone(), &call.path, body(call.operation)).await?;
            let is_refused = matches!(answer.status, 401 | 403) || answer.status == 200 && answer.success != Some(true);
            let by_code =
                answer.errors.iter().any(|error| u32::try_from(error.code).is_ok_and(|code| REFUSALS.contains(&code)));
            if is_refused && by_code {
                refused.push(call.operation.to_string());
            }
        }
        for call in &script.signed {
            if self.objects.refuses(call, token.id, &value, &self.facts).await? {
                refused.push(call.operation.to_string());
            }
        }
        manager.tokens(Owner::User).delete(token.id).await?;
        Ok(refused)
    }

    fn client(&self, credential: Credential) -> Result<Client, CommandError> {
        Ok(Client::builder(credential).base_url(&self.api).unpaced().build()?)
    }
}

/// GraphQL is authorised by what its body asks for.
fn body(operation: &Operation) -> Option<(&'static str, Bytes)> {
    let list = match operation.path() {
        "/graphql#zone" => "zones",
        "/graphql#account" => "accounts",
        _ => return None,
    };
    let query = json!({ "query": format!("{{ viewer {{ {list} {{ __typename }} }} }}") });
    Some(("application/json", Bytes::from(query.to_string())))
}

impl Found {
    fn tell(&self, context: &Context, file: &Path, script: &Script, tried: &Tried) -> Verdict {
        let output = context.output;
        let spare: Vec<&String> =
            self.without.iter().filter(|(_, refused)| refused.is_empty()).map(|(grant, _)| grant).collect();
        let left_out: Vec<String> =
            script.left_out.iter().map(|(why, count)| format!("{} {why}", counted(*count, "call"))).collect();
        output.document(&json!({
            "recording": file.display().to_string(),
            "under": tried.name,
            "calls": script.calls.len() + script.signed.len(),
            "refused": self.refused,
            "without": self.without.iter().map(|(grant, refused)| json!({ "grant": grant, "refused": refused })).collect::<Vec<Value>>(),
            "spare": spare,
            "left_out": left_out,
        }));
        let calls = counted(script.calls.len() + script.signed.len(), "different call");
        output.line(format!(
            "{}: {calls}, made again on a local Cloudflare",
            styled(STRONG, plain(&file.display().to_string()))
        ));
        let under = format!("under {}, {}", tried.name, counted(tried.len(), "permission"));
        match self.refused.as_slice() {
            [] => output.line(format!("{under}: {}", styled(GOOD, "none is refused"))),
            some => output.line(format!("{under}: {}", styled(BAD, format!("{} refused", some.len())))),
        }
        self.refused.iter().for_each(|call| output.line(format!("  {call}")));
        let row = |(grant, refused): &(String, Vec<String>)| {
            let what = match refused.first() {
                Some(first) => format!("{} refused: {first}", refused.len()),
                None => styled(BAD, "nothing is refused"),
            };
            [format!("without {grant}"), what]
        };
        output.line(table(2, None, self.without.iter().map(row)));
        left_out.iter().for_each(|what| output.line(format!("  not made again: {what}")));
        Verdict::yes_if(self.refused.is_empty() && (spare.is_empty() || !script.left_out.is_empty()))
    }
}
