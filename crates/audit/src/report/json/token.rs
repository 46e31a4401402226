//! Tokens and what they reach as documents.

use flarekeep_planner::{PlanDocument, PolicyDocument, Target, plan_document, policy_documents};
use jiff::Timestamp;
use serde::Serialize;

use super::finding::{OwnerDocument, PlaceDocument};
use crate::audit::Audited;
use crate::level::Severity;
use crate::reach::{Level, Narrower, ProductReach, TokenReach, UsedOperation, WideningWay};

#[derive(Debug, Serialize)]
pub(super) struct TokenDocument<'a> {
    id: String,
    name: &'a str,
    owner: OwnerDocument,
    owner_name: &'a str,
    place: PlaceDocument<'a>,
    status: &'a str,
    issued_on: Option<Timestamp>,
    modified_on: Option<Timestamp>,
    last_used_on: Option<Timestamp>,
    not_before: Option<Timestamp>,
    expires_on: Option<Timestamp>,
    worst: Option<Severity>,
    findings: usize,
    reach: ReachDocument<'a>,
}

#[derive(Debug, Serialize)]
struct ReachDocument<'a> {
    score: u32,
    usable: bool,
    known: bool,
    reads: usize,
    writes: usize,
    products: Vec<ProductDocument>,
    resources: &'a [String],
    widening: Vec<WideningDocument<'a>>,
    unproved: &'a [String],
    narrower: Option<NarrowerDocument>,
}

#[derive(Debug, Serialize)]
struct ProductDocument {
    product: &'static str,
    level: Level,
    reads: usize,
    writes: usize,
}

#[derive(Debug, Serialize)]
struct WideningDocument<'a> {
    way: &'static str,
    gains: &'static str,
    operation: String,
    place: &'a str,
}

#[derive(Debug, Serialize)]
struct NarrowerDocument {
    used: Vec<UsedDocument>,
    complete: bool,
    lost: Vec<ProductDocument>,
    lost_reads: usize,
    lost_writes: usize,
    score: u32,
    policies: Vec<PolicyDocument>,
    plan: Option<PlanDocument>,
}

#[derive(Debug, Serialize)]
struct UsedDocument {
    operation: String,
    times: u64,
    account: Option<String>,
    zone: Option<String>,
    bucket: Option<String>,
}

impl<'a> TokenDocument<'a> {
    pub(super) fn of(token: &'a Audited) -> Self {
        Self {
            id: token.token.id.to_string(),
            name: &token.token.name,
            owner: OwnerDocument::of(token.token.owner),
            owner_name: &token.owner,
            place: PlaceDocument::of(&token.token.place),
            status: &token.status,
            issued_on: token.issued_on,
            modified_on: token.modified_on,
            last_used_on: token.last_used_on,
            not_before: token.not_before,
            expires_on: token.expires_on,
            worst: token.worst,
            findings: token.findings,
            reach: ReachDocument::of(&token.reach),
        }
    }
}

impl<'a> ReachDocument<'a> {
    fn of(reach: &'a TokenReach) -> Self {
        Self {
            score: reach.score,
            usable: reach.is_usable,
            known: reach.is_known,
            reads: reach.reads,
            writes: reach.writes,
            products: reach.products.iter().map(ProductDocument::of).collect(),
            resources: &reach.resources,
            widening: reach.widening.iter().map(WideningDocument::of).collect(),
            unproved: &reach.unproved,
            narrower: reach.narrower.as_ref().map(NarrowerDocument::of),
        }
    }
}

impl ProductDocument {
    fn of(reach: &ProductReach) -> Self {
        let ProductReach { product, level, reads, writes } = *reach;
        Self { product, level, reads, writes }
    }
}

impl<'a> WideningDocument<'a> {
    fn of(way: &'a WideningWay) -> Self {
        let operation = way.operation.to_string();
        Self { way: way.way.word(), gains: way.gains, operation, place: &way.place }
    }
}

impl NarrowerDocument {
    fn of(narrower: &Narrower) -> Self {
        Self {
            used: narrower.used.iter().map(UsedDocument::of).collect(),
            complete: narrower.is_complete,
            lost: narrower.lost.iter().map(ProductDocument::of).collect(),
            lost_reads: narrower.lost_reads,
            lost_writes: narrower.lost_writes,
            score: narrower.score,
            policies: narrower.policies.iter().flat_map(policy_documents).collect(),
            plan: narrower.plan.as_ref().map(plan_document),
        }
    }
}

impl UsedDocument {
    fn of(used: &UsedOperation) -> Self {
        let Target { account, zone, bucket, .. } = &used.target;
        Self {
            operation: used.operation.to_string(),
            times: used.times,
            account: account.map(|id| id.to_string()),
            zone: zone.map(|id| id.to_string()),
            bucket: bucket.as_ref().map(ToString::to_string),
        }
    }
}
