//! `flarekeep domain add`.

use flarekeep_sites::domain::add;

use super::{desk, show};
use crate::arguments::DomainAdd;
use crate::context::{Context, block_on};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &DomainAdd) -> CommandResult {
    let DomainAdd { host, tenant, wait, bucketed } = arguments;
    let output = context.output;
    block_on(async {
        let desk = desk(context, bucketed).await?;
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let added =
            add(&desk.bucket.store, &desk.client, &desk.bucket.edge, &desk.platform, desk.zone, (host, tenant), &now)
                .await?;
        let mut stands = show::fresh(&desk, host, added).await?;
        if *wait && !stands.live {
            show::tell(output, host, tenant.as_str(), &stands);
            stands = show::wait(output, &desk, host, stands).await?;
        }
        output.document(&show::document(host, tenant.as_str(), &stands));
        show::tell(output, host, tenant.as_str(), &stands);
        Ok(Verdict::Yes)
    })
}
