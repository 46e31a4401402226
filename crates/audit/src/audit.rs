//! The audit itself: every rule at every token.

use std::collections::{HashMap, HashSet};

use flarekeep_catalogue::TokenId;
use flarekeep_policy::Status;
use jiff::Timestamp;

use crate::accepted::{Acceptance, Accepted, Ignored, judge};
use crate::copies::{once, silent};
use crate::counts::Counts;
use crate::finding::{About, Finding, TokenRef};
use crate::level::Severity;
use crate::pages::missing;
use crate::reach::{ReachCache, TokenReach, measure};
use crate::rule::Rule;
use crate::rules::{RULES, Scene, Subject, looked_around, looked_at};
use crate::settings::Settings;
use crate::text;
use crate::token::{OwnedBy, TokenRecord, seconds};
use crate::world::{Place, Unread, World};

/// What an audit found.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The time for which it is true.
    pub now: Timestamp,
    /// Every token, the highest score first.
    pub tokens: Vec<Audited>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// What is wrong and accepted for now.
    pub accepted: Vec<Accepted>,
    /// What is wrong and left out by a rule of the settings.
    pub ignored: Vec<Ignored>,
    /// Acceptances of the baseline that are over while their finding is still there: it is among the findings.
    pub expired_acceptances: Vec<Acceptance>,
    /// Acceptances of findings that are there no more: their rows can go. None where something was not read, or was left
    /// out: the finding may be hidden by that.
    pub stale_baseline: Vec<Acceptance>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// Where usage was read, and the period it covers; empty where nobody looked.
    pub usage_sources: Vec<String>,
    /// The period that audit logs cover.
    pub usage_period: Option<(Timestamp, Timestamp)>,
    /// How many findings there are of each severity.
    pub counts: Counts,
}

/// A token with its reach.
#[derive(Debug, Clone)]
pub struct Audited {
    /// The token.
    pub token: TokenRef,
    /// The API's word for its status, with control characters escaped; `expired` for one whose time is over.
    pub status: String,
    /// Who owns it, in words: `user`, `account Example Ltd`.
    pub owner: String,
    /// When it was made.
    pub issued_on: Option<Timestamp>,
    /// When it was last changed.
    pub modified_on: Option<Timestamp>,
    /// When it was last used.
    pub last_used_on: Option<Timestamp>,
    /// When it begins.
    pub not_before: Option<Timestamp>,
    /// When it ends.
    pub expires_on: Option<Timestamp>,
    /// What it reaches.
    pub reach: TokenReach,
    /// The severity of the worst finding about it.
    pub worst: Option<Severity>,
    /// How many findings are about it.
    pub findings: usize,
}

/// Looks at every token of the world. A token that was read twice is looked at once, as it was changed last; where what was
/// read differs, that is unread.
#[must_use]
pub fn audit(world: &World, settings: &Settings) -> Audit {
    audit_with(world, settings, HashMap::new())
}

/// A token that was looked at before all the others were known: see [`look`].
#[derive(Debug)]
pub struct Looked {
    findings: Vec<Finding>,
    audited: Audited,
}

/// Looks at one token as [`audit`] does, for [`audit_with`]: a caller to whom tokens come one after the other need not wait
/// for the last. Of `world` only the accounts, the zones and the usage are asked; `known` is of this world.
#[must_use]
pub fn look(record: &TokenRecord, world: &World, settings: &Settings, known: &ReachCache) -> Box<Looked> {
    let measured = known.measured(record, world, seconds(settings.now));
    let usage = world.usage.as_ref().and_then(|usage| usage.tokens.get(&record.id));
    let reach = measure(record, &measured, usage, world, settings);
    let scene = Scene { world, tokens: &[] };
    let subject = Subject { scene: &scene, token: record, measured: &measured, reach: &reach, usage };
    let about = About::of(record);
    let findings = looked_at(&subject, &about, settings);
    Box::new(Looked { findings, audited: shown(record, about.token, reach, world, settings.now) })
}

/// As [`audit`], where some tokens were looked at already.
///
/// Each of `looked` must be of the token that the world has under this id, and of these settings, and of a world that says
/// the same of accounts, zones and usage: else the audit is of two worlds.
#[must_use]
pub fn audit_with(world: &World, settings: &Settings, mut looked: HashMap<TokenId, Box<Looked>>) -> Audit {
    let (tokens, differing) = once(&world.tokens);
    let unread: Vec<Unread> = world
        .unread
        .iter()
        .cloned()
        .chain(silent(&tokens, &world.silent))
        .chain(missing(&world.pages))
        .chain(differing)
        .collect();
    let (mut found, mut audited) = (Vec::new(), Vec::with_capacity(tokens.len()));
    let known = ReachCache::default();
    for record in &tokens {
        let looked = looked.remove(&record.id).unwrap_or_else(|| look(record, world, settings, &known));
        found.extend(looked.findings);
        audited.push(looked.audited);
    }
    found.extend(looked_around(&Scene { world, tokens: &tokens }, settings));
    let mut judged = judge(found, settings);
    if !unread.is_empty() || world.is_part {
        judged.missing.clear();
    }
    if !judged.missing.is_empty() && !settings.off.is_empty() {
        let hidden = hidden(&tokens, world, settings, &known);
        judged.missing.retain(|row| !hidden.contains(&row.finding));
    }
    let mut about: HashMap<TokenId, (Option<Severity>, usize)> = HashMap::new();
    for finding in &judged.findings {
        if let Some(token) = &finding.token {
            let (worst, count) = about.entry(token.id).or_default();
            // The worst come first.
            worst.get_or_insert(finding.severity);
            *count += 1;
        }
    }
    for token in &mut audited {
        (token.worst, token.findings) = about.get(&token.token.id).copied().unwrap_or_default();
    }
    audited.sort_by(|a, b| b.reach.score.cmp(&a.reach.score).then_with(|| a.token.order().cmp(&b.token.order())));
    Audit {
        now: settings.now,
        tokens: audited,
        counts: Counts::of_all(&judged.findings),
        findings: judged.findings,
        accepted: judged.accepted,
        ignored: judged.ignored,
        expired_acceptances: judged.expired,
        stale_baseline: judged.missing,
        unread,
        usage_sources: world.usage.as_ref().map(|usage| usage.sources.clone()).unwrap_or_default(),
        usage_period: world.usage.as_ref().and_then(|usage| usage.period),
    }
}

/// The fingerprints of what the rules that are off would find: nobody looked, and it is there still.
fn hidden(tokens: &[&TokenRecord], world: &World, settings: &Settings, known: &ReachCache) -> HashSet<String> {
    let is_on = |rule: &&&Rule| !settings.off.contains(rule.id);
    let off = RULES.iter().filter(is_on).map(|rule| rule.id.to_owned()).collect();
    let others = Settings { off, ..settings.clone() };
    let of_tokens = tokens.iter().flat_map(|record| look(record, world, &others, known).findings);
    let around = looked_around(&Scene { world, tokens }, &others);
    of_tokens.chain(around).map(|finding| finding.fingerprint).collect()
}

/// Makes ready what the first audit of a process would else look up in the catalogue: for a caller that waits for
/// something else meanwhile. An audit needs no such call.
pub fn prepare() {
    let token = crate::read::token_json(ANY, OwnedBy::User(None), Place::Live);
    let world = World { tokens: token.into_iter().collect(), ..World::default() };
    drop(audit(&world, &Settings::new(Timestamp::UNIX_EPOCH)));
}

/// A token of one group, as the API writes it.
const ANY: &str = r#"{"id": "00000000000000000000000000000001", "name": "any", "status": "active", "policies": [{
    "effect": "allow", "resources": {"com.cloudflare.api.account.*": "*"},
    "permission_groups": [{"id": "c1fde68c7bcc44588cbb6ddbc16d6480"}]}]}"#;

fn shown(record: &TokenRecord, token: TokenRef, reach: TokenReach, world: &World, now: Timestamp) -> Audited {
    let ended = record.status == Status::Active && record.expires_on.is_some_and(|end| end <= now);
    Audited {
        token,
        status: if ended { "expired".to_owned() } else { text::shown(&record.status_word) },
        owner: match record.owner {
            OwnedBy::Account(account) => world.account_words(account),
            OwnedBy::User(_) => "user".to_owned(),
            OwnedBy::Unknown => "unknown".to_owned(),
        },
        issued_on: record.issued_on,
        modified_on: record.modified_on,
        last_used_on: record.last_used_on,
        not_before: record.not_before,
        expires_on: record.expires_on,
        reach,
        worst: None,
        findings: 0,
    }
}
