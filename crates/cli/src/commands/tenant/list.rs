//! `flarekeep tenant list`: who has a site, or had one.

use flarekeep_sites::{Slug, tenants};

use crate::arguments::Bucketed;
use crate::context::{Context, block_on};
use crate::output::{FAINT, counted, styled};
use crate::{CommandResult, Verdict, bucket};

pub(super) fn run(context: &Context, options: &Bucketed) -> CommandResult {
    let all = block_on(async {
        let bucket = bucket::open(context, options).await?;
        Ok(tenants(&bucket.store).await?)
    })?;
    context.output.document(&all.iter().map(Slug::as_str).collect::<Vec<_>>());
    all.iter().for_each(|tenant| context.output.line(tenant));
    context.output.note(styled(FAINT, format!("{}; flarekeep tenant show SLUG", counted(all.len(), "tenant"))));
    Ok(Verdict::Yes)
}
