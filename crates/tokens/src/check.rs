//! Whether a token meets the needs of a piece of work: one test that changes nothing for each.

use flarekeep_catalogue::{NamedTest, Operation, Rule};
use flarekeep_cloudflare::Client;
use flarekeep_planner::{Grant, Need, Plan, Target};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::advice::GrantAdvice;
use crate::attempt::{Attempt, Outcome, Probes};
use crate::error::Error;
use crate::identity::{Identity, identify, still_lives};

/// What is checked.
#[derive(Debug)]
pub struct Check<'a> {
    /// The plan whose needs are tried; it also says what a miss lacks.
    pub plan: &'a Plan,
    /// Tests with names of their own. Without any, every reading need is one.
    pub named: &'a [NamedTest],
    /// The account and zone on which they are tried.
    pub target: Target,
    /// What the token must not be able to do.
    pub refused: &'a [Need],
    /// Who the token is, where somebody asked already.
    pub token: Option<Identity>,
}

/// What the check showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// The token.
    pub token: Identity,
    /// The named tests.
    #[serde(flatten)]
    pub tests: Section,
    /// Every need that changes something.
    pub writes: Section,
    /// The reading needs that are not among the named tests.
    pub reads: Section,
    /// What the token must not be able to do: these pass where they are refused.
    #[serde(skip_serializing_if = "Section::is_empty")]
    pub refused: Section,
}

/// Tests that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// How many passed.
    pub passed: usize,
    /// How many there are.
    pub total: usize,
    /// The tests.
    pub tests: Vec<Test>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Test {
    /// Its name: a named test's own, otherwise what the need is for.
    pub name: String,
    /// The operation.
    pub operation: String,
    /// The resource on which it was tried.
    pub resource: String,
    /// How it ended.
    pub result: Verdict,
    /// What to add, where something is missing.
    pub grant: Option<GrantAdvice>,
    /// What Cloudflare said, or why nothing could be proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is as it must be: the token may do it, or may not where it must not.
    Pass,
    /// The token may not.
    Missing,
    /// The token may, and must not.
    Allowed,
    /// Neither could be shown.
    Unproven,
}

impl CheckReport {
    /// Whether every test passed.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.all().all(|test| test.result == Verdict::Pass)
    }

    /// Whether some permission was shown to be missing.
    #[must_use]
    pub fn misses(&self) -> bool {
        self.all().any(|test| test.result == Verdict::Missing)
    }

    /// Whether the token may do something that it must not.
    #[must_use]
    pub fn exceeds(&self) -> bool {
        self.all().any(|test| test.result == Verdict::Allowed)
    }

    /// Whether something is missing that a grant would mend.
    #[must_use]
    pub fn lacks_a_grant(&self) -> bool {
        self.all().any(|test| test.result == Verdict::Missing && test.grant.is_some())
    }

    fn all(&self) -> impl Iterator<Item = &Test> {
        [&self.tests, &self.writes, &self.reads, &self.refused].into_iter().flat_map(|section| &section.tests)
    }
}

/// Checks the client's own token. `progress` is called after each test with how many are done and how many there are.
///
/// # Errors
/// When Cloudflare refuses the credential itself, or cannot be reached; a refused call is a result.
pub async fn check(
    client: &Client,
    check: &Check<'_>,
    progress: impl FnMut(usize, usize),
) -> Result<CheckReport, Error> {
    let token = match &check.token {
        Some(token) => token.clone(),
        None => identify(client, check.target.account).await?,
    };
    let outcomes = outcomes(client, check, &token, progress).await?;
    if outcomes.0.iter().filter_map(|asked| asked.outcome.as_ref()).any(Outcome::may_be_of_a_dead_token) {
        still_lives(client, &token, check.target.account).await?;
    }
    let needs = |wanted: &dyn Fn(&Operation) -> bool| -> Vec<Test> {
        let needs = outcomes.0.iter().filter(|asked| wanted(asked.operation));
        needs.filter_map(|asked| Some(test(asked.need?, asked, check.plan))).collect()
    };
    let named = |operation: &Operation| check.named.iter().any(|test| test.operation == operation);
    let writes = needs(&|operation| operation.mutates());
    let reads = needs(&|operation| !operation.mutates() && !named(operation));
    let asked = |named: &NamedTest| outcomes.of(named.operation, &check.target);
    let named = check.named.iter().filter_map(|named| Some(test(&named.name, asked(named)?, check.plan)));
    let named: Vec<Test> = named.collect();
    let (tests, reads) = if named.is_empty() { (reads, named) } else { (named, reads) };
    let refused =
        check.refused.iter().filter_map(|need| Some(withheld(need, outcomes.of(need.operation, &place(check, need))?)));
    let refused = Section::new(refused.collect());
    let (tests, writes, reads) = (Section::new(tests), Section::new(writes), Section::new(reads));
    Ok(CheckReport { token, tests, writes, reads, refused })
}

impl Section {
    fn new(tests: Vec<Test>) -> Self {
        let passed = tests.iter().filter(|test| test.result == Verdict::Pass).count();
        Self { passed, total: tests.len(), tests }
    }

    fn is_empty(&self) -> bool {
        self.total == 0
    }
}

/// Where a need is tried. Its own place goes before that of the check: an operation may be needed at two zones.
fn place(check: &Check<'_>, need: &Need) -> Target {
    let Target { account, zone, bucket, .. } = &check.target;
    let own = &need.resource;
    Target {
        account: own.account.or(*account),
        zone: own.zone.or(*zone),
        every_zone: own.every_zone,
        bucket: own.bucket.clone().or(bucket.clone()),
    }
}

/// One operation that is tried at one place, once, however many tests and needs name it.
struct Asked<'a> {
    operation: &'static Operation,
    target: Target,
    /// What the need is for; none where only a named test asks.
    need: Option<&'a str>,
    outcome: Option<Outcome>,
}

struct Outcomes<'a>(Vec<Asked<'a>>);

impl<'a> Outcomes<'a> {
    /// Every operation of the needs, of the named tests and of what must be refused, none of them tried yet.
    fn open(check: &'a Check<'_>) -> Self {
        let of = |need: &'a Need| (need.operation, place(check, need));
        let needs = check.plan.needs.iter().map(|need| (of(need), Some(need.why.as_str())));
        let named = check.named.iter().map(|named| ((named.operation, check.target.clone()), None));
        let refused = check.refused.iter().map(|need| (of(need), None));
        let mut all = Self(Vec::new());
        for ((operation, target), need) in needs.chain(named).chain(refused) {
            if all.of(operation, &target).is_none() {
                all.0.push(Asked { operation, target, need, outcome: None });
            }
        }
        all
    }

    fn of(&self, operation: &Operation, target: &Target) -> Option<&Asked<'a>> {
        self.0.iter().find(|asked| asked.operation == operation && asked.target == *target)
    }
}

/// Tries every operation, all at the same time: the client paces itself.
async fn outcomes<'a>(
    client: &Client,
    check: &'a Check<'_>,
    token: &Identity,
    mut progress: impl FnMut(usize, usize),
) -> Result<Outcomes<'a>, Error> {
    let probes = Probes::load()?;
    let mut outcomes = Outcomes::open(check);
    let mut running = JoinSet::new();
    for (at, asked) in outcomes.0.iter_mut().enumerate() {
        if asked.operation.rule == Rule::AnyToken && asked.operation.path().ends_with("/tokens/verify") {
            asked.outcome = Some(verified(token));
            continue;
        }
        if let Some(reason) = impossible(check.plan, asked) {
            asked.outcome = Some(Outcome::Refused { codes: Vec::new(), message: reason });
            continue;
        }
        match probes.attempt(asked.operation, &asked.target) {
            Ok(attempt) => drop(running.spawn(tried(client.clone(), attempt, at))),
            Err(reason) => asked.outcome = Some(Outcome::Unproven { reason }),
        }
    }
    let total = outcomes.0.len();
    let mut done = total - running.len();
    progress(done, total);
    while let Some(finished) = running.join_next().await {
        // A task that panicked carries its panic on: it is a defect, and must not look like a result.
        let (at, outcome) = finished.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let outcome = outcome?;
        if let Some(asked) = outcomes.0.get_mut(at) {
            asked.outcome = Some(outcome);
        }
        done += 1;
        progress(done, total);
    }
    Ok(outcomes)
}

/// Why no grant meets the need that is asked about: then there is nothing to try.
fn impossible(plan: &Plan, asked: &Asked<'_>) -> Option<String> {
    let here = |need: usize| {
        plan.needs.get(need).is_some_and(|need| {
            need.operation == asked.operation && need.resource.zone.is_none_or(|zone| asked.target.zone == Some(zone))
        })
    };
    plan.impossible.iter().find(|entry| here(entry.need)).map(|entry| entry.reason.to_string())
}

async fn tried(client: Client, attempt: Attempt, at: usize) -> (usize, Result<Outcome, Error>) {
    (at, attempt.make(&client).await)
}

/// The token was verified already: to be alive is all that the operation asks.
fn verified(token: &Identity) -> Outcome {
    match token.is_active() {
        true => Outcome::Authorised,
        false => Outcome::Unproven { reason: format!("the token is {}", token.status) },
    }
}

fn test(name: &str, asked: &Asked<'_>, plan: &Plan) -> Test {
    let (operation, target) = (asked.operation, &asked.target);
    let (result, detail) = match &asked.outcome {
        Some(Outcome::Authorised) => (Verdict::Pass, None),
        Some(Outcome::Refused { message, .. }) => (Verdict::Missing, Some(message.clone())),
        Some(Outcome::Unproven { reason }) => (Verdict::Unproven, Some(reason.clone())),
        None => (Verdict::Unproven, None),
    };
    let grant = grant_for(asked, plan).filter(|_| result == Verdict::Missing);
    Test {
        name: if name.is_empty() { operation.to_string() } else { name.to_owned() },
        operation: operation.to_string(),
        resource: resource(operation, target),
        result,
        grant: grant.map(|grant| GrantAdvice::new(grant.group, &grant.resource)),
        detail,
    }
}

/// A test of what must be refused.
fn withheld(need: &Need, asked: &Asked<'_>) -> Test {
    let (result, detail) = match &asked.outcome {
        Some(Outcome::Authorised) => (Verdict::Allowed, None),
        Some(Outcome::Refused { message, .. }) => (Verdict::Pass, Some(message.clone())),
        Some(Outcome::Unproven { reason }) => (Verdict::Unproven, Some(reason.clone())),
        None => (Verdict::Unproven, None),
    };
    let operation = need.operation.to_string();
    let name = if need.why.is_empty() { operation.clone() } else { need.why.clone() };
    Test { name, operation, resource: resource(need.operation, &asked.target), result, grant: None, detail }
}

/// The lightest grant of the plan for this operation at this place.
fn grant_for<'p>(asked: &Asked<'_>, plan: &'p Plan) -> Option<&'p Grant> {
    let here = |need: &Need| {
        need.operation == asked.operation
            && need.resource.zone.is_none_or(|zone| Some(zone) == asked.target.zone)
            && need.resource.account.is_none_or(|account| Some(account) == asked.target.account)
    };
    let meets = |at: &usize| plan.needs.get(*at).is_some_and(here);
    plan.grants.iter().filter(|grant| grant.needs.iter().any(meets)).min_by_key(|grant| grant.weight)
}

/// The resource on which an operation is tried, in words.
fn resource(operation: &Operation, target: &Target) -> String {
    if let Some(bucket) = target.bucket.as_ref().filter(|_| operation.names_bucket()) {
        return format!("bucket {bucket}");
    }
    match (target.account, target.zone) {
        (_, Some(zone)) if operation.path().starts_with("/zones") => format!("zone {zone}"),
        (Some(account), _) if operation.path().starts_with("/accounts") => format!("account {account}"),
        _ => "user".to_owned(),
    }
}
