//! Why a call is refused, and the smallest change that mends it.

use flarekeep_catalogue::{Group, Operation};
use flarekeep_cloudflare::{self as api, Client};
use flarekeep_planner::{Need, Options, Plan, Target, candidates, plan, weight};
use flarekeep_policy::{self as policy, Effect, Explanation, Owner, Token, UnixSeconds, explain};
use serde::Serialize;

use crate::advice::GrantAdvice;
use crate::attempt::{Outcome, Probes, method};
use crate::error::Error;
use crate::identity::{Identity, IdentityOwner, identify};
use crate::translate::{UNNAMED_USER, token_from_wire};

/// The question.
#[derive(Debug)]
pub struct Why<'a> {
    /// The refused operation.
    pub operation: &'static Operation,
    /// On what.
    pub target: Target,
    /// The plan of the whole work, where the mend should serve all of it and not this one call.
    pub plan: Option<&'a Plan>,
    /// Who may read the token's policies, and whose tokens those are. Without it the cause is told by Cloudflare's
    /// answers alone.
    pub manager: Option<(&'a Client, api::Owner)>,
    /// The time.
    pub now: UnixSeconds,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The operation.
    pub operation: String,
    /// The cause.
    pub cause: Cause,
    /// How sure that is.
    pub confidence: Confidence,
    /// What was seen.
    pub evidence: Vec<String>,
    /// The groups that the operation accepts, those with the least reach first.
    pub accepts: Vec<String>,
    /// How much is known about what it accepts.
    #[serde(serialize_with = "crate::text::serialize")]
    pub provenance: flarekeep_catalogue::Provenance,
    /// The smallest change that mends it.
    pub mend: Option<Mend>,
}

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It is not: the token may make it.
    NotRefused,
    /// The token holds no group that the operation accepts.
    MissingGroup,
    /// It holds one, at a resource where the group takes no effect.
    WrongScope,
    /// It holds one, at another resource.
    OtherResource,
    /// A group is missing, or held elsewhere: the token's policies tell, and they cannot be read.
    MissingGrant,
    /// A policy of the token withholds the call.
    WithheldByPolicy,
    /// Cloudflare does not know the value: mistyped, revoked or rolled.
    UnknownToken,
    /// The token's time is over.
    Expired,
    /// The token's time has not come.
    NotYetValid,
    /// The token is switched off.
    Disabled,
    /// Cloudflare revoked the token, because its value was found in public.
    RevokedExposed,
    /// The client's address is not among those allowed.
    AddressNotAllowed,
    /// The endpoint takes no token that an account owns.
    AccountTokenNotSupported,
    /// The credential is not written as one.
    MalformedCredential,
    /// An id in the path names nothing.
    WrongId,
    /// Too many calls.
    RateLimited,
    /// Not about permissions: the answer says something else.
    NotAboutPermissions,
}

/// How sure a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The evidence admits no other cause.
    Proved,
    /// The evidence fits this cause best.
    Likely,
}

/// The smallest change that mends a refusal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mend {
    /// What to do, in one line.
    pub advice: String,
    /// The grant to add, where that is the mend.
    pub grant: Option<GrantAdvice>,
}

/// An answer of Cloudflare's that somebody saw.
#[derive(Debug, Clone)]
pub struct Answer<'a>(pub &'a [u8]);

/// Asks Cloudflare, by calls that change nothing.
pub async fn why(client: &Client, question: &Why<'_>) -> Result<Diagnosis, Error> {
    let mut evidence = Vec::new();
    let identity = match identify(client, question.target.account).await {
        Ok(identity) => identity,
        Err(Error::Call(refusal)) if refusal.is_authentication() || refusal.is_location() => {
            return Ok(question.told_by(&refusal, Vec::new()));
        }
        Err(error) => return Err(error),
    };
    evidence.push(format!("the token is {} (id {})", identity.status, identity.id));
    if let Some((cause, advice)) = barred(&identity, question.now) {
        return Ok(question.diagnosis(cause, Confidence::Proved, evidence, Some(Mend::words(advice))));
    }
    let attempt = match Probes::load()?.attempt(question.operation, &question.target) {
        Ok(attempt) => attempt,
        Err(reason) => {
            evidence.push(format!("the call was not repeated: {reason}"));
            return question.told_by_policies(&identity, evidence).await;
        }
    };
    match attempt.make(client).await {
        Ok(Outcome::Authorised) => {
            evidence.push("Cloudflare lets this token make the call".to_owned());
            Ok(question.diagnosis(Cause::NotRefused, Confidence::Proved, evidence, None))
        }
        Ok(Outcome::Refused { message, .. }) => {
            evidence.push(format!("Cloudflare refused the call: {message}"));
            question.told_by_policies(&identity, evidence).await
        }
        Ok(Outcome::Unproven { reason }) => {
            let closed = identity.owner == IdentityOwner::Account && reason.contains(ACCOUNT_OWNED);
            evidence.push(reason);
            if closed {
                let (cause, mend) = (Cause::AccountTokenNotSupported, Mend::words(USE_A_USERS));
                return Ok(question.diagnosis(cause, Confidence::Proved, evidence, Some(mend)));
            }
            Ok(question.diagnosis(Cause::NotAboutPermissions, Confidence::Likely, evidence, None))
        }
        Err(Error::Call(refusal)) if refusal.is_authentication() || refusal.is_location() => {
            Ok(question.told_by(&refusal, evidence))
        }
        Err(error) => Err(error),
    }
}

/// What Cloudflare writes where an endpoint takes no token that an account owns, and what mends it.
const ACCOUNT_OWNED: &str = "account owned tokens";
const USE_A_USERS: &str = "use a user's token: this endpoint takes no token that an account owns";

/// Why the token may not be used at all, where verifying it tells.
fn barred(identity: &Identity, now: UnixSeconds) -> Option<(Cause, &'static str)> {
    let start: Option<jiff::Timestamp> = identity.not_before.as_ref().and_then(|time| time.parse().ok());
    match identity.status.as_str() {
        "expired" => Some((Cause::Expired, "make a new token, or give this one a later end")),
        "disabled" => Some((Cause::Disabled, "switch the token on again in the dashboard")),
        status if status.starts_with("revoked") => {
            Some((Cause::RevokedExposed, "make a new token, and look for where this value was published"))
        }
        _ if start.is_some_and(|start| start.as_second() > now.0) => {
            Some((Cause::NotYetValid, "wait for the token's beginning, or move it"))
        }
        _ => None,
    }
}

/// Explains an answer that somebody saw; nothing is called. `None` where the text holds no error of Cloudflare's.
#[must_use]
pub fn explain_answer(answer: &Answer<'_>, question: &Why<'_>) -> Option<Diagnosis> {
    let operation = question.operation;
    let refusal = api::Error::in_answer(method(operation.method), operation.path(), answer.0)?;
    Some(question.told_by(&refusal, Vec::new()))
}

impl Why<'_> {
    /// The cause by the token's own policies; where they cannot be read, all that is known is that a grant is missing.
    async fn told_by_policies(&self, identity: &Identity, mut evidence: Vec<String>) -> Result<Diagnosis, Error> {
        let Some((manager, owner)) = self.manager else {
            evidence.push("the token's policies were not read: that takes a credential that manages tokens".to_owned());
            return Ok(self.missing(Cause::MissingGrant, Confidence::Likely, evidence));
        };
        let token = token_from_wire(&manager.tokens(owner).get(identity.id).await?, owner)?;
        let explanation = explain(&token, &self.request(&token));
        evidence.extend(held(&token, &explanation));
        let sure = Confidence::Proved;
        Ok(match explanation.decision.cause {
            policy::Cause::MissingGroup => self.missing(Cause::MissingGroup, sure, evidence),
            policy::Cause::WrongScope => self.missing(Cause::WrongScope, sure, evidence),
            policy::Cause::OtherResource => self.missing(Cause::OtherResource, sure, evidence),
            policy::Cause::Denied => {
                let mend = Mend::words("take the group out of the policy that denies it");
                self.diagnosis(Cause::WithheldByPolicy, sure, evidence, Some(mend))
            }
            policy::Cause::OutsideOwner => {
                let mend = Mend::words("use a token of the account that owns the resource, or a user's token");
                self.diagnosis(Cause::OtherResource, sure, evidence, Some(mend))
            }
            _ => {
                evidence.push(
                    "its policies should allow the call: a change may not have reached Cloudflare's edge yet, or the \
                     catalogue is wrong here"
                        .to_owned(),
                );
                self.diagnosis(Cause::NotAboutPermissions, Confidence::Likely, evidence, None)
            }
        })
    }

    /// The cause by Cloudflare's answer alone.
    fn told_by(&self, refusal: &api::Error, mut evidence: Vec<String>) -> Diagnosis {
        evidence.push(match refusal.errors() {
            [] => refusal.to_string(),
            errors => {
                let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
                format!("Cloudflare answered: {}", errors.join("; "))
            }
        });
        let says = |part: &str| refusal.errors().iter().any(|error| error.message.contains(part));
        let (cause, confidence, advice) = if refusal.is_location() {
            (
                Cause::AddressNotAllowed,
                Confidence::Proved,
                "add this address to the token's IP condition, or call from one that is in it",
            )
        } else if [6003, 6102, 6103, 6111].iter().any(|code| refusal.has_code(*code)) {
            (
                Cause::MalformedCredential,
                Confidence::Proved,
                "give the token as it was shown: no quotes, spaces or newline, and no Global API key in its place",
            )
        } else if refusal.is_authentication() {
            (
                Cause::UnknownToken,
                Confidence::Likely,
                "make a new token, or roll this one: the value is mistyped, revoked, rolled or expired",
            )
        } else if says(ACCOUNT_OWNED) {
            (Cause::AccountTokenNotSupported, Confidence::Proved, USE_A_USERS)
        } else if refusal.has_code(7003) || refusal.has_code(7000) {
            (
                Cause::WrongId,
                Confidence::Likely,
                "compare the id in the path with the one in the dashboard: an account's and a zone's look alike",
            )
        } else if matches!(refusal, api::Error::RateLimited { .. }) || refusal.has_code(971) {
            (Cause::RateLimited, Confidence::Proved, "wait five minutes, then make fewer calls")
        } else if refusal.is_permission() {
            return self.missing(Cause::MissingGrant, Confidence::Likely, evidence);
        } else {
            return self.diagnosis(Cause::NotAboutPermissions, Confidence::Likely, evidence, None);
        };
        self.diagnosis(cause, confidence, evidence, Some(Mend::words(advice)))
    }

    /// A diagnosis whose mend is a grant: the one of the whole work's plan, or the smallest for this call.
    fn missing(&self, cause: Cause, confidence: Confidence, evidence: Vec<String>) -> Diagnosis {
        let alone = plan(&[self.need()], &Options::new(self.owner()));
        let grant = self.plan.and_then(|plan| plan.grant_for(self.operation)).or(alone.grants.first());
        let mend = grant.map(|grant| {
            let advice = GrantAdvice::new(grant.group, &grant.resource);
            let namesake = match self.namesake().filter(|group| *group != grant.group) {
                Some(group) => format!(" (the smallest; {}, named for it, does too)", group.name),
                None => String::new(),
            };
            Mend { advice: format!("grant {} at {}{namesake}", advice.group, advice.place), grant: Some(advice) }
        });
        self.diagnosis(cause, confidence, evidence, mend)
    }

    /// The accepted group that is named after the operation's product: the one that people expect.
    fn namesake(&self) -> Option<&'static Group> {
        let level = if self.operation.mutates() { "Write" } else { "Read" };
        let name = format!("{} {level}", self.operation.product());
        self.operation.accepts().find(|group| group.name == name)
    }

    fn diagnosis(&self, cause: Cause, confidence: Confidence, evidence: Vec<String>, mend: Option<Mend>) -> Diagnosis {
        let mut accepts = candidates(&self.need(), &Options::new(self.owner())).unwrap_or_default();
        accepts.sort_by_key(|choice| weight(choice.group, &choice.resource));
        Diagnosis {
            operation: self.operation.to_string(),
            cause,
            confidence,
            evidence,
            accepts: accepts.iter().map(|choice| format!("{} ({})", choice.group.name, choice.group.scope)).collect(),
            provenance: self.operation.provenance,
            mend,
        }
    }

    fn need(&self) -> Need {
        Need { operation: self.operation, resource: self.target.clone(), why: String::new(), origin: String::new() }
    }

    fn owner(&self) -> Owner {
        match self.manager {
            Some((_, api::Owner::Account(account))) => Owner::Account(account),
            Some((_, api::Owner::User)) | None => Owner::User(UNNAMED_USER),
        }
    }

    fn request(&self, token: &Token) -> policy::Request {
        self.need().request(token.owner, self.now)
    }
}

impl Mend {
    fn words(advice: &str) -> Self {
        Self { advice: advice.to_owned(), grant: None }
    }
}

/// What the token holds of what the call accepts; where it holds nothing, what it holds at all.
fn held(token: &Token, explanation: &Explanation) -> Vec<String> {
    if !explanation.held.is_empty() {
        let line = |hold: &policy::Hold| {
            let verb = if hold.effect == Effect::Deny { "denies" } else { "holds" };
            let effect = if hold.covers { "" } else { ", which does not cover this call" };
            format!("the token {verb} {} ({}) at {}{effect}", hold.group.name, hold.group.scope, hold.resource)
        };
        return explanation.held.iter().map(line).collect();
    }
    let line = |policy: &policy::Policy| {
        let groups: Vec<_> = policy.known_groups().map(|group| group.name).collect();
        let places: Vec<_> = policy.resources.iter().map(ToString::to_string).collect();
        format!("the token holds only {} at {}", groups.join(", "), places.join(", "))
    };
    token.policies.iter().take(6).map(line).collect()
}
