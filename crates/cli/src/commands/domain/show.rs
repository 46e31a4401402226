//! How a domain stands, in words and as a document; and waiting for it.

use std::time::Duration;

use flarekeep_sites::domain::{Added, Host, Met, Publish, Stand, stand};
use flarekeep_sites::infrastructure::Question;
use serde_json::{Value, json};

use super::{Desk, Visitors};
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{BAD, CARE, GOOD, Output, plain, styled};

/// Between two looks at a domain that is waited for: first, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Waits until the domain is live, for as long as anybody cares to.
pub(super) async fn wait(output: Output, desk: &Desk, host: &Host, mut now: Stand) -> Result<Stand, CommandError> {
    let mut pause = FIRST_PAUSE;
    while !now.live {
        let leads = if matches!(now.met, Met::Another { .. }) { "; its DNS leads elsewhere" } else { "" };
        output.note(format!("{host} is {}, its certificate {}{leads}", plain(&now.status), plain(&now.ssl)));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        now = look(desk, host).await?;
    }
    Ok(now)
}

/// How a domain stands that was just added: what has to be published may come a moment after the hostname itself.
pub(in crate::commands) async fn fresh(desk: &Desk, host: &Host, added: Added) -> Result<Stand, CommandError> {
    match added.is_new {
        true => look(desk, host).await,
        false => Ok(visited(desk, host, added.stand).await),
    }
}

/// How a domain stands now: at Cloudflare, and for whoever visits it.
pub(super) async fn look(desk: &Desk, host: &Host) -> Result<Stand, CommandError> {
    let stands = stand(&desk.client, desk.zone, host, &target(desk)).await?;
    Ok(visited(desk, host, stands).await)
}

/// Visits a domain that is active, where that can be.
async fn visited(desk: &Desk, host: &Host, stand: Stand) -> Stand {
    let edge = match &desk.visitors {
        Visitors::There => None,
        Visitors::At(edge) => Some(edge.clone()),
        Visitors::Unknown => return stand,
    };
    if !stand.live || host.is_wildcard() {
        return stand;
    }
    let answer = Question::to(host.as_str(), edge).ask(Duration::ZERO).await;
    stand.answered(answer, host, &target(desk))
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
        "router_answers": match stand.met {
            Met::Router => Some(true),
            Met::Another { .. } => Some(false),
            Met::NotAsked | Met::Nobody { .. } => None,
        },
        "id": stand.id,
        "status": stand.status,
        "ssl_status": stand.ssl,
        "errors": stand.errors,
        "publish": stand.publish.iter().map(publish).collect::<Vec<_>>(),
    })
}

pub(in crate::commands) fn tell(output: Output, host: &Host, tenant: &str, stand: &Stand) {
    if stand.live {
        return live(output, host, tenant, stand);
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
    if let Met::Another { status } = stand.met {
        output.line(format!("  its DNS does not lead here: something else answers there, with status {status}"));
    }
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

/// Both statuses are active: what was met there is said, and what is not proved.
fn live(output: Output, host: &Host, tenant: &str, stand: &Stand) {
    let tenant = plain(tenant);
    if stand.met == Met::Router {
        output.line(format!("{} {host} leads to the site of {tenant}", styled(GOOD, "live")));
        return;
    }
    output.line(format!("{} {host} of {tenant}: its hostname and its certificate are active", styled(GOOD, "live")));
    output.line(format!(
        "  {} that its DNS leads here{}",
        styled(CARE, "unproven"),
        match &stand.met {
            Met::Nobody { why } => format!(": nothing answers there: {}", plain(why)),
            _ => String::new(),
        }
    ));
    if stand.met == Met::NotAsked && !host.is_wildcard() {
        output.note("nobody was asked: FLAREKEEP_EDGE_URL says where visitors are answered");
    }
}
