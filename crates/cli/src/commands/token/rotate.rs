//! `flarekeep token rotate`: a successor in a token's place.

mod narrower;
mod progress;
mod several;

use flarekeep_cloudflare::{self as api, Client, NewToken, Owner, Token};
use flarekeep_tokens::{
    Declared, Desk, Entry, Error, Grace, Holding, Kind, Rotated, Rotation, Sink, Waiting, pending, rotate_waiting,
    successor,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::progress::Progress;
use super::account;
use crate::arguments::TokenRotate;
use crate::consent::{Go, confirm, destinations, whereabouts};
use crate::context::{Context, block_on, owner};
use crate::error::{CommandError, Kind as Failure};
use crate::output::{GOOD, Output, plain, styled};
use crate::{CommandResult, Verdict, desk, limits};

/// So many tokens an owner may have (developers.cloudflare.com/fundamentals/api/reference/limits, 2026-04-20); an
/// Enterprise contract can raise it.
const QUOTA_OF_USER: usize = 50;
const QUOTA_OF_ACCOUNT: usize = 500;

pub(crate) fn run(context: &Context, arguments: &TokenRotate) -> CommandResult {
    if arguments.all || arguments.due {
        return several::run(context, arguments);
    }
    let asked = Timestamp::now();
    let given = arguments.token.as_deref().unwrap_or_default();
    block_on(async {
        let manager = context.manager()?;
        let target = account(context, &manager, arguments.owner).await?;
        let owner = owner(arguments.owner, &target)?;
        let desk = desk::at_rest(context, manager.clone()).await?;
        let unfinished = desk.journal.unfinished().await?;
        let all = manager.tokens(owner).list_with_expired().await?;
        let old = chosen(&desk, owner, &all, given, unfinished).await?;
        let holding = holding_of(&desk.journal.holdings().await?, &manager, owner, &old);
        let sinks = sinks(arguments, holding.as_ref(), &old)?;
        refuse_mixture(context, &sinks)?;
        let mut new = successor(&old, asked);
        new.expires_on = declared_end(holding.as_ref(), asked).or(new.expires_on);
        if let Some(expires) = &arguments.expires {
            new.expires_on = Some(limits::expiry(expires)?);
        }
        let narrowed = narrower::of(context, arguments, &manager, owner, &old, &mut new).await?;
        let grace = grace(arguments);
        warn_of_quota(context.output, owner, &all);
        sinks.iter().filter_map(Sink::remark).for_each(|remark| context.output.warn(remark));
        let steps = steps(&old, &new, &sinks, grace);
        if dry(arguments) {
            sinks.iter().try_for_each(|sink| sink.prove().map(drop))?;
            context.output.document(&json!({
                "dry_run": true, "id": old.id.to_string(), "name": old.name, "steps": steps,
                "delivered_to": spelled(&sinks), "expires_on": time(new.expires_on), "changes": narrowed,
            }));
            show(context.output, &old, &steps, Output::line);
            return Ok(Verdict::Yes);
        }
        show(context.output, &old, &steps, Output::note);
        if confirm(arguments.consent, "Rotate it?")? == Go::NoFurther {
            return Ok(Verdict::Yes);
        }
        let name = new.name.clone();
        let desk = desk::open(context, manager.clone(), Some(&desk.subject(owner, &name))).await?;
        let declared = declared(holding);
        let rotation = Rotation { owner, old: old.clone(), new, grace, declared, asked };
        let progress = Progress::new(context.output, &name);
        let watch = |glance: &flarekeep_tokens::Glance| progress.see(glance);
        let rotated = tokio::select! {
            rotated = rotate_waiting(&desk, &rotation, &sinks, Waiting::Out(Some(&watch))) => rotated,
            _ = tokio::signal::ctrl_c() => return Err(interrupted(&name)),
        };
        progress.end();
        report(context.output, &old, &rotated?, &sinks);
        Ok(Verdict::Yes)
    })
}

/// The token that is meant. An earlier run may have been stopped when two had the name: then it is the one that the
/// journal says is replaced, or the one that took its place.
async fn chosen(
    desk: &Desk,
    owner: Owner,
    all: &[Token],
    given: &str,
    unfinished: Vec<Entry>,
) -> Result<Token, CommandError> {
    let id = given.parse().ok();
    let known: Vec<&Token> = all.iter().filter(|token| Some(token.id) == id || token.name == given).collect();
    if let [one] = known.as_slice() {
        return Ok((*one).clone());
    }
    let subject = desk.subject(owner, given);
    let mut entries = unfinished;
    entries.extend(desk.journal.unfinished().await?);
    entries.extend(desk.journal.last_finished(&subject).await?.map(|(entry, _)| entry));
    let is_meant = |entry: &&Entry| {
        let of = &entry.change.subject;
        entry.change.kind == Kind::Rotate
            && (of.api == subject.api && of.owner == owner)
            && (of.name == given || entry.change.replaces == id)
    };
    for entry in entries.iter().filter(is_meant) {
        let ids = [entry.change.replaces, entry.progress().minted];
        if known.iter().all(|token| ids.contains(&Some(token.id)))
            && let Some(token) =
                all.iter().find(|token| ids.contains(&Some(token.id)) && pending(&token.name).is_none())
        {
            let replaced = all.iter().find(|token| Some(token.id) == entry.change.replaces);
            return Ok(replaced.unwrap_or(token).clone());
        }
    }
    match known.as_slice() {
        [] => {
            let names = all.iter().map(|token| token.name.clone());
            let nearest = flarekeep_catalogue::nearest(given, names);
            Err(Error::NoToken { given: given.to_owned(), nearest }.into())
        }
        many => {
            let ids = many.iter().map(|token| token.id).collect();
            Err(Error::ManyTokens { given: given.to_owned(), ids }.into())
        }
    }
}

/// What the journal knows of the token. Another token of the same name has sinks of its own.
fn holding_of(holdings: &[Holding], manager: &Client, owner: Owner, token: &Token) -> Option<Holding> {
    let here = |holding: &&Holding| holding.subject.api == manager.base_url() && holding.subject.owner == owner;
    holdings.iter().filter(here).find(|holding| holding.id == token.id).cloned()
}

/// Where the new value goes.
fn sinks(arguments: &TokenRotate, holding: Option<&Holding>, old: &Token) -> Result<Vec<Sink>, CommandError> {
    if !arguments.to.is_empty() {
        return Ok(arguments.to.clone());
    }
    let name = plain(&old.name);
    let Some(holding) = holding.filter(|holding| !holding.sinks.is_empty()) else {
        return Err(CommandError::usage(format!("where the new value of `{name}` should go is not known"))
            .because("the journal knows the sinks of tokens that flarekeep made, and it does not know this one")
            .hint(format!("flarekeep token rotate '{name}' --to SINK, which is one of {}", flarekeep_tokens::FORMS)));
    };
    known_sinks(holding)
}

/// The sinks that the journal knows.
fn known_sinks(holding: &Holding) -> Result<Vec<Sink>, CommandError> {
    let parsed = holding.sinks.iter().map(|spelling| spelling.parse::<Sink>());
    parsed.collect::<Result<_, _>>().map_err(|error| Error::SinkSpelling(error.to_string()).into())
}

fn refuse_mixture(context: &Context, sinks: &[Sink]) -> Result<(), CommandError> {
    if context.output.json && sinks.iter().any(Sink::prints) {
        return Err(CommandError::usage("--to - and --json both want standard output")
            .hint("--to file:PATH or --to env:FILE keeps the value out of the document"));
    }
    Ok(())
}

fn grace(arguments: &TokenRotate) -> Option<Grace> {
    arguments.grace.map(|age| Grace { seconds: age.0, until_used: arguments.until_used })
}

fn declared(holding: Option<Holding>) -> Option<Declared> {
    holding.and_then(|holding| holding.declared)
}

/// The end that the token's declaration gives as a time: it stays where it is.
fn declared_end(holding: Option<&Holding>, now: Timestamp) -> Option<Timestamp> {
    holding?.declared.as_ref()?.end_after(now)
}

fn dry(arguments: &TokenRotate) -> bool {
    arguments.plan || arguments.consent.dry_run
}

/// Says that one more token may be one too many, before anything is done.
fn warn_of_quota(output: Output, owner: Owner, all: &[Token]) {
    let living = all.iter().filter(|token| token.status != api::Status::Expired).count();
    let (most, whose) = match owner {
        Owner::User => (QUOTA_OF_USER, "a user"),
        Owner::Account(_) => (QUOTA_OF_ACCOUNT, "an account"),
    };
    if living >= most {
        output.warn(format!(
            "{whose} may have {most} tokens, unless a contract says otherwise, and there are {living}: the successor may \
             be refused; flarekeep token orphans finds those that can go"
        ));
    }
}

/// What will be done, step by step.
fn steps(old: &Token, new: &NewToken, sinks: &[Sink], grace: Option<Grace>) -> Vec<String> {
    let until = new
        .expires_on
        .map_or_else(|| "without an end".to_owned(), |time| format!("until {}", time.strftime("%Y-%m-%dT%H:%M:%SZ")));
    let mut steps = vec![
        format!(
            "make a token with {}, {until}",
            if new.policies == old.policies { "the same permissions" } else { "the new permissions" }
        ),
        format!("deliver {}", plain(&destinations(sinks, "its value"))),
        "try the new value".to_owned(),
        format!("call the new token {}", plain(&new.name)),
    ];
    steps.extend(grace.map(|grace| {
        let age = crate::arguments::Age(grace.seconds);
        let used = if grace.until_used { "; longer if the new one is not used by then" } else { "" };
        format!("keep the old token for {age} at most{used}")
    }));
    steps.push(format!("revoke the old token {}, and see that it is dead", old.id));
    steps
}

fn show(output: Output, old: &Token, steps: &[String], say: fn(Output, String)) {
    say(output, format!("token {} ({})", old.id, plain(&old.name)));
    for (number, step) in steps.iter().enumerate() {
        say(output, format!("  {}. {step}", number + 1));
    }
}

fn report(output: Output, old: &Token, rotated: &Rotated, sinks: &[Sink]) {
    if rotated.by_another {
        output.note("another run had begun to rotate this token: it was finished, and no other one made");
    }
    rotated.remarks.iter().for_each(|remark| output.warn(plain(remark)));
    let mut document = rotated_document(old, rotated, sinks);
    document["remarks"] = json!(rotated.remarks);
    output.document(&document);
    let line = rotated_line(old, rotated, sinks);
    output.beside(sinks.iter().any(Sink::prints), line);
}

fn rotated_document(old: &Token, rotated: &Rotated, sinks: &[Sink]) -> Value {
    let token = &rotated.token;
    let replaced = (old.id != token.id).then(|| old.id.to_string());
    json!({
        "id": token.id.to_string(), "name": token.name, "replaced": replaced, "expires_on": time(token.expires_on),
        "delivered_to": spelled(sinks), "by_another": rotated.by_another, "old_value_refused": rotated.old_is_refused,
    })
}

fn rotated_line(old: &Token, rotated: &Rotated, sinks: &[Sink]) -> String {
    let token = &rotated.token;
    let dead = if old.id == token.id {
        String::new()
    } else {
        format!("; the old one, {}, is dead{}", old.id, if rotated.old_is_refused { ", its value refused" } else { "" })
    };
    format!(
        "{} token {} ({}); {}{dead}",
        styled(GOOD, "rotated"),
        token.id,
        plain(&token.name),
        plain(&whereabouts(sinks, "its value"))
    )
}

fn interrupted(name: &str) -> CommandError {
    CommandError::new(Failure::Partial, format!("interrupted while `{}` was rotated", plain(name)))
        .because("every step is in the journal: nothing is lost, and a value that is out works")
        .hint("flarekeep token resume goes on; --now ends an old token that is kept for a while")
}

fn spelled(sinks: &[Sink]) -> Vec<String> {
    sinks.iter().map(|sink| plain(&sink.to_string())).collect()
}

fn time(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}
