//! One operation of the REST API under a token with one fault.

use flarekeep_catalogue::{AccountId, Operation, Rule, Scope, ZoneId, groups};
use flarekeep_cloudflare::{self as api, CreatedToken, NewToken, TokenUpdate};
use flarekeep_diagnosis::{Cause, Change, Confidence, Diagnosis, Refusal, pasted};
use flarekeep_emulator::TokenMark;
use flarekeep_planner::{Need, Options, Target, plan};
use flarekeep_policy::{self as policy, Effect, Grant, Owner, Policy, Resource, Token, UnixSeconds};
use flarekeep_tokens::{GroupIds, Why, policy_to_wire, token_from_wire, why_told};
use secrecy::ExposeSecret;

use crate::fault::Fault;
use crate::local::{ACCOUNT, Answer, EMAIL, Local, NOTHING, OTHER_ACCOUNT, OTHER_ZONE, ZONE};
use crate::tally::Told;

/// One operation with the token that suffices for it.
pub(crate) struct Walk<'a> {
    pub(crate) local: &'a Local,
    pub(crate) operation: &'static Operation,
    pub(crate) target: Target,
    pub(crate) owner: Owner,
    pub(crate) wire: api::Owner,
    pub(crate) policies: Vec<Policy>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(local: &'a Local, operation: &'static Operation, of_account: bool) -> Option<Self> {
        let zone = operation.concerns_zone().then_some(ZONE);
        let target = Target { account: Some(ACCOUNT), zone, ..Target::default() };
        Self::at(local, operation, target, of_account)
    }

    /// The same at a place of its own; none where no token suffices, or its groups have no known ids.
    pub(crate) fn at(
        local: &'a Local,
        operation: &'static Operation,
        target: Target,
        of_account: bool,
    ) -> Option<Self> {
        let (owner, wire) = match of_account {
            true => (Owner::Account(ACCOUNT), api::Owner::Account(ACCOUNT)),
            false => (local.owner, api::Owner::User),
        };
        let need = Need { operation, resource: target.clone(), why: String::new(), origin: String::new() };
        let plan = plan(&[need], &Options::new(owner));
        let mut policies = plan.policies();
        if policies.is_empty() && of_account && operation.closed_to_account_tokens {
            let group = groups().iter().find(|group| group.name == "Zone Read").unwrap();
            let resources = vec![Resource::Zone(ZONE)];
            policies = vec![Policy { effect: Effect::Allow, resources, groups: vec![Grant::Group(group)] }];
        }
        let published = policies.iter().flat_map(Policy::known_groups).all(|group| group.id.is_some());
        (published && !policies.is_empty()).then_some(Self { local, operation, target, owner, wire, policies })
    }

    /// Whether the operation takes no token of this owner.
    pub(crate) fn is_closed(&self) -> bool {
        self.operation.closed_to_account_tokens && matches!(self.owner, Owner::Account(_))
    }

    /// The policies with the fault; none where it cannot be.
    pub(crate) fn faulty(&self, fault: Fault) -> Option<Vec<Policy>> {
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
    pub(crate) async fn walk(&self, fault: Fault) -> Option<Told> {
        let headers_only = fault.is_of_the_header();
        let early = headers_only || matches!(fault, Fault::ValueMistyped | Fault::TokenDeleted);
        if (fault == Fault::AccountTokenUnsupported) != self.is_closed() && !(self.is_closed() && early) {
            return None;
        }
        let placed = self.operation.names_account() || self.operation.names_zone();
        if fault == Fault::WrongId && !placed {
            return None;
        }
        // Which account `POST /zones` is about stands in its body, which the emulator does not ask a denial about.
        let somewhere = self.operation.concerns_account() || self.operation.concerns_zone();
        if fault == Fault::DeniedByPolicy && somewhere && !placed && self.operation.method.mutates() {
            return None;
        }
        let local = self.local;
        let made = self.made(fault, &self.faulty(fault)?).await?;
        let engine = token_from_wire(&made.token, self.wire).unwrap();
        let tokens = local.admin.tokens(self.wire);
        let mut target = self.target.clone();
        match fault {
            Fault::Disabled => {
                let off = TokenUpdate { status: Some(api::Status::Disabled), ..TokenUpdate::from(&made.token) };
                tokens.update(made.token.id, &off).await.unwrap();
            }
            Fault::RevokedExposed => assert!(local.emulator.mark_token(made.token.id, TokenMark::Exposed)),
            Fault::TokenDeleted => tokens.delete(made.token.id).await.unwrap(),
            Fault::Expired => local.pass(120),
            Fault::WrongId if self.operation.names_zone() => {
                (target.zone, target.account) = (Some(ZoneId::from_u128(NOTHING)), None);
            }
            Fault::WrongId => target.account = Some(AccountId::from_u128(NOTHING)),
            _ => {}
        }
        let truth = fault.truth().or_else(|| cause_of(&engine, &self.need(&target)));
        let sent = sent(fault, made.value.expose_secret(), &local.key);
        let answer = local.call(self.operation, &target, &sent, self.body()).await;
        let mut found = None;
        if let (Some(truth), Some(refusal)) = (truth, self.refusal(&target, &answer)) {
            let alone = local.alone(&refusal);
            let live = match headers_only {
                // No client sends such a header again: what tells is the command that did.
                true => {
                    let options = sent.iter().map(|(name, value)| format!(" -H '{name}: {value}'"));
                    let url = "https://api.cloudflare.com/client/v4/user";
                    let text = format!("$ curl{} {url}\n{}\n", options.collect::<String>(), answer.body);
                    let form = pasted::read(&text).into_iter().next().and_then(|read| read.credential);
                    let question = Why { manager: None, ..local.question(false) };
                    why_told(&Refusal { credential: form, ..refusal }, &question)
                }
                false => local.live(&refusal, sent[0].1.strip_prefix("Bearer ").unwrap()).await,
            };
            self.mends(&live, &engine, &target, truth);
            found = Some(Told { truth, alone, live });
        }
        if fault == Fault::Expired {
            local.pass(-120);
        }
        if fault != Fault::TokenDeleted {
            tokens.delete(made.token.id).await.unwrap();
        }
        found
    }

    /// A token with the policies, and with the limits that the fault asks for.
    pub(crate) async fn made(&self, fault: Fault, policies: &[Policy]) -> Option<CreatedToken> {
        let at = |seconds: i64| jiff::Timestamp::from_second(self.local.now().0 + seconds).ok();
        let condition = serde_json::json!({"request_ip": {"in": ["203.0.113.0/24"]}});
        let new = NewToken {
            name: "walked".to_owned(),
            policies: on_the_wire(policies)?,
            not_before: at(3600).filter(|_| fault == Fault::NotYetValid),
            expires_on: at(60).filter(|_| fault == Fault::Expired),
            condition: (fault == Fault::AddressNotAllowed).then(|| serde_json::from_value(condition).unwrap()),
        };
        self.local.admin.tokens(self.wire).create(&new).await.ok()
    }

    /// What a client of the call sends.
    pub(crate) fn body(&self) -> &'static str {
        if self.operation.method.mutates() { "{}" } else { "" }
    }

    /// What a client of the call saw; none where it was not refused.
    pub(crate) fn refusal(&self, target: &Target, answer: &Answer) -> Option<Refusal> {
        let seen = pasted::read(&answer.body).into_iter().next().filter(|_| answer.status >= 400)?;
        Some(Refusal {
            operation: Some(self.operation),
            target: target.clone(),
            status: Some(answer.status),
            retry_after: answer.after,
            ..seen
        })
    }

    pub(crate) fn need(&self, target: &Target) -> Need {
        Need { operation: self.operation, resource: target.clone(), why: String::new(), origin: String::new() }
    }

    /// A grant that is advised for a proved cause opens the call.
    pub(crate) fn mends(&self, told: &Diagnosis, token: &Token, target: &Target, truth: Cause) {
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

/// Policies as the API takes them; none where a group has no known id.
pub(crate) fn on_the_wire(policies: &[Policy]) -> Option<Vec<api::Policy>> {
    let ids = GroupIds::default();
    let wire: Result<Vec<_>, _> = policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect();
    Some(wire.ok()?.into_iter().flatten().collect())
}

/// What the policies say, read without any code of the diagnosis.
pub(crate) fn cause_of(token: &Token, need: &Need) -> Option<Cause> {
    match token.decide(&need.request(token.owner, UnixSeconds(0))).cause {
        policy::Cause::MissingGroup => Some(Cause::MissingGroup),
        policy::Cause::WrongScope => Some(Cause::WrongScope),
        policy::Cause::OtherResource => Some(Cause::OtherResource),
        policy::Cause::Denied => Some(Cause::DeniedByPolicy),
        _ => None,
    }
}

/// A value with one letter changed.
pub(crate) fn mistyped(value: &str) -> String {
    let other = if value.as_bytes()[20] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &value[..20], &value[21..])
}

pub(crate) fn bearer(value: &str) -> Vec<(&'static str, String)> {
    vec![("authorization", format!("Bearer {value}"))]
}

/// The headers with the fault.
fn sent(fault: Fault, value: &str, key: &str) -> Vec<(&'static str, String)> {
    match fault {
        Fault::ValueMistyped => bearer(&mistyped(value)),
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
