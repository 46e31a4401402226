//! A call of which something was seen, and the refusal that it is.

use std::net::IpAddr;

use flarekeep_catalogue::{Method, Operation, Phase, ToolCommand};
use flarekeep_planner::Target;
use flarekeep_planner::source::calls::{Located, locate, locate_in_bucket};
use flarekeep_policy::BucketKey;

use super::line::Asked;
use super::{clean, hint, tool};
use crate::refusal::{CredentialForm, Refusal, Said, Tool};

/// A call of which something was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Draft {
    pub(super) asked: Option<Asked>,
    pub(super) located: Option<Located>,
    /// Whether all headers of the request are seen, and no credential was among them so far.
    pub(super) is_whole: bool,
    pub(super) status: Option<u16>,
    pub(super) errors: Vec<Said>,
    /// Whether the errors are words without codes.
    pub(super) is_phrase: bool,
    pub(super) retry_after: Option<u64>,
    pub(super) credential: Option<CredentialForm>,
    pub(super) operation: Option<&'static Operation>,
    pub(super) phase: Option<Phase>,
    pub(super) terraform: Option<String>,
    pub(super) tool: Option<Tool>,
    /// The line of the request, or of the first error.
    pub(super) line: Option<usize>,
    /// The line of the last error.
    pub(super) last: usize,
}

impl Draft {
    /// Takes from what is known already what was not said: the path that an answer repeats, that a bucket was meant, the
    /// operation of a command of wrangler's.
    pub(super) fn complete(&mut self, command: Option<&ToolCommand>) {
        if self.located.is_none() {
            // `Could not route to /client/v4/…`: the answer says the path.
            let named = self.errors.iter().find_map(|said| said.message.split_once("not route to "));
            let path = named.and_then(|(_, rest)| rest.split([',', ' ']).next());
            self.located = path.and_then(|path| locate(None, path));
        }
        let missed = |said: &Said| matches!(said.code, Some(9106 | 9107)) || said.message.contains("issing");
        if self.credential == Some(CredentialForm::Absent) && !self.errors.is_empty() && !self.errors.iter().any(missed)
        {
            // Whoever pastes a request may leave its credential out: only the answer tells that it had none.
            self.credential = None;
        }
        let is_s3 = self.errors.iter().any(|said| said.word.is_some());
        if let Some(asked) = self.asked.as_ref().filter(|_| is_s3)
            && self.located.as_ref().is_some_and(|located| !located.is_s3)
        {
            self.located = Some(locate_in_bucket(asked.method.as_deref(), &asked.target));
        }
        if let (None, Some(command), Some(Tool::Wrangler)) = (&self.located, command, self.tool) {
            // `A request to the Cloudflare API failed.` (wrangler 4.164.0): the command's only call, where it has one.
            self.operation = self.operation.or_else(|| tool::only_call(command));
        }
        if let (Some(located), Some(command)) = (&mut self.located, command)
            && located.operations.len() > 1
            && self.tool == Some(Tool::Wrangler)
        {
            located.operations = tool::called_by(std::mem::take(&mut located.operations), command);
        }
    }

    /// The refusal; `tool` is that of the text, where the call has none.
    pub(super) fn refusal(self, tool: Option<Tool>) -> Refusal {
        let of_terraform = || hint::of_terraform(self.terraform.as_deref()?, self.phase?);
        let located = self.located.unwrap_or_default();
        let at_place = match located.operations.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let hinted = || self.errors.iter().find_map(|said| hint::hinted(&said.message));
        let by_method = at_place.filter(|_| self.asked.as_ref().is_some_and(|asked| asked.method.is_some()));
        let pages = || self.errors.iter().filter_map(|said| said.documentation_url.as_deref());
        let documented = || pages().find_map(|page| hint::documented(page, &located.operations));
        let operation =
            by_method.or(self.operation).or(at_place).or_else(documented).or_else(of_terraform).or_else(hinted);
        let said = self.asked.as_ref().and_then(|asked| asked.method.as_deref()?.parse::<Method>().ok());
        let bucket = located.account.zip(located.bucket).map(|(account, bucket)| BucketKey {
            account,
            jurisdiction: bucket.jurisdiction,
            name: bucket.name,
        });
        Refusal {
            operation,
            method: said.or(operation.map(|operation| operation.method)),
            path: Some(clean::path(&located.path)).filter(|path| !path.is_empty()),
            target: Target { account: located.account, zone: located.zone, every_zone: false, bucket },
            status: self.status,
            retry_after: self.retry_after,
            credential: self.credential,
            address: self.errors.iter().find_map(address),
            errors: self.errors,
            tool: self.tool.or(tool).or(Some(Tool::Api)),
            line: self.line,
        }
    }
}

/// The address that Cloudflare saw: `Cannot use the access token from location: 203.0.113.7`.
fn address(said: &Said) -> Option<IpAddr> {
    let (_, rest) = said.message.split_once("from location")?;
    let rest = rest.trim_start_matches([':', ' ']);
    let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':')).unwrap_or(rest.len());
    rest.get(..end)?.trim_end_matches(['.', ':']).parse().ok()
}
