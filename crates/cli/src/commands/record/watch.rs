//! What is heard of a command's calls: written down, counted, and shown as they come.

use std::collections::BTreeSet;
use std::io::IsTerminal;

use flarekeep_planner::source::calls::{At, Call, Calls, Failed, is_look_up};
use flarekeep_planner::source::recording::LOOK_UP;
use flarekeep_planner::source::{Reading, Zones};
use flarekeep_planner::{Options, Plan, Target, plan};
use flarekeep_policy::Owner;
use flarekeep_proxy::{CredentialKind, Exchange, Face};

use super::line::{Recorded, recorded};
use super::local::Local;
use crate::arguments::Record;
use crate::output::{BAD, CARE, FAINT, GOOD, Output, plain, styled};
use crate::place::SOME_USER;
use crate::recording::{Line, Recording, without_secrets};

/// What calls are said to stand in where they are not kept.
const NOWHERE: &str = "the command";
/// A plan over more needs than these is made once, at the end.
const MOST_LIVE: usize = 300;

/// What is heard of calls.
pub(super) struct Watch {
    output: Output,
    /// Whether needs are shown as they come.
    live: bool,
    recording: Option<Recording>,
    calls: Calls<'static>,
    /// Lines so far, with those that the recording held before.
    lines: usize,
    pub(super) seen: Seen,
    /// Whether wrangler was refused, and asks now who it is.
    wrangler_refused: bool,
    /// For plans on the way.
    target: Target,
    planned: BTreeSet<String>,
}

/// Calls by number.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    pub(super) calls: usize,
    pub(super) failed: usize,
    pub(super) asides: usize,
    pub(super) credentials: BTreeSet<&'static str>,
}

impl Watch {
    pub(super) fn new(output: Output, arguments: &Record, recording: Option<Recording>) -> Self {
        let failed = if arguments.fails_only { Failed::Only } else { Failed::Include };
        // One for a run: what calls are said to stand in lives as long as the program.
        let source: &'static str = match &arguments.out {
            Some(path) => Box::leak(path.display().to_string().into_boxed_str()),
            None => NOWHERE,
        };
        Self {
            output,
            live: !output.quiet && (output.verbose || std::io::stderr().is_terminal()),
            lines: recording.as_ref().map_or(0, Recording::before),
            recording,
            calls: Calls::new(source, failed),
            seen: Seen::default(),
            wrangler_refused: false,
            target: Target::default(),
            planned: BTreeSet::new(),
        }
    }

    /// The calls reach a local Cloudflare.
    pub(super) fn is_in(&mut self, local: &Local) {
        self.target.account = Some(local.facts.account_id);
        for zone in &local.facts.zones {
            self.calls.zones.add(&zone.name, zone.id, Some(local.facts.account_id));
        }
    }

    /// Takes a call.
    pub(super) fn take(&mut self, exchange: &Exchange) {
        let looks_up = self.looks_up(exchange);
        let mut all = recorded(exchange);
        if looks_up {
            all.iter_mut().for_each(|recorded| recorded.line.aside = Some(LOOK_UP));
        }
        if let Some(recording) = &self.recording {
            let lines: Vec<Line> = all.iter().map(|recorded| recorded.line.clone()).collect();
            recording.write(self.output, &lines);
        }
        self.count(exchange, looks_up);
        let before = self.calls.distinct();
        for recorded in &all {
            self.lines += 1;
            self.add(recorded);
        }
        self.show(exchange, looks_up);
        if self.live && self.calls.distinct() > before && before < MOST_LIVE {
            self.show_growth(&all);
        }
    }

    /// What was heard.
    pub(super) fn reading(self) -> Reading {
        self.calls.finish()
    }

    fn add(&mut self, Recorded { line, operation }: &Recorded) {
        if line.aside.is_some() {
            return self.calls.leave_out_look_up();
        }
        let at = if self.recording.is_some() { At::Line(self.lines) } else { At::Call(self.lines) };
        self.calls.add(&Call {
            method: &line.method,
            target: &line.url,
            operation: *operation,
            status: line.status,
            errors: !line.errors.is_empty(),
            at,
        });
    }

    /// Whether wrangler made the call to say who it is: after a refusal, until it goes on with its work.
    fn looks_up(&mut self, exchange: &Exchange) -> bool {
        /// After this one it does (seen with wrangler 4.164.0).
        const AUTHENTICATION: u32 = 10000;
        if !exchange.by_wrangler || exchange.face != Face::Api {
            return false;
        }
        if is_look_up(&exchange.method, &exchange.url) {
            return self.wrangler_refused;
        }
        self.wrangler_refused = exchange.errors.contains(&AUTHENTICATION);
        false
    }

    fn count(&mut self, exchange: &Exchange, looks_up: bool) {
        self.seen.calls += 1;
        self.seen.failed += usize::from(exchange.status.is_none_or(|status| status >= 400));
        self.seen.asides += usize::from(looks_up);
        if exchange.credential != CredentialKind::None {
            self.seen.credentials.insert(exchange.credential.key());
        }
    }

    /// Every call, with `--verbose`.
    fn show(&self, exchange: &Exchange, looks_up: bool) {
        let status = exchange.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let path = exchange.url.strip_prefix("https://").unwrap_or(&exchange.url);
        let aside = if looks_up { " (to say who it is)" } else { "" };
        self.output.detail(format!("{status} {} {}{aside}", plain(&exchange.method), plain(&without_secrets(path))));
    }

    /// A need that was not there before, and what it adds to the plan.
    fn show_growth(&mut self, all: &[Recorded]) {
        let reading = self.calls.clone().finish();
        let Some(need) = reading.needs.iter().max_by_key(|need| (need.origin.line, position(need))) else { return };
        let line = all.first().map(|recorded| &recorded.line);
        let status = line.and_then(|line| line.status).map_or_else(
            || "---".to_owned(),
            |status| {
                let style = match status {
                    401 | 403 => BAD,
                    400.. => CARE,
                    _ => GOOD,
                };
                styled(style, status)
            },
        );
        let planned = grants(&self.plan(&reading));
        let added = planned.difference(&self.planned).map(|grant| styled(GOOD, format!("  + {grant}")));
        let gone = self.planned.difference(&planned).map(|grant| styled(FAINT, format!("  - {grant}")));
        let change: String = added.chain(gone).collect();
        self.output.note(format!("{} {}  {status}{change}", styled(FAINT, "record:"), need.operation));
        self.planned = planned;
    }

    fn plan(&self, reading: &Reading) -> Plan {
        let mut zones = Zones::default();
        zones.merge(reading.zones.clone());
        plan(&reading.needs(&self.target, &zones), &Options::new(Owner::User(SOME_USER)))
    }
}

/// Where a need stands among calls that no file keeps.
fn position(need: &flarekeep_planner::source::StatedNeed) -> usize {
    let number = need.origin.item.as_deref().and_then(|item| item.strip_prefix("call ")?.parse().ok());
    number.unwrap_or(0)
}

fn grants(plan: &Plan) -> BTreeSet<String> {
    plan.grants.iter().map(|grant| grant.group.name.to_owned()).collect()
}
