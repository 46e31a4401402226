//! `flarekeep scan`: leaked credentials of Cloudflare.

mod collect;
mod document;
mod filter;
mod respond;
mod sarif;
mod show;
mod verify;

use flarekeep_scan::{Finding, Place, Tally};
use serde_json::Value;

use self::filter::Filtered;
use self::verify::Life;
use crate::arguments::{Respond, Scan, ScanForm};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::Output;
use crate::{CommandResult, Verdict};

/// What a scan answers.
struct Answer {
    tally: Tally,
    filtered: Filtered,
    /// For each credential that was verified, by fingerprint, how it stands.
    lives: Vec<(String, Life)>,
    /// With `--respond`, what was done.
    response: Option<Response>,
}

/// What was done about what was found.
struct Response {
    is_dry_run: bool,
    /// As they stand in the record, one for each token.
    entries: Vec<Value>,
    /// The error's document.
    error: Option<Value>,
}

impl Answer {
    fn findings(&self) -> &[Finding] {
        &self.filtered.findings
    }

    fn life(&self, finding: &Finding) -> Option<&Life> {
        self.lives.iter().find(|(fingerprint, _)| *fingerprint == finding.fingerprint).map(|(_, life)| life)
    }

    /// Everywhere that this credential stands, as far as it is told.
    fn places(&self, credential: &Finding) -> Vec<&Place> {
        let same = |finding: &&Finding| finding.fingerprint == credential.fingerprint;
        self.findings().iter().filter(same).map(|finding| &finding.place).collect()
    }

    /// One finding for each credential.
    fn credentials(&self) -> Vec<&Finding> {
        let mut seen = std::collections::HashSet::new();
        self.findings().iter().filter(|finding| seen.insert(&finding.fingerprint)).collect()
    }
}

pub(crate) fn run(context: &Context, arguments: &Scan) -> CommandResult {
    demand(context, arguments)?;
    let output = Output { json: context.output.json || arguments.output != ScanForm::Table, ..context.output };
    if let Some(how) = arguments.respond {
        respond::demand(output, arguments, how)?;
    }
    let filter = filter::Filter::read(arguments)?;
    let mut tally = collect::collect(arguments)?;
    let filtered = filter.apply(std::mem::take(&mut tally.findings));
    filter::write_baseline(arguments, &filtered.findings)?;
    let mut answer = Answer { tally, filtered, lives: Vec::new(), response: None };
    if arguments.verify || arguments.respond.is_some() {
        answer.lives = verify::all(context, arguments, &answer.credentials())?;
    }
    show::show(output, arguments, &answer);
    let verdict = match arguments.respond {
        Some(how) => responded(context, arguments, how, &mut answer),
        None => Ok(Verdict::yes_if(answer.findings().is_empty())),
    };
    // There is one document: it says what was found and what was done about it, also where that failed.
    match arguments.output {
        ScanForm::Sarif => output.document(&sarif::document(&answer)),
        ScanForm::Json | ScanForm::Table => output.document(&document::document(&answer)),
    }
    match verdict {
        Err(error) if output.json => {
            Output { json: false, ..output }.error(&error);
            Ok(Verdict::Failed(error.kind))
        }
        verdict => verdict,
    }
}

fn responded(context: &Context, arguments: &Scan, how: Respond, answer: &mut Answer) -> CommandResult {
    let mut entries = Vec::new();
    let verdict = respond::respond(context, arguments, how, answer, &mut entries);
    let error = verdict.as_ref().err().map(|error| error.masked().document()["error"].take());
    answer.response = Some(Response { is_dry_run: arguments.delivery.consent.dry_run, entries, error });
    verdict
}

fn demand(context: &Context, arguments: &Scan) -> Result<(), CommandError> {
    if context.output.json && arguments.output == ScanForm::Sarif {
        return Err(CommandError::usage("--json is one form of the answer, and --output asks for another")
            .hint("give one of the two"));
    }
    if !arguments.delivery.to.is_empty() && arguments.respond != Some(Respond::Roll) {
        return Err(CommandError::usage("--to says where a new value goes, and none is made")
            .hint("flarekeep scan PATH --respond roll --to SINK"));
    }
    let stdin = arguments.paths.iter().filter(|path| path.as_os_str() == "-").count();
    if arguments.git && stdin > 0 {
        return Err(CommandError::usage("standard input has no history")
            .hint("flarekeep scan --git PATH, or flarekeep scan - without --git"));
    }
    if stdin > 1 {
        return Err(CommandError::usage("standard input is named twice").hint("give - once"));
    }
    if arguments.paths.is_empty() && arguments.git {
        return Err(CommandError::usage("--git is given, and no repository").hint("flarekeep scan --git ."));
    }
    match arguments.paths.iter().find(|path| path.as_os_str() != "-" && std::fs::symlink_metadata(path).is_err()) {
        Some(path) => {
            Err(CommandError::usage(format!("there is no `{}`", crate::output::plain(&path.to_string_lossy())))
                .hint("give files and folders, or - for standard input: flarekeep scan ."))
        }
        None => Ok(()),
    }
}
