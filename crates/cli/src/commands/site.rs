//! `flarekeep site`: one file a verb.

mod custom;
pub(super) mod deploy;
pub(super) mod edge;
mod export;
mod gc;
mod import;
mod list;
pub(super) mod progress;
mod remove;
mod rules;
mod settled;
mod status;
mod switch;

use crate::CommandResult;
use crate::arguments::Site;
use crate::context::Context;
use crate::lend::Wish;

pub(crate) fn run(context: &Context, arguments: &Site) -> CommandResult {
    match arguments {
        Site::Deploy(arguments) => deploy::run(context, arguments),
        Site::List(arguments) => list::run(context, arguments),
        Site::Status(arguments) => status::run(context, arguments),
        Site::Rollback(arguments) => {
            switch::run(context, &arguments.tenant, arguments.release.as_ref(), &arguments.bucketed)
        }
        Site::Promote(arguments) => {
            switch::run(context, &arguments.tenant, Some(&arguments.release), &arguments.bucketed)
        }
        Site::Gc(arguments) => gc::run(context, arguments),
        Site::Export(arguments) => export::run(context, arguments),
        Site::Import(arguments) => import::run(context, arguments),
        Site::Sync(arguments) => edge::sync_run(context, arguments),
        Site::Remove(arguments) => remove::run(context, arguments),
    }
}

/// Which token a verb is lent where none is given.
pub(crate) fn lent(arguments: &Site) -> Wish {
    if let Site::Deploy(deploy) = arguments
        && deploy.domain.is_some()
    {
        return Wish::domains(deploy.dry_run);
    }
    Wish::sites(match arguments {
        Site::List(_) | Site::Status(_) | Site::Export(_) => true,
        Site::Deploy(deploy) => deploy.dry_run,
        Site::Import(import) => import.dry_run,
        Site::Gc(gc) => gc.consent.dry_run,
        Site::Remove(remove) => remove.consent.dry_run,
        Site::Rollback(_) | Site::Promote(_) | Site::Sync(_) => false,
    })
}

/// Bytes as people read them: `1.4 MB`.
pub(super) fn bytes(number: u64) -> String {
    indicatif::DecimalBytes(number).to_string()
}

/// Now, as RFC 3339 has it, to the second.
pub(super) fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}
