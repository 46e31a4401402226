//! How a domain stands, in words and as a document; and waiting for it.

use std::time::Duration;

use flarekeep_sites::domain::{Added, Host, Publish, Stand, stand};
use serde_json::{Value, json};

use super::Desk;
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{BAD, CARE, GOOD, Output, plain, styled};

/// Between two looks at a domain that is waited for: first, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Waits until the domain is live, for as long as anybody cares to.
pub(super) async fn wait(output: Output, desk: &Desk, host: &Host, mut now: Stand) -> Result<Stand, CommandError> {
    let target = target(desk);
    let mut pause = FIRST_PAUSE;
    while !now.live {
        output.note(format!("{host} is {}, its certificate {}", plain(&now.status), plain(&now.ssl)));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        now = stand(&desk.client, desk.zone, host, &target).await?;
    }
    Ok(now)
}

/// How a domain stands that was just added: what has to be published may come a moment after the hostname itself.
pub(in crate::commands) async fn fresh(desk: &Desk, host: &Host, added: Added) -> Result<Stand, CommandError> {
    match added.is_new {
        true => Ok(stand(&desk.client, desk.zone, host, &target(desk)).await?),
        false => Ok(added.stand),
    }
}

/// Where customers' domains point to.
pub(in crate::commands) fn target(desk: &Desk) -> String {
    format!("customers.{}", desk.platform.domain)
}

pub(in crate::commands) fn document(host: &Host, tenant: &str, stand: &Stand) -> Value {
    let publish = |publish: &Publish| match publish {
        Publish::Record { purpose, name, kind, content } => {
            json!({ "purpose": purpose, "type": kind, "name": name, "content": content })
        }
        Publish::File { purpose, url, body } => json!({ "purpose": purpose, "url": url, "body": body }),
    };
    json!({
        "host": host.as_str(),
        "tenant": tenant,
        "live": stand.live,
        "id": stand.id,
        "status": stand.status,
        "ssl_status": stand.ssl,
        "errors": stand.errors,
        "publish": stand.publish.iter().map(publish).collect::<Vec<_>>(),
    })
}

pub(in crate::commands) fn tell(output: Output, host: &Host, tenant: &str, stand: &Stand) {
    if stand.live {
        output.line(format!("{} {host} leads to the site of {}", styled(GOOD, "live"), plain(tenant)));
        return;
    }
    if stand.id.is_none() {
        output.line(format!(
            "{} {host} of {}: Cloudflare has no such custom hostname",
            styled(BAD, "gone"),
            plain(tenant)
        ));
        output.note(format!("flarekeep domain add {host} {} makes it anew", plain(tenant)));
        return;
    }
    output.line(format!(
        "{} {host} of {}: the hostname is {}, its certificate {}",
        styled(CARE, "pending"),
        plain(tenant),
        plain(&stand.status),
        plain(&stand.ssl)
    ));
    for error in &stand.errors {
        output.line(format!("  Cloudflare says: {}", plain(error)));
    }
    if stand.publish.is_empty() {
        return;
    }
    output.line("\nits owner publishes:");
    let row = |publish: &Publish| match publish {
        Publish::Record { purpose, name, kind, content } => {
            [(*kind).to_owned(), plain(name), plain(content), (*purpose).to_owned()]
        }
        Publish::File { purpose, url, body } => ["file".to_owned(), plain(url), plain(body), (*purpose).to_owned()],
    };
    output.line(table(2, None, stand.publish.iter().map(row)));
    if host.may_be_apex() {
        output.note(format!(
            "{host} may be the top of its domain, where DNS takes no CNAME: its provider must flatten it (ALIAS, ANAME), or \
             www.{host} is added and {host} redirected there"
        ));
    }
    output.note(format!("flarekeep domain status {host} --wait says when it is live"));
}
