//! What a run was: its plan, beside the token that was used, and what to type next.

use std::collections::BTreeSet;

use flarekeep_catalogue::AccountId;
use flarekeep_planner::source::{Reading, Zones};
use flarekeep_planner::{Plan, Target};
use flarekeep_tokens::{Ended, Program};
use serde_json::{Value, json};

use super::beside::Beside;
use super::local::Local;
use super::watch::{Seen, Watch};
use crate::arguments::{Owner, Place, Record, To};
use crate::commands::plan;
use crate::context::Context;
use crate::error::CommandError;
use crate::late_file::LateFile;
use crate::output::{CARE, FAINT, STRONG, counted, plain, styled};
use crate::sources::Source;
use crate::work::Work;
use crate::{inferred, place};

/// A command that has ended.
pub(super) struct Outcome<'a> {
    pub(super) context: &'a Context,
    pub(super) arguments: &'a Record,
    pub(super) plan_file: Option<&'a LateFile>,
    pub(super) program: &'a Program,
    pub(super) ended: Ended,
    pub(super) local: Option<&'a Local>,
}

impl Outcome<'_> {
    /// Plans, writes and tells.
    pub(super) fn tell(&self, watch: Watch) -> Result<(), CommandError> {
        let output = self.context.output;
        let seen = watch.seen.clone();
        let reading = watch.reading();
        let context = self.place(&reading);
        let owner = self.owner(&seen, &context);
        let source = Source { name: plain(&self.program.name()), reading };
        let mut work = Work::of_source(source, Zones::default());
        let target = plan::place_of(&context, &mut work, self.local.is_some())?;
        let plan = work.plan(&target, owner)?;
        let document = self.plan_document(&plan, &work, &target)?;
        if let Some(file) = self.plan_file {
            file.write(&document).map_err(|error| {
                error
                    .because("the command was run")
                    .hint("with --out FILE, flarekeep plan --recording FILE makes the plan again")
            })?;
        }
        let beside = match self.local {
            Some(_) => None,
            None => Beside::read(&context, &plan),
        };
        output.document(&json!({
            "command": self.program.name(),
            "exit_status": self.ended.status(),
            "signal": self.ended.signal(),
            "calls": { "made": seen.calls, "failed": seen.failed, "set_aside": seen.asides },
            "credentials": seen.credentials,
            "recording": self.arguments.out.as_ref().map(|path| path.display().to_string()),
            "plan": document,
            "token": beside.as_ref().map(Beside::document),
        }));
        self.show_calls(&seen);
        if plan.needs.is_empty() {
            output.line(styled(CARE, self.why_nothing(&seen)));
            plan::show_unread(output, &work);
            return Ok(());
        }
        plan::show(output.part(), &plan, None, &target)?;
        plan::show_unread(output, &work);
        if let Some(beside) = &beside {
            beside.show(output);
        }
        inferred::warn(output, &plan);
        output.line(format!("\nnext: {}", self.next(owner)));
        Ok(())
    }

    /// Where the work was done: as given, else as the calls say it. What is asked about it is asked where the calls went.
    fn place(&self, reading: &Reading) -> Context {
        let mut context = match self.local {
            Some(local) => local.context(self.context),
            None => self.context.placed(self.context.place.clone(), None),
        };
        if let Some(To::Url(url)) = &self.arguments.to {
            context.connection.api_url = Some(url.clone());
        }
        let named: BTreeSet<AccountId> = reading.needs.iter().filter_map(|need| need.place.account).collect();
        let mut named = named.iter();
        match (place::given_account(&context), named.next(), named.next()) {
            (None, Some(account), None) => {
                let place = Place { account: Some(account.to_string()), ..context.place.clone() };
                context.placed(place, None)
            }
            _ => context,
        }
    }

    /// Whose token is planned: an account's, where the command showed one of those and nothing else.
    fn owner(&self, seen: &Seen, context: &Context) -> Owner {
        let shown: Vec<&str> = seen.credentials.iter().copied().filter(|kind| *kind != "other").collect();
        let of_account = shown == ["account-token"] && place::given_account(context).is_some();
        let seen = if of_account { Owner::Account } else { Owner::User };
        self.arguments.owner.unwrap_or(seen)
    }

    fn plan_document(&self, plan: &Plan, work: &Work, target: &Target) -> Result<Value, CommandError> {
        let mut document = plan::document(plan, None, target)?;
        plan::unread_into(&mut document, work);
        Ok(document)
    }

    fn show_calls(&self, seen: &Seen) {
        let output = self.context.output;
        let failed = match seen.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        let calls = counted(seen.calls, "call");
        output.line(format!("\n{}: {calls} of Cloudflare{failed}", styled(STRONG, plain(&self.program.name()))));
    }

    fn why_nothing(&self, seen: &Seen) -> String {
        match (seen.calls, self.arguments.fails_only) {
            (0, _) => {
                "nothing was seen: it called nothing, or went past the proxy (docs/record.md says who does)".to_owned()
            }
            (_, true) => "no call failed: the token lacks nothing that this run needed".to_owned(),
            _ => "none of its calls needs a permission that is known".to_owned(),
        }
    }

    /// What is typed next.
    fn next(&self, owner: Owner) -> String {
        let owner = if owner == Owner::Account { " --owner account" } else { "" };
        let Record { plan_out, out, .. } = self.arguments;
        let next = match (plan_out, out) {
            (Some(plan), _) => {
                format!("flarekeep exec --plan {}{owner} -- {} …", plan.display(), plain(&self.program.name()))
            }
            (None, Some(out)) => {
                format!("flarekeep token create --recording {}{owner} --name NAME --to env:.env", out.display())
            }
            (None, None) => "the same with --plan-out plan.json, then flarekeep exec --plan plan.json -- …".to_owned(),
        };
        let other = self.local.map(|_| {
            styled(FAINT, "\n      ids are the local Cloudflare's: --recording with --account and --zone has yours")
        });
        next + &other.unwrap_or_default()
    }
}
