//! The accounts' audit logs (version 2), read as use.

use flarekeep_audit::read::{self, AuditLog};
use flarekeep_audit::{Unread, World};
use flarekeep_catalogue::AccountId;
use flarekeep_cloudflare::{Client, Error, Gate, Method};
use jiff::{Span, Timestamp};
use serde_json::Value;
use tokio::task::JoinSet;

use super::input::{self, LIVE};
use super::live::why;
use crate::arguments;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{counted, plain};

/// The most that the API gives in one page of the audit log.
const PER_PAGE: u64 = 1_000;
/// So many pages of an account's log are read: 100,000 entries, a twelfth of what the rate limit allows in five minutes.
const MOST_PAGES: u64 = 100;

/// What an account's log said.
struct Log {
    account: AccountId,
    pages: Vec<Value>,
    /// Whether there is more than was read.
    is_cut: bool,
    error: Option<Error>,
}

/// Adds what the options say of use: files, recordings, and the API's logs of the accounts that are known. What was asked
/// for and could not be read is added to what is unread.
pub(super) async fn into(
    context: &Context,
    manager: &Client,
    arguments: &arguments::Audit,
    gate: &Gate,
    world: &mut World,
) -> Result<(), CommandError> {
    input::usage(arguments, world)?;
    if !arguments.used.usage.iter().any(|path| path.as_os_str() == LIVE) {
        return Ok(());
    }
    if world.accounts.is_empty() {
        let why = "no account is known whose log it could be; --account names one".to_owned();
        world.unread.push(Unread { what: "the audit logs".to_owned(), why });
    }
    let now = Timestamp::now();
    let days = i64::from(arguments.used.usage_days);
    let since = now.checked_sub(Span::new().hours(24 * days)).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut reading = JoinSet::new();
    for account in world.accounts.keys().copied() {
        reading.spawn(log(manager.clone(), gate.clone(), account, since, now));
    }
    let mut logs = reading.join_all().await;
    logs.sort_by_key(|log| log.account);
    for log in logs {
        take(context, world, &log, (since, now));
    }
    Ok(())
}

fn take(context: &Context, world: &mut World, log: &Log, (since, now): (Timestamp, Timestamp)) {
    let account = log.account;
    let what = format!("the audit log of account {account}");
    let mut entries = 0;
    for page in &log.pages {
        entries += page.as_array().map_or(0, Vec::len);
        match read::audit_log(&what, &page.to_string()) {
            Ok(AuditLog { mut usage, unread }) => {
                world.unread.extend(unread);
                // It was asked for, and so is covered, from there on; entries alone would say less.
                if !log.is_cut && log.error.is_none() {
                    usage.cover(Some(account), since, now);
                }
                input::add(world, usage);
            }
            Err(error) => world.unread.push(Unread { what: what.clone(), why: plain(&error.to_string()) }),
        }
    }
    context.output.detail(format!("{what}: {}", counted(entries, "change")));
    let why = match (&log.error, log.is_cut) {
        (Some(error), _) => Some(format!("{}; it takes the permission Account Settings Read", why(error))),
        (None, true) => Some(format!("only its newest {entries} entries were read; --usage-days reads fewer days")),
        (None, false) => None,
    };
    world.unread.extend(why.map(|why| Unread { what, why: plain(&why) }));
}

/// Reads a log, page by page: each names the next.
async fn log(manager: Client, gate: Gate, account: AccountId, since: Timestamp, before: Timestamp) -> Log {
    let mut log = Log { account, pages: Vec::new(), is_cut: false, error: None };
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let request = manager.request(Method::GET, &format!("/accounts/{account}/logs/audit"));
        let request = request.query("since", since.strftime("%Y-%m-%dT%H:%M:%SZ"));
        let request = request.query("before", before.strftime("%Y-%m-%dT%H:%M:%SZ")).query("limit", PER_PAGE);
        let request = request.query_opt("cursor", cursor.as_deref());
        let answered = {
            let _passage = gate.pass().await;
            request.send_page::<Value>().await
        };
        match answered {
            Ok((page, info)) => {
                let is_empty = page.as_array().is_none_or(Vec::is_empty);
                log.pages.push(page);
                let next = info.cursor.filter(|next| !next.is_empty() && Some(next) != cursor.as_ref());
                if is_empty || next.is_none() {
                    return log;
                }
                cursor = next;
            }
            Err(error) => {
                log.error = Some(error);
                return log;
            }
        }
    }
    log.is_cut = true;
    log
}
