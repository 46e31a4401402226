//! `flarekeep domain status`: exit status 1 as long as the domain is not live.

use flarekeep_sites::domain::{DomainError, row};

use super::{desk, show};
use crate::arguments::DomainOf;
use crate::context::{Context, block_on};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &DomainOf) -> CommandResult {
    let DomainOf { host, wait, bucketed } = arguments;
    let output = context.output;
    block_on(async {
        let desk = desk(context, bucketed).await?;
        let row = row(&desk.bucket.store, host).await?;
        let row = row.ok_or_else(|| DomainError::Unknown { host: host.clone() })?;
        let mut stands = show::look(&desk, host).await?;
        if *wait {
            stands = show::wait(output, &desk, host, stands).await?;
        }
        output.document(&show::document(host, &row.tenant, &stands));
        show::tell(output, host, &row.tenant, &stands);
        Ok(Verdict::yes_if(stands.live))
    })
}
