//! What was seen, put together: which error answers which request.

use std::collections::VecDeque;

use flarekeep_catalogue::{Method, Operation, Phase, ToolCommand, is_plain};
use flarekeep_planner::source::BucketName;
use flarekeep_planner::source::calls::{Located, locate};

use super::MOST;
use super::body::MOST_ERRORS;
use super::call::Draft;
use super::line::Asked;
use crate::refusal::{CredentialForm, Refusal, Said, Tool};

/// How far behind an error the next line of the same answer may stand.
const NEAR: usize = 3;
/// How many of the refusals before are looked at for one that a line speaks of again.
const LATEST: usize = 16;

/// How many requests wait for answers that name them.
const MOST_KEYED: usize = 64;
/// What wrangler asks after a refusal, to say who it is (wrangler 4.164.0, seen on a recording server).
const LOOK_UPS: [&str; 4] = ["/user/tokens/verify", "/user", "/accounts", "/memberships"];

/// The refusals so far, and the one that is being read.
#[derive(Default)]
pub(super) struct Gathered {
    done: Vec<Draft>,
    draft: Draft,
    /// The tool of the lines before.
    tool: Option<Tool>,
    command: Option<ToolCommand>,
    /// Requests whose answers say which of them they are of: Terraform's `tf_req_id`.
    keyed: VecDeque<(String, Asked, Located)>,
}

impl Gathered {
    pub(super) fn tool(&mut self, tool: Tool) {
        // Tools use curl and SDKs: their marks within another's words are that tool's.
        if !matches!(tool, Tool::Curl | Tool::Sdk) || self.tool.is_none() {
            self.tool = Some(tool);
        }
    }

    pub(super) fn tool_if_none(&mut self, tool: Tool) {
        self.tool.get_or_insert(tool);
    }

    pub(super) fn command(&mut self, command: ToolCommand) {
        self.command = Some(command);
    }

    /// A new part of the text begins: what follows belongs to no error before it.
    pub(super) fn part(&mut self) {
        if !self.draft.errors.is_empty() {
            self.end();
        }
    }

    /// A request.
    pub(super) fn ask(&mut self, asked: Asked, line: usize) {
        let Some(mut located) = locate(asked.method.as_deref(), &asked.target) else { return };
        if asked.method.is_none() && located.is_s3 && located.bucket.is_none() {
            // An endpoint's address, which somebody gave to a tool.
            located.operations.clear();
        }
        if asked.method.is_none() && asked.target.split_once('?').is_some_and(|(_, query)| is_list(query)) {
            located.operations.retain(|operation| operation.method == Method::Get);
        }
        let same = |draft: &Draft| draft.located.as_ref().is_some_and(|there| there.path == located.path);
        let agrees = |draft: &Draft| {
            let method = draft.asked.as_ref().and_then(|before| before.method.as_deref());
            asked.method.is_none() || method.is_none() || method == asked.method.as_deref()
        };
        if same(&self.draft) && agrees(&self.draft) {
            if asked.method.is_some() && self.draft.asked.as_ref().is_some_and(|before| before.method.is_none()) {
                self.draft.asked = Some(asked);
                self.draft.located = Some(located);
            }
            return;
        }
        let open = self.draft.asked.is_none() && self.draft.last == line && !self.draft.errors.is_empty();
        if !open {
            self.end();
            // An answer that was seen before its words: wrangler logs the one and then says the other.
            let from = self.done.len().saturating_sub(LATEST);
            let mut seen = self.done.get(from..).unwrap_or_default().iter();
            let seen = seen.rposition(|draft| same(draft) && agrees(draft) && draft.errors.is_empty());
            if let Some(at) = seen {
                self.draft = self.done.remove(from + at);
                return;
            }
            self.draft.line = Some(line);
        }
        self.draft.asked = Some(asked);
        self.draft.located = Some(located);
    }

    /// The host of a request of which the path was seen.
    pub(super) fn host(&mut self, host: &str) {
        let Some(asked) = &self.draft.asked else { return };
        if asked.target.starts_with('/') && host.ends_with(".r2.cloudflarestorage.com") && host.len() <= 255 {
            let url = format!("https://{host}{}", asked.target);
            self.draft.located = locate(asked.method.as_deref(), &url).or(self.draft.located.take());
        }
    }

    /// The key of the request or the answer that was seen last.
    pub(super) fn key(&mut self, key: &str) {
        let draft = &mut self.draft;
        if draft.status.is_none() && draft.errors.is_empty() {
            if let (Some(asked), Some(located)) = (&draft.asked, &draft.located) {
                self.keyed.push_back((key.to_owned(), asked.clone(), located.clone()));
                if self.keyed.len() > MOST_KEYED {
                    self.keyed.pop_front();
                }
            }
        } else if let Some((_, asked, located)) = self.keyed.iter().find(|(other, ..)| other == key) {
            draft.asked = Some(asked.clone());
            draft.located = Some(located.clone());
        }
    }

    /// The bucket, and perhaps the object, that a line names: `s3://media/a.png`. An endpoint may say the account.
    pub(super) fn bucket(&mut self, address: &str) {
        let located = self.draft.located.get_or_insert_with(Located::default);
        let (bucket, key) = address.split_once('/').unwrap_or((address, ""));
        if located.bucket.is_none() && matches!(located.path.as_str(), "" | "/") && is_plain(bucket) {
            located.is_s3 = true;
            located.operations.clear();
            located.path = format!("/{bucket}{}{key}", if key.is_empty() { "" } else { "/" });
            located.bucket = Some(BucketName { jurisdiction: "default".to_owned(), name: bucket.to_owned() });
        }
    }

    /// The request that was seen last is there with all its headers, as far as they follow.
    pub(super) fn whole_request(&mut self) {
        self.draft.is_whole = true;
    }

    /// It has a credential, whether or not somebody left out its value.
    pub(super) fn credential_is_there(&mut self) {
        self.draft.is_whole = false;
    }

    /// Its answer begins.
    pub(super) fn answered(&mut self) {
        if std::mem::take(&mut self.draft.is_whole) && self.draft.credential.is_none() {
            self.draft.credential = Some(CredentialForm::Absent);
        }
    }

    /// A status.
    pub(super) fn status(&mut self, status: u16, line: usize) {
        if self.draft.errors.is_empty() && status < 400 {
            // It was let through: no error that follows is its own.
            self.draft = Draft::default();
            return;
        }
        if self.draft.status.is_some_and(|before| before != status) && !self.draft.errors.is_empty() {
            self.end();
        }
        if status >= 400 {
            self.draft.status = Some(status);
            self.draft.line.get_or_insert(line);
        }
    }

    /// Errors with codes, or words of S3's. `chained`: they belong to those before.
    pub(super) fn errors(&mut self, found: Vec<Said>, chained: bool, line: usize) {
        let same = |one: &Said, other: &Said| one.code == other.code && one.word == other.word;
        if std::mem::take(&mut self.draft.is_phrase) {
            let again = self.draft.errors.iter().all(|before| found.iter().any(|said| is_about(said, before)));
            if again {
                self.draft.errors.clear();
            }
        }
        let draft = &mut self.draft;
        if !draft.errors.is_empty() {
            let near = self.tool == Some(Tool::Wrangler) && line.saturating_sub(draft.last) <= NEAR;
            if found.iter().all(|said| draft.errors.iter().any(|before| same(before, said))) {
                for said in found {
                    if let Some(before) = draft.errors.iter_mut().find(|before| same(before, &said)) {
                        if before.message.is_empty() {
                            before.message = said.message;
                        }
                        before.documentation_url = before.documentation_url.take().or(said.documentation_url);
                    }
                }
                draft.last = line;
                return;
            }
            if chained || near || draft.errors.iter().all(|before| found.iter().any(|said| same(before, said))) {
                for said in found {
                    if draft.errors.len() < MOST_ERRORS && !draft.errors.iter().any(|before| same(before, &said)) {
                        draft.errors.push(said);
                    }
                }
                draft.last = line;
                return;
            }
            self.end();
        }
        self.draft.line.get_or_insert(line);
        self.draft.last = line;
        self.draft.errors = found;
    }

    /// Words of an answer without its code; they count where no code is there.
    pub(super) fn phrase(&mut self, said: Said, line: usize) {
        if !self.draft.errors.is_empty() {
            self.draft.last = line;
            return;
        }
        self.draft.line.get_or_insert(line);
        self.draft.last = line;
        self.draft.errors = vec![said];
        self.draft.is_phrase = true;
    }

    pub(super) fn retry_after(&mut self, seconds: Option<u64>) {
        self.draft.retry_after = self.draft.retry_after.or(seconds);
    }

    pub(super) fn credential(&mut self, form: Option<CredentialForm>) {
        let malformed = |form: &Option<CredentialForm>| matches!(form, Some(CredentialForm::Malformed(_)));
        if !malformed(&self.draft.credential) {
            self.draft.credential = form.or(self.draft.credential.take());
        }
    }

    pub(super) fn operation(&mut self, operation: Option<&'static Operation>) {
        self.draft.operation = self.draft.operation.or(operation);
    }

    pub(super) fn phase(&mut self, phase: Phase) {
        self.draft.phase.get_or_insert(phase);
    }

    pub(super) fn terraform_name(&mut self, name: &str) {
        self.draft.terraform.get_or_insert_with(|| name.to_owned());
    }

    /// Ends the call that is being read.
    fn end(&mut self) {
        let mut draft = std::mem::take(&mut self.draft);
        draft.tool = self.tool;
        let telling = matches!(
            draft.credential,
            Some(CredentialForm::KeyAsToken | CredentialForm::TokenAsKey | CredentialForm::Malformed(_))
        );
        let refused = draft.status.is_some_and(|status| status >= 400);
        if !(refused || telling && draft.asked.is_some() || !draft.errors.is_empty()) || self.done.len() >= MOST {
            return;
        }
        draft.complete(self.command.as_ref());
        if draft.tool == Some(Tool::Wrangler) && draft.errors.is_empty() {
            // What is not there yet is no refusal, and what it looks up after one is none of the work.
            let path = draft.located.as_ref().map(|located| located.path.as_str()).unwrap_or_default();
            if draft.status == Some(404) || LOOK_UPS.contains(&path) && !self.done.is_empty() {
                return;
            }
        }
        let again = |before: &Draft| {
            before.errors == draft.errors
                && before.located == draft.located
                && before.terraform == draft.terraform
                && before.status.is_none_or(|status| draft.status.is_none_or(|other| other == status))
                && draft.operation.is_none_or(|operation| before.operation == Some(operation))
                && draft.credential.is_none()
        };
        let from = self.done.len().saturating_sub(LATEST);
        if !self.done.iter().skip(from).any(again) {
            self.done.push(draft);
        }
    }

    /// The refusals.
    pub(super) fn finish(mut self) -> Vec<Refusal> {
        self.end();
        let first = self.done.iter().find_map(|draft| draft.tool).or(self.tool);
        self.done.into_iter().map(|draft| draft.refusal(first)).collect()
    }
}

/// Whether a query is that of a list.
fn is_list(query: &str) -> bool {
    let keys = ["name", "page", "per_page", "type", "status", "order", "match", "list-type"];
    query.split('&').take(20).any(|pair| keys.contains(&pair.split(['=', '.']).next().unwrap_or_default()))
}

/// Whether an error with a code says what words before it said without.
fn is_about(said: &Said, before: &Said) -> bool {
    said.message.is_empty() || before.message.contains(&said.message) || said.message.contains(&before.message)
}
