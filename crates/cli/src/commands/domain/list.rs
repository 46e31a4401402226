//! `flarekeep domain list`.

use flarekeep_sites::domain::{Host, Row, rows, stand_of};
use serde_json::json;

use super::{desk, show};
use crate::arguments::DomainList;
use crate::context::{Context, block_on};
use crate::output::table::table;
use crate::output::{FAINT, plain, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &DomainList) -> CommandResult {
    let output = context.output;
    block_on(async {
        let desk = desk(context, &arguments.bucketed).await?;
        let rows = rows(&desk.bucket.store, arguments.tenant.as_ref()).await?;
        let hostnames = desk.client.custom_hostnames(desk.zone).list(None).await?;
        let target = show::target(&desk);
        let stand = |row: &Row| {
            let host: Host = row.host.parse().ok()?;
            let found = hostnames.iter().find(|found| found.hostname.eq_ignore_ascii_case(&row.host));
            Some(stand_of(found, &host, &target))
        };
        let all: Vec<_> = rows.iter().filter_map(|row| Some((row, stand(row)?))).collect();
        let document = |(row, stand): &(&Row, flarekeep_sites::domain::Stand)| json!({ "host": row.host, "tenant": row.tenant, "live": stand.live, "status": stand.status, "ssl_status": stand.ssl });
        output.document(&all.iter().map(document).collect::<Vec<_>>());
        if all.is_empty() {
            output.line("there is no domain: flarekeep domain add HOST TENANT");
            return Ok(Verdict::Yes);
        }
        let line = |(row, stand): &(&Row, flarekeep_sites::domain::Stand)| {
            let state = match (stand.live, &stand.id) {
                (true, _) => "live".to_owned(),
                (false, None) => "gone".to_owned(),
                (false, Some(_)) => format!("{}, certificate {}", stand.status, stand.ssl),
            };
            [plain(&row.host), plain(&row.tenant), plain(&state)]
        };
        output.line(table(0, Some(["DOMAIN", "TENANT", "STATE"]), all.iter().map(line)));
        if all.iter().any(|(_, stand)| !stand.live) {
            output.note(styled(FAINT, "flarekeep domain status HOST says what is still to be published"));
        }
        Ok(Verdict::Yes)
    })
}
