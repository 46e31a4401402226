//! `flarekeep domain remove`.

use flarekeep_sites::domain::{DomainError, remove, row};
use serde_json::json;

use super::desk;
use crate::arguments::DomainRemove;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on};
use crate::output::{BAD, GOOD, plain, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &DomainRemove) -> CommandResult {
    let host = &arguments.host;
    let output = context.output;
    block_on(async {
        let desk = desk(context, &arguments.bucketed).await?;
        let row = row(&desk.bucket.store, host).await?;
        let tenant = row.ok_or_else(|| DomainError::Unknown { host: host.clone() })?.tenant;
        output.note(format!("{} {host}, of the tenant {}", styled(BAD, "-"), plain(&tenant)));
        let document = |dry_run: bool| json!({ "host": host.as_str(), "tenant": tenant, "removed": !dry_run });
        if confirm(arguments.consent, "Remove this domain?")? == Go::NoFurther {
            output.document(&document(true));
            return Ok(Verdict::Yes);
        }
        remove(&desk.bucket.store, &desk.client, &desk.bucket.edge, &desk.platform, desk.zone, host).await?;
        output.document(&document(false));
        output.line(format!("{} {host}; visitors lose it within five minutes", styled(GOOD, "removed")));
        Ok(Verdict::Yes)
    })
}
