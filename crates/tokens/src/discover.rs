//! What a token may do, where nobody can read its policies: learned by asking, with as few requests as suffice.
//!
//! Every request is one that changes nothing: a read, or a probe of the catalogue's table. What is concluded from the answers
//! is in [`knowledge`], which of them to ask next in [`choice`]; both are pure.

mod choice;
mod knowledge;
mod questions;
mod report;

use std::collections::BTreeSet;

use flarekeep_catalogue::{AccountId, Operation, ZoneId, operation};
use flarekeep_cloudflare::{self as api, Client};
use tokio::task::JoinSet;

use crate::attempt::{Outcome, Probes};
use crate::discover::choice::Accepts;
use crate::discover::knowledge::Knowledge;
use crate::discover::questions::{Catechism, Ground};
use crate::error::Error;
use crate::identity::{Identity, IdentityOwner, identify, still_lives};
use crate::translate::token_from_wire;

pub use report::{Discovered, GroupAt, OneOf, Open, Reached, Why};

/// How many requests are made at the same time. Those of one batch ask about different things, so that little is asked which
/// the others' answers would have told.
const AT_ONCE: usize = 4;
/// Requests that are kept for the end: whether the token that was refused still lives.
const AT_THE_END: usize = 1;
/// How many zones beside the one that is asked about are looked at.
const MORE_ZONES: usize = 10;

/// What to find out, and how far to go.
#[derive(Debug, Clone)]
pub struct Discovery {
    /// The account to ask at; without one, that of the zone, or the first that the token lists.
    pub account: Option<AccountId>,
    /// The zone to ask at; without one, the first that the token lists.
    pub zone: Option<ZoneId>,
    /// The most requests to make.
    pub budget: usize,
    /// Whether to go on until nothing more can be told, however unlikely.
    pub thorough: bool,
}

/// Learns what the client's own token holds. `progress` is called with how many requests were made.
///
/// # Errors
/// When Cloudflare refuses the credential itself, or cannot be reached; a refused call is an answer.
pub async fn discover(
    client: &Client,
    wanted: &Discovery,
    mut progress: impl FnMut(usize),
) -> Result<Discovered, Error> {
    let token = identify(client, wanted.account).await?;
    let mut spent = 1;
    let owner = match (token.owner, wanted.account) {
        (IdentityOwner::Account, Some(account)) => api::Owner::Account(account),
        _ => api::Owner::User,
    };
    spent += 1;
    let itself = match client.tokens(owner).get(token.id).await {
        Ok(itself) => {
            let policies = token_from_wire(&itself, owner)?.policies;
            return Ok(Discovered::read(token, &policies, spent, wanted.budget));
        }
        Err(refusal) if refusal.is_permission() => Some(false),
        Err(refusal) if refusal.is_authentication() || refusal.is_location() => return Err(refusal.into()),
        Err(_) => None,
    };
    let mut asker = Asker { client, spent, wanted, asked: Vec::new(), let_in: Vec::new(), is_doubtful: false };
    let (ground, zones) = asker.places(&token).await?;
    let all = Catechism::new(ground, token.owner, &Probes::load()?);
    let mut knowledge = Knowledge::new(all.implied.clone());
    asker.asked = vec![false; all.questions.len()];
    if let (Some(let_in), Some(question)) = (itself, all.question(reading_itself(owner))) {
        asker.note(&all, &mut knowledge, question, Some(let_in));
    }
    progress(asker.spent);
    loop {
        let left = wanted.budget.saturating_sub(asker.spent + AT_THE_END).min(AT_ONCE);
        let batch = choice::next(&all.questions, &asker.asked, &knowledge, &all.chance, left, wanted.thorough);
        if batch.is_empty() {
            break;
        }
        for (question, let_in) in asker.ask(&all, &batch).await? {
            asker.note(&all, &mut knowledge, question, let_in);
        }
        progress(asker.spent);
    }
    if asker.is_doubtful {
        asker.spent += 1;
        still_lives(client, &token, ground.account).await?;
    }
    let mut places = asker.answered(&all, ground, &knowledge);
    for zone in zones.iter().filter(|zone| Some(**zone) != ground.zone).take(MORE_ZONES) {
        // That it is in the token's list is the proof.
        places.push(Reached { place: format!("zone {zone}"), reached: Some(true) });
    }
    let count = (asker.spent, wanted.budget);
    let report = Discovered::concluded(token, &all, &knowledge, &asker.asked, &asker.let_in, count);
    Ok(Discovered { places, ..report })
}

/// The operation by which a token reads itself.
fn reading_itself(owner: api::Owner) -> &'static Operation {
    let name = match owner {
        api::Owner::User => "GET /user/tokens/{token_id}",
        api::Owner::Account(_) => "GET /accounts/{account_id}/tokens/{token_id}",
    };
    // INVARIANT: both are in the catalogue; the first of all stands in for one that is not.
    operation(name).unwrap_or(&flarekeep_catalogue::operations()[0])
}

struct Asker<'a> {
    client: &'a Client,
    wanted: &'a Discovery,
    spent: usize,
    asked: Vec<bool>,
    /// The questions that were let in, in the order in which they were learned.
    let_in: Vec<usize>,
    /// Whether something was refused as a token is that died meanwhile.
    is_doubtful: bool,
}

impl Asker<'_> {
    /// Where to ask, and every zone that the token lists.
    async fn places(&mut self, token: &Identity) -> Result<(Ground, BTreeSet<ZoneId>), Error> {
        let Discovery { account, zone, .. } = *self.wanted;
        let mut listed = BTreeSet::new();
        let mut owners = Vec::new();
        if zone.is_none() {
            self.spent += 1;
            for one in seen(self.client.zones().list(account).await)?.unwrap_or_default() {
                owners.extend(one.account.as_ref().map(|account| (one.id, account.id)));
                listed.insert(one.id);
            }
        }
        let zone = zone.or(listed.first().copied());
        if let (Some(zone), false) = (zone, owners.iter().any(|(one, _)| Some(*one) == zone)) {
            self.spent += 1;
            let one = seen(self.client.zones().get(zone).await)?;
            owners.extend(one.and_then(|one| one.account).map(|account| (zone, account.id)));
        }
        let owner = owners.iter().find(|(one, _)| Some(*one) == zone).map(|(_, account)| *account);
        let mut account = account.or(owner);
        if account.is_none() && token.owner == IdentityOwner::User {
            self.spent += 1;
            account = seen(self.client.accounts().list().await)?.and_then(|all| all.first().map(|account| account.id));
        }
        let owned = account.is_some() && account == owner;
        Ok((Ground { account, zone, owned }, listed))
    }

    /// Asks all of them at the same time. An answer is none where it proves nothing.
    async fn ask(&mut self, all: &Catechism, batch: &[usize]) -> Result<Vec<(usize, Option<bool>)>, Error> {
        let mut running = JoinSet::new();
        for at in batch.iter().copied() {
            let Some(question) = all.questions.get(at) else { continue };
            let (client, attempt) = (self.client.clone(), question.attempt.clone());
            self.spent += 1;
            running.spawn(async move { (at, attempt.make(&client).await) });
        }
        let mut answers = Vec::new();
        while let Some(finished) = running.join_next().await {
            // A task that panicked carries its panic on: it is a defect, and must not look like an answer.
            let (at, outcome) = finished.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            let outcome = outcome?;
            self.is_doubtful |= outcome.may_be_of_a_dead_token();
            answers.push(match outcome {
                Outcome::Authorised => (at, Some(true)),
                Outcome::Refused { .. } => (at, Some(false)),
                Outcome::Unproven { .. } => (at, None),
            });
        }
        answers.sort_by_key(|(at, _)| batch.iter().position(|one| one == at));
        Ok(answers)
    }

    fn note(&mut self, all: &Catechism, knowledge: &mut Knowledge, question: usize, let_in: Option<bool>) {
        if let Some(asked) = self.asked.get_mut(question) {
            *asked = true;
        }
        if let (Some(let_in), Some(asked)) = (let_in, all.questions.get(question)) {
            knowledge.learn(asked.accepts(), let_in);
            if let_in {
                self.let_in.push(question);
            }
        }
    }

    /// Whether the token reaches the places that it was asked at.
    fn answered(&self, all: &Catechism, ground: Ground, knowledge: &Knowledge) -> Vec<Reached> {
        let within = |names: fn(&Operation) -> bool| {
            let here = || {
                let asked = all.questions.iter().zip(&self.asked).enumerate();
                asked.filter(move |(_, (question, asked))| **asked && names(question.operation)).map(|(at, _)| at)
            };
            let refused = |at: usize| {
                let accepts = all.questions.get(at).map_or(&[][..], Accepts::accepts);
                !accepts.is_empty() && accepts.iter().all(|one| knowledge.is_excluded(*one))
            };
            if here().any(|at| self.let_in.contains(&at)) { Some(true) } else { here().any(refused).then_some(false) }
        };
        let account = ground.account.map(|account| (format!("account {account}"), within(Operation::names_account)));
        let zone = ground.zone.map(|zone| (format!("zone {zone}"), within(Operation::names_zone)));
        let places = account.into_iter().chain(zone);
        places.map(|(place, reached)| Reached { place, reached }).collect()
    }
}

/// What a look showed: nothing where it was refused.
fn seen<T>(answer: Result<T, api::Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_authentication() || error.is_location() => Err(error.into()),
        Err(api::Error::Refused { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
