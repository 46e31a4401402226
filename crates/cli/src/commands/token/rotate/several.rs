//! `flarekeep token rotate --all` and `--due`: several tokens, a few at a time. One that fails does not stop the others.

use std::sync::Arc;

use flarekeep_cloudflare::{Client, CredentialKind, Owner, Status, Token};
use flarekeep_tokens::{Desk, Error, Holding, Rotation, Sink, Waiting, identify, pending, rotate_waiting, successor};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{
    declared, declared_end, dry, grace, holding_of, known_sinks, rotated_document, rotated_line, spelled, warn_of_quota,
};
use crate::arguments::TokenRotate;
use crate::commands::token::account;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on, owner};
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, Output, counted, plain, styled};
use crate::{CommandResult, Verdict, desk, limits};

/// So many are rotated at once.
const AT_ONCE: usize = 4;
/// A token is due when less than a fourth of its life is left, and less than this.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A token that is to be rotated, and why.
struct Chosen {
    token: Token,
    holding: Holding,
    sinks: Vec<Sink>,
    why: String,
}

/// What became of one.
enum Became {
    Rotated(Value, String),
    /// The old one is kept for a while.
    Kept(Timestamp),
    Failed(CommandError),
}

pub(super) fn run(context: &Context, arguments: &TokenRotate) -> CommandResult {
    let output = context.output;
    let asked = Timestamp::now();
    let expires = arguments.expires.as_deref().map(limits::expiry).transpose()?;
    block_on(async {
        let manager = context.manager()?;
        let target = account(context, &manager, arguments.owner).await?;
        let owner = owner(arguments.owner, &target)?;
        // What was left unfinished comes first: those may be rotated then.
        let desk = if dry(arguments) {
            desk::at_rest(context, manager.clone()).await?
        } else {
            desk::open(context, manager.clone(), None).await?
        };
        let holdings = desk.journal.holdings().await?;
        let tokens = manager.tokens(owner).list_with_expired().await?;
        let itself = own_id(&manager, owner).await;
        let (mut chosen, mut passed, mut younger) = (Vec::new(), Vec::new(), 0_usize);
        for token in &tokens {
            let holding = holding_of(&holdings, &manager, owner, token);
            match judged(arguments, token, holding.as_ref(), Some(token.id) == itself, asked) {
                Judged::Rotate(why) => {
                    let Some(holding) = holding else { continue };
                    match known_sinks(&holding) {
                        Ok(sinks) => chosen.push(Chosen { token: token.clone(), holding, sinks, why }),
                        Err(error) => passed.push((token, error.message)),
                    }
                }
                Judged::PassOver(why) => passed.push((token, why)),
                Judged::NotYet => younger += 1,
            }
        }
        chosen.sort_by(|a, b| a.token.name.cmp(&b.token.name));
        passed.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        tell(output, &chosen, &passed, younger, arguments.due);
        let passed: Vec<Value> = passed
            .iter()
            .map(|(token, why)| json!({"id": token.id.to_string(), "name": token.name, "why": why}))
            .collect();
        if chosen.is_empty() || dry(arguments) {
            let would: Vec<Value> = chosen.iter().map(Chosen::document).collect();
            output.document(
                &json!({"dry_run": dry(arguments), "tokens": would, "passed_over": passed, "not_yet": younger}),
            );
            return Ok(Verdict::Yes);
        }
        warn_of_quota(output, owner, &tokens);
        if confirm(arguments.consent, &format!("Rotate {}?", counted(chosen.len(), "token")))? == Go::NoFurther {
            return Ok(Verdict::Yes);
        }
        let rotations: Vec<(Rotation, Vec<Sink>)> = chosen
            .into_iter()
            .map(|one| {
                let mut new = successor(&one.token, asked);
                new.expires_on = expires.or(declared_end(Some(&one.holding), asked)).or(new.expires_on);
                let rotation = Rotation {
                    owner,
                    old: one.token,
                    new,
                    grace: grace(arguments),
                    declared: declared(Some(one.holding)),
                    asked,
                };
                (rotation, one.sinks)
            })
            .collect();
        let outcomes = all(&desk, rotations).await;
        outcomes.iter().for_each(|(token, became)| became.tell(output, token));
        let whole = outcomes.iter().all(|(_, became)| matches!(became, Became::Rotated(..)));
        output.document(&json!({
            "dry_run": false, "tokens": outcomes.iter().map(|(token, became)| became.document(token)).collect::<Vec<_>>(),
            "passed_over": passed, "not_yet": younger,
        }));
        if whole {
            return Ok(Verdict::Yes);
        }
        output.note("some are not done: flarekeep token resume goes on with those that were begun");
        Ok(Verdict::Partly)
    })
}

enum Judged {
    Rotate(String),
    PassOver(String),
    /// Nothing is to be done about it yet.
    NotYet,
}

fn judged(
    arguments: &TokenRotate,
    token: &Token,
    holding: Option<&Holding>,
    is_itself: bool,
    now: Timestamp,
) -> Judged {
    let pass_over = |why: &str| Judged::PassOver(why.to_owned());
    if token.status == Status::Expired {
        return Judged::NotYet;
    }
    if pending(&token.name).is_some() {
        return pass_over("a run is making it, or left it: flarekeep token orphans");
    }
    let why = if arguments.due { due(token, holding, now) } else { old_enough(arguments, token, now) };
    let Some(why) = why else { return Judged::NotYet };
    let Some(holding) = holding.filter(|holding| !holding.sinks.is_empty()) else {
        return pass_over("the journal does not know its sinks: rotate it by name, with --to");
    };
    if is_itself {
        return pass_over("it is the credential that does this: rotate it by name");
    }
    if token.status == Status::Disabled {
        return pass_over("it is disabled, and its successor would not be");
    }
    if holding.sinks.iter().any(|sink| sink.parse::<Sink>().is_ok_and(|sink| sink.prints())) {
        return pass_over("its value was printed: rotate it by name, with --to");
    }
    Judged::Rotate(why)
}

/// Why a token is old enough for `--all`.
fn old_enough(arguments: &TokenRotate, token: &Token, now: Timestamp) -> Option<String> {
    let Some(age) = arguments.older_than else { return Some("all are asked for".to_owned()) };
    let made = token.issued_on?;
    let is_old = now.duration_since(made) >= SignedDuration::from_secs(i64::from(age.0));
    is_old.then(|| format!("made {}", made.strftime("%Y-%m-%d")))
}

/// Why a token is due: its declaration says so, or its end is near.
fn due(token: &Token, holding: Option<&Holding>, now: Timestamp) -> Option<String> {
    let every = holding.and_then(|holding| Some((holding.since, holding.declared.as_ref()?.rotate_every?)));
    if let Some((since, every)) = every
        && let Ok(seconds) = i64::try_from(every)
        && now.duration_since(since).as_secs() >= seconds
    {
        return Some(format!("rotate_every has passed since {}", since.strftime("%Y-%m-%d")));
    }
    let end = token.expires_on?;
    let begin = token.not_before.or(token.issued_on)?;
    let soon = (end.duration_since(begin) / 4).min(SOON);
    (end.duration_since(now) <= soon).then(|| format!("ends {}", end.strftime("%Y-%m-%d %H:%M UTC")))
}

/// The token that the manager's credential is, where it is one that can be asked.
async fn own_id(manager: &Client, owner: Owner) -> Option<flarekeep_catalogue::TokenId> {
    if manager.credential().kind() == CredentialKind::GlobalKey {
        return None;
    }
    let account = match owner {
        Owner::User => None,
        Owner::Account(account) => Some(account),
    };
    identify(manager, account).await.ok().map(|identity| identity.id)
}

/// Rotates them, a few at a time, in their order.
async fn all(desk: &Desk, rotations: Vec<(Rotation, Vec<Sink>)>) -> Vec<(Token, Became)> {
    let few = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (place, (rotation, sinks)) in rotations.into_iter().enumerate() {
        let (desk, few) = (desk.clone(), few.clone());
        tasks.spawn(async move {
            let _turn = few.acquire().await;
            let became = match rotate_waiting(&desk, &rotation, &sinks, Waiting::Later).await {
                Ok(rotated) => {
                    let mut document = rotated_document(&rotation.old, &rotated, &sinks);
                    document["remarks"] = json!(rotated.remarks);
                    Became::Rotated(document, rotated_line(&rotation.old, &rotated, &sinks))
                }
                Err(Error::StillWaiting { until, .. }) => Became::Kept(until),
                Err(error) => Became::Failed(error.into()),
            };
            (place, rotation.old, became)
        });
    }
    let mut outcomes = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        // A task that panicked is a defect, and the program says so.
        match joined {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => {}
        }
    }
    outcomes.sort_by_key(|(place, ..)| *place);
    outcomes.into_iter().map(|(_, token, became)| (token, became)).collect()
}

fn tell(output: Output, chosen: &[Chosen], passed: &[(&Token, String)], younger: usize, due: bool) {
    let word = if due { "due" } else { "to be rotated" };
    output.line(match chosen.len() {
        0 => format!("no token is {word}"),
        1 => format!("1 token is {word}"),
        many => format!("{many} tokens are {word}"),
    });
    if !chosen.is_empty() {
        let rows = chosen
            .iter()
            .map(|one| [plain(&one.token.name), one.why.clone(), styled(FAINT, spelled(&one.sinks).join(", "))]);
        output.line(table(2, None, rows));
    }
    if !passed.is_empty() {
        output.line(format!("passed over: {}", counted(passed.len(), "token")));
        output.line(table(2, None, passed.iter().map(|(token, why)| [plain(&token.name), plain(why)])));
    }
    if younger > 0 {
        output.note(format!("not yet: {}", counted(younger, "token")));
    }
}

impl Chosen {
    fn document(&self) -> Value {
        json!({
            "id": self.token.id.to_string(), "name": self.token.name, "why": self.why, "delivered_to": spelled(&self.sinks),
        })
    }
}

impl Became {
    fn tell(&self, output: Output, token: &Token) {
        let name = plain(&token.name);
        match self {
            Self::Rotated(document, line) => {
                output.line(line);
                let remarks = document["remarks"].as_array().into_iter().flatten().filter_map(Value::as_str);
                remarks.for_each(|remark| output.warn(format!("{name}: {}", plain(remark))));
            }
            Self::Kept(until) => output.line(format!(
                "{} token {} ({name}): its successor is delivered, and it lives until {until}",
                styled(CARE, "kept"),
                token.id
            )),
            Self::Failed(error) => {
                let error = error.masked();
                output.line(format!("{} token {} ({name}): {}", styled(BAD, "failed"), token.id, error.message));
                error.reason.iter().for_each(|reason| output.note(format!("  why:  {reason}")));
                error.hints.iter().for_each(|hint| output.note(format!("  hint: {hint}")));
            }
        }
    }

    fn document(&self, token: &Token) -> Value {
        let mut document = match self {
            Self::Rotated(document, _) => document.clone(),
            _ => json!({ "id": token.id.to_string(), "name": token.name }),
        };
        let (outcome, detail) = match self {
            Self::Rotated(..) => ("rotated", Value::Null),
            Self::Kept(until) => ("kept", json!({ "until": until.to_string() })),
            Self::Failed(error) => ("failed", error.masked().document()["error"].clone()),
        };
        document["outcome"] = json!(outcome);
        document["detail"] = detail;
        document
    }
}
