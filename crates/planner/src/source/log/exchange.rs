//! Requests and the answers to them, which a log writes apart from one another.

use std::collections::VecDeque;

use flarekeep_catalogue::TokenId;

use crate::source::calls::{At, Call, Calls, LeftOut, is_look_up};

/// How many requests can wait for their answers; of the oldest beyond that, no answer is known.
const MOST_OPEN: usize = 1000;

/// A request that was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// A URL, or a path; then `host` says where.
    pub(super) target: String,
    /// The host, where the target is a path and the log says it.
    pub(super) host: Option<String>,
    pub(super) line: usize,
    pub(super) kind: Kind,
}

/// What an answer is known by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// The order alone: HTTP as it went over the wire.
    #[default]
    Wire,
    /// The order alone, and calls after a refusal may be look-ups.
    Wrangler,
    /// The answer repeats method and URL.
    Sentence,
}

struct Open {
    request: Request,
    /// What tells the exchange from others at the same time: Terraform's `tf_req_id`.
    key: Option<String>,
}

impl Open {
    /// Whether nothing but the order tells which answer is its own.
    fn waits_in_order(&self) -> bool {
        self.key.is_none() && self.request.kind != Kind::Sentence
    }
}

/// The requests that have no answer yet.
pub(super) struct Exchange<'a> {
    pub(super) calls: Calls<'a>,
    /// The token whose entries of an audit log count.
    pub(super) token: Option<TokenId>,
    open: VecDeque<Open>,
    /// An answer whose key may still come.
    answer: Option<u16>,
    /// Answers of which nobody knows to which of the open requests they belong.
    unclear: Vec<u16>,
    /// The exchange that ended last, if its answer repeated method and URL.
    last: Option<(String, String)>,
    refused: bool,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(calls: Calls<'a>, token: Option<TokenId>) -> Self {
        Self { calls, token, open: VecDeque::new(), answer: None, unclear: Vec::new(), last: None, refused: false }
    }

    /// A request.
    pub(super) fn ask(&mut self, request: Request) {
        self.settle();
        self.last = None;
        if self.open.len() >= MOST_OPEN
            && let Some(oldest) = self.open.pop_front()
        {
            self.done(&oldest.request, None);
        }
        self.open.push_back(Open { request, key: None });
    }

    /// The request that was seen last, as long as no answer followed.
    pub(super) fn latest(&mut self) -> Option<&mut Request> {
        if self.answer.is_some() {
            return None;
        }
        self.open.back_mut().map(|open| &mut open.request)
    }

    /// An answer; to which request, is told by the order or by a key that follows.
    pub(super) fn answer(&mut self, status: u16) {
        self.settle();
        self.answer = Some(status);
    }

    /// The key of what was seen last.
    pub(super) fn key(&mut self, key: &str) {
        match self.answer.take() {
            Some(status) => match self.open.iter().position(|open| open.key.as_deref() == Some(key)) {
                Some(at) => self.close(at, status),
                None => self.answer_in_order(status),
            },
            None => {
                if let Some(open) = self.open.back_mut() {
                    open.key.get_or_insert_with(|| key.to_owned());
                }
            }
        }
    }

    /// A request with its answer. `again` says that it may repeat the exchange that ended last.
    pub(super) fn both(&mut self, request: &Request, status: u16, again: bool) {
        self.settle();
        let same = |open: &Open| {
            open.request.kind == Kind::Sentence
                && open.request.method == request.method
                && open.request.target == request.target
        };
        let ended = (request.method.clone(), request.target.clone());
        match self.open.iter().position(same) {
            Some(at) => self.close(at, status),
            None if again && self.last.as_ref() == Some(&ended) => {}
            None => self.done(request, Some(status)),
        }
        self.last = Some(ended);
    }

    /// Another run of wrangler begins.
    pub(super) fn restart(&mut self) {
        self.refused = false;
    }

    /// The calls, when nothing more comes.
    pub(super) fn finish(mut self) -> Calls<'a> {
        self.settle();
        let unclear = !self.unclear.is_empty() && self.calls.wants_failed_alone();
        for open in std::mem::take(&mut self.open) {
            match unclear && open.waits_in_order() {
                true => self.calls.leave_out(LeftOut::Unclear),
                false => self.done(&open.request, None),
            }
        }
        self.calls
    }

    /// Takes the answer that waited for a key in vain.
    fn settle(&mut self) {
        if let Some(status) = self.answer.take() {
            self.answer_in_order(status);
        }
    }

    /// Where several requests are open, answers wait until there is one for each: if they agree, it does not matter to
    /// which request each belongs.
    fn answer_in_order(&mut self, status: u16) {
        let open = self.open.iter().filter(|open| open.waits_in_order()).count();
        if open <= 1 && self.unclear.is_empty() {
            if let Some(at) = self.open.iter().position(Open::waits_in_order) {
                self.close(at, status);
            }
            return;
        }
        self.unclear.push(status);
        if self.unclear.len() < open {
            return;
        }
        let statuses = std::mem::take(&mut self.unclear);
        let agreed = statuses.first().copied().filter(|first| statuses.iter().all(|status| status == first));
        self.refused |= statuses.iter().any(|status| matches!(status, 401 | 403));
        while let Some(at) = self.open.iter().position(Open::waits_in_order) {
            let Some(open) = self.open.remove(at) else { break };
            match agreed {
                Some(status) => self.done(&open.request, Some(status)),
                None if self.calls.wants_failed_alone() => self.calls.leave_out(LeftOut::Unclear),
                None => self.done(&open.request, None),
            }
        }
    }

    fn close(&mut self, at: usize, status: u16) {
        if let Some(open) = self.open.remove(at) {
            self.done(&open.request, Some(status));
        }
    }

    fn done(&mut self, request: &Request, status: Option<u16>) {
        let Request { method, target, host, line, kind } = request;
        // The code of the refusal is not in a log that leaves bodies out.
        let looks_up = *kind == Kind::Wrangler && is_look_up(method, target);
        if looks_up && self.refused {
            return self.calls.leave_out(LeftOut::AfterRefusal);
        }
        // A path is one of the API's if its host is; where the log leaves the host out, if it says so itself.
        let whole = match host {
            Some(host) if target.starts_with('/') => format!("https://{host}{target}"),
            None if target.starts_with('/') && !target.starts_with("/client/v4/") => format!("https://-{target}"),
            _ => target.clone(),
        };
        let call = Call { method, target: &whole, status, at: At::Line(*line), ..Call::default() };
        self.refused |= !looks_up && call.is_refused();
        self.calls.add(&call);
    }
}
