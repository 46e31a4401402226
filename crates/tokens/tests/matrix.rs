//! The confusion matrix of `why`: tokens with one fault each, called as a client calls, diagnosed by the answer alone and
//! by what a live `why` may read. No cause may be certain that is wrong.
//!
//! A sample of the operations is walked; `FLAREKEEP_CASES=N cargo test -p flarekeep-tokens --test matrix -- --nocapture`
//! walks N of them, evenly spread, or `all`, and prints the table of docs/assurance.md.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use flarekeep_catalogue::{AccountId, Operation, Rule, Scope, ZoneId, groups, operations};
use flarekeep_cloudflare::{
    self as api, Client, Credential, HttpRequest, HttpTransport, NewToken, RetrySettings, TokenUpdate, Transport,
};
use flarekeep_diagnosis::{Cause, Change, Confidence, Diagnosis, Refusal, pasted};
use flarekeep_emulator::{BarredAnswer, Emulator, ErrorStyle, Options, Running, Server, World};
use flarekeep_planner::{Need, Options as PlanOptions, Target, plan};
use flarekeep_policy::{self as policy, Effect, Grant, Owner, Policy, Resource, Token, UnixSeconds};
use flarekeep_tokens::{GroupIds, Why, policy_to_wire, token_from_wire, why_seen, why_told};
use secrecy::ExposeSecret;

const ACCOUNT: AccountId = AccountId::from_u128(0xaaaa0000_aaaa0000_aaaa0000_aaaa0001);
const OTHER_ACCOUNT: AccountId = AccountId::from_u128(0xaaaa0000_aaaa0000_aaaa0000_aaaa0002);
const ZONE: ZoneId = ZoneId::from_u128(0xbbbb0000_bbbb0000_bbbb0000_bbbb0001);
const OTHER_ZONE: ZoneId = ZoneId::from_u128(0xbbbb0000_bbbb0000_bbbb0000_bbbb0002);
/// No thing has this id.
const NOTHING: u128 = 0xdddd0000_dddd0000_dddd0000_dddd0009;
const EMAIL: &str = "ada@example.com";

/// What is done to a token, or to the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    GroupTakenAway,
    GroupMovedToAnotherKind,
    ResourceChanged,
    DeniedByPolicy,
    Disabled,
    Expired,
    NotYetValid,
    AddressNotAllowed,
    ValueMistyped,
    TokenDeleted,
    AccountTokenUnsupported,
    HeaderMalformed,
    KeyAsToken,
    TokenAsKey,
    NoCredential,
    WrongKey,
    WrongId,
}

impl Fault {
    const ALL: [Self; 17] = [
        Self::GroupTakenAway,
        Self::GroupMovedToAnotherKind,
        Self::ResourceChanged,
        Self::DeniedByPolicy,
        Self::Disabled,
        Self::Expired,
        Self::NotYetValid,
        Self::AddressNotAllowed,
        Self::ValueMistyped,
        Self::TokenDeleted,
        Self::AccountTokenUnsupported,
        Self::HeaderMalformed,
        Self::KeyAsToken,
        Self::TokenAsKey,
        Self::NoCredential,
        Self::WrongKey,
        Self::WrongId,
    ];

    /// The cause that it is; none where the policies say which.
    fn truth(self) -> Option<Cause> {
        Some(match self {
            Self::GroupTakenAway | Self::GroupMovedToAnotherKind | Self::ResourceChanged | Self::DeniedByPolicy => {
                return None;
            }
            Self::Disabled => Cause::Disabled,
            Self::Expired => Cause::Expired,
            Self::NotYetValid => Cause::NotYetValid,
            Self::AddressNotAllowed => Cause::AddressNotAllowed,
            Self::ValueMistyped | Self::TokenDeleted => Cause::UnknownToken,
            Self::AccountTokenUnsupported => Cause::AccountTokenNotSupported,
            Self::HeaderMalformed => Cause::MalformedHeader,
            Self::KeyAsToken => Cause::KeyAsToken,
            Self::TokenAsKey => Cause::TokenAsKey,
            Self::NoCredential => Cause::NoCredential,
            Self::WrongKey => Cause::WrongKeyOrEmail,
            Self::WrongId => Cause::WrongId,
        })
    }
}

/// How the diagnoses of one fault came out.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    right: usize,
    first: usize,
    among: usize,
    wrong: usize,
}

impl Count {
    fn all(self) -> usize {
        self.right + self.first + self.among + self.wrong
    }
}

struct Local {
    running: Running,
    admin: Client,
    owner: policy::Owner,
    key: String,
    network: Arc<HttpTransport>,
    clock: Arc<AtomicI64>,
}

impl Local {
    async fn start(options: Options) -> Self {
        let world = World::from_toml(&format!(
            "[[account]]\nname = 'Acme'\nid = '{ACCOUNT}'\n[[account]]\nname = 'Other'\nid = '{OTHER_ACCOUNT}'\n\
             [[user]]\nemail = '{EMAIL}'\n[[zone]]\nname = 'example.com'\nid = '{ZONE}'\naccount = 'Acme'\n\
             [[zone]]\nname = 'example.org'\nid = '{OTHER_ZONE}'\naccount = 'Acme'\n"
        ));
        let clock = Arc::new(AtomicI64::new(1_790_000_000));
        let hand = clock.clone();
        let options = Options {
            rate_limit: None,
            graphql_limit: None,
            lock_out: None,
            tokens_per_user: 100_000,
            tokens_per_account: 100_000,
            clock: Some(Arc::new(move || hand.load(Ordering::Relaxed))),
            ..options
        };
        let emulator = Emulator::new(world.unwrap(), options);
        let running = Server::start(emulator.clone(), ([127, 0, 0, 1], 0).into()).await.unwrap();
        let facts = emulator.facts();
        let network = Arc::new(HttpTransport::loopback(Duration::from_secs(30)).unwrap());
        let key = facts.global_key.clone();
        let credential = Credential::global_key(&facts.email, &key).unwrap();
        let mut local = Self {
            admin: Client::builder(credential.clone()).build().unwrap(),
            owner: Owner::User(facts.user_id),
            running,
            key,
            network,
            clock,
        };
        local.admin = local.client(credential);
        local
    }

    fn client(&self, credential: Credential) -> Client {
        let retry = RetrySettings { first_delay: Duration::from_micros(1), ..RetrySettings::default() };
        let url = self.running.api_url();
        Client::builder(credential).base_url(&url).retry(retry).unpaced().build().unwrap()
    }

    fn now(&self) -> UnixSeconds {
        UnixSeconds(self.clock.load(Ordering::Relaxed))
    }

    /// A call as any client sends it: the answer's status and body.
    async fn call(&self, operation: &Operation, target: &Target, headers: &[(&str, String)]) -> (u16, String) {
        let mut path = String::new();
        for (at, segment) in operation.path().trim_start_matches('/').split('/').enumerate() {
            let id = match (at, operation.names_account(), operation.names_zone()) {
                (1, true, _) => target.account.map(|id| id.to_string()),
                (1, _, true) => target.zone.map(|id| id.to_string()),
                _ => None,
            };
            let named = segment.starts_with('{').then(|| id.unwrap_or_else(|| format!("{NOTHING:032x}")));
            path = format!("{path}/{}", named.unwrap_or_else(|| segment.to_owned()));
        }
        let body = if operation.method.mutates() { "{}" } else { "" };
        let json = [("content-type", "application/json".to_owned())];
        let headers = headers.iter().chain(json.iter().filter(|_| !body.is_empty()));
        let request = HttpRequest {
            method: operation.method.as_str().parse().unwrap(),
            url: format!("{}{path}", self.running.api_url()).parse().unwrap(),
            headers: headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect(),
            body: body.into(),
        };
        let answer = self.network.send(request).await.unwrap();
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    }
}

/// One operation with the token that suffices for it.
struct Walk<'a> {
    local: &'a Local,
    operation: &'static Operation,
    target: Target,
    owner: policy::Owner,
    wire: api::Owner,
    policies: Vec<Policy>,
}

impl<'a> Walk<'a> {
    fn new(local: &'a Local, operation: &'static Operation, of_account: bool) -> Option<Self> {
        let (owner, wire) = match of_account {
            true => (Owner::Account(ACCOUNT), api::Owner::Account(ACCOUNT)),
            false => (local.owner, api::Owner::User),
        };
        let zone = operation.concerns_zone().then_some(ZONE);
        let target = Target { account: Some(ACCOUNT), zone, ..Target::default() };
        let need = Need { operation, resource: target.clone(), why: String::new(), origin: String::new() };
        let plan = plan(&[need], &PlanOptions::new(owner));
        let mut policies = plan.policies();
        if policies.is_empty() && of_account && operation.closed_to_account_tokens {
            let group = groups().iter().find(|group| group.name == "Zone Read").unwrap();
            let resources = vec![Resource::Zone(ZONE)];
            policies = vec![Policy { effect: Effect::Allow, resources, groups: vec![Grant::Group(group)] }];
        }
        let published = policies.iter().flat_map(Policy::known_groups).all(|group| group.id.is_some());
        (published && !policies.is_empty()).then_some(Self { local, operation, target, owner, wire, policies })
    }

    /// The policies with the fault; none where it cannot be.
    fn faulty(&self, fault: Fault) -> Option<Vec<Policy>> {
        let mut policies = self.policies.clone();
        match fault {
            Fault::GroupTakenAway => {
                for policy in &mut policies {
                    let scope = policy.known_groups().next()?.scope;
                    let other = groups().iter().find(|group| {
                        group.scope == scope && group.id.is_some() && !self.operation.accepts_group(group)
                    })?;
                    policy.groups = vec![Grant::Group(other)];
                }
            }
            Fault::GroupMovedToAnotherKind => {
                for policy in &mut policies {
                    let scope = policy.known_groups().next()?.scope;
                    policy.resources = vec![match scope {
                        Scope::Zone => Resource::Account(ACCOUNT),
                        Scope::Account => Resource::Zone(ZONE),
                        Scope::User => Resource::Account(ACCOUNT),
                        _ => return None,
                    }];
                }
            }
            Fault::ResourceChanged => {
                let user = matches!(self.owner, Owner::User(_));
                for policy in &mut policies {
                    let scope = policy.known_groups().next()?.scope;
                    policy.resources = vec![match scope {
                        Scope::Zone => Resource::Zone(OTHER_ZONE),
                        Scope::Account if user => Resource::Account(OTHER_ACCOUNT),
                        _ => return None,
                    }];
                }
            }
            Fault::DeniedByPolicy => {
                let denied = policies.iter().map(|policy| Policy { effect: Effect::Deny, ..policy.clone() });
                policies.extend(denied.collect::<Vec<_>>());
            }
            _ => {}
        }
        Some(policies)
    }

    /// Makes the token, calls, and diagnoses twice. None where the fault cannot be, or the call is not refused.
    async fn walk(&self, fault: Fault) -> Option<[(Cause, Option<Diagnosis>); 2]> {
        let closed = self.operation.closed_to_account_tokens && matches!(self.owner, Owner::Account(_));
        let headers_only = matches!(
            fault,
            Fault::HeaderMalformed | Fault::KeyAsToken | Fault::TokenAsKey | Fault::NoCredential | Fault::WrongKey
        );
        let early = headers_only || matches!(fault, Fault::ValueMistyped | Fault::TokenDeleted);
        if (fault == Fault::AccountTokenUnsupported) != closed && !(closed && early) {
            return None;
        }
        let placed = self.operation.names_account() || self.operation.names_zone();
        if fault == Fault::WrongId && !placed {
            return None;
        }
        let (local, policies) = (self.local, self.faulty(fault)?);
        let ids = GroupIds::default();
        let wire = policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect::<Result<Vec<_>, _>>().ok()?;
        let now = local.now().0;
        let at = |seconds: i64| jiff::Timestamp::from_second(now + seconds).ok();
        let condition = serde_json::json!({"request_ip": {"in": ["203.0.113.0/24"]}});
        let new = NewToken {
            name: "walked".to_owned(),
            policies: wire.into_iter().flatten().collect(),
            not_before: at(3600).filter(|_| fault == Fault::NotYetValid),
            expires_on: at(60).filter(|_| fault == Fault::Expired),
            condition: (fault == Fault::AddressNotAllowed).then(|| serde_json::from_value(condition).unwrap()),
        };
        let tokens = local.admin.tokens(self.wire);
        let made = tokens.create(&new).await.ok()?;
        let engine = token_from_wire(&made.token, self.wire).unwrap();
        let mut target = self.target.clone();
        let mut truth = fault.truth();
        match fault {
            Fault::Disabled => {
                let off = TokenUpdate { status: Some(api::Status::Disabled), ..TokenUpdate::from(&made.token) };
                tokens.update(made.token.id, &off).await.unwrap();
            }
            Fault::TokenDeleted => tokens.delete(made.token.id).await.unwrap(),
            Fault::Expired => drop(local.clock.fetch_add(120, Ordering::Relaxed)),
            Fault::WrongId if self.operation.names_zone() => {
                (target.zone, target.account) = (Some(ZoneId::from_u128(NOTHING)), None);
            }
            Fault::WrongId => target.account = Some(AccountId::from_u128(NOTHING)),
            _ => {}
        }
        if truth.is_none() {
            truth = cause_of(&engine, &self.need(&target));
        }
        let value = made.value.expose_secret().to_owned();
        let sent = sent(fault, &value, &local.key);
        let (status, body) = local.call(self.operation, &target, &sent).await;
        let seen = pasted::read(&body).into_iter().next();
        let mut found = None;
        if let (Some(truth), Some(seen)) = (truth, seen.filter(|_| status >= 400)) {
            let refusal =
                Refusal { operation: Some(self.operation), target: target.clone(), status: Some(status), ..seen };
            let question =
                Why { plan: None, arguments: None, manager: Some(&local.admin), now: local.now(), patient: false };
            let alone = why_told(&Refusal { credential: None, ..refusal.clone() }, &Why { manager: None, ..question });
            let live = match headers_only {
                // No client sends such a header again: what tells is the command that did.
                true => {
                    let options = sent.iter().map(|(name, value)| format!(" -H '{name}: {value}'"));
                    let url = "https://api.cloudflare.com/client/v4/user";
                    let text = format!("$ curl{} {url}\n{body}\n", options.collect::<String>());
                    let form = pasted::read(&text).into_iter().next().and_then(|read| read.credential);
                    Some(why_told(&Refusal { credential: form, ..refusal }, &Why { manager: None, ..question }))
                }
                false => {
                    let value = sent[0].1.strip_prefix("Bearer ").unwrap().to_owned();
                    let client = local.client(Credential::token(&value).unwrap());
                    Some(why_seen(&client, &refusal, &question).await.unwrap())
                }
            };
            if let Some(live) = &live {
                self.mends(live, &engine, &target, truth);
            }
            found = Some([(truth, Some(alone)), (truth, live)]);
        }
        if fault == Fault::Expired {
            local.clock.fetch_sub(120, Ordering::Relaxed);
        }
        if fault != Fault::TokenDeleted {
            tokens.delete(made.token.id).await.unwrap();
        }
        found
    }

    fn need(&self, target: &Target) -> Need {
        Need { operation: self.operation, resource: target.clone(), why: String::new(), origin: String::new() }
    }

    /// A grant that is advised for a proved cause opens the call.
    fn mends(&self, told: &Diagnosis, token: &Token, target: &Target, truth: Cause) {
        let Some(Change::Grant { group, resource }) = &told.change else { return };
        if told.cause() != truth || told.confidence() != Confidence::Proved || self.operation.rule == Rule::AllOf {
            return;
        }
        let mut token = token.clone();
        let (resources, groups) = (vec![resource.clone()], vec![Grant::Group(group)]);
        token.policies.push(Policy { effect: Effect::Allow, resources, groups });
        let request = self.need(target).request(token.owner, UnixSeconds(0));
        assert!(token.decide(&request).allow, "{} at {resource} does not open {}", group.name, self.operation);
    }
}

/// What the policies say, read without any code of the diagnosis.
fn cause_of(token: &Token, need: &Need) -> Option<Cause> {
    match token.decide(&need.request(token.owner, UnixSeconds(0))).cause {
        policy::Cause::MissingGroup => Some(Cause::MissingGroup),
        policy::Cause::WrongScope => Some(Cause::WrongScope),
        policy::Cause::OtherResource => Some(Cause::OtherResource),
        policy::Cause::Denied => Some(Cause::DeniedByPolicy),
        _ => None,
    }
}

/// The headers with the fault.
fn sent(fault: Fault, value: &str, key: &str) -> Vec<(&'static str, String)> {
    let bearer = |value: &str| vec![("authorization", format!("Bearer {value}"))];
    match fault {
        Fault::ValueMistyped => {
            let other = if value.as_bytes()[20] == b'A' { "B" } else { "A" };
            bearer(&format!("{}{other}{}", &value[..20], &value[21..]))
        }
        Fault::HeaderMalformed => bearer(&format!("\"{value}\"")),
        Fault::KeyAsToken => bearer(&"a1".repeat(20)[..37]),
        Fault::TokenAsKey => vec![("x-auth-email", EMAIL.to_owned()), ("x-auth-key", value.to_owned())],
        Fault::NoCredential => Vec::new(),
        Fault::WrongKey => {
            let wrong: String = key.chars().rev().collect();
            let wrong = if wrong.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                wrong
            } else {
                "b2".repeat(20)[..37].to_owned()
            };
            vec![("x-auth-email", EMAIL.to_owned()), ("x-auth-key", wrong)]
        }
        _ => bearer(value),
    }
}

#[tokio::test]
async fn no_diagnosis_is_wrong_and_certain() {
    /// Operations that a quick test walks.
    const SAMPLE: usize = 24;
    let cases = std::env::var("FLAREKEEP_CASES").ok();
    let whole = cases.as_deref() == Some("all");
    let wanted = cases.and_then(|cases| cases.parse().ok()).unwrap_or(SAMPLE);
    let labelled = |operation: &&Operation| {
        operation.is_routed() && operation.accepts().next().is_some() && !operation.path().contains("graphql")
    };
    let all: Vec<&'static Operation> = operations().iter().filter(labelled).collect();
    let every = if whole { 1 } else { (all.len() / wanted).max(1) };
    let closed = all.iter().copied().filter(|operation| operation.closed_to_account_tokens && !whole);
    let walked: Vec<_> = all.iter().copied().step_by(every).chain(closed.step_by(every.min(40))).collect();
    let mut matrix: BTreeMap<Fault, [Count; 2]> = BTreeMap::new();
    let mut wrong = Vec::new();
    let settings = [
        Options { barred: BarredAnswer::StatusOnVerify, ..Options::default() },
        Options { barred: BarredAnswer::InvalidToken, error_style: ErrorStyle::Enriched, ..Options::default() },
    ];
    for (turn, options) in settings.into_iter().enumerate() {
        let local = Local::start(options).await;
        for (at, operation) in walked.iter().enumerate() {
            if at % 2 != turn {
                continue;
            }
            for of_account in [false, true] {
                let Some(walk) = Walk::new(&local, operation, of_account) else { continue };
                for fault in Fault::ALL {
                    let Some(diagnoses) = walk.walk(fault).await else { continue };
                    let counts = matrix.entry(fault).or_default();
                    for (count, (truth, told)) in counts.iter_mut().zip(&diagnoses) {
                        let Some(told) = told else { continue };
                        let causes: Vec<Cause> = told.findings.iter().map(|finding| finding.cause).collect();
                        match causes.iter().position(|cause| cause == truth) {
                            Some(0) if causes.len() == 1 => count.right += 1,
                            Some(0) => count.first += 1,
                            Some(_) => count.among += 1,
                            None => {
                                count.wrong += 1;
                                let whose = if of_account { "account" } else { "user" };
                                wrong.push(format!(
                                    "{fault:?} ({truth}) {operation} {whose}: {causes:?} {:?}",
                                    told.evidence
                                ));
                            }
                        }
                    }
                }
            }
        }
    }
    println!("operations: {} of {}", walked.len(), all.len());
    println!("| fault | calls | answer alone: only it / first / among | live: only it / first / among | wrong |");
    println!("|---|---|---|---|---|");
    for (fault, [alone, live]) in &matrix {
        let shown = |count: &Count| format!("{} / {} / {}", count.right, count.first, count.among);
        println!("| {fault:?} | {} | {} | {} | {} |", alone.all(), shown(alone), shown(live), alone.wrong + live.wrong);
    }
    assert!(matrix.len() == Fault::ALL.len(), "a fault was never met: {:?}", matrix.keys());
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.iter().take(30).cloned().collect::<Vec<_>>().join("\n")
    );
}
