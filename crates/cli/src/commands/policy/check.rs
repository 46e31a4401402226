//! `flarekeep policy check`: gates for CI.

use flarekeep_catalogue::{AccountId, Operation, Rule, ZoneId};
use flarekeep_planner::Target;
use flarekeep_policy::{
    BucketKey, Call, Effect, Example, Owner, Owners, Ownership, Place, Policy, Request, Resource, Status, Token,
    UnixSeconds, compare, reach,
};
use serde_json::{Value, json};

use super::call;
use super::diff::gain_document;
use super::source::{Source, only_account, ownership, read};
use super::words;
use crate::arguments::{self, PolicyCheck};
use crate::context::{Context, block_on, now};
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, GOOD, STRONG, counted, plain, styled};
use crate::place::{self, SOME_USER, given_account, given_zone};
use crate::work::{Work, operation};
use crate::{CommandResult, Verdict};

/// What came of one gate.
struct Outcome {
    gate: String,
    of: String,
    verdict: Answer,
    /// Why it does not hold.
    because: Vec<String>,
    document: Value,
}

/// Whether a gate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Holds,
    Broken,
    /// It is not known that it holds.
    Unproven,
}

impl Answer {
    fn of(is_broken: bool, is_known: bool) -> Self {
        match (is_broken, is_known) {
            (true, _) => Self::Broken,
            (false, false) => Self::Unproven,
            (false, true) => Self::Holds,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Unproven => "unproven",
        }
    }
}

pub(crate) fn run(context: &Context, arguments: &PolicyCheck) -> CommandResult {
    demand(arguments)?;
    let ownership = ownership(&arguments.reading)?;
    let denied = arguments.denies.iter().map(|text| Denied::read(context, text)).collect::<Result<Vec<_>, _>>()?;
    let given = arguments.no_new_access.iter().chain(&arguments.tokens).map(String::as_str).collect::<Vec<_>>();
    let sources = read(context, &arguments.reading, &given)?;
    let (compared, tokens) = sources.split_at(arguments.no_new_access.len().min(sources.len()));
    let at = now();
    let mut outcomes = Vec::new();
    for pair in compared.chunks_exact(2) {
        if let [old, new] = pair {
            outcomes.push(no_new_access(old, new, &ownership, at));
        }
    }
    for token in tokens {
        outcomes.extend(denied.iter().map(|denied| denies(token, denied, &ownership, at)));
        if !arguments.only.is_empty() {
            outcomes.push(only(context, &arguments.only, token, &ownership, at)?);
        }
    }
    let passes = outcomes.iter().all(|outcome| outcome.verdict == Answer::Holds);
    let documents: Vec<&Value> = outcomes.iter().map(|outcome| &outcome.document).collect();
    context.output.document(&json!({"passes": passes, "gates": documents}));
    show(context, &outcomes);
    Ok(Verdict::yes_if(passes))
}

fn demand(arguments: &PolicyCheck) -> Result<(), CommandError> {
    let of_tokens = !arguments.denies.is_empty() || !arguments.only.is_empty();
    if !of_tokens && arguments.no_new_access.is_empty() {
        return Err(CommandError::usage("no gate is given").hint(
            "give --no-new-access OLD NEW, --denies 'DELETE /zones/{zone_id}' or --only RECIPE, as often as needed",
        ));
    }
    match (of_tokens, arguments.tokens.is_empty()) {
        (true, true) => Err(CommandError::usage("--denies and --only look at a token, and none is given")
            .hint("flarekeep policy check TOKEN --denies …, before the options")),
        (false, false) => Err(CommandError::usage("a token is given, and no gate for it").hint(
            "--no-new-access takes both of its tokens behind it; --denies and --only take those before the options",
        )),
        _ => Ok(()),
    }
}

fn show(context: &Context, outcomes: &[Outcome]) {
    let style = |verdict: Answer| match verdict {
        Answer::Holds => GOOD,
        Answer::Broken => BAD,
        Answer::Unproven => CARE,
    };
    for outcome in outcomes {
        let verdict = styled(style(outcome.verdict), format!("{:<8}", outcome.verdict.word()));
        context.output.line(format!("{verdict}  {}  {}", styled(STRONG, &outcome.gate), styled(FAINT, &outcome.of)));
        if !outcome.because.is_empty() {
            context.output.line(table(10, None, outcome.because.iter().map(|line| [line.clone()])));
        }
    }
    let held = outcomes.iter().filter(|outcome| outcome.verdict == Answer::Holds).count();
    context.output.line(format!("\ngates that hold: {held}/{}", outcomes.len()));
    context.output.note(styled(
        FAINT,
        format!("not covered: {} operations of which nobody has published what opens them", words::unlabelled()),
    ));
}

fn no_new_access(old: &Source, new: &Source, ownership: &Ownership, at: UnixSeconds) -> Outcome {
    beyond("--no-new-access".to_owned(), format!("{} → {}", old.name, new.name), &old.token, &new.token, ownership, at)
}

/// Whether `new` allows nothing that `old` does not.
fn beyond(gate: String, of: String, old: &Token, new: &Token, ownership: &Ownership, at: UnixSeconds) -> Outcome {
    let is_unknown = |token: &Token| token.status == Status::Unknown;
    // Where the new token may be switched on, so may the old: neither gains by that alone.
    let both = new.status != Status::Active && new.status.may_become_active();
    let asked = |token: &Token| if both || is_unknown(token) { switched_on(token) } else { token.clone() };
    let gained = compare(&asked(old), &asked(new), ownership, at).gained;
    let opened = opened_by_owner(old, &asked(new), ownership, at);
    let is_known = gained.unproved.is_empty() && opened == 0 && !is_unknown(old) && !is_unknown(new);
    let verdict = Answer::of(gained.example.is_some() && !is_unknown(new), is_known);
    let mut because: Vec<String> = doubt(new).into_iter().collect();
    if is_unknown(old) {
        because.push("the status of the old token is one that nobody knows".to_owned());
    }
    if let Some(example) = &gained.example {
        let by_conditions = gained.longer.is_some() || gained.wider.is_some();
        because.push(format!("it allows {}", words::example(example, by_conditions)));
        match (gained.areas.is_empty(), gained.longer, gained.wider) {
            (false, ..) => because.push(format!("beyond: {}", words::counts(&gained.areas))),
            (true, Some(_), _) => because.push("beyond: the time in which it is valid".to_owned()),
            (true, None, _) => because.push("beyond: the addresses from which it is valid".to_owned()),
        }
    }
    because.extend(unknown(gained.unproved.len()));
    if opened > 0 {
        because.push(format!(
            "it is a user's and the old one an account's, and the products of {} that it allows take no account's token, as \
             far as is known",
            counted(opened, "operation")
        ));
    }
    if let Some(Example { place: Place::Zone { zone: Some(zone), owners: Owners::These(_) }, .. }) = &gained.example {
        because.push(format!("--zone-account {zone}=ACCOUNT says who owns the zone"));
    }
    let mut document = gain_document(&gained);
    document["gate"] = json!(gate);
    document["of"] = json!(of);
    document["verdict"] = json!(verdict.word());
    Outcome { gate, of, verdict, because, document }
}

/// How many operations the new token may call as a user's, which the old one may not, whatever its policies say: the
/// products behind them take no token that an account owns. The engine looks at policies alone.
fn opened_by_owner(old: &Token, new: &Token, ownership: &Ownership, at: UnixSeconds) -> usize {
    match (old.owner, new.owner) {
        (Owner::Account(_), Owner::User(_)) => {
            reach(new, ownership, at).operations().iter().filter(|operation| operation.closed_to_account_tokens).count()
        }
        _ => 0,
    }
}

/// A token that is switched off can be switched on again, and is looked at as if it were; so is one of a status that
/// nobody knows.
fn switched_on(token: &Token) -> Token {
    let status = if token.status.may_become_active() { Status::Active } else { token.status };
    Token { status, ..token.clone() }
}

/// What the status of a token leaves open.
fn doubt(token: &Token) -> Option<String> {
    let text = match token.status {
        Status::Disabled => "it is disabled and can be switched on: it is looked at as if it were active",
        Status::Unknown => "its status is one that nobody knows: it is looked at as if it were active",
        Status::Active | Status::Expired | Status::RevokedExposed => return None,
    };
    Some(text.to_owned())
}

fn unknown(number: usize) -> Option<String> {
    let grants = counted(number, "grant");
    (number > 0).then(|| format!("it holds {grants} of which nobody has published what they open"))
}

/// What no token may call, and where, if the path is concrete.
struct Denied {
    operation: &'static Operation,
    account: Option<AccountId>,
    zone: Option<ZoneId>,
    bucket: Option<BucketKey>,
}

impl Denied {
    /// Reads an operation's method and template, or a call as `policy simulate` takes it.
    fn read(context: &Context, text: &str) -> Result<Self, CommandError> {
        let (method, path) = text.trim().split_once(char::is_whitespace).unwrap_or((text, ""));
        let path = place::without_words(path.trim());
        let at_template = || operation(text).or_else(|error| path_alone(text).map_or(Err(error), operation));
        if path.starts_with("s3://{") || path.starts_with('/') && path.contains('{') {
            let (operation, Target { account, zone, .. }) = at_template()?;
            return Ok(Self { operation, account, zone, bucket: None });
        }
        let call = Call { method, path: &path, account: call::account(context)?, user: None, ip: None, at: now() };
        let Some(request) = call::request(context, &call)? else {
            let (operation, Target { account, zone, .. }) = at_template()?;
            return Ok(Self { operation, account, zone, bucket: None });
        };
        let Request { operation, account, zone, bucket, .. } = request;
        if operation.names_bucket() && bucket.is_none() {
            return Err(CommandError::usage(format!(
                "which account owns the bucket of `{}` is not known",
                plain(&path)
            ))
            .hint("give --account ID, or leave the bucket a template: s3://{bucket_name}/{object_key}"));
        }
        // An account that is given beside the path says whose bucket it is, and nothing of other calls.
        let account = account.filter(|_| operation.names_account());
        Ok(Self { operation, account, zone, bucket })
    }

    fn place(&self) -> String {
        let bucket = self.bucket.as_ref().map(|bucket| format!(" on bucket {bucket}"));
        let account = self.account.map(|id| format!(" of account {id}"));
        let zone = self.zone.map(|id| format!(" of zone {id}"));
        plain(&place::in_words(&bucket.or(account).or(zone).unwrap_or_default()))
    }
}

/// The text without the query of an API's path.
fn path_alone(text: &str) -> Option<&str> {
    text.split_once('?').map(|(before, _)| before).filter(|before| !before.contains("s3://"))
}

/// Whether the token may not call the operation: anywhere, or in the account, on the zone and on the bucket of a concrete
/// path.
fn denies(source: &Source, denied: &Denied, ownership: &Ownership, at: UnixSeconds) -> Outcome {
    let operation = denied.operation;
    let is_status_known = source.token.status != Status::Unknown;
    let reach = reach(&switched_on(&source.token), ownership, at);
    let call = match &denied.bucket {
        Some(bucket) => reach.call_on_bucket(operation, bucket),
        None => reach.call(operation, denied.account, denied.zone),
    };
    let is_known = operation.rule != Rule::Unlabelled && reach.unproved.is_empty() || reach.window.is_never();
    let verdict = Answer::of(call.is_some() && is_status_known, is_known && is_status_known);
    let mut because: Vec<String> = doubt(&source.token).into_iter().collect();
    because.extend(call.iter().map(|(request, place)| format!("it allows {}", words::call(request, place))));
    if verdict == Answer::Unproven && operation.rule == Rule::Unlabelled {
        because.push("nobody has published what opens this operation".to_owned());
    } else if !reach.window.is_never() {
        because.extend(unknown(reach.unproved.len()));
    }
    let gate = format!("--denies '{operation}'{}", denied.place());
    let document = json!({
        "gate": gate,
        "of": source.name,
        "verdict": verdict.word(),
        "example": call.map(|(request, place)| words::request_document(&request, place)),
        "unproved": words::unproved_document(&reach.unproved),
    });
    Outcome { gate, of: source.name.clone(), verdict, because, document }
}

/// Whether the token may do nothing beyond the smallest plans for the recipes. Its time and addresses are its own: a plan
/// has none.
fn only(
    context: &Context,
    recipes: &[String],
    source: &Source,
    ownership: &Ownership,
    at: UnixSeconds,
) -> Result<Outcome, CommandError> {
    let mut policies: Vec<Policy> = Vec::new();
    for recipe in recipes {
        let work = Work::read(&arguments::Work { recipes: vec![recipe.clone()], ..arguments::Work::default() })?;
        let owner = match source.token.owner {
            Owner::User(_) => arguments::Owner::User,
            Owner::Account(_) => arguments::Owner::Account,
        };
        policies.extend(work.plan(&target(context, &work, &source.token)?, owner)?.policies());
    }
    for resource in policies.iter_mut().flat_map(|policy| &mut policy.resources) {
        if let (Resource::User(SOME_USER), Owner::User(user)) = (&*resource, source.token.owner) {
            *resource = Resource::User(user);
        }
    }
    let planned = Token::unconditional(source.token.owner, policies);
    let recipes: Vec<String> = recipes.iter().map(|recipe| format!("--only {}", plain(recipe))).collect();
    Ok(beyond(recipes.join(" "), source.name.clone(), &planned, &source.token, ownership, at))
}

/// Where the recipe's work is done: as given, else where the token is granted something, if that is one place.
fn target(context: &Context, work: &Work, token: &Token) -> Result<Target, CommandError> {
    let Some(mut target) = place::offline(context) else {
        return block_on(async { place::find(context, &context.manager()?, work.wanted()).await });
    };
    if given_account(context).is_none() {
        let owner = match token.owner {
            Owner::Account(account) => Some(account),
            Owner::User(_) => None,
        };
        target.account = owner.or_else(|| only_account(&token.policies)).or(target.account);
    }
    if given_zone(context).is_none() {
        let allowed = token.policies.iter().filter(|policy| policy.effect == Effect::Allow);
        let mut zones = allowed.flat_map(|policy| &policy.resources).filter_map(|resource| match resource {
            Resource::Zone(zone) | Resource::ZoneOf(_, zone) => Some(*zone),
            _ => None,
        });
        let first = zones.next();
        target.zone = first.filter(|first| zones.all(|zone| zone == *first)).or(target.zone);
    }
    Ok(target)
}
