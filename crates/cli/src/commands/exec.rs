//! `flarekeep exec`: runs a command under a token that is made for it and ends with it.

mod guard;
mod lent;
mod report;

use std::process::Command;
use std::time::Instant;

use flarekeep_tokens::{Ended, Program, ProgramError, Signals, Variables, lend as mint};
use jiff::{SignedDuration, Timestamp};

use self::lent::Lent;
use self::report::Outcome;
use crate::arguments::Exec;
use crate::context::{Context, block_on};
use crate::error::{CommandError, Kind};
use crate::late_file::LateFile;
use crate::output::{CARE, Output, counted, plain, styled};
use crate::{CommandResult, Verdict, around, desk, lend, place};

pub(crate) fn run(context: &Context, arguments: &Exec) -> CommandResult {
    if context.output.json {
        return Err(CommandError::usage("standard output belongs to the command, and --json wants it")
            .hint("--report FILE writes the document to a file; --report /dev/stderr shows it"));
    }
    let Some((typed, rest)) = arguments.command.split_first() else {
        return Err(CommandError::usage("no command is named").hint("flarekeep exec --recipe NAME -- COMMAND"));
    };
    // Whatever can be found out before a token is minted, is.
    let program = Program::find(typed)?;
    let report = arguments.report.as_deref().filter(|_| !arguments.dry_run);
    let report = report.map(|path| LateFile::open(path, "--report")).transpose()?;
    block_on(async {
        let manager = context.manager()?;
        let mut lent = Lent::read(context, arguments, &manager, &program).await?;
        if arguments.guard.is_some() {
            guard::through_proxy(&mut lent.around, &lent.policies);
            guard::warn(context.output, &lent.policies);
        }
        let mut variables = Variables::for_command(&lent.around, &present());
        if arguments.guard.is_some() {
            let environment =
                std::env::vars_os().map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
            guard::keep_back(&mut variables, &environment.flatten().collect::<Vec<_>>());
        }
        let proxied = if arguments.guard.is_some() { around::names() } else { Vec::new() };
        variables.removed.retain(|name| !proxied.contains(&name.as_str()));
        let told = Told { lent: &lent, variables: &variables, proxied: &proxied };
        told.show(context.output, arguments.ttl, arguments.dry_run);
        if arguments.dry_run {
            return Ok(Verdict::Yes);
        }
        let mut signals = Signals::catch().map_err(|error| {
            CommandError::new(Kind::Unreachable, format!("signals cannot be caught: {error}"))
                .because("a command that they end would leave its token behind")
        })?;
        let guard = arguments.guard.map(|how| guard::Ready::new(context, how)).transpose()?;
        let desk = desk::open(context, manager, None).await?;
        let loan = mint(&desk, lent.owner, &lent.token).await?;
        let id = loan.id();
        loan.remarks().iter().for_each(|remark| context.output.warn(plain(remark)));
        if let Some(signal) = signals.early().await {
            lend::end(loan, lent.owner, lent.token.expires_on).await?;
            context.output.note("the command was not started: a signal came before");
            return Ok(Verdict::Status(u8::try_from(128 + signal).unwrap_or(u8::MAX)));
        }
        let begun = Instant::now();
        let outcome = match guard {
            Some(ready) => {
                let guarded = guard::Guarded { context, lent: &lent, variables: &variables };
                guarded.run(ready, (&program, rest), (id, loan.value()), &mut signals).await
            }
            None => {
                let prepare = |command: &mut Command| variables.put_into(command, id, loan.value());
                program.run(rest, prepare, &mut signals).await.map_err(|error| not_started(&program, &error))
            }
        };
        let took = SignedDuration::try_from(begun.elapsed()).unwrap_or(SignedDuration::MAX);
        let revoked = lend::end(loan, lent.owner, lent.token.expires_on).await;
        if revoked.is_ok() {
            context.output.note(format!("token {id} is revoked"));
        }
        if took > arguments.ttl {
            outlived(context.output, took, arguments.ttl);
        }
        if let Some(report) = report {
            let ended = outcome.as_ref().ok().copied();
            let outcome = Outcome { token: id, program: &program, ended, took, revoked: revoked.is_ok() };
            if let Err(error) = report.write(&outcome.document(&told)) {
                context.output.error(&error.because("the command was run, and its token revoked"));
            }
        }
        verdict(context.output, outcome, revoked)
    })
}

/// The command's own status goes before what became of its token, which is told all the same.
fn verdict(output: Output, outcome: Result<Ended, CommandError>, revoked: Result<(), CommandError>) -> CommandResult {
    let status = match outcome {
        Ok(ended) => ended.status(),
        Err(failed) => {
            if let Err(left) = revoked {
                output.error(&left);
            }
            return Err(failed);
        }
    };
    match revoked {
        Err(left) if status == 0 => Err(left),
        Err(left) => {
            output.error(&left);
            Ok(Verdict::Status(status))
        }
        Ok(()) => Ok(Verdict::Status(status)),
    }
}

pub(super) fn not_started(program: &Program, error: &std::io::Error) -> CommandError {
    let name = plain(&program.name());
    CommandError::new(Kind::NotExecutable, format!("`{name}` could not be started: {error}"))
        .hint("does it run without flarekeep? a script needs an interpreter in its first line")
}

fn outlived(output: Output, took: SignedDuration, ttl: SignedDuration) {
    let rounded = |time: SignedDuration| SignedDuration::from_secs(time.as_secs());
    output.warn(format!(
        "the command ran for {:#}, and its token had {:#}: what it called after that was refused; --ttl gives it more",
        rounded(took),
        rounded(ttl)
    ));
}

/// What is told of a command before it is run, and in the report when it has ended.
struct Told<'a> {
    lent: &'a Lent,
    variables: &'a Variables,
    /// The names of those that lead its calls through the guard's proxy.
    proxied: &'a [&'static str],
}

impl Told<'_> {
    /// The names of the variables that are set for it.
    fn set(&self) -> Vec<&str> {
        self.variables.set.iter().map(|(name, _)| name.as_str()).chain(self.proxied.iter().copied()).collect()
    }

    /// What is about to be lent, in a line; with `--verbose`, and where nothing else is done, all of it.
    fn show(&self, output: Output, ttl: SignedDuration, whole: bool) {
        let Self { lent, variables, .. } = self;
        let permissions: usize = lent.policies.iter().map(|policy| policy.groups.len()).sum();
        let end = match lent.token.expires_on.filter(|end| *end < Timestamp::now().saturating_add(ttl).unwrap_or(*end))
        {
            Some(earlier) => format!("until {earlier} at the latest"),
            None => format!("for {ttl:#} at most"),
        };
        output.note(format!("token {}: {}, {end}", plain(&lent.token.name), counted(permissions, "permission")));
        for name in &lent.around.emptied {
            output.warn(format!(
            ".env sets {name}, which goes before a token for wrangler and others that read the file: the command finds it \
             set to nothing; {}",
            styled(CARE, "keep such a key elsewhere")
        ));
        }
        let line = |text: String| if whole { output.note(text) } else { output.detail(text) };
        for policy in &lent.policies {
            for resource in &policy.resources {
                line(format!("  at {}", place::in_words(&resource.to_string())));
            }
            for group in &policy.groups {
                let name = group.group().map_or("a permission that the catalogue does not have", |group| group.name);
                line(format!("    {name}"));
            }
        }
        if let Some(addresses) = &lent.addresses {
            line(format!("  from {addresses}"));
        }
        line(format!("  set for the command: {}", self.set().join(", ")));
        if !variables.removed.is_empty() {
            line(format!("  kept from the command: {}", plain(&variables.removed.join(", "))));
        }
    }
}

/// The names of the variables that are set here.
pub(super) fn present() -> Vec<String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
}

impl From<ProgramError> for CommandError {
    fn from(error: ProgramError) -> Self {
        let message = plain(&error.to_string());
        let failed = match error {
            ProgramError::NotFound(_) => {
                Self::new(Kind::NoCommand, message).hint("is it installed, and its folder in PATH?")
            }
            ProgramError::NotExecutable(_) => {
                Self::new(Kind::NotExecutable, message).hint("chmod +x makes a script a command")
            }
        };
        failed.because("it was looked up before any token was made: there is none")
    }
}
