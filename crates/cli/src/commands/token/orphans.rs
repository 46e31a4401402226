//! `flarekeep token orphans`: tokens that a run left behind and no journal knows.

use flarekeep_tokens::{orphans, sweep};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::account;
use crate::arguments::TokenOrphans;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on, owner};
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{FAINT, GOOD, counted, plain, styled};
use crate::{CommandResult, Verdict, desk};

pub(crate) fn run(context: &Context, arguments: &TokenOrphans) -> CommandResult {
    let output = context.output;
    block_on(async {
        let manager = context.manager()?;
        let target = account(context, &manager, arguments.owner).await?;
        let owner = owner(arguments.owner, &target)?;
        let desk = desk::at_rest(context, manager).await?;
        let age = SignedDuration::from_secs(i64::from(arguments.older_than.0));
        let found = orphans(&desk, owner, age, Timestamp::now()).await?;
        let mut documents: Vec<_> = found
            .iter()
            .map(|token| {
                let made = token.issued_on.map(|time| time.to_string());
                json!({ "id": token.id.to_string(), "name": token.name, "issued_on": made })
            })
            .collect();
        if found.is_empty() {
            output.line("no orphans");
            output.note(format!(
                "those made in the last {} are left out: --older-than 0s looks at all",
                arguments.older_than
            ));
        } else {
            let made = |time: Option<Timestamp>| {
                time.map_or(String::new(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
            };
            let rows = found.iter().map(|token| [plain(&token.name), made(token.issued_on), styled(FAINT, token.id)]);
            output.line(table(0, Some(["NAME", "MADE", "ID"]), rows));
        }
        let acts = arguments.sweep && !found.is_empty();
        if acts {
            output.note("nobody has their values, unless a run on another machine is still at work on one");
        } else if !found.is_empty() {
            output.note("flarekeep token orphans --sweep revokes them");
        }
        let question = format!("Revoke {}?", counted(found.len(), "token"));
        if !acts || confirm(arguments.consent, &question)? == Go::NoFurther {
            output.document(&json!({ "orphans": documents, "swept": 0 }));
            return Ok(Verdict::Yes);
        }
        let mut swept = 0;
        for (orphan, document) in found.iter().zip(&mut documents) {
            match sweep(&desk, owner, orphan).await {
                Ok(()) => swept += 1,
                Err(error) => {
                    let error = CommandError::from(error).masked();
                    output.warn(format!("{}: {}", orphan.id, error.message));
                    document["error"] = json!(error.message);
                }
            }
        }
        output.line(format!("{} {}", styled(GOOD, "revoked"), counted(swept, "token")));
        output.document(&json!({ "orphans": documents, "swept": swept }));
        Ok(if swept == found.len() { Verdict::Yes } else { Verdict::Partly })
    })
}
