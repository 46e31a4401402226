//! `flarekeep tenant`: one file a verb.

mod credentials;
mod list;
mod quota;
mod remove;
mod serve;
mod show;

use flarekeep_sites::{State, Tenant};

use crate::CommandResult;
use crate::arguments::{self, Bucketed};
use crate::bucket::{self, Bucket};
use crate::context::Context;
use crate::error::CommandError;
use crate::lend::Wish;

pub(crate) fn run(context: &Context, arguments: &arguments::Tenant) -> CommandResult {
    match arguments {
        arguments::Tenant::List(options) => list::run(context, options),
        arguments::Tenant::Show(arguments) => show::run(context, arguments),
        arguments::Tenant::Remove(arguments) => remove::run(context, arguments),
        arguments::Tenant::Quota(arguments) => quota::run(context, arguments),
        arguments::Tenant::Suspend(arguments) => serve::run(context, arguments, State::Suspended),
        arguments::Tenant::Resume(arguments) => serve::run(context, arguments, State::Live),
        arguments::Tenant::Credentials(arguments) => credentials::run(context, arguments),
    }
}

/// Which token a verb is lent where none is given.
pub(crate) fn lent(arguments: &arguments::Tenant) -> Wish {
    match arguments {
        arguments::Tenant::List(_) => Wish::sites(true),
        arguments::Tenant::Show(_) => Wish::domains(true),
        arguments::Tenant::Remove(remove) => Wish::domains(remove.consent.dry_run),
        arguments::Tenant::Quota(quota) => {
            Wish::sites([quota.bytes, quota.files, quota.hosts].iter().all(Option::is_none))
        }
        arguments::Tenant::Suspend(_) | arguments::Tenant::Resume(_) | arguments::Tenant::Credentials(_) => {
            Wish::sites(false)
        }
    }
}

/// The bucket, and the tenant's row of the registry.
async fn open(
    context: &Context,
    options: &Bucketed,
    slug: &flarekeep_sites::Slug,
) -> Result<(Bucket, Option<Tenant>), CommandError> {
    let bucket = bucket::open(context, options).await?;
    let row = flarekeep_sites::tenant(&bucket.store, slug).await?;
    Ok((bucket, row))
}

/// Why a tenant is not shown, or taken away.
fn nobody(slug: &flarekeep_sites::Slug) -> CommandError {
    CommandError::usage(format!("there is no tenant `{slug}`")).hint("flarekeep tenant list shows those there are")
}
