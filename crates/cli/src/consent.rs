//! Asking before acting, and where a value should go.

use std::io::IsTerminal;

use flarekeep_tokens::{DEFAULT_KEY, FORMS, Shape, Sink};

use crate::arguments::{Consent, Delivery};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::plain;

/// What to do after a change was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Go {
    /// Act.
    Ahead,
    /// Only the showing was asked for.
    NoFurther,
}

/// Whether to make the change that was just shown.
pub(crate) fn confirm(consent: Consent, question: &str) -> Result<Go, CommandError> {
    if consent.dry_run {
        return Ok(Go::NoFurther);
    }
    if consent.yes {
        return Ok(Go::Ahead);
    }
    if !on_terminal() {
        return Err(CommandError::usage("this changes something, and nobody can be asked")
            .hint("--yes answers the confirmation; --dry-run only shows the change"));
    }
    let answer = dialoguer::Confirm::new().with_prompt(question).default(false).interact();
    match answer {
        Ok(true) => Ok(Go::Ahead),
        _ => Err(CommandError::usage("not confirmed: nothing was changed")),
    }
}

/// Fails at once where [`confirm`] would: before anything is made for what will be asked.
pub(crate) fn able_to_ask(consent: Consent) -> Result<(), CommandError> {
    if on_terminal() { Ok(()) } else { confirm(consent, "").map(drop) }
}

/// Where the value goes: as given, or as typed at the prompt. With `--dry-run` there is no value; sinks that are given
/// are proved all the same.
pub(crate) fn sinks(context: &Context, delivery: &Delivery) -> Result<Option<Vec<Sink>>, CommandError> {
    sinks_for(context, delivery, &Shape::Value)
}

/// The same for what has this shape.
pub(crate) fn sinks_for(
    context: &Context,
    delivery: &Delivery,
    shape: &Shape,
) -> Result<Option<Vec<Sink>>, CommandError> {
    able_to_deliver(delivery, context.output.json)?;
    if delivery.consent.dry_run {
        for sink in &delivery.to {
            sink.prove_for(shape)?;
        }
        return Ok(None);
    }
    let sinks = match &delivery.to[..] {
        [] => vec![asked()?],
        given => given.to_vec(),
    };
    refuse_two_answers(&sinks, context.output.json)?;
    for remark in sinks.iter().filter_map(Sink::remark) {
        context.output.warn(remark);
    }
    Ok(Some(sinks))
}

/// Fails at once where [`sinks`] would for what was given, or was not: before anybody is asked anything. `json` is whether a
/// document is the answer.
pub(crate) fn able_to_deliver(delivery: &Delivery, json: bool) -> Result<(), CommandError> {
    refuse_clashes(&delivery.to)?;
    if delivery.consent.dry_run {
        return Ok(());
    }
    if delivery.to.is_empty() && !on_terminal() {
        return Err(CommandError::usage("where the token's value should go is not said")
            .because("Cloudflare shows a value once: it must go somewhere at once")
            .hint(format!("--to SINK, which is one of {FORMS}"))
            .hint("for example: --to env:.env"));
    }
    refuse_two_answers(&delivery.to, json)
}

/// Refuses a value on the standard output that a document wants for itself.
fn refuse_two_answers(sinks: &[Sink], json: bool) -> Result<(), CommandError> {
    if json && sinks.iter().any(Sink::prints) {
        return Err(CommandError::usage("--to - and --json both want standard output")
            .hint("--to file:PATH or --to env:FILE keeps the value out of the document"));
    }
    Ok(())
}

/// Refuses two sinks of which one would take what the other was given.
fn refuse_clashes(sinks: &[Sink]) -> Result<(), CommandError> {
    for (at, sink) in sinks.iter().enumerate() {
        let Some(first) = sinks[..at].iter().find(|first| sink.is_in_the_way_of(first)) else { continue };
        let (one, other) = (plain(&first.spelling()), plain(&sink.spelling()));
        return Err(match one == other {
            true => CommandError::usage(format!("--to {one} is given twice")).hint("give each sink once"),
            false => CommandError::usage(format!("--to {one} and --to {other} are one place"))
                .because("what the one is given would take the place of what the other has")
                .hint("give each place once"),
        });
    }
    Ok(())
}

/// Where a token's value is, and its R2 keys: `its value is in TOKEN in .env and standard output, its R2 keys are in s3.env`.
/// What the value is called is given.
pub(crate) fn whereabouts(sinks: &[Sink], value: &str) -> String {
    told(sinks, &format!("{value} is in"), "its R2 keys are in")
}

/// Where they go: `its value to TOKEN in .env, its R2 keys to s3.env`.
pub(crate) fn destinations(sinks: &[Sink], value: &str) -> String {
    told(sinks, &format!("{value} to"), "its R2 keys to")
}

fn told(sinks: &[Sink], value: &str, keys: &str) -> String {
    let of_keys = |sink: &Sink| matches!(sink, Sink::R2Keys(_));
    let words = |sink: &Sink| match sink {
        Sink::R2Keys(keys) => keys.place(),
        other => other.to_string(),
    };
    let [values, pairs] =
        [false, true].map(|wanted| sinks.iter().filter(|sink| of_keys(sink) == wanted).map(words).collect::<Vec<_>>());
    let parts = [(value, values), (keys, pairs)].into_iter().filter(|(_, places)| !places.is_empty());
    parts.map(|(what, places)| format!("{what} {}", listed(&places))).collect::<Vec<_>>().join(", ")
}

/// `A, B and C`.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

fn asked() -> Result<Sink, CommandError> {
    let typed: String = dialoguer::Input::new()
        .with_prompt(format!("Where should the value go ({FORMS})"))
        .default(format!("env:.env:{DEFAULT_KEY}"))
        .interact_text()
        .map_err(|_| CommandError::usage("where the token's value should go is not said"))?;
    typed.parse().map_err(|error: flarekeep_tokens::BadSink| {
        CommandError::usage(error.to_string()).hint("for example: env:.env")
    })
}

/// Whether somebody is there to be asked.
pub(crate) fn on_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}
