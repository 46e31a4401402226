//! `flarekeep apply`: the declared tokens, made so.

mod act;
mod desired;
mod living;
mod show;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use flarekeep_cloudflare::Status;
use flarekeep_tokens::Desk;
use flarekeep_tokens::declared::{AT_ONCE, Change, Document, Kind, Origin, Reason};
use jiff::Timestamp;

use crate::arguments::Apply;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::output::{CARE, counted, plain, styled};
use crate::sources::file;
use crate::{CommandResult, Verdict, desk};

/// How many tokens a user and an account may have (Cloudflare's limits page, 2026-04-20).
const MOST_OF_A_USER: usize = 50;
const MOST_OF_AN_ACCOUNT: usize = 500;

pub(crate) fn run(context: &Context, arguments: &Apply) -> CommandResult {
    let output = context.output;
    let document = read(&arguments.file)?;
    let is_looking = arguments.check || arguments.consent.dry_run;
    block_on(async {
        let manager = context.manager()?;
        let now = Timestamp::now();
        let declared = select(&document, &arguments.only)?;
        let desired = desired::desired(context, &manager, &declared, &arguments.file, now).await?;
        let desk = if is_looking {
            desk::at_rest(context, manager).await?
        } else {
            desk::open(context, manager, None).await?
        };
        let origin = Origin { file: canonical(&arguments.file)?, project: document.project.clone() };
        let comparison = living::compared(&desk, desired, &origin, arguments.only.is_empty(), now).await?;
        let changes = comparison.changes.as_slice();
        let keeps = comparison.needs_prune && !arguments.prune;
        show::changes(output, changes, &desired::folder_of(&arguments.file)?, keeps);
        let answer = |verdict, word: &str| {
            output.document(&show::document(&arguments.file, changes, word, &[]));
            Ok(verdict)
        };
        let drift: Vec<&Change> = changes.iter().filter(|change| change.difference.is_drift()).collect();
        let opening: Vec<_> = drift.iter().filter(|change| change.difference.opens()).collect();
        if arguments.no_widen && !opening.is_empty() {
            let made = opening.iter().any(|change| change.difference.kind == Kind::Create);
            output.warn(format!(
                "{} would be {}allowed more, and --no-widen forbids it: nothing was changed",
                counted(opening.len(), "token"),
                if made { "made or " } else { "" }
            ));
            return answer(Verdict::No, "refused");
        }
        if arguments.check {
            return answer(Verdict::yes_if(drift.is_empty()), "checked");
        }
        let to_do: Vec<&Change> =
            drift.into_iter().filter(|change| !(keeps && change.difference.kind == Kind::Revoke)).collect();
        if !to_do.is_empty() {
            ready(context, &to_do)?;
            room(&desk, changes).await?;
            if confirm(arguments.consent, "Make these changes?")? == Go::NoFurther {
                return answer(Verdict::Yes, "dry_run");
            }
        } else if arguments.consent.dry_run {
            return answer(Verdict::Yes, "dry_run");
        }
        act::act(context, &desk, arguments, &origin, &comparison, now).await
    })
}

/// Reads the file.
fn read(path: &Path) -> Result<Document, CommandError> {
    let text = file::text(path).map_err(|error| match path.exists() {
        true => error,
        false => error
            .hint("flarekeep import writes one from the tokens that are there; docs/flarekeep-toml.md describes it"),
    })?;
    let document = Document::parse(&text).map_err(|error| {
        let failed = CommandError::usage(format!("{}, {}", file::name(path), plain(&error.to_string())));
        match error.problem.hint() {
            Some(hint) => failed.hint(plain(&hint)),
            None => failed.hint("docs/flarekeep-toml.md says what may stand there"),
        }
    })?;
    Ok(document)
}

/// The declarations that are meant.
fn select<'a>(
    document: &'a Document,
    only: &[String],
) -> Result<Vec<&'a flarekeep_tokens::declared::Declared>, CommandError> {
    if only.is_empty() {
        return Ok(document.tokens.iter().collect());
    }
    let find = |name: &String| {
        document.find(name).ok_or_else(|| {
            let keys: Vec<&str> = document.tokens.iter().map(|token| token.key.as_str()).collect();
            CommandError::usage(format!("no token `{}` is declared", plain(name)))
                .hint(plain(&format!("declared are {}", keys.join(", "))))
        })
    };
    only.iter().map(find).collect()
}

/// The path by which the journal and its sinks know the file, however it is spelled and through whatever link.
fn canonical(path: &Path) -> Result<PathBuf, CommandError> {
    std::fs::canonicalize(path)
        .map_err(|error| CommandError::usage(format!("`{}` is no path: {error}", file::name(path))))
}

/// Proves every sink, and refuses a new value that would go nowhere or cannot be made, before anything is changed.
fn ready(context: &Context, drift: &[&Change]) -> Result<(), CommandError> {
    let mut remarks = BTreeSet::new();
    for change in drift {
        if !matches!(change.difference.kind, Kind::Create | Kind::Replace) {
            continue;
        }
        if change.sinks.is_empty() {
            return Err(CommandError::usage(format!("the token `{}` has no sink", plain(change.name())))
                .because("Cloudflare shows a value once: it must go somewhere at once")
                .hint("sinks = [\"env:.env:CF_TOKEN\"]"));
        }
        if let Some((old, _)) = &change.living
            && old.status == Status::Disabled
            && !change.difference.reasons.contains(&Reason::Owner)
        {
            let name = plain(change.name());
            return Err(CommandError::usage(format!("the token `{name}` is disabled and needs a new value"))
                .because("its successor would be tried, and so be switched on")
                .hint(format!("flarekeep token enable '{name}'")));
        }
        for sink in &change.sinks {
            sink.prove()?;
            remarks.extend(sink.remark());
        }
    }
    // One file may be the sink of many tokens.
    remarks.into_iter().for_each(|remark| context.output.warn(remark));
    Ok(())
}

/// Refuses more tokens than Cloudflare takes, before anything is changed. While a token is replaced there are two.
async fn room(desk: &Desk, changes: &[Change]) -> Result<(), CommandError> {
    use flarekeep_cloudflare::Owner;
    let mut owners: Vec<Owner> =
        changes.iter().filter_map(|change| change.wanted.as_ref().map(|wanted| wanted.owner)).collect();
    owners.sort_by_key(ToString::to_string);
    owners.dedup();
    for owner in owners {
        let of = |kind: Kind| {
            let is = |change: &&Change| {
                change.difference.kind == kind && change.wanted.as_ref().is_some_and(|wanted| wanted.owner == owner)
            };
            changes.iter().filter(is).count()
        };
        let (made, replaced) = (of(Kind::Create), of(Kind::Replace).min(AT_ONCE));
        let most = if owner == Owner::User { MOST_OF_A_USER } else { MOST_OF_AN_ACCOUNT };
        // Few tokens cannot be too many, whatever lives beside them; so most runs need no count.
        if made + replaced == 0 {
            continue;
        }
        let living = desk.manager.tokens(owner).list().await?.len();
        if living + made + replaced > most {
            let whose = if owner == Owner::User { "a user" } else { "an account" };
            return Err(CommandError::usage(format!(
                "there would be {} tokens, and {whose} has {most} at most",
                living + made + replaced
            ))
            .because(format!(
                "{living} live, {made} are to be made, and {replaced} have a successor beside them for a while"
            ))
            .hint("flarekeep token list shows which are not used; flarekeep token revoke NAME ends one"));
        }
    }
    Ok(())
}

/// Mentions tokens that are to be rotated by now.
pub(super) fn mention_due(context: &Context, changes: &[Change], now: Timestamp) {
    for change in changes {
        let every = change.wanted.as_ref().and_then(|wanted| wanted.rotate_every);
        let since = change.holding.as_ref().map(|holding| holding.since);
        if let (Some(every), Some(since), Kind::Unchanged | Kind::Narrow | Kind::Widen | Kind::Change) =
            (every, since, change.difference.kind)
            && every.after(since) <= now
        {
            let name = plain(change.name());
            context.output.note(format!(
                "{} token `{name}` is {every} old or more: flarekeep token rotate '{name}'",
                styled(CARE, "due:")
            ));
        }
    }
}
