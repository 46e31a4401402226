//! Asking before acting, and where a value should go.

use std::io::IsTerminal;

use flarekeep_tokens::{DEFAULT_KEY, FORMS, Sink};

use crate::arguments::{Consent, Delivery};
use crate::context::Context;
use crate::error::CommandError;

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

/// Where the value goes: as given, or as typed at the prompt. With `--dry-run` there is no value; a sink that is given is
/// proved all the same.
pub(crate) fn sink(context: &Context, delivery: &Delivery) -> Result<Option<Sink>, CommandError> {
    if delivery.consent.dry_run {
        delivery.to.as_ref().map(Sink::prove).transpose()?;
        return Ok(None);
    }
    let sink = match &delivery.to {
        Some(sink) => sink.clone(),
        None if on_terminal() => asked()?,
        None => {
            return Err(CommandError::usage("where the token's value should go is not said")
                .because("Cloudflare shows a value once: it must go somewhere at once")
                .hint(format!("--to SINK, which is one of {FORMS}"))
                .hint("for example: --to env:.env"));
        }
    };
    if sink == Sink::Stdout && context.output.json {
        return Err(CommandError::usage("--to - and --json both want standard output")
            .hint("--to file:PATH or --to env:FILE keeps the value out of the document"));
    }
    if let Some(remark) = sink.remark() {
        context.output.warn(remark);
    }
    Ok(Some(sink))
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
