//! A token that is lent to a command of this program, where only a credential that manages tokens is given: planned for
//! what the command calls, minted when it is first asked for, and ended with the command.
//!
//! The loan is the one of `flarekeep exec`: it is in the journal before it is made, so that the next command ends what a
//! killed one has left.

mod plan;

use flarekeep_catalogue::{AccountId, TokenId};
use flarekeep_cloudflare::{self as api, Credential};
use flarekeep_tokens::{self as tokens, Loan, Signals, lend};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use tokio::sync::{mpsc, oneshot};

pub(crate) use self::plan::{Planned, Wish, plan};
use crate::context::Context;
use crate::error::{CommandError, Kind};
use crate::output::{FAINT, plain, styled};
use crate::{CommandResult, desk, inferred, secret};

/// A token that a command has for the time it runs.
#[derive(Clone)]
pub(crate) struct Borrowed {
    pub(crate) id: TokenId,
    pub(crate) credential: Credential,
    pub(crate) account: AccountId,
    /// When it was known to work, which may take a moment to be true everywhere.
    pub(crate) since: std::time::Instant,
}

type Answer = Result<Borrowed, CommandError>;

/// Whoever is asked for the token.
pub(crate) struct Lender {
    asking: mpsc::UnboundedSender<oneshot::Sender<Answer>>,
    /// Whether the token changes nothing.
    pub(crate) reads: bool,
}

/// The token that is lent to this command; none where it has a token of its own, or nobody lends one. It is minted by the
/// first call.
pub(crate) async fn borrowed(context: &Context) -> Result<Option<Borrowed>, CommandError> {
    let Some(lender) = &context.lender else { return Ok(None) };
    let (sender, answer) = oneshot::channel();
    let gone = || CommandError::new(Kind::Refused, "no token could be lent to this command");
    lender.asking.send(sender).map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?.map(Some)
}

/// Runs a command that does `wish` under a token lent to it, where only a credential that manages tokens is given; else
/// as it is. The token ends with the command, also when that fails or a signal ends it.
pub(crate) fn scope(context: &Context, wish: &Wish, run: impl FnOnce(&Context) -> CommandResult) -> CommandResult {
    if !secret::can_lend(context) {
        return run(context);
    }
    under(context, wish, run)
}

/// The same, whatever other credentials there are.
pub(crate) fn under<T>(
    context: &Context,
    wish: &Wish,
    run: impl FnOnce(&Context) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::new(Kind::Unreachable, format!("cannot start the runtime: {error}")))?;
    let (sender, asked) = mpsc::unbounded_channel();
    let inner = context.placed(context.place.clone(), Some(Lender { asking: sender, reads: wish.reads }));
    std::thread::scope(|threads| {
        let keeper = threads.spawn(|| runtime.block_on(keep(context, wish, asked)));
        let result = run(&inner);
        // Nobody asks any more: the keeper ends the token.
        drop(inner);
        let ended = keeper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match (result, ended) {
            (result, Ok(())) => result,
            (Ok(_), Err(left)) => Err(left),
            (Err(failed), Err(left)) => {
                context.output.error(&left);
                Err(failed)
            }
        }
    })
}

/// Waits to be asked, lends, and ends the token when the command has ended or a signal comes.
async fn keep(
    context: &Context,
    wish: &Wish,
    mut asked: mpsc::UnboundedReceiver<oneshot::Sender<Answer>>,
) -> Result<(), CommandError> {
    // A command that fails before it calls anything needs no token.
    let Some(first) = asked.recv().await else { return Ok(()) };
    let prepared = async {
        let manager = context.manager()?;
        let planned = plan(context, &manager, wish).await?;
        let signals = Signals::catch().map_err(|error| {
            CommandError::new(Kind::Unreachable, format!("signals cannot be caught: {error}"))
                .because("a command that they end would leave its token behind")
        })?;
        Ok((planned, signals, desk::open(context, manager, None).await?))
    };
    let (planned, mut signals, desk) = match prepared.await {
        Ok(prepared) => prepared,
        Err(error) => return refuse(first, error),
    };
    let Planned { owner, account, ref token, .. } = planned;
    let loan = match lend(&desk, owner, token).await {
        Ok(loan) => loan,
        Err(error) => return refuse(first, error.into()),
    };
    tell(context, wish, &planned, &loan);
    let ends = token.expires_on;
    let borrowed = match Credential::token(loan.value().expose_secret()) {
        Ok(credential) => Borrowed { id: loan.id(), credential, account, since: std::time::Instant::now() },
        Err(fault) => {
            let _ = first.send(Err(fault.into()));
            return end(loan, owner, ends).await;
        }
    };
    let _ = first.send(Ok(borrowed.clone()));
    let signal = loop {
        tokio::select! {
            next = asked.recv() => match next {
                Some(next) => drop(next.send(Ok(borrowed.clone()))),
                None => break None,
            },
            signal = signals.any() => break signal,
        }
    };
    let id = loan.id();
    let ended = end(loan, owner, ends).await;
    if ended.is_ok() {
        context.output.detail(format!("token {id} is revoked"));
    }
    if let Some(signal) = signal {
        if let Err(left) = &ended {
            context.output.error(left);
        }
        // The command is in the middle of something, and whatever that was is begun again by the next one.
        std::process::exit(128 + signal);
    }
    ended
}

/// The command tells it, and fails.
fn refuse(whom: oneshot::Sender<Answer>, error: CommandError) -> Result<(), CommandError> {
    let _ = whom.send(Err(error));
    Ok(())
}

fn tell(context: &Context, wish: &Wish, planned: &Planned, loan: &Loan<'_>) {
    let output = context.output;
    loan.remarks().iter().for_each(|remark| output.warn(plain(remark)));
    match &wish.name {
        Some(_) => output.note(format!("under the token {}, which ends with this command", plain(&planned.token.name))),
        None => output.note(styled(
            FAINT,
            format!("no API token is given: one is lent to this command; {} makes one", planned.command(wish.recipe)),
        )),
    }
    inferred::warn(output, &planned.plan);
    output.detail(format!("token {} ({})", loan.id(), plain(&planned.token.name)));
    planned.groups().for_each(|group| output.detail(format!("  {group}")));
}

/// Ends a loan. What is told where it cannot be shown to have ended is what to do about it.
pub(crate) async fn end(loan: Loan<'_>, owner: api::Owner, ends: Option<Timestamp>) -> Result<(), CommandError> {
    let id = loan.id();
    let Err(error) = loan.end().await else { return Ok(()) };
    let stopped = match error {
        tokens::Error::Unfinished { stopped, .. } => *stopped,
        other => other,
    };
    let owner = if owner == api::Owner::User { "" } else { " --owner account" };
    let left = ends.map_or(0, |end| end.duration_since(Timestamp::now()).as_secs().max(0));
    // In whole minutes, and rather too long than too short.
    let left = SignedDuration::from_mins((left + 59) / 60);
    let error = CommandError::new(
        Kind::Partial,
        format!("the command's token {id} could not be shown to be dead: {}", plain(&stopped.to_string())),
    );
    Err(error
        .because(format!("it ends by itself in {left:#}, and may be used until then"))
        .hint(format!("flarekeep token revoke {id}{owner}; any next command that manages tokens does it, too")))
}
