//! `flarekeep record`: runs a command, watches what it asks of Cloudflare, and plans the permissions that this needs.

mod beside;
mod diff;
mod ends;
mod graphql;
mod line;
mod local;
mod outcome;
mod replay;
mod watch;
mod world;

use std::io;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use flarekeep_cloudflare::DEFAULT_BASE_URL;
use flarekeep_proxy::{Authority, Dial, Exchange, Options, Proxy, Upstream};
use flarekeep_tokens::{Ended, Program, Signals, close_to_others};
use tokio::sync::mpsc;

use self::local::Local;
use self::outcome::Outcome;
use self::watch::Watch;
use crate::arguments::{Record, RecordVerb, To};
use crate::around::{Around, RunFiles};
use crate::commands::exec::not_started;
use crate::context::{Context, block_on};
use crate::environment;
use crate::error::{CommandError, Kind};
use crate::late_file::LateFile;
use crate::output::plain;
use crate::recording::Recording;
use crate::{CommandResult, Verdict};

pub(crate) use self::line::source;

pub(crate) fn run(context: &Context, arguments: &Record) -> CommandResult {
    match &arguments.verb {
        Some(RecordVerb::Replay(arguments)) => return replay::run(context, arguments),
        Some(RecordVerb::Diff(arguments)) => return diff::run(context, arguments),
        None => {}
    }
    let Some((typed, rest)) = arguments.command.split_first() else {
        return Err(CommandError::usage("no command is named").hint("flarekeep record -- COMMAND"));
    };
    if arguments.world.is_some() && arguments.to != Some(To::Emulator) {
        return Err(CommandError::usage("--world says what is in an emulator").hint("add --to emulator"));
    }
    if arguments.out.is_some() && arguments.out == arguments.plan_out {
        return Err(CommandError::usage("--out and --plan-out name one file").hint("give the plan a file of its own"));
    }
    // What could fail without the command does so before it is run.
    let program = Program::find(typed).map_err(|error| CommandError { reason: None, ..error.into() })?;
    let recording = arguments.out.as_deref().map(|path| Recording::open(path, "--out")).transpose()?;
    let plan_file = arguments.plan_out.as_deref().map(|path| LateFile::open(path, "--plan-out")).transpose()?;
    let mut watch = Watch::new(context.output, arguments, recording);
    let (ended, local) = block_on(async {
        let local = match arguments.to {
            Some(To::Emulator) => Some(Local::start(context, arguments.world.as_deref()).await?),
            _ => None,
        };
        if let Some(local) = &local {
            watch.is_in(local);
        }
        let upstream = upstream(context, arguments, local.as_ref())?;
        let ended = watched(context, &program, rest, upstream, local.as_ref(), arguments.base_url, &mut watch).await?;
        Ok((ended, local))
    })?;
    let plan_file = plan_file.as_ref();
    let outcome = Outcome { context, arguments, plan_file, program: &program, ended, local: local.as_ref() };
    // A plan that cannot be made is no failure of the command.
    if let Err(error) = outcome.tell(watch) {
        match ended.status() {
            0 => return Err(error),
            _ => context.output.error(&error),
        }
    }
    Ok(Verdict::Status(ended.status()))
}

/// Runs the command with the proxy around it.
async fn watched(
    context: &Context,
    program: &Program,
    rest: &[std::ffi::OsString],
    upstream: Upstream,
    local: Option<&Local>,
    base_url: bool,
    watch: &mut Watch,
) -> Result<Ended, CommandError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        CommandError::new(Kind::Unreachable, format!("{what}: {}", plain(&error.to_string())))
    };
    // The authority's key is in its memory.
    close_to_others();
    let (sender, mut calls) = mpsc::unbounded_channel::<Exchange>();
    let observer = Arc::new(move |exchange| {
        // Nobody listens once the command has ended.
        let _ = sender.send(exchange);
    });
    let options = Options { upstream, dial: Dial::as_environment_says(), roots: Vec::new(), observer, keeper: None };
    let authority = Authority::generated().map_err(|error| failed("no authority could be made", &error))?;
    let files = RunFiles::new(&authority)?;
    let proxy =
        Proxy::start(authority, options).await.map_err(|error| failed("the proxy cannot be started", &error))?;
    let around = Around::new(&files, &proxy, base_url);
    around.tell(context.output);
    let mut signals = Signals::catch().map_err(|error| failed("signals cannot be caught", &error))?;
    let json = context.output.json;
    let prepare = |command: &mut Command| {
        if let Some(local) = local {
            local.put_into(command);
        }
        around.put_into(command);
        // The document has standard output for itself.
        if let Some(copy) = json.then(|| io::stderr().as_fd().try_clone_to_owned().ok()).flatten() {
            command.stdout(Stdio::from(copy));
        }
    };
    let ended = {
        let run = program.run(rest, prepare, &mut signals);
        tokio::pin!(run);
        loop {
            tokio::select! {
                ended = &mut run => break ended,
                Some(exchange) = calls.recv() => watch.take(&exchange),
            }
        }
    };
    proxy.end().await;
    // What was told last is still on its way.
    while let Ok(Some(exchange)) = tokio::time::timeout(Duration::from_millis(50), calls.recv()).await {
        watch.take(&exchange);
    }
    ended.map_err(|error| not_started(program, &error))
}

/// Where the calls are sent on.
fn upstream(context: &Context, arguments: &Record, local: Option<&Local>) -> Result<Upstream, CommandError> {
    let r2 = arguments.r2.clone().or_else(environment::r2_endpoint);
    let (api, r2) = match (local, &arguments.to) {
        (Some(local), _) => (local.api(), local.r2()),
        (None, Some(To::Url(url))) => (url.clone(), r2),
        (None, _) => (context.trusted_base_url()?.to_owned(), r2),
    };
    if api.trim_end_matches('/') == DEFAULT_BASE_URL {
        return Ok(Upstream::cloudflare());
    }
    Upstream::elsewhere(&api, r2.as_deref()).map_err(|error| {
        CommandError::usage(format!("calls cannot be sent on to `{}`: {error}", plain(&api)))
            .hint("--to http://127.0.0.1:8787/client/v4 --r2 http://127.0.0.1:9000, as flarekeep emulate prints them")
            .hint("or --to emulator, which starts one")
    })
}
